"""Charges without an intent and what they are made of (tokens, sources), through the SDK's older resources."""

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from tests.domains.sandbox.processes import Sandbox, Shop, until

PAY: dict[str, Any] = {"amount": 2000, "currency": "eur", "source": "tok_visa"}


@pytest.fixture(autouse=True)
def _old_style(sandbox: Sandbox) -> Iterator[None]:
    """The SDK as programs used it before there were clients: everything on the module."""
    before = stripe.api_key, stripe.api_base, stripe.max_network_retries
    stripe.api_key, stripe.api_base, stripe.max_network_retries = "sk_test_tests", sandbox.url, 0
    yield
    stripe.api_key, stripe.api_base, stripe.max_network_retries = before


def test_a_token_is_charged_and_refunded_in_parts(sandbox: Sandbox, shop: Shop) -> None:
    charge = stripe.Charge.create(**PAY, description="Soup", metadata={"table": "4"}, expand=["balance_transaction"])
    assert (charge.status, charge.captured, charge.payment_intent, charge.amount_captured) == (
        "succeeded", True, None, 2000,
    )  # fmt: skip
    assert (charge.source["brand"], charge.source["last4"]) == ("Visa", "4242")  # type: ignore[index]
    assert charge.balance_transaction.source == charge.id  # type: ignore[union-attr]
    assert stripe.Refund.create(charge=charge.id, amount=500, reason="duplicate").payment_intent is None
    assert stripe.Refund.create(charge=charge.id).amount == 1500
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe.Refund.create(charge=charge.id)
    assert refused.value.code == "charge_already_refunded"
    again = stripe.Charge.retrieve(charge.id, expand=["refunds"])
    assert (again.refunded, len(again.refunds.data)) == (True, 2)  # type: ignore[union-attr]
    assert [c.id for c in stripe.Charge.list(limit=1).data] == [charge.id]
    told = until(lambda: shop.types(charge.id).count("charge.refunded") == 2 and shop.types(charge.id))
    assert told == ["charge.succeeded", "charge.refunded", "charge.refunded"]
    row = sandbox.control(f"reconciliation?after={charge.id[:-1]}")["payments"][0]
    assert (row["payment_intent"], row["captured"], row["refunded"]) == (charge.id, 2000, 2000)


def test_a_hold_is_captured_in_part_or_let_go_or_expires(sandbox: Sandbox) -> None:
    held = stripe.Charge.create(**PAY, capture=False)
    assert (held.captured, held.balance_transaction) == (False, None)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe.Charge.capture(held.id, amount=2001)
    assert refused.value.code == "amount_too_large"
    assert stripe.Charge.capture(held.id, amount=1200).amount_captured == 1200
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe.Charge.capture(held.id)
    assert refused.value.code == "charge_already_captured"
    released = stripe.Charge.create(**PAY, capture=False)
    with pytest.raises(stripe.InvalidRequestError):
        stripe.Refund.create(charge=released.id, amount=100)
    refund = stripe.Refund.create(charge=released.id, metadata={"why": "late"})
    assert (refund.amount, refund.balance_transaction, refund.metadata["why"]) == (2000, None, "late")  # type: ignore[index]
    left = stripe.Charge.create(**PAY, capture=False)
    sandbox.control("clock", {"advance": 8 * 86_400})
    for charge, code in ((released, "charge_already_refunded"), (left, "charge_expired_for_capture")):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            stripe.Charge.capture(charge.id)
        assert refused.value.code == code
    by_intent = sandbox.client.v1.payment_intents.create(
        {
            "amount": 900,
            "currency": "eur",
            "confirm": True,
            "payment_method": "pm_card_visa",
            "capture_method": "manual",
        }
    )
    with pytest.raises(stripe.InvalidRequestError, match="PaymentIntent"):
        stripe.Charge.capture(str(by_intent.latest_charge))
    for accounts in sandbox.control("ledger?limit=1")["balances"].values():
        assert sum(accounts.values()) == 0


@pytest.mark.parametrize(
    ("token", "code", "decline_code"),
    [
        ("tok_chargeDeclined", "card_declined", "generic_decline"),
        ("tok_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("tok_chargeDeclinedFraudulent", "card_declined", "fraudulent"),
        ("tok_threeDSecure2Required", "authentication_required", "authentication_required"),
    ],
)
def test_a_declined_token_answers_402(sandbox: Sandbox, token: str, code: str, decline_code: str) -> None:
    with pytest.raises(stripe.CardError) as refused:
        stripe.Charge.create(**{**PAY, "source": token})
    error: Any = refused.value.error
    assert (refused.value.http_status, error.code, error.decline_code) == (402, code, decline_code)
    assert stripe.Charge.retrieve(error.charge).status == "failed"


def test_a_customers_card_from_a_token_is_charged_by_default(sandbox: Sandbox) -> None:
    ada = stripe.Customer.create(email="ada@example.com", source="tok_mastercard")
    assert str(ada.default_source).startswith("card_")
    charge = stripe.Charge.create(amount=500, currency="usd", customer=ada.id, expand=["customer"])
    assert (charge.customer.id, charge.payment_method) == (ada.id, ada.default_source)  # type: ignore[union-attr]
    for params in ({"customer": stripe.Customer.create().id}, {}):
        with pytest.raises(stripe.StripeError) as refused:
            stripe.Charge.create(amount=500, currency="usd", **params)
        assert refused.value.code in ("missing", "parameter_missing")
    with pytest.raises(stripe.InvalidRequestError) as wrong:
        stripe.Charge.create(amount=500, currency="usd", source=ada.default_source)
    assert wrong.value.param == "source"


def test_a_typed_card_becomes_a_token_for_one_use(sandbox: Sandbox) -> None:
    card: Any = {"number": "4000000000000259", "exp_month": 12, "exp_year": 2040, "cvc": "123", "name": "Ada"}
    token = stripe.Token.create(card=card)
    assert (token.card.last4, token.used) == ("0259", False)  # type: ignore[union-attr]
    charge = stripe.Charge.create(**{**PAY, "source": token.id})
    assert stripe.Token.retrieve(token.id).used
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe.Charge.create(**{**PAY, "source": token.id})
    assert refused.value.code == "token_already_used"
    dispute = until(lambda: stripe.Dispute.list(charge=charge.id).data)[0]
    assert (dispute.payment_intent, dispute.status) == (None, "needs_response")
    assert stripe.Dispute.close(dispute.id).status == "lost"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe.Charge.create(**{**PAY, "source": "tok_nobody"})
    assert (refused.value.http_status, refused.value.param) == (400, "source")


def test_a_charge_may_be_made_of_a_typed_card(sandbox: Sandbox) -> None:
    card = {"object": "card", "number": "4242424242424242", "exp_month": 1, "exp_year": 2041, "cvc": "000"}
    assert stripe.Charge.create(**{**PAY, "source": card}).status == "succeeded"


def test_a_customers_cards_are_kept_as_sources(sandbox: Sandbox) -> None:
    ada = stripe.Customer.create()
    visa, amex = (stripe.Customer.create_source(ada.id, source=token) for token in ("tok_visa", "tok_amex"))
    assert [c.id for c in stripe.Customer.list_sources(ada.id).data] == [amex.id, visa.id]
    assert stripe.Customer.retrieve(ada.id).default_source == visa.id
    assert stripe.Charge.create(amount=500, currency="usd", customer=ada.id, source=amex.id).payment_method == amex.id
    assert stripe.Customer.delete_source(ada.id, visa.id).deleted
    assert stripe.Customer.retrieve(ada.id).default_source is None
    with pytest.raises(stripe.InvalidRequestError):
        stripe.Customer.retrieve_source(ada.id, visa.id)
    with pytest.raises(stripe.CardError):
        stripe.Customer.create_source(ada.id, source="tok_chargeDeclined")


def test_objects_of_the_older_resources_act_on_themselves(sandbox: Sandbox) -> None:
    intent = stripe.PaymentIntent.create(
        amount=900, currency="eur", capture_method="manual", payment_method="pm_card_visa"
    )
    assert intent.confirm().status == "requires_capture"
    assert intent.capture(amount_to_capture=800).amount_received == 800
    modified = stripe.PaymentIntent.modify(intent.id, metadata={"a": "1", "b": ""})
    assert modified.metadata.to_dict() == {"a": "1"}
    refund = stripe.Refund.create(payment_intent=intent.id, metadata={"a": "1"})
    assert stripe.Charge.retrieve_refund(refund.charge, refund.id).id == refund.id
    assert stripe.Refund.modify(refund.id, metadata="").metadata.to_dict() == {}  # type: ignore[union-attr]
    assert stripe.PaymentIntent.create(amount=900, currency="eur").cancel().status == "canceled"
    warned = stripe.Charge.create(**{**PAY, "source": "tok_createIssuerFraudRecord"})
    warning = until(lambda: stripe.radar.EarlyFraudWarning.list(charge=warned.id).data)[0]
    assert stripe.radar.EarlyFraudWarning.retrieve(warning.id, expand=["charge"]).charge.id == warned.id  # type: ignore[union-attr]
    assert warned.mark_as_fraudulent().fraud_details["user_report"] == "fraudulent"  # type: ignore[index]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe.PaymentIntent.create(amount=900, currency="")
    assert refused.value.code == "parameter_invalid_empty"
