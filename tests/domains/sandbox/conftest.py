"""A sandbox and a shop that listens to it, shared by the tests of one file."""

from collections.abc import Iterator

import pytest

from tests.domains.sandbox import processes


@pytest.fixture(scope="module")
def shop() -> Iterator[processes.Shop]:
    shop = processes.Shop()
    yield shop
    shop.close()


@pytest.fixture(scope="module")
def sandbox(shop: processes.Shop) -> Iterator[processes.Sandbox]:
    sandbox = processes.start("--webhook-url", shop.url, "--mail-port", "-1")
    yield sandbox
    sandbox.stop()
