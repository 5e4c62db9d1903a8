"""Money divides without losing or making a single unit."""

import random
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bottega.kit.errors import Invalid
from bottega.kit.money import EXPONENTS, PPM, Rounding, apportion, divide, exponent, tax_added, tax_included

amounts = st.integers(0, 10**15)
rates = st.integers(0, 2 * PPM)
rules = st.sampled_from(list(Rounding))


@given(amounts, st.lists(st.integers(0, 10**12), min_size=1, max_size=50))
def test_apportioned_parts_add_up_and_none_is_off_by_a_unit(amount: int, weights: list[int]) -> None:
    parts = apportion(amount, weights)

    assert sum(parts) == amount
    assert min(parts) >= 0
    total = sum(weights)
    if total:
        assert all(
            abs(Fraction(amount * weight, total) - part) < 1 for part, weight in zip(parts, weights, strict=True)
        )


@given(amounts, st.lists(st.integers(1, 10**6), min_size=2, max_size=9), st.randoms())
def test_apportioning_does_not_depend_on_the_order_but_for_ties(
    amount: int, weights: list[int], chance: random.Random
) -> None:
    assume(len({amount * weight % sum(weights) for weight in weights}) == len(weights))
    shuffled = chance.sample(weights, len(weights))

    assert sorted(apportion(amount, weights)) == sorted(apportion(amount, shuffled))


def test_nothing_to_weigh_by_puts_all_on_the_first() -> None:
    assert apportion(7, [0, 0]) == [7, 0]


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**9), rules)
def test_a_division_is_the_nearest_whole_that_its_rule_allows(numerator: int, denominator: int, rule: Rounding) -> None:
    exact, got = Fraction(numerator, denominator), divide(numerator, denominator, rule)

    assert abs(exact - got) < 1
    if rule is Rounding.DOWN:
        assert abs(got) <= abs(exact)
    elif rule is Rounding.UP:
        assert abs(got) >= abs(exact)
    else:
        assert abs(exact - got) <= Fraction(1, 2)
    if rule is Rounding.HALF_EVEN and abs(exact - got) == Fraction(1, 2):
        assert got % 2 == 0


@pytest.mark.parametrize(
    ("numerator", "rule", "whole"),
    [
        (5, Rounding.HALF_UP, 3), (-5, Rounding.HALF_UP, -3), (5, Rounding.HALF_EVEN, 2), (7, Rounding.HALF_EVEN, 4),
        (5, Rounding.DOWN, 2), (5, Rounding.UP, 3), (4, Rounding.UP, 2),
    ],
)  # fmt: skip
def test_halves_go_where_the_rule_says(numerator: int, rule: Rounding, whole: int) -> None:
    assert divide(numerator, 2, rule) == whole


@given(amounts, rates, rules)
def test_tax_taken_out_of_a_gross_amount_is_the_tax_on_what_remains(gross: int, rate: int, rule: Rounding) -> None:
    contained = tax_included(gross, rate, rule)
    net = gross - contained

    assert 0 <= contained <= gross
    # Rounded once on the way out, so putting it on top again differs by a unit (and its own tax) at most.
    assert abs(tax_added(net, rate, rule) - contained) <= 1 + rate // PPM + 1


@given(amounts, rates, rules)
def test_tax_on_top_is_contained_in_the_sum(net: int, rate: int, rule: Rounding) -> None:
    on_top = tax_added(net, rate, rule)

    assert on_top >= 0
    assert abs(tax_included(net + on_top, rate, rule) - on_top) <= 1


@pytest.mark.parametrize(
    ("currency", "digits"), [("EUR", 2), ("USD", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("TND", 3)]
)
def test_exponents_are_those_of_iso_4217(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


def test_there_are_only_exponents_0_2_and_3_and_unknown_codes_are_refused() -> None:
    assert set(EXPONENTS.values()) == {0, 2, 3}
    assert len(EXPONENTS) > 140
    with pytest.raises(Invalid):
        exponent("XXX")
    with pytest.raises(Invalid):
        exponent("eur")
