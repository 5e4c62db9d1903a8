"""Payments follow the provider by monotone moves, whatever order the news come in; refunds never exceed captures."""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bottega.domains.merchants import CaptureMode
from bottega.domains.payments import Payment, PaymentStatus
from bottega.domains.payments.errors import CaptureTooLarge, NothingToRefund, PaymentDisputed, RefundTooLarge
from bottega.domains.payments.model import IntentState, ProviderIntent
from bottega.domains.payments.rules import (
    check_capture,
    entry_for,
    is_decline,
    is_ours,
    is_wrong_money,
    next_status,
    provider_key,
    refund_amount,
    refusal,
    status_after_refund,
)
from bottega.domains.payments.states import PAYMENT
from bottega.kit.errors import Kind
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


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({}, False),
        ({"amount_minor": 999}, True),
        ({"currency": "USD"}, True),
        ({"captured_minor": 999}, True),
        ({"metadata": {"payment_id": "of-somebody-else"}}, True),
    ],
)
@pytest.mark.parametrize("status", [P.REQUIRES_PAYMENT, P.PROCESSING, P.AUTHORIZED])
def test_money_that_is_not_this_payments_is_told_apart(
    status: PaymentStatus, changed: dict[str, object], wrong: bool
) -> None:
    assert is_wrong_money(values.payment(status), _intent(Said.SUCCEEDED, **changed)) is wrong


def test_a_part_of_a_hold_is_ours_where_we_capture_by_hand() -> None:
    held = values.payment(P.AUTHORIZED, capture_mode=CaptureMode.MANUAL, authorized_minor=1000)

    assert is_ours(held, _intent(Said.SUCCEEDED, captured_minor=400))
    assert not is_ours(held, _intent(Said.SUCCEEDED, captured_minor=0))
    check_capture(held, 1000)
    with pytest.raises(CaptureTooLarge):
        check_capture(held, 1001)


@pytest.mark.parametrize("status", [P.FAILED, P.VOIDED])
def test_money_for_a_payment_that_is_dead_is_wrong_money(status: PaymentStatus) -> None:
    assert is_wrong_money(values.payment(status), _intent(Said.SUCCEEDED))
    assert not any(is_wrong_money(values.payment(status), _intent(state)) for state in Said if state != Said.SUCCEEDED)


def test_an_intent_that_merely_waits_opens_nothing_again_but_a_failure_does() -> None:
    waiting, failed = (_intent(Said.REQUIRES_PAYMENT, failure_code=code) for code in (None, "card_declined"))

    assert next_status(values.payment(P.PROCESSING), waiting) is None
    assert next_status(values.payment(P.PROCESSING), failed) is P.REQUIRES_PAYMENT
    assert not is_decline(values.payment(P.AUTHORIZED), failed)


@pytest.mark.parametrize(
    ("status", "failure", "code"),
    [
        (P.REQUIRES_PAYMENT, None, None),
        (P.REQUIRES_PAYMENT, "generic_decline", "payment_declined"),
        (P.REQUIRES_PAYMENT, "fraudulent", "payment_refused"),
        (P.REQUIRES_PAYMENT, "stolen_card", "payment_refused"),
        (P.REQUIRES_PAYMENT, "issuer_not_available", "payment_try_again"),
        (P.REQUIRES_PAYMENT, "payment_intent_authentication_failure", "authentication_failed"),
        (P.REQUIRES_PAYMENT, "authentication_required", "authentication_required"),
        (P.REQUIRES_ACTION, None, "authentication_required"),
        (P.FAILED, "amount_mismatch", "payment_declined"),
        (P.CAPTURED, "generic_decline", None),
        (P.PROCESSING, "generic_decline", None),
    ],
)
def test_each_sort_of_no_has_its_refusal(status: PaymentStatus, failure: str | None, code: str | None) -> None:
    kind = refusal(status, failure)

    assert (None if kind is None else kind.code) == code
    assert kind is None or kind.kind is Kind.DECLINED


@given(st.integers(0, 4000), st.integers(0, 4000), st.integers(0, 4000))
def test_what_a_bank_has_is_not_given_back_as_well(refunded: int, disputed: int, under_way: int) -> None:
    payment = values.payment(
        P.CAPTURED, amount_minor=4000, captured_minor=4000, refunded_minor=refunded, disputed_minor=disputed
    )
    try:
        amount = refund_amount(payment, under_way, None)
    except NothingToRefund:
        assert refunded + disputed + under_way >= 4000
        return
    assert refunded + disputed + under_way + amount == 4000


def test_a_disputed_payment_is_not_refunded() -> None:
    with pytest.raises(PaymentDisputed):
        refund_amount(values.payment(P.DISPUTED, captured_minor=1000), 0, None)
