"""Time: the only place where a store's local time becomes an instant, and back.

Instants are aware UTC datetimes everywhere. A local time that does not exist (spring) is moved forward by the gap; one
that happens twice (autumn) means the first. RELIABILITY 0.21: two libraries disagree on this, so nobody else decides it.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bottega.kit.errors import Invalid


def utc_now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name. Raises `Invalid` if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(f"{name} is not a known timezone") from error


def instant(day: date, at: time, zone_name: str) -> datetime:
    """The UTC instant of a local wall-clock time: gaps move forward, repeated hours mean the first."""
    # With fold=0 a repeated hour means its first run, and in a gap the offset before the change is used, which lands
    # exactly the gap further on.
    return datetime.combine(day, at, zone(zone_name)).replace(fold=0).astimezone(UTC)


def local(at: datetime, zone_name: str) -> datetime:
    """The same instant as the wall clock of that zone shows it."""
    return at.astimezone(zone(zone_name))


def business_date(at: datetime, zone_name: str, cutoff_hour: int = 4) -> date:
    """The accounting day of an instant: a day ends at `cutoff_hour` local time, so a late bar sells 'today' until then."""
    return _business_date(int(at.timestamp()) // 60, zone_name, cutoff_hour)


def wall_clock(at: datetime, zone_name: str) -> str:
    """The local time of day as `HH:MM`."""
    return _wall_clock(int(at.timestamp()) // 60, zone_name)


# Days and hours begin with a minute in every zone, and thousands of orders share one.
@lru_cache(maxsize=4096)
def _business_date(minute: int, zone_name: str, cutoff_hour: int) -> date:
    return (_local_minute(minute, zone_name) - timedelta(hours=cutoff_hour)).date()


@lru_cache(maxsize=4096)
def _wall_clock(minute: int, zone_name: str) -> str:
    return _local_minute(minute, zone_name).strftime("%H:%M")


def _local_minute(minute: int, zone_name: str) -> datetime:
    return local(datetime.fromtimestamp(minute * 60, UTC), zone_name)
