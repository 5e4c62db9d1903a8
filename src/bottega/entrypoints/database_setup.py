"""Bringing a database to the schema of this version, and saying how far it is.

An empty database gets schema.sql, which is the whole of it; any other gets the migrations that it has not had, in order.
What must stay true: each step and its line in `schema_migrations` commit together or not at all; two processes that
start at once do it once (an advisory lock); a step that can't get its table lock in time gives up and tries again
instead of blocking the shop. Owners of the database run this, through a direct connection (the lock lives in it).
"""

import asyncio
from importlib import resources
from importlib.resources.abc import Traversable
from typing import LiteralString

import msgspec
import psycopg
from psycopg import AsyncConnection, errors
from psycopg.rows import TupleRow

SCHEMA: Traversable = resources.files("bottega.schema")
FRESH = "schema.sql"
OLDEST = 150_000
LOCK_TRIES = 5

TAKE_LOCK: LiteralString = "select pg_advisory_lock(hashtext('bottega.migrate'))"
SET_PATIENCE: LiteralString = """
select set_config('lock_timeout', '2s', false), set_config('statement_timeout', '0', false),
       set_config('search_path', 'public', false)
"""
HAS_HISTORY: LiteralString = "select to_regclass('public.schema_migrations') is not null"
HAS_TABLES: LiteralString = "select exists (select from pg_tables where schemaname = 'public')"
READ_HISTORY: LiteralString = "select name from public.schema_migrations"
WRITE_HISTORY: LiteralString = "insert into schema_migrations (name) select unnest(%(names)s::text[])"


class DatabaseSetupError(RuntimeError):
    """The database can't be brought to this version; the message says why and what to do, for a person to read."""


class MigrationStatus(msgspec.Struct, frozen=True):
    """How far a database is. `unknown` are steps that a newer version has applied; this one can live with them."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing has ever been applied."""
        return not self.applied and not self.unknown

    @property
    def is_current(self) -> bool:
        """Whether there is nothing left to do."""
        return not self.pending


async def migrate(owner_url: str, schema: Traversable = SCHEMA) -> list[str]:
    """Bring the database to this version; the names of the files that were applied, none if it was there already.

    Waits for another process that does the same. Raises `DatabaseSetupError` for a server that is too old, a database
    that holds something else, or a step that fails (those before it stay applied), `psycopg.OperationalError` where
    there is no database.
    """
    async with await _connect(owner_url) as connection:
        await connection.execute(TAKE_LOCK)
        await connection.execute(SET_PATIENCE)
        await _apply(connection, schema, "roles.sql", ())
        history = await _history(connection)
        if history is None:
            if await _value(connection, HAS_TABLES):
                raise DatabaseSetupError(
                    "This database holds tables that are not bottega's. Give it an empty database of its own."
                )
            await _apply(connection, schema, FRESH, steps(schema))
            return [FRESH]
        pending = [name for name in steps(schema) if name not in history]
        for name in pending:
            await _apply(connection, schema, f"migrations/{name}", (name,))
        return pending


async def migration_status(url: str, schema: Traversable = SCHEMA) -> MigrationStatus:
    """How far the database is; changes nothing. Raises as `migrate` where there is no database or a too old server."""
    async with await _connect(url) as connection:
        history = await _history(connection) or set[str]()
    known = steps(schema)
    return MigrationStatus(
        applied=tuple(name for name in known if name in history),
        pending=tuple(name for name in known if name not in history),
        unknown=tuple(sorted(history - set(known))),
    )


def steps(schema: Traversable = SCHEMA) -> tuple[str, ...]:
    """The migrations of this version in their order: by number, `.pre.sql` ahead of `.post.sql`."""
    names = [each.name for each in (schema / "migrations").iterdir() if each.name.endswith((".pre.sql", ".post.sql"))]
    return tuple(sorted(names, key=lambda name: (name.split("_", 1)[0], name.endswith(".post.sql"), name)))


async def _connect(url: str) -> AsyncConnection[TupleRow]:
    connection = await AsyncConnection.connect(
        url, autocommit=True, application_name="bottega-migrate", connect_timeout=10
    )
    version = connection.info.server_version
    if version < OLDEST:
        await connection.close()
        raise DatabaseSetupError(f"This is PostgreSQL {version // 10_000}; bottega needs 15 or newer.")
    return connection


async def _history(connection: AsyncConnection[TupleRow]) -> set[str] | None:
    """The steps that were applied; None in a database that never had any."""
    if not await _value(connection, HAS_HISTORY):
        return None
    cursor = await connection.execute(READ_HISTORY)
    return {row[0] for row in await cursor.fetchall()}


async def _apply(connection: AsyncConnection[TupleRow], schema: Traversable, path: str, names: tuple[str, ...]) -> None:
    """Run one file and write down `names` as applied, in one transaction; patient with locks that others hold."""
    script = (schema / path).read_bytes()
    for attempt in range(1, LOCK_TRIES + 1):
        try:
            async with connection.transaction():
                await connection.execute(script)
                if names:
                    await connection.execute(WRITE_HISTORY, {"names": list(names)})
            return
        except errors.LockNotAvailable as error:
            if attempt == LOCK_TRIES:
                raise DatabaseSetupError(
                    f"{path} did not get its table lock: something long is running in the database. Try again later."
                ) from error
            await asyncio.sleep(0.5 * attempt)
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            raise DatabaseSetupError(f"{path} failed: {error}") from error


async def _value(connection: AsyncConnection[TupleRow], query: LiteralString) -> bool:
    cursor = await connection.execute(query)
    row = await cursor.fetchone()
    return row is not None and bool(row[0])
