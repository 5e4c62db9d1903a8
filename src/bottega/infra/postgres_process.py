"""Starting, recognising and ending the processes of the embedded PostgreSQL.

Nothing here knows what is in a data folder; postgres.py does.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from bottega.infra.postgres_account import Account, EmbeddedPostgresError

# How long each way of ending may take, in seconds: a clean stop writes a checkpoint; the others leave that to recovery.
ENDINGS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))


def spawn(command: list[str], account: Account, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
    """Start a program of PostgreSQL as `account`, with both outputs to `output`, in a session of its own.

    The session keeps Ctrl-C away from it: that is for us, and the server goes last, after its clients.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        cwd="/",  # ours may be out of the account's reach
        env={**inherited, "LC_ALL": "C"},
        umask=0o077,
        user=account.uid if account.switch else None,
        group=account.gid if account.switch else None,
        extra_groups=[] if account.switch else None,
    )


class Guard:
    """Ends a server when we die, however we die: a shell that waits on a pipe which only we hold.

    Any way of dying closes the pipe; then the shell asks the server to stop. `release()` sends it home instead.
    """

    def __init__(self, pid: int) -> None:
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", 'read -r _ || kill -INT "$0"', str(pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a terminal's Ctrl-C is for us
            cwd="/",
        )

    def release(self) -> None:
        """The server is looked after, or gone: there is nothing to guard any more."""
        with contextlib.suppress(BrokenPipeError):
            self._shell.communicate(b"released\n")


def end(pid: int, process: subprocess.Popen[bytes] | None = None) -> None:
    """End a server: cleanly, else at once. `process` is given when it is our child and has to be reaped."""
    for number, patience in ENDINGS:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            break
        if _gone_within(patience, pid, process):
            return
    if process is not None:
        process.poll()


def is_alive(pid: int) -> bool:
    """Whether a process with this number exists, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def serves(pid: int, cluster: Path) -> bool:
    """Whether process `pid` is a PostgreSQL server of `cluster`: a server works in the folder of its cluster."""
    if not is_alive(pid):
        return False
    if sys.platform == "linux":
        try:
            return os.path.samefile(f"/proc/{pid}/cwd", cluster)
        except OSError:
            return False
    found = subprocess.run(["/bin/ps", "-o", "command=", "-p", str(pid)], check=False, capture_output=True, text=True)
    return "postgres" in found.stdout and str(cluster) in found.stdout


def check_port(port: int) -> None:
    """Refuse a port of 127.0.0.1 that somebody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise EmbeddedPostgresError(
                f"Port {port} of 127.0.0.1 can't be used for PostgreSQL: {error.strerror}."
            ) from error


def _gone_within(seconds: float, pid: int, process: subprocess.Popen[bytes] | None) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (process.poll() is not None) if process is not None else not is_alive(pid):
            return True
        time.sleep(0.01)
    return False
