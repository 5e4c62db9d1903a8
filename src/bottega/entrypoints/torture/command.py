"""`bottega torture`: how long, which seed, how hard; the report; the exit code."""

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from bottega.entrypoints.demo import check_assets
from bottega.entrypoints.supervisor import stop_signals
from bottega.entrypoints.terminal import CommandFailed, Exit, err, out, say, show_json
from bottega.entrypoints.torture.model import Orders
from bottega.entrypoints.torture.planning import ONE_IN_TEN, PROVIDER_FAULTS, faults_for
from bottega.entrypoints.torture.playing import Stage, play
from bottega.entrypoints.torture.show import live, present


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for."""

    minutes: Annotated[float, typer.Option(help="How long there are faults.")] = 10.0
    seconds: Annotated[float, typer.Option(help="The same in seconds.", show_default="as --minutes")] = 0.0
    seed: Annotated[int, typer.Option(help="The same number gives the same plan of faults.")] = 1
    rate: Annotated[float, typer.Option(help="Customers a second.")] = 2.0
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two faults, on average.")] = 3.3
    only: Annotated[str, typer.Option(help="payments: only the provider fails, one call in ten of each kind.")] = ""
    count: Annotated[int, typer.Option(min=1, help="How many payments, for --only payments.")] = 10_000
    at_once: Annotated[int, typer.Option(min=1, max=500, help="How many of them at once.")] = 60
    plan: Annotated[bool, typer.Option("--plan", help="Show the plan of faults and do nothing.")] = False
    keep: Annotated[Path | None, typer.Option(help="Folder to keep data and logs in.", show_default="none")] = None
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False


def run(options: Options) -> int:
    """Torture, show, judge; the exit code: 0, or 1 after any violation. Raises `CommandFailed`."""
    orders = orders_of(options)
    if options.plan:
        show_json(faults_for(orders.seed, orders.seconds, orders.every))
        return Exit.OK
    check_assets()
    if options.keep is not None and options.keep.exists() and any(options.keep.iterdir()):
        raise CommandFailed(f"{options.keep} is not empty.", "A torture needs a folder of its own.", Exit.CONFLICT)
    if not options.as_json:
        what = f"{orders.payments} payments" if orders.payments else f"{orders.seconds:.0f} s of faults"
        say(f"{what}, seed {orders.seed}, on an installation of its own")
    try:
        with stop_signals():
            report = asyncio.run(play(orders, None if options.as_json else _watch, options.keep))
    except KeyboardInterrupt as interrupt:
        raise CommandFailed("stopped; nothing was judged") from interrupt
    if options.as_json:
        show_json(msgspec.to_builtins(report) | {"clean": report.clean})
    else:
        present(report, out)
    return Exit.OK if report.clean else Exit.FAILURE


def orders_of(options: Options) -> Orders:
    """What is to be done. Raises `CommandFailed` for what makes no sense."""
    seconds = options.seconds or options.minutes * 60
    if options.only not in ("", "payments"):
        raise CommandFailed(f"There is no torture of {options.only} only.", "--only payments", Exit.USAGE)
    if not (0 < options.rate <= 50 and 0 < seconds <= 24 * 3600):
        raise CommandFailed("Up to 50 customers a second, for up to a day.", code=Exit.USAGE)
    shared = Orders(seconds=seconds, seed=options.seed, rate=options.rate, every=options.every)
    if options.only:
        return msgspec.structs.replace(
            shared, payments=options.count, at_once=options.at_once, faults=(), provider=ONE_IN_TEN
        )
    return msgspec.structs.replace(shared, provider=PROVIDER_FAULTS)


async def _watch(stage: Stage) -> None:
    await live(stage, err)
