"""One key, many posts: one order, whoever asks and wherever; nothing is taken twice for it."""

import asyncio
from uuid import UUID

from bottega.domains.catalog import ItemKind
from bottega.domains.catalog.actions.writing import SoldOutChange, set_availability
from bottega.domains.catalog.model import AvailabilityState, SetAvailability
from bottega.domains.orders.model import Placed
from bottega.kit.errors import IdempotencyKeyReused
from tests.races.conftest import Arena
from tests.simulators.long import times
from tests.simulators.processes import Installation
from tests.simulators.shop import Counter, key

ORDERS = "select order_id, number from orders"


async def _ten_posts(arena: Arena) -> list[Placed]:
    guest, wish = arena.guest(), await arena.wish()
    return await asyncio.gather(*(arena.processes[n % 2].ordering.place(guest, wish, "the-key") for n in range(10)))


async def test_ten_posts_to_two_processes_make_one_order(arena: Arena) -> None:
    for _ in range(10):
        outcomes = await _ten_posts(arena)
        assert len({outcome.order.order_id for outcome in outcomes}) == 1
        assert sum(not outcome.replayed for outcome in outcomes) == 1

    rows = arena.rows(ORDERS)
    assert len(rows) == 10
    assert sorted(number for _, number in rows) == list(range(1, 11)), "a repeat must not use up a number"


async def test_twin_without_the_unique_key_makes_more(arena: Arena) -> None:
    arena.weaken("drop index orders_once")
    for _ in range(10):
        await _ten_posts(arena)

    assert len(arena.rows(ORDERS)) > 10


async def test_a_key_takes_what_is_counted_once(arena: Arena) -> None:
    product: UUID = await arena.product()
    change = SoldOutChange(
        arena.store_id, product, ItemKind.PRODUCT, SetAvailability(AvailabilityState.AVAILABLE, left=50)
    )
    await arena.processes[0].database.run(set_availability, change, by=arena.staff)

    for _ in range(10):
        await _ten_posts(arena)

    assert arena.rows("select left_count from availability where item_id = %s", product) == [(40,)]


async def test_of_two_bodies_under_one_key_one_wins_and_the_other_is_refused(arena: Arena) -> None:
    guest = arena.guest()
    wishes = [await arena.wish(qty=1), await arena.wish(qty=2)]
    for number in range(times(50, 1000)):
        outcomes = await asyncio.gather(
            *(arena.processes[n].ordering.place(guest, wishes[n], f"key-{number}") for n in (0, 1)),
            return_exceptions=True,
        )
        assert sorted(isinstance(each, IdempotencyKeyReused) for each in outcomes) == [False, True], outcomes

    assert len(arena.rows(ORDERS)) == times(50, 1000)


async def test_over_http_ten_posts_to_two_processes_get_ten_equal_answers(
    milano: Counter, running: Installation
) -> None:
    guest = await milano.guest()
    people = [guest, guest.at(running.urls[1])]
    for online in (False, True):
        used = key()
        answers = await asyncio.gather(
            *(people[n % 2].post("/v1/orders", milano.wish(online=online), used) for n in range(10))
        )
        assert {answer.status_code for answer in answers} == {201}
        assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
        bodies = [answer.json() for answer in answers]
        # A repeat that overtakes the provider's answer comes without the secret; everything else is equal.
        for body in bodies:
            (body["payment"] or {}).pop("client_secret", None)
        assert all(body == bodies[0] for body in bodies)
    await people[1].http.aclose()


async def test_the_order_of_another_guest_under_the_same_key_is_another_order(arena: Arena) -> None:
    wish = await arena.wish()
    first, second = [await arena.processes[0].ordering.place(arena.guest(), wish, "same") for _ in range(2)]

    assert first.order.order_id != second.order.order_id
