"""The one door to writing: `Database.run` (and `answer`, the same with an idempotency key and a rendered answer).

It begins, sets timeouts and the tenant for this transaction only, claims the key, calls the action, writes the facts and
the audit row, stores the answer, commits, and retries the whole action on deadlock, serialization failure, or when it
says that it was `Overtaken`. A lost connection means *unknown*: the caller gets `Unavailable` and may repeat with the
same key.
"""

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import msgspec
import psycopg
from psycopg import errors as pg

from bottega.infra.db import SET_TENANT, Connection, Pools, ReadTx
from bottega.infra.fault_points import point
from bottega.infra.outbox import INSERT_FACTS, Waker, row_of
from bottega.infra.telemetry import ACTION_SECONDS, RETRIES
from bottega.kit import ids
from bottega.kit.clock import utc_now
from bottega.kit.errors import IdempotencyKeyInUse, IdempotencyKeyReused, Unavailable
from bottega.kit.fact import Fact
from bottega.kit.subject import Subject

C = TypeVar("C")
R = TypeVar("R")
_TRIES = 4


class Overtaken(Exception):
    """What an action read has changed since, in a way that does not answer its command: it is done again from the start."""


_RETRYABLE = (pg.DeadlockDetected, pg.SerializationFailure, Overtaken)

CLAIM_KEY: LiteralString = """
insert into idempotency_keys (merchant_id, subject_id, route, key, fingerprint, created_at)
values (%(merchant)s, %(subject)s, %(route)s, %(key)s, %(fingerprint)s, %(now)s)
on conflict (merchant_id, subject_id, route, key) do nothing returning true
"""
READ_KEY: LiteralString = """
select fingerprint, status, answer from idempotency_keys
where merchant_id = %(merchant)s and subject_id = %(subject)s and route = %(route)s and key = %(key)s
"""
FINISH_KEY: LiteralString = """
update idempotency_keys set status = %(status)s, answer = %(answer)s, finished_at = %(now)s
where merchant_id = %(merchant)s and subject_id = %(subject)s and route = %(route)s and key = %(key)s
"""
INSERT_AUDIT: LiteralString = """
insert into audit_log (merchant_id, audit_id, action, store_id, actor_kind, actor_id, details, at)
values (%(merchant)s, %(audit_id)s, %(action)s, %(store)s, %(kind)s, %(actor)s, %(details)s::jsonb, %(now)s)
"""


class Claim(msgspec.Struct, frozen=True):
    """An idempotency key as it arrived: for which route, with which body (its fingerprint, 16 bytes)."""

    route: str
    key: str
    fingerprint: bytes


def fingerprint(*parts: Any) -> bytes:
    """16 bytes that are the same for the same command, however its JSON was written."""
    return hashlib.blake2b(msgspec.json.encode(parts), digest_size=16).digest()


class Answer(msgspec.Struct, frozen=True):
    """A rendered answer: what is sent, and sent again to a retry."""

    status: int
    body: bytes
    replayed: bool = False


class Tx(ReadTx):
    """All that an action knows of the world: connection, merchant, subject, now, new ids, and facts to tell."""

    merchant_id: UUID

    def __init__(self, connection: Connection, subject: Subject, now: datetime) -> None:
        super().__init__(connection, subject.merchant_id)
        self.subject = subject
        self.now = now
        self.facts: list[Fact] = []
        self.notes: list[tuple[UUID | None, dict[str, Any]]] = []

    def new_id(self, home: int) -> UUID:
        """A fresh id for something that the store or merchant with this home number owns."""
        return ids.new_id(home)

    def emit(self, fact: Fact) -> None:
        """Tell a fact: it is written to the outbox with everything else, or not at all."""
        self.facts.append(fact)

    def note(self, store_id: UUID | None = None, **details: Any) -> None:
        """What an audit row of this action says beside who and when; a row for each time."""
        self.notes.append((store_id, details))

    def require(self, permission: str, store_id: UUID | None = None) -> None:
        """Raise `Forbidden` unless the subject holds the permission at that store."""
        self.subject.require(permission, store_id)

    async def execute(self, sql: LiteralString, parameters: dict[str, Any]) -> int:
        """Run a statement; how many rows it changed."""
        cursor = await self.connection.execute(sql, parameters)
        return cursor.rowcount


Action = Callable[[Tx, C], Awaitable[R]]


class Database:
    """The database of one process: `read` for a snapshot, `run` and `answer` as the only ways to write."""

    def __init__(self, pools: Pools, waker: Waker) -> None:
        self.pools = pools
        self.read = pools.read
        self.waker = waker

    async def run(self, action: Action[C, R], command: C, *, by: Subject) -> R:
        """Run an action in a transaction of its own and return what it returns."""
        return await self._retrying(action, command, by, None, None)

    async def answer(
        self, action: Action[C, R], command: C, *, by: Subject, key: Claim, view: Callable[[R], Answer]
    ) -> Answer:
        """Run an action once per key: a repeat gets the first answer, with `replayed` set.

        Raises `IdempotencyKeyReused` for another body, `IdempotencyKeyInUse` while the first still runs. A refusal
        stores nothing, because nothing happened: the same key may be tried again.
        """
        return await self._retrying(action, command, by, key, view)

    async def _retrying(
        self, action: Action[C, R], command: C, by: Subject, key: Claim | None, view: Callable[[R], Answer] | None
    ) -> Any:
        name = getattr(action, "__name__", "action")
        for attempt in range(1, _TRIES + 1):
            try:
                with ACTION_SECONDS.labels(name).time():
                    async with self.pools.connection() as connection:
                        return await self._once(connection, action, command, by, key, view)
            except _RETRYABLE as error:
                RETRIES.labels(name).inc()
                if attempt == _TRIES:
                    raise Unavailable("Too much is happening at once, try again", retry_after=1) from error
                await asyncio.sleep(random.uniform(0.005, 0.03) * attempt)  # noqa: S311 - jitter, not a secret
            except (pg.LockNotAvailable, pg.QueryCanceled) as error:
                raise Unavailable("Somebody else is changing this right now, try again", retry_after=1) from error
            except (pg.DiskFull, pg.InsufficientResources, pg.ReadOnlySqlTransaction) as error:
                raise Unavailable("The database can't take changes right now", retry_after=5) from error
        raise AssertionError("unreachable")

    async def _once(
        self,
        connection: Connection,
        action: Action[C, R],
        command: C,
        by: Subject,
        key: Claim | None,
        view: Callable[[R], Answer] | None,
    ) -> Any:
        tx = Tx(connection, by, utc_now())
        name = getattr(action, "__name__", "action")
        try:
            async with connection.pipeline():
                await connection.execute("begin")
                await connection.execute(SET_TENANT, [str(by.merchant_id)])
            if key is not None:
                earlier = await _claim(tx, key)
                if earlier is not None:
                    await connection.execute("rollback")
                    return earlier
            result = await action(tx, command)
            answer = view(result) if view is not None else None
            async with connection.pipeline():
                await write_facts(tx)
                await _write_audit(tx, name)
                if key is not None and answer is not None:
                    await connection.execute(
                        FINISH_KEY, _key_values(tx, key) | {"status": answer.status, "answer": answer.body}
                    )
                await point("commit.before", name)
                await connection.execute("commit")
            await point("commit.after", name)
        except BaseException:
            if not connection.closed:
                with suppress(psycopg.Error):
                    await connection.execute("rollback")
            raise
        if tx.facts:
            self.waker.wake()
        return result if view is None else answer


async def write_facts(tx: Tx) -> None:
    """Put the facts that an action told into the outbox, in the order in which it told them."""
    if tx.facts:
        at = tx.now.isoformat()
        rows = [row_of(fact, fact_id=ids.new_id(0), merchant_id=tx.merchant_id, at=at) for fact in tx.facts]
        await tx.connection.execute(INSERT_FACTS, [msgspec.json.encode(rows).decode()])


async def _write_audit(tx: Tx, action: str) -> None:
    for store_id, details in tx.notes:
        values = {
            "merchant": tx.merchant_id,
            "audit_id": ids.new_id(0),
            "action": action,
            "store": store_id,
            "kind": tx.subject.kind.value,
            "actor": tx.subject.subject_id,
            "details": msgspec.json.encode(details).decode(),
            "now": tx.now,
        }
        await tx.connection.execute(INSERT_AUDIT, values)


def _key_values(tx: Tx, key: Claim) -> dict[str, Any]:
    return {
        "merchant": tx.merchant_id,
        "subject": tx.subject.subject_id,
        "route": key.route,
        "key": key.key,
        "fingerprint": key.fingerprint,
        "now": tx.now,
    }


async def _claim(tx: Tx, key: Claim) -> Answer | None:
    """Take the key for this transaction, or give the answer that it already has."""
    values = _key_values(tx, key)
    try:
        if await tx.value(CLAIM_KEY, values):
            return None
    except pg.LockNotAvailable as error:
        raise IdempotencyKeyInUse(retry_after=1) from error
    cursor = await tx.connection.execute(READ_KEY, values)
    found = await cursor.fetchone()
    if found is None:
        raise IdempotencyKeyInUse(retry_after=1)
    fingerprint, status, body = found
    if bytes(fingerprint) != key.fingerprint:
        raise IdempotencyKeyReused
    if status is None:
        raise IdempotencyKeyInUse(retry_after=1)
    return Answer(status, bytes(body), replayed=True)
