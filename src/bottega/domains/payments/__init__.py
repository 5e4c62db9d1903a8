"""Payments: intents, captures, refunds, money at the till; an append-only ledger for each payment.

A payment is about an amount and an opaque reference; it never knows what the reference is. The provider is asked in
three beats: intend (transaction), ask (none), record (transaction). A provider's event is a hint to read again.
"""

from bottega.domains.payments.actions.asking import Desk
from bottega.domains.payments.actions.holding import request_capture, request_void
from bottega.domains.payments.actions.recording import hold, left, open_many, request_refund, take_at_till
from bottega.domains.payments.actions.settling import retry_refund
from bottega.domains.payments.actions.sweeping import due_at_provider
from bottega.domains.payments.errors import (
    AuthenticationFailed,
    AuthenticationRequired,
    CaptureTooLarge,
    NothingToRefund,
    OnlineOff,
    PaymentDeclined,
    PaymentDisputed,
    PaymentNotFound,
    PaymentSuspected,
    PaymentTryAgain,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
    RefundNotFailed,
    RefundReceiptMissing,
    RefundReceiptUnexpected,
    RefundTooLarge,
    SignatureRefused,
)
from bottega.domains.payments.events import (
    DisputeClosed,
    DisputeOpened,
    HoldLost,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentChanged,
    PaymentRefunded,
    RefundFailed,
    RefundRequested,
)
from bottega.domains.payments.model import (
    AskedAttempt,
    CaptureRequest,
    Dispute,
    Entry,
    FailedRefund,
    NewPayment,
    Payment,
    Provider,
    Refund,
    RefundRequest,
    RetryRefund,
    Tender,
    TillPayment,
)
from bottega.domains.payments.rules import check_with_us, refusal
from bottega.domains.payments.states import DEAD, DISPUTE, PAYMENT, REFUND, DisputeStatus, PaymentStatus, RefundStatus
from bottega.domains.payments.store import entries, read, refunds
from bottega.domains.payments.store.disputes import of_payment as disputes_of
from bottega.domains.payments.store.overview import attempts, failed_refunds, many, of_reference
from bottega.domains.payments.store.retries import given_up

__all__ = [
    "DEAD",
    "DISPUTE",
    "PAYMENT",
    "REFUND",
    "AskedAttempt",
    "AuthenticationFailed",
    "AuthenticationRequired",
    "CaptureRequest",
    "CaptureTooLarge",
    "Desk",
    "Dispute",
    "DisputeClosed",
    "DisputeOpened",
    "DisputeStatus",
    "Entry",
    "FailedRefund",
    "HoldLost",
    "NewPayment",
    "NothingToRefund",
    "OnlineOff",
    "Payment",
    "PaymentAuthorized",
    "PaymentCaptured",
    "PaymentChanged",
    "PaymentDeclined",
    "PaymentDisputed",
    "PaymentNotFound",
    "PaymentRefunded",
    "PaymentStatus",
    "PaymentSuspected",
    "PaymentTryAgain",
    "Provider",
    "ProviderRefused",
    "ProviderTimeout",
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
    "RetryRefund",
    "SignatureRefused",
    "Tender",
    "TillPayment",
    "attempts",
    "check_with_us",
    "disputes_of",
    "due_at_provider",
    "entries",
    "failed_refunds",
    "given_up",
    "hold",
    "left",
    "many",
    "of_reference",
    "open_many",
    "read",
    "refunds",
    "refusal",
    "request_capture",
    "request_refund",
    "request_void",
    "retry_refund",
    "take_at_till",
]
