"""The two questions an owner asks, over books that are made up: our answers and the plain ones are the same."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bottega.domains import merchants
from bottega.domains.merchants import Store
from bottega.domains.reports import Month, NeverSpent, TopSpenders, never_spent, top_spenders
from bottega.entrypoints.seed import SeedResult
from bottega.infra.db import ReadTx
from bottega.kit.clock import instant
from tests.conftest import opened
from tests.domains.reports.books import CAME_AGAIN, PEOPLE, WENT_BACK, Books, Bought, Move, Place

# Months with every trouble of a clock: spring and autumn, a first that begins at one, a first whose first hour comes
# twice, a leap day, a year's end, and zones half a day and half an hour away.
MONTHS = ((2026, 3), (2026, 10), (2026, 11), (2023, 10), (2024, 2), (2025, 12), (2026, 1))
ZONES = (
    "Europe/Rome", "America/New_York", "America/Asuncion", "America/Havana", "Asia/Kolkata", "Pacific/Apia",
    "Pacific/Niue", "UTC",
)  # fmt: skip

WAYS = tuple(zip(WENT_BACK, CAME_AGAIN, strict=True))


@pytest.fixture(scope="module")
def stores(module_shop_url: str, shop_template: tuple[str, SeedResult]) -> list[Store]:
    """The stores of the demo chain, as they are read."""

    async def read() -> list[Store]:
        async with opened(module_shop_url) as database, database.read(shop_template[1].merchant_id) as tx:
            return await merchants.list_stores(tx, 0, 100)

    return asyncio.run(read())


def _instants(month: tuple[int, int]) -> st.SearchStrategy[datetime]:
    """Instants mostly about the borders of a month, to the minute, in some timezone or other."""
    first = datetime(*month, 1, tzinfo=UTC)
    following = datetime(month[0] + month[1] // 12, month[1] % 12 + 1, 1, tzinfo=UTC)
    near = st.builds(
        lambda border, minutes: border + timedelta(minutes=minutes),
        st.sampled_from([first, following]), st.integers(-14 * 60, 14 * 60),
    )  # fmt: skip
    return st.one_of(near, st.just(first + timedelta(days=14)), st.just(first - timedelta(days=20)))


@st.composite
def _bought(draw: st.DrawFn, month: tuple[int, int], who: uuid.UUID, places: list[Place]) -> Bought:
    """An order: not paid, paid, given back in part or whole, or given back and bounced."""
    amount, at = draw(st.integers(1, 4)) * 100, draw(_instants(month))
    moves: list[Move] = []
    if draw(st.integers(0, 9)):
        moves.append(Move("CAPTURED", amount, at))
        back = draw(st.sampled_from([0, 0, 0, 100, amount]))
        if back:
            away, again = draw(st.sampled_from(WAYS))
            moves.append(Move(away, back, max(at, draw(_instants(month)))))
            if draw(st.booleans()):
                moves.append(Move(again, back, moves[-1].at + timedelta(days=draw(st.integers(0, 3)))))
    status = draw(st.sampled_from(["PLACED", "PAID", "COMPLETED", "CANCELLED"]))
    return Bought(who, draw(st.sampled_from(places)), tuple(moves), status)


@st.composite
def _books(draw: st.DrawFn, stores: list[Store], month: tuple[int, int]) -> Books:
    places = [
        Place(store.store_id, draw(st.sampled_from(ZONES)), draw(st.sampled_from(["EUR", "EUR", "JPY"])))
        for store in stores[:3]
    ]
    people = {uuid.UUID(int=draw(st.integers(1, 2**60)) << 32): kind for kind in PEOPLE}
    found = Books(stores[0].merchant_id, places, people)
    for who in people:
        found.bought += draw(st.lists(_bought(month, who, places), max_size=4))
    return found


async def _answers(
    url: str, books: Books, stores: list[Store], month: Month, ranks: int
) -> list[tuple[list[Place], TopSpenders, NeverSpent]]:
    """What the reports say of each store, then of all."""
    asked: list[tuple[list[Place], TopSpenders, NeverSpent]] = []
    async with await psycopg.AsyncConnection.connect(url) as connection:
        tx: ReadTx = await books.write(connection)
        # As they are in the books; a store outside of them is not asked.
        known = {place.store_id: place for place in books.places}
        shops = [
            msgspec.structs.replace(
                each, timezone=known[each.store_id].zone, currency=known[each.store_id].currency
            )
            for each in stores if each.store_id in known
        ]  # fmt: skip
        for some in [*([shop] for shop in shops), shops]:
            one = some[0].store_id if len(some) == 1 else None
            top = await top_spenders(tx, some, month, ranks)
            asked.append(([known[each.store_id] for each in some], top, await never_spent(tx, one, None, 100)))
        await connection.rollback()
    return asked


@given(data=st.data())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_who_spent_the_most_and_who_never_did_are_as_counted_by_hand(
    module_shop_url: str, stores: list[Store], data: st.DataObject
) -> None:
    month, ranks = data.draw(st.sampled_from(MONTHS)), data.draw(st.integers(1, 3))
    books = data.draw(_books(stores, month))

    for places, top, never in asyncio.run(_answers(module_shop_url, books, stores, Month(*month), ranks)):
        found = {(each.currency, each.rank, each.subject_id, each.spent_minor) for each in top.spenders}
        assert found == books.top(month, places, ranks)
        assert len(found) == len(top.spenders)
        plain = books.spent(month, places)
        for total in top.totals:
            mine = {who: sums for (currency, who), sums in plain.items() if currency == total.currency}
            assert total.captured_minor == sum(captured for captured, _ in mine.values())
            assert total.refunded_minor == sum(refunded for _, refunded in mine.values())
            assert total.spent_minor == total.captured_minor - total.refunded_minor
            staff = [sums for who, sums in mine.items() if books.people[who] == "STAFF"]
            assert total.unnamed_minor == sum(captured - refunded for captured, refunded in staff)
        assert {total.currency for total in top.totals} == {currency for currency, _ in plain}
        place = places[0] if len(places) == 1 else None
        assert {each.user_id: each.refunded for each in never.sleepers} == books.never(place)


def _at(store: Store, day: str) -> datetime:
    return instant(datetime.fromisoformat(day).date(), datetime.fromisoformat(day).time(), store.timezone)


async def _one(url: str, stores: list[Store], bought: dict[uuid.UUID, list[Move]], month: Month) -> list[Any]:
    place = Place(stores[0].store_id, stores[0].timezone, "EUR")
    books = Books(stores[0].merchant_id, [place], dict.fromkeys(bought, "CUSTOMER"))
    books.bought = [Bought(who, place, tuple(moves)) for who, moves in bought.items()]
    (_, top, _), *_ = await _answers(url, books, stores, month, 1)
    return [(each.subject_id, each.rank, each.spent_minor) for each in top.spenders]


async def test_everybody_who_shares_the_first_place_is_named(module_shop_url: str, stores: list[Store]) -> None:
    people = [uuid.UUID(int=number << 32) for number in (1, 2, 3)]
    at = _at(stores[0], "2026-09-15T12:00")
    bought = {
        people[0]: [Move("CAPTURED", 900, at)],
        people[1]: [Move("CAPTURED", 1000, at), Move("REFUNDED", 100, at)],
        people[2]: [Move("CAPTURED", 899, at)],
    }

    assert await _one(module_shop_url, stores, bought, Month(2026, 9)) == [(people[0], 1, 900), (people[1], 1, 900)]


async def test_the_month_ends_at_midnight_of_the_store(module_shop_url: str, stores: list[Store]) -> None:
    first, second = (uuid.UUID(int=number << 32) for number in (1, 2))
    bought = {
        first: [Move("CAPTURED", 500, _at(stores[0], "2026-10-31T23:59:59"))],
        second: [Move("CAPTURED", 900, _at(stores[0], "2026-11-01T00:00"))],
    }

    assert await _one(module_shop_url, stores, bought, Month(2026, 10)) == [(first, 1, 500)]
    assert await _one(module_shop_url, stores, bought, Month(2026, 11)) == [(second, 1, 900)]


async def test_pages_of_those_who_never_spent_hold_everybody_once(module_shop_url: str, stores: list[Store]) -> None:
    place = Place(stores[0].store_id, stores[0].timezone, "EUR")
    people = [uuid.UUID(int=number << 32) for number in range(1, 2500)]
    books = Books(stores[0].merchant_id, [place], dict.fromkeys(people, "CUSTOMER"))
    at = _at(stores[0], "2026-09-15T12:00")
    books.bought = [Bought(who, place, (Move("CAPTURED", 1, at),)) for who in people[7::13]]
    seen: list[uuid.UUID] = []
    async with await psycopg.AsyncConnection.connect(module_shop_url) as connection:
        tx, after, pages = await books.write(connection), None, 0
        while pages == 0 or after is not None:
            page = await never_spent(tx, place.store_id, after, 100)
            seen, after, pages = seen + [each.user_id for each in page.sleepers], page.after, pages + 1
        await connection.rollback()

    assert seen == sorted(books.never(place))
    assert pages == len(seen) // 100 + 1
