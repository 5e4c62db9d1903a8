"""Real processes of ours in a few milliseconds: one process imports the roles once and forks whoever is asked for.

A child is a process like any other: it reads its settings from its environment, runs the role's `main`, and can be
killed or paused by its pid. The commands that people type are started as people do, elsewhere (`commands`); a run of
all tests needs some hundred processes besides, and importing took more than a tenth of its time. The other end of the
pipe is `nursery_process`.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
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

    def poll(self) -> int | None:
        """How it ended (minus the signal, as subprocess has it); None while it lives."""
        return self._nursery.asks(command="status", pid=self.pid)

    def wait(self, seconds: float = 45.0) -> int:
        """Wait until it is gone; how it ended. Raises TimeoutError when it lives on."""
        ends = time.monotonic() + seconds
        while (status := self.poll()) is None:
            if time.monotonic() > ends:
                raise TimeoutError(f"process {self.pid} lives:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.01)
        return status

    def send_signal(self, sign: int) -> None:
        """Send it a signal, if it still lives."""
        if self.poll() is None:
            os.kill(self.pid, sign)

    def stop(self, seconds: float = 5.0) -> None:
        """End it, politely first; it may be paused."""
        self.send_signal(signal.SIGCONT)
        self.send_signal(signal.SIGTERM)
        try:
            self.wait(seconds)
        except TimeoutError:
            self.kill()

    def kill(self) -> None:
        """End it at once; nothing it left undone matters."""
        self.send_signal(signal.SIGKILL)
        self.wait()


class Nursery:
    """The other end of the pipe."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._born = 0
        self._pipe = threading.Lock()

    def start(
        self, role: str, settings: Mapping[str, str], *, arguments: Sequence[str] = (), log: Path | None = None
    ) -> Child:
        """A `worker`, `web` or `sandbox` with these variables and arguments; what it says is added to `log`."""
        self._born += 1
        log = log or self._folder / f"{role}-{self._born}.log"
        born = {"role": role, "settings": dict(settings), "arguments": list(arguments), "log": str(log)}
        return Child(self, self.asks(command="start", **born), log)

    @contextmanager
    def runs(self, role: str, settings: Mapping[str, str], *arguments: str, log: Path | None = None) -> Iterator[Child]:
        """A child for the time of a block."""
        child = self.start(role, settings, arguments=arguments, log=log)
        try:
            yield child
        finally:
            child.stop()

    def asks(self, **command: Any) -> Any:
        """One command and its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._pipe:
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
