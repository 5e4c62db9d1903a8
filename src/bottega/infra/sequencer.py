"""The sequencer: moves facts from the outbox into the log, in one dense order without loss.

One leader per database (a session advisory lock; the others wait and try again; one that falls silent is cut off by the
server, so a suspended process does not hold up the shop). Rows are taken in the order of their
identity, which was drawn while the writer held the aggregate, so the facts of one aggregate never change places; the
position in the log comes from one counter row, so it has no gaps. Measured against four other ways in ARCHITECTURE.
"""

import asyncio
import time
from typing import LiteralString

import psycopg

from bottega.infra.connection import TimelyConnection
from bottega.infra.fault_points import point
from bottega.infra.log import END_SILENT
from bottega.infra.outbox import LOG_CHANNEL, OUTBOX_CHANNEL
from bottega.infra.telemetry import LOG_HEAD, OUTBOX_LAG, OUTBOX_ROWS, logger

SEQUENCER_LOCK = 0x626F7474656761
_BATCH = 2000
_POLL = 0.25

TRY_LEAD: LiteralString = "select pg_try_advisory_lock(%s)"
LISTEN_OUTBOX: LiteralString = "listen bottega_outbox"
MOVE: LiteralString = """
with due as (
  select n from outbox order by n limit %s
), taken as (
  delete from outbox where n in (select n from due)
  returning n, id, merchant_id, store_id, aggregatetype, aggregateid, type, version, payload, created_at
), head as (
  update log_head set seq = seq + (select count(*) from taken)
  where exists (select from taken) returning seq
), moved as (
  insert into log (seq, id, merchant_id, store_id, aggregatetype, aggregateid, type, version, payload, created_at)
  select head.seq - (select count(*) from taken) + row_number() over (order by n),
         id, merchant_id, store_id, aggregatetype, aggregateid, type, version, payload, created_at
  from taken, head
  returning created_at
)
select count(*), coalesce((select seq from head), 0), extract(epoch from clock_timestamp() - min(created_at)) from moved
"""
COUNT_WAITING: LiteralString = "select count(*) from (select from outbox limit 10001) as waiting"
NOTIFY_LOG: LiteralString = "select pg_notify(%s, %s)"

assert OUTBOX_CHANNEL in LISTEN_OUTBOX


class Sequencer:
    """Runs until cancelled; several may run, one of them works."""

    def __init__(self, relay_conninfo: str) -> None:
        self._conninfo = relay_conninfo
        self._log = logger("sequencer")
        self.leading = False

    async def run(self) -> None:
        """Lead or wait to lead, for ever; a lost database is waited for."""
        while True:
            try:
                async with await TimelyConnection.connect(
                    self._conninfo, autocommit=True, prepare_threshold=0
                ) as connection:
                    await connection.execute(END_SILENT)
                    await self._lead(connection)
            except (psycopg.Error, OSError) as error:
                self._log.warning("sequencer lost the database", error=str(error).strip())
                await asyncio.sleep(0.3)
            finally:
                self.leading = False

    async def _lead(self, connection: TimelyConnection) -> None:
        while not await _value(connection, TRY_LEAD, [SEQUENCER_LOCK]):
            await asyncio.sleep(0.5)
        self.leading = True
        self._log.info("sequencer leads")
        await connection.execute(LISTEN_OUTBOX)
        counted_at = 0.0
        while True:
            moved = await self.move(connection)
            if moved == _BATCH:
                continue
            if time.monotonic() - counted_at > 2:
                counted_at = time.monotonic()
                OUTBOX_ROWS.set(await _value(connection, COUNT_WAITING, []))
            if moved == 0:
                OUTBOX_LAG.set(0)
            async for _ in connection.notifies(timeout=_POLL, stop_after=1):
                pass

    async def move(self, connection: TimelyConnection) -> int:
        """Move one batch and tell the followers; how many facts went."""
        cursor = await connection.execute(MOVE, [_BATCH])
        row = await cursor.fetchone()
        assert row is not None
        moved, head, lag = row
        if moved:
            await point("log.moved")
            await connection.execute(NOTIFY_LOG, [LOG_CHANNEL, str(head)])
            LOG_HEAD.set(head)
            OUTBOX_LAG.set(float(lag or 0))
        return moved


async def _value(connection: TimelyConnection, sql: LiteralString, parameters: list[int]) -> int:
    cursor = await connection.execute(sql, parameters)
    row = await cursor.fetchone()
    return row[0] if row else 0
