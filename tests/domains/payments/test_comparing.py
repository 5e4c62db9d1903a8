"""What differs in a picture of one payment: by example for every code, and by property over all pictures."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bottega.domains.payments import Code, PaymentStatus
from bottega.domains.payments.model import Dispute, IntentState, Payment, Provider, Refund
from bottega.domains.payments.model.reconciliation import (
    LedgerCharge,
    LedgerDispute,
    LedgerRefund,
    Marks,
    Ours,
    Picture,
)
from bottega.domains.payments.rules.comparing import compare, left, looks_off, may_give_back
from bottega.domains.payments.states import DisputeStatus, RefundStatus
from bottega.kit import ids

AT = datetime(2030, 1, 1, tzinfo=UTC)
MERCHANT, STORE, PAYMENT = ids.new_id(1), ids.new_id(2), ids.new_id(2)
PARTS = st.lists(st.tuples(st.integers(1, 300), st.sampled_from(RefundStatus)), max_size=4)
DISPUTES = st.lists(st.sampled_from(DisputeStatus), max_size=2)


def agreed(
    amount: int = 1000,
    refunds: list[tuple[int, RefundStatus]] | None = None,
    disputes: list[DisputeStatus] | None = None,
) -> Picture:
    """A captured payment on which both sides agree, with these refunds and disputes."""
    given_back = refunds or []
    live = sum(each for each, status in given_back if status is not RefundStatus.FAILED)
    back = sum(each for each, status in given_back if status is RefundStatus.SUCCEEDED)
    payment = Payment(
        merchant_id=MERCHANT, store_id=STORE, payment_id=PAYMENT, reference=ids.new_id(2), provider=Provider.STRIPE,
        provider_account="default", provider_ref="pi_1", client_secret=None, status=PaymentStatus.CAPTURED,
        amount_minor=amount, captured_minor=amount, refunded_minor=back, currency="EUR", tender=None, receipt_ref=None,
        failure_code=None, version=1, created_at=AT, updated_at=AT,
    )  # fmt: skip
    theirs: list[LedgerRefund] = []
    ours: list[Refund] = []
    for number, (each, status) in enumerate(given_back):
        name = ids.new_id(2)
        theirs.append(LedgerRefund(ref=f"re_{number}", intent_ref="pi_1", created_at=AT, status=status,
                                   amount_minor=each, currency="EUR", refund_id=name))  # fmt: skip
        ours.append(Refund(store_id=STORE, refund_id=name, payment_id=PAYMENT, amount_minor=each, reason="r",
                           status=status, provider_ref=f"re_{number}", created_at=AT))  # fmt: skip
    there = [
        LedgerDispute(
            ref=f"dp_{number}", intent_ref="pi_1", created_at=AT, status=status, amount_minor=7, currency="EUR"
        )
        for number, status in enumerate(disputes or [])
    ]
    here = [
        Dispute(store_id=STORE, dispute_id=ids.new_id(2), payment_id=PAYMENT, provider_ref=each.ref, amount_minor=7,
                reason="fraudulent", status=each.status, answer_by=None, opened_at=AT, closed_at=None)
        for each in there
    ]  # fmt: skip
    charge = LedgerCharge(
        ref="pi_1", created_at=AT, state=IntentState.SUCCEEDED, amount_minor=amount, captured_minor=amount,
        refunded_minor=live, currency="EUR", disputed=bool(there), marks=Marks(MERCHANT, STORE, PAYMENT),
    )  # fmt: skip
    ours_side = Ours(payment=payment, refunds=tuple(ours), disputes=tuple(here))
    return Picture(account="default", charge=charge, refunds=tuple(theirs), disputes=tuple(there), ours=ours_side)


def there(picture: Picture, **changes: Any) -> Picture:
    assert picture.charge is not None
    return msgspec.structs.replace(picture, charge=msgspec.structs.replace(picture.charge, **changes))


def here(picture: Picture, **changes: Any) -> Picture:
    assert picture.ours is not None
    payment = msgspec.structs.replace(picture.ours.payment, **changes)
    return msgspec.structs.replace(picture, ours=msgspec.structs.replace(picture.ours, payment=payment))


def codes(picture: Picture) -> list[Code]:
    return [finding.code for finding in compare(picture)]


@given(PARTS, DISPUTES)
def test_sides_that_agree_have_no_finding_and_need_no_second_look(
    refunds: list[tuple[int, RefundStatus]], disputes: list[DisputeStatus]
) -> None:
    picture = agreed(2000, refunds, disputes)

    assert picture.charge is not None
    assert compare(picture) == ()
    assert not looks_off("default", picture.charge, picture.ours)


@given(PARTS, DISPUTES, st.randoms(use_true_random=False))
def test_the_order_of_the_parts_changes_nothing(
    refunds: list[tuple[int, RefundStatus]], disputes: list[DisputeStatus], random: Any
) -> None:
    picture = agreed(2000, refunds, disputes)
    assert picture.ours is not None
    theirs = list(picture.refunds)[1:]
    broken = msgspec.structs.replace(picture, refunds=tuple(theirs), disputes=picture.disputes[1:])
    mixed = random.sample(theirs, len(theirs))
    ours = random.sample(list(picture.ours.refunds), len(picture.ours.refunds))
    shuffled = msgspec.structs.replace(
        broken, refunds=tuple(mixed), ours=msgspec.structs.replace(picture.ours, refunds=tuple(ours))
    )

    assert compare(shuffled) == compare(broken)


@given(PARTS.filter(bool), st.data())
def test_whatever_is_missing_or_changed_on_one_side_is_found(
    refunds: list[tuple[int, RefundStatus]], data: st.DataObject
) -> None:
    picture = agreed(2000, refunds)
    assert picture.ours is not None
    place = data.draw(st.integers(0, len(refunds) - 1))
    one, ours = picture.refunds[place], picture.ours
    rest = picture.refunds[:place] + picture.refunds[place + 1 :]
    lost_here = msgspec.structs.replace(
        picture, ours=msgspec.structs.replace(ours, refunds=ours.refunds[:place] + ours.refunds[place + 1 :])
    )
    other = data.draw(st.sampled_from([each for each in RefundStatus if each is not one.status]))

    # A refund that failed there moved nothing: nobody here has to know it.
    expected = [] if one.status is RefundStatus.FAILED else [Code.REFUND_THERE]
    assert codes(lost_here) == expected
    assert codes(msgspec.structs.replace(picture, refunds=rest)) == [Code.REFUND_HERE]
    dearer = msgspec.structs.replace(one, amount_minor=one.amount_minor + 1)
    assert Code.REFUND_AMOUNT_DIFFERS in codes(msgspec.structs.replace(picture, refunds=(*rest, dearer)))
    moved = msgspec.structs.replace(one, status=other)
    assert codes(msgspec.structs.replace(picture, refunds=(*rest, moved))) == [Code.REFUND_STATE_DIFFERS]


@given(st.integers(0, 1500), st.integers(0, 1500))
def test_amounts_agree_only_when_they_are_the_same(theirs: int, ours: int) -> None:
    picture = here(there(agreed(1500), captured_minor=theirs), captured_minor=ours)
    expected = (
        []
        if theirs == ours and theirs > 0
        else [Code.CAPTURED_THERE]
        if ours == 0 < theirs
        else [Code.CAPTURED_HERE]
        if theirs == 0 < ours
        else [Code.AMOUNT_DIFFERS]
    )

    assert codes(picture) == (expected if theirs or ours else [])


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (lambda p: here(p, status=PaymentStatus.PROCESSING, captured_minor=0), Code.CAPTURED_THERE),
        (lambda p: here(p, status=PaymentStatus.VOIDED, captured_minor=0), Code.CAPTURED_THERE),
        (lambda p: there(p, captured_minor=0, state=IntentState.CANCELED), Code.CAPTURED_HERE),
        (lambda p: there(p, amount_minor=999), Code.AMOUNT_DIFFERS),
        (lambda p: there(p, currency="USD"), Code.CURRENCY_DIFFERS),
        (lambda p: there(p, marks=Marks(MERCHANT, ids.new_id(9), PAYMENT)), Code.WRONG_TENANT),
        (lambda p: here(p, provider_account="another"), Code.WRONG_ACCOUNT),
        (lambda p: here(p, provider_ref="pi_2"), Code.SECOND_CHARGE),
        (lambda p: msgspec.structs.replace(p, charge=None), Code.UNKNOWN_THERE),
        (lambda p: msgspec.structs.replace(p, ours=None), Code.ORPHAN_CHARGE),
        (lambda p: msgspec.structs.replace(there(p, marks=Marks()), ours=None), Code.UNMARKED_CHARGE),
        (lambda p: there(here(p, status=PaymentStatus.AUTHORIZED, captured_minor=0), captured_minor=0,
                         state=IntentState.CANCELED), Code.STATE_DIFFERS),
        (lambda p: there(here(p, status=PaymentStatus.REQUIRES_PAYMENT, captured_minor=0), captured_minor=0,
                         state=IntentState.AUTHORIZED), Code.STATE_DIFFERS),
    ],
)  # fmt: skip
def test_every_way_to_disagree_about_the_money_has_a_code(changed: Callable[[Picture], Picture], code: Code) -> None:
    assert codes(changed(agreed())) == [code]


def test_money_that_went_back_is_no_stray_money() -> None:
    picture = msgspec.structs.replace(there(agreed(), refunded_minor=1000), ours=None)

    assert left(picture) == 0
    assert compare(picture) == ()


def test_a_payment_that_was_never_opened_is_not_missed_there() -> None:
    fresh = here(agreed(), provider_ref=None, status=PaymentStatus.REQUIRES_PAYMENT, captured_minor=0)

    assert compare(msgspec.structs.replace(fresh, charge=None)) == ()


def test_an_earlier_try_of_a_refund_is_not_a_second_refund_but_two_that_arrived_are() -> None:
    picture = agreed(1000, [(300, RefundStatus.SUCCEEDED)])
    [refund] = picture.refunds
    failed = msgspec.structs.replace(refund, ref="re_before", status=RefundStatus.FAILED)
    twice = msgspec.structs.replace(refund, ref="re_again")

    assert compare(msgspec.structs.replace(picture, refunds=(failed, refund))) == ()
    assert codes(msgspec.structs.replace(picture, refunds=(refund, twice))) == [Code.REFUND_THERE]


def test_money_is_given_back_only_by_marks_of_a_store_that_is_here() -> None:
    marks = Marks(MERCHANT, STORE, PAYMENT)

    assert may_give_back(marks, 2)
    assert not may_give_back(marks, 3)
    assert not may_give_back(marks, None)
    assert not may_give_back(Marks(MERCHANT, STORE, None), 2)
