"""Placing orders and asking what they would cost: the calls of customers."""

from collections.abc import Awaitable
from typing import Any

import msgspec
from litestar import MediaType, Response, post

from bottega.domains.catalog import Shops
from bottega.domains.merchants import StoreNotFound
from bottega.domains.orders import store
from bottega.domains.orders.actions.ordering import Ordering
from bottega.domains.orders.actions.paying import OpenPayment, reopen_payment
from bottega.domains.orders.actions.placing import price
from bottega.domains.orders.api.views import (
    OrderPaymentView,
    OrderView,
    QuoteView,
    order_view,
    payment_of,
    payment_view,
    quote_view,
)
from bottega.domains.orders.errors import OrderNotFound
from bottega.domains.orders.model import Placed, PlaceOrder
from bottega.domains.payments import Desk, PaymentStatus, ProviderUnavailable
from bottega.infra.transaction import Answer
from bottega.infra.web.answers import json, kept
from bottega.infra.web.body import Strict, claim, idempotency_key
from bottega.infra.web.context import Context, context, owned
from bottega.infra.web.hot import HotRoute, Reply
from bottega.infra.web.problem import AnyRequest
from bottega.kit import ids
from bottega.kit.clock import utc_now
from bottega.kit.subject import SubjectKind

_CREATED = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))
_REPLAYED = (*_CREATED, (b"idempotency-replayed", b"true"))
_Body = Strict[PlaceOrder]


@post("/v1/orders", dto=_Body, return_dto=None, status_code=201, summary="Place an order", tags=["Ordering"])
async def place_order(request: AnyRequest, data: PlaceOrder) -> Response[OrderView]:
    """Priced on the server, placed once per `Idempotency-Key`; an online order comes with the secret to pay it with."""
    reply = await _place_once(request, data)
    headers = {name.decode(): value.decode() for name, value in reply.headers[1:]}
    body: Any = reply.body
    return Response(body, status_code=201, media_type=MediaType.JSON, headers=headers)


def place_order_hot(request: AnyRequest, _: str, body: bytes) -> Awaitable[Reply]:
    """As `place_order`, for the hot route."""
    return _place_once(request, _Body(request).decode_bytes(body))


async def _place_once(request: AnyRequest, data: PlaceOrder) -> Reply:
    here = context(request)
    subject = await here.gate.known(request)
    key = idempotency_key(request)
    placed = await here.part(Ordering).place(subject, data, key)
    body = await first_answer(here, placed)
    return Reply(201, _REPLAYED if placed.replayed else _CREATED, body)


async def first_answer(here: Context, placed: Placed) -> bytes:
    """The body of the answer to a placement; the same for every repeat."""
    order = placed.order
    shop = await here.part(Shops).get(order.store_id)
    payment: OrderPaymentView | None = None
    if order.payment_id is not None:
        secret = await here.part(Ordering).client_secret(order, repeated=placed.replayed)
        payment = OrderPaymentView(ids.show("pay", order.payment_id), PaymentStatus.REQUIRES_PAYMENT, secret)
    return msgspec.json.encode(order_view(here, order, shop.store.order_prefix, payment, quote=placed.quote))


@post("/v1/quotes", dto=Strict[PlaceOrder], return_dto=None, status_code=200, summary="What an order would cost",
      tags=["Ordering"])  # fmt: skip
async def quote(request: AnyRequest, data: PlaceOrder) -> Response[QuoteView]:
    """Same body as an order, checked and priced; nothing is stored."""
    here = context(request)
    subject = await here.gate.subject(request)
    shop = await here.part(Shops).by_text(data.store_id)
    if subject.kind is not SubjectKind.ANONYMOUS and subject.merchant_id != shop.store.merchant_id:
        raise StoreNotFound
    return json(quote_view(price(shop, data, utc_now())))  # type: ignore[return-value]


@post(
    "/v1/orders/{order_id:str}/payment", status_code=200, summary="Open a payment for an unpaid order", tags=["Payment"]
)
async def open_payment(request: AnyRequest, order_id: str) -> Response[OrderPaymentView]:
    """The payment to confirm: the present one, or a new one when that has failed. 503 while the provider does not answer."""
    here, subject, store_id, parsed = await owned(request, "ord", order_id)
    command = OpenPayment(store_id, parsed, here.settings.stripe_account)
    key = claim(request, "orders.open_payment", command)
    answer = await here.database.answer(
        reopen_payment, command, by=subject, key=key, view=lambda order: Answer(200, str(order.payment_id).encode())
    )
    async with here.database.read(subject.merchant_id) as tx:
        order = await store.find(tx, store_id, parsed)
    if order is None or order.payment_id is None:
        raise OrderNotFound
    opened = await here.part(Desk).ask(order.merchant_id, order.store_id, order.payment_id, first=True)
    async with here.database.read(subject.merchant_id) as tx:
        shown = await payment_of(tx, order, secret=True)
    if opened is not None:
        shown = payment_view(opened, [], secret=True)
    if shown is not None and shown.client_secret is None and shown.status == PaymentStatus.REQUIRES_PAYMENT:
        raise ProviderUnavailable(retry_after=1)
    body: Any = msgspec.json.encode(shown)
    return kept(Answer(200, body, answer.replayed))  # type: ignore[return-value]


HANDLERS = [place_order, quote, open_payment]
HOT = [HotRoute("POST", "/v1/orders", place_order_hot)]
