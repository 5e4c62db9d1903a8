"""The database's own benchmark, writing exactly the rows that an order writes: one transaction an order, one round trip.

The rows are recorded from an order that was placed over HTTP; what differs from order to order (ids, key, number, times,
store, guest) is made by the server. Two scripts do the same, a statement with writing CTEs and a function; whichever is
faster on this machine, with the client count that suits it best, stands for "pgbench". It connects as the owner, whom
row-level security does not slow down.
"""

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import psycopg
from psycopg import sql

from bottega.infra.postgres import EmbeddedPostgres

CLIENTS = (4, 8, 16, 32, 64)
TABLES = ("order_counters", "orders", "order_lines", "order_events", "outbox")
_IDENTITY = frozenset({("outbox", "n")})
_TPS = re.compile(r"^tps = ([0-9.]+) \(without", re.MULTILINE)
_VARIABLE = re.compile(r"(?<!:):([A-Za-z_]\w*)")

# What the server makes for each order; `at`, `order_id`, `store_id` and `placed_by` come from the one row of `made`.
_MADE: dict[str, LiteralString] = {
    "store_id": "made.store_id",
    "order_id": "made.order_id",
    "aggregateid": "made.order_id",
    "placed_by": "made.placed_by",
    "actor_id": "made.placed_by",
    "created_at": "made.at",
    "updated_at": "made.at",
    "promised_at": "made.at",
    "at": "made.at",
    "idempotency_key": "uuidv7()::text",
    "line_id": "uuidv7()",
    "id": "uuidv7()",
    "number": "counted.last_number",
}


class Sample(msgspec.Struct, frozen=True):
    """The rows of one order: per table its columns and the rows' values."""

    columns: dict[str, list[str]]
    rows: dict[str, list[list[Any]]]


class Baseline(msgspec.Struct, frozen=True):
    """The fastest way for pgbench that was found here."""

    script: str
    clients: int
    rate: float


def record(connection: psycopg.Connection[Any]) -> Sample:
    """The rows of the order that is in the database (there must be one, with its fact still in the outbox)."""
    columns: dict[str, list[str]] = {}
    rows: dict[str, list[list[Any]]] = {}
    for table in TABLES:
        found = connection.execute(sql.SQL("select * from {}").format(sql.Identifier(table)))
        names = [column.name for column in found.description or ()]
        kept = [i for i, name in enumerate(names) if (table, name) not in _IDENTITY]
        columns[table] = [names[i] for i in kept]
        rows[table] = [[row[i] for i in kept] for row in found.fetchall()]
    return Sample(columns, rows)


def scripts(sample: Sample, stores: Sequence[UUID], guests: Sequence[UUID]) -> tuple[str, dict[str, str]]:
    """The SQL that makes the function, and the scripts by name."""
    choice = f"\\set s random(1, {len(stores)})\n\\set g random(1, {len(guests)})\n"
    made = _made(stores, guests, sql.SQL(":s"), sql.SQL(":g"))
    parts = [sql.SQL("made as materialized ({})").format(made)]
    parts += [
        sql.SQL("{} as ({})").format(
            sql.Identifier(f"w_{table}" if table != "order_counters" else "counted"), statement
        )
        for table, statement in _inserts(sample).items()
    ]
    one = sql.SQL("with {} select 1;").format(sql.SQL(", ").join(parts)).as_string()
    loose = set(_VARIABLE.findall(one)) - {"s", "g"}
    assert not loose, f"pgbench would take {loose} for variables"
    return _function(sample, stores, guests), {
        "statement": choice + one.replace("\n", " ") + "\n",
        "function": f"{choice}select bench_place(:s, :g);\n",
    }


def _made(stores: Sequence[UUID], guests: Sequence[UUID], store: sql.Composable, guest: sql.Composable) -> sql.Composed:
    return sql.SQL(
        "select uuidv7() as order_id, now() as at, ({}::uuid[])[{}] as store_id, ({}::uuid[])[{}] as placed_by"
    ).format(_array(stores), store, _array(guests), guest)


def _array(values: Sequence[UUID]) -> sql.Literal:
    return sql.Literal("{" + ",".join(map(str, values)) + "}")


def _inserts(sample: Sample) -> dict[str, sql.Composed]:
    """One INSERT per table, selecting from `made` and `counted`."""
    statements: dict[str, sql.Composed] = {}
    for table in TABLES:
        columns = sample.columns[table]
        rows = [
            sql.SQL("select {} from made{}").format(
                sql.SQL(", ").join(_value(table, *pair) for pair in zip(columns, row, strict=True)),
                sql.SQL(", counted" if table == "orders" else ""),
            )
            for row in sample.rows[table]
        ]
        statement = sql.SQL("insert into {} ({}) {}").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns)), sql.SQL(" union all ").join(rows)
        )
        if table == "order_counters":
            statement += sql.SQL(
                " on conflict (store_id, business_date) do update"
                " set last_number = order_counters.last_number + 1 returning last_number"
            )
        statements[table] = statement
    return statements


def _value(table: str, column: str, value: Any) -> sql.Composable:
    if column in _MADE and not (table == "order_counters" and column != "store_id"):
        return sql.SQL(_MADE[column])
    if table == "order_counters" and column == "last_number":
        return sql.SQL("1")
    if isinstance(value, (dict, list)):  # written with a blank behind each colon: pgbench takes `:true` for a variable
        return sql.SQL("{}::jsonb").format(sql.Literal(json.dumps(value)))
    if isinstance(value, UUID):
        return sql.SQL("{}::uuid").format(sql.Literal(str(value)))
    return sql.SQL("null") if value is None else sql.Literal(value)


def _function(sample: Sample, stores: Sequence[UUID], guests: Sequence[UUID]) -> str:
    """The same as a function: each statement planned once a session."""
    inserts = _inserts(sample)
    counted = inserts.pop("order_counters")
    body = [sql.SQL("select x.* into made from ({}) x").format(_made(stores, guests, sql.SQL("s"), sql.SQL("g")))]
    body.append(counted + sql.SQL(" into counted"))
    body += list(inserts.values())
    text = sql.SQL(";\n  ").join(body).as_string()
    text = text.replace(" from made, counted", "").replace(" from made", "")
    return (
        "create or replace function bench_place(s int, g int) returns void language plpgsql as $place$\n"
        f"declare made record; counted record;\nbegin\n  {text};\nend $place$"
    )


class Bench:
    """pgbench against one server, with one script at a time."""

    def __init__(self, server: EmbeddedPostgres, folder: Path, made: tuple[str, dict[str, str]]) -> None:
        self._server = server
        self.files: dict[str, Path] = {}
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(made[0].encode())
        for name, text in made[1].items():
            self.files[name] = folder / f"pgbench-{name}.sql"
            self.files[name].write_text(text)

    def run(self, script: str, clients: int, seconds: float) -> float:
        """Transactions a second."""
        command = [str(self._server.binaries / "pgbench"), "--no-vacuum", "-M", "prepared", "-c", str(clients)]
        command += ["-j", str(min(2, clients)), "-T", str(max(1, round(seconds))), "-f", str(self.files[script])]
        done = subprocess.run(
            [*command, self._server.url()], capture_output=True, text=True, check=False, timeout=seconds + 60
        )
        found = _TPS.search(done.stdout)
        if done.returncode or found is None:
            raise RuntimeError(f"pgbench failed: {done.stderr[-500:]}")
        return float(found[1])

    def once(self, script: str) -> None:
        """One transaction."""
        command = [str(self._server.binaries / "pgbench"), "--no-vacuum", "-M", "prepared", "-c", "1", "-t", "1"]
        subprocess.run(
            [*command, "-f", str(self.files[script]), self._server.url()], capture_output=True, check=True, timeout=60
        )

    def best(self, seconds: float) -> Baseline:
        """Try every script with every client count for `seconds` each."""
        tried = [
            Baseline(script, clients, self.run(script, clients, seconds))
            for script in self.files
            for clients in CLIENTS
        ]
        return max(tried, key=lambda each: each.rate)
