"""`bottega migrate`: bring a database to this version, or say how far it is."""

import asyncio
from pathlib import Path

import msgspec
import psycopg

from bottega.entrypoints import launch
from bottega.entrypoints.database_setup import DatabaseSetupError, migrate, migration_status
from bottega.entrypoints.terminal import CommandFailed, Exit, out, say, show_json


class Migrated(msgspec.Struct, frozen=True):
    """How far the database is now; `done` are the steps of this run."""

    current: bool
    done: list[str]
    applied: tuple[str, ...]
    pending: tuple[str, ...]
    unknown: tuple[str, ...]


def run(data: Path | None, *, only_status: bool, as_json: bool) -> Exit:
    """Migrate, or only look; 1 when a look finds something to do. Raises `CommandFailed` when it can't be done."""
    with launch.database_of(data) as url:
        try:
            outcome = asyncio.run(_work(url, only_status=only_status))
        except (DatabaseSetupError, psycopg.OperationalError) as error:
            raise CommandFailed(str(error).strip(), "`bottega doctor` looks closer.") from error
    if as_json:
        show_json(outcome)
    else:
        _tell(outcome)
    return Exit.OK if outcome.current else Exit.FAILURE


async def _work(url: str, *, only_status: bool) -> Migrated:
    done = [] if only_status else await migrate(url)
    status = await migration_status(url)
    return Migrated(status.is_current, done, status.applied, status.pending, status.unknown)


def _tell(outcome: Migrated) -> None:
    for state, names in (("applied", outcome.applied), ("pending", outcome.pending), ("unknown", outcome.unknown)):
        for name in names:
            out.print(f"{state}  {name}")
    if outcome.done:
        say(f"done now: {', '.join(outcome.done)}")
    say("the database is current" if outcome.current else "the database is behind: run `bottega migrate`")
