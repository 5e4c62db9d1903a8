"""Payments: intents, captures, refunds, money at the till; an append-only ledger for each payment.

A payment is about an amount and an opaque reference; it never knows what the reference is. The provider is asked in
three beats: intend (transaction), ask (none), record (transaction). A provider's event is a hint to read again.
The provider's ledger and ours are compared in both directions, and mended by the same verbs.
"""

from bottega.domains.payments.actions.asking import Desk
from bottega.domains.payments.actions.recording import open_many, request_refund, request_void, take_at_till
from bottega.domains.payments.actions.turns import Reconciler
from bottega.domains.payments.errors import (
    DifferenceNotFound,
    DifferenceNotOpen,
    NothingToRefund,
    OnlineOff,
    PaymentDeclined,
    PaymentNotFound,
    ProviderRefused,
    ProviderUnavailable,
    RefundTooLarge,
    SignatureRefused,
    WindowRefused,
)
from bottega.domains.payments.events import (
    PaymentCaptured,
    PaymentChanged,
    PaymentRefunded,
    RefundFailed,
    RefundRequested,
)
from bottega.domains.payments.model import NewPayment, Payment, Provider, Refund, RefundRequest, Tender, TillPayment
from bottega.domains.payments.model.reconciliation import (
    EXPLANATIONS,
    Code,
    Difference,
    Finding,
    Mend,
    Outcome,
    Side,
    Window,
)
from bottega.domains.payments.states import DIFFERENCE, PAYMENT, REFUND, DifferenceState, PaymentStatus, RefundStatus
from bottega.domains.payments.store import entries, read, refunds

__all__ = [
    "DIFFERENCE",
    "EXPLANATIONS",
    "PAYMENT",
    "REFUND",
    "Code",
    "Desk",
    "Difference",
    "DifferenceNotFound",
    "DifferenceNotOpen",
    "DifferenceState",
    "Finding",
    "Mend",
    "NewPayment",
    "NothingToRefund",
    "OnlineOff",
    "Outcome",
    "Payment",
    "PaymentCaptured",
    "PaymentChanged",
    "PaymentDeclined",
    "PaymentNotFound",
    "PaymentRefunded",
    "PaymentStatus",
    "Provider",
    "ProviderRefused",
    "ProviderUnavailable",
    "Reconciler",
    "Refund",
    "RefundFailed",
    "RefundRequest",
    "RefundRequested",
    "RefundStatus",
    "RefundTooLarge",
    "Side",
    "SignatureRefused",
    "Tender",
    "TillPayment",
    "Window",
    "WindowRefused",
    "entries",
    "open_many",
    "read",
    "refunds",
    "request_refund",
    "request_void",
    "take_at_till",
]
