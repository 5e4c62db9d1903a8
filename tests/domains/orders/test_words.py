"""An order put into words: which steps it has passed, when it will be ready, what is still to be done about money."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from bottega.domains.merchants import FulfillmentType, PayMode
from bottega.domains.orders import Order, OrderEvent, OrderStatus
from bottega.domains.orders.pages.words import Money, Seen, steps, tracking, window
from bottega.domains.payments import PaymentStatus, Provider, Refund, RefundStatus
from bottega.infra.web.i18n import translator
from tests.domains.carts.test_rules import a_store
from tests.simulators import values

NOW = datetime(2026, 11, 20, 11, 4, tzinfo=UTC)
PLACE = a_store()


def an_order(status: OrderStatus, pay_mode: PayMode = PayMode.ONLINE) -> Order:
    return Order(
        merchant_id=UUID(int=1),
        store_id=PLACE.store_id,
        order_id=UUID(int=3),
        number=41,
        business_date=date(2026, 11, 20),
        status=status,
        seq=1,
        fulfillment_type=FulfillmentType.PICKUP,
        pay_mode=pay_mode,
        currency="EUR",
        subtotal_minor=1180,
        discount_minor=0,
        tax_minor=107,
        tax_included=True,
        fees_minor=0,
        total_minor=1180,
        menu_version=1,
        payment_id=None,
        placed_by=UUID(int=4),
        contact_name="Giulia",
        requested_for=None,
        promised_at=NOW + timedelta(minutes=6),
        created_at=NOW,
        updated_at=NOW,
    )


def an_event(seq: int, to_status: OrderStatus, reason: str | None = None) -> OrderEvent:
    return OrderEvent(
        seq=seq,
        event="move",
        from_status=None,
        to_status=to_status,
        actor_kind="STAFF",
        actor_id=None,
        reason=reason,
        at=NOW + timedelta(minutes=seq),
    )


def said(order: Order, *history: OrderEvent, minutes: int = 0, paying: bool = False, own: bool = True) -> list[str]:
    """Headline, line, money line, where to pay, and reason."""
    look = Seen(translator("en"), NOW + timedelta(minutes=minutes), "/o/x", paying, own)
    view = tracking(order, history, Money(), PLACE, look)
    return [view.headline, view.line, " ".join(view.money_lines), view.pay_path, view.reason]


def test_the_steps_passed_are_done_with_their_times_and_the_rest_is_to_come() -> None:
    order = an_order(OrderStatus.IN_PROGRESS)
    shown = steps(order, [an_event(1, OrderStatus.PLACED), an_event(2, OrderStatus.PAID), an_event(3, order.status)])
    assert [(step.status.value, step.state) for step in shown] == [
        ("PLACED", "done"),
        ("PAID", "done"),
        ("IN_PROGRESS", "now"),
        ("READY", "next"),
        ("COMPLETED", "next"),
    ]
    assert [step.at is not None for step in shown] == [True, True, True, False, False]


def test_an_order_paid_at_the_store_has_no_step_for_paying() -> None:
    shown = steps(an_order(OrderStatus.PLACED, PayMode.AT_STORE), [])
    assert [step.status for step in shown] == ["PLACED", "IN_PROGRESS", "READY", "COMPLETED"]


def test_a_completed_order_has_only_done_steps() -> None:
    assert {step.state for step in steps(an_order(OrderStatus.COMPLETED), [])} == {"done"}


def test_a_cancelled_order_shows_only_where_it_was_and_why() -> None:
    order = an_order(OrderStatus.CANCELLED)
    history = [an_event(1, OrderStatus.PLACED), an_event(2, OrderStatus.CANCELLED, "out of oat milk")]
    assert [step.status for step in steps(order, history)] == ["PLACED"]
    assert said(order, *history)[-1] == "Reason: out of oat milk"


def test_the_promise_is_a_window_and_a_late_order_gets_a_new_one() -> None:
    order = an_order(OrderStatus.PAID)
    assert window(order, PLACE, NOW) == (NOW + timedelta(minutes=6), NOW + timedelta(minutes=9), False)
    start, end, late = window(order, PLACE, NOW + timedelta(minutes=12))
    assert late
    assert NOW + timedelta(minutes=12) < start < end
    assert said(order)[1] == "Ready 12:10–12:13"
    assert said(order, minutes=12)[1].startswith("Taking a little longer. Now ready 12:18")


@pytest.mark.parametrize(
    ("paying", "own", "words", "pay_path"),
    [
        (False, True, "Waiting for your payment", "/o/x/pay"),
        (True, True, "Confirming payment…", ""),
        (False, False, "Waiting for your payment", ""),
    ],
)
def test_an_unpaid_order_can_be_paid_by_who_placed_it(paying: bool, own: bool, words: str, pay_path: str) -> None:
    headline, _, _, path, _ = said(an_order(OrderStatus.PLACED), paying=paying, own=own)
    assert (headline, path) == (words, pay_path)


def test_what_is_to_pay_at_the_store_is_said_until_it_is_over() -> None:
    assert said(an_order(OrderStatus.READY, PayMode.AT_STORE))[2] == "Pay €11.80 when you pick up"
    assert said(an_order(OrderStatus.CANCELLED, PayMode.AT_STORE))[2] == ""


def test_every_status_of_the_counter_has_words_in_every_language() -> None:
    for status in (OrderStatus.PLACED, OrderStatus.PAID, OrderStatus.IN_PROGRESS, OrderStatus.READY,
                   OrderStatus.COMPLETED, OrderStatus.CANCELLED):  # fmt: skip
        for locale in ("en", "it", "de"):
            look = Seen(translator(locale), NOW, "/o/x")
            order = msgspec.structs.replace(an_order(status), pay_mode=PayMode.ONLINE)
            assert tracking(order, [], Money(), PLACE, look).headline


@pytest.mark.parametrize(
    ("status", "payment_status", "words", "payable"),
    [
        (OrderStatus.PAID, PaymentStatus.AUTHORIZED, "€11.80 is held on your card", False),
        (OrderStatus.IN_PROGRESS, PaymentStatus.VOIDED, "The bank let go of your payment. €11.80 still to pay", True),
        (OrderStatus.READY, PaymentStatus.FAILED, "The bank let go of your payment. €11.80 still to pay", True),
        (OrderStatus.IN_PROGRESS, PaymentStatus.DISPUTED, "Paid €11.80", False),
    ],
)
def test_money_that_is_held_or_was_lost_is_said_to_its_customer(
    status: OrderStatus, payment_status: PaymentStatus, words: str, payable: bool
) -> None:
    captured = 1180 if payment_status is PaymentStatus.DISPUTED else 0
    payment = values.payment(payment_status, amount_minor=1180, captured_minor=captured)

    view = tracking(an_order(status), [], Money(payment), PLACE, Seen(translator("en"), NOW, "/o/x"))

    assert view.money_lines == (words,)
    assert bool(view.pay_path) is payable


def a_refund(amount: int, status: RefundStatus, *, given_up: bool = False) -> Refund:
    return Refund(
        store_id=PLACE.store_id,
        refund_id=UUID(int=7),
        payment_id=UUID(int=6),
        amount_minor=amount,
        reason="cold",
        status=status,
        provider_ref=None,
        created_at=NOW,
        given_up_at=NOW if given_up else None,
    )


def test_what_went_back_is_told_with_what_was_paid_and_only_on_top_of_a_cancelled_order() -> None:
    payment = values.payment(PaymentStatus.CAPTURED, amount_minor=1180, captured_minor=1180)
    back = [
        a_refund(300, RefundStatus.SUCCEEDED),
        a_refund(200, RefundStatus.PENDING),
        a_refund(50, RefundStatus.FAILED),
    ]
    look = Seen(translator("en"), NOW, "/o/x")
    days = " Banks take a few days to show it."

    view = tracking(an_order(OrderStatus.READY), [], Money(payment, back), PLACE, look)
    assert view.money_lines == (
        "Paid €11.80", f"€2.50 is on its way back to your card.{days}", f"€3.00 went back to your card.{days}"
    )  # fmt: skip

    lost = [a_refund(1180, RefundStatus.FAILED, given_up=True)]
    view = tracking(an_order(OrderStatus.CANCELLED), [], Money(payment, lost), PLACE, look)
    assert (view.line, view.money_lines) == ("€11.80 could not go back to your card. Ask the store how you get it.", ())

    cash = msgspec.structs.replace(payment, provider=Provider.TILL)
    view = tracking(an_order(OrderStatus.COMPLETED), [], Money(cash, back[:1]), PLACE, look)
    assert view.money_lines == ("Paid €11.80", "€3.00 was given back at the store.")


def test_a_cancelled_order_that_nobody_paid_says_that_nothing_was_charged() -> None:
    order, look = an_order(OrderStatus.CANCELLED), Seen(translator("en"), NOW, "/o/x")
    held = msgspec.structs.replace(values.payment(PaymentStatus.VOIDED), captured_minor=0, authorized_minor=1180)

    assert tracking(order, [], Money(), PLACE, look).line == "Nothing was charged."
    assert tracking(order, [], Money(held), PLACE, look).line.startswith("Nothing was charged. The bank lifts the hold")


def test_after_a_yes_in_the_browser_a_card_that_was_declined_before_asks_for_no_second_payment() -> None:
    declined = msgspec.structs.replace(values.payment(PaymentStatus.REQUIRES_PAYMENT), failure_code="card_declined")
    look = Seen(translator("en"), NOW, "/o/x", paying=True, confirmed=True)

    view = tracking(an_order(OrderStatus.PLACED), [], Money(declined), PLACE, look)
    assert (view.headline, view.pay_path) == ("Confirming payment…", "")

    lost = msgspec.structs.replace(declined, status=PaymentStatus.VOIDED)
    assert tracking(an_order(OrderStatus.PAID), [], Money(lost), PLACE, look).pay_path == "/o/x/pay"
