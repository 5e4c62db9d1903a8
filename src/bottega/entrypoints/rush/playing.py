"""Playing a rush: customers arrive at random, baristas work until the shop is empty, then every order is looked for."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from bottega.entrypoints.rush.baristas import Barista
from bottega.entrypoints.rush.customers import Customer, Menus
from bottega.entrypoints.rush.model import Outcome, Plan
from bottega.entrypoints.rush.tally import Tally
from bottega.entrypoints.rush.wire import GaveUp, Wire

Json = dict[str, Any]
MakeCustomer = Callable[[Wire, Menus, Json, random.Random], Customer]
Watch = Callable[[Tally], Coroutine[Any, Any, None]]
_LOOKING = 20


class Worker(Protocol):
    """Somebody who works until told to stop."""

    async def work(self) -> None:
        """Work until cancelled."""
        ...


class NoShop(Exception):
    """There is nothing to play on: no open store, or nobody who may work there."""


async def play(plan: Plan, watch: Watch | None = None) -> Outcome:
    """Play it. `watch` runs beside it and is cancelled at the end. Raises `NoShop`, or `GaveUp` if no server answers."""
    chooser = random.Random(plan.seed)  # noqa: S311 - a seed plays the same rush again
    tally = Tally()
    wire = Wire(plan, tally, random.Random(plan.seed + 1))  # noqa: S311
    began = time.monotonic()
    watching = asyncio.create_task(watch(tally)) if watch is not None else None
    try:
        stores = await open_stores(wire, plan)
        baristas = await staffed(wire, plan, stores, chooser)
        async with working(baristas):
            await arrivals(wire, plan, stores, chooser)
            await drained(baristas, tally, plan.drain)
        missing = await missing_of(wire, tally)
    finally:
        if watching is not None:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
        await wire.close()
    return _outcome(tally, time.monotonic() - began, missing, len({id for each in baristas for id in each.tickets}))


async def open_stores(wire: Wire, plan: Plan) -> list[Json]:
    """The stores that take orders. Raises `NoShop`."""
    reply = await wire.call("stores", "GET", "/v1/stores?limit=100")
    found = [each for each in reply.body["data"] if each["status"] == "OPEN"] if reply.good else []
    if not found:
        raise NoShop(f"No store takes orders at {plan.url} right now.")
    return found[: plan.stores]


async def staffed(wire: Wire, plan: Plan, stores: list[Json], chooser: random.Random) -> list[Barista]:
    """Two or more baristas for every store, as the rate asks for."""
    needed = max(2, round(plan.rate / len(stores) / 1.5) + 1)
    crew: list[Barista] = []
    for store in stores:
        login = await _who_works_at(wire, plan, store["store_id"])
        crew += [
            Barista(wire, store["store_id"], login, random.Random(chooser.random()))  # noqa: S311
            for _ in range(needed)
        ]
    return crew


async def _who_works_at(wire: Wire, plan: Plan, store_id: str) -> tuple[str, str]:
    for login in plan.staff:
        signed = await wire.call("login", "POST", "/v1/login", body={"login": login[0], "password": login[1]})
        if not signed.good:
            raise NoShop(f"{login[0]} can't sign in.")
        me = await wire.call("me", "GET", "/v1/me", token=signed.body["access_token"])
        if any(role["store_id"] in (None, store_id) for role in me.body["roles"]):
            return login
    raise NoShop(f"None of the logins works at {store_id}; give one with --login NAME:PASSWORD.")


@asynccontextmanager
async def working(people: Sequence[Worker]) -> AsyncGenerator[None]:
    """All of them work for the time of a block. Raises what made one of them stop."""
    tasks = [asyncio.create_task(each.work()) for each in people]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, ExceptionGroup):
                raise ended.exceptions[0]


async def arrivals(
    wire: Wire, plan: Plan, stores: list[Json], chooser: random.Random, made: MakeCustomer = Customer
) -> None:
    """Arrivals at random intervals (a Poisson process) for the time of the plan; then wait for those inside."""
    menus = Menus(wire)
    ends = time.monotonic() + plan.seconds
    visits: set[asyncio.Task[None]] = set()
    while time.monotonic() < ends:
        await asyncio.sleep(min(chooser.expovariate(plan.rate), max(0.0, ends - time.monotonic())))
        customer = made(wire, menus, chooser.choice(stores), random.Random(chooser.random()))  # noqa: S311
        task = asyncio.create_task(customer.visit())
        visits.add(task)
        task.add_done_callback(visits.discard)
    await asyncio.gather(*visits)


async def drained(baristas: list[Barista], tally: Tally, patience: float) -> None:
    """Wait until no ticket is left for a moment, at most `patience` seconds."""
    ends = time.monotonic() + patience
    calm = 0
    while time.monotonic() < ends and calm < 5:
        calm = calm + 1 if not any(each.open_tickets for each in baristas) else 0
        await asyncio.sleep(0.2)
    tally.queues = dict.fromkeys(tally.queues, 0) if calm else tally.queues


async def missing_of(wire: Wire, tally: Tally) -> list[str]:
    """Look for every order that was acknowledged, as its customer; the ones that are gone or cost something else."""
    gate = asyncio.Semaphore(_LOOKING)
    missing: list[str] = []

    async def look(order_id: str) -> None:
        order = tally.acknowledged[order_id]
        async with gate:
            try:
                reply = await wire.call("look", "GET", f"/v1/orders/{order_id}", token=order.token)
            except GaveUp:
                missing.append(order_id)
                return
        if not reply.good or reply.body["total"] != order.total:
            missing.append(order_id)
            return
        order.status, order.history = reply.body["status"], reply.body["history"]

    await asyncio.gather(*(look(order_id) for order_id in tally.acknowledged))
    return sorted(missing)


def _outcome(tally: Tally, seconds: float, missing: list[str], left_open: int) -> Outcome:
    counts = tally.counts
    return Outcome(
        seconds=seconds,
        customers=counts["customers"],
        orders=counts["orders"],
        paid_online=counts["paid_online"],
        declined=counts["declined"],
        challenged=counts["challenged"],
        cancelled=counts["cancelled"],
        completed=counts["completed"],
        retries=counts["retries"],
        replays=counts["replays"],
        latencies=tally.latencies(),
        stages=tally.stages(),
        refusals=dict(tally.refusals),
        errors=dict(tally.errors),
        missing=missing,
        left_open=left_open,
    )
