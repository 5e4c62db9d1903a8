"""Two ledgers to compare: payments of ours in a real database, and those of a real sandbox through the official SDK.

No order and no web process: a payment is about an opaque reference. What a test plants is planted in one ledger only.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import stripe

from bottega.adapters.stripe import StripeProvider
from bottega.adapters.stripe_ledger import StripeLedger
from bottega.domains.payments import Desk, Mend, NewPayment, Outcome, Payment, Reconciler, Window, open_many, read
from bottega.entrypoints.seed import SeededStore
from bottega.infra.group_commit import BatchTx
from bottega.infra.transaction import Database
from bottega.kit import ids
from bottega.kit.clock import utc_now
from tests.conftest import Shop

KEY = "sk_test_tests"
ACCOUNT = "default"
AS_BATCH = "select set_config('role', 'bottega_batch', true)"


@dataclass
class Books:
    """Our database, the sandbox, and what joins them. Amounts are minor units."""

    shop: Shop
    sandbox_url: str
    desk: Desk
    reconciler: Reconciler
    stripe: stripe.StripeClient

    @property
    def database(self) -> Database:
        """Our database, as the application."""
        return self.shop.database

    def place(self, slug: str = "milano") -> SeededStore:
        """A store of the demo chain."""
        return next(each for each in self.shop.seeded.stores if each.slug == slug)

    async def opened(self, amount: int = 500, slug: str = "milano") -> Payment:
        """A payment of ours with its intent at the provider."""
        made = await self.written(amount, slug)
        opened = await self.desk.ask(made.merchant_id, made.store_id, made.payment_id, first=True)
        assert opened is not None
        return opened

    async def written(self, amount: int = 500, slug: str = "milano") -> NewPayment:
        """A payment of ours that the provider was not asked for yet."""
        place = self.place(slug)
        new = NewPayment(
            merchant_id=self.shop.seeded.merchant_id,
            store_id=place.store_id,
            payment_id=ids.new_id(ids.home_of(place.store_id)),
            reference=ids.new_id(ids.home_of(place.store_id)),
            provider_account=ACCOUNT,
            amount_minor=amount,
            currency=place.currency,
            created_at=utc_now(),
        )
        async with self.database.pools.connection() as connection, connection.transaction():
            await connection.execute(AS_BATCH)
            await open_many(BatchTx(connection), [new])
        return new

    async def paid_there(self, amount: int = 500, slug: str = "milano") -> Payment:
        """A payment that the customer has paid; nobody has told us."""
        payment = await self.opened(amount, slug)
        assert payment.provider_ref is not None
        await self.stripe.v1.payment_intents.confirm_async(
            payment.provider_ref, {"payment_method": "pm_card_visa", "return_url": "https://example.org"}
        )
        return payment

    async def paid(self, amount: int = 500, slug: str = "milano") -> Payment:
        """A payment that both sides know as captured."""
        payment = await self.paid_there(amount, slug)
        await self.tell(payment)
        return await self.ours(payment)

    async def tell(self, payment: Payment) -> None:
        """Our side learns what the provider says, as after a webhook."""
        self.change("update payments set next_check_at = now() where payment_id = %s", payment.payment_id)
        await self.desk.check(payment.merchant_id, payment.store_id, payment.payment_id)

    async def ours(self, payment: Payment | NewPayment) -> Payment:
        """The payment as we have it now."""
        async with self.database.read(payment.merchant_id) as tx:
            found = await read(tx, payment.store_id, payment.payment_id)
        assert found is not None
        return found

    def change(self, statement: str, *values: Any) -> None:
        """Change our books behind our back, as their owner."""
        with psycopg.connect(self.shop.url, autocommit=True) as connection:
            connection.execute(statement.encode(), values)

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What stands in our books."""
        with psycopg.connect(self.shop.url, autocommit=True) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    async def intent(self, amount: int = 500, currency: str = "eur", **metadata: str) -> stripe.PaymentIntent:
        """Money that the provider takes without our asking."""
        return await self.stripe.v1.payment_intents.create_async(
            {
                "amount": amount,
                "currency": currency,
                "confirm": True,
                "payment_method": "pm_card_visa",
                "return_url": "https://example.org",
                "metadata": metadata,
            }
        )

    def marks(self, payment_id: UUID | None = None, slug: str = "milano") -> dict[str, str]:
        """The metadata that we put on an intent."""
        place = self.place(slug)
        return {
            "merchant_id": str(self.shop.seeded.merchant_id),
            "store_id": str(place.store_id),
            "payment_id": str(payment_id or ids.new_id(ids.home_of(place.store_id))),
        }

    async def compare(self, mend: Mend = Mend.LIST, since: datetime | None = None, **window: Any) -> Outcome:
        """Compare the ledgers, of the last day if not told otherwise."""
        return await self.reconciler.command(Window(since or utc_now() - timedelta(days=1), **window), mend)

    def open(self) -> list[tuple[str, str]]:
        """The differences that stand open: code and object."""
        return self.rows("select code, object_ref from differences where state = 'OPEN' order by 1, 2")

    def mended(self) -> list[tuple[str, str]]:
        """The differences that were mended."""
        return self.rows("select code, object_ref from differences where state = 'MENDED' order by 1, 2")


@asynccontextmanager
async def books(shop: Shop, sandbox_url: str, settle: float = 0.0) -> AsyncIterator[Books]:
    """Books that agree, because there is nothing in them of this test yet."""
    provider = StripeProvider(KEY, ("whsec_tests",), ACCOUNT, sandbox_url)
    desk = Desk(shop.database, provider)
    ledger = StripeLedger(KEY, ACCOUNT, sandbox_url)
    every, reach = timedelta(hours=1), timedelta(days=3)
    reconciler = Reconciler(shop.database, desk, ledger, every=every, reach=reach, settle=settle)
    http = stripe.HTTPXClient(allow_sync_methods=False)
    client = stripe.StripeClient(KEY, base_addresses={"api": sandbox_url}, http_client=http)
    try:
        yield Books(shop, sandbox_url, desk, reconciler, client)
    finally:
        await reconciler.close()
        await desk.close()
        await http.close_async()
