"""Test cards do what Stripe's documentation says of them: risk, checks, 3-D Secure asked, optional or impossible."""

from typing import Any

import pytest
import stripe

from bottega.sandbox.cards import BY_NUMBER, luhn
from tests.domains.sandbox.processes import Sandbox, Shop, until

PAY: dict[str, Any] = {"amount": 1450, "currency": "eur", "confirm": True, "expand": ["latest_charge"]}


def pay(sandbox: Sandbox, method: str, **more: Any) -> Any:
    return sandbox.client.v1.payment_intents.create({**PAY, "payment_method": method, **more})  # type: ignore[arg-type]


def test_every_test_card_has_a_right_check_digit() -> None:
    assert [number for number in BY_NUMBER if not luhn(number)] == []


@pytest.mark.parametrize(
    ("method", "decline_code", "kind"),
    [
        ("pm_card_radarBlock", "fraudulent", "blocked"),
        ("pm_card_riskLevelHighest", "fraudulent", "blocked"),
        ("pm_card_cvcCheckFail", "incorrect_cvc", "issuer_declined"),
        ("pm_card_visa_chargeDeclinedStolenCard", "stolen_card", "issuer_declined"),
    ],
)
def test_risky_cards_are_blocked(sandbox: Sandbox, method: str, decline_code: str, kind: str) -> None:
    with pytest.raises(stripe.CardError) as refused:
        pay(sandbox, method)
    error: Any = refused.value.error
    assert error.decline_code == decline_code
    assert sandbox.client.v1.charges.retrieve(error.charge).outcome.type == kind  # type: ignore[union-attr]


def test_a_card_shows_its_country_risk_and_checks(sandbox: Sandbox) -> None:
    assert pay(sandbox, "pm_card_jp").latest_charge.payment_method_details.card.country == "JP"
    assert pay(sandbox, "pm_card_riskLevelElevated").latest_charge.outcome.risk_level == "elevated"
    checks = pay(sandbox, "pm_card_avsZipFail").latest_charge.payment_method_details.card.checks
    assert (checks.address_postal_code_check, checks.cvc_check) == ("fail", "pass")


def test_3d_secure_is_optional_for_some_cards_and_impossible_for_others(sandbox: Sandbox) -> None:
    wish = {"payment_method_options": {"card": {"request_three_d_secure": "any"}}}
    assert pay(sandbox, "pm_card_threeDSecureOptional").status == "succeeded"
    assert pay(sandbox, "pm_card_threeDSecureOptional", **wish).status == "requires_action"
    assert pay(sandbox, "pm_card_amex_threeDSecureNotSupported", **wish).status == "succeeded"
    off = "pm_card_authenticationRequiredSetupForOffSession"
    assert pay(sandbox, off).status == "requires_action"
    assert pay(sandbox, off, off_session=True).status == "succeeded"
    with pytest.raises(stripe.CardError):
        pay(sandbox, "pm_card_authenticationRequired", off_session="recurring")


def test_a_challenge_that_is_passed_may_still_be_declined(sandbox: Sandbox) -> None:
    intent = pay(sandbox, "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds")
    sandbox.control(f"payment_intents/{intent.id}/complete", {})
    after = sandbox.client.v1.payment_intents.retrieve(intent.id)
    assert after.status == "requires_payment_method"
    assert after.last_payment_error is not None
    assert after.last_payment_error.decline_code == "insufficient_funds"


def test_a_bank_may_warn_of_fraud(sandbox: Sandbox, shop: Shop) -> None:
    intent = pay(sandbox, "pm_card_createIssuerFraudRecord")
    until(lambda: "radar.early_fraud_warning.created" in shop.types(intent.id))
