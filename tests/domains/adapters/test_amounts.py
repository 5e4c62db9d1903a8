"""Amounts cross to the provider and back exactly, in every currency a shop can have, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bottega.adapters.stripe import ours, theirs
from bottega.domains.payments.errors import ProviderRefused
from bottega.kit.money import EXPONENTS, exponent


@given(st.sampled_from(sorted(EXPONENTS)), st.integers(0, 10**9))
def test_an_amount_comes_back_as_it_went_or_is_refused(currency: str, amount: int) -> None:
    try:
        sent = theirs(amount, currency)
    except ProviderRefused:
        assert exponent(currency) == 3
        assert amount % 10
        return
    assert ours(sent, currency) == amount


@pytest.mark.parametrize(
    ("currency", "amount", "sent"),
    [("EUR", 1450, 1450), ("JPY", 450, 450), ("KWD", 1250, 1250), ("ISK", 900, 90_000), ("UGX", 4000, 400_000)],
)
def test_the_provider_counts_some_currencies_in_its_own_way(currency: str, amount: int, sent: int) -> None:
    assert (theirs(amount, currency), ours(sent, currency)) == (sent, amount)


def test_a_part_of_a_unit_that_the_currency_does_not_have_matches_nothing() -> None:
    assert ours(90_050, "ISK") == 90_050
    with pytest.raises(ProviderRefused):
        theirs(1251, "KWD")
