"""The customer's choice and the deadline come at the same moment, from several processes: one of them decides, once."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from bottega.domains import orders
from bottega.domains.orders import Order, Shortage, store
from bottega.domains.orders.errors import ShortageSettled, StatusConflict
from bottega.domains.orders.store import shortages
from bottega.kit.errors import Unavailable
from bottega.kit.subject import Subject
from tests.races.conftest import Arena, without
from tests.simulators.invariants import broken

Pair = tuple[Order, Subject, Shortage]


async def _short(arena: Arena, number: int) -> Pair:
    """An order whose only line is out, with its time to choose over."""
    guest = arena.guest()
    order = await arena.placed(number % 2, guest)
    process = arena.processes[number % 2]
    shop = await process.parts.shops.get(arena.store_id)
    report = orders.ReportShort(shop, order.order_id, order.lines[0].line_id, orders.MarkUnavailable())
    await process.database.run(orders.mark_unavailable, report, by=arena.staff)
    async with process.database.read(arena.merchant_id) as tx:
        return order, guest, (await orders.shortages_of(tx, arena.store_id, order.order_id))[0]


async def _chooses(arena: Arena, process: int, pair: Pair) -> bool:
    order, guest, shortage = pair
    shop = await arena.processes[process].parts.shops.get(arena.store_id)
    wanted = orders.ChooseInstead(orders.Choice.SUBSTITUTE, 1)
    decision = orders.Decide(shop, order.order_id, shortage.shortage_id, wanted)
    try:
        await arena.processes[process].database.run(orders.choose_instead, decision, by=guest)
    except (ShortageSettled, StatusConflict):
        return False
    return True


async def _lapses(arena: Arena, process: int, pair: Pair) -> bool:
    which = (arena.store_id, pair[0].order_id, pair[2].shortage_id)
    try:
        return await arena.processes[process].database.run(orders.choose_by_deadline, which, by=arena.staff)
    except (ShortageSettled, StatusConflict):
        return False


async def _insisting(decides: Callable[[], Awaitable[bool]]) -> bool:
    """Who is told to come again does so: without their guards, three who decide may block each other for long."""
    while True:
        with contextlib.suppress(Unavailable):
            return await decides()


async def _winners(arena: Arena, count: int) -> list[int]:
    """How many decided each of so many: the customer, and two sweeps in two processes."""
    pairs = await asyncio.gather(*(_short(arena, number) for number in range(count)))
    arena.weaken("update order_shortages set due_at = created_at")
    winners: list[int] = []
    for start in range(0, count, 3):
        group = [
            (partial(_chooses, arena, n % 2, pair), partial(_lapses, arena, 0, pair), partial(_lapses, arena, 1, pair))
            for n, pair in enumerate(pairs[start : start + 3])
        ]
        done = await asyncio.gather(*(asyncio.gather(*map(_insisting, each)) for each in group))
        winners += [sum(each) for each in done]
    return winners


async def test_a_choice_and_two_sweeps_have_one_winner_each(arena: Arena) -> None:
    winners = await _winners(arena, 24)

    assert winners == [1] * 24
    states = dict(arena.rows("select state, count(*) from order_shortages group by 1"))
    assert sum(states.values()) == 24
    assert set(states) <= {"SUBSTITUTED", "CANCELLED"}
    assert await broken(arena.url) == {}


async def test_twin_without_the_order_held_and_the_comparisons_decides_twice(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "LOCK", without(store.LOCK, " for update"))
    monkeypatch.setattr(store, "MOVE", without(store.MOVE, "and status = %(from_status)s and seq = %(seq)s"))
    monkeypatch.setattr(store, "RECOUNT", without(store.RECOUNT, "and status = %(status)s and seq = %(seq)s"))
    monkeypatch.setattr(shortages, "DECIDE", without(shortages.DECIDE, "and state = 'OFFERED'"))
    arena.weaken("alter table order_events drop constraint order_events_pkey")

    winners = await _winners(arena, 12)

    assert max(winners) > 1
    assert await broken(arena.url)
