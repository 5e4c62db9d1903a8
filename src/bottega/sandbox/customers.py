"""Customers: a name, a way to reach them, metadata. Saved payment methods point at them, not the other way round."""

import msgspec

from bottega.sandbox import methods, tokens
from bottega.sandbox.desk import Desk, created, listing
from bottega.sandbox.events import emit, snapshot
from bottega.sandbox.ids import new_id
from bottega.sandbox.params import Params
from bottega.sandbox.problems import Doc, not_found

_TEXTS = ("name", "email", "phone", "description", "business_name", "individual_name")
TAX_EXEMPT = frozenset({"none", "exempt", "reverse"})


def create(desk: Desk, params: Params) -> Doc:
    """A new customer."""
    customer = created(
        desk, new_id("cus"), "customer",
        address=None, balance=0, currency=None, customer_account=None, default_source=None, delinquent=False,
        discount=None, invoice_prefix=None, next_invoice_sequence=1, preferred_locales=[], shipping=None,
        invoice_settings={"custom_fields": None, "default_payment_method": None, "footer": None,
                          "rendering_options": None},
        tax_exempt="none", test_clock=None, metadata={}, **dict.fromkeys(_TEXTS),
    )  # fmt: skip
    _fill(customer, params)
    desk.save(customer)
    emit(desk, "customer.created", customer)
    if method := params.text("payment_method"):
        methods.attach(desk, Params({"customer": customer["id"]}), method)
    _fill_defaults(desk, customer, params)
    desk.save(customer)
    return customer


def _fill(customer: Doc, params: Params) -> None:
    for name in _TEXTS:
        if name in params:
            customer[name] = params.email(name) if name == "email" else params.text(name)
    for name in ("address", "shipping"):
        if name in params:
            customer[name] = params.plain(name)
    if "tax_exempt" in params:
        customer["tax_exempt"] = params.text("tax_exempt", TAX_EXEMPT) or "none"
    if "preferred_locales" in params:
        customer["preferred_locales"] = params.texts("preferred_locales")
    customer["metadata"] = params.metadata(customer["metadata"])


def _fill_defaults(desk: Desk, customer: Doc, params: Params) -> None:
    """What it pays with when nobody says."""
    if settings := params.table("invoice_settings"):
        if method := settings.text("default_payment_method"):
            _own(desk, customer, method, "invoice_settings[default_payment_method]")
        customer["invoice_settings"] |= {name: value or None for name, value in settings.tree.items()}
    if params.tree.get("source"):
        _take_source(desk, customer, params)
    elif name := params.text("default_source"):
        customer["default_source"] = _own(desk, customer, name, "default_source")


def _take_source(desk: Desk, customer: Doc, params: Params) -> None:
    """A card from a token becomes the default one."""
    method = tokens.method_of(desk, params, "source")
    desk.save(customer)
    methods.attach(desk, Params({"customer": customer["id"]}), method["id"])
    customer["default_source"] = method["id"]


def _own(desk: Desk, customer: Doc, method: str, param: str) -> str:
    found = desk.store.get("payment_method", method)
    if found is None or found["customer"] != customer["id"]:
        raise not_found("PaymentMethod", method, param)
    return method


def living(desk: Desk, name: str, param: str = "customer") -> Doc:
    """A customer that hasn't been deleted. Refused with 404."""
    customer = desk.find("customer", name, param)
    if customer.get("_deleted"):
        raise not_found("customer", name, param)
    return customer


def retrieve(desk: Desk, params: Params, name: str) -> Doc:
    """By id; a deleted one answers with `deleted: true`, as at Stripe."""
    customer = desk.find("customer", name)
    if customer.get("_deleted"):
        return {"id": name, "object": "customer", "deleted": True}
    return customer


def update(desk: Desk, params: Params, name: str) -> Doc:
    """Change what is sent, keep the rest."""
    customer = living(desk, name, "id")
    before = msgspec.json.decode(msgspec.json.encode(customer))
    _fill(customer, params)
    _fill_defaults(desk, customer, params)
    desk.save(customer)
    emit(desk, "customer.updated", customer, snapshot(before, customer))
    return customer


def delete(desk: Desk, params: Params, name: str) -> Doc:
    """Marked, never gone: charges still point at them. Their saved methods are let go."""
    customer = living(desk, name, "id")
    customer["_deleted"] = True
    desk.save(customer)
    for method in methods.saved(desk, name):
        methods.detach(desk, Params({}), method["id"])
    emit(desk, "customer.deleted", customer)
    return {"id": name, "object": "customer", "deleted": True}


def list_all(desk: Desk, params: Params) -> Doc:
    """Newest first, filtered by `email`."""
    return listing(desk, "customer", params, "/v1/customers", lambda customer: not customer.get("_deleted"))
