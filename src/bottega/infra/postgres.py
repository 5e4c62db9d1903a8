"""The embedded PostgreSQL: a real server from a wheel, started and stopped by the process that owns the data folder.

Here: one server for one data folder, its settings, its lock, its socket. Not here: who runs it when we are root
(postgres_account.py), connections and transactions (db.py, transaction.py), the schema.

What must stay true:
- fsync, full_page_writes and synchronous_commit stay on: an acknowledged order survives `kill -9` and a power cut.
- One owner per data folder, kept by a lock that dies with its holder. A guard stops the server when the owner is killed;
  a server found running under a free lock all the same is ours to stop.
- It is reached over a Unix socket in a private folder, by peer authentication (our own user and the server's account,
  as any role); with a port also on 127.0.0.1, by password. It never listens anywhere else.
- A cluster appears whole or not at all (initdb works aside and is renamed).
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from bottega.infra.postgres_account import (
    MAJOR,
    Account,
    EmbeddedPostgresError,
    account_for,
    binaries_for,
    home_for,
    private_folder,
)
from bottega.infra.postgres_process import Guard, check_port, end, is_alive, serves, spawn

DATABASE = "bottega"
SUPERUSER = "postgres"
LOG_LIMIT = 10_000_000  # bytes; the log of a longer past is dropped at the next start
SOCKET_PATH_LIMIT = 100  # bytes; Linux allows 107 and macOS 103, file name included
SETTINGS: Mapping[str, str] = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",  # fewer checkpoints in a rush; recovery of it takes seconds
    "checkpoint_timeout": "10min",
    "checkpoint_completion_target": "0.9",
    "jit": "off",  # a shop's statements are short: compiling them costs more than it gives
    "max_parallel_workers_per_gather": "0",  # the same, and containers have little /dev/shm
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %u@%d ",
    "lc_messages": "C",  # we read this log
}


class EmbeddedPostgres:
    """One PostgreSQL server in `data_dir`, made if needed. A context manager, or call start() and stop().

    `port` opens 127.0.0.1:port as well (None: only the Unix socket). `settings` are added to SETTINGS.
    """

    def __init__(
        self, data_dir: Path | str, port: int | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        self.data_dir = Path(data_dir).expanduser().resolve()
        self.port = port
        self._settings = {**SETTINGS, **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: Guard | None = None
        self._lock: IO[str] | None = None
        self._home: Path | None = None
        self._account: Account | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, timeout: float = 60.0) -> None:
        """Make the cluster if there is none, start the server, wait until it answers, make the database `bottega`.

        Blocks: about 1 s the first time, a few tenths later, longer after a crash under load. Raises
        EmbeddedPostgresError with a text for people when the folder is in use, unwritable or of another version.
        """
        if self.running:
            return
        if self._lock is None:  # it is ours already when the server died under us
            self._claim()
        try:
            self._prepare()
            self._launch(time.monotonic() + timeout)
            self.ensure_database(DATABASE)
            if self.port is not None:
                self._set_password()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server cleanly (clients are disconnected, everything is on disk) and let go of the folder."""
        if self._process is not None:
            end(self._process.pid, self._process)
            self._process = None
        self._release_guard()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def erase(self) -> None:
        """Stop and delete the database and its folder for good, also what root had to keep elsewhere."""
        self.stop()
        if self.data_dir.exists():
            for folder in (self.socket_dir, self._where, self.data_dir):
                shutil.rmtree(folder, ignore_errors=True)

    @property
    def running(self) -> bool:
        """Whether the server that we started is alive. False after somebody killed it: then start() brings it back."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id of the server (the postmaster)."""
        assert self._process is not None, "start() comes first"
        return self._process.pid

    @property
    def binaries(self) -> Path:
        """The folder of `pgbench`, `psql`, `pg_dump`: the same version as the server."""
        return binaries_for(self._who)

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self._where / "postgres.log"

    @property
    def socket_dir(self) -> Path:
        """The private folder of the socket: in the data folder, or in the temporary one if that path can't serve."""
        inside = self._where / "run"
        short = len(os.fsencode(inside / f".s.PGSQL.{self._port}")) <= SOCKET_PATH_LIMIT
        if short and "," not in str(inside):  # a comma separates hosts in libpq, there is no way to quote it
            return inside
        return Path(tempfile.gettempdir()) / f"bottega-{hashlib.sha256(os.fsencode(inside)).hexdigest()[:12]}"

    def url(self, database: str = DATABASE, user: str = SUPERUSER) -> str:
        """The address over the Unix socket, for psycopg, psql and pgbench. No password: the socket knows who we are."""
        host = quote(str(self.socket_dir), safe="")
        return f"postgresql://{quote(user)}@/{quote(database)}?host={host}&port={self._port}"

    def tcp_url(self, database: str = DATABASE) -> str:
        """The address over 127.0.0.1, with the generated password of the superuser. Only when a port was given."""
        assert self.port is not None, "no port was given"
        return f"postgresql://{SUPERUSER}:{self._password()}@127.0.0.1:{self.port}/{quote(database)}"

    def ensure_database(self, name: str) -> None:
        """Make the database `name` (UTF8, C.UTF-8) unless it exists."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    @property
    def _port(self) -> int:
        return self.port or 5432  # without TCP it is only the ending of the socket's name

    @property
    def _where(self) -> Path:
        if self._home is None:
            self._home = home_for(self.data_dir)
        return self._home

    @property
    def _who(self) -> Account:
        if self._account is None:
            self._account = account_for(self._cluster)
        return self._account

    @property
    def _cluster(self) -> Path:
        return self._where / "cluster"

    def _claim(self) -> None:
        """Hold the folder's lock. The kernel frees it however we die, so a lock that is held means a living owner."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            lock = (self.data_dir / "lock").open("a+")
        except OSError as error:
            raise EmbeddedPostgresError(
                f"The data folder {self.data_dir} can't be written: {error.strerror}."
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            lock.close()
            raise EmbeddedPostgresError(
                f"The data folder {self.data_dir} is in use by process {holder}. Stop that or choose another folder."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock

    def _prepare(self) -> None:
        self._account = account_for(self._cluster)
        if self._cluster.exists():
            self._check_cluster()
            self._end_orphan()
        else:
            self._init_cluster()
        self._write_access_rules()
        private_folder(self.socket_dir, self._who)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.unlink()

    def _check_cluster(self) -> None:
        try:
            version = (self._cluster / "PG_VERSION").read_text().strip()
        except PermissionError as error:
            owner = pwd.getpwuid(self._cluster.stat().st_uid).pw_name
            raise EmbeddedPostgresError(
                f"The database in {self.data_dir} belongs to the user {owner}. "
                "Run as that user or root, or choose another folder."
            ) from error
        except FileNotFoundError as error:
            raise EmbeddedPostgresError(
                f"{self._cluster} is not a PostgreSQL cluster. Choose another folder."
            ) from error
        if version != str(MAJOR):
            raise EmbeddedPostgresError(
                f"The database in {self.data_dir} was made by PostgreSQL {version}; this is version {MAJOR}. "
                "Dump it with the old version (pg_dump) and load it into a new folder."
            )

    def _init_cluster(self) -> None:
        draft = self._where / "cluster.new"  # what an interrupted first start left behind
        shutil.rmtree(draft, ignore_errors=True)
        private_folder(draft, self._who)
        options = ["--username", SUPERUSER, "--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin"]
        options += ["--builtin-locale", "C.UTF-8", "--auth-local", "peer", "--auth-host", "scram-sha-256"]
        made = spawn([str(self.binaries / "initdb"), "--pgdata", str(draft), *options], self._who, subprocess.PIPE)
        try:
            said, _ = made.communicate()
        except BaseException:  # Ctrl-C: it has a session of its own and would go on
            made.kill()
            made.wait()
            raise
        if made.returncode != 0:
            raise EmbeddedPostgresError(
                f"PostgreSQL could not make its files in {self._where}:\n{said.decode().strip()}"
            )
        draft.rename(self._cluster)

    def _write_access_rules(self) -> None:
        """Write who may connect anew at each start: the user may have changed, the rule has not."""
        me = pwd.getpwuid(os.geteuid()).pw_name
        rules = "local all all peer map=bottega\nhost all all 127.0.0.1/32 scram-sha-256\n"
        users = "".join(f'bottega "{name}" all\n' for name in sorted({me, self._who.name}))
        for name, text in (("pg_hba.conf", rules), ("pg_ident.conf", users)):
            path = self._cluster / name
            path.write_text(text)
            os.chown(path, self._who.uid, self._who.gid)

    def _launch(self, deadline: float) -> None:
        """Start the server and wait for it; again while the dying remains of a killed one hold its shared memory."""
        if self.port is not None:
            check_port(self.port)
        while not self._launch_once(deadline):
            tail = self._log_tail()
            leftovers = (
                "pre-existing shared memory block" in tail or 'lock file "postmaster.pid" already exists' in tail
            )
            if not leftovers or time.monotonic() > deadline:
                raise EmbeddedPostgresError(f"PostgreSQL did not start. The end of {self.log}:\n{tail}")
            time.sleep(0.1)

    def _launch_once(self, deadline: float) -> bool:
        with self.log.open("ab") as log:
            command = [str(self.binaries / "postgres"), "-D", str(self._cluster), *self._options()]
            self._release_guard()
            self._process = spawn(command, self._who, log)
            self._guard = Guard(self._process.pid)
        while self._process.poll() is None:
            if self._status() == (self._process.pid, "ready"):
                return True
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"PostgreSQL takes too long to start. The end of {self.log}:\n{self._log_tail()}"
                )
            time.sleep(0.01)
        return False

    def _release_guard(self) -> None:
        if self._guard is not None:
            self._guard.release()
            self._guard = None

    def _options(self) -> list[str]:
        settings = {
            **self._settings,
            "listen_addresses": "" if self.port is None else "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": '"' + str(self.socket_dir).replace('"', '""') + '"',
            "unix_socket_permissions": "0700",
        }
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _status(self) -> tuple[int, str] | None:
        """Process id and state as the server itself wrote them to postmaster.pid (lines 1 and 8)."""
        try:
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
            return int(lines[0]), lines[7].strip() if len(lines) > 7 else ""
        except (FileNotFoundError, ValueError, IndexError):
            return None

    def _end_orphan(self) -> None:
        """We hold the lock, so a server that still runs here lost its owner to `kill -9`; a mere file is a leftover."""
        status = self._status()
        if status is None:
            return
        if serves(status[0], self._cluster):
            end(status[0])
        elif is_alive(status[0]):
            # The number may belong to another program by now; PostgreSQL would take that for itself and refuse.
            (self._cluster / "postmaster.pid").unlink(missing_ok=True)

    def _password(self) -> str:
        path = self.data_dir / "password"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(24))
        return path.read_text()

    def _set_password(self) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
            connection.execute(statement.format(sql.Identifier(SUPERUSER), sql.Literal(self._password())))

    def _log_tail(self) -> str:
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-8:])
        return "(no log)"
