"""Payments: intents, captures, refunds, money at the till; an append-only ledger for each payment.

A payment is about an amount and an opaque reference; it never knows what the reference is. The provider is asked in
three beats: intend (transaction), ask (none), record (transaction). A provider's event is a hint to read again.
"""

from bottega.domains.payments.actions.asking import Desk
from bottega.domains.payments.actions.recording import (
    hold,
    left,
    open_many,
    request_refund,
    request_void,
    take_at_till,
)
from bottega.domains.payments.errors import (
    NothingToRefund,
    OnlineOff,
    PaymentDeclined,
    PaymentNotFound,
    ProviderRefused,
    ProviderUnavailable,
    RefundNotFailed,
    RefundReceiptMissing,
    RefundReceiptUnexpected,
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
    AskedAttempt,
    Entry,
    FailedRefund,
    NewPayment,
    Payment,
    Provider,
    Refund,
    RefundRequest,
    Tender,
    TillPayment,
)
from bottega.domains.payments.states import PAYMENT, REFUND, PaymentStatus, RefundStatus
from bottega.domains.payments.store import entries, read, refunds
from bottega.domains.payments.store.overview import attempts, failed_refunds, many, of_reference

__all__ = [
    "PAYMENT",
    "REFUND",
    "AskedAttempt",
    "Desk",
    "Entry",
    "FailedRefund",
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
    "RefundNotFailed",
    "RefundReceiptMissing",
    "RefundReceiptUnexpected",
    "RefundRequest",
    "RefundRequested",
    "RefundStatus",
    "RefundTooLarge",
    "SignatureRefused",
    "Tender",
    "TillPayment",
    "attempts",
    "entries",
    "failed_refunds",
    "hold",
    "left",
    "many",
    "of_reference",
    "open_many",
    "read",
    "refunds",
    "request_refund",
    "request_void",
    "take_at_till",
]
