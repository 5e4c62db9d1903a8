"""A worker that is suspended, not dead, does not hold up the shop: another takes over, and nothing is done twice."""

import asyncio
import signal

import psycopg

from bottega.entrypoints.seed import SeedResult
from tests.simulators.fixtures import Launch
from tests.simulators.invariants import broken
from tests.simulators.shop import counter

LEADERS = """
select a.application_name, a.pid from pg_locks l join pg_stat_activity a using (pid)
where l.locktype = 'advisory' and l.granted and a.datname = current_database()
"""


async def test_a_suspended_leader_is_replaced_and_changes_nothing_when_it_wakes(
    shop_url: str, shop_template: tuple[str, SeedResult], launch: Launch
) -> None:
    running = launch(shop_url, web=1, workers=1)
    first = running.workers[0]
    second = launch(shop_url, web=1, workers=1).workers[0]  # its own installation, the same database
    async with counter(running.url, shop_template[1]) as place:
        guest, barista = await place.guest(), await place.barista()
        order = await guest.order(place.wish())
        await barista.ticket_of(place.store_id, order["order_id"])
        with psycopg.connect(shop_url) as db:
            before = {row[1] for row in db.execute(LEADERS).fetchall()}

        first.kill(signal.SIGSTOP)
        while_away = [await guest.order(place.wish()) for _ in range(3)]
        for each in while_away:
            await barista.ticket_of(place.store_id, each["order_id"], 15)
        with psycopg.connect(shop_url) as db:
            after = {row[1] for row in db.execute(LEADERS).fetchall()}
        first.kill(signal.SIGCONT)
        await asyncio.sleep(1)
        later = await guest.order(place.wish())
        await barista.ticket_of(place.store_id, later["order_id"])

    assert first.running
    assert second.running
    assert len(before) == len(after) == 3
    assert before.isdisjoint(after), "the suspended worker still leads"
    assert await broken(shop_url) == {}
