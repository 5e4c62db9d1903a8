"""Decisions about tickets: what an order looks like on the board, and where its status puts it. Values in, values out."""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from bottega.domains.kitchen.model import (
    Ticket,
    TicketLine,
    TicketLineView,
    TicketModifier,
    TicketModifierView,
    TicketView,
)
from bottega.domains.kitchen.states import TicketState
from bottega.domains.merchants import PayMode
from bottega.domains.orders import Order, OrderPaymentFailed, OrderPaymentMended, OrderStatus, display_number
from bottega.kit import ids
from bottega.kit.fact import Fact

_ANY = UUID(int=0)
_STATE_OF = {
    OrderStatus.IN_PROGRESS: TicketState.STARTED,
    OrderStatus.READY: TicketState.DONE,
    OrderStatus.COMPLETED: TicketState.CLOSED,
    OrderStatus.CANCELLED: TicketState.CANCELLED,
}
_RANK = {
    TicketState.QUEUED: 0,
    TicketState.STARTED: 1,
    TicketState.DONE: 2,
    TicketState.CLOSED: 3,
    TicketState.CANCELLED: 3,
}


def belongs_in_queue(order: Order) -> bool:
    """Online orders are made once paid, orders paid at the store at once."""
    if order.pay_mode is PayMode.AT_STORE:
        return order.status is not OrderStatus.CANCELLED
    return order.status not in (OrderStatus.PLACED, OrderStatus.CANCELLED)


def ticket_of(order: Order, prefix: str, ticket_id: UUID, now: datetime) -> Ticket:
    """A fresh ticket for an order, wherever that has got to: the kitchen may be late to read of it."""
    state = _STATE_OF.get(order.status, TicketState.QUEUED)
    return Ticket(
        merchant_id=order.merchant_id,
        store_id=order.store_id,
        ticket_id=ticket_id,
        order_id=order.order_id,
        state=state,
        version=1,
        order_status=order.status,
        order_seq=order.seq,
        number=display_number(prefix, order.number),
        name=order.contact_name,
        fulfillment_type=order.fulfillment_type,
        pay_mode=order.pay_mode,
        paid=order.pay_mode is PayMode.ONLINE or order.status is OrderStatus.COMPLETED,
        total_minor=order.total_minor,
        currency=order.currency,
        lines=lines_of(order),
        promised_at=order.promised_at,
        opened_at=now,
        started_at=None if state is TicketState.QUEUED else now,
        done_at=now if state in (TicketState.DONE, TicketState.CLOSED) else None,
        closed_at=now if state is TicketState.CLOSED else None,
    )


def ticket_view(ticket: Ticket) -> TicketView:
    """A ticket as clients see it."""
    marks = (
        ("UNPAID", ticket.pay_mode == PayMode.ONLINE and not ticket.paid),
        ("RECALLED", ticket.recalled_at is not None),
        ("CHANGED", ticket.changed),
        ("WAITING_FOR_CUSTOMER", ticket.waiting_until is not None),
    )
    badges = [name for name, is_shown in marks if is_shown]
    return TicketView(
        ticket_id=ids.show("tkt", ticket.ticket_id),
        order_id=ids.show("ord", ticket.order_id),
        store_id=ids.show("sto", ticket.store_id),
        number=ticket.number,
        state=ticket.state,
        version=ticket.version,
        order_status=ticket.order_status,
        name=ticket.name,
        fulfillment_type=ticket.fulfillment_type,
        pay_mode=ticket.pay_mode,
        paid=ticket.paid,
        promised_at=ticket.promised_at,
        opened_at=ticket.opened_at,
        started_at=ticket.started_at,
        done_at=ticket.done_at,
        recalled_at=ticket.recalled_at,
        waiting_until=ticket.waiting_until,
        badges=badges,
        lines=[
            TicketLineView(
                line_id=ids.show("lin", line.line_id),
                qty=line.qty,
                name=line.name,
                variant_name=line.variant_name,
                modifiers=[TicketModifierView(each.name, each.kind) for each in line.modifiers],
                note=line.note,
                category=line.category,
                made=line.made,
                short=line.short,
            )
            for line in ticket.lines
        ],
        total=ticket.total_minor,
        currency=ticket.currency,
    )


def lines_of(
    order: Order, before: tuple[TicketLine, ...] = (), short: frozenset[UUID] | None = None
) -> tuple[TicketLine, ...]:
    """The lines of a ticket, without choices that are made anyway; what was ticked on a line that stays, stays ticked.

    `short` are the lines that wait for their customer; None leaves them as they were.
    """
    made = {line.line_id for line in before if line.made}
    if short is None:
        short = frozenset(line.line_id for line in before if line.short)
    return tuple(
        TicketLine(
            line_id=line.line_id,
            qty=line.qty,
            name=line.name,
            variant_name=line.variant_name,
            modifiers=tuple(TicketModifier(m.name, m.kitchen) for m in line.modifiers if m.kitchen != "DEFAULT"),
            note=line.note,
            category=line.category,
            made=line.line_id in made,
            short=line.line_id in short,
        )
        for line in order.lines
    )


def says_the_same(before: tuple[TicketLine, ...], after: tuple[TicketLine, ...]) -> bool:
    """Whether there is as much of the same things to make; over which lines, and which of them wait, is told apart."""
    return _amounts(before) == _amounts(after)


def _amounts(lines: tuple[TicketLine, ...]) -> Counter[TicketLine]:
    amounts = Counter[TicketLine]()
    for line in lines:
        amounts[msgspec.structs.replace(line, line_id=_ANY, qty=0, made=False, short=False)] += line.qty
    return amounts


def following(ticket: Ticket, order: Order) -> dict[str, Any]:
    """What a ticket takes over from its order as the bump has just moved it.

    A change of the lines that the kitchen has not read of yet comes along: once the ticket is at the order's number,
    the fact of that change is old news.
    """
    follows: dict[str, Any] = {"order_status": order.status, "order_seq": order.seq}
    if order.seq > ticket.order_seq + 1:
        follows |= {"lines": lines_of(order, ticket.lines), "total_minor": order.total_minor, "changed": True}
    return follows


def is_paid_after(fact: Fact, order: Order, ticket: Ticket) -> bool:
    """Whether there is money behind the order as far as this fact says."""
    if isinstance(fact, OrderPaymentFailed):
        return order.status is OrderStatus.COMPLETED
    return ticket.paid or isinstance(fact, OrderPaymentMended) or order.status is OrderStatus.COMPLETED


def state_for(order_status: OrderStatus, current: TicketState) -> TicketState:
    """Where an order's status puts its ticket: forward only, because a recalled ticket may be behind its order."""
    target = _STATE_OF.get(order_status, current)
    return target if _RANK[target] > _RANK[current] else current


def next_state(state: TicketState) -> TicketState | None:
    """Where a bump leads from here."""
    return {TicketState.QUEUED: TicketState.STARTED, TicketState.STARTED: TicketState.DONE}.get(state)


def order_step(ticket: Ticket, target: TicketState) -> OrderStatus | None:
    """The status that a bump should move the order to, or None when the order is there already."""
    if target is TicketState.STARTED and ticket.order_status in (OrderStatus.PLACED, OrderStatus.PAID):
        return OrderStatus.IN_PROGRESS
    if target is TicketState.DONE and ticket.order_status == OrderStatus.IN_PROGRESS:
        return OrderStatus.READY
    return None
