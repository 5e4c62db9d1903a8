"""`bottega rush`: what is played against which server, with which logins, and the check of the data afterwards."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
import psycopg
import typer

from bottega.entrypoints import verify
from bottega.entrypoints.data_folder import DataFolder
from bottega.entrypoints.launch import read_settings
from bottega.entrypoints.rush.model import Outcome, Plan
from bottega.entrypoints.rush.playing import NoShop, play
from bottega.entrypoints.rush.show import live, summary
from bottega.entrypoints.rush.tally import Tally
from bottega.entrypoints.rush.wire import GaveUp
from bottega.entrypoints.terminal import CommandFailed, Exit, err, out, say, show_json, warn
from bottega.infra.postgres import EmbeddedPostgres

WORKERS = frozenset({"BARISTA", "MANAGER", "MERCHANT_ADMIN"})


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for. What is not given is taken from the data folder of a demo that runs."""

    url: Annotated[str, typer.Argument(help="Address of the shop.", show_default="the demo's")] = ""
    rate: Annotated[float, typer.Option(help="Customers a second.")] = 3.0
    minutes: Annotated[float, typer.Option(help="How long customers come.")] = 1.0
    seconds: Annotated[float, typer.Option(help="The same in seconds.", show_default="as --minutes")] = 0.0
    seed: Annotated[int, typer.Option(help="The same number plays the same rush.")] = 1
    stores: Annotated[int, typer.Option(min=1, help="At how many stores.")] = 3
    login: Annotated[list[str] | None, typer.Option("--login", "--staff", help="NAME:PASSWORD of staff.")] = None
    sandbox: Annotated[str, typer.Option(help="Where cards are confirmed.", show_default="the demo's")] = ""
    publishable_key: Annotated[str, typer.Option(help="The sandbox's.", show_default="the demo's")] = ""
    data: Annotated[Path | None, typer.Option(help="Data folder of the demo.", show_default=".bottega here")] = None
    verify: Annotated[bool, typer.Option(help="Check the invariants afterwards.")] = True
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False


def run(options: Options) -> int:
    """Play, show, verify; the exit code: 0, or 1 after an error or when an invariant is broken. Raises `CommandFailed`."""
    plan = _plan(options)
    began = datetime.now(UTC) - timedelta(seconds=1)
    if not options.as_json:
        say(f"{plan.rate:g} customers a second for {plan.seconds:g} s at {plan.url}, seed {plan.seed}")
    outcome = _played(plan, options)
    report = _verified(options, began) if options.verify else None
    if options.as_json:
        checked: Any = None if report is None else msgspec.json.decode(verify.as_json(report))
        show_json(msgspec.to_builtins(outcome) | {"clean": outcome.clean, "verify": checked})
    else:
        summary(outcome, out)
        if report is not None and (report.broken or report.warnings):
            verify.print_report(report, out)
        elif report is not None:
            out.print(f"verify: all {len(report.outcomes)} checks hold")
    broken = report is not None and bool(report.broken)
    return Exit.OK if outcome.clean and not broken else Exit.FAILURE


def _played(plan: Plan, options: Options) -> Outcome:
    async def watch(tally: Tally) -> None:
        await live(tally, plan, err)

    try:
        return asyncio.run(play(plan, None if options.as_json else watch))
    except NoShop as error:
        raise CommandFailed(str(error), code=Exit.NOT_FOUND) from error
    except GaveUp as error:
        raise CommandFailed(f"No server answers at {plan.url}.", "Start one: bottega demo", Exit.NOT_FOUND) from error
    except PermissionError as error:
        raise CommandFailed(str(error), code=Exit.AUTH) from error


def _plan(options: Options) -> Plan:
    seconds = options.seconds or options.minutes * 60
    if not (0 < options.rate <= 200 and 0 < seconds <= 24 * 3600):
        raise CommandFailed("A rush has up to 200 customers a second, for up to a day.", code=Exit.USAGE)
    folder = DataFolder(options.data)
    there = folder.running()
    keys = folder.sandbox_keys(make=False) if there is not None else None
    given = tuple(_login(each) for each in options.login or ())
    known = tuple((each.login, each.password) for each in folder.logins() if each.role in WORKERS)
    if not given and not known:
        raise CommandFailed("Nobody is there to work.", "Give a member of staff: --login NAME:PASSWORD", Exit.USAGE)
    sandbox = options.sandbox or (f"http://127.0.0.1:{there.sandbox_port}" if there and there.sandbox_port else "")
    return Plan(
        url=(options.url or (f"http://127.0.0.1:{there.port}" if there else "http://127.0.0.1:8000")).rstrip("/"),
        rate=options.rate,
        seconds=seconds,
        seed=options.seed,
        stores=options.stores,
        staff=given or known,
        sandbox=sandbox.rstrip("/"),
        publishable_key=options.publishable_key or (keys.publishable_key if keys else "pk_test_rush"),
    )


def _login(text: str) -> tuple[str, str]:
    login, _, password = text.partition(":")
    if not login or not password:
        raise CommandFailed("A login is NAME:PASSWORD.", code=Exit.USAGE)
    return login, password


def _verified(options: Options, since: datetime) -> verify.Report | None:
    """The invariants over what the rush left behind; None where the database can't be reached from here."""
    folder = DataFolder(options.data)
    url = read_settings().database_url
    if not url and folder.running() is not None:
        url = EmbeddedPostgres(folder.postgres).url()
    if not url:
        warn("the database is not known here (BOTTEGA_DATABASE_URL), so verify was left out")
        return None
    try:
        return asyncio.run(verify.run(url, scope=verify.Scope(since=since)))
    except psycopg.OperationalError as error:
        raise CommandFailed(f"verify can't reach the database: {str(error).strip()}") from error
