"""Payment intents: made, changed, confirmed, captured, cancelled. The states are Stripe's.

This is the caller's side of an intent; what a bank says to a confirmation is in confirming.py. An intent is changed by
its own verbs only, and each says which states it may start from.
"""

from bottega.sandbox import charges, confirming, customers, details, ledger
from bottega.sandbox.currencies import check_amount, check_currency
from bottega.sandbox.desk import Desk, created, listing
from bottega.sandbox.events import emit
from bottega.sandbox.ids import new_id, token
from bottega.sandbox.methods import default_types, offered
from bottega.sandbox.params import Params
from bottega.sandbox.problems import Doc, Refused, conflict, invalid, missing_param
from bottega.sandbox.store import public

CANCELLABLE = frozenset({"requires_payment_method", "requires_confirmation", "requires_action", "requires_capture"})
CHANGEABLE = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})
REASONS = frozenset({"duplicate", "fraudulent", "requested_by_customer", "abandoned"})
CAPTURES = frozenset({"automatic", "automatic_async", "manual"})
_KEPT_TEXTS = ("description", "receipt_email", "statement_descriptor", "statement_descriptor_suffix", "transfer_group")


def create(desk: Desk, params: Params) -> Doc:
    """A new intent; with `confirm` it is confirmed at once."""
    currency = check_currency(params.required("currency"))
    amount = params.integer("amount")
    if amount is None:
        raise missing_param("amount")
    check_amount(amount, currency)
    intent = _blank(desk, amount, currency, params)
    _fill(desk, intent, params)
    if not params.flag("confirm"):
        for name in ("error_on_requires_action", "off_session", "return_url"):
            if params.text(name) not in (None, "false"):
                raise invalid(f"The parameter {name} can only be used together with confirm=true.", name)
    confirming.take_method(desk, intent, params)
    desk.save(intent)
    emit(desk, "payment_intent.created", intent)
    return confirming.confirm(desk, intent, params) if params.flag("confirm") else intent


def _blank(desk: Desk, amount: int, currency: str, params: Params) -> Doc:
    name = new_id("pi")
    capture = params.text("capture_method", CAPTURES) or "automatic"
    automatic, types = offered(params)
    return created(
        desk, name, "payment_intent",
        amount=amount, amount_capturable=0, amount_details={"tip": {}}, amount_received=0, application=None,
        application_fee_amount=None,
        automatic_payment_methods=automatic,
        canceled_at=None, cancellation_reason=None, capture_method=capture,
        client_secret=f"{name}_secret_{token()}",
        confirmation_method=params.text("confirmation_method", {"automatic", "manual"}) or "automatic",
        currency=currency, customer=None, customer_account=None, excluded_payment_method_types=None,
        last_payment_error=None, latest_charge=None, metadata={}, next_action=None,
        on_behalf_of=None, payment_details=None, payment_method=None, payment_method_configuration_details=None,
        payment_method_options={"card": {"request_three_d_secure": "automatic"}},
        payment_method_types=types or default_types(currency), processing=None, review=None,
        setup_future_usage=None, shipping=None, source=None, status="requires_payment_method", transfer_data=None,
        **dict.fromkeys(_KEPT_TEXTS),
    )  # fmt: skip


def _fill(desk: Desk, intent: Doc, params: Params) -> None:
    for name in _KEPT_TEXTS:
        if name in params:
            intent[name] = params.email(name) if name == "receipt_email" else params.text(name)
    if "excluded_payment_method_types" in params:
        intent["excluded_payment_method_types"] = params.texts("excluded_payment_method_types") or None
    if "shipping" in params:
        intent["shipping"] = params.plain("shipping")
    if "setup_future_usage" in params:
        intent["setup_future_usage"] = params.text("setup_future_usage", {"on_session", "off_session"})
    if customer := params.text("customer"):
        if intent["customer"] not in (None, customer):
            message = "The `customer` of a PaymentIntent can't be changed once it is set: cancel it and make a new one."
            raise invalid(message, "customer")
        intent["customer"] = customers.living(desk, customer)["id"]
    intent["metadata"] = params.metadata(intent["metadata"])
    details.take(intent, params)
    details.take_options(intent, params)


def retrieve(desk: Desk, params: Params, name: str) -> Doc:
    """By id; with a publishable key the client secret is checked before we get here."""
    return desk.find("payment_intent", name)


def line_items(desk: Desk, params: Params, name: str) -> Doc:
    """What was said to be in the payment; all of it at once."""
    intent = desk.find("payment_intent", name)
    empty = {"object": "list", "has_more": False, "data": []}
    return intent["amount_details"].get("line_items") or empty | {
        "url": f"/v1/payment_intents/{name}/amount_details_line_items"
    }


def list_all(desk: Desk, params: Params) -> Doc:
    """Newest first, filtered by `customer` and `created`."""
    return listing(desk, "payment_intent", params, "/v1/payment_intents")


def update(desk: Desk, params: Params, name: str) -> Doc:
    """Amount and currency only before it is paid; metadata and description always."""
    intent = desk.find("payment_intent", name)
    amount, currency = params.integer("amount"), params.text("currency")
    if (amount is not None or currency) and intent["status"] not in CHANGEABLE:
        raise unexpected(intent, "updated", "amount" if amount is not None else "currency")
    if amount is not None or currency:
        currency = check_currency(currency or intent["currency"])
        amount = intent["amount"] if amount is None else amount
        check_amount(amount, currency)
        intent |= {"amount": amount, "currency": currency}
    _fill(desk, intent, params)
    if intent["status"] in CHANGEABLE:
        intent["capture_method"] = params.text("capture_method", CAPTURES) or intent["capture_method"]
        if "payment_method_types" in params:
            intent["automatic_payment_methods"], intent["payment_method_types"] = offered(params)
        confirming.take_method(desk, intent, params)
    desk.save(intent)
    return intent


def confirm(desk: Desk, params: Params, name: str) -> Doc:
    """Pay it with the method it has or is given now. May end in 402, in `requires_action`, or paid."""
    intent = desk.find("payment_intent", name)
    if intent["status"] not in CHANGEABLE:
        raise unexpected(intent, "confirmed")
    if (expected := params.integer("amount_to_confirm")) not in (None, intent["amount"]):
        raise invalid(
            f"The amount to confirm ({expected}) isn't the intent's ({intent['amount']}).", "amount_to_confirm"
        )
    _fill(desk, intent, params)
    confirming.take_method(desk, intent, params)
    return confirming.confirm(desk, intent, params)


def capture(desk: Desk, params: Params, name: str) -> Doc:
    """Take the held money, or a part of it (`amount_to_capture`); the rest is released."""
    intent = desk.find("payment_intent", name)
    amount = params.integer("amount_to_capture")
    if not params.flag("final_capture", default=True):
        raise invalid("This PaymentIntent is not eligible for multicapture.", "final_capture")
    if intent["status"] != "requires_capture":
        charge = desk.store.get("charge", intent["latest_charge"] or "")
        if intent["status"] == "succeeded" and charge and charge["captured"]:
            raise unexpected(intent, "captured", code="charge_already_captured")
        if intent["status"] == "canceled" and intent["cancellation_reason"] in ("automatic", "expired"):
            raise unexpected(intent, "captured", code="charge_expired_for_capture")
        raise unexpected(intent, "captured")
    amount = intent["amount_capturable"] if amount is None else amount
    if amount < 1:
        raise invalid("Invalid positive integer", "amount_to_capture", "parameter_invalid_integer")
    if amount > intent["amount_capturable"]:
        raise conflict(
            f"The amount to capture ({amount}) is greater than the amount you can capture "
            f"({intent['amount_capturable']}).", "amount_too_large", "amount_to_capture",
        )  # fmt: skip
    _fill(desk, intent, params)
    charge = charges.capture(desk, intent["latest_charge"], amount)
    intent |= {"status": "succeeded", "amount_capturable": 0, "amount_received": amount}
    desk.save(intent)
    emit(desk, "payment_intent.succeeded", intent)
    confirming.dispute_if_asked(desk, charge)
    return intent


def increment_authorization(desk: Desk, params: Params, name: str) -> Doc:
    """Hold more than before (a tip, another course), if the intent was made with the wish to be able to."""
    intent = desk.find("payment_intent", name)
    amount = params.integer("amount")
    if amount is None:
        raise missing_param("amount")
    if intent["status"] != "requires_capture":
        raise unexpected(intent, "incremented")
    options = intent["payment_method_options"]["card"]
    if options.get("request_incremental_authorization") != "if_available":
        raise invalid("This PaymentIntent is not eligible for incremental authorization.")
    if amount <= intent["amount"]:
        raise invalid(f"The amount must be greater than what is held already ({intent['amount']}).", "amount")
    check_amount(amount, intent["currency"])
    _fill(desk, intent, params)
    charge = desk.find("charge", intent["latest_charge"])
    ledger.hold(desk, charge, amount - intent["amount"])
    charge["amount"] = charge["payment_method_details"]["card"]["amount_authorized"] = amount
    charges.keep(desk, charge)
    emit(desk, "charge.updated", charge, {"amount": intent["amount"]})
    intent |= {"amount": amount, "amount_capturable": amount}
    desk.save(intent)
    emit(desk, "payment_intent.amount_capturable_updated", intent)
    return intent


def cancel(desk: Desk, params: Params, name: str) -> Doc:
    """Give it up; a held amount is released. Never once it is paid or processing."""
    intent = desk.find("payment_intent", name)
    reason = params.text("cancellation_reason", REASONS)
    if intent["status"] not in CANCELLABLE:
        raise unexpected(intent, "canceled")
    return call_off(desk, intent, reason)


def call_off(desk: Desk, intent: Doc, reason: str | None) -> Doc:
    """The intent is cancelled, whoever did it."""
    if intent["status"] == "requires_capture":
        held = charges.void(desk, intent["latest_charge"], expired=reason == "expired")
        # What such an expiry was called before API version 2025-03-31.
        reason = "automatic" if reason == "expired" and "_released" in held else reason
    intent |= {"status": "canceled", "canceled_at": desk.now, "cancellation_reason": reason, "next_action": None,
               "amount_capturable": 0}  # fmt: skip
    desk.save(intent)
    emit(desk, "payment_intent.canceled", intent)
    return intent


def expire_hold(desk: Desk, name: str) -> None:
    """The bank lets go of a held amount that nobody captured."""
    intent = desk.store.get("payment_intent", name)
    if intent and intent["status"] == "requires_capture":
        call_off(desk, intent, "expired")


def tamper(desk: Desk, name: str, amount: int | None, currency: str | None) -> Doc:
    """By hand: the intent asks for something else than the shop did, as if somebody had stolen the key."""
    intent = desk.find("payment_intent", name)
    if intent["status"] not in CHANGEABLE:
        raise unexpected(intent, "updated")
    intent["currency"] = check_currency(currency or intent["currency"])
    intent["amount"] = intent["amount"] if amount is None else amount
    check_amount(intent["amount"], intent["currency"])
    desk.save(intent)
    return intent


def unexpected(intent: Doc, what: str, param: str | None = None, code: str | None = None) -> Refused:
    """The intent's state doesn't allow it; the intent is in the envelope."""
    message = f"This PaymentIntent could not be {what} because it has a status of {intent['status']}."
    return conflict(message, code or "payment_intent_unexpected_state", param, payment_intent=public(intent))
