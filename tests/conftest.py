"""What tests stand on: one embedded PostgreSQL for the run, and a database of its own for whoever asks, in milliseconds.

`database_url` / `database`: an empty shop, fresh for each test. `shop_url` / `shop`: the seeded demo chain, the same way.
The names with `module_` in front are shared by the tests of one file. `empty_url` has no schema at all. Everything is
cloned from templates that are made once.
"""

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql

from bottega.domains.identity import People
from bottega.entrypoints.database_setup import migrate
from bottega.entrypoints.seed import SeedResult, seed
from bottega.infra.crypto import Keyring
from bottega.infra.db import Pools
from bottega.infra.outbox import Waker
from bottega.infra.postgres import EmbeddedPostgres
from bottega.infra.transaction import Database
from tests.simulators.long import LONG

# How long an example takes says how busy the machine is. The same examples each time, so that a run says something about
# the change that was made; new ones with LONG_TESTS.
settings.register_profile("ours", deadline=None, derandomize=not LONG)
settings.load_profile("ours")
pytest_plugins = ["tests.simulators.fixtures"]
SETTINGS = {"shared_buffers": "64MB", "max_connections": "120", "max_prepared_transactions": "2"}
SECRET = "a root secret that only tests have, 32 or more"
Clone = Callable[[str], AbstractContextManager[str]]


@dataclass(frozen=True)
class Shop:
    """The seeded demo chain: its database and what the seed said (stores, logins with passwords)."""

    url: str
    database: Database
    seeded: SeedResult


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """The server of this test run, gone after it."""
    with tempfile.TemporaryDirectory(prefix="bottega-tests-") as folder:
        Path(folder).chmod(0o711)  # as root the server is another user, who has to get in
        server = EmbeddedPostgres(Path(folder) / "data", settings=SETTINGS)
        try:
            server.start()
            yield server
        finally:
            server.erase()


@pytest.fixture(scope="session")
def clone(postgres: EmbeddedPostgres) -> Clone:
    """`with clone(template) as url`: a database of one's own, copied from a template."""
    counter = itertools.count(1)

    @contextmanager
    def cloned(template: str) -> Iterator[str]:
        name = sql.Identifier(f"test_{next(counter)}")
        with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("create database {} template {}").format(name, sql.Identifier(template)))
            try:
                yield postgres.url(name.as_string().strip('"'))
            finally:
                connection.execute(sql.SQL("drop database {} with (force)").format(name))

    return cloned


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """The name of a database with this version's schema and nothing in it."""
    postgres.ensure_database("template_empty_shop")
    asyncio.run(migrate(postgres.url("template_empty_shop")))
    return "template_empty_shop"


@pytest.fixture(scope="session")
def shop_template(postgres: EmbeddedPostgres, template: str, keyring: Keyring) -> tuple[str, SeedResult]:
    """The name of a database with the demo chain, and what the seed said."""
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("create database template_demo_chain template {}").format(sql.Identifier(template)))

    async def plant() -> SeedResult:
        async with opened(postgres.url("template_demo_chain")) as database:
            return await seed(database, People(keyring, database))

    return "template_demo_chain", asyncio.run(plant())


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """A `Database` that acts as the application, open for the time of a block."""
    pools = Pools(url, size=8, name="bottega-test")
    waker = Waker(pools.conninfo)
    await pools.open()
    try:
        yield Database(pools, waker)
    finally:
        await waker.close()
        await pools.close()


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    """The keys under which tests seal and sign; the seeded logins were sealed with it."""
    return Keyring(SECRET)


@pytest.fixture
def empty_url(clone: Clone) -> Iterator[str]:
    """The owner's address of a database without any table."""
    with clone("template0") as url:
        yield url


@pytest.fixture
def database_url(clone: Clone, template: str) -> Iterator[str]:
    """The owner's address of an empty shop for one test."""
    with clone(template) as url:
        yield url


@pytest.fixture(scope="module")
def module_database_url(clone: Clone, template: str) -> Iterator[str]:
    """The owner's address of an empty shop for one file of tests."""
    with clone(template) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An empty shop for one test, open as the application."""
    async with opened(database_url) as found:
        yield found


@pytest.fixture(scope="module")
async def module_database(module_database_url: str) -> AsyncIterator[Database]:
    """An empty shop for one file of tests, open as the application."""
    async with opened(module_database_url) as found:
        yield found


@pytest.fixture
def shop_url(clone: Clone, shop_template: tuple[str, SeedResult]) -> Iterator[str]:
    """The owner's address of the demo chain for one test."""
    with clone(shop_template[0]) as url:
        yield url


@pytest.fixture(scope="module")
def module_shop_url(clone: Clone, shop_template: tuple[str, SeedResult]) -> Iterator[str]:
    """The owner's address of the demo chain for one file of tests."""
    with clone(shop_template[0]) as url:
        yield url


@pytest.fixture
async def shop(shop_url: str, shop_template: tuple[str, SeedResult]) -> AsyncIterator[Shop]:
    """The demo chain for one test, open as the application."""
    async with opened(shop_url) as found:
        yield Shop(shop_url, found, shop_template[1])


@pytest.fixture(scope="module")
async def module_shop(module_shop_url: str, shop_template: tuple[str, SeedResult]) -> AsyncIterator[Shop]:
    """The demo chain for one file of tests, open as the application."""
    async with opened(module_shop_url) as found:
        yield Shop(module_shop_url, found, shop_template[1])
