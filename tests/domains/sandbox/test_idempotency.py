"""Idempotency keys behave as Stripe's do."""

import threading

import pytest
import stripe

from tests.domains.sandbox.processes import Sandbox

PARAMS = {"amount": 700, "currency": "eur"}


def test_the_same_key_answers_the_same_and_says_so(sandbox: Sandbox) -> None:
    first = sandbox.client.v1.payment_intents.create(PARAMS, {"idempotency_key": "same"})
    again = sandbox.client.v1.payment_intents.create(PARAMS, {"idempotency_key": "same"})
    assert first.id == again.id
    assert again.last_response.headers["idempotent-replayed"] == "true"
    assert again.last_response.headers["original-request"] == first.last_response.headers["request-id"]


def test_another_account_may_use_the_same_key(sandbox: Sandbox) -> None:
    first = sandbox.client.v1.payment_intents.create(PARAMS, {"idempotency_key": "shared"})
    other = sandbox.client_of("acct_b").v1.payment_intents.create(PARAMS, {"idempotency_key": "shared"})
    assert first.id != other.id


def test_the_same_key_with_other_parameters_is_an_idempotency_error(sandbox: Sandbox) -> None:
    sandbox.client.v1.payment_intents.create(PARAMS, {"idempotency_key": "mismatch"})
    with pytest.raises(stripe.IdempotencyError) as refused:
        sandbox.client.v1.payment_intents.create({**PARAMS, "amount": 701}, {"idempotency_key": "mismatch"})
    assert refused.value.http_status == 400


def test_a_decline_is_stored_and_a_refused_parameter_is_not(sandbox: Sandbox) -> None:
    declined = {**PARAMS, "confirm": True, "payment_method": "pm_card_chargeDeclined"}
    charges = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as refused:
            sandbox.client.v1.payment_intents.create(declined, {"idempotency_key": "declined"})
        charges.append(refused.value.error.charge)
    assert charges[0] == charges[1]
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.client.v1.payment_intents.create({**PARAMS, "amount": 0}, {"idempotency_key": "mended"})
    assert sandbox.client.v1.payment_intents.create(PARAMS, {"idempotency_key": "mended"}).amount == 700


def test_a_key_that_is_being_worked_on_is_in_use(sandbox: Sandbox) -> None:
    sandbox.control("faults", {"rules": {"slow": {"probability": 1, "seconds": 0.6, "limit": 1}}})
    outcomes: list[object] = []

    def call() -> None:
        try:
            outcomes.append(sandbox.client.v1.payment_intents.create(PARAMS, {"idempotency_key": "busy"}).id)
        except stripe.StripeError as refused:
            outcomes.append((refused.http_status, refused.error.code))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sandbox.control("faults", method="DELETE")
    assert outcomes.count((409, "idempotency_key_in_use")) == 3
    assert len([o for o in outcomes if isinstance(o, str)]) == 1


def test_a_500_sticks_to_its_key_and_a_new_key_gets_on(sandbox: Sandbox) -> None:
    sandbox.control("faults", {"rules": {"error_before": {"probability": 1, "limit": 1}}})
    for _ in range(2):
        with pytest.raises(stripe.APIError) as broken:
            sandbox.client.v1.payment_intents.create(PARAMS, {"idempotency_key": "sticky"})
        assert broken.value.http_status == 500
    assert sandbox.client.v1.payment_intents.create(PARAMS, {"idempotency_key": "sticky-2"}).amount == 700
    sandbox.control("faults", method="DELETE")


def test_a_key_is_forgotten_after_a_day(sandbox: Sandbox) -> None:
    first = sandbox.client.v1.payment_intents.create(PARAMS, {"idempotency_key": "old"})
    sandbox.control("clock", {"advance": 90_000})
    assert sandbox.client.v1.payment_intents.create(PARAMS, {"idempotency_key": "old"}).id != first.id
