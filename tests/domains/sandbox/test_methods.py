"""Ways to pay: saved cards and customers, wallets, debit cards, and bank debits that take their time."""

from typing import Any

import pytest
import stripe

from bottega.sandbox.cards import BY_NUMBER, luhn
from tests.domains.sandbox.processes import Sandbox, Shop, until

PARAMS = {"amount": 1450, "currency": "eur", "confirm": True}


def pay(sandbox: Sandbox, **more: Any) -> stripe.PaymentIntent:
    return sandbox.client.v1.payment_intents.create({**PARAMS, **more})  # type: ignore[arg-type]


def by_iban(sandbox: Sandbox, iban: str) -> stripe.PaymentIntent:
    data = {"type": "sepa_debit", "sepa_debit": {"iban": iban}, "billing_details": {"name": "Ada", "email": "a@b.it"}}
    return pay(sandbox, payment_method_types=["sepa_debit"], payment_method_data=data)


def test_a_bank_debit_is_processing_before_it_succeeds(sandbox: Sandbox, shop: Shop) -> None:
    intent = by_iban(sandbox, "DE89 3704 0044 0532 0130 00")
    charge = sandbox.client.v1.charges.retrieve(str(intent.latest_charge))
    assert (intent.status, charge.status, charge.paid) == ("processing", "pending", False)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.client.v1.payment_intents.cancel(intent.id)
    assert refused.value.code == "payment_intent_unexpected_state"
    sandbox.control("clock", {"advance": 60})
    paid = sandbox.client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert (paid.status, paid.amount_received, getattr(paid.latest_charge, "id", "")) == ("succeeded", 1450, charge.id)
    told = until(lambda: "payment_intent.succeeded" in (types := shop.types(intent.id)) and types)
    assert told == ["payment_intent.created", "charge.pending", "payment_intent.processing", "charge.succeeded",
                    "payment_intent.succeeded"]  # fmt: skip
    assert sandbox.client.v1.refunds.create({"payment_intent": intent.id}).status == "pending"


def test_a_bank_debit_may_bounce_or_be_disputed(sandbox: Sandbox, shop: Shop) -> None:
    bounced, disputed = by_iban(sandbox, "DE62370400440532013001"), by_iban(sandbox, "DE35370400440532013002")
    sandbox.control("clock", {"advance": 60})
    after = sandbox.client.v1.payment_intents.retrieve(bounced.id)
    assert (after.status, after.amount_received) == ("requires_payment_method", 0)
    until(lambda: "payment_intent.payment_failed" in shop.types(bounced.id))
    found = until(lambda: sandbox.client.v1.disputes.list({"payment_intent": disputed.id}).data)
    assert found[0].reason == "debit_not_authorized"


def test_an_iban_with_wrong_check_digits_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        by_iban(sandbox, "DE88370400440532013000")
    assert refused.value.code == "invalid_bank_account_iban"


def test_a_debit_cannot_be_held(sandbox: Sandbox) -> None:
    data = {"type": "sepa_debit", "sepa_debit": {"iban": "DE89370400440532013000"}}
    with pytest.raises(stripe.InvalidRequestError):
        pay(sandbox, payment_method_data=data, capture_method="manual")


@pytest.mark.parametrize("wallet", ["apple_pay", "google_pay"])
def test_a_wallet_is_a_card_on_a_phone_and_asks_for_no_challenge(sandbox: Sandbox, wallet: str) -> None:
    intent = pay(
        sandbox,
        payment_method=f"pm_wallet_{wallet}",
        payment_method_options={"card": {"request_three_d_secure": "any"}},
        expand=["payment_method"],
    )
    method: Any = intent.payment_method
    assert (intent.status, method.card.wallet.type) == ("succeeded", wallet)


def test_a_debit_card_says_so(sandbox: Sandbox) -> None:
    intent = pay(sandbox, payment_method="pm_card_visa_debit", expand=["latest_charge"])
    charge: Any = intent.latest_charge
    assert charge.payment_method_details.card.funding == "debit"


def test_a_saved_method_pays_again_until_it_is_detached(sandbox: Sandbox) -> None:
    v1 = sandbox.client.v1
    customer = v1.customers.create({"name": "Ada", "email": "ada@example.com", "metadata": {"ours": "1"}})
    first = pay(sandbox, payment_method="pm_card_mastercard", customer=customer.id, setup_future_usage="off_session")
    saved = v1.customers.payment_methods.list(customer.id, {"type": "card"}).data
    assert [m.id for m in saved] == [first.payment_method]
    assert v1.customers.payment_methods.retrieve(customer.id, saved[0].id).customer == customer.id
    again = pay(sandbox, payment_method=saved[0].id, customer=customer.id, off_session=True)
    assert again.status == "succeeded"
    v1.payment_methods.detach(saved[0].id)
    assert v1.payment_methods.list({"customer": customer.id}).data == []
    for use in (
        lambda: pay(sandbox, payment_method=saved[0].id, customer=customer.id),
        lambda: v1.payment_methods.attach(saved[0].id, {"customer": customer.id}),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            use()
        assert refused.value.code == "payment_method_unexpected_state"
    assert v1.customers.delete(customer.id).deleted
    with pytest.raises(stripe.InvalidRequestError) as refused:
        pay(sandbox, payment_method="pm_card_visa", customer=customer.id)
    assert (refused.value.http_status, refused.value.code) == (400, "resource_missing")


def test_a_card_set_up_with_3d_secure_is_not_asked_again(sandbox: Sandbox) -> None:
    customer = sandbox.client.v1.customers.create({})
    token = "pm_card_authenticationRequiredOnSetup"
    first = pay(sandbox, payment_method=token, customer=customer.id, setup_future_usage="off_session")
    assert first.status == "requires_action"
    sandbox.control(f"payment_intents/{first.id}/complete", {})
    saved = str(sandbox.client.v1.payment_intents.retrieve(first.id).payment_method)
    assert pay(sandbox, payment_method=saved, customer=customer.id, off_session=True).status == "succeeded"
    with pytest.raises(stripe.CardError) as refused:
        pay(sandbox, payment_method="pm_card_authenticationRequired", customer=customer.id, off_session=True)
    assert refused.value.code == "authentication_required"


def test_some_cards_cannot_be_saved_and_some_decline_only_when_charged(sandbox: Sandbox) -> None:
    v1 = sandbox.client.v1
    customer = v1.customers.create({})
    with pytest.raises(stripe.CardError):
        v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": customer.id})
    saved = v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    with pytest.raises(stripe.CardError) as refused:
        pay(sandbox, payment_method=saved.id, customer=customer.id)
    assert refused.value.code == "card_declined"


def test_a_method_is_set_up_for_later_without_a_charge(sandbox: Sandbox, shop: Shop) -> None:
    v1 = sandbox.client.v1
    customer = v1.customers.create({})
    setup = v1.setup_intents.create(
        {"customer": customer.id, "metadata": {"ours": "1"}, "payment_method_types": ["card"]}
    )
    saved = v1.setup_intents.confirm(setup.id, {"payment_method": "pm_card_visa"}, {"idempotency_key": "setup"})
    again = v1.setup_intents.confirm(setup.id, {"payment_method": "pm_card_visa"}, {"idempotency_key": "setup"})
    assert (setup.status, setup.usage, saved.status) == ("requires_payment_method", "off_session", "succeeded")
    assert again.id == saved.id
    assert [each.id for each in v1.customers.payment_methods.list(customer.id).data] == [saved.payment_method]
    assert [each.id for each in v1.setup_intents.list({"customer": customer.id}).data] == [setup.id]
    assert (
        pay(sandbox, payment_method=saved.payment_method, customer=customer.id, off_session=True).status == "succeeded"
    )
    told = until(lambda: "setup_intent.succeeded" in (types := shop.types(setup.id)) and types)
    assert told == ["setup_intent.created", "setup_intent.succeeded"]
    for refuse in (v1.setup_intents.confirm, v1.setup_intents.cancel):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            refuse(setup.id)
        assert refused.value.code == "setup_intent_unexpected_state"


def test_setting_up_asks_for_3d_secure_once_and_may_be_declined_or_given_up(sandbox: Sandbox) -> None:
    v1 = sandbox.client.v1
    customer = v1.customers.create({}).id

    def begun(token: str) -> stripe.SetupIntent:
        return v1.setup_intents.create(
            {"customer": customer, "payment_method": token, "confirm": True, "return_url": "https://shop.example/"}
        )

    asked, failed, given_up = (begun("pm_card_authenticationRequiredOnSetup") for _ in range(3))
    action: Any = asked.next_action
    assert (asked.status, action.type) == ("requires_action", "redirect_to_url")
    assert "Confirm it’s you" in sandbox.page(action.redirect_to_url.url.partition(sandbox.url)[2])
    sandbox.control(f"setup_intents/{asked.id}/complete", {})
    sandbox.control(f"setup_intents/{failed.id}/fail", {})
    method = str(v1.setup_intents.retrieve(asked.id).payment_method)
    assert pay(sandbox, payment_method=method, customer=customer, off_session=True).status == "succeeded"
    refused: Any = v1.setup_intents.retrieve(failed.id)
    assert (refused.status, refused.last_setup_error.code) == (
        "requires_payment_method", "setup_intent_authentication_failure"
    )  # fmt: skip
    assert v1.setup_intents.cancel(given_up.id).status == "canceled"
    wanted = v1.setup_intents.create({"payment_method_options": {"card": {"request_three_d_secure": "any"}}})
    assert v1.setup_intents.confirm(wanted.id, {"payment_method": "pm_card_visa"}).status == "requires_action"
    with pytest.raises(stripe.CardError) as declined:
        begun("pm_card_chargeDeclined")
    envelope: Any = declined.value.json_body
    assert envelope["error"]["setup_intent"]["status"] == "requires_payment_method"


def by_card(sandbox: Sandbox, method: str, **more: Any) -> Any:
    """An intent paid with a test card, its charge expanded."""
    return pay(sandbox, payment_method=method, expand=["latest_charge"], **more)


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
        by_card(sandbox, method)
    error: Any = refused.value.error
    assert error.decline_code == decline_code
    assert sandbox.client.v1.charges.retrieve(error.charge).outcome.type == kind  # type: ignore[union-attr]


def test_a_card_shows_its_country_risk_and_checks(sandbox: Sandbox) -> None:
    assert by_card(sandbox, "pm_card_jp").latest_charge.payment_method_details.card.country == "JP"
    assert by_card(sandbox, "pm_card_riskLevelElevated").latest_charge.outcome.risk_level == "elevated"
    checks = by_card(sandbox, "pm_card_avsZipFail").latest_charge.payment_method_details.card.checks
    assert (checks.address_postal_code_check, checks.cvc_check) == ("fail", "pass")


def test_3d_secure_is_optional_for_some_cards_and_impossible_for_others(sandbox: Sandbox) -> None:
    wish = {"payment_method_options": {"card": {"request_three_d_secure": "any"}}}
    assert by_card(sandbox, "pm_card_threeDSecureOptional").status == "succeeded"
    assert by_card(sandbox, "pm_card_threeDSecureOptional", **wish).status == "requires_action"
    assert by_card(sandbox, "pm_card_amex_threeDSecureNotSupported", **wish).status == "succeeded"
    off = "pm_card_authenticationRequiredSetupForOffSession"
    assert by_card(sandbox, off).status == "requires_action"
    assert by_card(sandbox, off, off_session=True).status == "succeeded"
    with pytest.raises(stripe.CardError):
        by_card(sandbox, "pm_card_authenticationRequired", off_session="recurring")


def test_a_challenge_that_is_passed_may_still_be_declined(sandbox: Sandbox) -> None:
    intent = by_card(sandbox, "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds")
    sandbox.control(f"payment_intents/{intent.id}/complete", {})
    after = sandbox.client.v1.payment_intents.retrieve(intent.id)
    assert after.status == "requires_payment_method"
    assert after.last_payment_error is not None
    assert after.last_payment_error.decline_code == "insufficient_funds"


def test_a_bank_may_warn_of_fraud(sandbox: Sandbox, shop: Shop) -> None:
    intent = by_card(sandbox, "pm_card_createIssuerFraudRecord")
    until(lambda: "radar.early_fraud_warning.created" in shop.types(intent.id))
