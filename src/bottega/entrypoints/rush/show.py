"""How a rush looks while it is played, and its summary."""

import asyncio
import time

from rich.console import Console
from rich.live import Live
from rich.table import Table

from bottega.entrypoints.rush.model import Outcome, Plan
from bottega.entrypoints.rush.tally import Tally

_REFRESH = 0.5


async def live(tally: Tally, plan: Plan, console: Console) -> None:
    """Show the numbers until cancelled. On a stream that is no terminal, nothing: the summary says it all."""
    if not console.is_terminal:
        return
    began = time.monotonic()
    with Live(console=console, auto_refresh=False, transient=True) as shown:
        while True:
            shown.update(_now(tally, plan, time.monotonic() - began), refresh=True)
            await asyncio.sleep(_REFRESH)


def _now(tally: Tally, plan: Plan, passed: float) -> Table:
    table = Table.grid(padding=(0, 3))
    counts, orders = tally.counts, tally.latencies().get("order")
    table.add_row("time", f"{passed:.0f} of {plan.seconds:.0f} s, {plan.rate:g} customers/s")
    table.add_row(
        "orders", f"{counts['orders']}, {counts['paid_online']} paid online, {counts['completed']} handed over"
    )
    table.add_row("inside / queue", f"{tally.in_flight} / {sum(tally.queues.values())}")
    if orders is not None:
        table.add_row("placing", f"p50 {orders.p50_ms:.0f} ms, p99 {orders.p99_ms:.0f} ms")
    table.add_row("refused / errors", f"{sum(tally.refusals.values())} / {sum(tally.errors.values())}")
    return table


def summary(outcome: Outcome, console: Console) -> None:
    """What became of it."""
    table = Table(title=f"A rush of {outcome.seconds:.0f} s")
    table.add_column("")
    table.add_column("", justify="right")
    for name, value in (
        ("customers", outcome.customers),
        ("orders acknowledged", outcome.orders),
        ("paid by card", outcome.paid_online),
        ("cards declined / 3-D Secure", f"{outcome.declined} / {outcome.challenged}"),
        ("cancelled by customers", outcome.cancelled),
        ("handed over", outcome.completed),
        ("tickets left open", outcome.left_open),
        ("repeated calls / answers given again", f"{outcome.retries} / {outcome.replays}"),
    ):
        table.add_row(name, str(value))
    console.print(table)
    calls = Table("call", "count", "p50", "p99", title="Latencies")
    for name, each in outcome.latencies.items():
        calls.add_row(name, str(each.calls), f"{each.p50_ms:.1f} ms", f"{each.p99_ms:.1f} ms")
    console.print(calls)
    if outcome.stages:
        shown = ", ".join(f"{status} {seconds:.1f} s" for status, seconds in outcome.stages.items())
        console.print(f"Median time in a status: {shown}")
    for title, found in (("Expected refusals", outcome.refusals), ("Errors", outcome.errors)):
        if found:
            console.print(f"{title}: " + ", ".join(f"{name} x{count}" for name, count in sorted(found.items())))
    if outcome.missing:
        console.print(f"Acknowledged orders that are not there: {', '.join(outcome.missing)}")
