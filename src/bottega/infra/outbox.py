"""Facts and the outbox: what happened, written in the transaction in which it happened.

`outbox` is insert-only for the business; the sequencer moves its rows
into the log. Waking the sequencer happens after the commit, on another connection, at most every few milliseconds:
a NOTIFY inside a business transaction cut commits to a third.
"""

import asyncio
import contextlib
from typing import Any, LiteralString
from uuid import UUID

import psycopg

from bottega.infra.connection import TimelyConnection
from bottega.kit.fact import Fact

OUTBOX_CHANNEL: LiteralString = "bottega_outbox"
LOG_CHANNEL: LiteralString = "bottega_log"

INSERT_FACTS: LiteralString = """
insert into outbox (id, merchant_id, store_id, aggregatetype, aggregateid, type, version, payload, created_at)
select f.id, f.merchant_id, f.store_id, f.aggregatetype, f.aggregateid, f.type, f.version, f.payload, f.created_at
from rows from (json_to_recordset(%s::json)
  as (id uuid, merchant_id uuid, store_id uuid, aggregatetype text, aggregateid uuid, type text, version int,
      payload jsonb, created_at timestamptz)) with ordinality
  as f (id, merchant_id, store_id, aggregatetype, aggregateid, type, version, payload, created_at, ordinality)
order by f.ordinality
"""

_WAKE: LiteralString = "select pg_notify(%s, '')"


def row_of(fact: Fact, *, fact_id: UUID, merchant_id: UUID, at: str) -> dict[str, Any]:
    """The outbox row of a fact; `at` is an RFC 3339 instant."""
    return {
        "id": fact_id,
        "merchant_id": merchant_id,
        "store_id": fact.store_id,
        "aggregatetype": fact.aggregate,
        "aggregateid": fact.subject_id,
        "type": fact.type,
        "version": fact.version,
        "payload": fact,
        "created_at": at,
    }


class Waker:
    """Tells the sequencer that there is something to move; many calls in a short time become one."""

    def __init__(self, conninfo: str, interval: float = 0.008) -> None:
        self._conninfo = conninfo
        self._interval = interval
        self._pending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Ask for a wake-up soon; returns at once and never fails."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._loop(), name="outbox-waker")
        self._pending.set()

    async def close(self) -> None:
        """Stop; the sequencer polls anyway, so nothing is lost."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _loop(self) -> None:
        while True:
            try:
                async with await TimelyConnection.connect(self._conninfo, autocommit=True) as connection:
                    while True:
                        await self._pending.wait()
                        self._pending.clear()
                        await connection.execute(_WAKE, [OUTBOX_CHANNEL])
                        await asyncio.sleep(self._interval)
            except (psycopg.Error, OSError):
                # The database is away; the sequencer polls, and we try again.
                await asyncio.sleep(0.5)
