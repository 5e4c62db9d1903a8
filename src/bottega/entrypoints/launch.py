"""The parts that `demo` and `up` are made of: the embedded database kept alive, and the programs with their settings.

What must stay true: a program gets its settings only by its environment, and nothing of ours but the settings meant for it.
"""

import contextlib
import time
from collections.abc import Callable, Generator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from bottega.entrypoints.addresses import reach
from bottega.entrypoints.data_folder import DataFolder
from bottega.entrypoints.supervisor import LONGEST_PAUSE, Program, inherited
from bottega.entrypoints.terminal import CommandFailed, Exit, warn
from bottega.infra.postgres import EmbeddedPostgres
from bottega.infra.postgres_account import EmbeddedPostgresError
from bottega.infra.settings import Settings, load, to_environment

LogOf = Callable[[str], Path | None]


def no_log(_: str) -> None:
    """For programs that write to our stderr."""
    return


def read_settings() -> Settings:
    """The settings of the environment. Raises `CommandFailed` that names the one that makes no sense."""
    try:
        return load()
    except msgspec.ValidationError as error:
        raise CommandFailed(
            f"A setting makes no sense: {error}", "docs/reference/settings.md lists them.", Exit.USAGE
        ) from error


def web(settings: Settings, log_of: LogOf) -> list[Program]:
    """The web processes that the settings ask for; they share the port."""
    count = settings.web_processes
    names = ["web"] if count == 1 else [f"web {number}" for number in range(1, count + 1)]
    environment = inherited() | to_environment(settings)
    return [Program(name, "bottega.entrypoints.web", environment, log=log_of(name)) for name in names]


def worker(settings: Settings, log_of: LogOf, name: str = "worker") -> Program:
    """A worker process."""
    return Program(name, "bottega.entrypoints.worker", inherited() | to_environment(settings), log=log_of(name))


@contextlib.contextmanager
def database_of(data: Path | None) -> Generator[str]:
    """The database that a command is about: BOTTEGA_DATABASE_URL, or that of a data folder, started if it rests.

    A folder that was asked for wins; without either the default folder is taken. Raises `CommandFailed` (not found).
    """
    named = read_settings().database_url
    folder = DataFolder(data)
    if named and data is None:
        yield named
    elif folder.running() is not None:
        yield EmbeddedPostgres(folder.postgres).url()
    elif folder.postgres.exists():
        with folder.claimed(), EmbeddedDatabase(folder, warn) as database:
            yield database.url
    else:
        raise CommandFailed(
            f"There is no database: BOTTEGA_DATABASE_URL is not set and {folder.path} has none.",
            "Start `bottega demo` first, or name one with BOTTEGA_DATABASE_URL or --data.",
            Exit.NOT_FOUND,
        )


@contextlib.contextmanager
def settings_of(data: Path | None) -> Generator[Settings]:
    """The settings of the shop that a command is about: its database as `database_of`, and the provider that it uses.

    A demo that runs has its own provider; one at rest has none. Raises `CommandFailed`.
    """
    settings = read_settings()
    with database_of(data) as url:
        settings = msgspec.structs.replace(settings, database_url=url)
        if data is None and read_settings().database_url:
            yield settings
            return
        folder = DataFolder(data)
        running, keys = folder.running(), folder.sandbox_keys(make=False)
        if running is not None and running.sandbox_port and keys is not None:
            settings = msgspec.structs.replace(
                settings,
                stripe_secret_key=keys.secret_key,
                stripe_publishable_key=keys.publishable_key,
                stripe_webhook_secrets=keys.webhook_secret,
                stripe_api_base=f"http://{reach(running.host)}:{running.sandbox_port}",
            )
        yield settings


class EmbeddedDatabase:
    """The embedded database of a data folder: started with the block, brought back when it dies, stopped at the end.

    `port` opens 127.0.0.1 as well, by password (`tcp_url`).
    """

    def __init__(self, folder: DataFolder, report: Callable[[str], None], port: int | None = None) -> None:
        self._server = EmbeddedPostgres(folder.postgres, port)
        self._report = report
        self._again_at = 0.0
        self._pause = 0.0

    def __enter__(self) -> Self:
        try:
            self._server.start()
        except EmbeddedPostgresError as error:
            code = Exit.CONFLICT if "in use" in str(error) else Exit.FAILURE
            raise CommandFailed(str(error), code=code) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        """The address for our processes."""
        return self._server.url()

    @property
    def tcp_url(self) -> str:
        """The address over 127.0.0.1, where a port was given."""
        return self._server.tcp_url()

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._server.pid

    def look_after(self) -> None:
        """Bring the server back when it is gone; ever more slowly when that fails."""
        if self._server.running or time.monotonic() < self._again_at:
            return
        self._report("The database server died; it is started again.")
        try:
            self._server.start()
            self._pause = 0.0
        except (EmbeddedPostgresError, OSError) as error:
            self._pause = min(LONGEST_PAUSE, max(1.0, self._pause * 2))
            self._again_at = time.monotonic() + self._pause
            self._report(f"{error} Next try in {self._pause:g} s.")
