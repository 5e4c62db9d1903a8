"""What a shop says of a payment that changes no state: amounts in detail, references, options of each way to pay.

It is kept and shown again. Values come as text from the form; here those that are numbers or flags become so.
"""

from typing import Any

from bottega.sandbox.params import Params, Tree
from bottega.sandbox.problems import Doc, invalid

_NUMBERS = frozenset({"amount", "discount_amount", "quantity", "total_tax_amount", "unit_cost"})
_LONGEST_DESCRIPTOR = 22


def take(intent: Doc, params: Params) -> None:
    """Note what was sent of it on a payment intent."""
    for name in ("statement_descriptor", "statement_descriptor_suffix"):
        if len(params.text(name) or "") > _LONGEST_DESCRIPTOR:
            message = f"The {name.replace('_', ' ')} must be at most {_LONGEST_DESCRIPTOR} characters."
            raise invalid(message, name, "parameter_invalid_string_long")
    if (details := params.table("amount_details")) is not None:
        intent["amount_details"] = {"tip": {}, **_amounts(details, intent["id"])}
    if (references := params.table("payment_details")) is not None:
        intent["payment_details"] = {"customer_reference": None, "order_reference": None, **_typed(references.tree)}
    if "application_fee_amount" in params:
        intent["application_fee_amount"] = params.integer("application_fee_amount")
    if (transfer := params.table("transfer_data")) is not None:
        intent["transfer_data"] = {"destination": transfer.text("destination"), "amount": transfer.integer("amount")}
    if "on_behalf_of" in params:
        intent["on_behalf_of"] = params.text("on_behalf_of")


def take_options(intent: Doc, params: Params) -> None:
    """Options of each way to pay, such as 3-D Secure whatever the card says. Also on a setup intent."""
    options = params.table("payment_method_options")
    for kind in options.tree if options else ():
        below = options.table(kind) if options else None
        if below is None:
            continue
        if kind == "card":
            below.text("request_three_d_secure", {"automatic", "any", "challenge"})
            below.text("capture_method", {"manual"})
            below.text("setup_future_usage", {"none", "on_session", "off_session"})
        intent["payment_method_options"].setdefault(kind, {}).update(_typed(below.tree))


def held_first(intent: Doc, kind: str) -> bool:
    """Whether this way of paying only holds the money until it is captured."""
    own = intent["payment_method_options"].get(kind, {}).get("capture_method")
    return "manual" in (own, intent["capture_method"])


def kept_for_later(intent: Doc, kind: str) -> bool:
    """Whether the method shall be saved on the customer once it has paid."""
    own = intent["payment_method_options"].get(kind, {}).get("setup_future_usage")
    return (own or intent["setup_future_usage"]) in ("on_session", "off_session")


def _amounts(details: Params, intent: str) -> Doc:
    kept = _typed(details.tree)
    lines = kept.get("line_items")
    if isinstance(lines, dict):
        url = f"/v1/payment_intents/{intent}/amount_details_line_items"
        kept["line_items"] = {"object": "list", "url": url, "has_more": False, "data": list(lines.values())}
    return kept


def _typed(tree: Tree) -> Doc:
    return {name: _value(name, value) for name, value in tree.items()}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return _typed(value)
    if name in _NUMBERS:
        return Params({name: value}).integer(name)
    return {"": None, "true": True, "false": False}.get(value, value)
