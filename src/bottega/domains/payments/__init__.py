"""Payments: intents, captures, refunds, money at the till; an append-only ledger for each payment.

A payment is about an amount and an opaque reference; it never knows what the reference is. The provider is asked in
three beats: intend (transaction), ask (none), record (transaction). A provider's event is a hint to read again.
"""

from bottega.domains.payments.actions.asking import Desk
from bottega.domains.payments.actions.recording import open_many, request_refund, request_void, take_at_till
from bottega.domains.payments.actions.settling import retry_refund
from bottega.domains.payments.actions.sweeping import due_at_provider
from bottega.domains.payments.errors import (
    NothingToRefund,
    OnlineOff,
    PaymentDeclined,
    PaymentNotFound,
    ProviderRefused,
    ProviderUnavailable,
    RefundTooLarge,
    SignatureRefused,
)
from bottega.domains.payments.events import (
    PaymentCaptured,
    PaymentChanged,
    PaymentRefunded,
    RefundFailed,
    RefundRequested,
)
from bottega.domains.payments.model import (
    NewPayment,
    Payment,
    Provider,
    Refund,
    RefundRequest,
    RetryRefund,
    Tender,
    TillPayment,
)
from bottega.domains.payments.states import PAYMENT, REFUND, PaymentStatus, RefundStatus
from bottega.domains.payments.store import entries, read, refunds
from bottega.domains.payments.store.retries import given_up

__all__ = [
    "PAYMENT",
    "REFUND",
    "Desk",
    "NewPayment",
    "NothingToRefund",
    "OnlineOff",
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
    "Refund",
    "RefundFailed",
    "RefundRequest",
    "RefundRequested",
    "RefundStatus",
    "RefundTooLarge",
    "RetryRefund",
    "SignatureRefused",
    "Tender",
    "TillPayment",
    "due_at_provider",
    "entries",
    "given_up",
    "open_many",
    "read",
    "refunds",
    "request_refund",
    "request_void",
    "retry_refund",
    "take_at_till",
]
