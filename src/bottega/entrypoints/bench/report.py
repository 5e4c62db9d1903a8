"""What a run of the measurements found: against its targets as a table for people, and whole as JSON."""

import os
import platform
from datetime import datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from bottega.entrypoints.bench.growing import Growing
from bottega.entrypoints.bench.placing import Placing
from bottega.entrypoints.bench.reading import Reading
from bottega.entrypoints.bench.streaming import Streaming


class Machine(msgspec.Struct, frozen=True):
    """Where it was measured; the load before the start tells how much else was going on."""

    processors: int
    python: str
    postgres: str
    system: str
    load_before: float
    load_after: float = 0.0


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """One run."""

    at: datetime
    seconds: float
    rounds: int
    machine: Machine
    placing: Placing | None = None
    reading: Reading | None = None
    streaming: Streaming | None = None
    growing: Growing | None = None


class Line(msgspec.Struct, frozen=True):
    """One number with its target; `good` None means that there is none."""

    name: str
    value: str
    target: str = ""
    good: bool | None = None


def machine(postgres: str) -> Machine:
    """This one, now."""
    return Machine(
        processors=os.cpu_count() or 1,
        python=platform.python_version(),
        postgres=postgres,
        system=f"{platform.system()} {platform.machine()}",
        load_before=os.getloadavg()[0],
    )


def lines(results: Results) -> list[Line]:
    """Every number of a run, in words."""
    found: list[Line] = []
    if results.placing is not None:
        found += _of_placing(results.placing)
    if results.reading is not None:
        each = results.reading
        found += [
            Line("(b) menus a second over HTTP", f"{each.menus_per_second:,.0f}"),
            Line(f"    a bare ASGI app, the same {each.bytes_each:,} bytes", f"{each.bare_per_second:,.0f}"),
            _at_least("    ratio", each.ratio, 0.6),
        ]
    if results.streaming is not None:
        found += _of_streaming(results.streaming)
    if results.growing is not None:
        found += [
            Line(f"(d) an order among {each.orders:,}, p50", f"{each.p50_ms:.2f} ms") for each in results.growing.sizes
        ]
        found.append(_at_most("    the largest against the empty one", results.growing.ratio, 1.2, "x"))
    return found


def _of_placing(each: Placing) -> list[Line]:
    return [
        Line(
            f"(a) orders a second at {each.stores} stores over HTTP, one web process, {each.connections} clients",
            f"{each.orders_per_second:,.0f}",
        ),
        Line(
            f"    pgbench, the same rows ({each.pgbench_script}, {each.pgbench_clients} clients)",
            f"{each.pgbench_per_second:,.0f}",
        ),
        _at_least("    ratio", each.ratio, 1.0),
        Line(
            "    processor time of an order, all processes: HTTP / pgbench",
            f"{each.web_order_us:.0f} / {each.pgbench_order_us:.0f} us",
        ),
        Line(
            "    latency then, p50 / p99",
            f"{each.latency_under_load_p50_ms:.0f} / {each.latency_under_load_p99_ms:.0f} ms",
        ),
        _at_most("    one order alone, p50", each.alone_p50_ms, 5.0, " ms"),
        _at_most("    statements for one order alone", each.statements_at_batch_1, 6, ""),
        Line("    processors used: web / load generator", f"{each.web_cpu:.2f} / {each.generator_cpu:.2f}"),
        Line("    answers that were no success", str(each.failures), "0", each.failures == 0),
    ]


def _of_streaming(each: Streaming) -> list[Line]:
    lost = each.changes - each.arrived
    what = f"(c) change to client, {each.connections:,} streams, {each.changes_per_second:.0f} changes/s"
    return [
        Line(f"{what}, p50", f"{each.p50_ms:.1f} ms"),
        _at_most("    p99", each.p99_ms, 100.0, " ms"),
        Line("    changes made / not seen", f"{each.changes} / {lost}", "0 lost", lost == 0),
        _at_most("    memory of a connection", each.kilobytes_per_connection, 20.0, " kB"),
    ]


def _at_least(name: str, value: float, target: float) -> Line:
    return Line(name, f"{value:.2f} x", f">= {target:g} x", value >= target)


def _at_most(name: str, value: float, target: float, unit: str) -> Line:
    shown = f"{value:.2f}" if isinstance(value, float) else str(value)
    return Line(name, f"{shown}{unit}", f"<= {target:g}{unit}", value <= target)


def present(results: Results, console: Console) -> None:
    """The table."""
    where = results.machine
    table = Table(
        title=f"bottega bench · {where.processors} processors, PostgreSQL {where.postgres}, Python {where.python}",
        caption=f"medians of {results.rounds} alternating rounds, load generator on the same processors · "
        f"{results.seconds:.0f} s · load {where.load_before:.1f} before, {where.load_after:.1f} after",
    )
    table.add_column("measured")
    table.add_column("here", justify="right")
    table.add_column("target", justify="right")
    for line in lines(results):
        colour = "" if line.good is None else "green" if line.good else "red"
        table.add_row(line.name, f"[{colour}]{line.value}[/]" if colour else line.value, line.target)
    console.print(table)


def save(results: Results, folder: Path) -> Path:
    """Write the run as JSON; the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{results.at:%Y%m%d-%H%M%S}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results)))
    return path
