"""Every SQL statement about orders.

Locks: `gather` takes the counters of the batch's stores in key order and holds them to the end, so orders of one store
are numbered one after the other; `move` is a compare-and-set on the order's row.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from bottega.domains.orders.events import OrderPlaced
from bottega.domains.orders.model import Order, OrderEvent, OrderFilter, OrderLine
from bottega.domains.orders.states import OrderStatus
from bottega.infra.db import Connection, ReadTx
from bottega.infra.transaction import Tx

GATHER: LiteralString = """
with wanted as materialized (
  select * from json_to_recordset(%s::json)
    as w (i int, merchant_id uuid, store_id uuid, business_date date, placed_by uuid, key text)
), known as (
  select w.i, o.order_id, encode(o.fingerprint, 'hex') as fingerprint
  from wanted w join orders o on o.store_id = w.store_id and o.placed_by = w.placed_by and o.idempotency_key = w.key
), fresh as (
  select merchant_id, store_id, business_date, count(*)::int as n from wanted w
  where not exists (select from known k where k.i = w.i) group by 1, 2, 3 order by 2, 3
), counted as (
  insert into order_counters as c (merchant_id, store_id, business_date, last_number)
  select merchant_id, store_id, business_date, n from fresh order by store_id, business_date
  on conflict (store_id, business_date) do update set last_number = c.last_number + excluded.last_number
  returning store_id, business_date, last_number
)
select json_build_object(
  'known', coalesce((select json_agg(k) from known k), '[]'),
  'counters', coalesce((select json_agg(c) from counted c), '[]'),
  'menus', coalesce((select json_agg(json_build_object('store_id', s.store_id, 'version', s.menu_version)) from stores s
                     where s.store_id in (select store_id from wanted)), '[]'))::text
"""
# The batch travels as two flat JSON documents with short keys, because the server reads every byte of them more than once:
# long keys and lines nested in their orders took half of its time for an order.
WRITE: LiteralString = """
with input as materialized (
  select * from json_to_recordset(%s::json) as r (i int, m uuid, s uuid, o uuid, n int, d date, ft text, pm text, c text,
    su bigint, di bigint, ta bigint, ti boolean, fe bigint, tt bigint, mv bigint, pa uuid, b uuid, ak text, cn text,
    cs text, k text, fp text, pr timestamptz, at timestamptz, fi uuid, f jsonb)
), placed as (
  insert into orders (merchant_id, store_id, order_id, number, business_date, status, seq, fulfillment_type, pay_mode,
    currency, subtotal_minor, discount_minor, tax_minor, tax_included, fees_minor, total_minor, menu_version, payment_id,
    placed_by, contact_name, contact_sealed, idempotency_key, fingerprint, promised_at, created_at, updated_at)
  select m, s, o, n, d, 'PLACED', 1, ft, pm, c, su, di, ta, ti, fe, tt, mv, pa, b, cn, decode(cs, 'hex'), k,
    decode(fp, 'hex'), pr, at, at from input
  on conflict (store_id, placed_by, idempotency_key) do nothing
  returning order_id
), lines as (
  insert into order_lines (merchant_id, store_id, order_id, line_no, line_id, product_id, variant_id, name, variant_name,
    category, qty, unit_minor, modifiers, note, discount_minor, tax_rate_ppm, tax_minor, total_minor)
  select r.m, r.s, r.o, l.n, l.l, l.p, l.v, l.a, l.b, l.c, l.q, l.u, l.m, l.t, l.d, l.r, l.x, l.y
  from json_to_recordset(%s::json) as l (i int, n int, l uuid, p uuid, v uuid, a text, b text, c text, q int, u bigint,
    m jsonb, t text, d bigint, r int, x bigint, y bigint)
  join input r using (i) join placed on placed.order_id = r.o
), events as (
  insert into order_events (merchant_id, store_id, order_id, seq, event, from_status, to_status, actor_kind, actor_id, at)
  select m, s, o, 1, 'place', null, 'PLACED', ak, b, at from input join placed on order_id = o
), told as (
  insert into outbox (id, merchant_id, store_id, aggregatetype, aggregateid, type, version, payload, created_at)
  select fi, m, s, 'order', o, 'order.placed', 1, f, at from input join placed on order_id = o
)
select order_id from placed
"""
FIND: LiteralString = """
select o.merchant_id, o.store_id, o.order_id, o.number, o.business_date, o.status, o.seq, o.fulfillment_type, o.pay_mode,
  o.currency, o.subtotal_minor, o.discount_minor, o.tax_minor, o.tax_included, o.fees_minor, o.total_minor, o.menu_version,
  o.payment_id, o.placed_by, o.contact_name, o.requested_for, o.promised_at, o.created_at, o.updated_at, o.contact_sealed,
  (select json_agg(l order by l.line_no) from (select line_no, line_id, product_id, variant_id, name, variant_name, category,
     qty, unit_minor, modifiers, note, discount_minor, tax_rate_ppm, tax_minor, total_minor
     from order_lines where store_id = o.store_id and order_id = o.order_id) l) as lines
from orders o where o.store_id = %(store_id)s and o.order_id = %(order_id)s
"""
FIND_BY_KEY: LiteralString = """
select order_id, encode(fingerprint, 'hex') as fingerprint from orders
where store_id = %(store_id)s and placed_by = %(placed_by)s and idempotency_key = %(key)s
"""
LOCK: LiteralString = """
select o.merchant_id, o.store_id, o.order_id, o.number, o.business_date, o.status, o.seq, o.fulfillment_type, o.pay_mode,
  o.currency, o.subtotal_minor, o.discount_minor, o.tax_minor, o.tax_included, o.fees_minor, o.total_minor, o.menu_version,
  o.payment_id, o.placed_by, o.contact_name, o.requested_for, o.promised_at, o.created_at, o.updated_at, o.contact_sealed
from orders o where o.store_id = %(store_id)s and o.order_id = %(order_id)s for update
"""
MOVE: LiteralString = """
update orders set status = %(to_status)s, seq = seq + 1, updated_at = %(now)s,
  payment_id = coalesce(%(payment_id)s::uuid, payment_id)
where store_id = %(store_id)s and order_id = %(order_id)s and status = %(from_status)s and seq = %(seq)s
returning seq
"""
ADD_EVENT: LiteralString = """
insert into order_events (merchant_id, store_id, order_id, seq, event, from_status, to_status, actor_kind, actor_id, reason, at)
values (%(merchant_id)s, %(store_id)s, %(order_id)s, %(seq)s, %(event)s, %(from_status)s, %(to_status)s, %(actor_kind)s,
  %(actor_id)s, %(reason)s, %(now)s)
"""
HISTORY: LiteralString = """
select seq, event, from_status, to_status, actor_kind, actor_id, reason, at from order_events
where store_id = %(store_id)s and order_id = %(order_id)s order by seq
"""
SET_PAYMENT: LiteralString = """
update orders set payment_id = %(payment_id)s, updated_at = %(now)s
where store_id = %(store_id)s and order_id = %(order_id)s
"""
RECOUNT: LiteralString = """
update orders set seq = seq + 1, subtotal_minor = %(subtotal_minor)s, discount_minor = %(discount_minor)s,
  tax_minor = %(tax_minor)s, total_minor = %(total_minor)s, menu_version = %(menu_version)s,
  payment_id = %(payment_id)s, updated_at = %(now)s
where store_id = %(store_id)s and order_id = %(order_id)s and status = %(status)s and seq = %(seq)s
returning seq
"""
DELETE_LINES: LiteralString = """
delete from order_lines where store_id = %(store_id)s and order_id = %(order_id)s
"""
INSERT_LINES: LiteralString = """
insert into order_lines (merchant_id, store_id, order_id, line_no, line_id, product_id, variant_id, name, variant_name,
  category, qty, unit_minor, modifiers, note, discount_minor, tax_rate_ppm, tax_minor, total_minor)
select %(merchant_id)s, %(store_id)s, %(order_id)s, l.line_no, l.line_id, l.product_id, l.variant_id, l.name, l.variant_name,
  l.category, l.qty, l.unit_minor, l.modifiers, l.note, l.discount_minor, l.tax_rate_ppm, l.tax_minor, l.total_minor
from json_to_recordset(%(lines)s::json) as l (line_no int, line_id uuid, product_id uuid, variant_id uuid, name text,
  variant_name text, category text, qty int, unit_minor bigint, modifiers jsonb, note text, discount_minor bigint,
  tax_rate_ppm int, tax_minor bigint, total_minor bigint)
"""
UNPAID: LiteralString = """
select o.merchant_id, o.store_id, o.order_id from orders o join stores s on s.store_id = o.store_id
where o.status = 'PLACED' and o.pay_mode = 'ONLINE' and o.created_at < now() - s.unpaid_minutes * interval '1 minute'
order by o.created_at limit 100
"""
LIST: LiteralString = """
select o.merchant_id, o.store_id, o.order_id, o.number, o.business_date, o.status, o.seq, o.fulfillment_type, o.pay_mode,
  o.currency, o.subtotal_minor, o.discount_minor, o.tax_minor, o.tax_included, o.fees_minor, o.total_minor, o.menu_version,
  o.payment_id, o.placed_by, o.contact_name, o.requested_for, o.promised_at, o.created_at, o.updated_at,
  (select json_agg(l order by l.line_no) from (select line_no, line_id, product_id, variant_id, name, variant_name, category,
     qty, unit_minor, modifiers, note, discount_minor, tax_rate_ppm, tax_minor, total_minor
     from order_lines where store_id = o.store_id and order_id = o.order_id) l) as lines
from orders o
where o.merchant_id = %(merchant_id)s
  and (%(store_id)s::uuid is null or o.store_id = %(store_id)s)
  and (%(placed_by)s::uuid is null or o.placed_by = %(placed_by)s)
  and (%(statuses)s::text[] is null or o.status = any(%(statuses)s))
  and (%(created_from)s::timestamptz is null or o.created_at >= %(created_from)s)
  and (%(created_to)s::timestamptz is null or o.created_at < %(created_to)s)
  and (%(number)s::int is null or o.number = %(number)s)
  and (%(name)s::text is null or position(lower(%(name)s) in lower(o.contact_name)) > 0)
  and (%(before)s::uuid is null or o.order_id < %(before)s)
order by o.order_id desc limit %(limit)s
"""


class UnpaidOrder(msgspec.Struct, frozen=True):
    """An online order whose time to be paid is over."""

    merchant_id: UUID
    store_id: UUID
    order_id: UUID


class NewOrder(msgspec.Struct, frozen=True):
    """An order to be written: with its key and fingerprint, who acts, and the fact that tells of it."""

    order: Order
    key: str
    fingerprint: bytes
    actor_kind: str
    fact_id: UUID
    fact: OrderPlaced


class Known(msgspec.Struct, frozen=True):
    """An order that exists under a key of the batch."""

    i: int
    order_id: UUID
    fingerprint: str


class Counter(msgspec.Struct, frozen=True):
    """The last number given out at a store on a business day."""

    store_id: UUID
    business_date: date
    last_number: int


class MenuVersion(msgspec.Struct, frozen=True):
    """The present version of a store's menu."""

    store_id: UUID
    version: int


class Gathered(msgspec.Struct, frozen=True):
    """All that a batch needs to know before it decides."""

    known: list[Known]
    counters: list[Counter]
    menus: list[MenuVersion]


class KeyOwner(msgspec.Struct, frozen=True):
    """The order that a key belongs to."""

    order_id: UUID
    fingerprint: str


async def gather(connection: Connection, wanted: Sequence[dict[str, Any]]) -> Gathered:
    """Read what a batch needs and take its numbers: one statement."""
    cursor = await connection.execute(GATHER, [msgspec.json.encode(wanted).decode()])
    row = await cursor.fetchone()
    assert row is not None
    return msgspec.json.decode(row[0], type=Gathered)


async def write(connection: Connection, rows: Sequence[NewOrder]) -> set[UUID]:
    """Write orders with lines, history and facts: one statement. The ids that were new; the others' keys were taken."""
    orders, lines = _documents(rows)
    cursor = await connection.execute(WRITE, [orders, lines])
    return {row[0] for row in await cursor.fetchall()}


async def find(tx: ReadTx, store_id: UUID, order_id: UUID) -> Order | None:
    """One order with its lines."""
    return await tx.row(FIND, {"store_id": store_id, "order_id": order_id}, Order)


async def find_by_key(tx: ReadTx, store_id: UUID, placed_by: UUID, key: str) -> KeyOwner | None:
    """The order that was placed under a key."""
    return await tx.row(FIND_BY_KEY, {"store_id": store_id, "placed_by": placed_by, "key": key}, KeyOwner)


async def lock(tx: Tx, store_id: UUID, order_id: UUID) -> Order | None:
    """The order's row (without lines), held until the end of this transaction."""
    return await tx.row(LOCK, {"store_id": store_id, "order_id": order_id}, Order)


async def move(tx: Tx, order: Order, to_status: OrderStatus, payment_id: UUID | None = None) -> int | None:
    """Compare and set: the order's new sequence number, or None when it is no longer where it was read."""
    values = {
        "store_id": order.store_id,
        "order_id": order.order_id,
        "from_status": order.status,
        "to_status": to_status,
        "seq": order.seq,
        "payment_id": payment_id,
        "now": tx.now,
    }
    return await tx.value(MOVE, values)


async def add_event(tx: Tx, order: Order, seq: int, event: str, to_status: OrderStatus, reason: str | None) -> None:
    """Write a line of history."""
    values = {
        "merchant_id": order.merchant_id,
        "store_id": order.store_id,
        "order_id": order.order_id,
        "seq": seq,
        "event": event,
        "from_status": order.status,
        "to_status": to_status,
        "actor_kind": tx.subject.kind,
        "actor_id": tx.subject.subject_id,
        "reason": reason,
        "now": tx.now,
    }
    await tx.execute(ADD_EVENT, values)


async def history(tx: ReadTx, store_id: UUID, order_id: UUID) -> list[OrderEvent]:
    """What happened to an order, from the beginning."""
    return await tx.rows(HISTORY, {"store_id": store_id, "order_id": order_id}, OrderEvent)


async def set_payment(tx: Tx, order: Order, payment_id: UUID) -> None:
    """Point an order at another payment."""
    values = {"store_id": order.store_id, "order_id": order.order_id, "payment_id": payment_id, "now": tx.now}
    await tx.execute(SET_PAYMENT, values)


async def change_lines(tx: Tx, order: Order, totals: dict[str, Any], lines: list[dict[str, Any]]) -> int | None:
    """Replace an order's lines and totals; the new sequence number, or None when somebody moved it."""
    place = {"merchant_id": order.merchant_id, "store_id": order.store_id, "order_id": order.order_id}
    seq = await tx.value(RECOUNT, place | totals | {"status": order.status, "seq": order.seq, "now": tx.now})
    if seq is not None:
        await tx.execute(DELETE_LINES, place)
        await tx.execute(INSERT_LINES, place | {"lines": msgspec.json.encode(lines).decode()})
    return seq


async def unpaid(tx: ReadTx) -> list[UnpaidOrder]:
    """Online orders of all stores that were not paid in their store's time (as the relay)."""
    return await tx.rows(UNPAID, {}, UnpaidOrder)


async def listed(tx: ReadTx, which: OrderFilter) -> list[Order]:
    """Orders by filter, newest first."""
    values: dict[str, Any] = {name: getattr(which, name) for name in which.__struct_fields__}
    values["placed_by"] = which.placed_by or which.customer_id
    values["statuses"] = [str(status) for status in which.statuses] or None
    return await tx.rows(LIST, values | {"merchant_id": tx.merchant_id}, Order)


def _documents(rows: Sequence[NewOrder]) -> tuple[str, str]:
    """The two documents of `WRITE`: orders, and lines that name their order by its place."""
    orders: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    for i, row in enumerate(rows):
        orders.append(_order_row(i, row))
        lines += [_line_row(i, line) for line in row.order.lines]
    return msgspec.json.encode(orders).decode(), msgspec.json.encode(lines).decode()


def _order_row(i: int, row: NewOrder) -> dict[str, Any]:
    order = row.order
    return {
        "i": i,
        "m": order.merchant_id,
        "s": order.store_id,
        "o": order.order_id,
        "n": order.number,
        "d": order.business_date,
        "ft": order.fulfillment_type,
        "pm": order.pay_mode,
        "c": order.currency,
        "su": order.subtotal_minor,
        "di": order.discount_minor,
        "ta": order.tax_minor,
        "ti": order.tax_included,
        "fe": order.fees_minor,
        "tt": order.total_minor,
        "mv": order.menu_version,
        "pa": order.payment_id,
        "b": order.placed_by,
        "ak": row.actor_kind,
        "cn": order.contact_name,
        "cs": order.contact_sealed.hex() if order.contact_sealed else None,
        "k": row.key,
        "fp": row.fingerprint.hex(),
        "pr": order.promised_at,
        "at": order.created_at,
        "fi": row.fact_id,
        "f": row.fact,
    }


def _line_row(i: int, line: OrderLine) -> dict[str, Any]:
    return {
        "i": i,
        "n": line.line_no,
        "l": line.line_id,
        "p": line.product_id,
        "v": line.variant_id,
        "a": line.name,
        "b": line.variant_name,
        "c": line.category,
        "q": line.qty,
        "u": line.unit_minor,
        "m": line.modifiers,
        "t": line.note,
        "d": line.discount_minor,
        "r": line.tax_rate_ppm,
        "x": line.tax_minor,
        "y": line.total_minor,
    }
