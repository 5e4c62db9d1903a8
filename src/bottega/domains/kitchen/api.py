"""The kitchen's JSON face: the queue, and what staff do with tickets."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post

from bottega.domains.kitchen import actions, store
from bottega.domains.kitchen.errors import TicketMoved
from bottega.domains.kitchen.model import Bump, Made, OnTicket, Ticket, TicketView, Undo
from bottega.domains.kitchen.rules import ticket_view
from bottega.infra.transaction import Action
from bottega.infra.web.answers import json, kept
from bottega.infra.web.body import Strict, claim, rendered
from bottega.infra.web.context import Context, staff_at
from bottega.infra.web.problem import AnyRequest
from bottega.kit import ids
from bottega.kit.clock import utc_now


class QueueView(msgspec.Struct, frozen=True):
    """A store's queue at one position of the log."""

    data: list[TicketView]
    position: int
    server_now: datetime


class TicketsView(msgspec.Struct, frozen=True):
    """Some tickets."""

    data: list[TicketView]


async def queue_view(here: Context, merchant_id: UUID, store_id: UUID, statuses: frozenset[str] | None) -> QueueView:
    """The queue of a store, of the given order statuses (None: all open ones)."""
    async with here.database.read(merchant_id) as tx:
        tickets = await store.open_tickets(tx, store_id)
        position = await store.log_position(tx)
    shown = [ticket for ticket in tickets if statuses is None or ticket.order_status in statuses]
    return QueueView([ticket_view(ticket) for ticket in shown], position, utc_now())


@get("/v1/stores/{store_id:str}/queue", summary="The live queue of a store", tags=["Kitchen"])
async def queue(request: AnyRequest, store_id: str, status: str | None = None) -> Response[QueueView]:
    """Tickets in the order of their promised times; `status` filters by the orders' statuses, comma separated."""
    here, subject, parsed = await staff_at(request, store_id, "kitchen.work")
    statuses = frozenset(status.split(",")) if status else None
    return json(await queue_view(here, subject.merchant_id, parsed, statuses))  # type: ignore[return-value]


@get("/v1/stores/{store_id:str}/tickets/recent", summary="Tickets finished lately", tags=["Kitchen"])
async def recent(request: AnyRequest, store_id: str) -> Response[TicketsView]:
    """The last 50 tickets that were finished within two hours; any of them can be recalled while it is not handed over."""
    here, subject, parsed = await staff_at(request, store_id, "kitchen.work")
    async with here.database.read(subject.merchant_id) as tx:
        tickets = await store.recent(tx, parsed)
    return json(TicketsView([ticket_view(ticket) for ticket in tickets]))  # type: ignore[return-value]


@post("/v1/stores/{store_id:str}/tickets/{ticket_id:str}/bump", dto=Strict[Bump], return_dto=None, status_code=200,
      summary="Move a ticket on", tags=["Kitchen"])  # fmt: skip
async def bump(request: AnyRequest, store_id: str, ticket_id: str, data: Bump) -> Response[TicketView]:
    """QUEUED to STARTED, STARTED to DONE; the order goes along. 409 `ticket_moved` when somebody was faster."""
    return await _act(request, actions.bump, store_id, ticket_id, data)


@post("/v1/stores/{store_id:str}/tickets/{ticket_id:str}/undo", dto=Strict[Undo], return_dto=None, status_code=200,
      summary="Take a bump back", tags=["Kitchen"])  # fmt: skip
async def undo(request: AnyRequest, store_id: str, ticket_id: str, data: Undo) -> Response[TicketView]:
    """The ticket goes back on the board; the order's status never goes backwards."""
    return await _act(request, actions.undo, store_id, ticket_id, data)


@post("/v1/stores/{store_id:str}/tickets/{ticket_id:str}/recall", status_code=200, summary="Bring a ticket back",
      tags=["Kitchen"])  # fmt: skip
async def recall(request: AnyRequest, store_id: str, ticket_id: str) -> Response[TicketView]:
    """A finished ticket returns to the front of the board with a mark."""
    return await _act(request, actions.recall, store_id, ticket_id, None)


@post("/v1/stores/{store_id:str}/tickets/{ticket_id:str}/acknowledge", status_code=200, summary="Seen that it changed",
      tags=["Kitchen"])  # fmt: skip
async def acknowledge(request: AnyRequest, store_id: str, ticket_id: str) -> Response[TicketView]:
    """The mark CHANGED goes away."""
    return await _act(request, actions.acknowledge, store_id, ticket_id, None)


@post("/v1/stores/{store_id:str}/tickets/{ticket_id:str}/lines/{line_id:str}/made", dto=Strict[Made], return_dto=None,
      status_code=200, summary="Tick a line", tags=["Kitchen"])  # fmt: skip
async def made(request: AnyRequest, store_id: str, ticket_id: str, line_id: str, data: Made) -> Response[TicketView]:
    """One thing of the ticket is made, or is not."""
    return await _act(request, actions.mark_made, store_id, ticket_id, data, line_id)


async def _act(
    request: AnyRequest,
    action: Action[OnTicket, Ticket],
    store_id: str,
    ticket_id: str,
    command: Any,
    line_id: str = "",
) -> Response[TicketView]:
    here, subject, parsed = await staff_at(request, store_id, "kitchen.work")
    on = OnTicket(parsed, ids.parse("tkt", ticket_id), command, ids.parse("lin", line_id) if line_id else None)
    key = claim(request, f"tickets.{action.__name__}", on)
    try:
        answer = await here.database.answer(
            action, on, by=subject, key=key, view=lambda ticket: rendered(ticket_view(ticket))
        )
    except TicketMoved as error:
        # Clients get the ticket as they know it from the queue, not as we keep it.
        raise TicketMoved(error.detail, extra={"ticket": ticket_view(error.extra["ticket"])}) from error
    return kept(answer)  # type: ignore[return-value]


HANDLERS = [queue, recent, bump, undo, recall, acknowledge, made]
