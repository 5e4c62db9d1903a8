"""`bottega reconcile`: compare the provider's ledger with ours from the command line, and show what differs.

Not here: comparing (payments). What must stay true: without `--mend` nothing of ours and nothing at the provider moves;
the exit code is 0 only when both ledgers agree.
"""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import msgspec
import psycopg
import typer
from rich.table import Table
from rich.text import Text

from bottega.domains import merchants
from bottega.domains.payments import (
    EXPLANATIONS,
    Code,
    Difference,
    DifferenceState,
    Finding,
    Mend,
    OnlineOff,
    Outcome,
    ProviderRefused,
    ProviderUnavailable,
    Side,
    Window,
)
from bottega.entrypoints import launch
from bottega.entrypoints.terminal import CommandFailed, Exit, out, say, show_json
from bottega.entrypoints.verify import instant_of
from bottega.entrypoints.wiring import make_desk, make_reconciler
from bottega.infra.db import Pools
from bottega.infra.outbox import Waker
from bottega.infra.settings import Settings
from bottega.infra.telemetry import configure_logs
from bottega.infra.transaction import Database
from bottega.kit import ids
from bottega.kit.clock import utc_now
from bottega.kit.errors import NotFound, Unavailable

_SHOWN = 100


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for."""

    since: Annotated[
        str | None,
        typer.Option("--from", help="From when on: 12h, 7d, or an instant.", show_default="BOTTEGA_RECONCILE_DAYS"),
    ] = None
    until: Annotated[
        str | None, typer.Option("--to", help="Until when: 1h (ago), or an instant.", show_default="now")
    ] = None
    mend: Annotated[
        bool,
        typer.Option("--mend/--list", help="Record what the provider says and give back what nobody ordered, or look."),
    ] = False
    store: Annotated[
        str | None, typer.Option(help="One store: its slug or id.", show_default="all of the installation")
    ] = None
    data: Annotated[
        Path | None, typer.Option("--data", help="Data folder.", show_default=".bottega here, or your own")
    ] = None
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A difference as the command tells it; amounts in minor units."""

    code: Code
    explanation: str
    object: str
    state: str
    store_id: str | None = None
    payment_id: str | None = None
    there: Side | None = None
    here: Side | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome: `ok` when nothing remains. The lists end at 1,000, the counts do not."""

    ok: bool
    since: datetime
    until: datetime | None
    there: int
    here: int
    mended: int
    remaining: int
    differences: list[Told]


def run(options: Options) -> Exit:
    """Compare, tell, and give the exit code: 1 when differences remain. Raises `CommandFailed`."""
    try:
        with launch.settings_of(options.data) as settings:
            configure_logs(settings.log_format, "critical")
            report = asyncio.run(_compare(settings, options))
    except ValueError as error:
        raise CommandFailed(str(error), code=Exit.USAGE) from error
    except OnlineOff as error:
        mend = "Set BOTTEGA_STRIPE_SECRET_KEY; for a demo, start it: its provider runs with it."
        raise CommandFailed("There is no payment provider to ask.", mend, Exit.NOT_FOUND) from error
    except (ProviderUnavailable, ProviderRefused, Unavailable) as error:
        raise CommandFailed(f"Not compared: {error.detail}.", "`bottega doctor` looks closer.") from error
    except psycopg.OperationalError as error:
        said = str(error).strip()
        raise CommandFailed(f"The database does not answer: {said}", "`bottega doctor` looks closer.") from error
    if options.as_json:
        show_json(report)
    else:
        _show(report)
    return Exit.OK if report.ok else Exit.FAILURE


async def _compare(settings: Settings, options: Options) -> Report:
    pools = Pools(settings.database_url, size=2, name="bottega-reconcile")
    waker = Waker(pools.conninfo)
    database = Database(pools, waker)
    desk = make_desk(settings, database)
    reconciler = make_reconciler(settings, database, desk)
    await pools.open()
    try:
        now = utc_now()
        since = reconciler.usual_start() if options.since is None else instant_of(options.since, now)
        until = None if options.until is None else instant_of(options.until, now)
        if not timedelta() < (until or now) - since:
            raise ValueError("That stretch ends before it begins.")
        store_id = None if options.store is None else await _store(database, options.store)
        if not options.as_json:
            say(f"comparing what was made since {since:%Y-%m-%d %H:%M} UTC")
        outcome = await reconciler.command(Window(since, until, store_id), Mend.REFUND if options.mend else Mend.LIST)
        return _report(outcome, await reconciler.found(outcome, store_id))
    finally:
        await reconciler.close()
        await desk.close()
        await waker.close()
        await pools.close()


async def _store(database: Database, named: str) -> UUID:
    async with database.read(None) as tx:
        if not named.startswith("sto_"):
            home = await merchants.find_slug(tx, named)
            if home is None or home.store_id is None:
                raise CommandFailed(f"There is no store called {named}.", code=Exit.NOT_FOUND)
            return home.store_id
        try:
            parsed = ids.parse("sto", named)
        except NotFound as error:
            raise CommandFailed(f"{named} is no id of a store.", code=Exit.NOT_FOUND) from error
        home = await merchants.find_home(tx, ids.home_of(parsed))
        if home is None or home.store_id != parsed:
            raise CommandFailed(f"There is no store {named}.", code=Exit.NOT_FOUND)
        return parsed


def _report(outcome: Outcome, found: list[Difference]) -> Report:
    total = outcome.total
    remaining = total.remaining + len(outcome.unmarked)
    return Report(
        ok=remaining == 0,
        since=outcome.since,
        until=outcome.until,
        there=total.there,
        here=total.here,
        mended=total.mended,
        remaining=remaining,
        differences=[*map(_told, found), *map(_unmarked, outcome.unmarked)],
    )


def _told(each: Difference) -> Told:
    return Told(
        code=each.code,
        explanation=EXPLANATIONS[each.code],
        object=each.object_ref,
        state=each.state,
        store_id=ids.show("sto", each.store_id),
        payment_id=None if each.payment_id is None else ids.show("pay", each.payment_id),
        there=each.there,
        here=each.here,
    )


def _unmarked(each: Finding) -> Told:
    return Told(
        code=each.code,
        explanation=EXPLANATIONS[each.code],
        object=each.object_ref,
        state=DifferenceState.OPEN,
        there=each.there,
        here=each.here,
    )


def _show(report: Report) -> None:
    remain = [each for each in report.differences if each.state == DifferenceState.OPEN]
    if report.differences:
        table = Table(box=None, pad_edge=False)
        for name in ("difference", "object", "there", "here"):
            table.add_column(name, no_wrap=name == "difference", overflow="fold")
        for each in report.differences[:_SHOWN]:
            style = "bold red" if each.state == DifferenceState.OPEN else "dim"
            code = Text(each.code if each.state == DifferenceState.OPEN else f"{each.code} (mended)", style=style)
            table.add_row(code, each.object, _side(each.there), _side(each.here))
        out.print(table, soft_wrap=False)
        if len(report.differences) > _SHOWN:
            out.print(f"… the first {_SHOWN}; --json has more")
        out.print()
        for code in dict.fromkeys(each.code for each in remain):
            out.print(f"{code}: {EXPLANATIONS[code]}", style="dim")
    counted = f"Payments there: {report.there}, here: {report.here}; "
    mended = f", {report.mended} mended" if report.mended else ""
    verdict = "the ledgers agree" if report.ok else f"{report.remaining} differ"
    out.print(f"{counted}{verdict}{mended}.")


def _side(side: Side | None) -> str:
    return "-" if side is None else f"{side.state} {side.amount_minor} {side.currency}"
