"""Placing orders in batches: one order a key, dense numbers, and exactly what is there is sold."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from bottega.domains.catalog import ItemKind, SetAvailability, Shops, SoldOutChange, set_availability
from bottega.domains.catalog.model import AvailabilityState
from bottega.domains.merchants import FulfillmentType, PayMode
from bottega.domains.orders import Placed, Placement, PlaceOrder, Placing, prepare
from bottega.domains.pricing import ItemSoldOut, LineRequest
from bottega.infra.group_commit import GroupCommit
from bottega.infra.outbox import Waker
from bottega.infra.transaction import Database
from bottega.kit import ids
from bottega.kit.clock import utc_now
from bottega.kit.errors import IdempotencyKeyReused
from bottega.kit.subject import Subject, SubjectKind, system
from tests.conftest import Shop as SeededShop

Lane = GroupCommit[Placement, Placed]


@pytest.fixture
async def lane(shop: SeededShop) -> AsyncIterator[tuple[Lane, Shops]]:
    shops = Shops(shop.database)
    waker = Waker(shop.database.pools.conninfo)
    lane: Lane = GroupCommit(
        shop.database.pools, Placing(shops, "default").place_many, waker, once="orders_once", batch_size=16
    )
    yield lane, shops
    await lane.close()
    await waker.close()


async def open_shop(shops: Shops, seeded: SeededShop):
    """A shop of the seeded chain, open around the clock for the test's sake."""
    found = await shops.get(seeded.seeded.stores[0].store_id)
    every_day = tuple(
        msgspec.structs.replace(found.store.hours[0], weekday=day, opens="00:00", closes="00:00") for day in range(7)
    )
    found.store = msgspec.structs.replace(found.store, hours=every_day)
    return found


def guest(merchant_id) -> Subject:
    return Subject(SubjectKind.GUEST, ids.new_id(1), merchant_id)


def placement(shop, subject: Subject, key: str, qty: int = 1, product: str | None = None) -> Placement:
    product_id = product or next(
        shown
        for shown, item in shop.menu.items.items()
        if item.product.sold_from is None
        and all(group.min_count == 0 or any(m.is_default for m in group.modifiers) for group in item.groups)
    )
    request = PlaceOrder(
        store_id=ids.show("sto", shop.store.store_id),
        fulfillment_type=FulfillmentType.PICKUP,
        pay_mode=PayMode.AT_STORE,
        items=(LineRequest(product_id=product_id, qty=qty),),
    )
    return prepare(subject, shop, request, (key, bytes([qty]) * 16), utc_now())


async def test_ten_of_one_key_become_one_order(lane, shop):
    here, shops = lane
    found = await open_shop(shops, shop)
    subject = guest(found.store.merchant_id)

    outcomes = await asyncio.gather(*(here.submit(placement(found, subject, "same")) for _ in range(10)))

    assert len({outcome.order.order_id for outcome in outcomes}) == 1
    assert sum(not outcome.replayed for outcome in outcomes) == 1


async def test_one_key_with_another_body_is_refused(lane, shop):
    here, shops = lane
    found = await open_shop(shops, shop)
    subject = guest(found.store.merchant_id)
    await here.submit(placement(found, subject, "same"))

    with pytest.raises(IdempotencyKeyReused):
        await here.submit(placement(found, subject, "same", qty=2))


async def test_numbers_are_dense_and_unique(lane, shop):
    here, shops = lane
    found = await open_shop(shops, shop)

    subjects = [guest(found.store.merchant_id) for _ in range(100)]
    outcomes = await asyncio.gather(*(here.submit(placement(found, each, "a key")) for each in subjects))

    assert sorted(outcome.order.number for outcome in outcomes) == list(range(1, 101))


async def test_exactly_what_is_left_is_sold(lane, shop):
    here, shops = lane
    found = await open_shop(shops, shop)
    sample = placement(found, guest(found.store.merchant_id), "sample")
    product_id = ids.parse("prd", sample.request.items[0].product_id)
    await count_down(shop.database, found.store, product_id, 10)
    shops.drop(found.store.store_id)
    counted = await open_shop(shops, shop)
    wanted = [1, 2, 3] * 5

    tries = [placement(counted, guest(found.store.merchant_id), "a key", qty) for qty in wanted]
    outcomes = await asyncio.gather(*(here.submit(each) for each in tries), return_exceptions=True)

    sold = sum(qty for qty, outcome in zip(wanted, outcomes, strict=True) if isinstance(outcome, Placed))
    assert sold == 10
    assert all(isinstance(outcome, Placed | ItemSoldOut) for outcome in outcomes)


async def count_down(database: Database, store, product_id, left: int) -> None:
    command = SetAvailability(AvailabilityState.AVAILABLE, left=left)
    change = SoldOutChange(store.store_id, product_id, ItemKind.PRODUCT, command)
    await database.run(set_availability, change, by=system(store.merchant_id))
