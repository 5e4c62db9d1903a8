"""pgbench against the API: both write the same rows, column by column."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from bottega.entrypoints.bench import load, pgbench, placing
from bottega.entrypoints.bench.world import World, open_world, order_bodies

# What differs from one order to the next; everything else is equal.
OWN = {
    "store_id", "order_id", "aggregateid", "placed_by", "actor_id", "created_at", "updated_at", "promised_at", "at",
    "idempotency_key", "line_id", "id", "number",
}  # fmt: skip


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A small chain on a server of its own: what is measured truncates tables."""
    with open_world(stores=2) as made:
        yield made


@pytest.fixture(scope="module")
def recorded(world: World) -> tuple[pgbench.Sample, pgbench.Bench]:
    """One order as the API wrote it, and pgbench ready to write the same."""
    with world.web() as web:
        requests = placing.order_requests(world, web)
        bodies = order_bodies(world, web.port, random.Random(1), 4)
        placing.clear(world)
        answer = load.send(web.port, requests[0].replace("{key}", "recorded").encode())
    assert " 201 " in answer[:20], answer
    assert all(len(body["items"]) == 3 and all(line["modifier_ids"] for line in body["items"]) for body in bodies)
    with world.connect() as connection:
        sample = pgbench.record(connection)
    guests = [guest for guest, _ in world.guests]
    return sample, pgbench.Bench(world.server, world.folder, pgbench.scripts(sample, world.stores, guests))


@pytest.mark.parametrize("script", ["statement", "function"])
def test_it_writes_the_rows_that_the_api_writes(
    world: World, recorded: tuple[pgbench.Sample, pgbench.Bench], script: str
) -> None:
    sample, bench = recorded
    placing.clear(world)

    bench.once(script)

    with world.connect() as connection:
        written = pgbench.record(connection)
    assert written.columns == sample.columns
    assert {table: len(rows) for table, rows in written.rows.items()} == {
        "order_counters": 1, "orders": 1, "order_lines": 3, "order_events": 1, "outbox": 1,
    }  # fmt: skip
    for table, rows in sample.rows.items():
        for mine, theirs in zip(rows, written.rows[table], strict=True):
            assert shared(sample.columns[table], mine) == shared(sample.columns[table], theirs), table


def test_every_order_of_it_gets_a_number_of_its_own(
    world: World, recorded: tuple[pgbench.Sample, pgbench.Bench]
) -> None:
    placing.clear(world)

    for _ in range(3):
        recorded[1].once("statement")

    with world.connect() as connection:
        found = connection.execute("select store_id, number from orders").fetchall()
    assert len(found) == len(set(found)) == 3


def shared(columns: list[str], row: list[Any]) -> dict[str, Any]:
    """What both must say; of what is one's own, whether it is there."""
    return {name: value is not None if name in OWN else value for name, value in zip(columns, row, strict=True)}
