"""Placing orders and asking what they would cost: the calls of customers."""

from typing import Any

import msgspec
from litestar import MediaType, Response, post

from bottega.domains.catalog import Shop, Shops
from bottega.domains.merchants import StoreNotFound
from bottega.domains.orders import store
from bottega.domains.orders.actions.paying import OpenPayment, reopen_payment
from bottega.domains.orders.actions.placing import as_placed, prepare, price
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
from bottega.domains.orders.model import Contact, Placed, Placement, PlaceOrder
from bottega.domains.payments import Desk, PaymentStatus, ProviderRefused, ProviderUnavailable
from bottega.infra.group_commit import GroupCommit
from bottega.infra.transaction import Answer
from bottega.infra.web.answers import json, kept
from bottega.infra.web.body import Strict, claim, fingerprint, idempotency_key
from bottega.infra.web.context import Context, context, owned
from bottega.infra.web.hot import HotRoute, Reply
from bottega.infra.web.problem import AnyRequest
from bottega.kit import ids
from bottega.kit.clock import utc_now
from bottega.kit.errors import DomainError, IdempotencyKeyReused
from bottega.kit.subject import Subject, SubjectKind
from bottega.kit.text import canonical_email, canonical_phone


class OrderLane(GroupCommit[Placement, Placed]):
    """The lane in which orders are placed: one commit for all that arrive together."""


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


async def place_order_hot(request: AnyRequest, _: str, body: bytes) -> Reply:
    """As `place_order`, for the hot route."""
    return await _place_once(request, _Body(request).decode_bytes(body))


async def _place_once(request: AnyRequest, data: PlaceOrder) -> Reply:
    here = context(request)
    subject = await here.gate.known(request)
    key = idempotency_key(request)
    placed = await place(here, subject, data, key)
    return Reply(201, _REPLAYED if placed.replayed else _CREATED, await first_answer(here, placed))


async def place(here: Context, subject: Subject, data: PlaceOrder, key: str) -> Placed:
    """Place an order for a subject, or give the one that the key has already placed."""
    shop = await here.part(Shops).by_text(data.store_id)
    mark = fingerprint(data)
    try:
        placement = await _prepared(here, subject, shop, data, (key, mark))
    except DomainError:
        # A repeat gets its first answer even when the same order could no longer be placed now.
        earlier = await _placed_before(here, subject, shop, (key, mark))
        if earlier is None:
            raise
        return earlier
    return await here.part(OrderLane).submit(placement)


async def _prepared(here: Context, subject: Subject, shop: Shop, data: PlaceOrder, key: tuple[str, bytes]) -> Placement:
    now = utc_now()
    placement = prepare(subject, shop, data, key, now)
    if data.contact is not None and (data.contact.phone or data.contact.email):
        sealed = seal_contact(here, shop, placement, data.contact)
        placement = msgspec.structs.replace(placement, contact_sealed=sealed)
    return placement


def seal_contact(here: Context, shop: Shop, placement: Placement, contact: Contact) -> bytes:
    """Phone and e-mail, checked, as the order keeps them: sealed, bound to this order."""
    kept_contact = Contact(
        phone=canonical_phone(contact.phone, "/contact/phone") if contact.phone else None,
        email=canonical_email(contact.email, "/contact/email") if contact.email else None,
    )
    place_of = f"orders.contact:{placement.order_id}"
    return here.keyring.seal(shop.store.merchant_id, place_of, msgspec.json.encode(kept_contact).decode())


async def _placed_before(here: Context, subject: Subject, shop: Shop, key: tuple[str, bytes]) -> Placed | None:
    if subject.merchant_id != shop.store.merchant_id:
        raise StoreNotFound
    async with here.database.read(subject.merchant_id) as tx:
        owner = await store.find_by_key(tx, shop.store.store_id, subject.subject_id, key[0])
        if owner is None:
            return None
        if bytes.fromhex(owner.fingerprint) != key[1]:
            raise IdempotencyKeyReused
        order = await store.find(tx, shop.store.store_id, owner.order_id)
    assert order is not None
    return Placed(as_placed(order), replayed=True)


async def first_answer(here: Context, placed: Placed) -> bytes:
    """The body of the answer to a placement; the same for every repeat."""
    order = placed.order
    shop = await here.part(Shops).get(order.store_id)
    payment = None if order.payment_id is None else await _intent(here, placed)
    return msgspec.json.encode(order_view(here, order, shop.store.order_prefix, payment))


async def _intent(here: Context, placed: Placed) -> OrderPaymentView:
    """The payment of a fresh online order. When the provider does not answer, the order stands without a secret:
    the client asks for it again, and the worker goes on asking the provider."""
    order = placed.order
    assert order.payment_id is not None
    shown = OrderPaymentView(ids.show("pay", order.payment_id), PaymentStatus.REQUIRES_PAYMENT)
    secret: str | None = None
    try:
        opened = await here.part(Desk).ask(order.merchant_id, order.store_id, order.payment_id, first=True)
        secret = opened.client_secret if opened is not None else None
    except (ProviderUnavailable, ProviderRefused):
        pass
    if secret is None:
        async with here.database.read(order.merchant_id) as tx:
            found = await payment_of(tx, order, secret=True)
        secret = found.client_secret if found is not None else None
    return msgspec.structs.replace(shown, client_secret=secret)


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
    body: Any = msgspec.json.encode(shown)
    return kept(Answer(200, body, answer.replayed))  # type: ignore[return-value]


HANDLERS = [place_order, quote, open_payment]
HOT = [HotRoute("POST", "/v1/orders", place_order_hot)]
