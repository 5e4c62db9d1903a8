"""Comparing the provider's ledger with ours, as values: what the provider has, what we have, what differs. Pure.

A `Picture` is everything both sides know about one payment; a `Finding` is one thing that differs in it; a `Difference`
is a finding that was written down, with what became of it.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from bottega.domains.payments.model import Dispute, IntentState, Payment, Refund
from bottega.domains.payments.states import DifferenceState, DisputeStatus, RefundStatus


class Code(StrEnum):
    """What differs. A code never changes its meaning."""

    CAPTURED_THERE = "CAPTURED_THERE"
    CAPTURED_HERE = "CAPTURED_HERE"
    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"
    CURRENCY_DIFFERS = "CURRENCY_DIFFERS"
    STATE_DIFFERS = "STATE_DIFFERS"
    UNKNOWN_THERE = "UNKNOWN_THERE"
    ORPHAN_CHARGE = "ORPHAN_CHARGE"
    SECOND_CHARGE = "SECOND_CHARGE"
    UNMARKED_CHARGE = "UNMARKED_CHARGE"
    WRONG_TENANT = "WRONG_TENANT"
    WRONG_ACCOUNT = "WRONG_ACCOUNT"
    REFUND_THERE = "REFUND_THERE"
    REFUND_HERE = "REFUND_HERE"
    REFUND_AMOUNT_DIFFERS = "REFUND_AMOUNT_DIFFERS"
    REFUND_STATE_DIFFERS = "REFUND_STATE_DIFFERS"
    DISPUTE_THERE = "DISPUTE_THERE"
    DISPUTE_HERE = "DISPUTE_HERE"
    DISPUTE_STATE_DIFFERS = "DISPUTE_STATE_DIFFERS"


EXPLANATIONS: dict[Code, str] = {
    Code.CAPTURED_THERE: "The provider has taken the money; here the payment is not captured.",
    Code.CAPTURED_HERE: "Here the payment is captured; the provider has not taken the money.",
    Code.AMOUNT_DIFFERS: "The provider and we name different amounts.",
    Code.CURRENCY_DIFFERS: "The provider and we name different currencies.",
    Code.STATE_DIFFERS: "The payment stands differently there and here; no captured money is concerned.",
    Code.UNKNOWN_THERE: "The provider does not know this payment of ours.",
    Code.ORPHAN_CHARGE: "The provider took or holds money for a payment that carries our marks and is not here.",
    Code.SECOND_CHARGE: "The provider took or holds money a second time for a payment that has another intent.",
    Code.UNMARKED_CHARGE: "The provider took money that carries no mark of ours.",
    Code.WRONG_TENANT: "The provider's marks name another merchant, store or payment than the one that it is for here.",
    Code.WRONG_ACCOUNT: "The payment belongs to another account of the provider than the one that has the money.",
    Code.REFUND_THERE: "The provider gave money back; here there is no such refund.",
    Code.REFUND_HERE: "Here there is a refund that the provider does not know.",
    Code.REFUND_AMOUNT_DIFFERS: "The provider and we name different amounts for a refund.",
    Code.REFUND_STATE_DIFFERS: "The refund stands differently there and here.",
    Code.DISPUTE_THERE: "The customer's bank disputes the payment; here nothing is known of it.",
    Code.DISPUTE_HERE: "Here there is a dispute that the provider does not know.",
    Code.DISPUTE_STATE_DIFFERS: "The dispute stands differently there and here.",
}


class Window(msgspec.Struct, frozen=True):
    """What is compared: objects made from an instant until another one (None: until now), of one store or of all."""

    since: datetime
    until: datetime | None = None
    store_id: UUID | None = None


class Mend(StrEnum):
    """How far a comparison may go: look only, record what the provider says, or also give back what nobody ordered."""

    LIST = "LIST"
    RECORD = "RECORD"
    REFUND = "REFUND"


class Marks(msgspec.Struct, frozen=True):
    """Whose something of the provider is, by the metadata that we put on it; empty where it is not ours."""

    merchant_id: UUID | None = None
    store_id: UUID | None = None
    payment_id: UUID | None = None


class LedgerCharge(msgspec.Struct, frozen=True, kw_only=True):
    """An intent in the provider's ledger with the money that it moved, in minor units of `currency`.

    `ref` is the intent's, or the charge's own where there is no intent. `refunded_minor` counts refunds on their way.
    """

    ref: str
    created_at: datetime
    state: IntentState
    amount_minor: int
    captured_minor: int
    refunded_minor: int
    currency: str
    disputed: bool = False
    marks: Marks = Marks()


class LedgerRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund in the provider's ledger; `refund_id` is ours, where we asked for it."""

    ref: str
    intent_ref: str
    created_at: datetime
    status: RefundStatus
    amount_minor: int
    currency: str
    refund_id: UUID | None = None
    marks: Marks = Marks()


class LedgerDispute(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute in the provider's ledger."""

    ref: str
    intent_ref: str
    created_at: datetime
    status: DisputeStatus
    amount_minor: int
    currency: str
    marks: Marks = Marks()


class Ours(msgspec.Struct, frozen=True, kw_only=True):
    """What we have written down about a payment."""

    payment: Payment
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that both sides know about one payment; `account` is the provider account that was asked."""

    account: str
    charge: LedgerCharge | None
    refunds: tuple[LedgerRefund, ...] = ()
    disputes: tuple[LedgerDispute, ...] = ()
    ours: Ours | None = None


class Side(msgspec.Struct, frozen=True):
    """How something stands on one side."""

    state: str
    amount_minor: int
    currency: str


class Finding(msgspec.Struct, frozen=True):
    """One thing that differs: about which object (the provider's reference, or our id where it has none)."""

    code: Code
    object_ref: str
    there: Side | None
    here: Side | None


class Suspect(msgspec.Struct, frozen=True):
    """A payment that is worth a second look: by the provider's reference, by ours, or both."""

    intent_ref: str | None
    store_id: UUID | None
    payment_id: UUID | None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a second look at a payment came to: what still differs, what differed until it was mended.

    `looked_at` is the provider's reference that it began from, which may not be the payment's any more.
    """

    suspect: Suspect
    merchant_id: UUID
    store_id: UUID
    open: tuple[Finding, ...]
    mended: tuple[Finding, ...]
    looked_at: str | None = None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that was written down. `there` and `here` say how it stood when it was last seen; `reference` is that of
    the payment, where that is here."""

    merchant_id: UUID
    store_id: UUID
    difference_id: UUID
    code: Code
    state: DifferenceState
    payment_id: UUID | None
    intent_ref: str | None
    object_ref: str
    there: Side | None
    here: Side | None
    found_at: datetime
    seen_at: datetime
    closed_at: datetime | None
    note: str | None
    reference: UUID | None = None


class Trigger(StrEnum):
    """Who wanted a comparison."""

    PERIODIC = "PERIODIC"
    COMMAND = "COMMAND"
    STAFF = "STAFF"


class Counts(msgspec.Struct, frozen=True):
    """What a comparison came to in a store: payments looked at there and here, differences mended and remaining."""

    there: int = 0
    here: int = 0
    mended: int = 0
    remaining: int = 0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison came to. `unmarked` is money that carries no mark of any store here: up to 1,000 of it."""

    started: datetime
    since: datetime
    until: datetime | None
    stores: dict[UUID, Counts]
    unmarked: tuple[Finding, ...]

    @property
    def total(self) -> Counts:
        """All stores together."""
        every = self.stores.values()
        return Counts(
            sum(each.there for each in every),
            sum(each.here for each in every),
            sum(each.mended for each in every),
            sum(each.remaining for each in every),
        )


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison of one store's payments. Counts are payments looked at on each side, and differences."""

    merchant_id: UUID
    store_id: UUID
    reconciliation_id: UUID
    trigger: Trigger
    mend: Mend
    state: str
    since: datetime
    until: datetime | None
    there: int
    here: int
    mended: int
    remaining: int
    asked_at: datetime
    finished_at: datetime | None


class AskReconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """Command: compare a store's payments with the provider's ledger, soon."""

    store_id: UUID
    since: datetime
    until: datetime | None
    mend: Mend


class ResolveDifference(msgspec.Struct, frozen=True, kw_only=True):
    """Command: a person has dealt with a difference, and says how."""

    store_id: UUID
    difference_id: UUID
    note: str
