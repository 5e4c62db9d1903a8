"""Verifying a shop: clean after a day's trade, cheap to run, and plain about what it found."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import msgspec
import psycopg
import pytest
from rich.console import Console
from typer.testing import CliRunner

from bottega.entrypoints.cli import app
from bottega.entrypoints.terminal import CommandFailed
from bottega.entrypoints.verify import (
    INVARIANTS,
    Ask,
    Level,
    Report,
    Scope,
    as_json,
    ask,
    instant_of,
    print_report,
    run,
)
from bottega.kit.clock import utc_now
from tests.conftest import Shop

NOW = Scope(lag=timedelta(0))


def said(report: Report) -> list[tuple[str, object]]:
    return [(each.name, each.error or each.rows) for each in report.outcomes if not each.ok]


async def test_a_day_of_trade_breaks_nothing(traded_url: str) -> None:
    report = await run(traded_url, scope=NOW)

    assert said(report) == []
    assert len(report.outcomes) == len(INVARIANTS) >= 30


async def test_a_shop_without_orders_is_clean(shop: Shop) -> None:
    report = await run(shop.url)

    # Nothing has moved the seed's own facts yet, which is a warning once they are old enough.
    assert [each for each in said(report) if each[0] != "events.outbox_waits"] == []
    assert report.exit_code(strict=False) == 0


async def test_groups_and_names_choose_what_is_checked(traded_url: str) -> None:
    report = await run(traded_url, ["money", "orders.numbers"])

    assert {each.name.partition(".")[0] for each in report.outcomes} == {"money", "orders"}
    assert [each.name for each in report.outcomes if each.name.startswith("orders")] == ["orders.numbers"]
    with pytest.raises(ValueError, match=r"called glory"):
        await run(traded_url, ["glory"])


async def test_what_lies_before_the_window_is_not_looked_at(shop: Shop, traded_url: str) -> None:
    broken = "update order_lines set discount_minor = discount_minor + 1"
    undo = "update order_lines set discount_minor = discount_minor - 1"
    with psycopg.connect(traded_url, autocommit=True) as connection:
        connection.execute(broken.encode())
        try:
            windowed = await run(traded_url, scope=Scope(since=utc_now() + timedelta(minutes=1)))
            recent = await run(traded_url, scope=Scope(since=utc_now() - timedelta(hours=1)))
        finally:
            connection.execute(undo.encode())

    assert windowed.exit_code() == 0
    assert recent.exit_code() == 1
    assert [each.name for each in recent.broken] == ["money.order_sums"]


async def test_a_report_shows_the_rows_at_fault_and_says_so_in_its_exit_code(traded_url: str) -> None:
    with psycopg.connect(traded_url, autocommit=True) as connection:
        connection.execute("update orders set discount_minor = discount_minor + 0, number = number + 500")
        try:
            report = await run(traded_url, ["orders.have_lines", "orders.numbers"], scope=NOW)
        finally:
            connection.execute("update orders set number = number - 500")
    screen = Console(file=StringIO(), width=160)
    print_report(report, screen)
    shown = screen.file.getvalue()
    told = msgspec.json.decode(as_json(report))

    assert report.exit_code() == 1
    assert not told["ok"]
    assert told["broken"] == 1
    faulty = next(each for each in told["outcomes"] if each["found"])
    assert faulty["name"] == "orders.numbers"
    assert faulty["rows"][0]["last_number"] < 500 < faulty["rows"][0]["number"]
    assert "orders.numbers" in shown
    assert faulty["rows"][0]["order_id"] in shown
    assert "1 broken" in shown


async def test_a_warning_is_shown_and_counts_only_when_strict(traded_url: str) -> None:
    with psycopg.connect(traded_url, autocommit=True) as connection:
        connection.execute("insert into parked_events values ('kitchen', 3, 'broken', 5, now())")
        try:
            report = await run(traded_url, ["events"], scope=NOW)
        finally:
            connection.execute("delete from parked_events")

    assert [each.name for each in report.warnings] == ["events.parked"]
    assert report.exit_code() == 0
    assert report.exit_code(strict=True) == 1


async def test_a_check_that_can_not_be_run_is_an_error_and_the_others_are_run(traded_url: str) -> None:
    with psycopg.connect(traded_url, autocommit=True) as connection:
        connection.execute("alter table order_counters rename to counters")
        try:
            report = await run(traded_url, ["orders"], scope=NOW)
        finally:
            connection.execute("alter table counters rename to order_counters")

    blind = {"orders.numbers", "orders.numbers_gapless"}
    assert {(each.name, bool(each.error)) for each in report.broken} == {(name, True) for name in blind}
    assert report.exit_code() == 1


def test_names_are_unique_and_every_check_says_which_invariant_it_is() -> None:
    names = [each.name for each in INVARIANTS]

    assert len(names) == len(set(names))
    assert all(each.numbers and 1 <= min(each.numbers) <= max(each.numbers) <= 45 for each in INVARIANTS)
    assert all(each.sentence and not each.sentence.endswith(".") for each in INVARIANTS)
    assert {each.level for each in INVARIANTS} == {Level.BROKEN, Level.WARN}


def test_the_command_answers_people_and_programs(traded_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    screen = Console(file=StringIO(), width=160)

    assert ask(traded_url, Ask(only=("orders",), since="1d"), screen) == 0
    assert ask(traded_url, Ask(only=("orders",), as_json=True), screen) == 0

    assert "all hold" in screen.file.getvalue()
    assert msgspec.json.decode(capsys.readouterr().out)["ok"]


def test_how_far_back_is_a_span_or_an_instant() -> None:
    now = datetime(2030, 1, 31, 12, tzinfo=UTC)

    assert instant_of("90m", now) == datetime(2030, 1, 31, 10, 30, tzinfo=UTC)
    assert instant_of("2030-01-30T12:00:00+01:00", now) == datetime(2030, 1, 30, 11, tzinfo=UTC)
    for wrong in ("yesterday", "1w", "2030-01-30T12:00:00", ""):
        with pytest.raises(ValueError, match=r"."):
            instant_of(wrong, now)


def test_bottega_verify_is_a_command(traded_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTTEGA_DATABASE_URL", traded_url)

    clean = CliRunner().invoke(app, ["verify", "orders", "--since", "1d", "--json"])
    wrong = CliRunner().invoke(app, ["verify", "glory"])

    assert clean.exit_code == 0
    assert msgspec.json.decode(clean.stdout)["ok"]
    assert isinstance(wrong.exception, CommandFailed)
