"""Charges without an intent, as programs older than payment intents make them: a token or a saved card, charged at once.

There is no 3-D Secure here: a card that asks for it is declined. A hold is captured by the charge's own verb, or let go
by refunding it. The books and the events are those of any other charge.
"""

from bottega.sandbox import charges, confirming, customers, tokens
from bottega.sandbox.cards import GENERIC, UNAUTHENTICATED, Decline
from bottega.sandbox.currencies import check_amount, check_currency
from bottega.sandbox.desk import Desk
from bottega.sandbox.faults import Kind
from bottega.sandbox.params import Params
from bottega.sandbox.problems import Doc, Refused, conflict, invalid, missing_param

_TEXTS = ("description", "receipt_email", "statement_descriptor", "statement_descriptor_suffix", "transfer_group")


def create(desk: Desk, params: Params) -> Doc:
    """Charge a `source` (a token, a card) or a customer's default card; only hold it when `capture` is false."""
    currency = check_currency(params.required("currency"))
    amount = params.integer("amount")
    if amount is None:
        raise missing_param("amount")
    check_amount(amount, currency)
    customer = customers.living(desk, name) if (name := params.text("customer")) else None
    method = _method(desk, params, customer)
    order: Doc = {
        "id": None, "amount": amount, "currency": currency, "customer": customer and customer["id"],
        "metadata": params.metadata(), "shipping": params.plain("shipping"), "source": tokens.face_of(method),
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        **{text: params.text(text) for text in _TEXTS},
    }  # fmt: skip
    if (decline := _decline(desk, order, method)) is not None:
        failed = charges.failed(desk, order, method, decline)
        error = confirming.card_error(method, decline)
        for name in ("type", "message", "payment_method"):
            error.pop(name)
        raise Refused(402, "card_error", decline.message, **error, charge=failed["id"])
    if desk.faults.draw(Kind.WRONG_AMOUNT, currency):
        order["amount"] += 1
    capture = params.flag("capture", default=True)
    made = charges.charge(desk, order, method, capture=capture)
    if capture:
        confirming.dispute_if_asked(desk, made)
    else:
        early = desk.faults.draw(Kind.HOLD_EXPIRES, made["id"])
        desk.later("expire_charge", made["id"], early.seconds if early else confirming.HOLD_SECONDS)
    return made


def _method(desk: Desk, params: Params, customer: Doc | None) -> Doc:
    if "source" not in params:
        if customer is None:
            raise invalid("Must provide source or customer.", code="parameter_missing")
        if customer["default_source"] is None:
            message = "Cannot charge a customer that has no active card"
            raise Refused(402, "card_error", message, code="missing", param="card")
        return desk.find("payment_method", customer["default_source"])
    method = tokens.method_of(desk, params, "source")
    if method["type"] != "card":
        raise invalid(f"A {method['type']} can't be charged without a PaymentIntent.", "source")
    if method["customer"] != (customer and customer["id"]) and (method["customer"] or method["id"].startswith("pm_")):
        raise invalid("The source belongs to another customer than the charge.", "source")
    return method


def _decline(desk: Desk, order: Doc, method: Doc) -> Decline | None:
    if confirming.asks(order, method):
        return UNAUTHENTICATED
    card = confirming.card_behind(method)
    if card is not None and card.decline is not None:
        return card.decline
    return GENERIC if desk.faults.draw(Kind.DECLINE, order["currency"]) else None


def capture(desk: Desk, params: Params, name: str) -> Doc:
    """Take the held money, or a part of it (`amount`); the rest is released."""
    held = desk.find("charge", name)
    if held["payment_intent"] is not None:
        raise conflict(
            f"The charge {name} was made by a PaymentIntent: capture {held['payment_intent']} instead.",
            "payment_intent_unexpected_state",
        )  # fmt: skip
    if held["captured"]:
        raise conflict(f"Charge {name} has already been captured.", "charge_already_captured")
    if held.get("_voided"):
        expired = not held["refunded"]
        code = "charge_expired_for_capture" if expired else "charge_already_refunded"
        raise conflict(f"Charge {name} {'has expired' if expired else 'has already been refunded'}.", code)
    if held["status"] != "succeeded":
        raise conflict(f"Charge {name} has failed and can't be captured.", "charge_not_captured")
    amount = params.integer("amount")
    amount = held["amount"] if amount is None else amount
    if amount < 1:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    if amount > held["amount"]:
        message = f"The amount to capture ({amount}) is greater than the amount held ({held['amount']})."
        raise conflict(message, "amount_too_large", "amount")
    if "receipt_email" in params:
        held["receipt_email"] = params.text("receipt_email")
        charges.keep(desk, held)
    done = charges.capture(desk, name, amount)
    confirming.dispute_if_asked(desk, done)
    return done


def expire(desk: Desk, name: str) -> Doc | None:
    """The bank lets go of a held amount that nobody captured."""
    held = desk.find("charge", name)
    waiting = held["status"] == "succeeded" and not held["captured"] and not held.get("_voided")
    return charges.void(desk, name, expired=True) if waiting else None
