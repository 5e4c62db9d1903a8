"""What may come instead of a line that is out: never dearer, taxed again at its own rate, the nearest in price first."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from bottega.domains.merchants import FulfillmentType, PayMode, TaxMode, TaxPer, TaxRate
from bottega.domains.orders import Choice, MarkUnavailable, Order, OrderStatus
from bottega.domains.orders.model import SubstituteWish
from bottega.domains.orders.rules.shortages import (
    by_default,
    chosen_by_staff,
    offer,
    parted,
    recounted,
    replaced,
    suggested,
    without,
)
from bottega.domains.pricing import LineRequest, quote
from bottega.kit import ids
from bottega.kit.errors import Invalid
from tests.simulators import values

RATES = (
    TaxRate("PREPARED", FulfillmentType.PICKUP, "low", 55_000),
    TaxRate("BEANS", FulfillmentType.PICKUP, "high", 222_500),
)
PRICES = st.integers(0, 2000)
LINES = st.lists(st.tuples(PRICES, st.integers(1, 4), st.integers(0, 60), st.booleans()), min_size=1, max_size=4)
MODES = st.tuples(st.sampled_from(TaxMode), st.sampled_from(TaxPer))


def ordered(place: values.Store, wanted: list[tuple[int, int, int, bool]]) -> Order:
    """An order of lines given as price, quantity, per cent of discount, and whether taxed at the high rate."""
    lines = [
        values.line(
            unit_minor=price,
            qty=qty,
            total_minor=price * qty,
            discount_minor=price * qty * percent // 100,
            tax_rate_ppm=RATES[high].rate_ppm,
        )
        for price, qty, percent, high in wanted
    ]
    return recounted(place, values.order(lines=(), tax_included=place.tax_mode is TaxMode.INCLUDED), lines)


def adds_up(order: Order) -> bool:
    """Whether the totals are the sums of the lines."""
    added = 0 if order.tax_included else order.tax_minor
    return (
        order.subtotal_minor == sum(line.total_minor for line in order.lines)
        and order.tax_minor == sum(line.tax_minor for line in order.lines)
        and order.total_minor == order.subtotal_minor - order.discount_minor + order.fees_minor + added
        and [line.line_no for line in order.lines] == [*range(1, len(order.lines) + 1)]
    )


@given(LINES, MODES, PRICES, st.booleans(), st.booleans())
def test_a_substitute_never_makes_the_order_dearer(
    wanted: list[tuple[int, int, int, bool]], modes: tuple[TaxMode, TaxPer], price: int, high: bool, same: bool
) -> None:
    place = values.store(tax_mode=modes[0], tax_per=modes[1], tax_rates=RATES)
    order = ordered(place, wanted)
    product = values.product("Chai", price, tax_category="BEANS" if high else "PREPARED")
    request = LineRequest(ids.show("prd", product.product_id), order.lines[0].qty)
    priced = quote(place, values.menu([product]), (request,), order.fulfillment_type, values.NOW).lines[0]

    offered = offer(place, order, order.lines[0], priced, same_price=same)

    if same:
        assert offered is not None
    if offered is not None:
        after = replaced(place, order, order.lines[0], offered, ids.new_id(values.HOME))
        assert after.total_minor <= order.total_minor
        assert offered.total_minor <= order.lines[0].total_minor
        assert adds_up(after)
        assert all(0 <= line.discount_minor <= line.total_minor for line in after.lines)
        assert [line.line_id for line in after.lines[1:]] == [line.line_id for line in order.lines[1:]]


@given(LINES, MODES)
def test_taking_a_line_off_leaves_sums_that_add_up_and_never_a_higher_total(
    wanted: list[tuple[int, int, int, bool]], modes: tuple[TaxMode, TaxPer]
) -> None:
    place = values.store(tax_mode=modes[0], tax_per=modes[1], tax_rates=RATES)
    order = ordered(place, wanted)

    after = without(place, order, order.lines[0].line_id)

    assert adds_up(after)
    assert after.total_minor <= order.total_minor


@given(LINES, MODES, st.data())
def test_units_of_a_line_apart_change_no_sum_and_taking_them_off_never_makes_it_dearer(
    wanted: list[tuple[int, int, int, bool]], modes: tuple[TaxMode, TaxPer], data: st.DataObject
) -> None:
    place = values.store(tax_mode=modes[0], tax_per=modes[1], tax_rates=RATES)
    order = ordered(place, wanted)
    line, new_id = data.draw(st.sampled_from(order.lines)), ids.new_id(values.HOME)
    qty = data.draw(st.integers(1, line.qty))

    apart, out = parted(order, line, qty, new_id)

    assert adds_up(apart)
    assert apart.total_minor == order.total_minor
    assert (out.qty, out.total_minor) == (qty, qty * line.unit_minor)
    assert all(0 <= each.discount_minor <= each.total_minor and each.tax_minor >= 0 for each in apart.lines)
    mine = [each.qty for each in apart.lines if each.line_id in (line.line_id, new_id)]
    assert mine == ([qty] if qty == line.qty else [line.qty - qty, qty])
    assert without(place, apart, out.line_id).total_minor <= order.total_minor
    for other in apart.lines:
        off = without(place, apart, other.line_id)
        assert adds_up(off)
        assert off.total_minor <= order.total_minor
        assert all(each.tax_minor >= 0 for each in off.lines)


def test_taking_off_what_is_free_never_makes_it_dearer_though_units_of_another_line_are_taxed_apart() -> None:
    place = values.store(tax_mode=TaxMode.ADDED, tax_per=TaxPer.LINE, tax_rates=RATES)
    order = ordered(place, [(10, 2, 0, False), (0, 1, 0, False)])
    apart, _ = parted(order, order.lines[0], 1, ids.new_id(values.HOME))

    off = without(place, apart, order.lines[1].line_id)

    assert recounted(place, apart, apart.lines).total_minor > order.total_minor
    assert (off.total_minor, adds_up(off)) == (order.total_minor, True)


def test_the_shop_offers_what_is_there_of_the_same_kind_for_at_most_the_price_nearest_first() -> None:
    cappuccino, latte, mocha, tea = (
        values.product(name, price)
        for name, price in (("Cappuccino", 300), ("Latte", 280), ("Mocha", 420), ("Tea", 150))
    )
    gone = values.product("Chai", 290, sold_out=True)
    menu = values.menu([tea, gone, mocha, latte, cappuccino])
    line = values.line(product_id=cappuccino.product_id, name="Cappuccino", unit_minor=300, total_minor=300)
    order = recounted(values.store(), values.order(lines=()), [line])

    found = suggested(values.store(), menu, order, order.lines[0], MarkUnavailable(), values.NOW)

    assert [each.name for each in found] == ["Latte", "Tea"]


def test_where_a_choice_is_out_the_same_thing_is_offered_with_another() -> None:
    oat, soy, whole = values.modifier("Oat", 50), values.modifier("Soy", 40), values.modifier("Whole", is_default=True)
    milk = values.group("Milk", [whole, oat, soy], least=1, most=1)
    latte = values.product("Latte", 300, [milk])
    menu = values.menu([latte, values.product("Tea", 100)], [milk])
    request = LineRequest(ids.show("prd", latte.product_id), 1, None, (ids.show("mod", oat.modifier_id),))
    priced = quote(values.store(), menu, (request,), FulfillmentType.PICKUP, values.NOW).lines[0]
    line = values.line(
        product_id=latte.product_id,
        variant_id=priced.variant_id,
        modifiers=priced.modifiers,
        unit_minor=350,
        total_minor=350,
    )
    order = recounted(values.store(), values.order(lines=()), [line])

    command = MarkUnavailable(modifier_id=ids.show("mod", oat.modifier_id))
    found = suggested(values.store(), menu, order, order.lines[0], command, values.NOW)

    assert [(each.name, each.modifiers[0].name) for each in found] == [("Latte", "Soy"), ("Latte", "Whole")]


def test_what_the_customer_had_chosen_comes_along_where_the_other_product_has_it() -> None:
    oat, whole = values.modifier("Oat", 0), values.modifier("Whole", is_default=True)
    milk = values.group("Milk", [whole, oat], least=1, most=1)
    latte, flat = (values.product(name, 300, [milk]) for name in ("Latte", "Flat white"))
    menu = values.menu([latte, flat], [milk])
    request = LineRequest(ids.show("prd", latte.product_id), 1, None, (ids.show("mod", oat.modifier_id),))
    priced = quote(values.store(), menu, (request,), FulfillmentType.PICKUP, values.NOW).lines[0]
    line = values.line(product_id=latte.product_id, modifiers=priced.modifiers, unit_minor=300, total_minor=300)
    order = recounted(values.store(), values.order(lines=()), [line])

    found = suggested(values.store(), menu, order, order.lines[0], MarkUnavailable(), values.NOW)

    assert [(each.name, [chosen.name for chosen in each.modifiers]) for each in found] == [("Flat white", ["Oat"])]


def test_by_default_the_line_comes_off_and_an_order_of_nothing_is_cancelled() -> None:
    place = values.store()
    two = recounted(place, values.order(lines=()), [values.line(), values.line(2)])
    free = values.line(2, unit_minor=0, total_minor=0)
    unpaid = recounted(place, values.order(lines=(), pay_mode=PayMode.ONLINE), [values.line(), free])
    paid = recounted(place, values.order(OrderStatus.PAID, lines=(), pay_mode=PayMode.ONLINE), [values.line(), free])

    assert by_default(place, two, two.lines[0].line_id) is Choice.REFUND
    assert [by_default(place, each, each.lines[0].line_id) for each in (unpaid, paid)] == [Choice.CANCEL, Choice.REFUND]
    one = recounted(place, values.order(lines=()), [values.line()])
    assert by_default(place, one, one.lines[0].line_id) is Choice.CANCEL


def test_an_order_that_waits_for_its_money_online_is_never_offered_something_for_nothing() -> None:
    place = values.store()
    free, cheap = values.product("Water", 0), values.product("Tea", 1)
    menu = values.menu([free, cheap])
    unpaid = recounted(place, values.order(lines=(), pay_mode=PayMode.ONLINE), [values.line()])
    paid = recounted(place, values.order(OrderStatus.PAID, lines=(), pay_mode=PayMode.ONLINE), [values.line()])
    two = recounted(place, unpaid, [values.line(), values.line(2)])

    def offered(order: Order) -> list[str]:
        line = order.lines[0]
        wishes = [SubstituteWish(ids.show("prd", each.product_id), same_price=True) for each in (free, cheap)]
        made: list[str] = []
        for wish in wishes:
            with contextlib.suppress(Invalid):
                made += [each.name for each in chosen_by_staff(place, menu, order, line, [wish], values.NOW)]
        return made

    assert [offered(each) for each in (unpaid, paid, two)] == [["Tea"], ["Water", "Tea"], ["Water", "Tea"]]
