"""Child processes: started, watched, started again when they die, ended together.

Here: what `demo` and `up` run their programs with. Not here: which programs those are. What must stay true: a child never
outlives us (it is told our number in BOTTEGA_PARENT and ends when we are gone), a terminal's Ctrl-C reaches only us (a
child has a session of its own), and a program that keeps dying is tried again ever more slowly, for ever.
"""

import asyncio
import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from bottega.entrypoints.terminal import CommandFailed

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 30.0
STEADY = 30.0  # seconds after which a program is taken for healthy again
PATIENCE = 6.0  # seconds that a program has for ending by itself
_LOOK = 0.1
_NEWS = 0.5
_CALM = 15.0  # seconds between two reports of errors from one program
_ALARMS = ("[error", "[critical", '"level": "error"', '"level": "critical"', "Error: ")


def watch_parent(loop: asyncio.AbstractEventLoop, parent: int) -> None:
    """In a child: end when the process that started us is gone, so that a killed `demo` leaves nothing behind."""
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)
        return
    loop.call_later(1.0, watch_parent, loop, parent)


@dataclass(frozen=True)
class Program:
    """A module of ours to run as a process; `log` is its file, None lets it write to our stderr."""

    name: str
    module: str
    environment: Mapping[str, str]
    arguments: tuple[str, ...] = ()
    log: Path | None = None


@dataclass
class Child:
    """A program and the process that runs it now."""

    program: Program
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    again_at: float = 0.0
    pause: float = FIRST_PAUSE
    read: int = 0
    quiet_until: float = 0.0

    def start(self) -> None:
        """Run the program in a new process."""
        command = [sys.executable, "-P", "-m", self.program.module, *self.program.arguments]
        with _output(self.program.log) as output:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=0o077,
                env={**self.program.environment, "BOTTEGA_PARENT": str(os.getpid()), "PYTHONUNBUFFERED": "1"},
            )
        self.started = time.monotonic()

    def end(self) -> str | None:
        """How it ended, in words; None while it runs."""
        code = None if self.process is None else self.process.poll()
        if code is None:
            return None
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"

    def tail(self, lines: int = 12) -> str:
        """The end of its log."""
        if self.program.log is None:
            return ""
        return "\n".join(self.program.log.read_text(errors="replace").splitlines()[-lines:])

    def alarms(self) -> list[str]:
        """The lines of its log, new since the last call, that tell of an error."""
        log = self.program.log
        if log is None or log.stat().st_size <= self.read:
            return []
        with log.open("rb") as file:
            file.seek(self.read)
            new = file.read(200_000)
        whole = new[: new.rfind(b"\n") + 1]
        self.read += len(whole)
        return [line for line in whole.decode(errors="replace").splitlines() if any(mark in line for mark in _ALARMS)]


@dataclass
class Supervisor:
    """The children of this process; `report` is told what people should know about them."""

    report: Callable[[str], None]
    children: list[Child] = field(default_factory=list[Child])

    def start(self, programs: Sequence[Program]) -> None:
        """Start programs; they are ended in the opposite order."""
        for program in programs:
            child = Child(program)
            self.children.append(child)
            child.start()

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return when it is true. Raises `CommandFailed`, with the end of its log, when a child dies before."""
        deadline = time.monotonic() + seconds
        while not ready():
            for child in self.children:
                how = child.end()
                if how is not None:
                    raise CommandFailed(f"{child.program.name} {how} while it started.\n{child.tail()}".rstrip())
            if time.monotonic() > deadline:
                names = ", ".join(child.program.name for child in self.children)
                raise CommandFailed(f"{names} did not get ready within {seconds:.0f} s.", "Look at the logs.")
            time.sleep(0.03)

    def run(self, also: Callable[[], None] = lambda: None) -> None:
        """Watch for ever (until an exception, such as that of `stop_signals`); `also` is called at every look."""
        news_at = 0.0
        while True:
            also()
            for child in self.children:
                self._look_after(child)
            if time.monotonic() > news_at:
                news_at = time.monotonic() + _NEWS
                self._pass_on()
            time.sleep(_LOOK)

    def stop(self) -> None:
        """Ask all to end, then make them."""
        for child in reversed(self.children):
            if child.process is not None and child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + PATIENCE
        for child in self.children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.report(f"{child.program.name} does not end by itself and is killed")
                child.process.kill()
                child.process.wait()

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.again_at:
                child.start()
            return
        how = child.end()
        if how is None:
            return
        if now - child.started > STEADY:
            child.pause = FIRST_PAUSE
        where = f" Its log: {child.program.log}" if child.program.log else ""
        self.report(f"{child.program.name} {how}; it starts again in {child.pause:g} s.{where}")
        child.process = None
        child.again_at = now + child.pause
        child.pause = min(LONGEST_PAUSE, child.pause * 2)

    def _pass_on(self) -> None:
        """Show what went wrong in a program: the first line in full, the rest by number, and not all the time."""
        for child in self.children:
            if time.monotonic() < child.quiet_until:
                continue
            alarms = child.alarms()
            if alarms:
                child.quiet_until = time.monotonic() + _CALM
                more = f" ({len(alarms) - 1} more in {child.program.log})" if len(alarms) > 1 else ""
                self.report(f"{child.program.name}: {alarms[0][:400]}{more}")


@contextlib.contextmanager
def stop_signals() -> Generator[None]:
    """Within the block the first SIGINT, SIGTERM or SIGHUP raises KeyboardInterrupt; those after it change nothing."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup means it
        numbers.append(signal.SIGHUP)

    def ignore(_: int, __: FrameType | None) -> None:
        return

    def stop(_: int, __: FrameType | None) -> None:
        for each in numbers:
            signal.signal(each, ignore)
        raise KeyboardInterrupt

    before = {each: signal.signal(each, stop) for each in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def inherited() -> dict[str, str]:
    """Our environment without any setting of ours: what a child gets beside the settings meant for it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BOTTEGA_")}


def raise_file_limit() -> None:
    """Let our children have as many connections as the system allows us."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 1_048_576)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextlib.contextmanager
def _output(log: Path | None) -> Generator[IO[bytes] | int]:
    if log is None:
        yield sys.stderr.fileno()
    else:
        with log.open("ab") as file:
            yield file
