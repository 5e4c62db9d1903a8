"""Every SQL statement about orders, apart from placing them (`batch`).

Locks: `move` is a compare-and-set on the order's row.
"""

from collections.abc import Sequence
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from bottega.domains.orders.model import Order, OrderEvent, OrderFilter, OrderLine
from bottega.domains.orders.states import OrderStatus
from bottega.infra.db import ReadTx
from bottega.infra.transaction import Tx

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
order by o.created_at limit 500
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


class KeyOwner(msgspec.Struct, frozen=True):
    """The order that a key belongs to."""

    order_id: UUID
    fingerprint: str


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


async def change_lines(tx: Tx, order: Order, totals: dict[str, Any], lines: Sequence[OrderLine]) -> int | None:
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
