"""A torture from beginning to end: install, let people in, carry out the plan, heal, wait for the end, judge.

What must stay true: the judge looks only when nothing moves any more, or when the time for that is over, which is a
violation of its own.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import psycopg

from bottega.domains.merchants import FulfillmentType, PayMode
from bottega.domains.orders import OrderStatus, machine_for
from bottega.entrypoints import rush, verify
from bottega.entrypoints.rush import Wire
from bottega.entrypoints.rush.customers import Menus
from bottega.entrypoints.rush.playing import Worker, arrivals, open_stores, staffed, working
from bottega.entrypoints.rush.tally import Tally, percentile
from bottega.entrypoints.torture.books import gather, unsettled
from bottega.entrypoints.torture.installation import Installation, installed
from bottega.entrypoints.torture.judging import Told, difference, judge, totals
from bottega.entrypoints.torture.model import Done, Orders, Recovery, Report, Violation
from bottega.entrypoints.torture.people import Clerk, OnlineShopper, Shopper
from bottega.entrypoints.torture.planning import faults_for
from bottega.entrypoints.torture.provider import provider_faults
from bottega.entrypoints.torture.recovering import Prober
from bottega.entrypoints.torture.striking import Hands
from bottega.entrypoints.torture.witness import Witness

Json = dict[str, Any]
SETTLE_SECONDS = 60.0
_LEAVING = 70.0
# Where a provider that fails all the time may tire out even the patient: they take their order back.
_MAY_FAIL = (
    "open payment: no answer", "card: no answer", "3-D Secure: no answer", "refund: no answer",
    "open payment: 409 nothing_to_pay",  # its answers were lost for longer than the minute in which an order is paid here
)  # fmt: skip
_PATIENCE = 120.0  # of a client: longer than anything that is done to the shop
_HANDS = 6  # of a barista where only payments count, so that the kitchen keeps nobody waiting
_STAFF = frozenset({"BARISTA", "MANAGER", "MERCHANT_ADMIN"})


class Stage:
    """Everything of one run that the display, the people and the judge share."""

    def __init__(self, made: Installation, orders: Orders) -> None:
        self.made = made
        self.orders = orders
        self.tally = Tally()
        self.began = time.monotonic()
        logins = tuple((each.login, each.password) for each in made.seeded.logins if each.role in _STAFF)
        self.plan = rush.Plan(
            url=made.url,
            rate=orders.rate,
            seconds=orders.seconds,
            seed=orders.seed,
            staff=logins,
            sandbox=made.provider_url,
            publishable_key=made.keys.publishable_key,
            patience=_PATIENCE,
            pace=0.0 if orders.payments else 0.3,
            hands=_HANDS if orders.payments else 1,
        )
        self.wire = Wire(self.plan, self.tally, self.dice("wire"))
        self.prober = Prober(made, self.tally, self.dice("prober"))
        self.hands = Hands(made, self.prober.recovered)
        self.faults = faults_for(orders.seed, orders.seconds, orders.every) if orders.faults is None else orders.faults
        self.settled: float | None = None
        self.waits_for: dict[str, int] = {}

    def dice(self, name: str) -> random.Random:
        """Dice of their own for whoever throws them, from the one seed."""
        return random.Random(f"{self.orders.seed} {name}")  # noqa: S311 - a seed plays the same again

    def shopper(self, wire: Wire, menus: Menus, store: Json, chooser: random.Random) -> Shopper:
        """A customer who comes in now; those of the last minute don't walk away, for all must come to its end in time."""
        made = Shopper(wire, menus, store, chooser)
        made.leaves_until = self.began + self.orders.seconds - _LEAVING
        return made


Watch = Callable[[Stage], Coroutine[Any, Any, None]]


async def play(orders: Orders, watch: Watch | None = None, keep: Path | None = None) -> Report:
    """Do it. `watch` runs beside it and is cancelled at the end; `keep` is a folder that stays afterwards."""
    async with installed(keep, direct=bool(orders.payments)) as made:
        stage = Stage(made, orders)
        watching = asyncio.create_task(watch(stage)) if watch is not None else None
        try:
            return await perform(stage)
        finally:
            if watching is not None:
                watching.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watching


async def perform(stage: Stage) -> Report:
    """All of it on an installation that runs, which runs on afterwards."""
    try:
        return await _performed(stage)
    finally:
        await stage.wire.close()


async def _performed(stage: Stage) -> Report:
    stores = await open_stores(stage.wire, stage.plan)
    crew = await staffed(stage.wire, stage.plan, stores, stage.dice("staff"))
    clerk = Clerk(stage.wire, _manager(stage), stage.dice("clerk"), 4 / stage.plan.rate)
    admin = _manager(stage)
    witnesses = [Witness(stage.wire, store["store_id"], admin) for store in stores]
    await stage.prober.start(stores[0]["store_id"])
    stage.began = time.monotonic()
    people: list[Worker] = [*crew, *witnesses]
    async with working(people):
        async with provider_faults(stage.made, stage.orders) as injected, working([clerk]):
            if stage.orders.payments:
                await _payments(stage, stores)
            else:
                async with asyncio.TaskGroup() as group:
                    group.create_task(arrivals(stage.wire, stage.plan, stores, stage.dice("customers"), stage.shopper))
                    group.create_task(stage.hands.carry_out(stage.faults, stage.began))
        last = max(stage.hands.last_healed, time.monotonic() if stage.orders.provider else 0.0)
        stage.settled = await _settled(stage, last)
        await asyncio.sleep(0.5)  # for what streams still have to say
    told = Told(
        orders=stage.tally.acknowledged,
        final=stage.tally.final,
        refunds=clerk.refunds,
        streams=[each.shown for each in witnesses],
        errors={name: count for name, count in stage.tally.errors.items() if not name.startswith(_MAY_FAIL)},
    )
    return await _judged(stage, told, injected)


def _manager(stage: Stage) -> tuple[str, str]:
    found = [each for each in stage.made.seeded.logins if each.role == "MERCHANT_ADMIN"]
    return found[0].login, found[0].password


async def _payments(stage: Stage, stores: list[Json]) -> None:
    """So many customers who pay online, as many at once as the shop is asked to bear."""
    dice, menus, doors = stage.dice("customers"), Menus(stage.wire), asyncio.Semaphore(stage.orders.at_once)

    async def visit(store: Json, chooser: random.Random) -> None:
        try:
            await OnlineShopper(stage.wire, menus, store, chooser).visit()
        finally:
            doors.release()

    async with asyncio.TaskGroup() as group:
        for _ in range(stage.orders.payments):
            await doors.acquire()
            while sum(stage.tally.queues.values()) > stage.orders.at_once:
                await asyncio.sleep(0.1)  # the queue at the counter is long: nobody comes in
            group.create_task(visit(dice.choice(stores), random.Random(dice.random())))  # noqa: S311


async def _settled(stage: Stage, since: float) -> float | None:
    """Seconds from the last fault until nothing moved any more; None when that took longer than it may."""
    while time.monotonic() < since + SETTLE_SECONDS:
        with contextlib.suppress(psycopg.Error):
            stage.waits_for = await unsettled(stage.made.database_url, open_statuses())
            if not stage.waits_for:
                return time.monotonic() - since
        await asyncio.sleep(0.25)
    return None


def open_statuses() -> list[str]:
    """Where an order can stand that is not at its end."""
    machines = [machine_for(kind, mode) for kind in FulfillmentType for mode in PayMode]
    ends = frozenset[OrderStatus]().union(*(machine.terminal for machine in machines))
    return sorted(set(OrderStatus) - ends)


async def _judged(stage: Stage, told: Told, injected: Counter[str]) -> Report:
    books = await gather(stage.made.database_url, stage.made.provider_url)
    checked = await verify.run(stage.made.database_url)
    violations = judge(books, told)
    if stage.settled is None:
        violations.append(Violation("not at its end in time", sum(stage.waits_for.values()), [stage.waits_for]))
    violations += [Violation(f"verify: {each.name}", each.found, list(each.rows[:3])) for each in checked.broken]
    charged, returned = totals(books)
    stuck = [str(each.fault) for each in stage.hands.done if each.recovered is None]
    if stuck:
        violations.append(Violation("faults that the shop did not recover from", len(stuck), stuck[:5]))
    return Report(
        seed=stage.orders.seed,
        seconds=round(time.monotonic() - stage.began, 1),
        faults=dict(sorted(Counter(each.fault.kind for each in stage.hands.done).items())),
        provider_faults=dict(sorted(injected.items())),
        recovery=_recovery(stage.hands.done),
        people=dict(sorted(stage.tally.counts.items())),
        acknowledged=len(told.orders),
        payments=len(books.payments),
        charged_minor=charged,
        returned_minor=returned,
        difference_minor=difference(books),
        settled_seconds=None if stage.settled is None else round(stage.settled, 1),
        stream_events=sum(len(each.positions) for each in told.streams),
        restarts=stage.made.restarts,
        refusals=dict(stage.tally.refusals),
        checks=len(checked.outcomes),
        warnings=[each.name for each in checked.warnings],
        violations=violations,
    )


def _recovery(done: list[Done]) -> dict[str, Recovery]:
    by_kind: defaultdict[str, list[float]] = defaultdict(list)
    for each in done:
        if each.recovered is not None:
            by_kind[each.fault.kind].append(each.recovered)
    return {
        kind: Recovery(len(found), round(percentile(found, 50), 2), round(max(found), 2))
        for kind, found in sorted(by_kind.items())
    }
