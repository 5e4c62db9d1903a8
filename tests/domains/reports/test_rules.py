"""Months on the store's clock, and tables that no spreadsheet runs."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bottega.domains.reports.model import Month
from bottega.domains.reports.rules import cell, decimal, last_month, parse_month, span, table
from bottega.kit.errors import Invalid
from tests.simulators import values


@pytest.mark.parametrize(
    ("zone", "month", "hours"),
    [
        ("Europe/Rome", Month(2026, 3), 31 * 24 - 1),
        ("Europe/Rome", Month(2026, 10), 31 * 24 + 1),
        ("Europe/Rome", Month(2026, 9), 30 * 24),
        ("America/Asuncion", Month(2023, 10), 31 * 24 - 1),  # its first begins at one o'clock
        ("America/Havana", Month(2026, 11), 30 * 24 + 1),  # its first hour comes twice
        ("UTC", Month(2024, 2), 29 * 24),
        ("Asia/Kolkata", Month(2025, 12), 31 * 24),
    ],
)
def test_a_month_is_as_long_as_the_clock_on_the_wall_says(zone: str, month: Month, hours: int) -> None:
    found = span(month, values.store(timezone=zone))

    assert (found.to_at - found.from_at).total_seconds() == hours * 3600
    assert found.to_at == span(month.after(), values.store(timezone=zone)).from_at


@pytest.mark.parametrize(
    ("now", "zones", "last"),
    [
        (datetime(2026, 10, 31, 23, 30, tzinfo=UTC), ["Europe/Rome"], Month(2026, 10)),
        (datetime(2026, 10, 31, 23, 30, tzinfo=UTC), ["Europe/Rome", "America/New_York"], Month(2026, 9)),
        (datetime(2026, 1, 1, 0, 30, tzinfo=UTC), ["America/New_York"], Month(2025, 11)),
        (datetime(2026, 1, 15, tzinfo=UTC), ["Asia/Tokyo"], Month(2025, 12)),
    ],
)
def test_the_last_month_is_over_everywhere(now: datetime, zones: list[str], last: Month) -> None:
    assert last_month(now, zones) == last


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "2026-9", "26-09", "2026-09-01", "２０２６-09", "2026-09\n", "0000-01"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_month(text)


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =cmd|' /C calc'!A0", "|x", "%x", "＝1+1", "\x00=1"],
)  # fmt: skip
def test_a_cell_that_a_spreadsheet_would_run_is_text(text: str) -> None:
    assert cell(text) == "'" + text


def test_numbers_and_names_stay_as_they_are() -> None:
    assert [cell(each) for each in (-5, 0, "Giulia", "O'Neill", "a=b", "")] == [
        "-5",
        "0",
        "Giulia",
        "O'Neill",
        "a=b",
        "",
    ]
    assert [decimal(*each) for each in ((1450, 2), (-5, 2), (480, 0), (1234, 3), (0, 2))] == [
        "14.50", "-0.05", "480", "1.234", "0.00",
    ]  # fmt: skip


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2), max_size=5))
def test_a_table_reads_back_cell_by_cell_and_no_cell_runs(rows: list[list[str]]) -> None:
    text = table(("a", "b"), rows).decode("utf-8-sig")
    found = list(csv.reader(io.StringIO(text, newline="")))

    assert found == [["a", "b"], *([cell(each) for each in row] for row in rows)]
    assert not any(each.lstrip().startswith(("=", "+", "-", "@")) for row in found[1:] for each in row)
