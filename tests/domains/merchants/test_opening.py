"""Opening hours: what is said now is true until the moment that is named, over midnight and over every change of clocks."""
# ruff: noqa: DTZ001 - hypothesis bounds its datetimes by naive ones; they become UTC afterwards

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bottega.domains.merchants import Store, StoreStatus
from bottega.domains.merchants.errors import StoreClosed, StoreOffline, StorePaused
from bottega.domains.merchants.model import Hours, Intake
from bottega.domains.merchants.rules import check_open, end_of_day, opening
from tests.simulators import values

SECOND = timedelta(seconds=1)
clock = st.tuples(st.integers(0, 23), st.sampled_from([0, 15, 30, 45])).map(lambda at: f"{at[0]:02d}:{at[1]:02d}")
timetables = st.lists(st.builds(Hours, st.integers(0, 6), clock, clock), min_size=1, max_size=10).map(tuple)
zones = st.sampled_from(["Europe/Rome", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Asia/Tokyo"])
# Half of the instants are within a day of a change of clocks somewhere.
changes = [
    datetime(2026, 3, 8),
    datetime(2026, 3, 29),
    datetime(2026, 4, 5),
    datetime(2026, 9, 6),
    datetime(2026, 10, 25),
]
near = st.builds(
    lambda day, minutes: day + timedelta(minutes=minutes), st.sampled_from(changes), st.integers(-1440, 2880)
)
moments = (near | st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1))).map(lambda at: at.replace(tzinfo=UTC))


@given(timetables, zones, moments)
@settings(max_examples=300)
@example((Hours(6, "02:30", "03:00"),), "Europe/Rome", datetime(2026, 3, 28, 12, tzinfo=UTC))
def test_what_is_said_now_holds_until_the_instant_named(hours: tuple[Hours, ...], name: str, now: datetime) -> None:
    place = values.store(hours=hours, timezone=name)
    state = opening(place, now)

    if state.status is StoreStatus.OPEN:
        assert state.open_until is not None
        assert state.open_until > now
        assert opening(place, state.open_until - SECOND).status is StoreStatus.OPEN
        if state.open_until - now < timedelta(days=6):  # the timetable is read a week ahead
            assert opening(place, state.open_until).status is StoreStatus.CLOSED
    elif state.opens_at is not None:
        assert state.opens_at > now
        assert opening(place, state.opens_at).status is StoreStatus.OPEN
        assert opening(place, state.opens_at - SECOND).status is StoreStatus.CLOSED


def test_friday_night_goes_on_after_midnight_and_saturday_morning_is_closed() -> None:
    place = values.store(hours=(Hours(4, "18:00", "02:00"),))  # Friday, Rome

    assert opening(place, datetime(2026, 11, 20, 23, 30, tzinfo=UTC)).status is StoreStatus.OPEN
    assert opening(place, datetime(2026, 11, 21, 0, 59, tzinfo=UTC)).status is StoreStatus.OPEN
    assert opening(place, datetime(2026, 11, 21, 1, 0, tzinfo=UTC)).status is StoreStatus.CLOSED
    assert opening(place, datetime(2026, 11, 20, 16, 59, tzinfo=UTC)).opens_at == datetime(2026, 11, 20, 17, tzinfo=UTC)


def test_a_store_that_never_closes_is_open_in_the_hour_that_comes_twice_and_around_the_one_that_does_not() -> None:
    place = values.store()
    for day in (datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC)):
        assert all(opening(place, day + timedelta(minutes=n)).status is StoreStatus.OPEN for n in range(0, 300, 7))


def test_without_hours_it_never_opens() -> None:
    assert opening(values.store(hours=()), values.NOW) == opening(
        values.store(hours=()), values.NOW + timedelta(days=3)
    )
    with pytest.raises(StoreClosed):
        check_open(values.store(hours=()), values.NOW)


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"intake": Intake.OFFLINE}, StoreOffline),
        ({"intake": Intake.PAUSED}, StorePaused),
        ({"intake": Intake.PAUSED, "paused_until": values.NOW + SECOND}, StorePaused),
        ({"intake": Intake.PAUSED, "paused_until": values.NOW}, None),
    ],
)
def test_a_pause_ends_by_itself(changed: dict[str, object], refusal: type[Exception] | None) -> None:
    place: Store = values.store(**changed)
    if refusal is None:
        check_open(place, values.NOW)
        return
    with pytest.raises(refusal):
        check_open(place, values.NOW)


@given(timetables, zones, moments)
def test_the_end_of_the_day_is_ahead_and_within_a_week(hours: tuple[Hours, ...], name: str, now: datetime) -> None:
    ends = end_of_day(values.store(hours=hours, timezone=name), now)

    assert now < ends <= now + timedelta(days=10)
