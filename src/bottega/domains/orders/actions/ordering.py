"""Ordering, from a request to an answered order: what the JSON face and the checkout page both do.

Prices at hand, a lane for the commit, the payments' desk for online orders. A repeat of a key gets its first answer even
when the same order could no longer be placed now.
"""

import asyncio
import time
from uuid import UUID

import msgspec

from bottega.domains import payments
from bottega.domains.catalog import Shop, Shops
from bottega.domains.merchants import StoreNotFound
from bottega.domains.orders import store
from bottega.domains.orders.actions.placing import as_placed, prepare
from bottega.domains.orders.model import Contact, Order, Placed, Placement, PlaceOrder
from bottega.domains.payments import Desk, PaymentStatus, ProviderRefused, ProviderUnavailable
from bottega.infra.crypto import Keyring
from bottega.infra.fault_points import point
from bottega.infra.group_commit import GroupCommit, Lanes
from bottega.infra.transaction import Database, fingerprint
from bottega.kit.clock import utc_now
from bottega.kit.errors import DomainError, IdempotencyKeyReused
from bottega.kit.subject import Subject
from bottega.kit.text import canonical_email, canonical_phone

_PATIENCE = 5.0
Lane = GroupCommit[Placement, Placed] | Lanes[Placement, Placed]


class Ordering:
    """Takes orders in one process: with its shops at hand and a lane in which what arrives together commits together."""

    def __init__(self, database: Database, shops: Shops, lane: Lane, desk: Desk, keyring: Keyring) -> None:
        self._database = database
        self._shops = shops
        self._desk = desk
        self._keyring = keyring
        self.lane = lane

    async def place(self, subject: Subject, request: PlaceOrder, key: str) -> Placed:
        """Place an order once per key. Raises the refusals of pricing, stores and orders, `IdempotencyKeyReused`."""
        shop = await self._shops.by_text(request.store_id)
        mark = fingerprint(request)
        try:
            placement = self._prepared(subject, shop, request, (key, mark))
        except DomainError:
            earlier = await self._placed_before(subject, shop, (key, mark))
            if earlier is None:
                raise
            return earlier
        return await self.lane.submit(placement)

    async def client_secret(self, order: Order, *, repeated: bool = False) -> str | None:
        """What the customer confirms the payment of an online order with, as it was first answered.

        None while the provider does not answer: the order stands, the client asks again, the worker goes on asking.
        While somebody else asks the provider (a repeat of the same key, the worker), this waits a little for what comes
        of that, so that all of them answer the same.
        """
        assert order.payment_id is not None
        patience = _PATIENCE
        await point("order.placed")
        try:
            opened = await self._desk.ask(order.merchant_id, order.store_id, order.payment_id, first=True)
            if opened is not None:
                return opened.client_secret
        except (ProviderUnavailable, ProviderRefused):
            patience = _PATIENCE if repeated else 0.0
        until = time.monotonic() + patience
        while True:
            async with self._database.read(order.merchant_id) as tx:
                payment = await payments.read(tx, order.store_id, order.payment_id)
            if payment is None or payment.client_secret is not None:
                return None if payment is None else payment.client_secret
            if payment.status is not PaymentStatus.REQUIRES_PAYMENT or time.monotonic() >= until:
                return None
            await asyncio.sleep(0.05)

    def _prepared(self, subject: Subject, shop: Shop, request: PlaceOrder, key: tuple[str, bytes]) -> Placement:
        placement = prepare(subject, shop, request, key, utc_now())
        contact = request.contact
        if contact is None or not (contact.phone or contact.email):
            return placement
        sealed = self._sealed(shop.store.merchant_id, placement.order_id, contact)
        return msgspec.structs.replace(placement, contact_sealed=sealed)

    def _sealed(self, merchant_id: UUID, order_id: UUID, contact: Contact) -> bytes:
        """Phone and e-mail, checked, as the order keeps them: sealed, bound to this order."""
        kept = Contact(
            phone=canonical_phone(contact.phone, "/contact/phone") if contact.phone else None,
            email=canonical_email(contact.email, "/contact/email") if contact.email else None,
        )
        return self._keyring.seal(merchant_id, f"orders.contact:{order_id}", msgspec.json.encode(kept).decode())

    async def _placed_before(self, subject: Subject, shop: Shop, key: tuple[str, bytes]) -> Placed | None:
        if subject.merchant_id != shop.store.merchant_id:
            raise StoreNotFound
        async with self._database.read(subject.merchant_id) as tx:
            owner = await store.find_by_key(tx, shop.store.store_id, subject.subject_id, key[0])
            if owner is None:
                return None
            if bytes.fromhex(owner.fingerprint) != key[1]:
                raise IdempotencyKeyReused
            order = await store.find(tx, shop.store.store_id, owner.order_id)
        assert order is not None
        return Placed(as_placed(order), replayed=True)
