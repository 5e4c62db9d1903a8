"""What a call may say: everything the official SDK knows is taken, anything else is refused as Stripe refuses it."""

import pytest
import stripe
import stripe.params
import stripe.params.radar

from bottega.sandbox.accepted import ACCEPTED, BELOW
from bottega.sandbox.routes import ROUTES
from tests.domains.sandbox.processes import Sandbox

# Where the SDK's own types say what may be sent.
TYPES = {
    "POST payment_intents": "PaymentIntentCreate", "GET payment_intents": "PaymentIntentList",
    "GET payment_intents/*": "PaymentIntentRetrieve", "POST payment_intents/*": "PaymentIntentUpdate",
    "POST payment_intents/*/confirm": "PaymentIntentConfirm", "POST payment_intents/*/capture": "PaymentIntentCapture",
    "POST payment_intents/*/cancel": "PaymentIntentCancel", "GET charges": "ChargeList",
    "POST setup_intents": "SetupIntentCreate", "GET setup_intents": "SetupIntentList",
    "GET setup_intents/*": "SetupIntentRetrieve", "POST setup_intents/*": "SetupIntentUpdate",
    "POST setup_intents/*/confirm": "SetupIntentConfirm", "POST setup_intents/*/cancel": "SetupIntentCancel",
    "GET charges/*": "ChargeRetrieve",
    "GET charges/*/refunds": "ChargeListRefunds", "POST charges/*": "ChargeUpdate", "POST refunds": "RefundCreate",
    "GET refunds": "RefundList", "GET refunds/*": "RefundRetrieve", "POST refunds/*": "RefundUpdate",
    "POST refunds/*/cancel": "RefundCancel", "GET disputes": "DisputeList", "GET disputes/*": "DisputeRetrieve",
    "POST disputes/*": "DisputeUpdate", "POST disputes/*/close": "DisputeClose",
    "POST payment_methods": "PaymentMethodCreate", "GET payment_methods": "PaymentMethodList",
    "GET payment_methods/*": "PaymentMethodRetrieve", "POST payment_methods/*": "PaymentMethodUpdate",
    "POST payment_methods/*/attach": "PaymentMethodAttach", "POST payment_methods/*/detach": "PaymentMethodDetach",
    "GET balance": "BalanceRetrieve",
    "POST customers": "CustomerCreate", "GET customers": "CustomerList", "GET customers/*": "CustomerRetrieve",
    "POST customers/*": "CustomerUpdate", "DELETE customers/*": "CustomerDelete",
    "GET customers/*/payment_methods": "CustomerPaymentMethodList",
    "GET customers/*/payment_methods/*": "CustomerPaymentMethodRetrieve", "GET events": "EventList",
    "GET events/*": "EventRetrieve", "GET balance_transactions": "BalanceTransactionList",
    "GET balance_transactions/*": "BalanceTransactionRetrieve", "POST webhook_endpoints": "WebhookEndpointCreate",
    "GET webhook_endpoints": "WebhookEndpointList", "GET webhook_endpoints/*": "WebhookEndpointRetrieve",
    "GET payment_intents/search": "PaymentIntentSearch", "GET charges/search": "ChargeSearch",
    "GET customers/search": "CustomerSearch", "POST charges": "ChargeCreate", "POST charges/*/capture": "ChargeCapture",
    "POST payment_intents/*/increment_authorization": "PaymentIntentIncrementAuthorization",
    "GET account": "BalanceRetrieve", "GET accounts/*": "BalanceRetrieve",
    "GET charges/*/refunds/*": "ChargeRetrieveRefund", "POST customers/*/sources": "CustomerCreateSource",
    "GET payment_intents/*/amount_details_line_items": "PaymentIntentListAmountDetailsLineItems",
    "GET customers/*/sources": "CustomerListSources", "GET customers/*/sources/*": "CustomerRetrieveSource",
    "DELETE customers/*/sources/*": "CustomerDeleteSource",
    "GET radar.early_fraud_warnings": "EarlyFraudWarningList",
    "GET radar.early_fraud_warnings/*": "EarlyFraudWarningRetrieve",
    "POST tokens": "TokenCreate", "GET tokens/*": "TokenRetrieve",
    "POST webhook_endpoints/*": "WebhookEndpointUpdate", "DELETE webhook_endpoints/*": "WebhookEndpointDelete",
}  # fmt: skip
OF_THE_CALL = {
    "api_key", "idempotency_key", "stripe_account", "stripe_context", "stripe_version", "max_network_retries",
    "headers", "content_type",
}  # fmt: skip
PARAMS = {"amount": 700, "currency": "eur"}


def names_of(kind: str) -> set[str]:
    module = stripe.params.radar if kind.startswith("EarlyFraud") else stripe.params
    return set(getattr(module, f"{kind}Params").__annotations__) - OF_THE_CALL


@pytest.mark.parametrize("route", ROUTES)
def test_every_parameter_of_the_sdk_is_accepted(route: str) -> None:
    assert names_of(TYPES[route]) - {"expand"} <= ACCEPTED.get(route, frozenset())


def test_so_are_those_below() -> None:
    for name, kind in [
        ("payment_method_data", "PaymentIntentCreateParamsPaymentMethodData"), ("created", "ChargeListParamsCreated"),
        ("automatic_payment_methods", "PaymentIntentCreateParamsAutomaticPaymentMethods"),
        ("card", "PaymentMethodCreateParamsCard"), ("shipping", "PaymentIntentCreateParamsShipping"),
        ("billing_details", "PaymentMethodCreateParamsBillingDetails"),
        ("evidence", "DisputeUpdateParamsEvidence"), ("card", "TokenCreateParamsCard"),
        ("sepa_debit", "PaymentMethodCreateParamsSepaDebit"),
    ]:  # fmt: skip
        assert set(getattr(stripe.params, kind).__annotations__) <= BELOW[name], name


def test_unknown_parameters_are_refused_by_name(sandbox: Sandbox) -> None:
    intents = sandbox.client.v1.payment_intents
    for more, param in [
        ({"amonut": 1}, "amonut"),
        ({"automatic_payment_methods": {"enabled": True, "allowed": 1}}, "automatic_payment_methods[allowed]"),
        ({"payment_method_data": {"type": "card", "card": {"pan": 1}}}, "payment_method_data[card][pan]"),
    ]:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            intents.create({**PARAMS, **more}, {"idempotency_key": param})  # type: ignore[arg-type]
        assert (refused.value.http_status, refused.value.code, refused.value.param) == (400, "parameter_unknown", param)
        # The call never began, so its key is still free.
        assert intents.create(PARAMS, {"idempotency_key": param}).amount == 700  # type: ignore[arg-type]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.client.v1.charges.list({"created": {"since": 1}})  # type: ignore[typeddict-unknown-key]
    assert refused.value.param == "created[since]"


def test_the_order_of_parameters_makes_no_other_call(sandbox: Sandbox) -> None:
    key = {"idempotency_key": "order"}
    first = sandbox.client.v1.payment_intents.create({"amount": 700, "currency": "eur"}, key)  # type: ignore[arg-type]
    again = sandbox.client.v1.payment_intents.create({"currency": "eur", "amount": 700}, key)  # type: ignore[arg-type]
    assert first.id == again.id


def test_lists_page_forth_and_back_within_a_window(sandbox: Sandbox) -> None:
    charges = sandbox.client.v1.charges
    pay = {**PARAMS, "confirm": True, "payment_method": "pm_card_visa"}
    before = sandbox.client.v1.payment_intents.create(pay)  # type: ignore[arg-type]
    sandbox.control("clock", {"advance": 100})
    since = int(sandbox.control("clock")["now"])
    made = [sandbox.client.v1.payment_intents.create(pay).latest_charge for _ in range(7)]  # type: ignore[arg-type]
    until = int(sandbox.control("clock")["now"])
    sandbox.control("clock", {"advance": 100})
    sandbox.client.v1.payment_intents.create(pay)  # type: ignore[arg-type]
    window = {"created": {"gte": since, "lte": until}, "limit": 3}
    found = [c.id for c in charges.list(window).auto_paging_iter()]  # type: ignore[arg-type]
    assert found == made[::-1]
    first = charges.list(window)  # type: ignore[arg-type]
    assert (first.has_more, [c.id for c in first.data]) == (True, made[:3:-1])
    older = charges.list({**window, "starting_after": first.data[-1].id})  # type: ignore[arg-type]
    newer = charges.list({**window, "ending_before": older.data[0].id})  # type: ignore[arg-type]
    assert [c.id for c in newer.data] == [c.id for c in first.data]
    assert [c.id for c in charges.list({"payment_intent": before.id}).data] == [before.latest_charge]
    intents = sandbox.client.v1.payment_intents.list({**window, "expand": ["data.latest_charge"]})  # type: ignore[arg-type]
    assert all(isinstance(intent.latest_charge, stripe.Charge) for intent in intents.data)
    assert len(list(sandbox.client.v1.balance_transactions.list(window).auto_paging_iter())) == 7  # type: ignore[arg-type]
    succeeded = {**window, "types": ["payment_intent.succeeded"]}
    assert len(list(sandbox.client.v1.events.list(succeeded).auto_paging_iter())) == 7  # type: ignore[arg-type]
