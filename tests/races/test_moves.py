"""Two people move one order at the same time: one of them does, the other is told, and the history is one line."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bottega.domains.orders import Order, OrderStatus, store
from bottega.domains.orders.actions.moving import CancelOwn, MoveOrder, cancel_own, transition
from bottega.domains.orders.errors import StatusConflict, TooLateToCancel
from bottega.domains.orders.model import CancelOrder, Transition
from bottega.kit.subject import Subject
from tests.races.conftest import Arena, without
from tests.simulators.invariants import broken
from tests.simulators.long import times
from tests.simulators.processes import Installation
from tests.simulators.shop import Counter

S = OrderStatus
REFUSED = (StatusConflict, TooLateToCancel)
GUARD = "and status = %(from_status)s and seq = %(seq)s"


async def _start(arena: Arena, process: int, order: Order) -> None:
    wanted = Transition(to_status=S.IN_PROGRESS, expected_status=S.PLACED)
    command = MoveOrder(order.store_id, order.order_id, wanted)
    await arena.processes[process].database.run(transition, command, by=arena.staff)


async def _cancel(arena: Arena, process: int, order: Order, guest: Subject) -> None:
    command = CancelOwn(order.store_id, order.order_id, CancelOrder(reason="late"))
    await arena.processes[process].database.run(cancel_own, command, by=guest)


async def _both(first: Awaitable[None], second: Awaitable[None]) -> int:
    """How many of the two went through; the other must have been refused."""
    outcomes = await asyncio.gather(first, second, return_exceptions=True)
    for outcome in outcomes:
        assert outcome is None or isinstance(outcome, REFUSED), repr(outcome)
    return sum(outcome is None for outcome in outcomes)


async def _pairs(arena: Arena, count: int, race: Callable[[Order, Subject], Awaitable[int]]) -> list[int]:
    """Winners of each pair; a few pairs at a time."""
    guests = [arena.guest() for _ in range(count)]
    orders = await asyncio.gather(*(arena.placed(n % 2, guest) for n, guest in enumerate(guests)))
    winners: list[int] = []
    for start in range(0, count, 4):
        group = zip(orders[start : start + 4], guests[start : start + 4], strict=True)
        winners += await asyncio.gather(*(race(order, guest) for order, guest in group))
    return winners


async def test_two_baristas_who_start_one_order_have_one_winner(arena: Arena) -> None:
    pairs = times(200, 1000)

    winners = await _pairs(arena, pairs, lambda order, _: _both(_start(arena, 0, order), _start(arena, 1, order)))

    assert winners == [1] * pairs
    steps = arena.rows("select seq, to_status from order_events group by 1, 2 order by 1")
    assert steps == [(1, "PLACED"), (2, "IN_PROGRESS")]
    assert arena.rows("select count(*) from order_events") == [(2 * pairs,)]


async def test_twin_without_the_comparison_lets_both_win(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOVE", without(store.MOVE, GUARD))

    winners = await _pairs(arena, 60, lambda order, _: _both(_start(arena, 0, order), _start(arena, 1, order)))

    assert 2 in winners
    assert "orders.history_chained" in await broken(arena.url)


async def test_a_customer_who_cancels_and_a_barista_who_starts_are_not_both_right(arena: Arena) -> None:
    winners = await _pairs(
        arena, 100, lambda order, guest: _both(_start(arena, 0, order), _cancel(arena, 1, order, guest))
    )

    assert winners == [1] * 100
    ends = dict(arena.rows("select status, count(*) from orders group by 1"))
    assert sum(ends.values()) == 100
    assert set(ends) <= {"IN_PROGRESS", "CANCELLED"}
    assert arena.rows("select max(seq) from order_events") == [(2,)]


async def test_twin_without_the_comparison_makes_what_was_cancelled(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOVE", without(store.MOVE, GUARD))

    winners = await _pairs(
        arena, 60, lambda order, guest: _both(_start(arena, 0, order), _cancel(arena, 1, order, guest))
    )

    assert 2 in winners


async def test_over_http_two_baristas_at_two_processes_never_advance_twice(
    milano: Counter, running: Installation
) -> None:
    guest, first = await milano.guest(), await milano.barista()
    second = first.at(running.urls[1])
    for _ in range(15):
        order = await guest.order(milano.wish())
        ticket = await first.ticket_of(milano.store_id, order["order_id"])
        for state in ("QUEUED", "STARTED"):
            answers = await asyncio.gather(first.bumps(ticket, state), second.bumps(ticket, state))
            assert sorted(answer.status_code for answer in answers) == [200, 409]
            late = next(answer.json() for answer in answers if answer.status_code == 409)
            assert late["code"] == "ticket_moved"
        history = (await guest.look(order["order_id"]))["history"]
        assert [step["to_status"] for step in history] == ["PLACED", "IN_PROGRESS", "READY"]
    await second.http.aclose()
