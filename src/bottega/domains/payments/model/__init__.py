"""Payments as values: the payment, what we ask of a provider, what a provider says. Pure.

A payment is about an amount and an opaque reference; it does not know what the reference is.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from bottega.domains.payments.states import PaymentStatus, RefundStatus
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
    REFUND_REQUESTED = "REFUND_REQUESTED"
    REFUNDED = "REFUNDED"
    REFUND_FAILED = "REFUND_FAILED"
    DISPUTE_OPENED = "DISPUTE_OPENED"
    DISPUTE_CLOSED = "DISPUTE_CLOSED"


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One payment. Amounts are in the minor unit of `currency`; captured and refunded are recomputed from entries."""

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


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Money on its way back, or back."""

    store_id: UUID
    refund_id: UUID
    payment_id: UUID
    amount_minor: int
    reason: str
    status: RefundStatus
    provider_ref: str | None
    receipt_ref: str | None
    retry_of: UUID | None
    requested_by: UUID | None
    created_at: datetime
    updated_at: datetime


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
    updated_at: datetime

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

    `receipt_ref` is of the till, for what was taken there; `retry_of` names the failed refund that this one tries again.
    """

    store_id: UUID
    payment_id: UUID
    amount_minor: int | None
    reason: str
    receipt_ref: str | None = None
    retry_of: UUID | None = None


class IntentState(StrEnum):
    """What a provider says of an intent."""

    REQUIRES_PAYMENT = "REQUIRES_PAYMENT"
    REQUIRES_ACTION = "REQUIRES_ACTION"
    PROCESSING = "PROCESSING"
    AUTHORIZED = "AUTHORIZED"
    SUCCEEDED = "SUCCEEDED"
    CANCELED = "CANCELED"


class ProviderIntent(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's intent as it reads right now (amounts in minor units)."""

    provider_ref: str
    client_secret: str | None
    state: IntentState
    amount_minor: int
    captured_minor: int
    currency: str
    failure_code: str | None
    metadata: dict[str, str]


class ProviderRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's refund as it reads right now."""

    provider_ref: str
    intent_ref: str
    status: RefundStatus
    amount_minor: int
    failure_code: str | None = None
    refund_id: str | None = None


class ProviderEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's signed event after its signature was found good. It is a hint to read the object again."""

    account: str
    event_id: str
    type: str
    intent_ref: str
    refund_ref: str | None
    merchant_id: UUID
    store_id: UUID
    body: bytes
    signature: str


class StoredEvent(msgspec.Struct, frozen=True):
    """A received event that still has to be applied."""

    provider_account: str
    event_id: str
    merchant_id: UUID
    store_id: UUID
    type: str
    object_ref: str
    tries: int
