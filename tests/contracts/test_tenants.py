"""The database itself keeps merchants apart, also from a process that asks for more than it should."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from tests.contracts.live import Live

SET = "select set_config('app.merchant', %s, true)"


@pytest.fixture(scope="module")
def merchants(live: Live) -> tuple[str, str]:
    """The two merchants, each with orders, payments, tickets, users."""
    placed = live.place(pay_mode="ONLINE")
    body = {"store_id": live.names["other store"], "fulfillment_type": "PICKUP", "pay_mode": "ONLINE",
            "items": [{"product_id": live.names["other product"], "qty": 1}]}  # fmt: skip
    assert live.ask("POST", "/v1/orders", "other merchant's guest", json=body).status_code == 201
    live.pay(placed)
    with psycopg.connect(live.database_url) as connection:
        rows = connection.execute("select merchant_id::text from merchants order by number").fetchall()
    (ours,), (theirs,) = rows
    return ours, theirs


@pytest.fixture
def app(live: Live) -> Iterator[psycopg.Connection]:
    """A connection as the application, in a transaction that is rolled back."""
    with psycopg.connect(live.database_url, options="-c role=bottega_app") as connection:
        yield connection
        connection.rollback()


def tenant_tables(live: Live) -> list[str]:
    with psycopg.connect(live.database_url) as connection:
        rows = connection.execute(
            "select table_name from information_schema.columns where column_name = 'merchant_id' and table_schema = 'public' "
            "order by 1"
        ).fetchall()
    return [name for (name,) in rows]


def may(live: Live, table: str, privilege: str) -> bool:
    with psycopg.connect(live.database_url) as connection:
        row = connection.execute("select has_table_privilege('bottega_app', %s, %s)", [table, privilege]).fetchone()
    assert row is not None
    return bool(row[0])


def seen(app: psycopg.Connection, table: str) -> set[str]:
    query = sql.SQL("select distinct merchant_id::text from {}").format(sql.Identifier(table))
    return {merchant for (merchant,) in app.execute(query).fetchall()}


# Read before a merchant is known: which merchant a number or a short name belongs to.
OPEN = {"homes"}


def test_a_merchant_sees_its_own_rows_in_every_table(live: Live, merchants, app: psycopg.Connection) -> None:
    filled = 0
    for merchant in merchants:
        app.execute(SET, [merchant])
        for table in tenant_tables(live):
            if may(live, table, "select") and table not in OPEN:
                found = seen(app, table)
                assert found <= {merchant}, table
                filled += bool(found)

    assert filled >= 20, "hardly anything was there to be seen"


def test_without_a_merchant_nothing_is_seen(live: Live, merchants, app: psycopg.Connection) -> None:
    for setting in (None, "", "00000000-0000-0000-0000-000000000000"):
        if setting is not None:
            app.execute(SET, [setting])
        for table in tenant_tables(live):
            if may(live, table, "select") and table not in OPEN:
                assert seen(app, table) == set(), (table, setting)


def test_no_row_of_another_merchant_can_be_changed_or_taken_away(
    live: Live, merchants, app: psycopg.Connection
) -> None:
    ours, theirs = merchants
    app.execute(SET, [ours])
    for table in tenant_tables(live):
        name = sql.Identifier(table)
        if may(live, table, "update") and table not in OPEN:
            query = sql.SQL("update {} set merchant_id = merchant_id where merchant_id = %s").format(name)
            assert app.execute(query, [theirs]).rowcount == 0, table
        if may(live, table, "delete"):
            query = sql.SQL("delete from {} where merchant_id = %s").format(name)
            assert app.execute(query, [theirs]).rowcount == 0, table


def test_no_row_can_be_written_for_another_merchant(live: Live, merchants, app: psycopg.Connection) -> None:
    ours, theirs = merchants
    for table in tenant_tables(live):
        if not may(live, table, "insert") or table in OPEN:
            continue
        with psycopg.connect(live.database_url) as owner:
            row = owner.execute(
                sql.SQL("select to_jsonb(t) from {} t where merchant_id = %s limit 1").format(sql.Identifier(table)),
                [theirs],
            ).fetchone()
        if row is None:
            continue
        copy = sql.SQL("insert into {0} select * from jsonb_populate_record(null::{0}, %s)").format(
            sql.Identifier(table)
        )
        app.execute(SET, [ours])
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"), app.transaction():
            app.execute(copy, [psycopg.types.json.Jsonb(row[0])])


def test_no_row_can_be_given_away(live: Live, merchants, app: psycopg.Connection) -> None:
    ours, theirs = merchants
    app.execute(SET, [ours])
    for table in ("orders", "payments", "users", "stores"):
        query = sql.SQL("update {} set merchant_id = %s").format(sql.Identifier(table))
        with pytest.raises(psycopg.errors.InsufficientPrivilege), app.transaction():
            app.execute(query, [theirs])


def test_the_setting_ends_with_its_transaction(live: Live, merchants) -> None:
    with psycopg.connect(live.database_url, options="-c role=bottega_app", autocommit=True) as connection:
        for merchant in (*merchants, *merchants):
            with connection.transaction():
                connection.execute(SET, [merchant])
                assert seen(connection, "orders") == {merchant}
            assert seen(connection, "orders") == set()


@pytest.mark.parametrize("statement", [
    "create table mine (a int)", "alter table orders disable row level security", "drop policy tenant on orders",
    "truncate orders", "create function f() returns int language sql as 'select 1'", "delete from audit_log",
    "update order_events set reason = 'x'", "delete from payment_entries", "update payment_entries set amount_minor = 0",
    "set role postgres", "grant bottega_relay to bottega_app",
    "copy orders to program 'cat'", "select pg_read_file('/etc/passwd')", "alter role bottega_app bypassrls",
])  # fmt: skip
def test_the_application_can_not_help_itself_to_more(live: Live, statement: str) -> None:
    """As a login that is the application and nothing else."""
    with psycopg.connect(live.database_url) as connection:
        connection.execute("create role only_app login noinherit in role bottega_app")
        connection.execute("set session authorization only_app")
        connection.execute("set role bottega_app")
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject)):
            connection.execute(statement)
        connection.rollback()
