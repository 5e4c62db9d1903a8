"""A cart as its owner meets it: what adds up, what is priced again, what is missing and says so."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from bottega.domains.carts import CartFull, CartItem, CartItemNotFound, chosen_item, priced, requests
from bottega.domains.carts.rules import put, with_quantity
from bottega.domains.catalog import GroupKind, Menu, MenuIndex, Modifier, ModifierGroup, Product, Shop, Variant
from bottega.domains.catalog.model import Category
from bottega.domains.merchants import Address, FulfillmentType, PayMode, Store, TaxMode, TaxPer, TaxRate
from bottega.domains.merchants.model import Intake
from bottega.domains.pricing import LineRequest
from bottega.kit import ids
from bottega.kit.errors import DomainError
from bottega.kit.money import Rounding

NOW = datetime(2026, 11, 20, 11, 4, tzinfo=UTC)
HOME = 7
STORE, CATEGORY, LATTE, SMALL, LARGE, MILK, WHOLE, OAT = (ids.new_id(HOME) for _ in range(8))


def a_store() -> Store:
    return Store(
        merchant_id=UUID(int=1),
        store_id=STORE,
        number=HOME,
        slug="corner",
        name="Corner",
        address=Address(),
        phone="",
        timezone="Europe/Rome",
        currency="EUR",
        locale="it",
        tax_mode=TaxMode.INCLUDED,
        tax_rounding=Rounding.HALF_UP,
        tax_per=TaxPer.LINE,
        order_prefix="C",
        order_modes=(FulfillmentType.PICKUP,),
        pay_modes=(PayMode.AT_STORE,),
        hours=(),
        intake=Intake.OPEN,
        paused_until=None,
        prep_minutes=6,
        warn_seconds=180,
        late_seconds=360,
        unpaid_minutes=15,
        menu_version=1,
        tax_rates=(TaxRate("PREPARED", FulfillmentType.PICKUP, "IVA", 100_000),),
    )


def _shop(*, latte_price: int = 380, oat_sold_out: bool = False, left: int | None = None, sold: bool = True) -> Shop:
    milks = (
        Modifier(modifier_id=WHOLE, name="Whole milk", price_delta=0, is_default=True),
        Modifier(modifier_id=OAT, name="Oat milk", price_delta=50, is_default=False, sold_out=oat_sold_out),
    )
    latte = Product(
        product_id=LATTE,
        category_id=CATEGORY,
        name="Latte",
        description="",
        image="latte",
        tags=(),
        tax_category="PREPARED",
        sold_from=None,
        sold_to=None,
        left_count=left,
        variants=(Variant(SMALL, "Small", latte_price, True), Variant(LARGE, "Large", 480, False)),
        group_ids=(MILK,),
    )
    menu = Menu(
        store_id=STORE,
        version=1,
        categories=(Category(CATEGORY, "Coffee"),),
        products=(latte,) if sold else (),
        groups=(ModifierGroup(MILK, "Milk", GroupKind.MILK, 1, 1, milks),),
    )
    return Shop(a_store(), MenuIndex(menu))


def _latte(item_id: str = "a", *, qty: int = 1, milk: UUID = OAT, variant: UUID | None = None) -> CartItem:
    wanted = LineRequest(
        ids.show("prd", LATTE), qty, None if variant is None else ids.show("var", variant), (ids.show("mod", milk),)
    )
    return chosen_item(_shop(), wanted, item_id, NOW)


def test_a_choice_remembers_the_name_and_price_its_owner_saw() -> None:
    item = _latte(variant=LARGE)
    assert (item.name, item.unit_minor) == ("Latte", 530)


def test_nobody_has_to_choose_what_stands_by_default() -> None:
    item = chosen_item(_shop(), LineRequest(ids.show("prd", LATTE), 1), "a", NOW)
    assert item.modifier_ids == (ids.show("mod", WHOLE),)
    assert priced(_shop(), [item], NOW).complete


def test_a_choice_that_breaks_a_rule_of_the_menu_is_refused() -> None:
    with pytest.raises(DomainError):
        chosen_item(_shop(), LineRequest(ids.show("prd", LATTE), 1, None, ()), "a", NOW)


def test_the_same_thing_twice_adds_up_and_another_choice_is_another_line() -> None:
    items = put(put([_latte("a")], _latte("b", qty=2)), _latte("c", milk=WHOLE))
    assert [(each.item_id, each.qty) for each in items] == [("a", 3), ("c", 1)]


def test_an_edited_line_keeps_its_place() -> None:
    items = put([_latte("a"), _latte("b", milk=WHOLE)], _latte("a", qty=4, variant=LARGE))
    assert [(each.item_id, each.qty) for each in items] == [("a", 4), ("b", 1)]


def test_a_line_edited_into_another_joins_it() -> None:
    items = put([_latte("a"), _latte("b", milk=WHOLE)], _latte("a", milk=WHOLE))
    assert [(each.item_id, each.qty) for each in items] == [("b", 2)]


def test_quantity_zero_takes_a_line_out_and_an_unknown_line_is_refused() -> None:
    assert with_quantity([_latte("a")], "a", 0) == []
    with pytest.raises(CartItemNotFound):
        with_quantity([_latte("a")], "z", 1)


def test_a_full_cart_takes_no_new_line() -> None:
    full = [msgspec.structs.replace(_latte(str(n)), note=str(n)) for n in range(50)]
    with pytest.raises(CartFull):
        put(full, _latte("new"))


def test_a_cart_costs_what_the_menu_says_now_and_says_that_it_changed() -> None:
    before, after = priced(_shop(), [_latte()], NOW), priced(_shop(latte_price=400), [_latte()], NOW)
    assert (before.total_minor, before.repriced) == (430, False)
    assert (after.total_minor, after.repriced) == (450, True)


def test_a_line_that_cannot_be_had_stays_is_named_and_costs_nothing() -> None:
    cart = priced(_shop(oat_sold_out=True), [_latte("a"), _latte("b", milk=WHOLE)], NOW)
    assert [(line.id, line.available, line.missing) for line in cart.lines] == [
        ("a", False, "Oat milk"),
        ("b", True, ""),
    ]
    assert (cart.total_minor, cart.count, cart.complete) == (380, 1, False)


def test_a_line_that_left_the_menu_keeps_its_name() -> None:
    (line,) = priced(_shop(sold=False), [_latte()], NOW).lines
    assert (line.name, line.available) == ("Latte", False)


def test_lines_that_ask_for_more_than_is_left_one_by_one_are_kept_as_far_as_they_fit() -> None:
    cart = priced(_shop(left=3), [_latte("a", qty=2), _latte("b", qty=9)], NOW)
    assert [line.available for line in cart.lines] == [True, False]


def test_an_order_asks_for_what_the_cart_holds() -> None:
    (request,) = requests([_latte(qty=3)])
    assert (request.product_id, request.qty, request.modifier_ids) == (
        ids.show("prd", LATTE),
        3,
        (ids.show("mod", OAT),),
    )


def test_an_empty_cart_costs_nothing() -> None:
    cart = priced(_shop(), [], NOW)
    assert (cart.total_minor, cart.count, cart.complete) == (0, 0, False)
