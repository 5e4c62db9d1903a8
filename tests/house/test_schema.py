"""The schema keeps its tenants apart and the code's statements fit it; PostgreSQL itself is asked."""

import importlib
from collections.abc import Iterator
from enum import StrEnum

import psycopg
import pytest

from bottega.kit.machine import Machine, moves
from tests.house import rules_schema
from tests.house.exceptions import without_exceptions
from tests.house.rules_schema import numbered, table_of
from tests.house.source import modules


@pytest.fixture
def scratch(catalogue: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """The catalogue in a transaction that is rolled back: the place to break rules."""
    with catalogue.transaction(force_rollback=True):
        yield catalogue


def machines() -> Iterator[tuple[str, frozenset[StrEnum]]]:
    """Every machine that a slice declares, with its states."""
    for module in modules():
        if module.room == "states":
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, Machine):
                    yield value.name, value.states


def test_every_table_of_a_tenant_shows_a_merchant_its_own_rows_only(catalogue: psycopg.Connection) -> None:
    assert not without_exceptions("tenant_tables", rules_schema.tenant_tables(catalogue))


@pytest.mark.parametrize(
    "damage",
    [
        "create table gifts (merchant_id uuid primary key)",
        "alter table orders no force row level security",
        "alter table orders disable row level security",
        "drop policy tenant on orders; drop policy tenant_only on orders",
        "create policy open on orders to bottega_app using (true)",
        "create policy open on orders using (true)",
        "alter policy tenant on orders to bottega_batch; alter policy tenant_only on orders to bottega_batch",
        "create policy half on orders to bottega_app using (merchant_id = current_setting('app.merchant')::uuid)",
    ],
)
def test_a_hole_between_tenants_is_found(scratch: psycopg.Connection, damage: str) -> None:
    scratch.execute(damage.encode())

    assert list(rules_schema.tenant_tables(scratch))


def test_keys_lead_with_the_tenant(catalogue: psycopg.Connection) -> None:
    assert not list(rules_schema.keys_lead_with_the_tenant(catalogue))


@pytest.mark.parametrize(
    "damage",
    [
        "create table gifts (merchant_id uuid, gift_id uuid primary key)",
        "create unique index gifts on orders (order_id)",
        "create table gifts (merchant_id uuid, slug text references stores (slug))",
    ],
)
def test_a_key_that_ignores_the_tenant_is_found(scratch: psycopg.Connection, damage: str) -> None:
    scratch.execute(damage.encode())

    assert list(rules_schema.keys_lead_with_the_tenant(scratch))


def test_a_global_key_that_is_gone_leaves_the_list(catalogue: psycopg.Connection) -> None:
    keys = {f"{table}.{columns[0]}" for table, columns in catalogue.execute(rules_schema.KEYS.encode()).fetchall()}

    assert keys >= set(rules_schema.GLOBAL_KEYS)


def test_the_machines_and_the_checks_of_the_schema_list_the_same_states(catalogue: psycopg.Connection) -> None:
    assert not list(rules_schema.machines_match_checks(catalogue, machines()))


def test_a_state_that_only_one_side_knows_is_found(catalogue: psycopg.Connection) -> None:
    class Ticket(StrEnum):
        QUEUED = "QUEUED"
        BURNT = "BURNT"

    machine = Machine("ticket", frozenset({Ticket.QUEUED}), moves(("burn", [Ticket.QUEUED], Ticket.BURNT, "")))

    def found(name: str) -> list[str]:
        return [finding.what for finding in rules_schema.machines_match_checks(catalogue, [(name, machine.states)])]

    assert "BURNT" in found("ticket")[0]
    assert "no table" in found("oven")[0]


def test_the_noun_that_a_machine_begins_with_names_its_table() -> None:
    tables = ["orders", "payments", "payment_attempts"]

    assert table_of("order shipped", tables) == "orders"
    assert table_of("payment attempt", tables) == "payment_attempts"
    assert table_of("ordering", tables) is None


def test_every_statement_of_the_code_can_be_prepared(catalogue: psycopg.Connection) -> None:
    named = [pair for module in rules_schema.stores(modules()) for pair in rules_schema.statements(module)]

    assert named, "no SQL constants found: has their naming changed?"
    assert not list(rules_schema.unprepared(catalogue, named))


def test_a_statement_with_a_wrong_column_is_found(catalogue: psycopg.Connection) -> None:
    wrong = [("a.B", "select colour from orders where store_id = %(store)s")]

    assert "colour" in next(rules_schema.unprepared(catalogue, wrong)).what


def test_placeholders_become_numbers_and_a_repeated_name_one_number() -> None:
    assert numbered("select %s, %(a)s, %(b)s, %(a)s, 5 %% 2;") == "select $1, $2, $3, $2, 5 % 2"
