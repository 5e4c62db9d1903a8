"""The hands that carry out a plan: kill, pause, stop, cut, slow, and always heal.

What must stay true: whatever was paused goes on and whatever link failed passes again when a fault is over, also when the
run is cancelled in the middle of it; a process is named by what it is now, never by a number that was its own before.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import LiteralString

import psycopg

from bottega.entrypoints.torture.installation import Installation
from bottega.entrypoints.torture.model import Done, Fault, Verb
from bottega.entrypoints.torture.planning import DATABASE, LINKS
from bottega.entrypoints.torture.proxy import Link, Mode

MODES = {
    Verb.CUT: Mode.CUT, Verb.SLOW: Mode.SLOW, Verb.BLACK_HOLE: Mode.BLACK_HOLE, Verb.HALF_OPEN: Mode.HALF_OPEN,
}  # fmt: skip
_THERE_SECONDS = 20.0
BACKENDS: LiteralString = """
select pid from pg_stat_activity where backend_type = 'client backend' and application_name like 'bottega-w%' order by pid
"""

Recovered = Callable[[Fault], Awaitable[float | None]]


class Hands:
    """Carries out faults. `recovered` waits until the shop does again what the fault was in the way of."""

    def __init__(self, made: Installation, recovered: Recovered) -> None:
        self._made = made
        self._recovered = recovered
        self.done: list[Done] = []
        self.last_healed = time.monotonic()

    async def carry_out(self, plan: tuple[Fault, ...], began: float) -> None:
        """All of a plan, each at its time counted from `began`; returns when the last one is over."""
        async with asyncio.TaskGroup() as group:
            for fault in plan:
                await asyncio.sleep(max(0.0, began + fault.at - time.monotonic()))
                group.create_task(self.strike(fault))

    async def strike(self, fault: Fault) -> Done:
        """Carry out one fault, heal it, wait until the shop has recovered."""
        if fault.target in LINKS:
            await self._break_link(self._made.links[fault.target], fault)
        elif fault.verb is Verb.PAUSE:
            await self._pause(await self._members(fault.target), fault.seconds)
        else:
            await self._kill(fault)
        self.last_healed = time.monotonic()
        done = Done(fault, await self._recovered(fault))
        self.done.append(done)
        return done

    async def _break_link(self, link: Link, fault: Fault) -> None:
        try:
            if fault.verb is Verb.CUT_MIDWAY:
                link.cut_one_after(200 + fault.number % 6000)
            elif fault.verb is Verb.SLOW:
                latency = 0.05 + fault.number % 400 / 1000
                link.fail(Mode.SLOW, latency=latency, jitter=latency / 2)
            else:
                link.fail(MODES[fault.verb])
            await asyncio.sleep(fault.seconds)
        finally:
            link.heal()

    async def _pause(self, pids: list[int], seconds: float) -> None:
        try:
            for pid in pids:
                _send(pid, signal.SIGSTOP)
            await asyncio.sleep(seconds)
        finally:
            for pid in pids:
                _send(pid, signal.SIGCONT)

    async def _kill(self, fault: Fault) -> None:
        if fault.verb is Verb.KILL_BACKEND:
            pids = await self._backends()
            _send(pids[fault.number % len(pids)], signal.SIGKILL)
        elif fault.verb is Verb.STOP:
            _send(self._made.database.pid, signal.SIGQUIT)
        elif fault.target == DATABASE:
            _send(self._made.database.pid, signal.SIGKILL)
        else:
            _send((await self._members(fault.target))[0], signal.SIGKILL)

    async def _members(self, target: str) -> list[int]:
        """The process ids of a part, waited for while it is being started again."""
        if target == DATABASE:
            return [self._made.database.pid, *_children(self._made.database.pid)]
        deadline = time.monotonic() + _THERE_SECONDS
        while time.monotonic() < deadline:
            process = self._made.child(target).process
            if process is not None and process.poll() is None:
                return [process.pid]
            await asyncio.sleep(0.05)
        raise RuntimeError(f"{target} does not come back")

    async def _backends(self) -> list[int]:
        """The database's processes that serve ours, waited for while it is being started again."""
        deadline = time.monotonic() + _THERE_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(psycopg.Error):
                url = self._made.database_url
                async with await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=5) as connection:
                    found = await (await connection.execute(BACKENDS)).fetchall()
                    if found:
                        return [row[0] for row in found]
            await asyncio.sleep(0.05)
        raise RuntimeError("the database does not come back")


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found
