"""A shop that trades in this process against a sandbox of its own: orders are placed, paid, cancelled, swept by hand.

For tests about the beats between us and the provider: what was written down, what was asked, what came of it. The
provider is the real sandbox through the official SDK; no web process and no worker runs unless the test starts one.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import dict_row

from bottega.domains import orders
from bottega.domains.orders import Order, Ordering, PlaceOrder
from bottega.domains.payments import Desk, Payment, due_at_provider
from bottega.domains.payments import read as read_payment
from bottega.entrypoints.seed import SeedResult
from bottega.entrypoints.wiring import Parts, make_context, make_parts
from bottega.infra.settings import Settings
from bottega.infra.sweep import Sweep
from bottega.kit import ids
from bottega.kit.subject import Subject, SubjectKind, system
from tests.conftest import SECRET
from tests.simulators import provider
from tests.simulators.fixtures import open_round_the_clock
from tests.simulators.nursery import Nursery
from tests.simulators.processes import Installation, installation
from tests.simulators.shop import key, pay

# Time passes for what was taken, put off or is to be asked later.
HURRY = """
update payment_attempts set next_try_at = now() where state = 'INTENDED';
update provider_events set next_try_at = now() where state = 'RECEIVED';
"""
# Everybody has heard of every fact.
HEARD = "select (select count(*) from outbox) = 0 and (select min(position) from consumers) = seq from log_head"
QUIET = """
select (select count(*) from outbox) = 0 and (select coalesce(min(position), 0) from consumers) = seq
  and not exists (select from payment_attempts where state = 'INTENDED')
  and not exists (select from provider_events where state = 'RECEIVED') from log_head
"""


@contextmanager
def lone_sandbox(folder: Path, born: Nursery) -> Iterator[Installation]:
    """A sandbox whose webhooks reach nobody."""
    made = installation("", folder, nursery=born, secret=SECRET, web=1, workers=0)
    made.sandbox.start()
    try:
        yield made
    finally:
        made.sandbox.kill()


@dataclass
class Here:
    """A seeded shop in this process."""

    url: str
    installation: Installation
    seeded: SeedResult
    parts: Parts
    ordering: Ordering

    @property
    def desk(self) -> Desk:
        """Where this process asks the provider."""
        return self.parts.desk

    @property
    def sandbox(self) -> str:
        """Where the provider is."""
        return self.installation.sandbox.url

    @property
    def merchant_id(self) -> UUID:
        """Whose shop it is."""
        return self.seeded.merchant_id

    @property
    def settings(self) -> dict[str, str]:
        """The environment of a process of this shop."""
        own = {"BOTTEGA_DATABASE_URL": self.url, "BOTTEGA_DATABASE_CONNECTIONS": "6"}
        return {
            name: value for name, value in _environment(self.installation).items() if name.startswith("BOTTEGA_")
        } | own

    async def place(self, *, online: bool = True) -> Order:
        """Beat one of an order: placed and committed, and nobody has been asked anything."""
        store = next(each for each in self.seeded.stores if each.slug == "milano")
        shop = await self.parts.shops.get(store.store_id)
        product = next(each for each in shop.menu.menu.products if "latte" in each.name.lower())
        wish: dict[str, Any] = {
            "store_id": ids.show("sto", store.store_id), "fulfillment_type": "PICKUP",
            "pay_mode": "ONLINE" if online else "AT_STORE",
            "items": [{"product_id": ids.show("prd", product.product_id), "qty": 1}],
        }  # fmt: skip
        guest = Subject(SubjectKind.GUEST, ids.new_id(0), self.merchant_id)
        return (await self.ordering.place(guest, msgspec.convert(wish, PlaceOrder), key())).order

    async def open(self) -> Order:
        """An order whose intent the provider has opened."""
        order = await self.place()
        assert order.payment_id is not None
        await self.desk.ask(self.merchant_id, order.store_id, order.payment_id, first=True)
        return order

    async def paid(self) -> Order:
        """An order whose intent a customer has paid; we have not heard of it."""
        order = await self.open()
        await self.pay(order)
        return order

    async def pay(self, order: Order, card: str = "pm_card_visa") -> Any:
        """What the customer's browser does at the provider."""
        payment = await self.payment(order)
        assert payment.provider_ref is not None
        return await pay(self.sandbox, payment.provider_ref, card)

    async def captured(self) -> Order:
        """A paid order whose payment is captured here as well (the order itself follows in a worker)."""
        order = await self.paid()
        await self.check(order)
        return order

    async def check(self, order: Order) -> None:
        """Its regular time to be asked about has come."""
        assert order.payment_id is not None
        self.now("update payments set next_check_at = now() where payment_id = %s", [order.payment_id])
        await self.desk.check(self.merchant_id, order.store_id, order.payment_id)

    async def cancel(self, order: Order) -> None:
        """Beat one of sending everything back."""
        which = orders.CancelOwn(order.store_id, order.order_id, orders.CancelOrder("changed my mind"))
        await self.parts.database.run(orders.cancel_own, which, by=system(self.merchant_id, "test"))

    async def payment(self, order: Order) -> Payment:
        """The order's payment as it is now."""
        assert order.payment_id is not None
        async with self.parts.database.read(self.merchant_id) as tx:
            found = await read_payment(tx, order.store_id, order.payment_id)
        assert found is not None
        return found

    async def event(self, order: Order, kind: str = "payment_intent.succeeded") -> None:
        """The provider's signed event arrives and is kept; nobody has applied it."""
        payment = await self.payment(order)
        assert payment.provider_ref is not None
        body = provider.event(kind, await provider.read(self.installation, payment.provider_ref))
        assert await self.desk.receive(body, provider.signature(body)) is not None

    async def sweep(self) -> int:
        """What a worker does at the provider, once around; how much there was."""

        async def due() -> Any:
            return await due_at_provider(self.parts.database, self.desk)

        return await Sweep("test", due).once()

    async def sweeps_until_quiet(self, rounds: int = 40) -> None:
        """Sweep, time passing quickly in between, until nothing waits for the provider any more."""
        for _ in range(rounds):
            self.now(HURRY)
            await self.sweep()
            if not self.rows("select 1 from payment_attempts where state = 'INTENDED'"):
                return
            await asyncio.sleep(0.02)
        left = self.rows("select * from payment_attempts")
        raise AssertionError(f"still to be asked: {left}")

    def faults(self, **rules: Any) -> None:
        """What goes wrong at the provider from now on, and nothing else."""
        self.installation.control("faults", {"rules": rules, "seed": 1})

    def rows(self, sql: str, values: Any = None) -> list[dict[str, Any]]:
        """What the database says, as its owner."""
        with psycopg.connect(self.url, row_factory=dict_row) as db:
            return db.execute(sql.encode(), values).fetchall()

    def now(self, sql: str, values: Any = None) -> None:
        """Change the database as its owner: time that passes, mostly."""
        with psycopg.connect(self.url, autocommit=True) as db:
            db.execute(sql.encode(), values)

    def attempts(self, order: Order) -> list[tuple[Any, ...]]:
        """(number, operation, state, error) of what was asked about an order's payment."""
        found = self.rows(
            "select * from payment_attempts where payment_id = %s order by attempt_no", [order.payment_id]
        )
        return [(each["attempt_no"], each["operation"], each["state"], each["error_code"]) for each in found]

    async def intents(self, order: Order) -> list[dict[str, Any]]:
        """What the provider has for an order's payment."""
        return await provider.intents(self.installation, str(order.payment_id))


def _environment(made: Installation) -> dict[str, str]:
    return made.web[0].environment


@asynccontextmanager
async def here(url: str, made: Installation, seeded: SeedResult) -> AsyncIterator[Here]:
    """A shop at that database, for the time of a block."""
    open_round_the_clock(url)
    settings = Settings(
        database_url=url, secret=SECRET, stripe_secret_key="sk_test_tests", stripe_api_base=made.sandbox.url,
        stripe_webhook_secrets=made.web[0].environment["BOTTEGA_STRIPE_WEBHOOK_SECRETS"],
    )  # fmt: skip
    parts = make_parts(settings, "here")
    await parts.open()
    ordering = make_context(parts).part(Ordering)
    try:
        yield Here(url, made, seeded, parts, ordering)
    finally:
        await ordering.lane.close()
        await parts.close()
