"""What the races stand on: two processes' worth of our parts over one database, in one event loop.

Each race runs twice: as we ship it, where it must hold, and as a *twin* whose lock, fence or index is taken away (a
statement is weakened, an index dropped in the test's own database), where it must fail. A twin that holds would mean that
the race proves nothing.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest

from bottega.domains.merchants import FulfillmentType, PayMode
from bottega.domains.orders import Order
from bottega.domains.orders.actions.ordering import Ordering
from bottega.domains.orders.model import Placed, PlaceOrder
from bottega.domains.pricing import LineRequest
from bottega.entrypoints.seed import SeedResult
from bottega.entrypoints.wiring import Parts, make_context, make_parts
from bottega.infra.settings import Settings
from bottega.infra.transaction import Database
from bottega.kit import ids
from bottega.kit.subject import Subject, SubjectKind, system
from tests.conftest import SECRET
from tests.simulators.fixtures import open_round_the_clock


@dataclass
class Process:
    """One process's parts, and the verbs that races use."""

    parts: Parts
    ordering: Ordering

    @property
    def database(self) -> Database:
        """Its database."""
        return self.parts.database


@dataclass
class Arena:
    """Two processes over one database, and one store in it."""

    url: str
    processes: list[Process]
    merchant_id: UUID
    store_id: UUID

    @property
    def staff(self) -> Subject:
        """Somebody who may do everything."""
        return system(self.merchant_id, "race")

    def guest(self) -> Subject:
        """A new guest."""
        return Subject(SubjectKind.GUEST, uuid4(), self.merchant_id)

    async def product(self, word: str = "latte") -> UUID:
        """A product that is sold at any hour."""
        shop = await self.processes[0].parts.shops.get(self.store_id)
        found = (item.product for item in shop.menu.items.values())
        return next(each.product_id for each in found if word in each.name.lower() and each.sold_from is None)

    async def wish(self, qty: int = 1, word: str = "latte") -> PlaceOrder:
        """A request for one product, to be paid at the store."""
        return PlaceOrder(
            store_id=ids.show("sto", self.store_id),
            fulfillment_type=FulfillmentType.PICKUP,
            pay_mode=PayMode.AT_STORE,
            items=(LineRequest(ids.show("prd", await self.product(word)), qty),),
        )

    async def placed(self, number: int = 0, by: Subject | None = None) -> Order:
        """An order that was placed through one of the processes."""
        done: Placed = await self.processes[number].ordering.place(by or self.guest(), await self.wish(), uuid4().hex)
        return done.order

    def rows(self, query: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
        """What the owner sees."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(query, values).fetchall()

    def weaken(self, *statements: LiteralString) -> None:
        """Take a guard away in this test's own database."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


@pytest.fixture
async def arena(shop_url: str, shop_template: tuple[str, SeedResult]) -> AsyncIterator[Arena]:
    """Two processes over the demo chain, open round the clock; the store is Milano."""
    open_round_the_clock(shop_url)
    settings = Settings(database_url=shop_url, secret=SECRET, database_connections=12, batch_size=5)
    async with AsyncExitStack() as stack:
        processes: list[Process] = []
        for name in ("a", "b"):
            parts = make_parts(settings, f"race-{name}")
            ordering = make_context(parts).part(Ordering)
            await parts.open()
            stack.push_async_callback(parts.close)
            stack.push_async_callback(ordering.lane.close)
            processes.append(Process(parts, ordering))
        store = next(each for each in shop_template[1].stores if each.slug == "milano")
        yield Arena(shop_url, processes, shop_template[1].merchant_id, store.store_id)


def without(statement: LiteralString, guard: str, instead: str = "") -> LiteralString:
    """A statement with its guard taken out; the guard must be there."""
    assert guard in statement, "the guard that this twin takes away is not in the statement any more"
    return statement.replace(guard, instead)  # type: ignore[return-value]
