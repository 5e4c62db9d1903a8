"""The streams' addresses: an order for its customer (or whoever has its link), the queue for staff, the screen for all."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
from litestar import WebSocket, get, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.response.base import ASGIResponse

from bottega.domains import kitchen, orders
from bottega.domains.catalog import Shops
from bottega.domains.live import rules, store
from bottega.domains.orders import Order, OrderNotFound
from bottega.infra.db import ReadTx
from bottega.infra.web.context import Context, context, owned, staff_at
from bottega.infra.web.hot import HotRoute
from bottega.infra.web.problem import AnyRequest
from bottega.infra.web.streams import (
    REPLAY_LIMIT,
    Begin,
    EventStream,
    Hub,
    Opening,
    last_position,
    serve_websocket,
)
from bottega.kit import ids
from bottega.kit.clock import utc_now
from bottega.kit.errors import DomainError, NotFound, Unauthenticated

Snapshot = Callable[[ReadTx], Awaitable[tuple[str, Any]]]


def beginning(here: Context, topic: str, place: tuple[UUID, UUID], snapshot: Snapshot) -> Begin:
    """How a stream begins: what was missed behind the client's position, or the present state.

    A position that the log can't continue from (too old, of the future, too much missed) gives `reset` and the state.
    """
    hub = here.part(Hub)
    merchant_id, store_id = place

    async def begin(last_seen: int | None) -> Opening:
        await hub.followed()
        async with here.database.read(merchant_id) as tx:
            position = await kitchen.log_position(tx)
            if last_seen is not None and await store.log_reaches(tx, last_seen):
                missed = await store.missed(tx, store_id, last_seen, REPLAY_LIMIT + 1)
                if len(missed) <= REPLAY_LIMIT:
                    frames = [frame for entry in missed for frame in hub.messages(entry, topic)]
                    return Opening(frames, position)
            event, state = await snapshot(tx)
        frames = [(position, event, msgspec.json.encode(state))]
        if last_seen is not None:
            frames.insert(0, (position, "reset", b"{}"))
        return Opening(frames, position)

    return begin


def _order_state(order: Order, number: str) -> dict[str, Any]:
    return {
        "order_id": ids.show("ord", order.order_id),
        "seq": order.seq,
        "number": number,
        "status": order.status,
        "from_status": None,
        "at": order.updated_at,
        "ready_estimate": order.promised_at,
        "allowed_transitions": orders.allowed(order),
    }


async def order_stream(
    here: Context, merchant_id: UUID, store_id: UUID, order_id: UUID, allowed: Callable[[Order], bool]
) -> tuple[str, Begin]:
    """Topic and beginning of an order's stream. Raises `OrderNotFound` unless `allowed` says yes."""
    shop = await here.part(Shops).get(store_id)

    async def snapshot(tx: ReadTx) -> tuple[str, Any]:
        order = await orders.find(tx, store_id, order_id)
        assert order is not None
        return "state", _order_state(order, orders.display_number(shop.store.order_prefix, order.number))

    async with here.database.read(merchant_id) as tx:
        order = await orders.find(tx, store_id, order_id)
    if order is None or not allowed(order):
        raise OrderNotFound
    topic = rules.order_topic(order_id)
    return topic, beginning(here, topic, (merchant_id, store_id), snapshot)


def queue_stream(here: Context, merchant_id: UUID, store_id: UUID) -> tuple[str, Begin]:
    """Topic and beginning of a queue's stream."""

    async def snapshot(tx: ReadTx) -> tuple[str, Any]:
        tickets = await kitchen.open_tickets(tx, store_id)
        position = await kitchen.log_position(tx)
        shown = [kitchen.ticket_view(ticket) for ticket in tickets]
        return "snapshot", {"tickets": shown, "server_now": utc_now(), "position": position}

    topic = rules.queue_topic(store_id)
    return topic, beginning(here, topic, (merchant_id, store_id), snapshot)


def screen_stream(here: Context, merchant_id: UUID, store_id: UUID) -> tuple[str, Begin]:
    """Topic and beginning of a pick-up screen's stream."""

    async def snapshot(tx: ReadTx) -> tuple[str, Any]:
        tickets = await kitchen.open_tickets(tx, store_id)
        shown = [
            {"number": each.number, "state": each.state, "ticket_id": ids.show("tkt", each.ticket_id)}
            for each in tickets
        ]
        return "snapshot", {"tickets": shown}

    topic = rules.screen_topic(store_id)
    return topic, beginning(here, topic, (merchant_id, store_id), snapshot)


def _stream(request: AnyRequest, here: Context, topic: str, begin: Begin) -> ASGIResponse:
    hub = here.part(Hub)
    seen = last_position(request.headers.get("last-event-id") or request.query_params.get("last_event_id"))
    return EventStream(hub, hub.open(topic), begin, seen)


@get("/v1/orders/{order_id:str}/stream", summary="An order, live (SSE; WebSocket on the same path)", tags=["Live"])
async def order_events(request: AnyRequest, order_id: str) -> ASGIResponse:
    """First `state`, then `status` and `payment` events with `id` = log position; `Last-Event-ID` replays."""
    return await _order_events(request, order_id)


async def _order_events(request: AnyRequest, order_id: str) -> ASGIResponse:
    here, subject, store_id, parsed = await owned(request, "ord", order_id)
    topic, begin = await order_stream(
        here,
        subject.merchant_id,
        store_id,
        parsed,
        lambda order: order.placed_by == subject.subject_id or subject.may("orders.read", store_id),
    )
    return _stream(request, here, topic, begin)


@get(
    "/v1/stores/{store_id:str}/queue/stream", summary="The queue, live (SSE; WebSocket on the same path)", tags=["Live"]
)
async def queue_events(request: AnyRequest, store_id: str) -> ASGIResponse:
    """First `snapshot`, then `ticket` and `availability` events."""
    here, subject, parsed = await staff_at(request, store_id, "kitchen.work")
    topic, begin = queue_stream(here, subject.merchant_id, parsed)
    return _stream(request, here, topic, begin)


@get("/v1/stores/{store_id:str}/screen/stream", summary="The pick-up screen, live (SSE)", tags=["Live"])
async def screen_events(request: AnyRequest, store_id: str) -> ASGIResponse:
    """Numbers and states only; public, as the screen in the store is."""
    here = context(request)
    parsed = ids.parse("sto", store_id)
    merchant_id, _ = await here.owner_of(parsed)
    topic, begin = screen_stream(here, merchant_id, parsed)
    return _stream(request, here, topic, begin)


@get("/o/{token:str}/stream", include_in_schema=False)
async def tracking_events(request: AnyRequest, token: str) -> ASGIResponse:
    """The stream of a tracking page: its unguessable link is the permission."""
    here = context(request)
    text, _, mark = token.partition(".")
    parsed = ids.parse("ord", text)
    if not here.keyring.check_link_token(parsed, mark):
        raise OrderNotFound
    merchant_id, store_id = await here.owner_of(parsed)
    topic, begin = await order_stream(here, merchant_id, store_id, parsed, lambda _: True)
    return _stream(request, here, topic, begin)


@websocket("/v1/orders/{order_id:str}/stream")
async def order_socket(socket: WebSocket[Any, Any, Any], order_id: str) -> None:
    """As the SSE stream; messages are JSON {"event", "id", "data"}."""

    async def find(connection: WebSocket[Any, Any, Any]) -> tuple[Context, str, Begin]:
        here, subject, store_id, parsed = await owned(connection, "ord", order_id)
        topic, begin = await order_stream(
            here,
            subject.merchant_id,
            store_id,
            parsed,
            lambda order: order.placed_by == subject.subject_id or subject.may("orders.read", store_id),
        )
        return here, topic, begin

    await _serve(socket, find)


@websocket("/v1/stores/{store_id:str}/queue/stream")
async def queue_socket(socket: WebSocket[Any, Any, Any], store_id: str) -> None:
    """As the SSE stream; messages are JSON {"event", "id", "data"}."""

    async def find(connection: WebSocket[Any, Any, Any]) -> tuple[Context, str, Begin]:
        here, subject, parsed = await staff_at(connection, store_id, "kitchen.work")
        topic, begin = queue_stream(here, subject.merchant_id, parsed)
        return here, topic, begin

    await _serve(socket, find)


Find = Callable[[WebSocket[Any, Any, Any]], Awaitable[tuple[Context, str, Begin]]]


async def _serve(socket: WebSocket[Any, Any, Any], find: Find) -> None:
    """Check the origin and the caller, then accept and serve. Close codes: 4401 sign in, 4403 not allowed, 4404 not there."""
    try:
        _check_origin(socket)
        here, topic, begin = await find(socket)
    except DomainError as error:
        await socket.accept()
        code = 4401 if isinstance(error, Unauthenticated) else 4404 if isinstance(error, NotFound) else 4403
        await socket.close(code=code, reason=error.code)
        return
    await socket.accept()
    hub = here.part(Hub)
    seen = last_position(socket.query_params.get("last_event_id") or socket.headers.get("last-event-id"))
    try:
        await serve_websocket(hub, hub.open(topic), begin, seen, (socket.receive, socket.send_text))
    except (WebSocketDisconnect, RuntimeError, asyncio.CancelledError):
        return


def _check_origin(socket: WebSocket[Any, Any, Any]) -> None:
    """A browser's socket must come from our own page (ASVS 4.4.2); a client without Origin brings its own token."""
    origin = socket.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != socket.headers.get("host"):
        raise Unauthenticated("This socket was not opened by our own page")


async def order_events_hot(request: AnyRequest, order_id: str, _: bytes) -> ASGIResponse:
    """As `order_events`, for the hot route: what the framework keeps for a request would live as long as the stream."""
    return await _order_events(request, order_id)


HANDLERS = [order_events, queue_events, screen_events, tracking_events, order_socket, queue_socket]
HOT = [HotRoute("GET", "/v1/orders/{order_id}/stream", order_events_hot, streams=True)]
