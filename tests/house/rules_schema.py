"""Rules that ask the database: tenants, keys, states, and whether every statement of the code can be prepared."""

import importlib
import re
from collections.abc import Iterable, Iterator
from types import ModuleType

import psycopg
from psycopg import sql

from tests.house.rules_shape import SQL
from tests.house.source import Finding, Module

# Tables of the installation, not of a tenant, that carry a merchant for routing: no row-level security on purpose.
ROUTING = {"homes"}
# Unique keys that identify across tenants by their nature; they lead with something else. Each says why.
GLOBAL_KEYS = {
    "stores.slug": "a store's address in the browser is one in the world",
    "stores.number": "home numbers are handed out by one sequence",
    "merchants.number": "home numbers are handed out by one sequence",
    "outbox.n": "the order of arrival, read and deleted by the sequencer",
    "log.seq": "the log is one dense sequence for everybody",
    "log.id": "an event is logged once",
    "provider_events.provider_account": "an event of a provider's account is taken once",
}

TENANT_TABLES = """
select c.relname, c.relrowsecurity, c.relforcerowsecurity
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'merchant_id' and not a.attisdropped
where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace order by 1
"""
POLICIES = """
select tablename, policyname, permissive, roles::text[], cmd, qual, with_check from pg_policies
where schemaname = 'public'
"""
KEYS = """
select t.relname, array_agg(a.attname order by k.position)::text[]
from pg_index i join pg_class t on t.oid = i.indrelid
cross join unnest(i.indkey) with ordinality k (number, position)
join pg_attribute a on a.attrelid = t.oid and a.attnum = k.number
where (i.indisunique or i.indisprimary) and t.relnamespace = 'public'::regnamespace
group by t.relname, i.indexrelid order by 1
"""
FOREIGN_KEYS = """
select t.relname, f.relname, array_agg(a.attname order by k.position)::text[]
from pg_constraint c join pg_class t on t.oid = c.conrelid join pg_class f on f.oid = c.confrelid
cross join unnest(c.conkey) with ordinality k (number, position)
join pg_attribute a on a.attrelid = t.oid and a.attnum = k.number
where c.contype = 'f' and t.relnamespace = 'public'::regnamespace
group by t.relname, f.relname, c.oid order by 1, 2
"""
CHECKS = """
select t.relname, a.attname, pg_get_constraintdef(c.oid)
from pg_constraint c join pg_class t on t.oid = c.conrelid
join pg_attribute a on a.attrelid = t.oid and a.attnum = c.conkey[1]
where c.contype = 'c' and array_length(c.conkey, 1) = 1 and a.attname in ('status', 'state')
"""
PREPARABLE = re.compile(r"\s*(?:--[^\n]*\n\s*)*(?:select|insert|update|delete|with|merge|values)\b", re.IGNORECASE)
TENANT = ("merchant_id", "store_id")


def tenant_tables(connection: psycopg.Connection) -> Iterator[Finding]:
    """A table with merchant_id has row-level security, enabled and forced, and a policy that names the tenant."""
    policies = connection.execute(sql.SQL(POLICIES)).fetchall()
    for table, enabled, forced in connection.execute(sql.SQL(TENANT_TABLES)).fetchall():
        if table in ROUTING:
            continue
        if not (enabled and forced):
            yield Finding(table, "row-level security is not enabled and forced")
        own = [row for row in policies if row[0] == table]
        if not any("app.merchant" in (row[5] or "") and "bottega_app" in row[3] for row in own):
            yield Finding(table, "no policy shows bottega_app its merchant's rows only")
        for _, name, permissive, roles, _, qual, check in own:
            if "app.merchant" in (qual or "") and check is None:
                yield Finding(table, f"the policy {name} has no WITH CHECK")
            if (
                permissive == "PERMISSIVE"
                and "app.merchant" not in (qual or "")
                and {"bottega_app", "public"} & set(roles)
            ):
                yield Finding(table, f"the policy {name} lets the application see other merchants")


def keys_lead_with_the_tenant(connection: psycopg.Connection) -> Iterator[Finding]:
    """Unique and foreign keys of tenant tables lead with store_id or merchant_id: the schema can be distributed."""
    tables = {row[0] for row in connection.execute(sql.SQL(TENANT_TABLES)).fetchall()} - ROUTING
    for table, columns in connection.execute(sql.SQL(KEYS)).fetchall():
        if table in tables and columns[0] not in TENANT and f"{table}.{columns[0]}" not in GLOBAL_KEYS:
            yield Finding(f"{table}.{columns[0]}", f"a unique key on {', '.join(columns)}")
    for table, other, columns in connection.execute(sql.SQL(FOREIGN_KEYS)).fetchall():
        if table in tables and other not in ROUTING and columns[0] not in TENANT:
            yield Finding(f"{table}.{columns[0]}", f"a foreign key to {other} on {', '.join(columns)}")


def machines_match_checks(
    connection: psycopg.Connection, machines: Iterable[tuple[str, Iterable[str]]]
) -> Iterator[Finding]:
    """The states of the machines of a table are, together, the states that its CHECK lists. (machine, states)"""
    checks: dict[str, set[str]] = {}
    for table, _, definition in connection.execute(sql.SQL(CHECKS)).fetchall():
        checks[table] = set(re.findall(r"'([A-Z_]+)'::text", definition))
    declared: dict[str, set[str]] = {}
    for machine, states in machines:
        table = table_of(machine, checks)
        if table is None:
            yield Finding(machine, "no table of that name has a CHECK on its status or state")
        else:
            declared.setdefault(table, set()).update(str(state) for state in states)
    for table in sorted(declared):
        if declared[table] != checks[table]:
            difference = ", ".join(sorted(declared[table] ^ checks[table]))
            yield Finding(table, f"the CHECK and the machines differ in {difference}")


def table_of(machine: str, tables: Iterable[str]) -> str | None:
    """The table of a machine: its name begins with the table's noun (`order`, `order shipped`, `payment attempt`)."""
    words = machine.lower().replace("-", " ").replace("_", " ") + " "
    fitting = [table for table in tables if words.startswith(table.removesuffix("s").replace("_", " ") + " ")]
    return max(fitting, key=len, default=None)


def statements(module: ModuleType) -> Iterator[tuple[str, str]]:
    """The SQL constants of a module that PostgreSQL can prepare (it can't LISTEN or SET), by name."""
    for name, value in sorted(vars(module).items()):
        if isinstance(value, str) and name.lstrip("_").isupper() and SQL.match(value) and PREPARABLE.match(value):
            yield f"{module.__name__}.{name}", value


def stores(modules: Iterable[Module]) -> Iterator[ModuleType]:
    """The modules that hold SQL: every slice's store, and infra."""
    for module in modules:
        if module.room == "store" or (module.floor == "infra" and "LiteralString" in module.text):
            yield importlib.import_module(module.name)


def unprepared(connection: psycopg.Connection, named: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """PREPARE every statement: an unknown column, table or type is found here, not by a customer."""
    for name, text in named:
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(sql.SQL("prepare house as " + numbered(text)))
        except psycopg.Error as error:
            yield Finding(name, str(error).splitlines()[0])
        connection.execute("deallocate all")


def numbered(text: str) -> str:
    """psycopg's placeholders, named or not, as PostgreSQL's: $1, $2 …"""
    names: dict[str, int] = {}
    count = 0

    def place(found: re.Match[str]) -> str:
        nonlocal count
        if found.group(0) == "%%":
            return "%"
        name = found.group(1)
        if name is None or name not in names:
            count += 1
        if name is None:
            return f"${count}"
        return f"${names.setdefault(name, count)}"

    return re.sub(r"%%|%(?:\((\w+)\))?[sbt]", place, text.strip().rstrip(";"))
