"""The statements that place orders, many at once.

Locks: `gather` takes the counters of the batch's stores in key order and holds them to the end, so orders of one store
are numbered one after the other.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from bottega.domains.orders.events import OrderPlaced
from bottega.domains.orders.model import Order
from bottega.domains.pricing import Quote, QuotedLine
from bottega.infra import rows
from bottega.infra.db import Connection

KNOWN: LiteralString = """
select coalesce(json_agg(json_build_object('i', w.i, 'order_id', o.order_id, 'fingerprint', encode(o.fingerprint, 'hex'))),
  '[]')::text
from json_to_recordset(%s::json) as w (i int, store_id uuid, placed_by uuid, key text)
join orders o on o.store_id = w.store_id and o.placed_by = w.placed_by and o.idempotency_key = w.key
"""
GATHER: LiteralString = """
with wanted as materialized (
  select * from json_to_recordset(%s::json) as w (i int, merchant_id uuid, store_id uuid, business_date date, n int)
), counted as (
  insert into order_counters as c (merchant_id, store_id, business_date, last_number)
  select merchant_id, store_id, business_date, n from wanted order by store_id, business_date
  on conflict (store_id, business_date) do update set last_number = c.last_number + excluded.last_number
  returning store_id, business_date, last_number
)
select json_agg(json_build_array(w.i, c.last_number, s.menu_version))::text
from wanted w join counted c using (store_id, business_date) join stores s on s.store_id = w.store_id
"""
GIVE_BACK: LiteralString = """
update order_counters c set last_number = c.last_number - w.n
from json_to_recordset(%s::json) as w (i int, merchant_id uuid, store_id uuid, business_date date, n int)
where c.store_id = w.store_id and c.business_date = w.business_date
"""
WRITE: LiteralString = """
with input as materialized (
  select * from unnest(%s::placed_order[])
), placed as (
  insert into orders (merchant_id, store_id, order_id, number, business_date, status, seq, fulfillment_type, pay_mode,
    currency, subtotal_minor, discount_minor, tax_minor, tax_included, fees_minor, total_minor, menu_version, payment_id,
    placed_by, contact_name, contact_sealed, idempotency_key, fingerprint, promised_at, created_at, updated_at)
  select merchant_id, store_id, order_id, number, business_date, 'PLACED', 1, fulfillment_type, pay_mode,
    currency, subtotal_minor, discount_minor, tax_minor, tax_included, fees_minor, total_minor, menu_version, payment_id,
    placed_by, contact_name, contact_sealed, idempotency_key, fingerprint, promised_at, created_at, created_at from input
), lines as (
  insert into order_lines (merchant_id, store_id, order_id, line_id, line_no, tax_minor, discount_minor, product_id,
    variant_id, name, variant_name, category, qty, unit_minor, modifiers, note, tax_rate_ppm, total_minor)
  select merchant_id, store_id, order_id, line_id, line_no, tax_minor, discount_minor, product_id,
    variant_id, name, variant_name, category, qty, unit_minor, modifiers, note, tax_rate_ppm, total_minor
  from unnest(%s::placed_line[])
), events as (
  insert into order_events (merchant_id, store_id, order_id, seq, event, from_status, to_status, actor_kind, actor_id, at)
  select merchant_id, store_id, order_id, 1, 'place', null, 'PLACED', actor_kind, placed_by, created_at from input
)
insert into outbox (id, merchant_id, store_id, aggregatetype, aggregateid, type, version, payload, created_at)
select fact_id, merchant_id, store_id, 'order', order_id, 'order.placed', 1, fact, created_at from input
"""
ONE_ORDER_PER_KEY = "orders_once"
"""The constraint that holds when two processes are asked for the same order at once."""


class NewOrder(msgspec.Struct, frozen=True):
    """An order to be written: what was quoted for it, its key and fingerprint, who acts, and the fact that tells of it."""

    order: Order
    quote: Quote
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


class Slot(msgspec.Struct, frozen=True, array_like=True):
    """One store on one business day, by its place in what was asked: the last number given out, the menu's version."""

    i: int
    last_number: int
    menu_version: int


async def known(connection: Connection, keys: Sequence[dict[str, Any]]) -> list[Known]:
    """The orders that exist under some keys (`i`, `store_id`, `placed_by`, `key`)."""
    cursor = await connection.execute(KNOWN, [msgspec.json.encode(keys).decode()])
    row = await cursor.fetchone()
    assert row is not None
    return msgspec.json.decode(row[0], type=list[Known])


async def gather(connection: Connection, wanted: Sequence[dict[str, Any]]) -> list[Slot]:
    """Take `n` numbers at each store and day (by their place `i`), and read the stores' versions: one statement."""
    if not wanted:
        return []
    cursor = await connection.execute(GATHER, [msgspec.json.encode(wanted).decode()])
    row = await cursor.fetchone()
    assert row is not None
    return msgspec.json.decode(row[0], type=list[Slot])


async def give_back(connection: Connection, unused: Sequence[dict[str, Any]]) -> None:
    """Give back the last `n` numbers of stores and days, whose counters `gather` holds."""
    await connection.execute(GIVE_BACK, [msgspec.json.encode(unused).decode()])


async def write(connection: Connection, new: Sequence[NewOrder]) -> None:
    """Write orders with lines, history and facts: one statement. It breaks `ONE_ORDER_PER_KEY` where a key is taken."""
    lines: list[bytes] = []
    for each in new:
        lines += _lines(each.order, each.quote)
    await connection.execute(WRITE, [rows.Rows([_order(each) for each in new]), rows.Rows(lines)])


# Each field is the number of its type, its length and its value; `?`, `i`, `q` and `s` are those of the struct module.
_ID, _INT, _LONG, _BOOL = "ii16s", "iii", "iiq", "ii?"
_ORDER = struct.Struct(">i" + 5 * _ID + 2 * _INT + 6 * _LONG + _BOOL + 2 * _LONG + _ID).pack
_LINE_OF = struct.Struct(">i" + 3 * _ID).pack
_LINE = struct.Struct(">" + _ID + _INT + 2 * _LONG).pack
_GOODS = struct.Struct(">" + 2 * _ID).pack
_AMOUNTS = struct.Struct(">" + _INT + _LONG).pack


def _order(new: NewOrder) -> bytes:
    """A `placed_order`."""
    order, u, i, q, t = new.order, rows.UUID, rows.INT4, rows.INT8, rows.TIMESTAMPTZ
    fixed = _ORDER(
        26,
        u, 16, order.merchant_id.bytes, u, 16, order.store_id.bytes, u, 16, order.order_id.bytes,
        u, 16, order.placed_by.bytes, u, 16, new.fact_id.bytes,
        i, 4, order.number, rows.DATE, 4, rows.days(order.business_date),
        q, 8, order.subtotal_minor, q, 8, order.discount_minor, q, 8, order.tax_minor, q, 8, order.fees_minor,
        q, 8, order.total_minor, q, 8, order.menu_version, rows.BOOL, 1, order.tax_included,
        t, 8, rows.microseconds(order.promised_at), t, 8, rows.microseconds(order.created_at),
        rows.BYTEA, 16, new.fingerprint,
    )  # fmt: skip
    fields = (
        fixed,
        rows.optional(u, None if order.payment_id is None else order.payment_id.bytes),
        rows.optional(rows.BYTEA, order.contact_sealed),
        rows.word(order.fulfillment_type),
        rows.word(order.pay_mode),
        rows.word(order.currency),
        rows.word(new.actor_kind),
        rows.text(order.contact_name),
        rows.text(new.key),
        rows.jsonb(msgspec.json.encode(new.fact)),
    )
    return b"".join(fields)


def _lines(order: Order, quote: Quote) -> list[bytes]:
    """The `placed_line`s of an order."""
    u, q = rows.UUID, rows.INT8
    head = _LINE_OF(18, u, 16, order.merchant_id.bytes, u, 16, order.store_id.bytes, u, 16, order.order_id.bytes)
    return [
        head
        + _LINE(u, 16, line.line_id.bytes, rows.INT4, 4, line.line_no, q, 8, line.tax_minor, q, 8, line.discount_minor)
        + _what(quoted)
        for line, quoted in zip(order.lines, quote.lines, strict=True)
    ]


@lru_cache(maxsize=20_000)
def _what(line: QuotedLine) -> bytes:
    """What a line says that is the same in every order of it; a shop sells the same things again and again."""
    fields = (
        _GOODS(rows.UUID, 16, line.product_id.bytes, rows.UUID, 16, line.variant_id.bytes),
        rows.text(line.name),
        rows.text(line.variant_name),
        rows.text(line.category),
        _AMOUNTS(rows.INT4, 4, line.qty, rows.INT8, 8, line.unit_minor),
        rows.jsonb(msgspec.json.encode(line.modifiers)),
        rows.text(line.note),
        _AMOUNTS(rows.INT4, 4, line.tax_rate_ppm, rows.INT8, 8, line.total_minor),
    )
    return b"".join(fields)
