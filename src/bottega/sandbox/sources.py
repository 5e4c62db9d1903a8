"""A customer's cards as they were kept before there were payment methods: `/v1/customers/…/sources`.

Behind each there is a saved payment method; the first one becomes the default that a charge takes.
"""

from bottega.sandbox import customers, methods, tokens
from bottega.sandbox.desk import Desk, listing
from bottega.sandbox.params import Params
from bottega.sandbox.problems import Doc, missing_param, not_found


def create(desk: Desk, params: Params, customer: str) -> Doc:
    """Save a token's card."""
    owner = customers.living(desk, customer, "id")
    if "source" not in params:
        raise missing_param("source")
    method = tokens.method_of(desk, params, "source")
    methods.attach(desk, Params({"customer": customer}), method["id"])
    if owner["default_source"] is None:
        desk.save(owner | {"default_source": method["id"]})
    return retrieve(desk, params, customer, method["id"])


def retrieve(desk: Desk, params: Params, customer: str, name: str) -> Doc:
    """One card, if it is this customer's."""
    method = desk.store.get("payment_method", name)
    if method is None or method["customer"] != customer or desk.store.account_of(name) != desk.account:
        raise not_found("source", name)
    return tokens.face_of(method)


def list_all(desk: Desk, params: Params, customer: str) -> Doc:
    """All cards, newest first."""
    customers.living(desk, customer, "id")
    below = Params({name: value for name, value in params.tree.items() if name != "object"} | {"customer": customer})
    found = listing(
        desk, "payment_method", below, f"/v1/customers/{customer}/sources", lambda method: method["type"] == "card"
    )
    return found | {"data": [tokens.face_of(method) for method in found["data"]]}


def delete(desk: Desk, params: Params, customer: str, name: str) -> Doc:
    """Forget a card."""
    retrieve(desk, params, customer, name)
    methods.detach(desk, Params({}), name)
    return {"id": name, "object": "card", "deleted": True}
