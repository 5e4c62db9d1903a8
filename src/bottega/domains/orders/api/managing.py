"""Reading orders, changing, cancelling and moving them: the calls of customers about their own, and of staff."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, patch, post
from litestar.di import Provide
from litestar.params import Parameter

from bottega.domains.catalog import Shops
from bottega.domains.orders import store
from bottega.domains.orders.actions.changing import ChangeLines, change_lines
from bottega.domains.orders.actions.moving import CancelOwn, MoveOrder, cancel_own, transition
from bottega.domains.orders.api.views import OrdersView, OrderView, order_view, payment_of, shortage_view
from bottega.domains.orders.errors import OrderNotFound
from bottega.domains.orders.model import CancelOrder, ChangeOrder, Order, OrderFilter, Transition
from bottega.domains.orders.states import OrderStatus
from bottega.domains.orders.store import shortages
from bottega.domains.payments import Desk, PaymentStatus
from bottega.infra.transaction import Answer
from bottega.infra.web.after import follow
from bottega.infra.web.answers import expected_versions, json, kept, matches, not_modified
from bottega.infra.web.body import Strict, claim, rendered
from bottega.infra.web.context import Context, context, owned, staff_at
from bottega.infra.web.problem import AnyRequest
from bottega.kit import ids
from bottega.kit.errors import FieldError, Invalid
from bottega.kit.pagination import DEFAULT_LIMIT, check_limit, decode_cursor, encode_cursor
from bottega.kit.subject import Subject
from bottega.kit.text import clean

_PRIVATE = "private, no-cache"


async def read_order(here: Context, subject: Subject, store_id: UUID, order_id: UUID) -> OrderView:
    """An order with its history, for its customer or the store's staff. Raises `OrderNotFound` for anybody else."""
    async with here.database.read(subject.merchant_id) as tx:
        order = await store.find(tx, store_id, order_id)
        if order is None or (order.placed_by != subject.subject_id and not subject.may("orders.read", store_id)):
            raise OrderNotFound
        history = await store.history(tx, store_id, order_id)
        payment = await payment_of(tx, order, secret=order.placed_by == subject.subject_id)
        found = await shortages.of_order(tx, store_id, order_id)
    shop = await here.part(Shops).get(store_id)
    shown = order_view(here, order, shop.store.order_prefix, payment, history)
    return msgspec.structs.replace(shown, shortages=[shortage_view(shop.store, order, each) for each in found])


@get("/v1/orders/{order_id:str}", summary="An order with its history", tags=["Ordering"])
async def get_order(request: AnyRequest, order_id: str) -> Response[OrderView]:
    """For its customer, and for staff of its store. The ETag is the order's sequence number."""
    here, subject, store_id, parsed = await owned(request, "ord", order_id)
    shown = await read_order(here, subject, store_id, parsed)
    etag = f'"{shown.seq}-{shown.payment.status if shown.payment else ""}"'
    if matches(request, etag):
        return not_modified(etag, _PRIVATE)  # type: ignore[return-value]
    return json(shown, headers={"ETag": etag, "Cache-Control": _PRIVATE})  # type: ignore[return-value]


class OrderQuery(msgspec.Struct, frozen=True):
    """Which orders a list is asked for, as the query says it."""

    statuses: tuple[OrderStatus, ...]
    store_id: str | None
    customer_id: str | None
    created_from: datetime | None
    created_to: datetime | None
    q: str | None


class Paging(msgspec.Struct, frozen=True):
    """Which page of it."""

    limit: int
    before: UUID | None


def order_query(
    status: str | None = None,
    store_id: str | None = None,
    customer_id: str | None = None,
    created_from: Annotated[datetime | None, Parameter(query="from")] = None,
    created_to: Annotated[datetime | None, Parameter(query="to")] = None,
    q: str | None = None,
) -> OrderQuery:
    """The filters of a list: comma separated statuses, ids, RFC 3339 instants, and a number or name."""
    return OrderQuery(_statuses(status), store_id, customer_id, created_from, created_to, q)


def paging(limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Paging:
    """The page of a list: 1 to 100 rows behind an opaque cursor."""
    return Paging(check_limit(limit), _before(cursor))


@get(
    "/v1/orders",
    summary="Orders, newest first",
    tags=["Ordering"],
    dependencies={
        "wanted": Provide(order_query, sync_to_thread=False),
        "page": Provide(paging, sync_to_thread=False),
    },
)
async def list_orders(request: AnyRequest, wanted: OrderQuery, page: Paging) -> Response[OrdersView]:
    """A customer's own orders; for staff, the orders of a store, by status, time, number or name (`q`)."""
    here = context(request)
    subject = await here.gate.known(request)
    place = ids.parse("sto", wanted.store_id) if wanted.store_id else None
    staff = subject.may("orders.read", place)
    if place is not None and staff:
        await staff_at(request, wanted.store_id or "", "orders.read")
    number = _number(wanted.q)
    which = OrderFilter(
        store_id=place,
        placed_by=None if staff else subject.subject_id,
        customer_id=ids.parse("usr", wanted.customer_id) if wanted.customer_id and staff else None,
        statuses=wanted.statuses,
        created_from=wanted.created_from,
        created_to=wanted.created_to,
        number=number,
        name=clean(wanted.q, "/q", max_length=60) if wanted.q and number is None else None,
        before=page.before,
        limit=page.limit + 1,
    )
    async with here.database.read(subject.merchant_id) as tx:
        found = await store.listed(tx, which)
    more = encode_cursor(found[page.limit - 1].order_id.hex) if len(found) > page.limit else None
    return json(OrdersView([await _brief(here, order) for order in found[: page.limit]], more))  # type: ignore[return-value]


@patch("/v1/orders/{order_id:str}", dto=Strict[ChangeOrder], return_dto=None, summary="Change the lines of an order",
       tags=["Ordering"])  # fmt: skip
async def change_order(request: AnyRequest, order_id: str, data: ChangeOrder) -> Response[OrderView]:
    """While nobody has started it; priced again. `If-Match` with its ETag or sequence number guards against surprises."""
    here, subject, store_id, parsed = await owned(request, "ord", order_id)
    shop = await here.part(Shops).get(store_id)
    change = ChangeLines(shop, parsed, data, here.settings.stripe_account, expected_versions(request))
    changed = await here.database.run(change_lines, change, by=subject)
    if changed.payment_id is not None:
        follow(here.part(Desk).ask(changed.merchant_id, store_id, changed.payment_id, first=True))
    return json(await read_order(here, subject, store_id, changed.order_id))  # type: ignore[return-value]


@post("/v1/orders/{order_id:str}/cancel", dto=Strict[CancelOrder], return_dto=None, status_code=200,
      summary="Take an order back", tags=["Ordering"])  # fmt: skip
async def cancel_order(request: AnyRequest, order_id: str, data: CancelOrder) -> Response[OrderView]:
    """For its customer, only while PLACED or PAID. What was paid is refunded."""
    here, subject, store_id, parsed = await owned(request, "ord", order_id)
    command = CancelOwn(store_id, parsed, data)
    key = claim(request, "orders.cancel", command)
    view = await _viewer(here, store_id)
    answer = await here.database.answer(cancel_own, command, by=subject, key=key, view=view)
    return await _after_money(here, subject, store_id, parsed, answer)


@post("/v1/orders/{order_id:str}/transition", dto=Strict[Transition], return_dto=None, status_code=200,
      summary="Move an order", tags=["Ordering"])  # fmt: skip
async def move_order(request: AnyRequest, order_id: str, data: Transition) -> Response[OrderView]:
    """Staff move an order on. 409 with the present status when somebody was faster, or when there is no such move."""
    here, subject, store_id, parsed = await owned(request, "ord", order_id)
    command = MoveOrder(store_id, parsed, data)
    key = claim(request, "orders.transition", command)
    view = await _viewer(here, store_id)
    answer = await here.database.answer(transition, command, by=subject, key=key, view=view)
    if data.to_status is OrderStatus.CANCELLED:
        return await _after_money(here, subject, store_id, parsed, answer)
    if data.to_status is OrderStatus.IN_PROGRESS:
        follow(_take_hold(here, subject, store_id, parsed))
    return kept(answer)  # type: ignore[return-value]


async def _viewer(here: Context, store_id: UUID) -> Callable[[Order], Answer]:
    """How an order that was moved is shown (its payment is read afterwards, where the client asks for it)."""
    shop = await here.part(Shops).get(store_id)

    def view(order: Order) -> Answer:
        return rendered(order_view(here, order, shop.store.order_prefix, None))

    return view


async def _after_money(
    here: Context, subject: Subject, store_id: UUID, order_id: UUID, answer: Answer
) -> Response[OrderView]:
    """A cancelled order: the provider is asked for the refund or void right away, and the answer shows it pending."""
    if answer.replayed:
        return kept(answer)  # type: ignore[return-value]
    async with here.database.read(subject.merchant_id) as tx:
        order = await store.find(tx, store_id, order_id)
    if order is not None and order.payment_id is not None:
        follow(here.part(Desk).ask(order.merchant_id, store_id, order.payment_id, first=True))
        return json(await read_order(here, subject, store_id, order_id))  # type: ignore[return-value]
    return kept(answer)  # type: ignore[return-value]


async def _take_hold(here: Context, subject: Subject, store_id: UUID, order_id: UUID) -> None:
    """What is held for an order that was started is taken right after the answer; the worker would do it a moment later."""
    async with here.database.read(subject.merchant_id) as tx:
        order = await store.find(tx, store_id, order_id)
        payment = None if order is None else await payment_of(tx, order, secret=False)
    if order is not None and order.payment_id is not None and payment and payment.status == PaymentStatus.AUTHORIZED:
        await here.part(Desk).ask(order.merchant_id, store_id, order.payment_id, first=True)


async def _brief(here: Context, order: Order) -> OrderView:
    shop = await here.part(Shops).get(order.store_id)
    return order_view(here, order, shop.store.order_prefix, None)


def _statuses(text: str | None) -> tuple[OrderStatus, ...]:
    if not text:
        return ()
    try:
        return tuple(OrderStatus(each) for each in text.split(","))
    except ValueError as error:
        raise Invalid(
            "status is a list of order statuses", errors=(FieldError("/status", "invalid", str(error)),)
        ) from error


def _number(q: str | None) -> int | None:
    digits = (q or "").rpartition("-")[2]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None


def _before(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    position = decode_cursor(cursor)
    try:
        return UUID(str(position[0]))
    except (ValueError, IndexError) as error:
        raise Invalid("That cursor was not made here") from error


HANDLERS = [get_order, list_orders, change_order, cancel_order, move_order]
