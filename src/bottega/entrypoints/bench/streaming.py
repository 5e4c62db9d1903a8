"""Measurement (c): how soon a change of an order reaches its customer, and what a stream costs in memory.

One `web` and one `worker` process; as many streams as asked for, each of another order; the changes are real moves made
by staff through the API.
"""

import statistics
import subprocess
import sys
import time
from typing import LiteralString

import msgspec

from bottega.entrypoints.bench import load, watching
from bottega.entrypoints.bench.placing import clear, order_requests
from bottega.entrypoints.bench.world import Running, World, post
from bottega.kit import ids

RATE = 100.0

# What the worker has not taken yet: facts in the outbox, and what the slowest consumer is behind.
STILL_TO_READ: LiteralString = """
select (select count(*) from outbox) + (select h.seq - min(c.position) from log_head h, consumers c group by h.seq)
"""


class Streaming(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured: milliseconds from a change's transaction to the client, kilobytes (1,000) a connection."""

    connections: int
    changes_per_second: float
    changes: int
    arrived: int
    refused: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    kilobytes_per_connection: float
    opening_seconds: float
    p99_rounds: list[float]


def measure(world: World, *, rounds: int, seconds: float, connections: int) -> Streaming:
    """Run it: streams are opened once, then the changes come in rounds."""
    clear(world)
    with world.web() as web, world.worker():
        orders = _orders(world, web, connections)
        login, password = world.barista.split(":", 1)
        staff = post(web.port, "/v1/login", {"login": login, "password": password})["access_token"]
        runs: list[watching.Seen] = []
        held: list[float] = []
        share = len(orders) // rounds
        for number in range(rounds):
            # Each round opens every stream anew and moves orders of its own, so no order runs out of moves.
            turned = orders[number * share :] + orders[: number * share]
            task = watching.Task(web.port, turned, staff, RATE, seconds)
            seen, memory = _watch(web, task)
            runs.append(seen)
            held.append(memory)
    return Streaming(
        connections=connections,
        changes_per_second=RATE,
        changes=sum(each.changes for each in runs),
        arrived=sum(each.arrived for each in runs),
        refused=sum(each.refused for each in runs),
        p50_ms=statistics.median(each.p50_ms for each in runs),
        p99_ms=statistics.median(each.p99_ms for each in runs),
        max_ms=max(each.max_ms for each in runs),
        # Later rounds reuse what the process already holds; only the first shows what the connections need.
        kilobytes_per_connection=held[0],
        opening_seconds=runs[0].opening_seconds,
        p99_rounds=[each.p99_ms for each in runs],
    )


def _orders(world: World, web: Running, count: int) -> list[watching.Watched]:
    """That many fresh orders, placed over HTTP, each with its guest's token."""
    requests = order_requests(world, web)
    tokens = dict(world.guests)
    found: list[watching.Watched] = []
    while len(found) < count:
        load.run(load.Task(web.port, requests, 32, max(0.2, (count - len(found)) / 4000), 0.0))
        with world.connect() as connection:
            rows = connection.execute("select order_id, placed_by from orders order by order_id limit %s", [count])
            found = [watching.Watched(ids.show("ord", row[0]), tokens[row[1]]) for row in rows]
    _settle(world)
    return found


def _settle(world: World) -> None:
    """Wait until the worker has taken what there is."""
    deadline = time.monotonic() + 120
    with world.connect() as connection:
        while time.monotonic() < deadline:
            row = connection.execute(STILL_TO_READ).fetchone()
            if row is None or not row[0]:
                return
            time.sleep(0.1)


def _watch(web: Running, task: watching.Task) -> tuple[watching.Seen, float]:
    """One process of watchers; what they saw, and by how many kilobytes a connection the web process grew."""
    before = web.resident_bytes()
    with subprocess.Popen(
        [sys.executable, "-m", "bottega.entrypoints.bench.watching"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(task) + b"\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"open\n", "the streams did not open"
        time.sleep(1.0)
        grown = web.resident_bytes() - before
        process.stdin.write(b"go\n")
        process.stdin.flush()
        seen = msgspec.json.decode(process.stdout.readline(), type=watching.Seen)
    return seen, grown / 1000 / max(1, seen.opened)
