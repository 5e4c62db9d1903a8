"""The demo chain, written for real: once, whole, at prices of each store, with staff who can log in."""

import asyncio
import re

import msgspec
import pytest

from bottega.domains.catalog import MenuIndex, read_menu
from bottega.domains.identity import People, WrongLogin
from bottega.domains.merchants import FulfillmentType, TaxMode, list_stores, tax_rate_ppm
from bottega.entrypoints.seed import SeedResult, chain, new_password, seed
from bottega.entrypoints.seed.passwords import words
from bottega.infra.crypto import Keyring
from bottega.infra.transaction import Database
from bottega.kit.errors import Invalid
from tests.conftest import Shop


async def test_a_seeded_shop_has_three_stores_in_three_currencies_and_staff_for_each(
    database: Database, keyring: Keyring
) -> None:
    result = await seed(database, People(keyring, database))

    assert result.created
    assert [(each.timezone, each.currency) for each in result.stores] == [
        ("Europe/Rome", "EUR"),
        ("America/New_York", "USD"),
        ("Asia/Tokyo", "JPY"),
    ]
    staff = {(each.role, each.store) for each in result.logins}
    wanted = {(role, each.slug) for role in ("BARISTA", "MANAGER") for each in result.stores}
    assert staff == wanted | {("MERCHANT_ADMIN", None)}


async def test_seeding_again_changes_nothing_and_says_so(shop: Shop, keyring: Keyring) -> None:
    again = await seed(shop.database, People(keyring, shop.database))

    assert not again.created
    assert "already" in again.message
    assert again.logins == ()
    assert again.merchant_id == shop.seeded.merchant_id
    assert again.stores == shop.seeded.stores


async def test_two_processes_that_seed_at_once_make_one_chain(database: Database, keyring: Keyring) -> None:
    people = People(keyring, database)

    results: list[SeedResult] = await asyncio.gather(*(seed(database, people) for _ in range(3)))

    assert sorted(each.created for each in results) == [False, False, True]
    assert len({each.merchant_id for each in results}) == 1
    assert all(len(each.stores) == 3 for each in results)


async def test_a_chain_that_is_wrong_in_its_last_store_leaves_nothing(database: Database, keyring: Keyring) -> None:
    good = chain()
    lost = msgspec.structs.replace(good.shops[2].store, timezone="Asia/Atlantis")
    bad = msgspec.structs.replace(good, shops=(*good.shops[:2], msgspec.structs.replace(good.shops[2], store=lost)))

    with pytest.raises(Invalid):
        await seed(database, People(keyring, database), bad)

    assert (await seed(database, People(keyring, database))).created


async def test_everybody_gets_in_with_the_password_they_were_given_and_with_no_other(
    module_shop: Shop, keyring: Keyring
) -> None:
    people = People(keyring, module_shop.database)
    merchant_id = module_shop.seeded.merchant_id

    for each in module_shop.seeded.logins:
        user = await people.check_password(merchant_id, each.login, each.password)
        assert user.name == each.name
        assert [role.role for role in user.roles] == [each.role]
        assert (user.roles[0].store_id is None) == (each.store is None)
    with pytest.raises(WrongLogin):
        await people.check_password(merchant_id, "admin", module_shop.seeded.logins[1].password)


def test_passwords_are_three_words_and_a_number_and_never_the_same() -> None:
    made = {new_password() for _ in range(200)}

    assert len(made) == 200
    assert all(re.fullmatch(r"[a-z]+-[a-z]+-[a-z]+-[1-9]\d\d", each) for each in made)
    assert len(set(words())) == len(words()) >= 240


async def test_every_store_shows_the_whole_menu_with_prices_of_its_own(module_shop: Shop) -> None:
    lattes: list[int] = []
    for each in module_shop.seeded.stores:
        async with module_shop.database.read(module_shop.seeded.merchant_id) as tx:
            menu = await read_menu(tx, each.store_id)
        assert menu is not None
        assert len(menu.categories) == 8
        assert 28 <= len(menu.products) <= 34
        assert all(variant.price > 0 for product in menu.products for variant in product.variants)
        latte = next(item for item in MenuIndex(menu).items.values() if item.product.image == "latte")
        assert [group.name for group in latte.groups] == ["Beans", "Milk", "Temperature", "Extras"]
        oat = latte.groups[1].modifiers[2]
        assert oat.price_delta > 0
        lattes.append(latte.product.default_variant.price)
    assert lattes == [260, 525, 540]


async def test_the_tokyo_menu_speaks_japanese(module_shop: Shop) -> None:
    async with module_shop.database.read(module_shop.seeded.merchant_id) as tx:
        menu = await read_menu(tx, module_shop.seeded.stores[2].store_id)

    assert menu is not None
    assert all(re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", product.name) for product in menu.products)
    assert all(re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", each.name) for g in menu.groups for each in g.modifiers)


async def test_each_store_taxes_as_its_country_does(module_shop: Shop) -> None:
    async with module_shop.database.read(module_shop.seeded.merchant_id) as tx:
        milano, new_york, tokyo = await list_stores(tx, after=0, limit=10)

    in_store, pickup = FulfillmentType.IN_STORE, FulfillmentType.PICKUP
    assert [each.tax_mode for each in (milano, new_york, tokyo)] == [TaxMode.INCLUDED, TaxMode.ADDED, TaxMode.INCLUDED]
    assert (tax_rate_ppm(milano, "PREPARED", pickup), tax_rate_ppm(milano, "BEANS", pickup)) == (100_000, 220_000)
    assert (tax_rate_ppm(new_york, "PREPARED", in_store), tax_rate_ppm(new_york, "BEANS", in_store)) == (88_750, 0)
    assert (tax_rate_ppm(tokyo, "PREPARED", in_store), tax_rate_ppm(tokyo, "PREPARED", pickup)) == (100_000, 80_000)
    assert [each.order_prefix for each in (milano, new_york, tokyo)] == ["M", "N", "T"]
