"""An order is moved while its lines are being changed: it still stands where it was seen, so it moves, as it is by then."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from psycopg import errors as pg

from bottega.domains.orders import Order, OrderStatus
from bottega.domains.orders.actions.changing import ChangeLines, change_lines
from bottega.domains.orders.actions.moving import CancelOwn, MoveOrder, cancel_own, transition
from bottega.domains.orders.model import CancelOrder, ChangeOrder, Transition
from bottega.infra import transaction
from bottega.infra.transaction import Overtaken, Tx
from bottega.kit.subject import Subject
from tests.races.conftest import Arena
from tests.simulators.invariants import broken
from tests.simulators.shop import eventually

WAITING = "select true from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
Moves = Callable[[], Awaitable[Order]]


async def _moved_during_a_change(arena: Arena, order: Order, guest: Subject, moves: Moves) -> Order:
    """A guest takes two instead of one, and somebody who read the order before that comes to its row just then."""
    process = arena.processes[0]
    shop = await process.parts.shops.get(arena.store_id)
    wanted = ChangeOrder(items=(await arena.wish(qty=2)).items)

    async def waits() -> bool:
        return bool(arena.rows(WAITING))

    async def change(tx: Tx, command: ChangeLines) -> asyncio.Future[Order]:
        await change_lines(tx, command)
        move = asyncio.ensure_future(moves())
        await eventually(waits, what="somebody waiting for the order")
        return move

    return await (await process.database.run(change, ChangeLines(shop, order.order_id, wanted, "acct"), by=guest))


def _starting(arena: Arena, order: Order) -> Moves:
    wanted = Transition(to_status=OrderStatus.IN_PROGRESS, expected_status=OrderStatus.PLACED)
    command = MoveOrder(order.store_id, order.order_id, wanted)
    return lambda: arena.processes[1].database.run(transition, command, by=arena.staff)


async def test_a_barista_starts_what_the_customer_has_just_changed(arena: Arena) -> None:
    guest = arena.guest()
    order = await arena.placed(0, guest)

    started = await _moved_during_a_change(arena, order, guest, _starting(arena, order))

    assert (started.status, started.seq, [line.qty for line in started.lines]) == (OrderStatus.IN_PROGRESS, 3, [2])
    assert arena.rows("select event from order_events order by seq") == [("place",), ("change",), ("start",)]
    assert await broken(arena.url) == {}


async def test_a_customer_takes_back_what_they_have_just_changed(arena: Arena) -> None:
    guest = arena.guest()
    order = await arena.placed(0, guest)
    command = CancelOwn(order.store_id, order.order_id, CancelOrder(reason="no coffee today"))

    cancelled = await _moved_during_a_change(
        arena, order, guest, lambda: arena.processes[1].database.run(cancel_own, command, by=guest)
    )

    assert (cancelled.status, cancelled.seq) == (OrderStatus.CANCELLED, 3)


async def test_twin_without_beginning_anew_starts_nothing(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transaction, "_RETRYABLE", (pg.DeadlockDetected, pg.SerializationFailure))
    guest = arena.guest()
    order = await arena.placed(0, guest)

    with pytest.raises(Overtaken):
        await _moved_during_a_change(arena, order, guest, _starting(arena, order))

    assert arena.rows("select status from orders") == [("PLACED",)]
