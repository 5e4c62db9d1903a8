"""Reading the log: entries, a cursor over them, and a follower that is told when there are more.

Everything that follows the business reads here, from a cursor of its own. The log is dense, so a cursor is one number.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import class_row

from bottega.infra.connection import TimelyConnection

READ_AFTER: LiteralString = """
select seq, id, merchant_id, store_id, aggregateid, type, version, payload::text as payload, created_at
from log where seq > %s order by seq limit %s
"""
READ_HEAD: LiteralString = "select seq from log_head"
LISTEN_LOG: LiteralString = "listen bottega_log"
END_SILENT: LiteralString = "set idle_session_timeout = '5s'"
_POLL = 1.0
_BATCH = 1000


class Entry(msgspec.Struct, frozen=True):
    """One fact at its place in the log; `payload` is the fact as JSON text."""

    seq: int
    id: UUID
    merchant_id: UUID
    store_id: UUID | None
    aggregateid: UUID
    type: str
    version: int
    payload: str
    created_at: datetime


LogConnection = TimelyConnection


async def connect(relay_conninfo: str) -> LogConnection:
    """A connection for reading the log, already listening for news of it.

    Who follows the log asks every second; the server ends the connection of one that stopped asking (a process that is
    suspended), so that the locks it leads by come free.
    """
    connection = await TimelyConnection.connect(relay_conninfo, autocommit=True, prepare_threshold=0)
    await connection.execute(END_SILENT)
    await connection.execute(LISTEN_LOG)
    return connection


async def head(connection: LogConnection) -> int:
    """The position of the newest entry (0 when the log is empty)."""
    cursor = await connection.execute(READ_HEAD)
    row = await cursor.fetchone()
    return row[0] if row else 0


async def read_after(connection: LogConnection, position: int, limit: int = _BATCH) -> list[Entry]:
    """The entries behind a position, in order."""
    async with connection.cursor(row_factory=class_row(Entry)) as cursor:
        await cursor.execute(READ_AFTER, [position, limit])
        return await cursor.fetchall()


async def wait(connection: LogConnection, seconds: float = _POLL) -> None:
    """Return when the sequencer says that the log has grown, or after `seconds`."""
    async for _ in connection.notifies(timeout=seconds, stop_after=1):
        pass


async def follow(relay_conninfo: str) -> AsyncIterator[tuple[int, list[Entry]]]:
    """Batches of entries for ever, from behind the present end, each with the position after it.

    The first batch is empty: it says from where one follows. A lost database is waited for.
    """
    position: int | None = None
    while True:
        try:
            async with await connect(relay_conninfo) as connection:
                if position is None:
                    position = await head(connection)
                    yield position, []
                while True:
                    entries = await read_after(connection, position)
                    if entries:
                        position = entries[-1].seq
                        yield position, entries
                    if len(entries) < _BATCH:
                        await wait(connection)
        except (psycopg.Error, OSError):
            await asyncio.sleep(0.3)
