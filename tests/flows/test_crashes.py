"""`kill -9` of each process of ours and of the database under load: nothing acknowledged is lost, nothing is done twice."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bottega.domains.identity import People
from bottega.entrypoints.database_setup import migrate
from bottega.entrypoints.seed import SeedResult, seed
from bottega.infra.crypto import Keyring
from bottega.infra.postgres import EmbeddedPostgres
from bottega.kit import ids
from tests.conftest import SETTINGS, opened
from tests.simulators.fixtures import Launch
from tests.simulators.invariants import broken
from tests.simulators.load import Follower, Load
from tests.simulators.processes import Installation
from tests.simulators.shop import counter, eventually

QUIET = """
select (select count(*) from outbox) = 0 and (select min(position) from consumers) = seq
  and not exists (select from payment_attempts where state = 'INTENDED') from log_head
"""
NUMBERS = """
select store_id, business_date from orders group by 1, 2 having count(*) <> max(number) or min(number) <> 1
"""
OPENED_TWICE = "select aggregateid from log where type = 'ticket.opened' group by 1 having count(*) > 1"
# What a killed process was asking the provider is asked again after its lease; the test does not wait for that.
HURRY = (
    "update payment_attempts set next_try_at = now() where state = 'INTENDED' and next_try_at > now() + interval '2 s'"
)
TICKETS = "select seq from log where store_id = %s and seq > %s and (type like 'ticket.%%' or type like 'avail%%') order by seq"


@pytest.fixture
def own_postgres() -> Iterator[EmbeddedPostgres]:
    """A server of one's own, to be killed."""
    with tempfile.TemporaryDirectory(prefix="bottega-crash-") as folder:
        Path(folder).chmod(0o711)
        server = EmbeddedPostgres(Path(folder) / "data", settings=SETTINGS)
        try:
            server.start()
            yield server
        finally:
            server.erase()


@pytest.fixture
async def own_shop(own_postgres: EmbeddedPostgres, keyring: Keyring) -> SeedResult:
    """The demo chain on that server."""
    await migrate(own_postgres.url())
    async with opened(own_postgres.url()) as database:
        return await seed(database, People(keyring, database))


async def _quiet(url: str) -> None:
    async def quiet() -> bool:
        try:
            with psycopg.connect(url, autocommit=True) as db:
                db.execute(HURRY)
                row = db.execute(QUIET).fetchone()
        except psycopg.OperationalError:
            return False
        return bool(row and row[0])

    await eventually(quiet, 40, "everything being done")


async def _more(load: Load, orders: int) -> None:
    """Wait until so many more orders have been placed."""
    enough = len(load.placed) + orders

    async def there() -> bool:
        return len(load.placed) >= enough

    await eventually(there, 40, "more orders")


async def _killed_one_by_one(running: Installation, server: EmbeddedPostgres, load: Load) -> None:
    """Kill a web process, a worker and the database under load, and bring each back."""
    for role in (running.web[0], running.workers[0]):
        await _more(load, 10)
        role.kill()
        await asyncio.sleep(0.5)
        await asyncio.to_thread(role.start)
    await _more(load, 10)
    await asyncio.to_thread(_kill_database, server)
    await asyncio.sleep(0.5)
    await asyncio.to_thread(server.start)
    await _more(load, 10)


def _kill_database(server: EmbeddedPostgres) -> None:
    process = server._process
    assert process is not None
    process.kill()
    process.wait(10)


async def test_nothing_acknowledged_is_lost_and_streams_resume_without_a_gap(
    own_postgres: EmbeddedPostgres, own_shop: SeedResult, launch: Launch
) -> None:
    url = own_postgres.url()
    running = launch(url, web=2, workers=2)
    async with counter(running.urls[1], own_shop) as place:
        load = Load(place, running.urls)
        barista = await place.barista()
        followers = [Follower(barista.at(each), f"/v1/stores/{place.store_id}/queue/stream") for each in running.urls]
        following = [asyncio.create_task(each.run()) for each in followers]
        working = asyncio.create_task(load.run())

        await _killed_one_by_one(running, own_postgres, load)
        load.stop()
        await working
        await _quiet(url)

        store = ids.parse("sto", place.store_id)
        with psycopg.connect(url) as db:
            known = {row[0]: row[1] for row in db.execute("select idempotency_key, order_id from orders").fetchall()}
            firsts = [each.events[0].id for each in followers]
            assert db.execute(NUMBERS).fetchall() == [], "numbers have gaps"
            assert db.execute(OPENED_TWICE).fetchall() == []
            told = [[row[0] for row in db.execute(TICKETS, [store, first]).fetchall()] for first in firsts]

        async def caught_up() -> bool:
            return all(each.events[-1].id >= seqs[-1] for each, seqs in zip(followers, told, strict=True))

        await eventually(caught_up, 45, "the followers catching up")
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)

    assert load.refused == []
    assert len(load.placed) > 20
    assert load.moved > 5
    assert followers[0].broken >= 1
    assert {key: ids.show("ord", known[key]) for key in load.placed} == {
        key: order["order_id"] for key, order in load.placed.items()
    }
    assert known.keys() == load.placed.keys()
    for follower, seqs in zip(followers, told, strict=True):
        heard = [event.id for event in follower.events[1:]]
        assert [event.name for event in follower.events].count("snapshot") == 1, "it had to start afresh"
        assert heard == seqs
    assert await broken(url) == {}


async def test_a_worker_killed_again_and_again_reacts_to_each_fact_once(
    shop_url: str, shop_template: tuple[str, SeedResult], launch: Launch
) -> None:
    running = launch(shop_url, web=1, workers=2)
    async with counter(running.url, shop_template[1]) as place:
        load = Load(place, running.urls, seed=11)
        working = asyncio.create_task(load.run(customers=4, baristas=1))
        for number in range(4):
            await _more(load, 10)
            role = running.workers[number % 2]
            role.kill()
            role.start(wait=False)
        load.stop()
        await working
        await _quiet(shop_url)

    with psycopg.connect(shop_url) as db:
        orders = db.execute("select count(*) from orders").fetchone()
        tickets = db.execute("select count(*) from tickets").fetchone()
        unpaid = db.execute(
            "select count(*) from orders o where not exists (select from tickets t where t.order_id = o.order_id)"
            " and not (pay_mode = 'ONLINE' and status in ('PLACED', 'CANCELLED')) and status <> 'CANCELLED'"
        ).fetchone()
        twice = db.execute(OPENED_TWICE).fetchall()
    assert orders == (len(load.placed),)
    assert twice == []
    assert tickets
    assert tickets[0] > 5
    assert unpaid == (0,)
    assert await broken(shop_url) == {}
