"""What each fact looks like on which stream. Values in, values out."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from bottega.domains.catalog import AvailabilityChanged, ItemKind
from bottega.domains.kitchen import Ticket, TicketChanged, TicketOpened, ticket_view
from bottega.kit import ids
from bottega.kit.fact import Fact


class _OrderFact(msgspec.Struct):
    order_id: UUID
    seq: int
    number: str
    status: str
    from_status: str | None
    at: datetime
    shortage_id: UUID | None = None
    state: str = "OFFERED"


class _PaymentFact(msgspec.Struct):
    payment_id: UUID
    reference: UUID
    amount_minor: int
    currency: str
    status: str | None = None


_TICKETS: dict[str, type[Fact]] = {fact.type: fact for fact in (TicketOpened, TicketChanged)}


def order_topic(order_id: UUID) -> str:
    """The topic of one order."""
    return f"order:{order_id}"


def queue_topic(store_id: UUID) -> str:
    """The topic of one store's queue."""
    return f"queue:{store_id}"


def screen_topic(store_id: UUID) -> str:
    """The topic of one store's pick-up screen: numbers and states only, nothing personal."""
    return f"screen:{store_id}"


def route(entry: Any) -> Iterable[tuple[str, str, bytes]]:
    """The messages of a fact: (topic, event, JSON)."""
    kind: str = entry.type
    if kind.startswith("order."):
        yield _of_order(entry)
    elif kind in _TICKETS:
        yield from _of_ticket(entry)
    elif kind.startswith("payment."):
        yield _of_payment(entry)
    elif kind == AvailabilityChanged.type:
        yield _of_availability(entry)
    elif kind == "store.changed" and entry.store_id is not None:
        yield queue_topic(entry.store_id), "store", b"{}"


def _of_order(entry: Any) -> tuple[str, str, bytes]:
    fact = msgspec.json.decode(entry.payload, type=_OrderFact)
    data: dict[str, Any] = {
        "order_id": ids.show("ord", fact.order_id),
        "seq": fact.seq,
        "number": fact.number,
        "status": fact.status,
        "from_status": fact.from_status,
        "at": fact.at,
    }
    if fact.shortage_id is not None:
        data["shortage"] = {"shortage_id": ids.show("sho", fact.shortage_id), "state": fact.state}
    return order_topic(fact.order_id), "status", msgspec.json.encode(data)


def _of_ticket(entry: Any) -> Iterable[tuple[str, str, bytes]]:
    fact: Any = msgspec.json.decode(entry.payload, type=_TICKETS[entry.type])
    ticket: Ticket = fact.ticket
    data = {"ticket": ticket_view(ticket), "server_now": entry.created_at}
    yield queue_topic(ticket.store_id), "ticket", msgspec.json.encode(data)
    shown = {"number": ticket.number, "state": ticket.state, "ticket_id": ids.show("tkt", ticket.ticket_id)}
    yield screen_topic(ticket.store_id), "ticket", msgspec.json.encode(shown)


def _of_payment(entry: Any) -> tuple[str, str, bytes]:
    fact = msgspec.json.decode(entry.payload, type=_PaymentFact)
    status = fact.status or entry.type.partition(".")[2].upper()
    data = {"order_id": ids.show("ord", fact.reference), "payment_status": status, "amount": fact.amount_minor}
    return order_topic(fact.reference), "payment", msgspec.json.encode(data)


def _of_availability(entry: Any) -> tuple[str, str, bytes]:
    fact = msgspec.json.decode(entry.payload, type=AvailabilityChanged)
    assert fact.store_id is not None
    is_product = fact.item_kind is ItemKind.PRODUCT
    data = {
        "product_id" if is_product else "modifier_id": ids.show("prd" if is_product else "mod", fact.item_id),
        "available": fact.available,
        "until": fact.until,
        "left": fact.left,
    }
    return queue_topic(fact.store_id), "availability", msgspec.json.encode(data)
