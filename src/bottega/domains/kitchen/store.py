"""Every SQL statement about tickets. `lock` takes a ticket's row; `save` is a compare-and-set on its version."""

from typing import Any, LiteralString
from uuid import UUID

import msgspec

from bottega.domains.kitchen.model import Ticket
from bottega.infra.db import ReadTx
from bottega.infra.transaction import Tx

INSERT: LiteralString = """
insert into tickets (merchant_id, store_id, ticket_id, order_id, state, version, order_status, order_seq, number, name,
  fulfillment_type, pay_mode, paid, total_minor, currency, lines, changed, waiting_until, promised_at, opened_at,
  started_at, done_at, closed_at)
values (%(merchant_id)s, %(store_id)s, %(ticket_id)s, %(order_id)s, %(state)s, %(version)s, %(order_status)s, %(order_seq)s,
  %(number)s, %(name)s, %(fulfillment_type)s, %(pay_mode)s, %(paid)s, %(total_minor)s, %(currency)s, %(lines)s::jsonb,
  %(changed)s, %(waiting_until)s, %(promised_at)s, %(opened_at)s, %(started_at)s, %(done_at)s, %(closed_at)s)
on conflict (store_id, order_id, station) do nothing
"""
SAVE: LiteralString = """
update tickets set state = %(state)s, version = %(version)s, order_status = %(order_status)s, order_seq = %(order_seq)s,
  paid = %(paid)s, total_minor = %(total_minor)s, lines = %(lines)s::jsonb, changed = %(changed)s,
  waiting_until = %(waiting_until)s, started_at = %(started_at)s, done_at = %(done_at)s, recalled_at = %(recalled_at)s,
  closed_at = %(closed_at)s
where store_id = %(store_id)s and ticket_id = %(ticket_id)s and version = %(version)s - 1
"""
LOCK: LiteralString = """
select merchant_id, store_id, ticket_id, order_id, state, version, order_status, order_seq, number, name, fulfillment_type,
  pay_mode, paid, total_minor, currency, lines, changed, waiting_until, promised_at, opened_at, started_at, done_at,
  recalled_at, closed_at
from tickets where store_id = %(store_id)s and (ticket_id = %(ticket_id)s::uuid or order_id = %(order_id)s::uuid) for update
"""
OPEN: LiteralString = """
select merchant_id, store_id, ticket_id, order_id, state, version, order_status, order_seq, number, name, fulfillment_type,
  pay_mode, paid, total_minor, currency, lines, changed, waiting_until, promised_at, opened_at, started_at, done_at,
  recalled_at, closed_at
from tickets where store_id = %(store_id)s and state in ('QUEUED', 'STARTED', 'DONE') order by promised_at, ticket_id limit 500
"""
RECENT: LiteralString = """
select merchant_id, store_id, ticket_id, order_id, state, version, order_status, order_seq, number, name, fulfillment_type,
  pay_mode, paid, total_minor, currency, lines, changed, waiting_until, promised_at, opened_at, started_at, done_at,
  recalled_at, closed_at
from tickets where store_id = %(store_id)s and done_at > now() - interval '2 hours' and state in ('DONE', 'CLOSED')
order by done_at desc limit 50
"""
LENGTHS: LiteralString = """
select s.slug, count(t.ticket_id) as length from stores s
left join tickets t on t.store_id = s.store_id and t.state in ('QUEUED', 'STARTED')
group by s.slug
"""
HEAD: LiteralString = "select seq from log_head"


class QueueLength(msgspec.Struct, frozen=True):
    """How many tickets of a store wait or are being made."""

    slug: str
    length: int


async def insert(tx: Tx, ticket: Ticket) -> bool:
    """Write a new ticket; False when the order has one."""
    return await tx.execute(INSERT, _values(ticket)) == 1


async def save(tx: Tx, ticket: Ticket) -> bool:
    """Write a ticket over the version before it; False when that is no longer the present one."""
    return await tx.execute(SAVE, _values(ticket)) == 1


async def lock(tx: Tx, store_id: UUID, ticket_id: UUID) -> Ticket | None:
    """A ticket's row, held until the end of this transaction."""
    return await tx.row(LOCK, {"store_id": store_id, "ticket_id": ticket_id, "order_id": None}, Ticket)


async def lock_of_order(tx: Tx, store_id: UUID, order_id: UUID) -> Ticket | None:
    """The ticket of an order, held until the end of this transaction."""
    return await tx.row(LOCK, {"store_id": store_id, "ticket_id": None, "order_id": order_id}, Ticket)


async def open_tickets(tx: ReadTx, store_id: UUID) -> list[Ticket]:
    """The queue of a store, by promised time."""
    return await tx.rows(OPEN, {"store_id": store_id}, Ticket)


async def recent(tx: ReadTx, store_id: UUID) -> list[Ticket]:
    """The last 50 tickets that were finished within two hours."""
    return await tx.rows(RECENT, {"store_id": store_id}, Ticket)


async def queue_lengths(tx: ReadTx) -> list[QueueLength]:
    """The queues of all stores (as the relay)."""
    return await tx.rows(LENGTHS, {}, QueueLength)


async def log_position(tx: ReadTx) -> int:
    """The end of the log in this snapshot: everything up to it is in what the snapshot shows."""
    return int(await tx.value(HEAD, {}))


def _values(ticket: Ticket) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(ticket, name) for name in ticket.__struct_fields__}
    values["lines"] = msgspec.json.encode(ticket.lines).decode()
    return values
