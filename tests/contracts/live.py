"""A shop under attack: real processes on a demo chain beside a second merchant, and the people who knock at its door.

Lives here: the launcher for the contract tests, the second merchant, tokens and ids for each kind of caller, and counting
what stands in the database. Not here: what is asked and expected (the tests).
"""

import asyncio
import contextlib
import socket
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psycopg
import stripe
from psycopg import sql

from bottega.domains.catalog import OfferCatalogue, offer_catalogue, write_catalogue
from bottega.domains.identity import AddUser, People, hash_password
from bottega.domains.merchants import OpenMerchant, Store, next_number, open_merchant, open_store
from bottega.entrypoints.seed import SeedResult
from bottega.entrypoints.seed.files import chain
from bottega.infra.crypto import Keyring
from bottega.infra.db import Pools
from bottega.infra.outbox import Waker
from bottega.infra.transaction import Database, Tx
from bottega.kit import ids
from bottega.kit.subject import NOBODY, Role, SubjectKind, system
from tests.simulators import http as clients
from tests.simulators.nursery import Nursery

WEBHOOK_SECRET = "whsec_contract_tests"
OTHER_PASSWORD = "a password of the other merchant"
ALWAYS = [{"weekday": day, "opens": "00:00", "closes": "00:00"} for day in range(7)]
MOVING = (
    "log", "log_head", "consumers", "outbox", "tickets", "sessions", "refresh_tokens", "reconciliations", "differences",
    "reconciliation_turns",
)  # fmt: skip


@dataclass
class Caller:
    """Somebody who asks: a name and the headers that say who it is."""

    name: str
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass
class Live:
    """A running shop: addresses, its owner's database address, callers by name, and ids to name in requests."""

    url: str
    database_url: str
    provider_url: str
    log: Path
    callers: dict[str, Caller] = field(default_factory=dict[str, Caller])
    names: dict[str, str] = field(default_factory=dict[str, str])
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = clients.Client(base_url=self.url, timeout=20)

    def ask(self, method: str, path: str, who: str = "guest", key: str | None = None, **more: Any) -> httpx.Response:
        """A request of a caller; unsafe ones carry an idempotency key (a fresh one, or `key`; "" leaves it out)."""
        headers = {**self.callers[who].headers, **more.pop("headers", {})}
        if method not in ("GET", "HEAD", "OPTIONS") and key != "":
            headers.setdefault("idempotency-key", key or str(uuid.uuid4()))
        return self.client.request(method, path, headers=headers, **more)

    def order(self, **changes: Any) -> dict[str, Any]:
        """A body with which an order at the demo chain's first store is placed."""
        body = {
            "store_id": self.names["store"],
            "fulfillment_type": "PICKUP",
            "pay_mode": "AT_STORE",
            "items": [{"product_id": self.names["product"], "qty": 1}],
        }
        return body | changes

    def place(self, who: str = "guest", **changes: Any) -> dict[str, Any]:
        """Place an order; its answer."""
        answer = self.ask("POST", "/v1/orders", who, json=self.order(**changes))
        assert answer.status_code == 201, answer.text
        return answer.json()

    def pay(self, order: dict[str, Any]) -> None:
        """Pay an online order with a good card, and wait until the provider's word has arrived."""
        provider = stripe.StripeClient("sk_test_contracts", base_addresses={"api": self.provider_url})
        intent = order["payment"]["client_secret"].partition("_secret")[0]
        provider.v1.payment_intents.confirm(intent, {"payment_method": "pm_card_visa", "return_url": self.url})
        until = time.monotonic() + 45
        while self.ask("GET", f"/v1/orders/{order['order_id']}", "barista").json()["status"] == "PLACED":
            assert time.monotonic() < until, "the payment did not arrive"
            time.sleep(0.05)

    def counts(self) -> dict[str, int]:
        """How many rows each table holds, apart from those that move by themselves."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            names = [
                name
                for (name,) in connection.execute(
                    "select tablename from pg_tables where schemaname = 'public' order by 1"
                ).fetchall()
                if name not in MOVING
            ]
            counts = sql.SQL(" union all ").join(
                sql.SQL("select {}, count(*) from {}").format(sql.Literal(name), sql.Identifier(name)) for name in names
            )
            return dict(connection.execute(counts).fetchall())

    def ticket_of(self, order_id: str, who: str = "barista") -> dict[str, Any]:
        """The ticket of an order, once the worker has made it."""
        until = time.monotonic() + 45
        while time.monotonic() < until:
            queue = self.ask("GET", f"/v1/stores/{self.names['store']}/queue", who).json()["data"]
            found = [ticket for ticket in queue if ticket["order_id"] == order_id]
            if found:
                return found[0]
            time.sleep(0.05)
        raise AssertionError("no ticket came")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(database_url: str, secret: str, port: int, sandbox_port: int, **more: str) -> dict[str, str]:
    """The settings of a shop's processes."""
    settings = {
        "BOTTEGA_DATABASE_URL": database_url,
        "BOTTEGA_SECRET": secret,
        "BOTTEGA_PORT": str(port),
        "BOTTEGA_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "BOTTEGA_STRIPE_SECRET_KEY": "sk_test_contracts",
        "BOTTEGA_STRIPE_PUBLISHABLE_KEY": "pk_test_contracts",
        "BOTTEGA_STRIPE_WEBHOOK_SECRETS": f"whsec_older,{WEBHOOK_SECRET}",
        "BOTTEGA_STRIPE_API_BASE": f"http://127.0.0.1:{sandbox_port}",
        "BOTTEGA_RATE_LIMIT": "0",
        "BOTTEGA_LOG_FORMAT": "json",
    }
    return settings | more


def wait_until_ready(url: str, seconds: float = 60) -> None:
    """Return once the shop can take orders."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(httpx.HTTPError):
            if clients.get(f"{url}/readyz", timeout=2).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"{url} did not become ready")


@contextlib.asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Database]:
    pools = Pools(url, size=2, name="bottega-test")
    waker = Waker(pools.conninfo)
    await pools.open()
    try:
        yield Database(pools, waker)
    finally:
        await waker.close()
        await pools.close()


class _Other(msgspec.Struct):
    people: People
    password_hash: str


async def _open_other(tx: Tx, given: _Other) -> Store:
    """A second merchant with one store, the same menu, an admin and a barista."""
    demo = chain()
    await open_merchant(tx, OpenMerchant("The other chain"))
    written = await write_catalogue(tx, demo.catalogue)
    shop = demo.shops[0]
    opening = msgspec.structs.replace(shop.store, slug="other-place", name="Other place")
    store = await open_store(tx, opening)
    await offer_catalogue(tx, OfferCatalogue(store.store_id, demo.catalogue, written, shop.offer))
    for login, role in (("admin.other", Role("MERCHANT_ADMIN")), ("barista.other", Role("BARISTA", store.store_id))):
        added = AddUser(
            kind=SubjectKind.STAFF, name=login, login=login, password_hash=given.password_hash, roles=(role,)
        )
        await given.people.add_user(tx, added)
    return store


async def _number(tx: Tx, _: None) -> int:
    return await next_number(tx)


async def add_other_merchant(database_url: str, keyring: Keyring) -> Store:
    """Open the second merchant's store in a seeded database."""
    async with _opened(database_url) as database:
        number = await database.run(_number, None, by=system(NOBODY))
        merchant = system(ids.new_id(number), name="tests")
        given = _Other(People(keyring, database), await hash_password(OTHER_PASSWORD))
        return await database.run(_open_other, given, by=merchant)


def open_all_day(database_url: str) -> None:
    """Let every store be open whenever the tests run, and serve everything at any hour."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("update stores set hours = %s::jsonb", [msgspec.json.encode(ALWAYS).decode()])
        connection.execute("update offers set sold_from = null, sold_to = null")


def log_in(url: str, login: str, password: str, store_id: str) -> dict[str, str]:
    """The headers of somebody who logs in."""
    body = {"login": login, "password": password, "store_id": store_id}
    answer = clients.post(f"{url}/v1/login", json=body, timeout=20)
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


def guest_of(url: str, store_id: str) -> dict[str, str]:
    """The headers of a new guest of a store's merchant."""
    answer = clients.post(f"{url}/v1/guests", json={"store_id": store_id}, timeout=20)
    assert answer.status_code == 201, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


def introduce(live: Live, seeded: SeedResult, other: Store) -> None:
    """Fill in who knocks, and the ids that requests name."""
    passwords = {each.login: each.password for each in seeded.logins}
    store, elsewhere = (ids.show("sto", each.store_id) for each in seeded.stores[:2])
    other_store = ids.show("sto", other.store_id)
    slug, next_slug = seeded.stores[0].slug, seeded.stores[1].slug
    staff = {(each.role, each.store): each.login for each in seeded.logins}
    people = {
        "anonymous": {},
        "guest": guest_of(live.url, store),
        "other guest": guest_of(live.url, store),
        "barista": log_in(live.url, staff["BARISTA", slug], passwords[staff["BARISTA", slug]], store),
        "barista elsewhere": log_in(
            live.url, staff["BARISTA", next_slug], passwords[staff["BARISTA", next_slug]], elsewhere
        ),
        "manager": log_in(live.url, staff["MANAGER", slug], passwords[staff["MANAGER", slug]], store),
        "other merchant's guest": guest_of(live.url, other_store),
        "other merchant's admin": log_in(live.url, "admin.other", OTHER_PASSWORD, other_store),
    }
    live.callers |= {name: Caller(name, headers) for name, headers in people.items()}
    live.names |= {"store": store, "store elsewhere": elsewhere, "other store": other_store}
    live.names |= {
        "merchant": ids.show("mer", seeded.merchant_id),
        "other merchant": ids.show("mer", other.merchant_id),
    }
    for name in ("store", "store elsewhere", "other store"):
        menu = live.ask("GET", f"/v1/stores/{live.names[name]}/menu", "anonymous").json()
        item = next(each for each in menu["products"] if each["available"])
        live.names[name.replace("store", "product")] = item["product_id"]
        live.names[name.replace("store", "variant")] = item["variants"][0]["variant_id"]
        live.names[name.replace("store", "modifier")] = menu["modifier_groups"][0]["modifiers"][0]["modifier_id"]


@contextlib.contextmanager
def running(
    database_url: str, seeded: SeedResult, keyring: Keyring, secret: str, folder: Path, born: Nursery
) -> Iterator[Live]:
    """A whole shop in processes of its own: provider, web, worker."""
    other = asyncio.run(add_other_merchant(database_url, keyring))
    open_all_day(database_url)
    port, sandbox_port = free_port(), free_port()
    environ = environment(database_url, secret, port, sandbox_port)
    sandbox = {
        "BOTTEGA_SANDBOX_PORT": str(sandbox_port),
        "BOTTEGA_SANDBOX_WEBHOOK_URL": f"http://127.0.0.1:{port}/v1/payments/webhook",
        "BOTTEGA_SANDBOX_WEBHOOK_SECRET": WEBHOOK_SECRET,
    }
    with (
        born.runs("sandbox", sandbox, log=folder / "sandbox.log"),
        born.runs("web", environ, log=folder / "web.log"),
        born.runs("worker", environ, log=folder / "worker.log"),
    ):
        live = Live(f"http://127.0.0.1:{port}", database_url, f"http://127.0.0.1:{sandbox_port}", folder / "web.log")
        wait_until_ready(live.url)
        introduce(live, seeded, other)
        try:
            yield live
        finally:
            live.client.close()
