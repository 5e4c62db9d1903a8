"""Running the checks: all of them in one snapshot, as a role that sees everything and can write nothing.

What must stay true: one `repeatable read read only` transaction, so a moving shop is seen at one instant; a check that
fails or takes too long is reported as an error of its own and does not stop the others.
"""

import time
from collections.abc import Collection, Sequence
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection, IsolationLevel, sql
from psycopg.rows import TupleRow

from bottega.entrypoints.verify.events import EVENTS
from bottega.entrypoints.verify.idempotency import IDEMPOTENCY
from bottega.entrypoints.verify.kitchen import KITCHEN
from bottega.entrypoints.verify.model import Invariant, Outcome, Report, Scope
from bottega.entrypoints.verify.money import MONEY
from bottega.entrypoints.verify.operations import OPERATIONS
from bottega.entrypoints.verify.orders import ORDERS
from bottega.entrypoints.verify.parameters import parameters
from bottega.entrypoints.verify.payments import PAYMENTS
from bottega.entrypoints.verify.privacy import PRIVACY
from bottega.entrypoints.verify.refunds import REFUNDS
from bottega.entrypoints.verify.shortages import SHORTAGES
from bottega.entrypoints.verify.tenancy import TENANCY
from bottega.infra.settings import Settings

INVARIANTS = (
    *MONEY,
    *ORDERS,
    *SHORTAGES,
    *PAYMENTS,
    *REFUNDS,
    *KITCHEN,
    *IDEMPOTENCY,
    *EVENTS,
    *TENANCY,
    *PRIVACY,
    *OPERATIONS,
)
SHOWN = 20
COUNTED = 1000

PREPARE: LiteralString = """
select set_config('statement_timeout', '30s', true), set_config('lock_timeout', '2s', true),
       set_config('jit', 'off', true), set_config('work_mem', '64MB', true), set_config('timezone', 'UTC', true)
"""
BECOME: LiteralString = "select set_config('role', %s, true)"
NOW: LiteralString = "select now()"
LOG_FLOOR: LiteralString = """
select coalesce((select seq from log where logged_at < %(since)s - interval '10 minutes' order by seq desc limit 1), 0)
"""
# As JSON, so that a row can be shown and sent whatever its types are; bounded, because a bad day has many rows.
WRAPPED: LiteralString = "select to_jsonb(found) from ({}) as found limit {}"

Connection = AsyncConnection[TupleRow]


async def run(where: Settings | str, only: Collection[str] | None = None, *, scope: Scope | None = None) -> Report:
    """Run the checks against a database (settings, or its owner's address) and report.

    `only`: names of checks (`money.order_total`) or of groups (`money`). Raises `ValueError` for a name that is none,
    `psycopg.Error` where the database can't be reached or its schema is older than this version.
    """
    url = where if isinstance(where, str) else where.database_url
    chosen = choose(only)
    async with await AsyncConnection.connect(url, application_name="bottega-verify", connect_timeout=10) as connection:
        await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        await connection.set_read_only(True)
        async with connection.transaction():
            return await check(connection, chosen, scope or Scope())


def choose(only: Collection[str] | None) -> tuple[Invariant, ...]:
    """The checks of those names or groups, in their order; all for None. Raises `ValueError` for an unknown one."""
    if only is None:
        return INVARIANTS
    unknown = set(only) - {each.name for each in INVARIANTS} - {each.group for each in INVARIANTS}
    if unknown:
        raise ValueError(f"There is no check and no group called {', '.join(sorted(unknown))}")
    return tuple(each for each in INVARIANTS if each.name in only or each.group in only)


async def check(connection: Connection, invariants: Sequence[Invariant], scope: Scope) -> Report:
    """Run checks inside the transaction that the connection is in; what it may see is what they see."""
    began = time.perf_counter()
    await connection.execute(PREPARE)
    now = await _value(connection, NOW, {})
    await connection.execute(BECOME, ["bottega_auditor"])
    floor = 0 if scope.since is None else await _value(connection, LOG_FLOOR, {"since": scope.since})
    values = parameters(scope, now, floor)
    outcomes = [await _outcome(connection, each, values) for each in invariants if not each.of_server]
    await connection.execute(BECOME, ["none"])
    outcomes += [await _outcome(connection, each, values) for each in invariants if each.of_server]
    order = {each.name: place for place, each in enumerate(invariants)}
    return Report(
        at=now,
        since=scope.since,
        milliseconds=_milliseconds(began),
        outcomes=tuple(sorted(outcomes, key=lambda outcome: order[outcome.name])),
    )


async def _outcome(connection: Connection, invariant: Invariant, values: dict[str, Any]) -> Outcome:
    began = time.perf_counter()
    query = sql.SQL(WRAPPED).format(sql.SQL(invariant.sql), sql.Literal(COUNTED))
    rows: list[TupleRow] = []
    error = None
    try:
        async with connection.transaction():
            cursor = await connection.execute(query, values)
            rows = await cursor.fetchall()
    except psycopg.errors.OperationalError as problem:
        if connection.closed:
            raise
        error = str(problem).strip()
    except psycopg.Error as problem:
        error = str(problem).strip()
    return Outcome(
        name=invariant.name,
        sentence=invariant.sentence,
        numbers=invariant.numbers,
        level=invariant.level,
        found=len(rows),
        rows=tuple(row[0] for row in rows[:SHOWN]),
        milliseconds=_milliseconds(began),
        error=error,
    )


def _milliseconds(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)


async def _value(connection: Connection, query: LiteralString, values: dict[str, Any]) -> Any:
    cursor = await connection.execute(query, values)
    row = await cursor.fetchone()
    assert row is not None
    return row[0]
