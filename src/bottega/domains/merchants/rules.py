"""Decisions about stores: are they open, when will an order be ready. Values in, values out."""

from datetime import date, datetime, time, timedelta

from bottega.domains.merchants.errors import StoreClosed, StoreOffline, StorePaused
from bottega.domains.merchants.model import FulfillmentType, Hours, Intake, Opening, Store, StoreStatus
from bottega.kit.clock import instant, local

_SPREAD_MINUTES = 3


def opening(store: Store, now: datetime) -> Opening:
    """Whether the store takes orders at `now`, and the next instant at which that changes by the timetable."""
    today = local(now, store.timezone).date()
    spans = sorted(
        span
        for offset in range(-1, 8)
        for hours in store.hours
        if hours.weekday == (today + timedelta(days=offset)).weekday()
        and (span := _span(store, hours, today + timedelta(days=offset)))[0] < span[1]
    )
    current = _merged_end(spans, now)
    if current is None:
        opens_at = next((start for start, _ in spans if start > now), None)
        return Opening(StoreStatus.CLOSED, opens_at=opens_at)
    if store.intake is Intake.OFFLINE:
        return Opening(StoreStatus.OFFLINE)
    if store.intake is Intake.PAUSED and (store.paused_until is None or store.paused_until > now):
        return Opening(StoreStatus.PAUSED, opens_at=store.paused_until)
    return Opening(StoreStatus.OPEN, open_until=current)


def check_open(store: Store, now: datetime) -> None:
    """Raise `StoreClosed`, `StorePaused` or `StoreOffline` unless the store takes orders at `now`."""
    state = opening(store, now)
    if state.status is StoreStatus.OPEN:
        return
    extra = {"opens_at": state.opens_at}
    if state.status is StoreStatus.CLOSED:
        raise StoreClosed(f"{store.name} is closed right now", extra=extra)
    if state.status is StoreStatus.PAUSED:
        raise StorePaused(f"{store.name} takes no orders for a moment", extra=extra)
    raise StoreOffline(f"{store.name} takes no online orders right now", extra=extra)


def ready_window(store: Store, now: datetime) -> tuple[datetime, datetime]:
    """From when to when an order placed at `now` will be ready: the preparation time and a little more."""
    earliest = now + timedelta(minutes=store.prep_minutes)
    return earliest, earliest + timedelta(minutes=_SPREAD_MINUTES)


def ready_minutes(store: Store, now: datetime) -> tuple[int, int]:
    """The ready window as minutes from now."""
    start, end = ready_window(store, now)
    return round((start - now).total_seconds() / 60), round((end - now).total_seconds() / 60)


def tax_rate_ppm(store: Store, tax_category: str, fulfillment_type: FulfillmentType) -> int:
    """The store's rate for goods of that category handed over that way, in millionths (0 where none is set)."""
    for rate in store.tax_rates:
        if rate.tax_category == tax_category and rate.fulfillment_type is fulfillment_type:
            return rate.rate_ppm
    return 0


def end_of_day(store: Store, now: datetime) -> datetime:
    """The instant at which the store's business day ends: its next closing time, or the next 04:00 local time."""
    end = opening(store, now).open_until
    if end is not None:
        return end
    here = local(now, store.timezone)
    day = here.date() if here.hour < 4 else here.date() + timedelta(days=1)
    return instant(day, time(4), store.timezone)


def _span(store: Store, hours: Hours, day: date) -> tuple[datetime, datetime]:
    """From when to when; the wrong way round on the day when spring takes the whole span away (02:30 to 03:00)."""
    opens, closes = time.fromisoformat(hours.opens), time.fromisoformat(hours.closes)
    last_day = day + timedelta(days=1) if closes <= opens else day
    return instant(day, opens, store.timezone), instant(last_day, closes, store.timezone)


def _merged_end(spans: list[tuple[datetime, datetime]], now: datetime) -> datetime | None:
    """The end of the span around `now`, joined with spans that follow without a gap; None outside of any."""
    end: datetime | None = None
    for start, until in spans:
        if (end is None and start <= now < until) or (end is not None and start <= end < until):
            end = until
    return end
