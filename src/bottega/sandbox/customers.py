"""Customers: a name, a way to reach them, metadata. Saved payment methods point at them, not the other way round."""

from bottega.sandbox import methods
from bottega.sandbox.desk import Desk, created, listing
from bottega.sandbox.events import emit
from bottega.sandbox.ids import new_id
from bottega.sandbox.params import Params
from bottega.sandbox.problems import Doc, not_found

_TEXTS = ("name", "email", "phone", "description")


def create(desk: Desk, params: Params) -> Doc:
    """A new customer."""
    customer = created(
        desk, new_id("cus"), "customer",
        address=None, balance=0, currency=None, default_source=None, delinquent=False, discount=None,
        invoice_prefix=None, invoice_settings={"default_payment_method": None}, preferred_locales=[], shipping=None,
        tax_exempt="none", test_clock=None, metadata={}, **dict.fromkeys(_TEXTS),
    )  # fmt: skip
    _fill(customer, params)
    desk.save(customer)
    emit(desk, "customer.created", customer)
    if method := params.text("payment_method"):
        methods.attach(desk, Params({"customer": customer["id"]}), method)
    return customer


def _fill(customer: Doc, params: Params) -> None:
    for name in _TEXTS:
        if name in params:
            customer[name] = params.text(name)
    for name in ("address", "shipping"):
        if name in params:
            customer[name] = params.plain(name)
    settings = params.table("invoice_settings")
    if settings is not None:
        customer["invoice_settings"] |= settings.tree
    customer["metadata"] = params.metadata(customer["metadata"])


def living(desk: Desk, name: str) -> Doc:
    """A customer that hasn't been deleted. Refused with 404."""
    customer = desk.find("customer", name, "customer")
    if customer.get("_deleted"):
        raise not_found("customer", name, "customer")
    return customer


def retrieve(desk: Desk, params: Params, name: str) -> Doc:
    """By id; a deleted one answers with `deleted: true`, as at Stripe."""
    customer = desk.find("customer", name)
    if customer.get("_deleted"):
        return {"id": name, "object": "customer", "deleted": True}
    return customer


def update(desk: Desk, params: Params, name: str) -> Doc:
    """Change what is sent, keep the rest."""
    customer = desk.find("customer", name)
    _fill(customer, params)
    desk.save(customer)
    emit(desk, "customer.updated", customer)
    return customer


def delete(desk: Desk, params: Params, name: str) -> Doc:
    """Marked, never gone: charges still point at them."""
    customer = desk.find("customer", name)
    customer["_deleted"] = True
    desk.save(customer)
    emit(desk, "customer.deleted", customer)
    return {"id": name, "object": "customer", "deleted": True}


def list_all(desk: Desk, params: Params) -> Doc:
    """Newest first, filtered by `email`."""
    return listing(desk, "customer", params, "/v1/customers")
