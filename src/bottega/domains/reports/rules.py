"""Decisions about reports: what a month is at a store, and how a table is written so that no spreadsheet runs it. Pure."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from uuid import UUID

from bottega.domains.merchants import Store
from bottega.domains.reports.model import Month, NeverSpent, Span
from bottega.kit.clock import instant, local
from bottega.kit.errors import FieldError, Invalid, Malformed
from bottega.kit.pagination import decode_cursor, encode_cursor

PERMISSION = "reports.read"
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)
# What makes a spreadsheet take a cell for a formula or a command, also behind spaces (OWASP: CSV injection).
_RUNS = re.compile(r"[\s\x00]*[=+\-@|%\t\r\n\uff1d\uff0b\uff0d\uff20]")


def parse_month(text: str) -> Month:
    """The month that a client names as `2026-09`. Raises `Invalid`."""
    found = _MONTH.fullmatch(text)
    if found is None:
        raise Invalid(
            "month is a year and a month, as in 2026-09", errors=(FieldError("/month", "invalid", "YYYY-MM"),)
        )
    return Month(int(found[1]), int(found[2]))


def last_month(now: datetime, zones: Sequence[str]) -> Month:
    """The last month that is over in every one of these timezones."""
    return min(_month_at(now, zone) for zone in zones).before()


def span(month: Month, store: Store) -> Span:
    """The month on the wall clock of the store; with a change of clocks it is an hour shorter or longer."""
    following = month.after()
    return Span(
        store.store_id,
        instant(date(month.year, month.month, 1), time(), store.timezone),
        instant(date(following.year, following.month, 1), time(), store.timezone),
    )


def cell(value: object) -> str:
    """A value as a cell that a spreadsheet shows and never runs: what could be a formula gets an apostrophe in front."""
    if isinstance(value, int):
        return str(value)
    text = str(value)
    return f"'{text}" if _RUNS.match(text) else text


def table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Rows as CSV (RFC 4180, UTF-8 with its mark, so that spreadsheets read the letters right)."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writerow([cell(each) for each in heading])
    writer.writerows([cell(each) for each in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def decimal(minor: int, digits: int) -> str:
    """An amount as a number that every spreadsheet reads: 1450 with two digits is 14.50."""
    whole, rest = divmod(abs(minor), 10**digits)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole}.{rest:0{digits}d}" if digits else f"{sign}{whole}"


def after_of(cursor: str | None) -> UUID | None:
    """Where a page begins. Raises `Malformed`."""
    if not cursor:
        return None
    try:
        return UUID(str(decode_cursor(cursor)[0]))
    except ValueError as error:
        raise Malformed("That cursor was not made here") from error


def cursor_of(found: NeverSpent) -> str | None:
    """The cursor of the next page."""
    return None if found.after is None else encode_cursor(found.after.hex)


def _month_at(now: datetime, zone: str) -> Month:
    there = local(now, zone)
    return Month(there.year, there.month)
