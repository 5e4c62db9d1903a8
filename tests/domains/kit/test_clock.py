"""Local times become instants by one rule, in every zone and over every change of the clock."""
# ruff: noqa: DTZ001 - hypothesis bounds its datetimes by naive ones; they become UTC afterwards

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bottega.kit.clock import business_date, instant, local, zone
from bottega.kit.errors import Invalid

CHANGING = [
    "Europe/Rome", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Beirut",
    "Pacific/Chatham", "Pacific/Apia", "America/Havana", "Asia/Tokyo", "Asia/Kathmandu", "UTC",
]  # fmt: skip
zones = st.sampled_from(CHANGING) | st.sampled_from(sorted(zoneinfo.available_timezones() - {"localtime", "Factory"}))
days = st.dates(date(2000, 1, 1), date(2036, 12, 30))
times = st.times().map(lambda at: at.replace(microsecond=0))


@given(days, times, zones)
@example(date(2026, 3, 29), time(2, 30), "Europe/Rome")
@example(date(2026, 10, 25), time(2, 30), "Europe/Rome")
@example(date(2026, 4, 5), time(1, 45), "Australia/Lord_Howe")
@example(date(2011, 12, 30), time(12), "Pacific/Apia")
def test_a_local_time_that_exists_reads_the_same_and_means_its_first_run(day: date, at: time, name: str) -> None:
    wall = datetime.combine(day, at)
    made = instant(day, at, name)
    runs = [wall.replace(tzinfo=zone(name), fold=fold).astimezone(UTC) for fold in (0, 1)]
    real = [run for run in runs if run.astimezone(zone(name)).replace(tzinfo=None) == wall]

    assert made.tzinfo is UTC
    if real:
        assert made == min(real)
        assert local(made, name).replace(tzinfo=None) == wall
    else:
        gap = abs(runs[0] - runs[1])
        assert local(made, name).replace(tzinfo=None) == wall + gap


def test_the_hour_that_spring_takes_away_comes_an_hour_later() -> None:
    assert instant(date(2026, 3, 29), time(2, 30), "Europe/Rome") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_the_hour_that_autumn_repeats_means_its_first_run() -> None:
    assert instant(date(2026, 10, 25), time(2, 30), "Europe/Rome") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(st.datetimes(datetime(2000, 1, 2), datetime(2036, 12, 30)), zones)
def test_the_accounting_day_is_the_local_day_four_hours_ago(naive: datetime, name: str) -> None:
    at = naive.replace(tzinfo=UTC)
    here = local(at, name)

    day = business_date(at, name)

    assert day == here.date() - timedelta(days=here.hour < 4)


@pytest.mark.parametrize("name", ["Mars/Base", "", "../../etc/passwd", "Europe/Rome\x00"])
def test_a_zone_that_nobody_knows_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        zone(name)
