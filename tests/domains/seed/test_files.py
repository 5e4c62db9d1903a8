"""The data files of the demo chain: complete, free of typing errors, and open somewhere at any hour."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from bottega.domains.catalog import GroupKind
from bottega.domains.merchants import Intake, OpenStore, Store, StoreStatus, opening
from bottega.entrypoints.seed import Shop, chain

CHAIN = chain()
CATALOGUE = CHAIN.catalogue
SHOPS = [pytest.param(shop, id=shop.store.slug) for shop in CHAIN.shops]
TAGS = {"VEGAN", "VEGETARIAN", "GLUTEN_FREE", "CONTAINS_NUTS", "CAFFEINE_FREE"}
# A winter week, a summer week, and each week in which a clock of the chain changes (also those in between, in which
# New York is four or five hours from Milano instead of six).
WEEKS = ["2026-01-12", "2026-07-06", "2026-03-02", "2026-03-09", "2026-03-23", "2026-10-19", "2026-10-26", "2026-11-02"]


def standing(store: OpenStore) -> Store:
    """A store as it is once it has been opened."""
    values = {name: getattr(store, name) for name in OpenStore.__struct_fields__}
    return Store(
        **values,
        merchant_id=UUID(int=1),
        store_id=UUID(int=2),
        number=2,
        intake=Intake.OPEN,
        paused_until=None,
        warn_seconds=180,
        late_seconds=360,
        unpaid_minutes=15,
        menu_version=1,
    )


STORES = [standing(shop.store) for shop in CHAIN.shops]


def open_at(instant: datetime, stores: list[Store]) -> int:
    return sum(opening(store, instant).status is StoreStatus.OPEN for store in stores)


def quarters(monday: str) -> list[datetime]:
    """Every quarter of an hour of the eight days from that Monday, in UTC."""
    start = datetime.fromisoformat(monday).replace(tzinfo=UTC)
    return [start + timedelta(minutes=15 * step) for step in range(8 * 24 * 4)]


@pytest.mark.parametrize("monday", WEEKS)
def test_two_of_the_three_stores_are_open_at_any_hour(monday: str) -> None:
    assert min(open_at(instant, STORES) for instant in quarters(monday)) >= 2


def test_each_store_is_closed_at_some_hour() -> None:
    for store in STORES:
        assert min(open_at(instant, [store]) for instant in quarters("2026-01-12")) == 0


def test_a_store_that_closes_an_hour_early_would_be_noticed() -> None:
    early = [msgspec.structs.replace(each, closes="22:00") for each in STORES[0].hours]
    stores = [msgspec.structs.replace(STORES[0], hours=tuple(early)), *STORES[1:]]

    assert min(open_at(instant, stores) for instant in quarters("2026-01-12")) < 2


@pytest.mark.parametrize("shop", SHOPS)
def test_a_store_has_a_price_for_each_variant_and_for_nothing_else(shop: Shop) -> None:
    skus = [variant.sku for product in CATALOGUE.products for variant in product.variants]

    assert len(set(skus)) == len(skus)
    assert set(shop.offer.prices) == set(skus)
    assert all(price > 0 for price in shop.offer.prices.values())


@pytest.mark.parametrize("shop", SHOPS)
def test_what_a_store_renames_or_charges_for_is_in_the_catalogue(shop: Shop) -> None:
    offer = shop.offer
    groups = {group.key: {modifier.name for modifier in group.modifiers} for group in CATALOGUE.groups}

    assert set(offer.names) <= {product.variants[0].sku for product in CATALOGUE.products}
    assert set(offer.modifier_names) <= set().union(*groups.values())
    for key, deltas in offer.deltas.items():
        assert set(deltas) <= groups[key]


@pytest.mark.parametrize("shop", SHOPS)
def test_larger_sizes_cost_more(shop: Shop) -> None:
    for product in CATALOGUE.products:
        prices = [shop.offer.prices[variant.sku] for variant in product.variants]
        assert prices == sorted(prices), product.name


@pytest.mark.parametrize("shop", SHOPS)
def test_a_store_has_tax_rates_for_all_that_it_sells_and_hours_for_each_day(shop: Shop) -> None:
    store = shop.store
    rates = {(rate.tax_category, rate.fulfillment_type) for rate in store.tax_rates}

    assert rates == {(p.tax_category, mode) for p in CATALOGUE.products for mode in store.order_modes}
    assert [hours.weekday for hours in store.hours] == list(range(7))


def test_products_name_what_exists_and_say_what_people_ask() -> None:
    keys = {group.key for group in CATALOGUE.groups}

    assert {product.category for product in CATALOGUE.products} == set(CATALOGUE.categories)
    for product in CATALOGUE.products:
        assert set(product.groups) <= keys
        assert set(product.tags) <= TAGS
        assert "VEGETARIAN" in product.tags or "VEGAN" not in product.tags
        assert 10 <= len(product.description) <= 90
        assert product.image
        assert sum(variant.is_default for variant in product.variants) == 1
    assert keys == {key for product in CATALOGUE.products for key in product.groups}


def test_the_groups_of_a_product_have_different_names() -> None:
    names = {group.key: group.name for group in CATALOGUE.groups}

    for product in CATALOGUE.products:
        assert len({names[key] for key in product.groups}) == len(product.groups), product.name


def test_the_menu_shows_every_kind_of_choice() -> None:
    def shape(key: str) -> tuple[GroupKind, int, int, int]:
        group = next(each for each in CATALOGUE.groups if each.key == key)
        return group.kind, group.min_count, group.max_count, sum(each.is_default for each in group.modifiers)

    assert shape("milk") == (GroupKind.MILK, 1, 1, 1), "required, with a default"
    assert shape("bread") == (GroupKind.BASE, 1, 1, 0), "required, to be chosen"
    assert shape("extras") == (GroupKind.ADD_ON, 0, 4, 0), "any number"
    assert shape("toppings") == (GroupKind.ADD_ON, 0, 3, 0), "up to three of five"
    assert shape("without_caprese")[0] is GroupKind.REMOVAL
    for group in CATALOGUE.groups:
        assert group.min_count <= group.max_count <= len(group.modifiers)
        assert sum(each.is_default for each in group.modifiers) in {0, group.min_count}


def test_breakfast_and_lunch_are_served_at_their_hours() -> None:
    dayparts = {(product.sold_from, product.sold_to) for product in CATALOGUE.products}

    assert dayparts == {(None, None), ("06:00", "11:30"), ("11:30", "15:00")}
