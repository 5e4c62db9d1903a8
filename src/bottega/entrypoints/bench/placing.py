"""Measurement (a): orders a second over HTTP against pgbench writing the same rows, and what one order alone costs.

One `web` process serves; no worker runs meanwhile on either side. Rounds alternate on one growing table that has its
statistics, as a shop's tables have: on tables that the planner knows nothing of, either side reads the wrong index.
"""

import random
import re
import resource
import statistics
import time
from typing import Any

import msgspec
import psycopg

from bottega.entrypoints.bench import load, pgbench
from bottega.entrypoints.bench.world import Running, World, order_bodies

CLIENTS = (64, 256)
"""How many clients order; the count that does best in a first round stays, as it does for pgbench."""

_BODIES = 500
_STATEMENT = re.compile(r"LOG:  (?:execute [^:]*|statement):")


class Side(msgspec.Struct, frozen=True):
    """One side in one round: orders a second, and the processor time of one order (microseconds, all processes)."""

    rate: float
    order_us: float


class Placing(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured: rates are orders a second, latencies milliseconds, shares parts of one processor.

    `ratio` is the median of the rounds' own, each of which measures both sides one after the other.

    `web_order_us` and `pgbench_order_us` are the processor time that one order takes on each side, server and generator
    included. They hardly change when other programs run on the machine; the rates do.
    """

    orders_per_second: float
    pgbench_per_second: float
    ratio: float
    web_order_us: float
    pgbench_order_us: float
    web_rounds: list[Side]
    pgbench_rounds: list[Side]
    pgbench_script: str
    pgbench_clients: int
    latency_under_load_p50_ms: float
    latency_under_load_p99_ms: float
    alone_p50_ms: float
    alone_p99_ms: float
    statements_at_batch_1: int
    web_cpu: float
    generator_cpu: float
    connections: int
    stores: int
    failures: int


def measure(world: World, *, rounds: int, seconds: float) -> Placing:
    """Run it all."""
    with world.web() as web:
        requests = order_requests(world, web)
        load.run(load.Task(web.port, requests, 4, 0.3))  # menus are read, statements prepared
        bench = pgbench.Bench(world.server, world.folder, _scripts(world, web, requests))
        clear(world)
        load.run(load.Task(web.port, requests, CLIENTS[-1], 1.0))
        settle(world)
        clients = _best(web, requests, max(1.0, seconds / 3))
        settle(world)
        best = bench.best(max(1.0, seconds / 3))
        sides: tuple[list[Side], list[Side]] = ([], [])
        loads: list[load.Outcome] = []
        shares: list[float] = []
        for _ in range(rounds):
            sides[1].append(_through_pgbench(world, bench, best, seconds))
            used, began = web.cpu_seconds(), time.perf_counter()
            side, outcome = _over_http(world, web, load.Task(web.port, requests, clients, seconds))
            shares.append((web.cpu_seconds() - used) / (time.perf_counter() - began))
            sides[0].append(side)
            loads.append(outcome)
        settle(world)
        alone = load.run(load.Task(web.port, requests, 1, min(2.0, seconds)))
        statements = _statements(world, web, requests)
    return _summed((best, clients), sides, loads, (alone, statements, statistics.median(shares)), len(world.stores))


def _through_pgbench(world: World, bench: pgbench.Bench, best: pgbench.Baseline, seconds: float) -> Side:
    settle(world)
    before = _count(world)
    used, own = world.server_cpu_seconds(), resource.getrusage(resource.RUSAGE_CHILDREN)
    rate = bench.run(best.script, best.clients, seconds)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = world.server_cpu_seconds() - used + after.ru_utime - own.ru_utime + after.ru_stime - own.ru_stime
    return Side(rate, spent / max(1, _count(world) - before) * 1e6)


def _best(web: Running, requests: list[str], seconds: float) -> int:
    return max(CLIENTS, key=lambda clients: load.run(load.Task(web.port, requests, clients, seconds)).rate)


def _over_http(world: World, web: Running, task: load.Task) -> tuple[Side, load.Outcome]:
    settle(world)
    before = _count(world)
    used = world.server_cpu_seconds() + web.cpu_seconds()
    outcome = load.run(task)
    spent = world.server_cpu_seconds() + web.cpu_seconds() - used
    orders = max(1, _count(world) - before)
    return Side(outcome.rate, (spent / orders + outcome.cpu_seconds / max(1, outcome.good)) * 1e6), outcome


def _count(world: World) -> int:
    with world.connect() as connection:
        found = connection.execute("select count(*) from orders").fetchone()
    return found[0] if found else 0


def _summed(
    best: tuple[pgbench.Baseline, int],
    sides: tuple[list[Side], list[Side]],
    loads: list[load.Outcome],
    alone: tuple[load.Outcome, int, float],
    stores: int,
) -> Placing:
    rates = [statistics.median(each.rate for each in side) for side in sides]
    times = [statistics.median(each.order_us for each in side) for side in sides]
    return Placing(
        orders_per_second=rates[0],
        pgbench_per_second=rates[1],
        ratio=statistics.median(ours.rate / theirs.rate for ours, theirs in zip(*sides, strict=True)),
        web_order_us=times[0],
        pgbench_order_us=times[1],
        web_rounds=sides[0],
        pgbench_rounds=sides[1],
        pgbench_script=best[0].script,
        pgbench_clients=best[0].clients,
        stores=stores,
        latency_under_load_p50_ms=statistics.median(each.p50_ms for each in loads),
        latency_under_load_p99_ms=statistics.median(each.p99_ms for each in loads),
        alone_p50_ms=alone[0].p50_ms,
        alone_p99_ms=alone[0].p99_ms,
        statements_at_batch_1=alone[1],
        web_cpu=alone[2],
        generator_cpu=statistics.median(each.cpu_seconds / each.seconds for each in loads),
        connections=best[1],
        failures=sum(each.failures + sum(each.statuses.values()) - each.good for each in loads),
    )


def order_requests(world: World, web: Running) -> list[str]:
    """Whole requests: guests in turn, stores in turn, a new idempotency key each."""
    bodies = order_bodies(world, web.port, random.Random(1), _BODIES)  # noqa: S311 - a fixed choice
    return [
        load.request(
            "POST",
            "/v1/orders",
            {"Authorization": f"Bearer {token}", "Idempotency-Key": "{key}"},
            msgspec.json.encode(body),
        )
        for body, (_, token) in zip(bodies, world.guests, strict=False)
    ]


def clear(world: World) -> None:
    """Take every order away."""
    with world.connect() as connection:
        connection.execute("truncate orders, order_lines, order_events, outbox, order_counters, tickets cascade")


def settle(world: World) -> None:
    """Let the planner know the tables, and let what the last round left to write be written."""
    with world.connect() as connection:
        connection.execute("analyze orders, order_lines, order_events, outbox, order_counters")
        connection.execute("checkpoint")


def _scripts(world: World, web: Running, requests: list[str]) -> tuple[str, dict[str, str]]:
    sample = _sample(world, web, requests[0])
    return pgbench.scripts(sample, world.stores, [guest for guest, _ in world.guests])


def _sample(world: World, web: Running, request: str) -> pgbench.Sample:
    """The rows of an order that is alone in the database: what clients sent before they left may still be coming."""
    for number in range(10):
        clear(world)
        sent = _send_one(web, request, f"sample-order-{number}")
        assert " 201 " in sent[:20], sent
        with world.connect() as connection:
            sample = pgbench.record(connection)
        if len(sample.rows["orders"]) == 1:
            return sample
        time.sleep(0.5)
    raise RuntimeError("The database does not come to rest")


def _statements(world: World, web: Running, requests: list[str]) -> int:
    """How many statements the server gets for one order that comes alone: transaction, writes, wake-up; the median."""
    with world.connect() as connection:
        _log_statements(connection, "all")
        time.sleep(0.2)
        counts: list[int] = []
        for number in range(15):
            size = world.server.log.stat().st_size
            _send_one(web, requests[number], f"counted-{number}")
            time.sleep(0.03)
            with world.server.log.open("rb") as log:
                log.seek(size)
                counts.append(len(_STATEMENT.findall(log.read().decode(errors="replace"))))
        _log_statements(connection, "none")
    return round(statistics.median(counts))


def _log_statements(connection: psycopg.Connection[Any], which: str) -> None:
    connection.execute(f"alter system set log_statement = '{which}'".encode())
    connection.execute("select pg_reload_conf()")


def _send_one(web: Running, request: str, key: str) -> str:
    return load.send(web.port, request.replace("{key}", key).encode())
