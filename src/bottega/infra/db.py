"""Connections: the pools of a process and what a connection must look like. Who may write is `transaction.py`'s matter.

Every connection acts as `bottega_app` from its first moment (the `role` start-up option), so no query ever runs as the
owner. Statements are prepared on first use and kept.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import msgspec
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from bottega.infra.connection import TimelyConnection
from bottega.kit.errors import Unavailable

T = TypeVar("T")
Connection = TimelyConnection

READ_BEGIN: LiteralString = "begin transaction isolation level repeatable read read only"
SET_TENANT: LiteralString = """
select set_config('app.merchant', %s, true), set_config('lock_timeout', '2s', true),
       set_config('statement_timeout', '5s', true), set_config('idle_in_transaction_session_timeout', '5s', true)
"""
SET_ROLE: LiteralString = """
select set_config('role', %s, true), set_config('lock_timeout', '2s', true),
       set_config('statement_timeout', '5s', true), set_config('idle_in_transaction_session_timeout', '5s', true)
"""


HEALTH: LiteralString = """
select not pg_is_in_recovery() and current_setting('default_transaction_read_only') = 'off',
  coalesce((select extract(epoch from clock_timestamp() - min(created_at)) from outbox), 0)
"""


_LIMITS = "-c lock_timeout=2s -c statement_timeout=5s -c idle_in_transaction_session_timeout=5s"
"""What `SET_TENANT` and `SET_ROLE` say in each transaction, for a connection that has one purpose only."""


def app_conninfo(url: str, *, role: str = "bottega_app", name: str = "bottega", limits: bool = False) -> str:
    """The connection string under which a process works: a role without ownership, keepalives, a connect timeout.

    `limits` also bounds what every statement on the connection may take.
    """
    return make_conninfo(
        url,
        options=f"-c role={role} -c timezone=UTC {_LIMITS if limits else ''}".strip(),
        application_name=name,
        connect_timeout="5",
        keepalives_idle="10",
        keepalives_interval="3",
        keepalives_count="3",
        tcp_user_timeout="10000",
    )


async def _configure(connection: Connection) -> None:
    await connection.set_autocommit(True)
    connection.prepare_threshold = 0


def is_lost(error: psycopg.Error) -> bool:
    """Whether an error means that the connection is gone (class 08, a shutdown, or no answer at all)."""
    state = error.sqlstate
    return state is None or state.startswith("08") or state in {"57P01", "57P02", "57P03", "53300"}


_RECONNECT_SECONDS = 0.2


class ReadTx:
    """A consistent, read-only view of one merchant (or, as the relay, of the streams)."""

    def __init__(self, connection: Connection, merchant_id: UUID | None) -> None:
        self.connection = connection
        self.merchant_id = merchant_id

    async def rows(self, sql: LiteralString, parameters: dict[str, Any], into: type[T]) -> list[T]:
        """Every row of a statement as structs."""
        async with self.connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(sql, parameters)
            return msgspec.convert(await cursor.fetchall(), list[into])

    async def row(self, sql: LiteralString, parameters: dict[str, Any], into: type[T]) -> T | None:
        """The first row of a statement as a struct, or None."""
        async with self.connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(sql, parameters)
            found = await cursor.fetchone()
            return None if found is None else msgspec.convert(found, into)

    async def value(self, sql: LiteralString, parameters: dict[str, Any]) -> Any:
        """The first column of the first row, or None."""
        cursor = await self.connection.execute(sql, parameters)
        found = await cursor.fetchone()
        return None if found is None else found[0]


class Pools:
    """The connections of one process: a pool that is asked politely (bounded wait, then `Unavailable`)."""

    def __init__(self, url: str, *, size: int = 8, name: str = "bottega") -> None:
        self.url = url
        self.conninfo = app_conninfo(url, name=name)
        self._trying: asyncio.Task[None] | None = None
        self.relay_conninfo = app_conninfo(url, role="bottega_relay", name=f"{name}-relay")
        self.pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            self.conninfo,
            connection_class=TimelyConnection,
            min_size=1,
            max_size=size,
            timeout=5,
            max_waiting=500,
            configure=_configure,
            reconnect_timeout=_RECONNECT_SECONDS,
            reconnect_failed=self._try_again,
            open=False,
        )

    async def open(self) -> None:
        """Open the pool; it connects in the background, so the process starts while the database is still coming up."""
        await self.pool.open()

    async def close(self) -> None:
        """Close every connection."""
        if self._trying is not None:
            self._trying.cancel()
        await self.pool.close()

    async def _try_again(self, _: AsyncConnectionPool[Connection]) -> None:
        """A connection could not be made, and the pool has given up. Who waits for one would wait in vain: go on trying."""
        if self._trying is None or self._trying.done():
            self._trying = asyncio.create_task(self._grow_again(), name="pool-again")

    async def _grow_again(self) -> None:
        while True:
            await asyncio.sleep(_RECONNECT_SECONDS)
            await self.pool.check()
            if not self.pool.get_stats().get("requests_waiting"):
                return

    async def _taken(self) -> Connection:
        """A connection of the pool on which the server has not hung up. Raises `PoolTimeout`.

        After a restart of the server all of them are dead at once. The pool's own check would wait longer and longer
        before it looks at the next one; here they are let go at once, and the pool makes new ones.
        """
        ends = time.monotonic() + self.pool.timeout
        while True:
            connection = await self.pool.getconn(ends - time.monotonic())
            if not connection.is_over:
                return connection
            await connection.close()
            await self.pool.putconn(connection)

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        """A connection of the pool. Raises `Unavailable` when none comes free in time or the database is away."""
        try:
            connection = await self._taken()
            try:
                async with connection:
                    yield connection
            finally:
                await self.pool.putconn(connection)
        except PoolTimeout as error:
            raise Unavailable("The database is not reachable right now", retry_after=1) from error
        except psycopg.OperationalError as error:
            if is_lost(error):
                raise Unavailable("The database went away", retry_after=1) from error
            raise

    @asynccontextmanager
    async def read(self, merchant_id: UUID | None, *, role: str | None = None) -> AsyncGenerator[ReadTx]:
        """One snapshot for reading: of one merchant, or with `role='bottega_relay'` of the streams."""
        async with self.connection() as connection:
            async with connection.pipeline():
                await connection.execute(READ_BEGIN)
                if role is None:
                    await connection.execute(SET_TENANT, [str(merchant_id or "")])
                else:
                    await connection.execute(SET_ROLE, [role])
            try:
                yield ReadTx(connection, merchant_id)
            finally:
                if not connection.closed:
                    await connection.execute("rollback")

    async def health(self) -> tuple[bool, float]:
        """Whether the database takes writes, and how many seconds the oldest fact of the outbox has waited."""
        async with self.read(None, role="bottega_relay") as tx:
            cursor = await tx.connection.execute(HEALTH)
            row = await cursor.fetchone()
        assert row is not None
        return bool(row[0]), float(row[1])
