"""The command line as people and scripts use it: real processes, what they say, how they end."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.simulators.processes import SOURCE, free_ports, until

PATIENCE = 60.0
IDLE_IMPORT = 0.9  # seconds that the import of the web process takes on an idle machine of two cores


def environment(**settings: str) -> dict[str, str]:
    """An environment without any setting of ours but these (`database_url=…`), in a narrow terminal without colours."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BOTTEGA_")}
    ours = {f"BOTTEGA_{name.upper()}": value for name, value in settings.items()}
    return {**inherited, "PYTHONPATH": str(SOURCE), "NO_COLOR": "1", "COLUMNS": "100", **ours}


def bottega(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "bottega", *words],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
    )


def busyness() -> float:
    """How many times slower than idle this machine is just now; 1 at least."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import bottega.entrypoints.web"], env=environment(), check=True)
    return max(1.0, (time.monotonic() - began) / IDLE_IMPORT)


def listening_port() -> int:
    """A free port whose neighbours for the sandbox (50 and 51 above) exist too."""
    return next(port for port in free_ports(8) if port < 65_000)


def gone(pids: list[int]) -> bool:
    """Whether none of these processes lives (one that only waits to be collected does not live)."""
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if state != "Z":
            return False
    return True


@dataclass
class Command:
    """A command that keeps running; its outputs are files, so nothing has to be read for it to go on."""

    words: list[str]
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] = field(init=False)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "out").open("wb") as out, (self.folder / "err").open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bottega", *self.words],
                env=environment(**self.settings),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def out(self) -> str:
        """What it has written to stdout."""
        return (self.folder / "out").read_text()

    @property
    def err(self) -> str:
        """What it has written to stderr."""
        return (self.folder / "err").read_text()

    def says(self, text: str, *, on_stderr: bool = False) -> str:
        """Wait until it has said something; the whole output."""

        def said() -> str:
            words = self.err if on_stderr else self.out
            assert self.process.poll() is None or text in words, f"it ended: {self.out}\n{self.err}"
            return words if text in words else ""

        return until(said, PATIENCE, f"{text!r} in its output")

    def summary(self) -> dict[str, Any]:
        """The JSON object that it says when it is ready."""
        return json.loads(self.says("\n"))

    def end(self, sign: int = signal.SIGINT) -> int:
        """Send a signal as a terminal does, to the whole group; how it ended."""
        began = time.monotonic()
        if self.process.poll() is None:
            os.killpg(self.process.pid, sign)
        code = self.process.wait(PATIENCE)
        self.seconds = time.monotonic() - began
        return code
