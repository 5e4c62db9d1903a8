"""Looks at the database: the server, the schema, and the log with everybody who follows it. Reads only."""

from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from bottega.entrypoints.database_setup import OLDEST, DatabaseSetupError, migration_status
from bottega.entrypoints.doctor.model import Check, Patient, failed, ok, skipped, warning
from bottega.infra.sequencer import SEQUENCER_LOCK

CONSUMERS = ("orders", "kitchen")
SKEW_WARNING, SKEW_LIMIT = 1.0, 30.0  # seconds; tokens and promised times go wrong beyond
LAG_LIMIT = 30.0  # seconds that facts may wait for the sequencer
BEHIND_WARNING, BEHIND_LIMIT = 1_000, 50_000  # facts that a consumer may have before it
REACHED = ("version", "encoding", "roles", "migrations", "durability", "clock")
FOLLOWED = ("worker", "outbox", "consumers", "parked events")

SERVER: LiteralString = """
select current_setting('server_version_num')::int as version, clock_timestamp() as now,
       pg_encoding_to_char(d.encoding) as encoding, current_setting('fsync') as fsync,
       current_setting('full_page_writes') as full_page_writes,
       current_setting('synchronous_commit') as synchronous_commit
from pg_database d where d.datname = current_database()
"""
ROLES: LiteralString = """
select r.name, p.rolname is not null as there,
       coalesce(pg_has_role(current_user, p.oid, 'member'), false) as ours, coalesce(p.rolbypassrls, false) as passes
from unnest(array['bottega_app', 'bottega_batch', 'bottega_relay', 'bottega_auditor']) as r(name)
left join pg_roles p on p.rolname = r.name
"""
FOLLOWERS: LiteralString = """
select (select seq from log_head) as head,
       (select count(*) from (select from outbox limit 100001) as waiting) as waiting,
       coalesce((select extract(epoch from clock_timestamp() - min(created_at)) from outbox), 0)::float8 as lag,
       exists (select from pg_locks where locktype = 'advisory' and granted and objsubid = 1
               and database = (select oid from pg_database where datname = current_database())
               and (classid::bigint << 32) + objid::bigint = %(lock)s) as leads
"""
CONSUMER: LiteralString = """
select c.name, c.position, c.updated_at,
  (select count(*) from log l where l.seq > c.position) as behind
from consumers c
"""
PARKED: LiteralString = "select consumer, count(*) as parked, max(error) as error from parked_events group by consumer"


async def look(patient: Patient) -> list[Check]:
    """All looks at the database."""
    url = patient.settings.database_url
    if not url:
        said = "the embedded one is not running" if patient.folder else "none is named"
        mend = "Set BOTTEGA_DATABASE_URL, or start `bottega demo` (`bottega up --data FOLDER`)."
        check = skipped("database", said) if patient.folder else failed("database", said, mend)
        return [check, *_skipped(REACHED + FOLLOWED, "no database")]
    try:
        connection = await AsyncConnection[DictRow].connect(
            url, autocommit=True, connect_timeout=5, application_name="bottega-doctor", row_factory=dict_row
        )
    except psycopg.Error as error:
        said = str(error).strip().splitlines()[-1]
        mend = "Is the server running, are host, port, user and password of BOTTEGA_DATABASE_URL right?"
        return [failed("database", said, mend), *_skipped(REACHED + FOLLOWED, "no database")]
    async with connection:
        checks = [ok("database", "reachable"), *await _server(connection), await _roles(connection)]
        schema = await _migrations(url)
        checks.append(schema)
        if schema.mend:
            return [*checks, *_skipped(FOLLOWED, "no schema")]
        try:
            return [*checks, *await _followers(connection, patient)]
        except psycopg.Error as error:
            said = str(error).strip().splitlines()[0]
            return [*checks, failed("worker", said, "Run `bottega migrate` as the owner of the database.")]


def _skipped(names: tuple[str, ...], reason: str) -> list[Check]:
    return [skipped(name, reason) for name in names]


async def _server(connection: AsyncConnection[DictRow]) -> list[Check]:
    before = datetime.now(UTC)
    row = await _one(connection, SERVER)
    after = datetime.now(UTC)
    version = row["version"]
    checks = [
        ok("version", f"PostgreSQL {version // 10000}.{version % 10000}")
        if version >= OLDEST
        else failed("version", f"PostgreSQL {version // 10000}", "bottega needs PostgreSQL 15 or newer."),
        ok("encoding", row["encoding"])
        if row["encoding"] == "UTF8"
        else failed("encoding", row["encoding"], "Make the database with ENCODING 'UTF8' and move the data there."),
    ]
    off = [name for name in ("fsync", "full_page_writes", "synchronous_commit") if row[name] == "off"]
    checks.append(
        failed("durability", f"{', '.join(off)} off: a crash loses acknowledged orders", "Turn them on.")
        if off
        else ok("durability", "fsync, full_page_writes and synchronous_commit are on")
    )
    # Between the two readings of our clock its own was read: it is off only by what lies outside of them.
    skew = max((row["now"] - after).total_seconds(), (before - row["now"]).total_seconds(), 0.0)
    said = f"{skew:.1f} s beside the database's"
    mend = "Let both machines keep time (NTP)."
    if skew > SKEW_LIMIT:
        checks.append(failed("clock", said, mend))
    else:
        checks.append(warning("clock", said, mend) if skew > SKEW_WARNING else ok("clock", said))
    return checks


async def _roles(connection: AsyncConnection[DictRow]) -> Check:
    cursor = await connection.execute(ROLES)
    rows = await cursor.fetchall()
    missing = [row["name"] for row in rows if not (row["there"] and row["ours"])]
    if missing:
        return failed("roles", f"{', '.join(missing)} can't be used", "Run `bottega migrate` as the database's owner.")
    passing = [row["name"] for row in rows if row["passes"]]
    if passing:
        return failed("roles", f"{', '.join(passing)} may pass row-level security", "ALTER ROLE … NOBYPASSRLS.")
    return ok("roles", "all are there, none passes row-level security")


async def _migrations(url: str) -> Check:
    try:
        status = await migration_status(url)
    except (DatabaseSetupError, psycopg.Error) as error:
        return failed("migrations", str(error).strip(), "See the line above.")
    if status.is_empty:
        return failed("migrations", "the database is empty", "Run `bottega migrate` (demo and up do it by themselves).")
    if status.pending:
        return failed("migrations", f"missing: {', '.join(status.pending)}", "Run `bottega migrate`.")
    if status.unknown:
        return ok("migrations", f"current; a newer version has been here too ({', '.join(status.unknown)})")
    return ok("migrations", f"current, {len(status.applied)} applied")


async def _followers(connection: AsyncConnection[DictRow], patient: Patient) -> list[Check]:
    row = await _one(connection, FOLLOWERS, {"lock": SEQUENCER_LOCK})
    cursor = await connection.execute(CONSUMER)
    consumers = {each["name"]: each for each in await cursor.fetchall()}
    cursor = await connection.execute(PARKED)
    parked = await cursor.fetchall()
    return [_leader(row, patient), _outbox(row), _consumers(consumers, row["head"]), _parked(parked)]


def _leader(row: DictRow, patient: Patient) -> Check:
    if row["leads"]:
        return ok("worker", "leads")
    mend = "Start one: `bottega up --role worker`; if one runs, look at its log."
    if patient.runs or row["waiting"]:
        return failed("worker", "none leads: boards and tracking pages stand still", mend)
    return skipped("worker", "bottega is not running")


def _outbox(row: DictRow) -> Check:
    said = f"{row['waiting']} facts wait, the oldest for {row['lag']:.1f} s" if row["waiting"] else "empty"
    if row["lag"] > LAG_LIMIT:
        return failed("outbox", said, "A worker has to run and lead: `bottega up --role worker`.")
    return ok("outbox", said)


def _consumers(consumers: dict[str, DictRow], head: int) -> Check:
    missing = [name for name in CONSUMERS if name not in consumers]
    if missing and head:
        return failed("consumers", f"{', '.join(missing)} never ran", "Start a worker: `bottega up --role worker`.")
    behind = {name: each["behind"] for name, each in consumers.items()}
    said = ", ".join(f"{name} {count} behind" for name, count in sorted(behind.items())) or "no facts yet"
    worst = max(behind.values(), default=0)
    mend = "Look at the worker's log: it is slow, stopped, or stuck on one fact."
    if worst > BEHIND_LIMIT:
        return failed("consumers", said, mend)
    return warning("consumers", said, mend) if worst > BEHIND_WARNING else ok("consumers", said)


def _parked(parked: list[DictRow]) -> Check:
    if not parked:
        return ok("parked events", "none")
    said = "; ".join(f"{row['consumer']}: {row['parked']} ({row['error'][:120]})" for row in parked)
    return failed("parked events", said, "Mend the cause that they name, then take them again (table parked_events).")


async def _one(connection: AsyncConnection[DictRow], sql: LiteralString, parameters: Any = None) -> DictRow:
    cursor = await connection.execute(sql, parameters)
    row = await cursor.fetchone()
    assert row is not None
    return row
