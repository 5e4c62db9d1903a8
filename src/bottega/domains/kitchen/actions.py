"""What happens to tickets: they follow their orders, and people bump, undo, recall and tick them.

Lock order everywhere: the order before its ticket, because orders are moved first by the facts' order.
"""

from typing import Any

import msgspec

from bottega.domains import merchants, orders
from bottega.domains.kitchen import rules, store
from bottega.domains.kitchen.errors import TicketMoved, TicketNotFound
from bottega.domains.kitchen.events import TicketChanged, TicketOpened
from bottega.domains.kitchen.model import Bump, Made, OnTicket, Ticket, Undo
from bottega.domains.kitchen.states import TICKET, TicketState
from bottega.infra.transaction import Tx
from bottega.kit import ids

_CLOSED = (TicketState.CLOSED, TicketState.CANCELLED)
_PAID_SEQ = 2


async def follow_order(tx: Tx, fact: Any) -> None:
    """An order was placed, paid, moved or changed: its ticket appears, moves or changes with it.

    A bump may have moved order and ticket on before the news of changed lines is taken, so lines are compared whatever
    the sequence numbers say; and so is whether there is money behind the order.
    """
    assert fact.store_id is not None
    order = await orders.find(tx, fact.store_id, fact.order_id)
    assert order is not None
    ticket = await store.lock_of_order(tx, order.store_id, order.order_id)
    if ticket is None:
        if rules.belongs_in_queue(order):
            await _open(tx, order)
        return
    follows: dict[str, Any] = {"lines": rules.lines_of(order, ticket.lines)}
    if ticket.waiting_until is not None or isinstance(fact, orders.OrderLineShort | orders.OrderLineSettled):
        follows = await _waiting(tx, order, ticket)
    ahead, changed = order.seq > ticket.order_seq, not rules.says_the_same(ticket.lines, follows["lines"])
    follows["paid"] = rules.is_paid_after(fact, order, ticket)
    if not ahead and all(getattr(ticket, name) == value for name, value in follows.items()):
        return
    await _save(
        tx,
        ticket,
        **follows,
        state=rules.state_for(order.status, ticket.state) if ahead else ticket.state,
        order_status=order.status if ahead else ticket.order_status,
        order_seq=max(order.seq, ticket.order_seq),
        total_minor=order.total_minor,
        changed=ticket.changed or changed,
    )


async def bump(tx: Tx, command: OnTicket) -> Ticket:
    """Move a ticket on, and its order with it. Raises `TicketMoved` with the ticket when somebody was faster."""
    assert isinstance(command.command, Bump)
    ticket = await _locked(tx, command)
    source = command.command.from_state
    target = rules.next_state(source)
    if ticket.state is not source or target is None:
        raise _moved(ticket)
    step = rules.order_step(ticket, target)
    follows: dict[str, Any] = {}
    if step is not None:
        wanted = orders.Transition(to_status=step, expected_status=orders.OrderStatus(ticket.order_status))
        try:
            order = await orders.transition(tx, orders.MoveOrder(ticket.store_id, ticket.order_id, wanted))
        except orders.StatusConflict as error:
            raise _moved(ticket) from error
        follows = rules.following(ticket, order)
    return await _save(tx, ticket, state=target, **follows)


async def undo(tx: Tx, command: OnTicket) -> Ticket:
    """Take a bump back on the board; the order's status stays (it only goes forward). Raises `TicketMoved`."""
    assert isinstance(command.command, Undo)
    ticket = await _locked(tx, command)
    target = command.command.to_state
    if TICKET.move(ticket.state, target) is None or target in _CLOSED or target is TicketState.DONE:
        raise _moved(ticket)
    return await _save(tx, ticket, state=target)


async def recall(tx: Tx, command: OnTicket) -> Ticket:
    """Bring a finished ticket back to the front of the board. Raises `TicketMoved` when it is not finished."""
    ticket = await _locked(tx, command)
    if ticket.state is not TicketState.DONE:
        raise _moved(ticket)
    return await _save(tx, ticket, state=TicketState.STARTED, recalled_at=tx.now)


async def mark_made(tx: Tx, command: OnTicket) -> Ticket:
    """Tick one line of a ticket, or untick it. Raises `TicketNotFound` for a line that is not on it."""
    assert isinstance(command.command, Made)
    ticket = await _locked(tx, command)
    made = command.command.made
    if all(line.line_id != command.line_id for line in ticket.lines):
        raise TicketNotFound("There is no such line on this ticket")
    lines = tuple(
        msgspec.structs.replace(line, made=made) if line.line_id == command.line_id else line for line in ticket.lines
    )
    return await _save(tx, ticket, lines=lines)


async def acknowledge(tx: Tx, command: OnTicket) -> Ticket:
    """Somebody has seen that the ticket was changed."""
    ticket = await _locked(tx, command)
    return await _save(tx, ticket, changed=False) if ticket.changed else ticket


async def _waiting(tx: Tx, order: orders.Order, ticket: Ticket) -> dict[str, Any]:
    """The lines of a ticket with those that are out marked, and until when their customer may choose."""
    waiting = await orders.waiting(tx, order.store_id, order.order_id)
    short = frozenset(each.line_id for each in waiting)
    until = max((each.due_at for each in waiting), default=None)
    return {"lines": rules.lines_of(order, ticket.lines, short), "waiting_until": until}


async def _open(tx: Tx, order: orders.Order) -> None:
    place = await merchants.find_store(tx, order.store_id)
    assert place is not None
    ticket = rules.ticket_of(order, place.order_prefix, tx.new_id(ids.home_of(order.store_id)), tx.now)
    if order.seq > _PAID_SEQ:
        ticket = msgspec.structs.replace(ticket, **await _waiting(tx, order, ticket))
    if await store.insert(tx, ticket):
        tx.emit(TicketOpened(store_id=order.store_id, ticket=ticket))


async def _locked(tx: Tx, command: OnTicket) -> Ticket:
    tx.require("kitchen.work", command.store_id)
    ticket = await store.lock(tx, command.store_id, command.ticket_id)
    if ticket is None:
        raise TicketNotFound
    return ticket


async def _save(tx: Tx, ticket: Ticket, **changes: Any) -> Ticket:
    """Write the ticket's next version, with the instants that go with its state, and tell it."""
    state = changes.get("state", ticket.state)
    if state is not ticket.state:
        changes["started_at"] = None if state is TicketState.QUEUED else ticket.started_at or tx.now
        changes["done_at"] = ticket.done_at or tx.now if state in (TicketState.DONE, TicketState.CLOSED) else None
        changes["closed_at"] = tx.now if state in _CLOSED else None
    saved = msgspec.structs.replace(ticket, version=ticket.version + 1, **changes)
    if not await store.save(tx, saved):
        raise _moved(ticket)
    tx.emit(TicketChanged(store_id=ticket.store_id, ticket=saved))
    return saved


def _moved(ticket: Ticket) -> TicketMoved:
    return TicketMoved(f"The ticket is {ticket.state} now", extra={"ticket": ticket})
