"""`bottega verify` without its options' spelling: how far back, run, show, exit code. The command line registers it."""

import asyncio
import re
import sys
from datetime import datetime, timedelta

import msgspec
from rich.console import Console

from bottega.entrypoints.verify.model import Scope
from bottega.entrypoints.verify.printing import as_json, print_report
from bottega.entrypoints.verify.running import run
from bottega.kit.clock import utc_now

_SPAN = re.compile(r"(\d{1,6})(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What to verify: names or groups (none: all), what was made since when (None: everything), and how to answer."""

    only: tuple[str, ...] = ()
    since: str | None = None
    strict: bool = False
    as_json: bool = False


def ask(database_url: str, wanted: Ask, console: Console) -> int:
    """Verify the database and show the report; the exit code.

    The report goes to `console`, or as JSON to stdout. Raises `ValueError` for an unknown check or a `since` that is
    neither a span (`90s`, `30m`, `1h`, `7d`) nor an RFC 3339 instant, `psycopg.Error` where the database can't be asked.
    """
    scope = Scope(since=None if wanted.since is None else instant_of(wanted.since, utc_now()))
    report = asyncio.run(run(database_url, wanted.only or None, scope=scope))
    if wanted.as_json:
        sys.stdout.write(as_json(report, strict=wanted.strict).decode() + "\n")
    else:
        print_report(report, console, strict=wanted.strict)
    return report.exit_code(strict=wanted.strict)


def instant_of(text: str, now: datetime) -> datetime:
    """`1h` as the instant an hour before `now`, or an RFC 3339 instant. Raises `ValueError`."""
    span = _SPAN.fullmatch(text)
    if span is not None:
        return now - timedelta(seconds=int(span[1]) * _SECONDS[span[2]])
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text} is neither a span like 1h or 7d nor an instant like 2030-01-31T12:00Z") from error
    if found.tzinfo is None:
        raise ValueError(f"{text} says no offset from UTC: add Z or +01:00")
    return found
