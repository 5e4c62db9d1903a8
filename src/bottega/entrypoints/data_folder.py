"""The data folder of an installation that lives on one machine: database, root secret, sandbox keys, logins, logs.

    postgres/      the embedded database            secret         the root secret
    sandbox.db     the sandbox's payments and mails sandbox.json   the keys between the shop and the sandbox
    logs/          one file a process, *.old before logins.json    the demo's generated logins
    lock           held by the process that runs it running.json   where that one is

What must stay true: secrets are made once, with mode 0600, and appear whole or not at all; one process at a time owns
the folder (a lock of the kernel, so a killed owner leaves nothing in the way).
"""

import contextlib
import fcntl
import os
import secrets
import sys
from collections.abc import Generator
from pathlib import Path
from typing import IO

import msgspec

from bottega.entrypoints.seed import SeededLogin
from bottega.entrypoints.terminal import CommandFailed, Exit


class SandboxKeys(msgspec.Struct, frozen=True):
    """What the shop and its sandbox know of each other. They open nothing outside of this machine."""

    secret_key: str
    publishable_key: str
    webhook_secret: str


class Running(msgspec.Struct, frozen=True):
    """Who runs the shop of a folder now, and where."""

    pid: int
    url: str
    host: str
    port: int
    sandbox_port: int = 0


def default_folder() -> Path:
    """`.bottega` here, in a checkout or where one is already; else the user's own data folder."""
    here = Path.cwd()
    in_checkout = (here / "pyproject.toml").is_file() and (here / "src" / "bottega").is_dir()
    if in_checkout or (here / ".bottega").is_dir():
        return here / ".bottega"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "bottega"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "bottega"


class DataFolder:
    """One folder. Nothing is made before it is asked for."""

    def __init__(self, path: Path | None) -> None:
        self.path = (path or default_folder()).expanduser().resolve()

    @property
    def postgres(self) -> Path:
        """Where the embedded database lives."""
        return self.path / "postgres"

    @property
    def sandbox(self) -> Path:
        """The sandbox's own data file."""
        return self.path / "sandbox.db"

    @contextlib.contextmanager
    def claimed(self) -> Generator[None]:
        """Own the folder for the time of a block. Raises `CommandFailed` when another process does, or nobody may."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / "lock").open("a+")
        except OSError as error:
            raise CommandFailed(
                f"The data folder {self.path} can't be written: {error.strerror}.", "Choose another one with --data."
            ) from error
        with lock:
            self._take(lock)
            try:
                yield
            finally:
                (self.path / "running.json").unlink(missing_ok=True)

    def _take(self, lock: IO[str]) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            pid = lock.read().strip() or "unknown"
            there = self.running()
            where = f" at {there.url}" if there else ""
            raise CommandFailed(
                f"The data folder {self.path} is in use: bottega runs on it already, as process {pid}{where}.",
                f"Use that one, stop it (kill {pid}), or start another beside it: --data OTHER_FOLDER --port OTHER_PORT",
                Exit.CONFLICT,
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()

    def running(self) -> Running | None:
        """Where the owner of the folder said that it runs; None when nobody owns it, or not yet."""
        try:
            with (self.path / "lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # somebody owns it
        except OSError:
            return None
        else:
            return None
        try:
            return msgspec.json.decode((self.path / "running.json").read_bytes(), type=Running)
        except (OSError, msgspec.MsgspecError):
            return None

    def note_running(self, running: Running) -> None:
        """Write down where we run, for a second start and for `doctor`."""
        self._write("running.json", msgspec.json.encode(running))

    def root_secret(self, *, make: bool = True) -> str:
        """The root secret, made at the first call (unless told not to: then empty)."""
        path = self.path / "secret"
        if not path.exists() and make:
            self._write("secret", secrets.token_urlsafe(48).encode())
        return path.read_text().strip() if path.exists() else ""

    def sandbox_keys(self, *, make: bool = True) -> SandboxKeys | None:
        """The keys of the sandbox, made at the first call (unless told not to: then None)."""
        path = self.path / "sandbox.json"
        if path.exists():
            return msgspec.json.decode(path.read_bytes(), type=SandboxKeys)
        if not make:
            return None
        made = SandboxKeys(*(f"{kind}_{secrets.token_hex(16)}" for kind in ("sk_test", "pk_test", "whsec")))
        self._write("sandbox.json", msgspec.json.encode(made))
        return made

    def logins(self) -> list[SeededLogin]:
        """The logins that were made for the demo; none when nobody knows them."""
        path = self.path / "logins.json"
        return msgspec.json.decode(path.read_bytes(), type=list[SeededLogin]) if path.exists() else []

    def keep_logins(self, logins: tuple[SeededLogin, ...]) -> None:
        """Keep the logins, so that they can be shown at every start."""
        self._write("logins.json", msgspec.json.format(msgspec.json.encode(logins), indent=1))

    def log(self, name: str) -> Path:
        """The log file of a process, empty; the one before it is kept as `.old`."""
        folder = self.path / "logs"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / f"{name.replace(' ', '-')}.log"
        if path.exists():
            path.replace(path.with_suffix(".log.old"))
        path.touch(mode=0o600)
        return path

    def _write(self, name: str, content: bytes) -> None:
        draft = self.path / f"{name}.new"
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path / name)
