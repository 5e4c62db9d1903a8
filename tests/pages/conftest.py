"""The whole thing for page tests: database, payment provider, web and worker as real processes, and a real Chromium.

One site serves all page tests of a run, so tests use customers of their own (a fresh browser context each). Its stores
never close, because tests run at any hour.
"""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bottega.entrypoints.seed import SeedResult
from bottega.infra.settings import Settings, to_environment
from tests.conftest import SECRET
from tests.simulators import http as clients
from tests.simulators.browser import launched
from tests.simulators.nursery import Nursery

PHONE = {"width": 390, "height": 844}
ALWAYS = "[" + ",".join(f'{{"weekday":{day},"opens":"00:00","closes":"00:00"}}' for day in range(7)) + "]"


@dataclass(frozen=True)
class Site:
    """A running shop: where it is, who works there, and the owner's way into its database."""

    url: str
    sandbox_url: str
    seeded: SeedResult
    owner_url: str

    def login(self, role: str, store: str) -> tuple[str, str]:
        """Login and password of somebody with that role at that store."""
        found = next(each for each in self.seeded.logins if each.role == role and each.store == store)
        return found.login, found.password

    def sql(self, statement: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Run a statement as the database's owner."""
        with psycopg.connect(self.owner_url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url: str, seconds: float = 60.0) -> None:
    """Wait until an address answers at all."""
    ends = time.monotonic() + seconds
    while True:
        try:
            clients.get(url, timeout=2)
        except httpx.HTTPError:
            assert time.monotonic() < ends, f"{url} does not answer"
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="session")
def site(
    clone: Callable[[str], AbstractContextManager[str]], shop_template: tuple[str, SeedResult], born: Nursery
) -> Iterator[Site]:
    """The demo chain, open around the clock, served by real processes."""
    template, seeded = shop_template
    port, provider_port = free_port(), free_port()
    url, sandbox_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{provider_port}"
    with clone(template) as owner_url:
        with psycopg.connect(owner_url, autocommit=True) as connection:
            connection.execute("update stores set hours = %s::jsonb", [ALWAYS])
        settings = Settings(
            database_url=owner_url,
            secret=SECRET,
            public_url=url,
            port=port,
            stripe_secret_key="sk_test_pages",
            stripe_publishable_key="pk_test_pages",
            stripe_webhook_secrets="whsec_pages",
            stripe_api_base=sandbox_url,
            stripe_js_url=f"{sandbox_url}/v3/",
            rate_limit=0,
            log_level="warning",
        )
        ours = to_environment(settings)
        hook = ("--webhook-url", f"{url}/v1/payments/webhook", "--webhook-secret", "whsec_pages")
        with (
            born.runs("sandbox", {}, "--port", str(provider_port), *hook),
            born.runs("web", ours),
            born.runs("worker", ours),
        ):
            answers(f"{sandbox_url}/v3/")
            answers(f"{url}/healthz")
            yield Site(url, sandbox_url, seeded, owner_url)


@pytest.fixture(scope="package")
def chromium(shop_template: tuple[str, SeedResult]) -> Iterator[Browser]:
    """A real browser. It is there for the files of this folder only, and after the template: it occupies this thread's
    event loop.
    """
    expect.set_options(timeout=10_000)
    with launched() as browser:
        yield browser


@contextmanager
def opened(browser: Browser, site: Site, **options: object) -> Iterator[BrowserContext]:
    """A browser of somebody's own; a script error or a refusal of the content policy fails the test."""
    wrong: list[str] = []
    context = browser.new_context(base_url=site.url, **{"viewport": PHONE, "locale": "en-GB", **options})  # type: ignore[arg-type]
    context.set_default_timeout(10_000)
    context.on("weberror", lambda error: wrong.append(str(error.error)))
    context.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    yield context
    context.close()
    assert wrong == []


@pytest.fixture
def phone(chromium: Browser, site: Site) -> Iterator[Page]:
    """A customer's phone."""
    with opened(chromium, site, is_mobile=True, has_touch=True) as context:
        yield context.new_page()


@pytest.fixture
def plain_phone(chromium: Browser, site: Site) -> Iterator[Page]:
    """A phone without JavaScript."""
    with opened(chromium, site, is_mobile=True, has_touch=True, java_script_enabled=False) as context:
        yield context.new_page()
