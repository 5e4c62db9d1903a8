"""Books to compare: a database and a sandbox for the file, both wiped between tests."""

from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from bottega.entrypoints.seed import SeedResult
from tests.conftest import Shop, opened
from tests.domains.sandbox.processes import Sandbox, start
from tests.simulators.ledgers import Books, books


@pytest.fixture(scope="module")
def provider() -> Iterator[Sandbox]:
    """A sandbox that tells nobody anything."""
    sandbox = start("--mail-port", "-1")
    yield sandbox
    sandbox.stop()


@pytest.fixture
async def emptied(module_shop_url: str, shop_template: tuple[str, SeedResult]) -> AsyncIterator[Shop]:
    """The demo chain without a payment; the tests of a file share its database, which costs less than one each."""
    with psycopg.connect(module_shop_url, autocommit=True) as connection:
        connection.execute("truncate payments, differences, reconciliations, reconciliation_turns cascade")
        connection.execute("update stores set capture_mode = 'AUTOMATIC'")
    async with opened(module_shop_url) as database:
        yield Shop(module_shop_url, database, shop_template[1])


@pytest.fixture
async def both(emptied: Shop, provider: Sandbox) -> AsyncIterator[Books]:
    """Two ledgers that agree."""
    provider.control("reset", {})
    async with books(emptied, provider.url) as found:
        yield found
