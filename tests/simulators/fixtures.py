"""Fixtures with real processes. `running` is one installation for the whole run (a sandbox, two web processes, a worker)
for tests that break nothing; `launch` starts one of one's own, to be killed and restarted at will.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator

import psycopg
import pytest

from bottega.entrypoints.seed import SeedResult
from tests.conftest import SECRET, Clone
from tests.simulators import shop as shops
from tests.simulators.invariants import come_to_rest
from tests.simulators.nursery import Nursery, nursery
from tests.simulators.processes import Installation, installation

Launch = Callable[..., Installation]


def open_round_the_clock(database_url: str) -> None:
    """The stores of this database take orders at whatever hour tests run."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(shops.OPEN_ALWAYS)


def _launcher(folders: pytest.TempPathFactory, born: Nursery) -> Iterator[Launch]:
    started: list[Installation] = []
    numbers = itertools.count(1)

    def start(database_url: str, **options: object) -> Installation:
        open_round_the_clock(database_url)
        folder = folders.mktemp(f"processes-{next(numbers)}")
        made = installation(database_url, folder, nursery=born, secret=SECRET, **options)  # type: ignore[arg-type]
        started.append(made)
        made.start()
        return made

    try:
        yield start
    finally:
        for each in started:
            each.stop()


@pytest.fixture(scope="session")
def born(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Where processes come from."""
    with nursery(tmp_path_factory.mktemp("nursery")) as made:
        yield made


@pytest.fixture
def launch(tmp_path_factory: pytest.TempPathFactory, born: Nursery) -> Iterator[Launch]:
    """`launch(database_url, web=2, workers=1, one_port=False, settings={…})`: an installation for one test."""
    yield from _launcher(tmp_path_factory, born)


@pytest.fixture(scope="module")
def module_launch(tmp_path_factory: pytest.TempPathFactory, born: Nursery) -> Iterator[Launch]:
    """As `launch`, for one file of tests."""
    yield from _launcher(tmp_path_factory, born)


@pytest.fixture(scope="session")
def running_url(clone: Clone, shop_template: tuple[str, SeedResult]) -> Iterator[str]:
    """The database of the shared installation."""
    with clone(shop_template[0]) as url:
        yield url


@pytest.fixture(scope="session")
def running(running_url: str, tmp_path_factory: pytest.TempPathFactory, born: Nursery) -> Iterator[Installation]:
    """The shared installation: a sandbox, two web processes on ports of their own, one worker. Don't break it.

    At its end `bottega verify` reads what all tests left there: rows that only a test could have written would be met
    by whichever other test shares the installation with it.
    """
    for start in _launcher(tmp_path_factory, born):
        yield start(running_url, web=2, settings={"BOTTEGA_STREAM_HEARTBEAT": "1"})
        asyncio.run(come_to_rest(running_url))


@pytest.fixture(autouse=True)
def no_faults(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test makes the shared sandbox do wrong ends with the test."""
    yield
    if "running" in request.fixturenames:
        made: Installation = request.getfixturevalue("running")
        made.control("faults", method="DELETE")
        made.control("webhooks/deliver", {})


@pytest.fixture
async def milano(running: Installation, shop_template: tuple[str, SeedResult]) -> AsyncIterator[shops.Counter]:
    """The store in Milano of the shared installation (prices contain the tax, EUR)."""
    async with shops.counter(running.url, shop_template[1]) as counter:
        yield counter


@pytest.fixture
async def new_york(running: Installation, shop_template: tuple[str, SeedResult]) -> AsyncIterator[shops.Counter]:
    """The store in New York of the shared installation (tax on top, USD)."""
    async with shops.counter(running.url, shop_template[1], "new-york") as counter:
        yield counter
