"""Measurement (d): does placing an order take longer when a million orders are there already?

Three databases on one server, equal but for the orders in them, each with a `web` process of its own. One client places
one order after the other, each in the next database, so what else happens on the machine falls on all of them.
"""

import contextlib
from typing import LiteralString

import msgspec
import psycopg
from psycopg import sql

from bottega.entrypoints.bench import load
from bottega.entrypoints.bench.placing import clear, order_requests
from bottega.entrypoints.bench.world import World
from bottega.entrypoints.rush.tally import percentile

SIZES = (0, 100_000, 1_000_000)

# Orders of the past year, in the order in which their ids say, with one line and one event each. Foreign keys are not
# checked while filling (session_replication_role), as when a backup is loaded.
FILL: LiteralString = """
set session_replication_role = replica;
create temp table past as
  select s.merchant_id, s.store_id, n, now() - make_interval(secs => 31536000.0 * ({total} - n) / {total}) as at,
    uuidv7(make_interval(secs => -31536000.0 * ({total} - n) / {total})) as order_id, md5(n::text)::uuid as subject
  from generate_series(1, {total}) as n
  join (select merchant_id, store_id, row_number() over () - 1 as place, count(*) over () as stores from stores) s
    on s.place = n % s.stores;
insert into orders (merchant_id, store_id, order_id, number, business_date, status, seq, fulfillment_type, pay_mode, currency,
    subtotal_minor, discount_minor, tax_minor, tax_included, fees_minor, total_minor, menu_version, placed_by, contact_name,
    idempotency_key, fingerprint, promised_at, created_at, updated_at)
  select merchant_id, store_id, order_id, n, at::date, 'COMPLETED', 4, 'PICKUP', 'AT_STORE', 'EUR', 450, 0, 41, true, 0, 450, 2,
    subject, 'Giulia', order_id::text, '\\x00112233445566778899aabbccddeeff', at, at, at from past;
insert into order_lines (merchant_id, store_id, order_id, line_no, line_id, product_id, variant_id, name, variant_name,
    category, qty, unit_minor, modifiers, note, discount_minor, tax_rate_ppm, tax_minor, total_minor)
  select merchant_id, store_id, order_id, 1, order_id, subject, subject, 'Cappuccino', 'M', 'Coffee', 1, 450, '[]', '', 0,
    100000, 41, 450 from past;
insert into order_events (merchant_id, store_id, order_id, seq, event, from_status, to_status, actor_kind, actor_id, at)
  select merchant_id, store_id, order_id, 1, 'place', null, 'PLACED', 'GUEST', subject, at from past;
drop table past;
"""


class Size(msgspec.Struct, frozen=True):
    """One database: how many orders were there, how long one more takes (milliseconds), how often measured."""

    orders: int
    p50_ms: float
    p99_ms: float
    measured: int


class Growing(msgspec.Struct, frozen=True):
    """What was measured: the sizes, and the largest against the empty one."""

    sizes: list[Size]
    ratio: float


def measure(world: World, *, rounds: int, seconds: float) -> Growing:
    """Fill, then take turns."""
    clear(world)
    with contextlib.ExitStack() as stack:
        ports: list[int] = []
        for size in SIZES:
            url = _database(world, f"grown_{size}", size)
            ports.append(stack.enter_context(world.web(database_url=url)).port)
        with world.web() as web:
            requests = order_requests(world, web)
        for port in ports:
            load.run(load.Task(port, requests, 4, 0.3))
        latencies = load.in_turns(ports, requests, rounds * seconds * len(ports))
    sizes = [
        Size(size, percentile(found, 50) * 1000, percentile(found, 99) * 1000, len(found))
        for size, found in zip(SIZES, latencies, strict=True)
    ]
    return Growing(sizes, sizes[-1].p50_ms / sizes[0].p50_ms)


def _database(world: World, name: str, orders: int) -> str:
    """A copy of the shop with so many orders of the past in it."""
    template = sql.Identifier("bottega")
    with psycopg.connect(world.server.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template {}").format(sql.Identifier(name), template))
    url = world.server.url(name)
    with psycopg.connect(url, autocommit=True) as connection:
        if orders:
            connection.execute(sql.SQL(FILL).format(total=sql.Literal(orders)))
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")
    return url
