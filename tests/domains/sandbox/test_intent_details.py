"""What a shop may say of an intent beside its amount: details, options, saved methods, more held, who it is."""

from typing import Any

import pytest
import stripe

from tests.domains.sandbox.processes import Sandbox, Shop, until

OPEN: dict[str, Any] = {"amount": 1450, "currency": "eur"}
PAY: dict[str, Any] = {**OPEN, "confirm": True, "payment_method": "pm_card_visa"}


def intent(sandbox: Sandbox, **params: Any) -> Any:
    return sandbox.client.v1.payment_intents.create(params)  # type: ignore[arg-type]


def test_details_are_kept_as_numbers(sandbox: Sandbox) -> None:
    lines = [{"product_name": "Soup", "unit_cost": 725, "quantity": 2}]
    made = intent(
        sandbox, **OPEN, amount_details={"shipping": {"amount": 100}, "line_items": lines},
        payment_details={"order_reference": "B-041"}, application_fee_amount=10, transfer_data={"destination": "acct_x"},
        excluded_payment_method_types=["klarna"],
        payment_method_options={"us_bank_account": {"setup_future_usage": "off_session"}},
    )  # fmt: skip
    assert made.amount_details.shipping.amount == 100
    assert made.amount_details.line_items.data[0].to_dict() == lines[0]
    assert (made.payment_details.order_reference, made.application_fee_amount) == ("B-041", 10)
    assert (made.transfer_data.destination, made.transfer_data.amount) == ("acct_x", None)
    assert made.excluded_payment_method_types == ["klarna"]
    assert made.payment_method_options.us_bank_account.setup_future_usage == "off_session"


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"receipt_email": "nobody"}, "receipt_email"),
        ({"statement_descriptor_suffix": "x" * 23}, "statement_descriptor_suffix"),
        ({"payment_method_types": ["cardd"]}, "payment_method_types"),
        (
            {"payment_method_options": {"card": {"capture_method": "later"}}},
            "payment_method_options[card][capture_method]",
        ),
        ({"amount": 1234, "currency": "kwd"}, "amount"),
        ({"amount": 1050, "currency": "isk"}, "amount"),
    ],
)
def test_details_that_make_no_sense_are_refused(sandbox: Sandbox, params: dict[str, Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        intent(sandbox, **{**OPEN, **params})
    assert refused.value.param == param


def test_an_open_intent_may_change_how_it_is_paid_but_not_by_whom(sandbox: Sandbox) -> None:
    v1 = sandbox.client.v1
    ada, bob = v1.customers.create(), v1.customers.create()
    made = intent(sandbox, **OPEN, payment_method_types=["card"], customer=ada.id)
    changed = v1.payment_intents.update(
        made.id, {"capture_method": "manual", "payment_method_types": ["card", "klarna"], "customer": ada.id}
    )
    assert (changed.capture_method, changed.payment_method_types) == ("manual", ["card", "klarna"])
    with pytest.raises(stripe.InvalidRequestError) as refused:
        v1.payment_intents.update(made.id, {"customer": bob.id})
    assert refused.value.param == "customer"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        v1.payment_intents.confirm(made.id, {"payment_method": "pm_card_visa", "amount_to_confirm": 1})
    assert refused.value.param == "amount_to_confirm"


def test_a_card_alone_may_be_held_or_saved(sandbox: Sandbox, shop: Shop) -> None:
    held = intent(sandbox, **PAY, payment_method_options={"card": {"capture_method": "manual"}})
    assert held.status == "requires_capture"
    ada = sandbox.client.v1.customers.create()
    saved = intent(
        sandbox, **PAY, customer=ada.id, payment_method_options={"card": {"setup_future_usage": "off_session"}}
    )
    assert [m.id for m in sandbox.client.v1.customers.payment_methods.list(ada.id).data] == [saved.payment_method]
    until(lambda: "payment_method.attached" in shop.types(saved.payment_method))


def test_a_method_that_is_nobodys_pays_once(sandbox: Sandbox) -> None:
    v1 = sandbox.client.v1
    method = v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    assert intent(sandbox, **{**PAY, "payment_method": method.id}).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        intent(sandbox, **{**PAY, "payment_method": method.id})
    assert refused.value.code == "payment_method_unexpected_state"


def test_more_is_held_if_that_was_wished_for(sandbox: Sandbox) -> None:
    v1 = sandbox.client.v1
    with pytest.raises(stripe.InvalidRequestError):
        v1.payment_intents.increment_authorization(intent(sandbox, **PAY, capture_method="manual").id, {"amount": 1600})
    wish = {"card": {"request_incremental_authorization": "if_available"}}
    held = intent(sandbox, **PAY, capture_method="manual", payment_method_options=wish)
    more = v1.payment_intents.increment_authorization(held.id, {"amount": 1600})
    assert (more.amount, more.amount_capturable, more.status) == (1600, 1600, "requires_capture")
    assert v1.payment_intents.capture(held.id).amount_received == 1600
    rows = sandbox.control(f"ledger?payment_intent={held.id}")["entries"]
    assert sum(row["amount"] for row in rows if row["account"] == "holds_network") == 0
    assert sum(row["amount"] for row in rows if row["account"] == "card_network") == 1600


def test_saved_cards_are_renewed_and_only_saved_ones(sandbox: Sandbox, shop: Shop) -> None:
    v1 = sandbox.client.v1
    with pytest.raises(stripe.InvalidRequestError):
        v1.payment_methods.update(v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}}).id, {})
    ada = v1.customers.create({"payment_method": "pm_card_visa"})
    card = v1.payment_methods.list({"customer": ada.id, "type": "card"}).data[0]
    v1.customers.update(ada.id, {"invoice_settings": {"default_payment_method": card.id}, "name": "Ada"})
    renewed = v1.payment_methods.update(
        card.id, {"card": {"exp_month": 2, "exp_year": 2044}, "allow_redisplay": "always"}
    )
    assert (renewed.card.exp_year, renewed.allow_redisplay) == (2044, "always")  # type: ignore[union-attr]
    changed = until(lambda: [e for e in shop.events(card.id) if e.type == "payment_method.updated"])[0]
    assert changed.data.previous_attributes["allow_redisplay"] == "unspecified"
    assert v1.payment_methods.list({"customer": ada.id, "allow_redisplay": "limited"}).data == []
    v1.customers.delete(ada.id)
    assert ada.id not in [c.id for c in v1.customers.list({"limit": 100}).data]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        v1.customers.update(ada.id, {"name": "Eve"})
    assert (refused.value.http_status, refused.value.param) == (404, "id")
    assert v1.payment_methods.retrieve(card.id).customer is None


def test_a_key_tells_whose_it_is_and_answers_say_their_version(sandbox: Sandbox) -> None:
    mine = sandbox.client.v1.accounts.retrieve_current()
    assert sandbox.client.v1.accounts.retrieve(mine.id).charges_enabled
    with pytest.raises(stripe.PermissionError):
        sandbox.client.v1.accounts.retrieve("acct_elsewhere")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.client.v1.payment_intents.retrieve("pi_nobody")
    assert (refused.value.param, refused.value.headers["stripe-version"]) == ("intent", stripe.api_version)
    with pytest.raises(stripe.InvalidRequestError, match="unknown parameters: a, b"):
        intent(sandbox, **OPEN, a=1, b=2)
