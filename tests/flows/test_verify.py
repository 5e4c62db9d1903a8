"""Verifying a shop: clean after a day's trade, cheap to run, and plain about what it found."""

from datetime import timedelta
from io import StringIO

import msgspec
import psycopg
import pytest
from rich.console import Console

from bottega.entrypoints.verify import INVARIANTS, Level, Report, Scope, as_json, print_report, run
from bottega.kit.clock import utc_now
from tests.conftest import Shop

NOW = Scope(lag=timedelta(0))


def said(report: Report) -> list[tuple[str, object]]:
    return [(each.name, each.error or each.rows) for each in report.outcomes if not each.ok]


async def test_a_day_of_trade_breaks_nothing(traded_url: str) -> None:
    report = await run(traded_url, scope=NOW)

    assert said(report) == []
    assert len(report.outcomes) == len(INVARIANTS) >= 30
