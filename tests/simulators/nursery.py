"""Real processes of ours in a few milliseconds: one process imports the roles once and forks whoever is asked for.

A child is a process like any other: it reads its settings from its environment, runs the role's `main`, and can be
killed or paused by its pid. Used where a test needs many of them. The other end of the pipe is `nursery_process`.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Child:
    """A process that the nursery made."""

    def __init__(self, nursery: "Nursery", pid: int, log: Path) -> None:
        self._nursery = nursery
        self.pid = pid
        self.log = log

    def status(self) -> int | None:
        """How it ended (minus the signal, as subprocess has it); None while it lives."""
        return self._nursery.asks(command="status", pid=self.pid)

    def dies(self, seconds: float = 45.0) -> int:
        """Wait until it is gone; how it ended."""
        ends = time.monotonic() + seconds
        while (status := self.status()) is None:
            assert time.monotonic() < ends, f"process {self.pid} lives:\n{self.log.read_text()[-3000:]}"
            time.sleep(0.01)
        return status

    def send(self, sign: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, sign)

    def stop(self) -> None:
        """End it at once if it still lives; nothing it left undone matters."""
        if self.status() is None:
            os.kill(self.pid, signal.SIGKILL)
            self.dies()


class Nursery:
    """The other end of the pipe."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._born = 0

    def start(self, role: str, settings: Mapping[str, str]) -> Child:
        """A `worker` or `web` with these variables."""
        self._born += 1
        log = self._folder / f"{role}-{self._born}.log"
        return Child(self, self.asks(command="start", role=role, settings=dict(settings), log=str(log)), log)

    def asks(self, **command: Any) -> Any:
        """One command and its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def nursery(folder: Path) -> Iterator[Nursery]:
    """A nursery for the time of a block; its children end with it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOTTEGA_")}
    environment["PYTHONPATH"] = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.simulators.nursery_process"],
        env=environment, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Nursery(process, folder)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)
