"""Consumers: named readers of the log that react to facts, each once.

The reaction and the step of the cursor are one transaction, so a fact takes effect exactly once even when a worker dies
in between; the step is fenced by the position it starts from, so a paused leader that wakes up late changes nothing.
A fact that can't be taken after several tries is parked and the queue moves on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from itertools import groupby
from typing import Any, LiteralString
from zlib import crc32

import msgspec
import psycopg

from bottega.infra import log
from bottega.infra.log import Entry, LogConnection
from bottega.infra.telemetry import CONSUMER_LAG, PARKED, logger
from bottega.infra.transaction import Database, Tx
from bottega.kit.errors import DomainError, Unavailable
from bottega.kit.fact import Fact
from bottega.kit.subject import system

Reaction = Callable[[Tx, Any], Awaitable[None]]
Reactions = Mapping[type[Fact], Reaction]
_TRIES = 5
_TOGETHER = 32
_LOCK_SPACE = 0x62746763

TRY_LEAD: LiteralString = "select pg_try_advisory_lock(%s, %s)"
ENROL: LiteralString = "insert into consumers (name, position) values (%s, 0) on conflict (name) do nothing"
POSITION: LiteralString = "select position from consumers where name = %s"
STEP: LiteralString = """
update consumers set position = %(seq)s, updated_at = now() where name = %(name)s and position = %(before)s
"""
PARK: LiteralString = """
insert into parked_events (consumer, seq, error, tries, parked_at) values (%s, %s, %s, %s, now())
on conflict (consumer, seq) do update set error = excluded.error, tries = excluded.tries, parked_at = now()
"""


_FAILURES = (DomainError, msgspec.MsgspecError, psycopg.Error, ArithmeticError, LookupError, AssertionError)


class LostLead(Exception):
    """Another process has moved this consumer on."""


class Consumer:
    """One named consumer; run it in as many processes as you like, one of them leads."""

    def __init__(self, name: str, reactions: Reactions, database: Database, relay_conninfo: str) -> None:
        self.name = name
        self._reactions = {fact.type: (fact, reaction) for fact, reaction in reactions.items()}
        self._database = database
        self._conninfo = relay_conninfo
        self._log = logger(f"consumer.{name}")
        self._position = 0

    async def run(self) -> None:
        """Follow the log for ever; a lost database or lead is waited for."""
        while True:
            try:
                async with await log.connect(self._conninfo) as connection:
                    await self._lead(connection)
            except (psycopg.Error, OSError, Unavailable, LostLead) as error:
                self._log.warning("starts again", error=str(error).strip())
                await asyncio.sleep(0.3)

    async def _lead(self, connection: LogConnection) -> None:
        await connection.execute(ENROL, [self.name])
        while not await _flag(connection, TRY_LEAD, [_LOCK_SPACE, _signed(crc32(self.name.encode()))]):
            await asyncio.sleep(0.5)
        cursor = await connection.execute(POSITION, [self.name])
        row = await cursor.fetchone()
        assert row is not None
        self._position = row[0]
        while True:
            entries = await log.read_after(connection, self._position, 500)
            wanted = [entry for entry in entries if entry.type in self._reactions]
            for batch in _batches(wanted):
                await self._take(connection, batch)
            if entries and entries[-1].seq > self._position:
                await self._skip_to(connection, entries[-1].seq)
            CONSUMER_LAG.labels(self.name).set(max(0, await log.head(connection) - self._position))
            if len(entries) < 500:
                await log.wait(connection)

    async def _take(self, connection: LogConnection, batch: list[Entry]) -> None:
        """React to some facts of one merchant together; if that fails, one by one, so that only one at fault is parked."""
        try:
            await self._react(batch)
        except (Unavailable, LostLead):
            raise
        except _FAILURES as error:
            if len(batch) > 1:
                for entry in batch:
                    await self._take(connection, [entry])
                return
            await self._try_again(connection, batch[0], error)

    async def _try_again(self, connection: LogConnection, entry: Entry, error: Exception) -> None:
        for attempt in range(2, _TRIES + 1):
            self._log.warning("reaction failed", type=entry.type, seq=entry.seq, attempt=attempt - 1, error=repr(error))
            await asyncio.sleep(0.05 * 2**attempt)
            try:
                await self._react([entry])
            except (Unavailable, LostLead):
                raise
            except _FAILURES as again:
                error = again
            else:
                return
        self._log.error("fact parked", type=entry.type, seq=entry.seq, error=repr(error))
        await connection.execute(PARK, [self.name, entry.seq, repr(error)[:2000], _TRIES])
        PARKED.labels(self.name).inc()
        await self._skip_to(connection, entry.seq)

    async def _react(self, batch: list[Entry]) -> None:
        """One transaction: the step of the cursor over the batch, and every reaction in it."""

        async def react(tx: Tx, entries: list[Entry]) -> None:
            moved = await tx.execute(STEP, {"name": self.name, "seq": entries[-1].seq, "before": self._position})
            if moved != 1:
                raise LostLead(f"{self.name} was moved on by another process")
            for entry in entries:
                fact_type, reaction = self._reactions[entry.type]
                await reaction(tx, msgspec.json.decode(entry.payload, type=fact_type))

        react.__name__ = f"{self.name}_reactions"
        await self._database.run(react, batch, by=system(batch[0].merchant_id, self.name))
        self._position = batch[-1].seq

    async def _skip_to(self, connection: LogConnection, seq: int) -> None:
        cursor = await connection.execute(STEP, {"name": self.name, "seq": seq, "before": self._position})
        if cursor.rowcount != 1:
            raise LostLead(f"{self.name} was moved on by another process")
        self._position = seq


def _batches(entries: list[Entry]) -> Iterator[list[Entry]]:
    """Runs of entries of one merchant, short enough for one transaction."""
    for _, run in groupby(entries, key=lambda entry: entry.merchant_id):
        members = list(run)
        for start in range(0, len(members), _TOGETHER):
            yield members[start : start + _TOGETHER]


async def _flag(connection: LogConnection, sql: LiteralString, parameters: list[int]) -> bool:
    cursor = await connection.execute(sql, parameters)
    row = await cursor.fetchone()
    return bool(row and row[0])


def _signed(value: int) -> int:
    """A 32-bit number as PostgreSQL's signed integer."""
    return value - 2**32 if value >= 2**31 else value
