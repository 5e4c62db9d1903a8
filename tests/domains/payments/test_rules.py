"""Payments follow the provider by monotone moves, whatever order the news come in; refunds never exceed captures."""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bottega.domains.payments import Payment, PaymentStatus
from bottega.domains.payments.errors import NothingToRefund, RefundTooLarge
from bottega.domains.payments.model import IntentState, ProviderIntent
from bottega.domains.payments.rules import (
    entry_for,
    is_ours,
    next_status,
    provider_key,
    refund_amount,
    status_after_refund,
)
from bottega.domains.payments.states import PAYMENT
from tests.simulators import values

Said, P = IntentState, PaymentStatus
SAYS = {
    Said.REQUIRES_PAYMENT: P.REQUIRES_PAYMENT, Said.REQUIRES_ACTION: P.REQUIRES_ACTION, Said.PROCESSING: P.PROCESSING,
    Said.AUTHORIZED: P.AUTHORIZED, Said.SUCCEEDED: P.CAPTURED, Said.CANCELED: P.VOIDED,
}  # fmt: skip
OPEN = [Said.REQUIRES_PAYMENT, Said.REQUIRES_ACTION, Said.PROCESSING]


def _intent(state: IntentState, **changed: object) -> ProviderIntent:
    given_values = {
        "provider_ref": "pi_1", "client_secret": None, "state": state, "amount_minor": 1000,
        "captured_minor": 1000 if state is Said.SUCCEEDED else 0, "currency": "EUR",
        "failure_code": "card_declined" if state is Said.REQUIRES_PAYMENT else None, "metadata": {},
    }  # fmt: skip
    return ProviderIntent(**given_values | changed)  # type: ignore[arg-type]


def _after(news: tuple[IntentState, ...]) -> Payment:
    payment = values.payment()
    for state in news:
        target = next_status(payment, _intent(state))
        if target is not None:
            assert PAYMENT.move(payment.status, target) is not None
            payment = msgspec.structs.replace(payment, status=target)
    return payment


@pytest.mark.parametrize("end", [Said.SUCCEEDED, Said.CANCELED])
def test_in_whatever_order_news_come_a_payment_ends_where_the_provider_ended(end: IntentState) -> None:
    for news in itertools.permutations([*OPEN, Said.AUTHORIZED, end, Said.REQUIRES_ACTION]):
        assert _after(news).status is SAYS[end], news


@given(
    st.lists(st.sampled_from(OPEN), max_size=8),
    st.sampled_from([*OPEN, Said.AUTHORIZED, Said.SUCCEEDED, Said.CANCELED]),
)
def test_the_last_look_at_the_provider_is_what_counts(earlier: list[IntentState], now: IntentState) -> None:
    assert _after((*earlier, now)).status is SAYS[now]


@given(st.sampled_from(P), st.sampled_from(Said))
def test_a_repeat_changes_nothing(status: PaymentStatus, state: IntentState) -> None:
    payment = values.payment(status)
    target = next_status(payment, _intent(state))

    if target is not None:
        assert next_status(msgspec.structs.replace(payment, status=target), _intent(state)) is None
        assert entry_for(target)


@pytest.mark.parametrize("status", [P.CAPTURED, P.VOIDED, P.FAILED, P.REFUNDED, P.PARTIALLY_REFUNDED, P.DISPUTED])
@pytest.mark.parametrize("state", OPEN)
def test_late_news_never_open_a_payment_again(status: PaymentStatus, state: IntentState) -> None:
    assert next_status(values.payment(status), _intent(state)) is None


@pytest.mark.parametrize("changed", [{"amount_minor": 999}, {"amount_minor": 1001}, {"currency": "USD"}])
def test_another_amount_or_currency_is_not_ours(changed: dict[str, object]) -> None:
    assert is_ours(values.payment(), _intent(Said.SUCCEEDED))
    assert not is_ours(values.payment(), _intent(Said.SUCCEEDED, **changed))


@given(
    st.integers(1, 5000), st.lists(st.tuples(st.none() | st.integers(-5, 3000), st.sampled_from("spf")), max_size=12)
)
def test_refunds_asked_for_never_exceed_what_was_captured(captured: int, wishes: list[tuple[int | None, str]]) -> None:
    payment = values.payment(P.CAPTURED, amount_minor=captured, captured_minor=captured)
    under_way = 0
    for wanted, outcome in wishes:
        try:
            amount = refund_amount(payment, under_way, wanted)
        except (NothingToRefund, RefundTooLarge):
            continue
        assert amount > 0
        if outcome == "s":
            payment = msgspec.structs.replace(payment, refunded_minor=payment.refunded_minor + amount)
        elif outcome == "p":
            under_way += amount
        assert payment.refunded_minor + under_way <= captured


@given(st.integers(1, 5000), st.integers(-10, 6000))
def test_the_status_after_a_refund_says_how_much_is_back(captured: int, refunded: int) -> None:
    payment = values.payment(P.CAPTURED, amount_minor=captured, captured_minor=captured)
    expected = P.CAPTURED if refunded <= 0 else P.REFUNDED if refunded >= captured else P.PARTIALLY_REFUNDED

    assert status_after_refund(payment, refunded) is expected
    assert status_after_refund(msgspec.structs.replace(payment, status=P.DISPUTED), refunded) is P.DISPUTED


def test_the_key_for_the_provider_is_the_same_for_the_same_attempt_and_no_other() -> None:
    keys = {provider_key(payment, attempt) for payment in ("a", "b") for attempt in (1, 2)}

    assert len(keys) == 4
    assert provider_key("a", 1) in keys
