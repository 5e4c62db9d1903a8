"""Scarce things of a store: order numbers, what is left of an item, and what has just been sold out."""

import asyncio
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest

from bottega.domains.catalog import ItemKind
from bottega.domains.catalog import store as catalog
from bottega.domains.catalog.actions.writing import SoldOutChange, set_availability
from bottega.domains.catalog.model import AvailabilityState, SetAvailability
from bottega.domains.orders.model import Placed
from bottega.domains.orders.store import batch
from bottega.domains.pricing import ItemSoldOut
from tests.races.conftest import Arena, without

NUMBERS = "select number from orders order by number"
COUNTER_ROW = """insert into order_counters as c (merchant_id, store_id, business_date, last_number)
  select merchant_id, store_id, business_date, n from wanted order by store_id, business_date
  on conflict (store_id, business_date) do update set last_number = c.last_number + excluded.last_number
  returning store_id, business_date, last_number"""
READ_ONLY: LiteralString = """select f.store_id, f.business_date, f.n + coalesce((select max(number) from orders o
    where o.store_id = f.store_id and o.business_date = f.business_date), 0)::int as last_number from wanted f"""


async def _many(arena: Arena, count: int) -> None:
    await asyncio.gather(*(arena.placed(n % 2) for n in range(count)))


async def test_numbers_over_two_processes_are_dense_and_nobody_shares_one(arena: Arena) -> None:
    await _many(arena, 300)

    assert [row[0] for row in arena.rows(NUMBERS)] == list(range(1, 301))


async def test_twin_without_the_counters_row_gives_a_number_twice(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    arena.weaken("drop index orders_number")
    monkeypatch.setattr(batch, "GATHER", without(batch.GATHER, COUNTER_ROW, READ_ONLY))
    for _ in range(5):
        await _many(arena, 60)

    numbers = [row[0] for row in arena.rows(NUMBERS)]
    assert len(set(numbers)) < len(numbers)


async def _sell(arena: Arena, left: int | None, state: AvailabilityState = AvailabilityState.AVAILABLE) -> UUID:
    product = await arena.product()
    change = SoldOutChange(arena.store_id, product, ItemKind.PRODUCT, SetAvailability(state, left=left))
    await arena.processes[1].database.run(set_availability, change, by=arena.staff)
    if left is not None:
        for process in arena.processes:  # as the hub of each does when it hears of it
            process.parts.shops.drop(arena.store_id)
    return product


async def _buyers(arena: Arena, count: int) -> int:
    """How many of `count` buyers at two processes got one."""
    outcomes = await asyncio.gather(*(arena.placed(n % 2) for n in range(count)), return_exceptions=True)
    for outcome in outcomes:
        assert not isinstance(outcome, BaseException) or isinstance(outcome, ItemSoldOut), repr(outcome)
    return sum(not isinstance(outcome, BaseException) for outcome in outcomes)


async def test_exactly_what_is_left_is_sold(arena: Arena) -> None:
    product = await _sell(arena, 25)

    assert await _buyers(arena, 80) == 25
    assert arena.rows("select left_count from availability where item_id = %s", product) == [(0,)]
    assert [row[0] for row in arena.rows(NUMBERS)] == list(range(1, 26)), "whoever came too late used up a number"
    assert arena.rows("select last_number from order_counters") == [(25,)]


async def test_twin_without_the_lock_on_what_is_left_sells_too_much(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(arena.url, autocommit=True) as db:
        for table, name, definition in db.execute(
            "select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint"
            " where conrelid = 'availability'::regclass and contype = 'c'"
        ).fetchall():
            if "left_count" in definition:
                db.execute(f"alter table {table} drop constraint {name}")  # type: ignore[arg-type]
    # The counters' row would make batches of one store wait for each other anyway: the twin goes without both.
    arena.weaken("drop index orders_number")
    monkeypatch.setattr(batch, "GATHER", without(batch.GATHER, COUNTER_ROW, READ_ONLY))
    monkeypatch.setattr(catalog, "LOCK_LEFT", without(catalog.LOCK_LEFT, " for update of a"))
    sold = 0
    for _ in range(5):
        await _sell(arena, 25)
        sold += await _buyers(arena, 80)

    assert sold > 5 * 25


async def _ordered_after_sold_out(arena: Arena) -> list[Placed | BaseException]:
    """Orders at one process that begin right after another process answered "sold out"."""
    outcomes: list[Placed | BaseException] = []
    for _ in range(10):
        await _sell(arena, None)
        guest, wish = arena.guest(), await arena.wish()
        arena.processes[0].parts.shops.drop(arena.store_id)
        await arena.processes[0].parts.shops.get(arena.store_id)  # at hand, believed for a second
        await _sell(arena, None, AvailabilityState.SOLD_OUT)
        try:
            outcomes.append(await arena.processes[0].ordering.place(guest, wish, str(len(outcomes))))
        except ItemSoldOut as error:
            outcomes.append(error)
    return outcomes


async def test_what_was_answered_as_sold_out_is_not_sold_by_a_process_that_has_not_heard(arena: Arena) -> None:
    await arena.processes[0].parts.shops.get(arena.store_id)

    assert all(isinstance(each, ItemSoldOut) for each in await _ordered_after_sold_out(arena))


async def test_twin_without_the_menus_version_sells_it(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (await arena.processes[0].parts.shops.get(arena.store_id)).menu.menu.version
    weakened = without(batch.GATHER, "c.last_number, s.menu_version", f"c.last_number, {before + 1}")
    monkeypatch.setattr(batch, "GATHER", weakened)

    outcomes = await _ordered_after_sold_out(arena)

    assert any(isinstance(each, Placed) for each in outcomes)
