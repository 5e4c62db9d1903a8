"""What the tests of this folder share: a day's trade; a provider apart."""

from collections.abc import Iterator

import pytest

from bottega.entrypoints.seed import SeedResult
from tests.conftest import Clone
from tests.flows.trading_day import opened_day, trade
from tests.simulators.desks import lone_sandbox
from tests.simulators.nursery import Nursery
from tests.simulators.processes import Installation


@pytest.fixture(scope="module")
def quiet_day_url(clone: Clone, shop_template: tuple[str, SeedResult]) -> Iterator[str]:
    """The owner's address of a chain for one file of tests, before its first order."""
    with clone(shop_template[0]) as url:
        yield url


@pytest.fixture(scope="module")
async def traded_url(quiet_day_url: str) -> str:
    """The same after a day's trade at two stores (one taxes on top, one within its prices); nothing runs any more."""
    for store in (0, 1):
        async with opened_day(quiet_day_url, store) as day:
            await trade(day)
    return quiet_day_url


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory, born: Nursery) -> Iterator[Installation]:
    """A provider whose webhooks reach nobody, for shops in the test's own process. Leave it without faults."""
    with lone_sandbox(tmp_path_factory.mktemp("provider-apart"), born) as made:
        yield made
