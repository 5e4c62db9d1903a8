"""How a torture looks while it goes on, and its report."""

import asyncio
import time

import msgspec
from rich.console import Console
from rich.live import Live
from rich.table import Table

from bottega.entrypoints.torture.model import Report
from bottega.entrypoints.torture.playing import Stage

_REFRESH = 0.5
_LATEST = 6


async def live(stage: Stage, console: Console) -> None:
    """Show the numbers until cancelled. On a stream that is no terminal, nothing: the report says it all."""
    if not console.is_terminal:
        return
    with Live(console=console, auto_refresh=False, transient=True) as shown:
        while True:
            shown.update(_now(stage), refresh=True)
            await asyncio.sleep(_REFRESH)


def _now(stage: Stage) -> Table:
    table, counts, done = Table.grid(padding=(0, 3)), stage.tally.counts, stage.hands.done
    passed = time.monotonic() - stage.began
    table.add_row("time", f"{passed:.0f} of {stage.orders.seconds:.0f} s, seed {stage.orders.seed}")
    table.add_row("faults", f"{len(done)} of {len(stage.faults)} over, {stage.made.restarts} starts again")
    table.add_row(
        "orders",
        f"{len(stage.tally.acknowledged)} acknowledged, {counts['paid_online']} paid online, "
        f"{counts['completed']} handed over, {counts['refunds']} refunds",
    )
    table.add_row("calls repeated", str(counts["retries"]))
    if stage.waits_for:
        table.add_row("still waiting for", ", ".join(f"{count} {name}" for name, count in stage.waits_for.items()))
    for each in done[-_LATEST:]:
        took = "never" if each.recovered is None else f"{each.recovered:.2f} s"
        table.add_row(f"{each.fault.at:.0f} s", f"{each.fault.verb} {each.fault.target}: works again after {took}")
    return table


def present(report: Report, console: Console) -> None:
    """What became of it."""
    faults = Table("fault", "times", "works again p50", "max", title=f"Torture, seed {report.seed}")
    for kind, count in report.faults.items():
        found = report.recovery.get(kind)
        times = ("", "") if found is None else (f"{found.p50:.2f} s", f"{found.worst:.2f} s")
        faults.add_row(kind, str(count), *times)
    console.print(faults)
    if report.provider_faults:
        shown = ", ".join(f"{name} x{count}" for name, count in report.provider_faults.items())
        console.print(f"Faults of the provider: {shown}")
    table = Table(title=f"What people did in {report.seconds:.0f} s")
    table.add_column("")
    table.add_column("", justify="right")
    for name, value in (
        ("faults", sum(report.faults.values()) + sum(report.provider_faults.values())),
        ("processes started again", report.restarts),
        ("orders acknowledged", report.acknowledged),
        ("payments", report.payments),
        ("charged", _money(report.charged_minor)),
        ("given back", _money(report.returned_minor)),
        ("the provider's ledger minus ours", report.difference_minor),
        ("events on streams", report.stream_events),
        ("all at its end after the last fault", _seconds(report.settled_seconds)),
        ("invariants checked", report.checks),
    ):
        table.add_row(name, str(value))
    console.print(table)
    _judgement(report, console)


def _judgement(report: Report, console: Console) -> None:
    if report.warnings:
        console.print(f"Warnings of verify: {', '.join(report.warnings)}")
    for each in report.violations:
        console.print(f"[bold red]{each.what}[/bold red]: {each.count}")
        for example in each.examples:
            console.print(f"  {msgspec.json.encode(example).decode()}", markup=False)
    if report.clean:
        console.print("Nothing lost, nothing charged twice, nothing left over.")
    else:
        console.print(f"The same plan again: bottega torture --seed {report.seed}")


def _money(minor: dict[str, int]) -> str:
    return ", ".join(f"{amount} {currency}" for currency, amount in sorted(minor.items())) or "0"


def _seconds(seconds: float | None) -> str:
    return "not in time" if seconds is None else f"{seconds:.1f} s"
