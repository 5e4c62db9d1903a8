"""What goes back of an order adds up: lines, units, net and tax, whatever is refunded in whatever order."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bottega.domains.merchants import TaxMode
from bottega.domains.orders import Order, OrderLine, RefundPart, RefundUnits, RefundWish
from bottega.domains.orders.errors import RefundLineTooLarge, RefundLineUnknown
from bottega.domains.orders.rules.refunding import by_rate, check_again, rest_of, split_refund
from bottega.domains.payments import NothingToRefund, RefundTooLarge
from bottega.kit.errors import DomainError
from bottega.kit.money import Rounding, apportion, tax_added, tax_included
from tests.simulators.values import order as an_order


@dataclass(frozen=True)
class Bought:
    """A line to be bought: so many at a price, taxed at a rate (in millionths)."""

    qty: int
    unit: int
    rate: int


def ordered(lines: list[Bought], mode: TaxMode = TaxMode.INCLUDED, discount: int = 0, currency: str = "EUR") -> Order:
    """An order of these lines, its discount spread and its tax rounded line by line, as pricing does it."""
    totals = [each.qty * each.unit for each in lines]
    shares = apportion(min(discount, sum(totals)), totals)
    tax = tax_included if mode is TaxMode.INCLUDED else tax_added
    taxes = [
        tax(total - share, each.rate, Rounding.HALF_UP)
        for each, total, share in zip(lines, totals, shares, strict=True)
    ]
    made = tuple(
        OrderLine(
            line_no=number,
            line_id=UUID(int=number),
            product_id=UUID(int=1),
            variant_id=UUID(int=1),
            name=f"Thing {number}",
            variant_name="",
            category="",
            qty=each.qty,
            unit_minor=each.unit,
            modifiers=(),
            note="",
            discount_minor=share,
            tax_rate_ppm=each.rate,
            tax_minor=part,
            total_minor=each.qty * each.unit,
        )
        for number, (each, share, part) in enumerate(zip(lines, shares, taxes, strict=True), 1)
    )
    included = mode is TaxMode.INCLUDED
    total = sum(totals) - sum(shares) + (0 if included else sum(taxes))
    return msgspec.structs.replace(
        an_order(), lines=made, currency=currency, subtotal_minor=sum(totals), discount_minor=sum(shares),
        tax_minor=sum(taxes), tax_included=included, fees_minor=0, total_minor=total,
    )  # fmt: skip


def amounts(parts: tuple[RefundPart, ...]) -> list[tuple[int, int, int]]:
    return [(part.qty, part.net_minor, part.tax_minor) for part in parts]


def test_units_of_a_line_go_back_with_their_tax_and_the_last_takes_the_rest() -> None:
    order = ordered([Bought(3, 333, 100_000), Bought(1, 250, 220_000)])
    line = order.lines[0].line_id

    one = split_refund(rest_of(order, ()), order.total_minor, RefundWish(units=(RefundUnits(line, 1),)))
    two = split_refund(rest_of(order, one), order.total_minor - 333, RefundWish(units=(RefundUnits(line, 2),)))

    assert amounts(one) == [(1, 303, 30)]
    assert amounts(two) == [(2, 605, 61)]
    assert order.lines[0].tax_minor == 91


@pytest.mark.parametrize(
    ("_case", "mode", "rate", "wanted", "net", "tax"),
    [
        ("prices contain the tax", TaxMode.INCLUDED, 100_000, 100, 91, 9),
        ("tax on top", TaxMode.ADDED, 88_750, 109, 100, 9),
    ],
)
def test_an_amount_contains_tax_in_proportion(
    _case: str, mode: TaxMode, rate: int, wanted: int, net: int, tax: int
) -> None:
    order = ordered([Bought(2, 500, rate)], mode)

    parts = split_refund(rest_of(order, ()), order.total_minor, RefundWish(wanted))

    assert amounts(parts) == [(0, net, tax)]


def test_yen_are_never_split_below_one() -> None:
    order = ordered([Bought(1, 380, 80_000), Bought(1, 460, 80_000), Bought(1, 480, 80_000)], currency="JPY")

    parts = split_refund(rest_of(order, ()), order.total_minor, RefundWish(100))

    assert [part.amount_minor for part in parts] == [29, 35, 36]
    assert sum(part.tax_minor for part in parts) == 7


def test_two_rates_are_shown_apart_and_a_discount_is_on_the_lines_already() -> None:
    order = ordered([Bought(1, 1000, 100_000), Bought(1, 1000, 220_000)], discount=400)

    rates = by_rate(split_refund(rest_of(order, ()), order.total_minor, RefundWish()))

    assert [(each.tax_rate_ppm, each.net_minor, each.tax_minor) for each in rates] == [
        (220_000, 656, 144),
        (100_000, 727, 73),
    ]


@pytest.mark.parametrize(
    ("_case", "wish", "refusal"),
    [
        ("more than is left", RefundWish(1431), RefundTooLarge),
        ("nothing", RefundWish(0), RefundTooLarge),
        ("one unit too many", RefundWish(units=(RefundUnits(UUID(int=1), 3),)), RefundLineTooLarge),
        (
            "in two pieces",
            RefundWish(units=(RefundUnits(UUID(int=1), 2), RefundUnits(UUID(int=1), 1))),
            RefundLineTooLarge,
        ),
        ("a line of another order", RefundWish(units=(RefundUnits(UUID(int=9), 1),)), RefundLineUnknown),
        ("a line that cost nothing", RefundWish(units=(RefundUnits(UUID(int=2), 1),)), NothingToRefund),
    ],
)
def test_what_cannot_go_back_is_refused(_case: str, wish: RefundWish, refusal: type[DomainError]) -> None:
    order = ordered([Bought(2, 715, 100_000), Bought(1, 0, 100_000)])

    with pytest.raises(refusal):
        split_refund(rest_of(order, ()), order.total_minor, wish)


def test_money_that_no_line_stands_for_goes_back_without_tax() -> None:
    order = msgspec.structs.replace(ordered([Bought(1, 500, 100_000)]), fees_minor=50, total_minor=550)

    everything = split_refund(rest_of(order, ()), 600, RefundWish())

    assert [(part.line_id is None, part.amount_minor, part.tax_minor) for part in everything] == [
        (False, 500, 45),
        (True, 100, 0),
    ]


def test_money_of_a_line_that_failed_to_arrive_is_not_given_again_when_the_line_went_back_otherwise() -> None:
    order = ordered([Bought(1, 500, 100_000), Bought(1, 500, 100_000)])
    failed = split_refund(rest_of(order, ()), 1000, RefundWish(200))
    since = split_refund(rest_of(order, ()), 1000, RefundWish(units=(RefundUnits(UUID(int=1), 1),)))

    check_again(rest_of(order, ()), 1000, 200, failed)
    with pytest.raises(RefundLineTooLarge):
        check_again(rest_of(order, since), 500, 200, failed)


lines = st.lists(
    st.builds(Bought, st.integers(1, 9), st.integers(0, 5000), st.sampled_from([0, 40_000, 88_750, 100_000, 220_000])),
    min_size=1, max_size=6,
)  # fmt: skip
wishes = st.lists(
    st.one_of(
        st.integers(0, 20_000).map(RefundWish),
        st.tuples(st.integers(1, 7), st.integers(1, 9)).map(
            lambda pair: RefundWish(units=(RefundUnits(UUID(int=pair[0]), pair[1]),))
        ),
        st.just(RefundWish()),
    ),
    max_size=8,
)


def refunded(order: Order, asked: list[RefundWish]) -> Iterator[tuple[RefundPart, ...]]:
    """What each refund gives back, until everything is back."""
    back: list[RefundPart] = []
    for wish in [*asked, RefundWish()]:
        left = order.total_minor - sum(part.amount_minor for part in back)
        try:
            parts = split_refund(rest_of(order, back), left, wish)
        except DomainError:
            continue
        if wish.amount_minor is not None:
            assert sum(part.amount_minor for part in parts) == wish.amount_minor
        back += parts
        yield parts


@given(lines, st.sampled_from(list(TaxMode)), st.integers(0, 3000), wishes)
def test_refunds_in_any_order_give_back_every_line_and_its_tax_exactly(
    bought: list[Bought], mode: TaxMode, discount: int, asked: list[RefundWish]
) -> None:
    order = ordered(bought, mode, discount)

    back = [part for parts in refunded(order, asked) for part in parts]

    assert all(part.net_minor >= 0 and part.tax_minor >= 0 for part in back)
    assert sum(part.amount_minor for part in back) == order.total_minor
    assert sum(part.tax_minor for part in back) == order.tax_minor
    for line in order.lines:
        of_line = [part for part in back if part.line_id == line.line_id]
        assert sum(part.qty for part in of_line) <= line.qty
        assert sum(part.tax_minor for part in of_line) == line.tax_minor
