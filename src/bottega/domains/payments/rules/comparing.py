"""What differs between the provider's ledger and ours, from a picture of one payment. Values in, values out.

What must stay true: a picture on which both sides agree has no finding, every way to disagree about money has one, and
the same picture has the same findings in whatever order its parts come.
"""

from collections.abc import Iterable, Iterator

from bottega.domains.payments.model import Dispute, IntentState, Payment, Refund
from bottega.domains.payments.model.reconciliation import (
    Code,
    Finding,
    LedgerCharge,
    LedgerDispute,
    LedgerRefund,
    Marks,
    Ours,
    Picture,
    Side,
)
from bottega.domains.payments.states import DEAD, PaymentStatus, RefundStatus
from bottega.kit import ids

_OPEN, _HELD, _TAKEN, _OFF = "OPEN", "HELD", "TAKEN", "OFF"
_THERE = {
    IntentState.REQUIRES_PAYMENT: _OPEN,
    IntentState.REQUIRES_ACTION: _OPEN,
    IntentState.PROCESSING: _OPEN,
    IntentState.AUTHORIZED: _HELD,
    IntentState.SUCCEEDED: _TAKEN,
    IntentState.CANCELED: _OFF,
}
_HERE = {
    PaymentStatus.REQUIRES_PAYMENT: _OPEN,
    PaymentStatus.REQUIRES_ACTION: _OPEN,
    PaymentStatus.PROCESSING: _OPEN,
    PaymentStatus.AUTHORIZED: _HELD,
}


def compare(picture: Picture) -> tuple[Finding, ...]:
    """Everything that differs, each object and code once, in a fixed order."""
    return tuple(sorted(set(_findings(picture)), key=lambda each: (each.code, each.object_ref)))


def looks_off(account: str, charge: LedgerCharge, ours: Ours | None) -> bool:
    """Whether a charge is worth a second look, from its own totals: cheap, for a page of a list.

    Without the single refunds and disputes of the provider it errs on the side of looking.
    """
    if ours is None:
        return charge.captured_minor > charge.refunded_minor or charge.state is IntentState.AUTHORIZED
    alone = Picture(account=account, charge=charge, ours=Ours(payment=ours.payment))
    back = sum(refund.amount_minor for refund in ours.refunds if refund.status is not RefundStatus.FAILED)
    return back != charge.refunded_minor or charge.disputed is not bool(ours.disputes) or bool(compare(alone))


def is_of_ours(marks: Marks, payment: Payment) -> bool:
    """Whether the provider's marks name this payment, its store and its merchant."""
    return (marks.merchant_id, marks.store_id, marks.payment_id) == (
        payment.merchant_id,
        payment.store_id,
        payment.payment_id,
    )


def may_give_back(marks: Marks, store_number: int | None) -> bool:
    """Whether money without a payment is surely from here: its marks name a store that is here, and an id of that store."""
    return store_number is not None and marks.payment_id is not None and ids.home_of(marks.payment_id) == store_number


def left(picture: Picture) -> int:
    """What the provider has taken and not given back (nor begun to), in minor units."""
    if picture.charge is None:
        return 0
    return picture.charge.captured_minor - picture.charge.refunded_minor


def orphan_key(charge: LedgerCharge, failed: int) -> str:
    """Our key for giving back what nobody ordered: the same until something was given back, or one more try has failed."""
    return f"bottega-orphan-{charge.ref}-{charge.refunded_minor}" + (f"-{failed}" if failed else "")


def _findings(picture: Picture) -> Iterator[Finding]:
    charge, ours = picture.charge, picture.ours
    if ours is None:
        if charge is not None:
            unmarked = charge.marks.payment_id is None
            yield from _stray(picture, Code.UNMARKED_CHARGE if unmarked else Code.ORPHAN_CHARGE)
        return
    payment = ours.payment
    if charge is None:
        yield from _unknown(payment)
        return
    if payment.provider_ref is not None and payment.provider_ref != charge.ref:
        yield from _stray(picture, Code.SECOND_CHARGE)
        return
    there, here = _side_of_charge(charge), _side_of_payment(payment)
    if not is_of_ours(charge.marks, payment):
        yield Finding(Code.WRONG_TENANT, charge.ref, there, here)
    if payment.provider_account != picture.account:
        yield Finding(Code.WRONG_ACCOUNT, charge.ref, there, here)
    if payment.status in DEAD and not payment.captured_minor:
        # Money for it goes back as it came, and is no refund of ours; what was asked for does not matter any more.
        if left(picture) > 0 or charge.state is IntentState.AUTHORIZED:
            yield Finding(Code.CAPTURED_THERE if left(picture) > 0 else Code.STATE_DIFFERS, charge.ref, there, here)
        return
    code = _of_charge(charge, payment)
    if code is not None:
        yield Finding(code, charge.ref, there, here)
    yield from _of_refunds(picture.refunds, ours.refunds, payment.currency)
    yield from _of_disputes(picture.disputes, ours.disputes, payment.currency)


def _stray(picture: Picture, code: Code) -> Iterator[Finding]:
    charge = picture.charge
    assert charge is not None
    if left(picture) > 0 or charge.state is IntentState.AUTHORIZED:
        yield Finding(code, charge.ref, _side_of_charge(charge), None)


def _unknown(payment: Payment) -> Iterator[Finding]:
    """A payment without a reference was never opened; it is missing there only if it says that money came."""
    if payment.provider_ref is not None or payment.captured_minor > 0:
        ref = payment.provider_ref or ids.show("pay", payment.payment_id)
        yield Finding(Code.UNKNOWN_THERE, ref, None, _side_of_payment(payment))


def _of_charge(charge: LedgerCharge, payment: Payment) -> Code | None:
    """The one thing to say about the money itself: who took it, in which currency, how much, how it stands."""
    there, here = charge.captured_minor, payment.captured_minor
    if charge.currency != payment.currency:
        return Code.CURRENCY_DIFFERS
    if there and not here:
        return Code.CAPTURED_THERE
    if here and not there:
        return Code.CAPTURED_HERE
    if there != here or charge.amount_minor != payment.amount_minor:
        return Code.AMOUNT_DIFFERS
    if _THERE[charge.state] != _HERE.get(payment.status, _TAKEN):
        return Code.STATE_DIFFERS
    return None


def _of_refunds(there: Iterable[LedgerRefund], here: Iterable[Refund], currency: str) -> Iterator[Finding]:
    """Refunds are the same by the provider's reference, else by our id on it, which lost answers leave us with.

    One that failed there and that nobody here waits for is an earlier try.
    """
    dead = [refund for refund in there if refund.status is RefundStatus.FAILED]
    live = [refund for refund in there if refund.status is not RefundStatus.FAILED]
    waiting = list(here)
    for group, fits in ((live, _same_ref), (live, _unanswered), (dead, _same_ref)):
        for refund in sorted(group, key=lambda each: (each.created_at, each.ref)):
            ours = next((each for each in waiting if fits(refund, each)), None)
            if ours is not None:
                waiting.remove(ours)
                group.remove(refund)
                yield from _of_refund(refund, ours, currency)
    for refund in live:
        yield Finding(Code.REFUND_THERE, refund.ref, _side_of_refund(refund), None)
    for ours in waiting:
        # Without a reference it was never answered: the money is on its way only in our words, and is asked for again.
        if ours.provider_ref is not None or ours.status is RefundStatus.SUCCEEDED:
            ref = ours.provider_ref or ids.show("ref", ours.refund_id)
            yield Finding(Code.REFUND_HERE, ref, None, Side(ours.status, ours.amount_minor, currency))


def _same_ref(refund: LedgerRefund, ours: Refund) -> bool:
    return ours.provider_ref == refund.ref


def _unanswered(refund: LedgerRefund, ours: Refund) -> bool:
    """What we asked for, and whose answer got lost; what has arrived already is another refund."""
    return ours.refund_id == refund.refund_id and ours.status is not RefundStatus.SUCCEEDED


def _of_refund(refund: LedgerRefund, ours: Refund, currency: str) -> Iterator[Finding]:
    there, here = _side_of_refund(refund), Side(ours.status, ours.amount_minor, currency)
    if (there.amount_minor, there.currency) != (here.amount_minor, here.currency):
        yield Finding(Code.REFUND_AMOUNT_DIFFERS, refund.ref, there, here)
    if refund.status is not ours.status:
        yield Finding(Code.REFUND_STATE_DIFFERS, refund.ref, there, here)


def _of_disputes(there: Iterable[LedgerDispute], here: Iterable[Dispute], currency: str) -> Iterator[Finding]:
    waiting = {dispute.provider_ref: dispute for dispute in here}
    for dispute in there:
        side = Side(dispute.status, dispute.amount_minor, dispute.currency)
        ours = waiting.pop(dispute.ref, None)
        if ours is None:
            yield Finding(Code.DISPUTE_THERE, dispute.ref, side, None)
        elif side != (our_side := Side(ours.status, ours.amount_minor, currency)):
            yield Finding(Code.DISPUTE_STATE_DIFFERS, dispute.ref, side, our_side)
    for ours in waiting.values():
        yield Finding(Code.DISPUTE_HERE, ours.provider_ref, None, Side(ours.status, ours.amount_minor, currency))


def _side_of_charge(charge: LedgerCharge) -> Side:
    amount = charge.captured_minor if charge.state is IntentState.SUCCEEDED else charge.amount_minor
    return Side(charge.state, amount, charge.currency)


def _side_of_payment(payment: Payment) -> Side:
    return Side(payment.status, payment.captured_minor or payment.amount_minor, payment.currency)


def _side_of_refund(refund: LedgerRefund) -> Side:
    return Side(refund.status, refund.amount_minor, refund.currency)
