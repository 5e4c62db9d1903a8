"""A sweep: carries out what is due, a few things at a time, for ever, in as many processes as run it.

Whoever sweeps says how to find what is due and how to do one thing of it; each thing claims itself, so two sweeps that
find the same one do it once. What takes long holds one of the slots and not the others. What keeps failing is left
aside for longer and longer, and after a few times it is parked: told loudly, and not tried again by this process.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any

import msgspec
import psycopg

from bottega.infra.telemetry import PARKED, logger
from bottega.kit.errors import DomainError, Kind

_TRIES = 8
_LONGEST = 300.0
_NOT_YET = 5.0
_REMEMBERED = 1000


class Job(msgspec.Struct, frozen=True):
    """One thing that is due: what it is called (the same thing, the same key), and how to do it.

    What gives False had nothing to do yet: it is left alone for a few seconds.
    """

    key: Hashable
    work: Callable[[], Awaitable[Any]]


class _Setback(msgspec.Struct):
    times: int = 0
    not_before: float = 0.0


class Sweep:
    """Runs what `due` finds, at most `slots` at once; `pause` seconds between looks when there is nothing."""

    def __init__(
        self,
        name: str,
        due: Callable[[], Awaitable[list[Job]]],
        *,
        slots: int = 8,
        pause: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._due = due
        self._slots = slots
        self._pause = pause
        self._clock = clock
        self._running: set[Hashable] = set()
        self._setbacks: dict[Hashable, _Setback] = {}
        self._log = logger(f"sweep.{name}")

    async def run(self) -> None:
        """Sweep until cancelled."""
        queue: asyncio.Queue[Job] = asyncio.Queue(1)

        async def hand() -> None:
            while True:
                job = await queue.get()
                try:
                    await self._do(job)
                finally:
                    self._running.discard(job.key)

        async with asyncio.TaskGroup() as group:
            for _ in range(self._slots):
                group.create_task(hand())
            while True:
                found = await self._find()
                for job in found:
                    # What is under way is not found again, so one slow thing does not keep the others from being found.
                    self._running.add(job.key)
                    await queue.put(job)
                await asyncio.sleep(0.02 if found else self._pause)

    async def once(self) -> int:
        """Do everything that is due now, and what comes due by that; how much it was."""
        done = 0
        while found := await self._find():
            slots = asyncio.Semaphore(self._slots)

            async def within(job: Job, slots: asyncio.Semaphore = slots) -> None:
                async with slots:
                    await self._do(job)

            await asyncio.gather(*(within(job) for job in found))
            done += len(found)
        return done

    async def _find(self) -> list[Job]:
        try:
            due = await self._due()
        except DomainError as error:
            self._log.warning("sweep waits", code=error.code)
            return []
        except Exception as error:  # a sweep that dies would leave everything behind it undone for ever
            self._log.error("sweep failed", error=repr(error), exc_info=error)
            return []
        now = self._clock()
        if len(self._setbacks) > _REMEMBERED:
            self._setbacks = {key: each for key, each in self._setbacks.items() if each.not_before > now}
        return [job for job in due if job.key not in self._running and self._may(job.key, now)]

    def _may(self, key: Hashable, now: float) -> bool:
        setback = self._setbacks.get(key)
        return setback is None or now >= setback.not_before

    async def _do(self, job: Job) -> None:
        """Do one thing; what can't be done now comes due again, and must not stop the others."""
        try:
            outcome = await job.work()
        except DomainError as error:
            self._log.warning("left for later", job=str(job.key), code=error.code, detail=error.detail)
            if error.kind is not Kind.UNAVAILABLE:
                self._set_back(job.key)
        except (psycopg.OperationalError, OSError) as error:
            self._log.warning("left for later", job=str(job.key), error=repr(error))
        except Exception as error:
            self._log.error("left for later", job=str(job.key), error=repr(error), exc_info=error)
            self._set_back(job.key)
        else:
            self._setbacks.pop(job.key, None)
            if outcome is False:
                self._setbacks[job.key] = _Setback(0, self._clock() + _NOT_YET)

    def _set_back(self, key: Hashable) -> None:
        setback = self._setbacks.setdefault(key, _Setback())
        setback.times += 1
        setback.not_before = self._clock() + min(2.0**setback.times, _LONGEST)
        if setback.times == _TRIES:
            setback.not_before = float("inf")
            PARKED.labels(self.name).inc()
            self._log.error("parked", job=str(key), times=setback.times)
