"""`bottega up`: the shop for real use. No seed, no sandbox; structured logs on stderr; settings from the environment.

Here: which database and secret, whether the schema fits, which roles run. What must stay true: it never changes a
database under --no-migrate, and never makes up a secret for a database that is not its own.
"""

import asyncio
import contextlib
import os
from collections.abc import Generator
from enum import StrEnum
from pathlib import Path

import msgspec
import psycopg

from bottega.entrypoints import launch
from bottega.entrypoints.addresses import answers, shown
from bottega.entrypoints.data_folder import DataFolder, Running
from bottega.entrypoints.database_setup import DatabaseSetupError, migrate, migration_status
from bottega.entrypoints.demo import check_assets, check_port
from bottega.entrypoints.launch import EmbeddedDatabase
from bottega.entrypoints.supervisor import Supervisor, raise_file_limit, stop_signals
from bottega.entrypoints.terminal import CommandFailed, Exit
from bottega.infra.settings import Settings
from bottega.infra.telemetry import configure_logs, logger

READY_SECONDS = 60.0


class Role(StrEnum):
    """Which processes to run here."""

    ALL = "all"
    WEB = "web"
    WORKER = "worker"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for; None and 0 take the setting."""

    host: str | None = None
    port: int | None = None
    data: Path | None = None
    web: int = 0
    role: Role = Role.ALL
    may_migrate: bool = True


def run(options: Options) -> None:
    """Run the shop until a signal ends it. Raises `CommandFailed` when it can't start."""
    settings = _settings(options)
    configure_logs(settings.log_format, settings.log_level)
    with stop_signals(), contextlib.suppress(KeyboardInterrupt):
        if options.role is not Role.WORKER:
            check_assets()
            check_port(settings.host, settings.port)
        if options.data is None:
            _run_shop(options, _with_secret(settings, None), None)
            return
        folder = DataFolder(options.data)
        with folder.claimed():
            settings = _with_secret(settings, folder)
            folder.note_running(Running(os.getpid(), settings.public_url, settings.host, settings.port))
            with _database(settings, folder) as database:
                if database is not None:
                    settings = msgspec.structs.replace(settings, database_url=database.url)
                _run_shop(options, settings, database)


@contextlib.contextmanager
def _database(settings: Settings, folder: DataFolder) -> Generator[EmbeddedDatabase | None]:
    """The embedded database, where no other was named."""
    if settings.database_url:
        yield None
    else:
        with EmbeddedDatabase(folder, _warn) as database:
            yield database


def _run_shop(options: Options, settings: Settings, database: EmbeddedDatabase | None) -> None:
    asyncio.run(_prepare(settings.database_url, may_migrate=options.may_migrate))
    raise_file_limit()
    supervisor = Supervisor(_warn)
    programs = [] if options.role is Role.WEB else [launch.worker(settings, launch.no_log)]
    serves = options.role is not Role.WORKER
    try:
        supervisor.start(programs + (launch.web(settings, launch.no_log) if serves else []))
        if serves:
            supervisor.wait_until(lambda: answers(settings.host, settings.port, "/readyz")[0] == 200, READY_SECONDS)
        logger("up").info("ready", url=settings.public_url if serves else None, role=options.role.value)
        supervisor.run(database.look_after if database else lambda: None)
    finally:
        supervisor.stop()
        logger("up").info("stopped")


def _settings(options: Options) -> Settings:
    given = launch.read_settings()
    if not given.database_url and options.data is None:
        raise CommandFailed(
            "There is no database to use.",
            "Set BOTTEGA_DATABASE_URL (PostgreSQL 15 or newer), or give --data FOLDER for the embedded one.",
            Exit.USAGE,
        )
    if not given.database_url and options.role is not Role.ALL:
        raise CommandFailed(
            "Roles that run apart need a database that both reach.", "Set BOTTEGA_DATABASE_URL.", Exit.USAGE
        )
    host, port = options.host or given.host, options.port or given.port
    named = "BOTTEGA_PUBLIC_URL" in os.environ
    return msgspec.structs.replace(
        given,
        host=host,
        port=port,
        web_processes=options.web or given.web_processes,
        public_url=given.public_url if named else f"http://{shown(host)}:{port}",
        log_format=given.log_format if "BOTTEGA_LOG_FORMAT" in os.environ else "json",
    )


def _with_secret(settings: Settings, folder: DataFolder | None) -> Settings:
    if not settings.secret and folder is not None:
        settings = msgspec.structs.replace(settings, secret=folder.root_secret())
    if len(settings.secret) < 32:
        raise CommandFailed(
            "BOTTEGA_SECRET is missing or too short: it needs at least 32 characters.",
            "Make one and keep it as long as the data: openssl rand -base64 48. Or let --data FOLDER keep one.",
            Exit.USAGE,
        )
    return settings


async def _prepare(url: str, *, may_migrate: bool) -> None:
    try:
        if may_migrate:
            applied = await migrate(url)
            logger("up").info("database is current", applied=applied)
            return
        status = await migration_status(url)
    except (DatabaseSetupError, psycopg.OperationalError) as error:
        raise CommandFailed(
            f"The database can't be used: {str(error).strip()}", "`bottega doctor` looks closer."
        ) from error
    if not status.is_current:
        raise CommandFailed(
            f"The database is not at this version; it lacks: {', '.join(status.pending)}.",
            "Run `bottega migrate`, or start without --no-migrate.",
        )


def _warn(text: str) -> None:
    logger("supervisor").warning(text)
