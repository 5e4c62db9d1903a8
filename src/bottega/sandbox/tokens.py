"""Tokens and sources, as programs older than payment methods use them: `tok_visa`, a typed card, a customer's card.

Behind each there is a payment method of ours, whose id begins with `card_` when it came from a token.
"""

from bottega.sandbox import methods
from bottega.sandbox.desk import Desk, created
from bottega.sandbox.ids import new_id
from bottega.sandbox.params import Params
from bottega.sandbox.problems import Doc, invalid, missing_param


def create(desk: Desk, params: Params) -> Doc:
    """A token of a typed card, good for one use."""
    if "card" not in params:
        raise missing_param("card")
    method = methods.typed_card(desk, params.table("card"), prefix="card")
    token = created(
        desk, new_id("tok"), "token",
        bank_account=None, card=face_of(method), client_ip=None, type="card", used=False, _method=method["id"],
    )  # fmt: skip
    desk.save(token)
    return token


def retrieve(desk: Desk, params: Params, name: str) -> Doc:
    """By id."""
    return desk.find("token", name)


def method_of(desk: Desk, params: Params, name: str) -> Doc:
    """The payment method behind a `source`: a token's, a typed card's, or one that exists already."""
    given = params.tree[name]
    if isinstance(given, dict):
        return methods.typed_card(desk, params.table(name), prefix="card")
    given = params.required(name)
    return methods.of_token(desk, given, name) if given.startswith("tok_") else methods.resolve(desk, given, name)


def face_of(method: Doc) -> Doc:
    """A card as it was shown before there were payment methods."""
    if method["type"] != "card":
        raise invalid(f"A {method['type']} is no card.", "source")
    card, billing = method["card"], method["billing_details"]
    return {
        "id": method["id"], "object": "card", "brand": card["brand"].capitalize(), "country": card["country"],
        "customer": method["customer"], "cvc_check": card["checks"]["cvc_check"], "dynamic_last4": None,
        "exp_month": card["exp_month"], "exp_year": card["exp_year"], "fingerprint": card["fingerprint"],
        "funding": card["funding"], "last4": card["last4"], "metadata": {}, "name": billing["name"],
        "tokenization_method": card["wallet"] and card["wallet"]["type"], "wallet": card["wallet"],
    }  # fmt: skip
