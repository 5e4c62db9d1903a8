"""Showing a report to people: a table of all checks, then the rows at fault. JSON is for everything else."""

import msgspec
from rich.console import Console
from rich.table import Table

from bottega.entrypoints.verify.model import Outcome, Report
from bottega.entrypoints.verify.running import COUNTED, SHOWN


def print_report(report: Report, console: Console, *, strict: bool = False) -> None:
    """Write a report as a table with the rows at fault below it; `strict` says what the exit code counts."""
    table = Table(title=None, box=None, pad_edge=False)
    table.add_column("check", no_wrap=True)
    table.add_column("found", justify="right", no_wrap=True)
    table.add_column("ms", justify="right", no_wrap=True)
    table.add_column("what is always true", overflow="fold")
    for outcome in report.outcomes:
        style = "" if outcome.ok else ("bold red" if outcome in report.broken else "yellow")
        table.add_row(outcome.name, _found(outcome), f"{outcome.milliseconds:.0f}", outcome.sentence, style=style)
    console.print(table)
    for outcome in (*report.broken, *report.warnings):
        console.print(f"\n[bold]{outcome.name}[/] ({_found(outcome)}): {outcome.sentence}", highlight=False)
        if outcome.error is not None:
            console.print(f"  {outcome.error}", style="red", markup=False)
        for row in outcome.rows:
            console.print("  " + msgspec.json.encode(row).decode(), markup=False, highlight=False, soft_wrap=True)
        if outcome.found > SHOWN:
            console.print(f"  … the first {SHOWN} of {_found(outcome)}")
    console.print(f"\n{_summary(report, strict=strict)}", highlight=False)


def as_json(report: Report, *, strict: bool = False) -> bytes:
    """The report as JSON: `ok`, the instant, and every check with the rows at fault."""
    said = msgspec.to_builtins(report) | {
        "ok": report.exit_code(strict=strict) == 0,
        "broken": len(report.broken),
        "warnings": len(report.warnings),
    }
    return msgspec.json.format(msgspec.json.encode(said), indent=2)


def _found(outcome: Outcome) -> str:
    if outcome.error is not None:
        return "error"
    if outcome.found == 0:
        return "ok"
    return f"{COUNTED}+" if outcome.found >= COUNTED else str(outcome.found)


def _summary(report: Report, *, strict: bool) -> str:
    looked = "everything" if report.since is None else f"what was made since {report.since:%Y-%m-%d %H:%M} UTC"
    said = f"{len(report.outcomes)} checks of {looked} in {report.milliseconds:.0f} ms: "
    broken, warnings = len(report.broken), len(report.warnings)
    if not broken and not warnings:
        return f"{said}[green]all hold[/]"
    parts = [f"[bold red]{broken} broken[/]"] if broken else []
    parts += [f"[yellow]{warnings} {'warning' if warnings == 1 else 'warnings'}[/]"] if warnings else []
    return said + ", ".join(parts) + (" (warnings count: strict)" if strict and not broken else "")
