"""The browser is back from the provider, or staff want to know: look now, instead of waiting for the provider's word."""

from litestar import Response, post

from bottega.domains import payments
from bottega.domains.orders import store
from bottega.domains.orders.api.views import OrderPaymentView, payment_of
from bottega.domains.orders.errors import NothingToPay, OrderNotFound
from bottega.domains.orders.model import Order
from bottega.domains.payments import Desk
from bottega.infra.web.answers import json
from bottega.infra.web.context import context, owned
from bottega.infra.web.problem import AnyRequest
from bottega.kit import ids
from bottega.kit.subject import system


@post("/v1/orders/{order_id:str}/payment/check", status_code=200, summary="See how an order's payment stands",
      tags=["Payment"])  # fmt: skip
async def check_payment(request: AnyRequest, order_id: str) -> Response[OrderPaymentView]:
    """The payment, read again at the provider where it is not settled yet. 402 with the reason where it was not paid.

    Nothing that the caller says moves anything: this is the verb that the provider's webhook and the sweep call. Takes no
    key, because it may be repeated at will.
    """
    here, subject, store_id, parsed = await owned(request, "ord", order_id)
    async with here.database.read(subject.merchant_id) as tx:
        order = await store.find(tx, store_id, parsed)
        if order is None or (order.placed_by != subject.subject_id and not subject.may("orders.read", store_id)):
            raise OrderNotFound
        payment = None if order.payment_id is None else await payments.read(tx, store_id, order.payment_id)
    if payment is None:
        raise NothingToPay(extra={"order_status": order.status})
    await context(request).part(Desk).look(system(order.merchant_id, "provider"), payment)
    async with here.database.read(subject.merchant_id) as tx:
        shown = await payment_of(tx, order, secret=order.placed_by == subject.subject_id)
        now = await payments.read(tx, store_id, payment.payment_id)
    assert now is not None
    _check_paid(order, now)
    return json(shown)  # type: ignore[return-value]


def _check_paid(order: Order, payment: payments.Payment) -> None:
    """Raise the refusal that says why a payment is not paid; one that merely waits, or is paid, passes."""
    kind = payments.refusal(payment.status, payment.failure_code)
    if kind is not None:
        named = {"payment_id": ids.show("pay", payment.payment_id), "payment_status": payment.status}
        raise kind(extra=named | {"order_status": order.status})


HANDLERS = [check_payment]
