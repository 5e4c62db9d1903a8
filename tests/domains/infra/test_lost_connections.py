"""A network that fails between us and the database: what is unknown is said to be, nothing waits for ever, all recovers.

Real PostgreSQL behind a TCP link that cuts, swallows and deafens.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from bottega.entrypoints.torture import Link, Mode
from bottega.infra.connection import ANSWER_SECONDS, TimelyConnection
from bottega.infra.db import Pools
from bottega.infra.outbox import Waker
from bottega.infra.transaction import Answer, Claim, Database, Tx, fingerprint
from bottega.kit.errors import Unavailable
from bottega.kit.subject import Subject, system
from tests.conftest import Shop

WAIT = 0.5


@pytest.fixture
async def link(shop_url: str) -> AsyncIterator[Link]:
    """A TCP link to the server's Unix socket."""
    made = Link("database", _socket(shop_url))
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def database(link: Link, shop_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """The application's database by the link, on one connection, with little patience."""
    monkeypatch.setattr(TimelyConnection, "answer_seconds", WAIT)
    async with opened(_by(link, shop_url)) as found:
        yield found


@pytest.fixture
def subject(shop: Shop) -> Subject:
    """Somebody of the seeded merchant."""
    return system(shop.seeded.merchant_id, "test")


@asynccontextmanager
async def opened(url: str, *, size: int = 1, patience: float = WAIT) -> AsyncIterator[Database]:
    pools = Pools(url, size=size, name="bottega-test")
    pools.pool.timeout = patience
    await pools.open()
    waker = Waker(pools.conninfo)
    try:
        yield Database(pools, waker)
    finally:
        await waker.close()
        await pools.close()


async def noted(tx: Tx, what: str) -> str:
    tx.note(said=what)
    return what


async def count(tx: Tx, what: str) -> int:
    query = "select count(*) from audit_log where details ->> 'said' = %(what)s"
    return await tx.value(query, {"what": what})  # type: ignore[arg-type]


def claim() -> Claim:
    return Claim("test.note", str(uuid.uuid4()), fingerprint("x"))


def rendered(what: str) -> Answer:
    return Answer(200, what.encode())


async def test_a_connection_cut_mid_commit_is_unknown_and_the_key_tells(
    link: Link, database: Database, subject: Subject
) -> None:
    key = claim()
    link.deafen_at(b"commit")  # the server hears it and commits; its answer gets lost
    asking = asyncio.create_task(database.answer(noted, "once", by=subject, key=key, view=rendered))
    async with asyncio.timeout(5):
        while not link.lost:
            await asyncio.sleep(0.01)
    link.heal()

    with pytest.raises(Unavailable):
        await asking
    again = await database.answer(noted, "once", by=subject, key=key, view=rendered)

    assert (again.replayed, again.body) == (True, b"once")
    assert await database.run(count, "once", by=subject) == 1


async def test_a_connection_cut_before_the_commit_did_nothing_and_the_key_is_free(
    link: Link, database: Database, subject: Subject
) -> None:
    key = claim()

    async def cut_before(tx: Tx, what: str) -> str:
        link.cut()
        return await noted(tx, what)

    with pytest.raises(Unavailable):
        await database.answer(cut_before, "later", by=subject, key=key, view=rendered)
    done = await database.answer(noted, "later", by=subject, key=key, view=rendered)

    assert not done.replayed
    assert await database.run(count, "later", by=subject) == 1


async def test_a_black_hole_is_left_in_time_and_the_shop_goes_on_afterwards(
    link: Link, database: Database, subject: Subject
) -> None:
    await database.run(noted, "before", by=subject)
    link.fail(Mode.BLACK_HOLE)
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await database.run(noted, "within", by=subject)
    assert time.monotonic() - began < 6 * WAIT

    link.heal()
    await _until_it_works(database, subject)


async def test_a_hole_that_opens_in_the_middle_of_a_transaction_is_left_in_time(
    link: Link, database: Database, subject: Subject
) -> None:
    async def into_the_hole(tx: Tx, what: str) -> str:
        link.fail(Mode.BLACK_HOLE)
        return await noted(tx, what)

    began = time.monotonic()
    with pytest.raises(Unavailable):
        await database.run(into_the_hole, "within", by=subject)
    assert time.monotonic() - began < 4 * WAIT

    link.heal()
    await _until_it_works(database, subject)


def test_nobody_waits_for_ten_seconds() -> None:
    assert ANSWER_SECONDS < 10


async def test_who_finds_the_pool_empty_waits_a_bounded_time(database: Database, subject: Subject) -> None:
    async with database.pools.connection():
        began = time.monotonic()
        with pytest.raises(Unavailable) as refused:
            await database.run(noted, "no room", by=subject)

        assert time.monotonic() - began < 4 * WAIT
        assert refused.value.retry_after
    await database.run(noted, "room again", by=subject)


async def test_who_waits_for_a_connection_gets_one_as_soon_as_the_database_is_back(
    link: Link, shop_url: str, subject: Subject
) -> None:
    link.fail(Mode.CUT)
    async with opened(_by(link, shop_url)) as database:
        database.pools.pool.timeout = 30
        waiting = asyncio.create_task(database.run(noted, "patient", by=subject))
        await asyncio.sleep(1.2)  # longer than the pool itself goes on trying
        link.heal()

        async with asyncio.timeout(5):
            assert await waiting == "patient"


async def test_a_server_without_a_free_connection_is_unavailable_and_then_serves(
    shop_url: str, subject: Subject
) -> None:
    async with contextlib.AsyncExitStack() as taken:
        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            await _take_all(taken, shop_url)
        async with opened(shop_url) as database:
            with pytest.raises(Unavailable):
                await database.run(noted, "no room", by=subject)

            await taken.aclose()
            await _until_it_works(database, subject)


async def test_when_every_connection_died_at_once_the_next_one_is_there_at_once(
    link: Link, shop_url: str, subject: Subject
) -> None:
    async def held(tx: Tx, _: None) -> int:
        return await tx.execute("select pg_sleep(0.3)", {})

    async with opened(_by(link, shop_url), size=6, patience=5) as database:
        await asyncio.gather(*(database.run(held, None, by=subject) for _ in range(6)))
        carried = link.connections
        link.cut()
        await asyncio.sleep(0.05)  # until the news of it has arrived
        began = time.monotonic()
        said = await database.run(noted, "after", by=subject)
        took = time.monotonic() - began

    assert (carried >= 6, said) == (True, "after")
    assert took < 3  # the pool's own check waits a second before it looks at the third, then two, then four


async def test_a_storm_of_deadlocks_is_retried_whole(shop_url: str, subject: Subject) -> None:
    async with await psycopg.AsyncConnection.connect(shop_url, autocommit=True) as connection:
        name = urlsplit(shop_url).path[1:]
        await connection.execute(f"alter database {name} set deadlock_timeout = '20ms'".encode())
    tries = 0

    async def crossed(tx: Tx, order: tuple[int, int]) -> str:
        nonlocal tries
        tries += 1
        for number in order:
            await tx.execute("select pg_advisory_xact_lock(%(number)s)", {"number": number})
            await asyncio.sleep(0.01)
        return await noted(tx, "crossed")

    async with opened(shop_url, size=4, patience=5) as database:
        work = [database.run(crossed, order, by=subject) for order in [(1, 2), (2, 1)] * 4]
        done = await asyncio.gather(*work, return_exceptions=True)
        written = await database.run(count, "crossed", by=subject)

    assert tries > len(work), "there was no deadlock"
    assert all(each == "crossed" or isinstance(each, Unavailable) for each in done), done
    assert written == sum(each == "crossed" for each in done) >= 4


async def test_a_storm_of_serialization_failures_is_retried_whole_and_loses_no_change(
    shop_url: str, subject: Subject
) -> None:
    async with await psycopg.AsyncConnection.connect(shop_url, autocommit=True) as connection:
        name = urlsplit(shop_url).path[1:]
        await connection.execute(f"alter database {name} set default_transaction_isolation = 'serializable'".encode())
    tries = 0
    read = "select prep_minutes from stores where slug = 'milano'"

    async def one_more(tx: Tx, _: None) -> str:
        nonlocal tries
        tries += 1
        found = await tx.value(read, {})
        await asyncio.sleep(0.01)
        await tx.execute("update stores set prep_minutes = %(more)s where slug = 'milano'", {"more": found + 1})
        return await noted(tx, "one more")

    async def present(tx: Tx, _: None) -> int:
        return await tx.value(read, {})  # type: ignore[no-any-return]

    async with opened(shop_url, size=4, patience=5) as database:
        before = await database.run(present, None, by=subject)
        work = [database.run(one_more, None, by=subject) for _ in range(8)]
        done = await asyncio.gather(*work, return_exceptions=True)
        after = await database.run(present, None, by=subject)
        written = await database.run(count, "one more", by=subject)

    assert tries > len(work), "nothing failed"
    assert all(each == "one more" or isinstance(each, Unavailable) for each in done), done
    assert after - before == written == sum(each == "one more" for each in done) >= 2


async def _take_all(taken: contextlib.AsyncExitStack, url: str) -> None:
    """Connect until the server has no connection left. Raises what it says then."""
    while True:
        await taken.enter_async_context(await psycopg.AsyncConnection.connect(url, autocommit=True))


async def _until_it_works(database: Database, subject: Subject) -> None:
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(Unavailable):
                await database.run(noted, "after", by=subject)
                return


def _socket(url: str) -> str:
    given = parse_qs(urlsplit(url).query)
    return f"{given['host'][0]}/.s.PGSQL.{given['port'][0]}"


def _by(link: Link, url: str) -> str:
    return f"postgresql://postgres@127.0.0.1:{link.port}{urlsplit(url).path}"
