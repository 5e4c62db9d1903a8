"""What is sold at which hour, and what comes back when."""
# ruff: noqa: DTZ001 - hypothesis bounds its datetimes by naive ones; they become UTC afterwards

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bottega.domains.catalog import GroupKind, default_modifiers, in_daypart
from bottega.domains.catalog.model import kitchen_kind
from bottega.domains.catalog.rules import next_change, sold_now
from tests.simulators import values

clock = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda at: f"{at[0]:02d}:{at[1]:02d}")


@given(clock, clock, st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))
def test_a_daypart_and_its_complement_share_the_day(start: str, end: str, naive: datetime) -> None:
    now = naive.replace(tzinfo=UTC)
    inside = in_daypart(values.product("Brioche", 100, sold_from=start, sold_to=end), now, "Europe/Rome")
    outside = in_daypart(values.product("Brioche", 100, sold_from=end, sold_to=start), now, "Europe/Rome")

    if start != end:
        assert inside is not outside


@pytest.mark.parametrize(
    ("start", "end", "hour", "sold"),
    [("06:00", "11:00", 5, True), ("06:00", "11:00", 10, False), ("22:00", "02:00", 0, True), ("22:00", "02:00", 1, False),
     ("06:00", "11:00", 4, False)],
)  # fmt: skip
def test_a_daypart_is_local_and_may_cross_midnight(start: str, end: str, hour: int, sold: bool) -> None:
    thing = values.product("Brioche", 100, sold_from=start, sold_to=end)

    assert in_daypart(thing, datetime(2026, 11, 20, hour, tzinfo=UTC), "Europe/Rome") is sold


@given(st.booleans(), st.none() | st.integers(-60, 60), st.none() | st.integers(0, 3))
def test_something_is_available_unless_sold_out_and_not_yet_back_or_none_is_left(
    sold_out: bool, minutes: int | None, left: int | None
) -> None:
    until = None if minutes is None else values.NOW + timedelta(minutes=minutes)
    thing = values.product("Latte", 100, sold_out=sold_out, until_at=until, left_count=left)

    back = until is not None and until <= values.NOW
    assert thing.available_at(values.NOW) is (left != 0 and (not sold_out or back))
    assert sold_now(thing, values.NOW, "UTC") is thing.available_at(values.NOW)


def test_the_next_change_is_the_first_thing_that_comes_back() -> None:
    soon, late = values.NOW + timedelta(hours=1), values.NOW + timedelta(hours=2)
    milk = values.group("Milk", [values.modifier("Oat", sold_out=True, until_at=soon)])
    latte = values.product("Latte", 100, [milk], sold_out=True, until_at=late)
    menu = values.menu([latte], [milk]).menu

    assert next_change(menu, values.NOW) == soon
    assert next_change(menu, soon) == late
    assert next_change(menu, late) is None


def test_defaults_are_chosen_only_while_they_can_be_had() -> None:
    whole, oat = values.modifier("Whole", is_default=True), values.modifier("Oat", is_default=True, sold_out=True)
    milk = values.group("Milk", [whole, oat])
    latte = values.product("Latte", 100, [milk])
    item = next(iter(values.menu([latte], [milk]).items.values()))

    assert [item.choices[each].modifier.name for each in default_modifiers(item, values.NOW)] == ["Whole"]


def test_the_kitchen_reads_choices_as_set_added_or_removed() -> None:
    assert kitchen_kind(GroupKind.MILK, False) == "SET"
    assert kitchen_kind(GroupKind.ADD_ON, False) == "ADD"
    assert kitchen_kind(GroupKind.MILK, True) == "DEFAULT"
    assert kitchen_kind(GroupKind.REMOVAL, False) == "REMOVE"
