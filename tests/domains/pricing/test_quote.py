"""Whatever is ordered at whatever rules, the parts of a quote add up and nothing is ever negative."""

from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bottega.domains.catalog import MenuIndex
from bottega.domains.merchants import FulfillmentType, Store, TaxMode, TaxPer, TaxRate
from bottega.domains.pricing import Discount, DiscountKind, LineRequest, Quote, quote
from bottega.kit import ids
from bottega.kit.errors import DomainError
from bottega.kit.money import EXPONENTS, Rounding
from tests.simulators import values

PICKUP = FulfillmentType.PICKUP
CATEGORIES = ("PREPARED", "BEANS", "UNTAXED")


@dataclass(frozen=True)
class Case:
    """A store, its menu, and what somebody wants of it."""

    store: Store
    menu: MenuIndex
    requests: tuple[LineRequest, ...]
    discounts: tuple[Discount, ...]

    def quote(self) -> Quote:
        """What it costs."""
        return quote(self.store, self.menu, self.requests, PICKUP, values.NOW, self.discounts)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    place = values.store(
        currency=draw(st.sampled_from(["EUR", "JPY", "KWD", *EXPONENTS])),
        tax_mode=draw(st.sampled_from(TaxMode)),
        tax_per=draw(st.sampled_from(TaxPer)),
        tax_rounding=draw(st.sampled_from(Rounding)),
        tax_rates=tuple(
            TaxRate(name, PICKUP, name, draw(st.integers(0, 500_000))) for name in CATEGORIES if name != "UNTAXED"
        ),
    )
    extras = [values.modifier(f"extra {n}", draw(st.integers(-500, 500))) for n in range(draw(st.integers(0, 4)))]
    group = values.group("Extras", extras)
    products = [
        values.product(f"p{n}", draw(st.integers(0, 20_000)), [group], tax_category=draw(st.sampled_from(CATEGORIES)))
        for n in range(draw(st.integers(1, 4)))
    ]
    requests = tuple(
        LineRequest(
            product_id=ids.show("prd", draw(st.sampled_from(products)).product_id),
            qty=draw(st.integers(1, 999)),
            modifier_ids=tuple(ids.show("mod", each.modifier_id) for each in extras if draw(st.booleans())),
        )
        for _ in range(draw(st.integers(1, 8)))
    )
    discounts = tuple(
        Discount("C", kind, draw(st.integers(0, 2_000_000)))
        for kind in draw(st.lists(st.sampled_from(DiscountKind), max_size=2))
    )
    return Case(place, values.menu(products, [group]), requests, discounts)


@given(cases())
@settings(max_examples=150)
def test_the_parts_add_up_and_nothing_is_negative(case: Case) -> None:
    made = case.quote()

    assert made.subtotal_minor == sum(line.total_minor for line in made.lines)
    assert all(line.total_minor == line.qty * line.unit_minor for line in made.lines)
    assert made.discount_minor == sum(line.discount_minor for line in made.lines)
    assert made.tax_minor == sum(line.tax_minor for line in made.lines)
    on_top = 0 if made.tax_included else made.tax_minor
    assert made.total_minor == made.subtotal_minor - made.discount_minor + made.fees_minor + on_top
    for line in made.lines:
        assert 0 <= line.discount_minor <= line.total_minor
        assert line.unit_minor >= 0
        assert line.tax_minor >= 0
        assert not made.tax_included or line.tax_minor <= line.total_minor - line.discount_minor
    assert 0 <= made.discount_minor <= made.subtotal_minor


@given(cases(), st.randoms(use_true_random=False))
@settings(max_examples=80)
def test_the_order_of_the_lines_changes_no_total(case: Case, chance: object) -> None:
    made = case.quote()
    backwards = Case(case.store, case.menu, case.requests[::-1], case.discounts).quote()

    assert (backwards.subtotal_minor, backwards.discount_minor) == (made.subtotal_minor, made.discount_minor)
    if case.store.tax_per is TaxPer.ORDER and not case.discounts:
        assert (backwards.tax_minor, backwards.total_minor) == (made.tax_minor, made.total_minor)
    # Where shares tie, a unit of discount may sit on another line, which moves the tax by a unit a line at most.
    assert abs(backwards.tax_minor - made.tax_minor) <= len(case.requests)


@given(cases())
@settings(max_examples=50)
def test_one_line_of_many_costs_what_many_lines_of_one_cost_before_tax(case: Case) -> None:
    first = case.requests[0]
    few = min(first.qty, 50)
    together = LineRequest(first.product_id, few, first.variant_id, first.modifier_ids)
    single = LineRequest(first.product_id, 1, first.variant_id, first.modifier_ids)

    one = Case(case.store, case.menu, (together,), ()).quote()
    many = Case(case.store, case.menu, (single,) * few, ()).quote()

    assert one.subtotal_minor == many.subtotal_minor


@given(cases(), st.data())
@settings(max_examples=50)
def test_a_quote_is_decided_by_its_inputs_alone(case: Case, data: st.DataObject) -> None:
    assert msgspec.to_builtins(case.quote()) == msgspec.to_builtins(case.quote())


@pytest.mark.parametrize(
    ("tax_per", "tax", "total"), [(TaxPer.LINE, 3 * 9, 300 + 27), (TaxPer.ORDER, 27, 327)], ids=["line", "order"]
)
def test_tax_is_rounded_where_the_store_rounds_it(tax_per: TaxPer, tax: int, total: int) -> None:
    latte = values.product("Latte", 100)
    place = values.store(
        tax_mode=TaxMode.ADDED, tax_per=tax_per, tax_rates=(TaxRate("PREPARED", PICKUP, "Sales tax", 88_750),)
    )

    wanted = (LineRequest(ids.show("prd", latte.product_id), 1),) * 3
    made = quote(place, values.menu([latte]), wanted, PICKUP, values.NOW)

    assert (made.tax_minor, made.total_minor) == (tax, total)


def test_rounding_each_line_and_rounding_once_differ_where_they_must() -> None:
    penny = values.product("Penny candy", 6)
    rates = (TaxRate("PREPARED", PICKUP, "Sales tax", 88_750),)  # 0.5325 of a cent each
    wanted = (LineRequest(ids.show("prd", penny.product_id), 1),) * 10

    places = [values.store(tax_mode=TaxMode.ADDED, tax_per=per, tax_rates=rates) for per in (TaxPer.LINE, TaxPer.ORDER)]
    by_line, at_once = (quote(place, values.menu([penny]), wanted, PICKUP, values.NOW) for place in places)

    assert (by_line.tax_minor, at_once.tax_minor) == (10, 5)


def _refused(code: str, request: LineRequest | None = None, **changed: object) -> DomainError:
    latte = values.product("Latte", 100, **changed)
    wanted = request or LineRequest(ids.show("prd", latte.product_id), 3)
    with pytest.raises(DomainError) as refused:
        quote(values.store(), values.menu([latte]), [wanted], PICKUP, values.NOW)
    assert refused.value.code == code
    return refused.value


def test_what_is_sold_out_or_short_is_refused_by_name() -> None:
    assert _refused("item_sold_out", sold_out=True).errors[0].pointer == "/items/0/product_id"
    assert "Only 2" in _refused("item_sold_out", left_count=2).detail
    _refused("item_sold_out", left_count=0)


def test_what_is_foreign_or_served_at_another_hour_is_refused() -> None:
    _refused("item_not_on_menu", LineRequest(ids.show("prd", ids.new_id(99)), 1))
    _refused("item_not_served_now", sold_from="18:00", sold_to="22:00")


@pytest.mark.parametrize("qty", [0, -1, 1000, 2**63])
def test_a_quantity_is_1_to_999(qty: int) -> None:
    latte = values.product("Latte", 100)
    wanted = [LineRequest(ids.show("prd", latte.product_id), qty)]
    with pytest.raises(DomainError) as refused:
        quote(values.store(), values.menu([latte]), wanted, PICKUP, values.NOW)
    assert refused.value.code == "quantity_out_of_range"


@given(st.integers(0, 3), st.integers(0, 3), st.sets(st.integers(0, 3)))
def test_choices_are_accepted_exactly_between_the_groups_bounds(least: int, more: int, chosen: set[int]) -> None:
    choices = [values.modifier(f"m{n}") for n in range(4)]
    group = values.group("Milk", choices, least, least + more)
    latte = values.product("Latte", 100, [group])
    wanted = LineRequest(
        ids.show("prd", latte.product_id), 1,
        modifier_ids=tuple(ids.show("mod", choices[n].modifier_id) for n in sorted(chosen)),
    )  # fmt: skip

    fits = least <= len(chosen) <= least + more
    if fits:
        assert len(
            quote(values.store(), values.menu([latte], [group]), [wanted], PICKUP, values.NOW).lines[0].modifiers
        ) == len(chosen)
        return
    with pytest.raises(DomainError) as refused:
        quote(values.store(), values.menu([latte], [group]), [wanted], PICKUP, values.NOW)
    assert refused.value.code == ("modifier_required" if len(chosen) < least else "modifier_too_many")
