"""Which moves an order may make: exactly those its machine declares, by those who may make them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bottega.domains.merchants import FulfillmentType, PayMode
from bottega.domains.orders import OrderStatus
from bottega.domains.orders.errors import (
    AmountNotPayableOnline,
    MoveNotAllowed,
    PaidOnlineOnly,
    PaymentNotCaptured,
    StatusConflict,
    TillDetailsMissing,
    TillDetailsUnexpected,
    TooLateToCancel,
)
from bottega.domains.orders.model import Transition
from bottega.domains.orders.rules import (
    allowed,
    check_customer_cancel,
    check_move,
    check_staff_move,
    check_total,
    display_number,
)
from bottega.domains.orders.states import AT_STORE, DELIVERY, ONLINE, SHIPPING, machine_for
from bottega.domains.payments import UNPAID, Tender
from bottega.domains.payments import PaymentStatus as P
from tests.simulators import values

S, F = OrderStatus, FulfillmentType
OPEN = (P.REQUIRES_PAYMENT, P.REQUIRES_ACTION, P.PROCESSING)
KINDS = [(F.PICKUP, PayMode.ONLINE), (F.IN_STORE, PayMode.ONLINE), (F.PICKUP, PayMode.AT_STORE), (F.IN_STORE, PayMode.AT_STORE),
         (F.DELIVERY, PayMode.ONLINE), (F.SHIPPING, PayMode.ONLINE)]  # fmt: skip
COUNTER = {(S.IN_PROGRESS, S.READY), (S.READY, S.COMPLETED), (S.PLACED, S.CANCELLED), (S.IN_PROGRESS, S.CANCELLED)}
TO_THE_LETTER = {
    PayMode.ONLINE: COUNTER | {(S.PLACED, S.PAID), (S.PAID, S.IN_PROGRESS), (S.PAID, S.CANCELLED)},
    PayMode.AT_STORE: COUNTER | {(S.PLACED, S.IN_PROGRESS)},
}
PAIRS = [(a, b) for a in S for b in S]
every_kind = pytest.mark.parametrize("kind", KINDS, ids="-".join)


@every_kind
def test_a_move_is_allowed_exactly_where_the_machine_has_it(kind: tuple[FulfillmentType, PayMode]) -> None:
    machine = machine_for(*kind)
    for source, target in PAIRS:
        order = values.order(source, fulfillment_type=kind[0], pay_mode=kind[1])
        wanted = Transition(to_status=target, expected_status=source)
        if target in machine.targets(source):
            assert check_move(order, wanted).target is target
            assert target in allowed(order)
            continue
        with pytest.raises(MoveNotAllowed) as refused:
            check_move(order, wanted)
        assert refused.value.extra["order_status"] is source


@pytest.mark.parametrize("pay_mode", PayMode)
def test_counter_orders_move_as_the_requirements_say_to_the_letter(pay_mode: PayMode) -> None:
    machine = machine_for(F.PICKUP, pay_mode)

    assert {(a, b) for a, b in PAIRS if machine.move(a, b) is not None} == TO_THE_LETTER[pay_mode]


@pytest.mark.parametrize("machine", [ONLINE, AT_STORE, DELIVERY, SHIPPING], ids=lambda machine: machine.name)
def test_every_order_can_come_to_an_end_and_nothing_leaves_an_end(machine: object) -> None:
    def ends(state: OrderStatus) -> bool:
        return state in machine.terminal or any(ends(to) for to in machine.targets(state))  # type: ignore[attr-defined]

    assert all(ends(state) for state in machine.states)  # type: ignore[attr-defined]
    assert all(machine.targets(state) == () for state in machine.terminal)  # type: ignore[attr-defined]


@given(st.sampled_from(S), st.sampled_from(S), st.sampled_from(S), st.sampled_from(KINDS))
def test_whoever_looked_too_early_is_told_the_present_status(
    status: OrderStatus, expected: OrderStatus, to: OrderStatus, kind: tuple[FulfillmentType, PayMode]
) -> None:
    order = values.order(status, fulfillment_type=kind[0], pay_mode=kind[1], seq=5)
    if expected is status:
        return
    with pytest.raises(StatusConflict) as refused:
        check_move(order, Transition(to_status=to, expected_status=expected))
    assert (refused.value.extra["order_status"], refused.value.extra["seq"]) == (status, 5)


def test_staff_cannot_call_an_order_paid() -> None:
    with pytest.raises(PaidOnlineOnly):
        check_staff_move(values.order(pay_mode=PayMode.ONLINE), Transition(to_status=S.PAID, expected_status=S.PLACED))


@pytest.mark.parametrize(
    ("pay_mode", "receipt", "tender", "refusal"),
    [
        (PayMode.AT_STORE, "R-1", Tender.CASH, None),
        (PayMode.AT_STORE, None, Tender.CASH, TillDetailsMissing),
        (PayMode.AT_STORE, "R-1", None, TillDetailsMissing),
        (PayMode.AT_STORE, "", Tender.CARD, TillDetailsMissing),
        (PayMode.AT_STORE, " \u00a0", Tender.CARD, TillDetailsMissing),
        (PayMode.ONLINE, None, None, None),
        (PayMode.ONLINE, "R-1", Tender.CASH, TillDetailsUnexpected),
        (PayMode.ONLINE, None, Tender.CASH, TillDetailsUnexpected),
    ],  # an online order is paid here
)
def test_the_till_gives_its_details_exactly_where_money_changes_hands(
    pay_mode: PayMode, receipt: str | None, tender: Tender | None, refusal: type[Exception] | None
) -> None:
    order = values.order(S.READY, pay_mode=pay_mode)
    wanted = Transition(to_status=S.COMPLETED, expected_status=S.READY, receipt_ref=receipt, tender=tender)
    paid = values.payment(P.CAPTURED, captured_minor=order.total_minor) if pay_mode is PayMode.ONLINE else None
    if refusal is None:
        assert check_staff_move(order, wanted, paid).name == "hand_over"
        return
    with pytest.raises(refusal):
        check_staff_move(order, wanted, paid)


@pytest.mark.parametrize("status", [*OPEN, P.AUTHORIZED, P.FAILED, P.VOIDED, None])
def test_an_online_order_is_not_completed_while_its_money_is_not_ours(status: P | None) -> None:
    order = values.order(S.READY, pay_mode=PayMode.ONLINE)
    payment = None if status is None else values.payment(status)
    wanted = Transition(to_status=S.COMPLETED, expected_status=S.READY)
    at_till = Transition(to_status=S.COMPLETED, expected_status=S.READY, receipt_ref="R-1", tender=Tender.CASH)

    with pytest.raises(PaymentNotCaptured) as refused:
        check_staff_move(order, wanted, payment)
    assert refused.value.extra == {"payment_status": status}
    if status in UNPAID:  # no money is behind it, and the order lets go of it: the till may take the money
        assert check_staff_move(order, at_till, payment).name == "hand_over"
        return
    with pytest.raises(PaymentNotCaptured):
        check_staff_move(order, at_till, payment)


@pytest.mark.parametrize("status", S)
def test_a_customer_cancels_only_what_nobody_has_begun(status: OrderStatus) -> None:
    order = values.order(status)
    if status in (S.PLACED, S.PAID, S.PENDING, S.CONFIRMED):
        check_customer_cancel(order)
        return
    with pytest.raises(TooLateToCancel):
        check_customer_cancel(order)


@pytest.mark.parametrize(("prefix", "number", "shown"), [("M", 41, "M-041"), ("", 7, "007"), ("B", 1234, "B-1234")])
def test_a_number_is_called_with_its_stores_letter(prefix: str, number: int, shown: str) -> None:
    assert display_number(prefix, number) == shown


@pytest.mark.parametrize(
    ("currency", "total", "is_fine"),
    [("KWD", 1005, False), ("KWD", 1010, True), ("TND", 1, False), ("EUR", 1005, True), ("JPY", 7, True)],
)
def test_what_no_card_can_be_charged_is_paid_at_the_store(currency: str, total: int, is_fine: bool) -> None:
    order = values.order(S.PLACED, currency=currency, total_minor=total)

    check_total(total, order, PayMode.AT_STORE)
    if is_fine:
        check_total(total, order, PayMode.ONLINE)
        return
    with pytest.raises(AmountNotPayableOnline):
        check_total(total, order, PayMode.ONLINE)
