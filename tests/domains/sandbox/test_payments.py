"""Payments through the official SDK: every card, capture, cancel, lists, refusals."""

import pytest
import stripe

from tests.domains.sandbox.processes import Sandbox


def open_intent(sandbox: Sandbox, **more: object) -> stripe.PaymentIntent:
    return sandbox.client.v1.payment_intents.create({"amount": 1450, "currency": "eur", **more})  # type: ignore[typeddict-item]


def pay(sandbox: Sandbox, method: str = "pm_card_visa", **more: object) -> stripe.PaymentIntent:
    return open_intent(sandbox, confirm=True, payment_method=method, **more)


def test_an_intent_is_created_confirmed_and_read_again_by_the_sdk(sandbox: Sandbox) -> None:
    intents = sandbox.client.v1.payment_intents
    made = intents.create(
        {
            "amount": 1450,
            "currency": "EUR",
            "automatic_payment_methods": {"enabled": True},
            "metadata": {"order_id": "ord_1", "empty": ""},
            "description": "Order B-041",
        }
    )
    assert (made.status, made.currency, made.livemode) == ("requires_payment_method", "eur", False)
    assert made.metadata.to_dict() == {"order_id": "ord_1"}
    assert made.client_secret is not None
    assert made.client_secret.startswith(f"{made.id}_secret_")
    paid = intents.confirm(made.id, {"payment_method": "pm_card_visa", "expand": ["latest_charge.balance_transaction"]})
    charge = paid.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert (paid.status, paid.amount_received, charge.captured, charge.amount_captured) == (
        "succeeded", 1450, True, 1450,
    )  # fmt: skip
    assert charge.payment_method_details.card.last4 == "4242"
    assert charge.balance_transaction.amount == 1450
    assert intents.retrieve(made.id).status == "succeeded"


@pytest.mark.parametrize(
    ("method", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
    ],
)
def test_declined_cards_answer_402_and_the_intent_can_be_paid_with_another(
    sandbox: Sandbox, method: str, code: str, decline_code: str
) -> None:
    intent = open_intent(sandbox)
    with pytest.raises(stripe.CardError) as refused:
        sandbox.client.v1.payment_intents.confirm(intent.id, {"payment_method": method})
    assert (refused.value.http_status, refused.value.code) == (402, code)
    assert refused.value.error.decline_code == decline_code
    assert refused.value.error.payment_intent.status == "requires_payment_method"
    again = sandbox.client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert again.status == "succeeded"
    assert again.last_payment_error is None


def test_a_number_that_is_not_a_test_card_is_declined_and_not_kept(sandbox: Sandbox) -> None:
    card = {"number": "4929000000006", "exp_month": 12, "exp_year": 2040, "cvc": "123"}
    with pytest.raises(stripe.CardError) as refused:
        pay(sandbox, None, payment_method_data={"type": "card", "card": card})  # type: ignore[arg-type]
    assert refused.value.error.decline_code == "test_mode_live_card"
    card["number"] = "4242424242424241"
    with pytest.raises(stripe.CardError) as refused:
        pay(sandbox, None, payment_method_data={"type": "card", "card": card})  # type: ignore[arg-type]
    assert refused.value.code == "incorrect_number"


def test_a_card_that_asks_for_3d_secure_waits_for_the_customer(sandbox: Sandbox) -> None:
    intent = pay(sandbox, "pm_card_authenticationRequired")
    assert intent.status == "requires_action"
    assert intent.next_action is not None
    assert intent.next_action.type == "use_stripe_sdk"
    assert "Confirm it" in sandbox.page(intent.next_action.use_stripe_sdk["stripe_js"].removeprefix(sandbox.url))
    sandbox.control(f"payment_intents/{intent.id}/complete", {})
    assert sandbox.client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    failed = pay(sandbox, "pm_card_authenticationRequired")
    sandbox.control(f"payment_intents/{failed.id}/fail", {})
    failed = sandbox.client.v1.payment_intents.retrieve(failed.id)
    assert failed.status == "requires_payment_method"
    assert failed.last_payment_error is not None
    assert failed.last_payment_error.code == "payment_intent_authentication_failure"


def test_off_session_a_3d_secure_card_is_declined(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.CardError) as refused:
        pay(sandbox, "pm_card_authenticationRequired", off_session=True)
    assert refused.value.code == "authentication_required"


def test_manual_capture_holds_captures_a_part_and_releases_the_rest(sandbox: Sandbox) -> None:
    intent = pay(sandbox, capture_method="manual")
    assert (intent.status, intent.amount_capturable, intent.amount_received) == ("requires_capture", 1450, 0)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1451})
    assert refused.value.code == "amount_too_large"
    done = sandbox.client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1000})
    assert (done.status, done.amount_received, done.amount_capturable) == ("succeeded", 1000, 0)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.client.v1.payment_intents.capture(intent.id)
    assert refused.value.code == "charge_already_captured"
    rows = sandbox.control(f"ledger?payment_intent={intent.id}")["entries"]
    assert sum(row["amount"] for row in rows if row["account"] == "holds_network") == 0
    assert sum(row["amount"] for row in rows if row["account"] == "card_network") == 1000


def test_cancelling_releases_a_hold_and_a_paid_intent_cannot_be_cancelled(sandbox: Sandbox) -> None:
    held = pay(sandbox, capture_method="manual")
    gone = sandbox.client.v1.payment_intents.cancel(held.id, {"cancellation_reason": "abandoned"})
    assert (gone.status, gone.cancellation_reason, gone.amount_capturable) == ("canceled", "abandoned", 0)
    paid = pay(sandbox)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.client.v1.payment_intents.cancel(paid.id)
    assert refused.value.code == "payment_intent_unexpected_state"
    assert refused.value.error.payment_intent.id == paid.id
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.client.v1.payment_intents.confirm(gone.id, {"payment_method": "pm_card_visa"})


def test_a_debit_is_processing_before_it_succeeds_or_bounces(sandbox: Sandbox) -> None:
    good, bad = pay(sandbox, "pm_usBankAccount_success"), pay(sandbox, "pm_usBankAccount_noAccount")
    assert (good.status, bad.status) == ("processing", "processing")
    sandbox.control("clock", {"advance": 5})
    assert sandbox.client.v1.payment_intents.retrieve(good.id).status == "succeeded"
    assert sandbox.client.v1.payment_intents.retrieve(bad.id).status == "requires_payment_method"


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"amount": 0, "currency": "eur"}, "amount"),
        ({"amount": 49, "currency": "eur"}, "amount"),
        ({"amount": 100_000_000, "currency": "eur"}, "amount"),
        ({"amount": "14.50", "currency": "eur"}, "amount"),
        ({"amount": "NaN", "currency": "eur"}, "amount"),
        ({"amount": 2**63, "currency": "eur"}, "amount"),
        ({"currency": "eur"}, "amount"),
        ({"amount": 1450}, "currency"),
        ({"amount": 1450, "currency": "xxx"}, "currency"),
        ({"amount": 1450, "currency": "eur", "capture_method": "later"}, "capture_method"),
        ({"amount": 1450, "currency": "eur", "confirm": True, "payment_method": "pm_nobody"}, "payment_method"),
        ({"amount": 1450, "currency": "eur", "customer": "cus_nobody"}, "customer"),
    ],
)
def test_parameters_that_make_no_sense_are_refused_by_name(sandbox: Sandbox, params: object, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.client.v1.payment_intents.create(params)  # type: ignore[arg-type]
    assert refused.value.param == param


def test_lists_walk_back_and_forth_without_loss(sandbox: Sandbox) -> None:
    client = sandbox.client_of("acct_lists")
    made = [client.v1.payment_intents.create({"amount": 100 + n, "currency": "jpy"}).id for n in range(7)]
    first = client.v1.payment_intents.list({"limit": 3})
    assert ([i.id for i in first.data], first.has_more) == (made[:3:-1], True)
    assert [i.id for i in client.v1.payment_intents.list({"limit": 3}).auto_paging_iter()] == made[::-1]
    back = client.v1.payment_intents.list({"limit": 3, "ending_before": made[3]})
    assert [i.id for i in back.data] == made[:3:-1]


def test_accounts_do_not_see_each_other(sandbox: Sandbox) -> None:
    intent = open_intent(sandbox)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.client_of("acct_other").v1.payment_intents.retrieve(intent.id)
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


def test_keys_are_checked_and_publishable_keys_may_do_little(sandbox: Sandbox) -> None:
    def client(key: str) -> stripe.StripeClient:
        return stripe.StripeClient(key, base_addresses={"api": sandbox.url})

    with pytest.raises(stripe.AuthenticationError):
        client("nonsense").v1.payment_intents.list()
    with pytest.raises(stripe.PermissionError):
        client("pk_test_x").v1.payment_intents.list()
    intent = open_intent(sandbox, metadata={"cost": "secret"})
    with pytest.raises(stripe.InvalidRequestError):
        client("pk_test_x").v1.payment_intents.retrieve(intent.id, {"client_secret": f"{intent.id}_secret_guess"})
    seen = client("pk_test_x").v1.payment_intents.retrieve(intent.id, {"client_secret": str(intent.client_secret)})
    assert (seen.id, "metadata" in seen) == (intent.id, False)


def test_customers_keep_their_payment_methods(sandbox: Sandbox) -> None:
    v1 = sandbox.client.v1
    ada = v1.customers.create({"name": "Ada", "email": "ada@example.com"})
    method = v1.payment_methods.attach("pm_card_mastercard_prepaid", {"customer": ada.id})
    assert method.card is not None
    assert (method.customer, method.card.funding) == (ada.id, "prepaid")
    assert [m.id for m in v1.payment_methods.list({"customer": ada.id}).data] == [method.id]
    assert pay(sandbox, method.id, customer=ada.id).status == "succeeded"
    v1.payment_methods.detach(method.id)
    with pytest.raises(stripe.InvalidRequestError):
        pay(sandbox, method.id, customer=ada.id)
    assert v1.customers.update(ada.id, {"phone": "+39 06 1234"}).phone == "+39 06 1234"
    assert v1.customers.delete(ada.id).deleted is True


def test_a_wallet_card_pays_without_a_challenge(sandbox: Sandbox) -> None:
    intent = pay(sandbox, "pm_wallet_apple_pay", expand=["latest_charge"])
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert intent.latest_charge.payment_method_details.card.wallet.type == "apple_pay"
