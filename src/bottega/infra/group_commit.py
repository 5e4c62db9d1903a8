"""Group commit: commands that arrive while a flush is under way are committed together as soon as it returns.

No timer: an idle system answers at once, a busy one batches by itself. The verb decides for many commands at once and
gives one outcome each (a value or a refusal). A batch that the database refuses is replayed one by one, so a command
that is at fault fails alone. Batches mix merchants and run as `bottega_batch`, a role with narrow policies.
"""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
import psycopg
from psycopg import errors as pg

from bottega.infra.connection import TimelyConnection
from bottega.infra.db import Connection, Pools, app_conninfo
from bottega.infra.outbox import INSERT_FACTS, Waker, row_of
from bottega.infra.telemetry import BATCH_SIZE, RETRIES, logger
from bottega.kit import ids
from bottega.kit.clock import utc_now
from bottega.kit.errors import DomainError, Unavailable
from bottega.kit.fact import Fact

C = TypeVar("C")
R = TypeVar("R")
_MAX_WAITING = 20_000
_TRIES = 4


class BatchTx:
    """What a batch verb knows of the world: a connection inside a transaction of the batch role, and facts to tell.

    `careful` is set when the batch took a key for new that was not: the verb looks its keys up before it decides.
    """

    def __init__(self, connection: Connection, *, careful: bool = False) -> None:
        self.connection = connection
        self.careful = careful
        self._facts: list[dict[str, Any]] = []

    def emit(self, fact: Fact, merchant_id: UUID) -> None:
        """Tell a fact of a merchant: it is written to the outbox with the batch, or not at all."""
        at = utc_now().isoformat()
        self._facts.append(row_of(fact, fact_id=ids.new_id(0), merchant_id=merchant_id, at=at))

    async def write_facts(self) -> None:
        """Put the facts that were told into the outbox."""
        if self._facts:
            await self.connection.execute(INSERT_FACTS, [msgspec.json.encode(self._facts).decode()])


_RETRYABLE = (pg.DeadlockDetected, pg.SerializationFailure, pg.LockNotAvailable)
Verb = Callable[[BatchTx, Sequence[C]], Awaitable[list[R | DomainError]]]


class GroupCommit(Generic[C, R]):
    """One lane of one hot verb. `submit` waits until its command is durably committed (or refused).

    `once` names the unique constraint that a repeated command breaks. Nearly every command is new, so the verb takes
    them for new at first; a batch that was mistaken is done again, carefully.
    """

    def __init__(self, pools: Pools, verb: Verb[C, R], waker: Waker, *, once: str, batch_size: int = 128) -> None:
        self._conninfo = app_conninfo(pools.url, role="bottega_batch", name="bottega-batch", limits=True)
        self._verb = verb
        self._waker = waker
        self._once = once
        self._batch_size = batch_size
        self._waiting: deque[tuple[C, asyncio.Future[R]]] = deque()
        self._flusher: asyncio.Task[None] | None = None
        self._connection: Connection | None = None
        self._log = logger("group_commit")

    def submit(self, command: C) -> Awaitable[R]:
        """Commit a command together with its contemporaries. Raises its refusal, or `Unavailable` if unknown."""
        if len(self._waiting) >= _MAX_WAITING:
            raise Unavailable("More orders arrive than can be taken, try again", retry_after=1)
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, future))
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush(), name="group-commit")
        return future

    async def close(self) -> None:
        """Let what is under way finish, then close the connection."""
        if self._flusher is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._flusher
        if self._connection is not None:
            await self._connection.close()

    async def _flush(self) -> None:
        while self._waiting:
            size = min(len(self._waiting), self._batch_size)
            batch = [self._waiting.popleft() for _ in range(size)]
            BATCH_SIZE.observe(size)
            outcomes = await self._outcomes([command for command, _ in batch])
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                if future.done():
                    continue  # the caller went away; its command is committed all the same
                if isinstance(outcome, DomainError):
                    future.set_exception(outcome)
                else:
                    future.set_result(outcome)
            self._waker.wake()

    async def _outcomes(self, commands: Sequence[C]) -> list[R | DomainError]:
        """One outcome per command; never raises."""
        try:
            return await self._attempt(commands)
        except psycopg.OperationalError as error:
            self._log.warning("batch outcome unknown", size=len(commands), error=str(error))
            return [Unavailable("The database went away; repeat with the same key", retry_after=1) for _ in commands]
        except Exception as error:
            if len(commands) > 1:
                self._log.warning("batch refused, replaying one by one", size=len(commands), error=repr(error))
                return [(await self._outcomes([command]))[0] for command in commands]
            if isinstance(error, DomainError):
                return [error]
            self._log.error("command failed", error=repr(error), exc_info=error)
            return [Unavailable("This could not be done right now; repeat with the same key", retry_after=1)]

    async def _attempt(self, commands: Sequence[C]) -> list[R | DomainError]:
        careful = False
        for attempt in range(1, _TRIES + 1):
            connection = await self._connect()
            try:
                async with connection.pipeline():
                    await connection.execute("begin")
                    tx = BatchTx(connection, careful=careful)
                    outcomes = await self._verb(tx, commands)
                    await tx.write_facts()
                    await connection.execute("commit")
                return outcomes
            except BaseException as error:
                await self._roll_back(connection)
                repeated = isinstance(error, pg.UniqueViolation) and error.diag.constraint_name == self._once
                if not (repeated or isinstance(error, _RETRYABLE)) or attempt == _TRIES:
                    raise
                careful = careful or repeated
                RETRIES.labels("group_commit").inc()
                if not repeated:  # whoever was first has committed: no need to wait
                    await asyncio.sleep(random.uniform(0.002, 0.02) * attempt)  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable")

    async def _connect(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = await TimelyConnection.connect(self._conninfo, autocommit=True, prepare_threshold=0)
        return self._connection

    async def _roll_back(self, connection: Connection) -> None:
        if not connection.closed:
            with contextlib.suppress(psycopg.Error):
                await connection.execute("rollback")
        if connection.closed or connection.broken:
            self._connection = None


class Lanes(Generic[C, R]):
    """Some lanes side by side. Commands with the same number go the same way, so their batches never wait for each other.

    While one lane's batch is in the database, the other's is decided or answered: with one lane either the database or
    the process waits.
    """

    def __init__(self, lanes: Sequence[GroupCommit[C, R]], number_of: Callable[[C], int]) -> None:
        self._lanes = lanes
        self._number_of = number_of

    def submit(self, command: C) -> Awaitable[R]:
        """As `GroupCommit.submit`, in the command's own lane."""
        return self._lanes[self._number_of(command) % len(self._lanes)].submit(command)

    async def close(self) -> None:
        """Let what is under way finish, then close the connections."""
        for lane in self._lanes:
            await lane.close()
