"""Payments as values: the payment, what we ask of a provider, what a provider says. Pure.

A payment is about an amount and an opaque reference; it does not know what the reference is.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from bottega.domains.merchants import CaptureMode
from bottega.domains.payments.states import DisputeStatus, PaymentStatus, RefundStatus
from bottega.kit import ids


class Provider(StrEnum):
    """Who moves the money."""

    STRIPE = "STRIPE"
    TILL = "TILL"


class Tender(StrEnum):
    """What was taken at the counter."""

    CASH = "CASH"
    CARD = "CARD"
    OTHER = "OTHER"


class Operation(StrEnum):
    """What an attempt asks of the provider."""

    OPEN = "OPEN"
    CAPTURE = "CAPTURE"
    CANCEL = "CANCEL"
    REFUND = "REFUND"


class EntryKind(StrEnum):
    """What a line of a payment's ledger says."""

    OPENED = "OPENED"
    REQUIRES_ACTION = "REQUIRES_ACTION"
    PROCESSING = "PROCESSING"
    AUTHORIZED = "AUTHORIZED"
    CAPTURED = "CAPTURED"
    DECLINED = "DECLINED"
    VOIDED = "VOIDED"
    CAPTURE_REQUESTED = "CAPTURE_REQUESTED"
    CAPTURE_FAILED = "CAPTURE_FAILED"
    REFUND_REQUESTED = "REFUND_REQUESTED"
    REFUNDED = "REFUNDED"
    REFUND_FAILED = "REFUND_FAILED"
    DISPUTE_OPENED = "DISPUTE_OPENED"
    FUNDS_WITHDRAWN = "FUNDS_WITHDRAWN"
    FUNDS_REINSTATED = "FUNDS_REINSTATED"
    DISPUTE_CLOSED = "DISPUTE_CLOSED"
    MISMATCH = "MISMATCH"
    MISMATCH_RETURNED = "MISMATCH_RETURNED"
    RETURN_FAILED = "RETURN_FAILED"


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One payment. Amounts are in the minor unit of `currency`; all but `amount_minor` are recomputed from entries.

    `authorized_minor` is what was held (0 where capture is automatic), `disputed_minor` what banks took back and keep.
    """

    merchant_id: UUID
    store_id: UUID
    payment_id: UUID
    reference: UUID
    provider: Provider
    provider_account: str
    provider_ref: str | None
    client_secret: str | None
    status: PaymentStatus
    amount_minor: int
    captured_minor: int
    refunded_minor: int
    currency: str
    tender: Tender | None
    receipt_ref: str | None
    failure_code: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    capture_mode: CaptureMode = CaptureMode.AUTOMATIC
    authorized_minor: int = 0
    disputed_minor: int = 0


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's bank has taken a payment up."""

    store_id: UUID
    dispute_id: UUID
    payment_id: UUID
    provider_ref: str
    amount_minor: int
    reason: str
    status: DisputeStatus
    answer_by: datetime | None
    opened_at: datetime
    closed_at: datetime | None


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Money on its way back, or back."""

    store_id: UUID
    refund_id: UUID
    payment_id: UUID
    amount_minor: int
    reason: str
    status: RefundStatus
    provider_ref: str | None
    created_at: datetime
    receipt_ref: str | None = None
    tries: int = 1
    retry_at: datetime | None = None
    given_up_at: datetime | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a payment's append-only ledger."""

    entry_no: int
    kind: EntryKind
    amount_minor: int
    provider_ref: str | None
    note: str | None
    actor_kind: str
    actor_id: UUID | None
    at: datetime


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """Something we ask of the provider, written down before we ask, with the key that goes with it."""

    merchant_id: UUID
    store_id: UUID
    payment_id: UUID
    attempt_no: int
    operation: Operation
    amount_minor: int
    refund_id: UUID | None
    provider_key: str
    tries: int
    old: bool = False
    """Asked so long ago that the provider may have forgotten the key: what became of it has to be read."""


class AskedAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was asked of the provider, as it stands now. Amounts in minor units."""

    payment_id: UUID
    attempt_no: int
    operation: Operation
    amount_minor: int
    state: str
    error_code: str | None
    tries: int
    next_try_at: datetime
    created_at: datetime
    finished_at: datetime | None


class FailedRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund that did not arrive and whose money is still here: somebody has to look."""

    refund_id: UUID
    payment_id: UUID
    reference: UUID
    amount_minor: int
    currency: str
    reason: str
    given_up_at: datetime

    @property
    def shown_id(self) -> str:
        """The refund's id as clients see it."""
        return ids.show("ref", self.refund_id)


class NewPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment to be opened with a provider: for many at once, inside somebody's batch."""

    merchant_id: UUID
    store_id: UUID
    payment_id: UUID
    reference: UUID
    provider_account: str
    amount_minor: int
    currency: str
    created_at: datetime


class TillPayment(msgspec.Struct, frozen=True, kw_only=True):
    """Money taken at the counter, with the number of its receipt."""

    store_id: UUID
    reference: UUID
    amount_minor: int
    currency: str
    tender: Tender
    receipt_ref: str


class RefundRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Command: give money back; `amount_minor` None means all that is left.

    `receipt_ref` is of the till, for what was taken there.
    """

    store_id: UUID
    payment_id: UUID
    amount_minor: int | None
    reason: str
    receipt_ref: str | None = None


class RetryRefund(msgspec.Struct, frozen=True):
    """Command: ask once more for a refund that failed; `by_hand` however often that was and without waiting."""

    store_id: UUID
    refund_id: UUID
    by_hand: bool = False


class CaptureRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Command: take this much of a hold, in minor units; the rest of it is let go."""

    store_id: UUID
    payment_id: UUID
    amount_minor: int


class IntentState(StrEnum):
    """What a provider says of an intent."""

    REQUIRES_PAYMENT = "REQUIRES_PAYMENT"
    REQUIRES_ACTION = "REQUIRES_ACTION"
    PROCESSING = "PROCESSING"
    AUTHORIZED = "AUTHORIZED"
    SUCCEEDED = "SUCCEEDED"
    CANCELED = "CANCELED"


class ProviderIntent(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's intent as it reads right now (amounts in minor units).

    `charge_ref` names the latest try to pay, so that a decline is told from a repeat of the news of it; `ended` says why
    it was cancelled, where the provider says so.
    """

    provider_ref: str
    client_secret: str | None
    state: IntentState
    amount_minor: int
    captured_minor: int
    currency: str
    failure_code: str | None
    metadata: dict[str, str]
    charge_ref: str | None = None
    ended: str | None = None

    @property
    def is_over(self) -> bool:
        """Nothing more can be cancelled or captured."""
        return self.state in (IntentState.SUCCEEDED, IntentState.CANCELED)


class FundsMove(msgspec.Struct, frozen=True):
    """Money that a bank took back (negative) or returned, in minor units, under the provider's reference of the move."""

    provider_ref: str
    amount_minor: int


class ProviderDispute(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's dispute as it reads right now."""

    provider_ref: str
    intent_ref: str
    status: DisputeStatus
    amount_minor: int
    reason: str
    answer_by: datetime | None = None
    funds: tuple[FundsMove, ...] = ()


class ProviderRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's refund as it reads right now."""

    provider_ref: str
    intent_ref: str
    status: RefundStatus
    amount_minor: int
    failure_code: str | None = None
    refund_id: str | None = None


class ProviderEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's signed event after its signature was found good. It is a hint to read the object again.

    `merchant_id` and `store_id` are None where the object does not carry our ids (a dispute, a refund that was made at the
    provider): its intent says whose it is.
    """

    account: str
    event_id: str
    type: str
    intent_ref: str
    refund_ref: str | None
    merchant_id: UUID | None
    store_id: UUID | None
    body: bytes
    signature: str
    dispute_ref: str | None = None

    @property
    def object_ref(self) -> str:
        """What is read again."""
        return self.dispute_ref or self.refund_ref or self.intent_ref


class StoredEvent(msgspec.Struct, frozen=True):
    """A received event that still has to be applied; `others` were told of the same object before it was taken."""

    provider_account: str
    event_id: str
    merchant_id: UUID
    store_id: UUID
    type: str
    object_ref: str
    tries: int
    others: tuple[str, ...] = ()
