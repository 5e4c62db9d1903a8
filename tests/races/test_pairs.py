"""Pairs of transitions of one order that exclude each other, at the same time from two processes: one winner each.

A seed says which pairs and in which order; `make races` runs 20,000 of them.
"""

import asyncio
import random
from collections import Counter as Tally
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import psycopg

from bottega.domains.catalog import Shop
from bottega.domains.orders import ChangeLines, Order, OrderStatus, change_lines
from bottega.domains.orders.actions.moving import CancelOwn, MoveOrder, cancel_own, transition
from bottega.domains.orders.errors import MoveNotAllowed, StatusConflict, TooLateToCancel, TooLateToChange
from bottega.domains.orders.model import CancelOrder, ChangeOrder, Transition
from bottega.domains.payments import Tender
from bottega.domains.pricing import LineRequest
from bottega.kit import ids
from bottega.kit.errors import PreconditionFailed
from bottega.kit.subject import Subject
from tests.races.conftest import Arena
from tests.simulators.invariants import broken
from tests.simulators.long import times

S = OrderStatus
SEED = 20261120
PAIRS = times(240, 20_000)
TOGETHER = 6
TOO_LATE = (StatusConflict, TooLateToCancel, TooLateToChange, MoveNotAllowed, PreconditionFailed)
STATUSES = """
select o.status, count(*) as events, max(e.seq) as last, count(distinct e.seq) as steps,
  bool_and(e.seq = 1 or e.from_status is not null) as chained
from orders o join order_events e using (store_id, order_id) where o.order_id = any(%s) group by o.order_id, o.status
"""

Verb = Callable[[int], Awaitable[Any]]


class Pairs:
    """What two people can do to one order that can't both be done."""

    def __init__(self, arena: Arena, shop: Shop) -> None:
        self.arena = arena
        self.shop = shop

    def staff(self, order: Order, before: OrderStatus, after: OrderStatus, **more: Any) -> Verb:
        """Staff move it."""
        command = MoveOrder(order.store_id, order.order_id, Transition(to_status=after, expected_status=before, **more))
        return lambda at: self.arena.processes[at].database.run(transition, command, by=self.arena.staff)

    def takes_back(self, order: Order, guest: Subject) -> Verb:
        """Its customer cancels it."""
        command = CancelOwn(order.store_id, order.order_id, CancelOrder(reason="late"))
        return lambda at: self.arena.processes[at].database.run(cancel_own, command, by=guest)

    def changes(self, order: Order, guest: Subject) -> Verb:
        """Its customer changes the lines that were seen."""
        line = order.lines[0]
        wish = ChangeOrder(items=(LineRequest(ids.show("prd", line.product_id), line.qty + 1),))
        command = ChangeLines(self.shop, order.order_id, wish, "default", frozenset({order.seq}))
        return lambda at: self.arena.processes[at].database.run(change_lines, command, by=guest)

    def hands_over(self, order: Order) -> Verb:
        """Staff take the money and give the goods, each with a receipt of their own."""
        return self.staff(order, S.READY, S.COMPLETED, receipt_ref=uuid4().hex, tender=Tender.CASH)

    def of(self, kind: str, order: Order, guest: Subject) -> tuple[list[Verb], Verb, Verb]:
        """What comes before, and the two that exclude each other."""
        start, finish = self.staff(order, S.PLACED, S.IN_PROGRESS), self.staff(order, S.IN_PROGRESS, S.READY)
        drop, drop_late = (self.staff(order, each, S.CANCELLED, reason="r") for each in (S.PLACED, S.IN_PROGRESS))
        return {
            "start and start": ([], start, self.staff(order, S.PLACED, S.IN_PROGRESS)),
            "start and take back": ([], start, self.takes_back(order, guest)),
            "start and cancel": ([], start, drop),
            "cancel and cancel": ([], drop, self.staff(order, S.PLACED, S.CANCELLED, reason="q")),
            "change and change": ([], self.changes(order, guest), self.changes(order, guest)),
            "finish and finish": ([start], finish, self.staff(order, S.IN_PROGRESS, S.READY)),
            "finish and cancel": ([start], finish, drop_late),
            "hand over and hand over": ([start, finish], self.hands_over(order), self.hands_over(order)),
        }[kind]


KINDS = (
    "start and start", "start and take back", "start and cancel", "cancel and cancel", "change and change",
    "finish and finish", "finish and cancel", "hand over and hand over",
)  # fmt: skip


async def _race(pairs: Pairs, kind: str, turn: int) -> tuple[str, int, Order]:
    """Run one pair; how many of the two went through, where the loser must have been told that it was too late."""
    guest = pairs.arena.guest()
    order = await pairs.arena.placed(turn, guest)
    before, one, other = pairs.of(kind, order, guest)
    for verb in before:
        await verb(turn)
    outcomes = await asyncio.gather(one(turn), other(1 - turn), return_exceptions=True)
    for outcome in outcomes:
        assert isinstance(outcome, (Order, *TOO_LATE)), f"{kind}: {outcome!r}"
    return kind, sum(isinstance(outcome, Order) for outcome in outcomes), order


async def test_of_two_conflicting_transitions_one_wins(arena: Arena) -> None:
    chooser = random.Random(SEED)
    pairs = Pairs(arena, await arena.processes[0].parts.shops.get(arena.store_id))
    winners: Tally[tuple[str, int]] = Tally()
    seen: list[Order] = []
    for _ in range(0, PAIRS, TOGETHER):
        some = [_race(pairs, chooser.choice(KINDS), chooser.randrange(2)) for _ in range(TOGETHER)]
        for kind, won, order in await asyncio.gather(*some):
            winners[kind, won] += 1
            seen.append(order)
    print(f"seed {SEED}: {sum(winners.values())} pairs, {dict(Tally(kind for kind, _ in winners.elements()))}")

    assert {won for _, won in winners} == {1}, winners
    assert sum(winners.values()) >= PAIRS
    with psycopg.connect(arena.url) as db:
        found = db.execute(STATUSES, [[order.order_id for order in seen]]).fetchall()
        taken = db.execute("select count(*), count(distinct reference) from payments").fetchone()
    assert len(found) == len(seen)
    for status, events, last, steps, chained in found:
        assert events == last == steps, f"{status}: the history has a gap or a double"
        assert chained
    handed = winners["hand over and hand over", 1]
    assert taken == (handed, handed), "an order was paid twice at the till"
    assert await broken(arena.url) == {}
