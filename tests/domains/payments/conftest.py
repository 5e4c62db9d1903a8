"""Books to compare: a database for each test, and one sandbox for the file, wiped between tests."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.conftest import Shop
from tests.domains.sandbox.processes import Sandbox, start
from tests.simulators.ledgers import Books, books


@pytest.fixture(scope="module")
def provider() -> Iterator[Sandbox]:
    """A sandbox that tells nobody anything."""
    sandbox = start("--mail-port", "-1")
    yield sandbox
    sandbox.stop()


@pytest.fixture
async def both(shop: Shop, provider: Sandbox) -> AsyncIterator[Books]:
    """Two ledgers that agree."""
    provider.control("reset", {})
    async with books(shop, provider.url) as found:
        yield found
