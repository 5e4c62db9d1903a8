"""Setting up a database: schema.sql and the migrations lead to the same place, once, whoever runs them together."""

import asyncio
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from bottega.entrypoints.database_setup import DatabaseSetupError, migrate, migration_status, steps
from bottega.infra.postgres import EmbeddedPostgres
from tests.conftest import Clone

SCHEMA = Path(__file__).resolve().parents[2] / "src" / "bottega" / "schema"
NEXT = "0999_gifts.pre.sql"
ROLES = ("bottega_app", "bottega_batch", "bottega_relay", "bottega_auditor")


def description(postgres: EmbeddedPostgres, url: str) -> str:
    """The database as pg_dump describes it: tables, keys, policies, grants; without what differs each time."""
    dump = [str(postgres.binaries / "pg_dump"), "--schema-only", url]
    dumped = subprocess.run(dump, check=True, capture_output=True, text=True).stdout
    return re.sub(r"(?m)^\\(?:un)?restrict .*$", "", dumped)


def ask(url: str, query: str) -> list[object]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        return [row[0] for row in cursor.fetchall()] if cursor.description else []


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The schema folder of a later version: one migration more, and schema.sql with what it does."""
    folder = tmp_path / "schema"
    shutil.copytree(SCHEMA, folder)
    change = "create table gifts (merchant_id uuid primary key);\ngrant select on gifts to bottega_app;\n"
    (folder / "migrations" / NEXT).write_text(change)
    (folder / "schema.sql").write_text((folder / "schema.sql").read_text() + change)
    return folder


@pytest.fixture
def installed_long_ago(empty_url: str) -> str:
    """A database that had the first migration and none of the later ones."""
    for name in ("roles.sql", "migrations/0001_first.pre.sql"):
        ask(empty_url, (SCHEMA / name).read_text())
    ask(empty_url, "insert into schema_migrations (name) values ('0001_first.pre.sql')")
    return empty_url


async def test_migrations_and_schema_give_the_same_database(
    postgres: EmbeddedPostgres, installed_long_ago: str, database_url: str
) -> None:
    await migrate(installed_long_ago)

    assert description(postgres, installed_long_ago) == description(postgres, database_url)


async def test_a_later_version_arrives_at_its_schema_by_either_way(
    postgres: EmbeddedPostgres, installed_long_ago: str, clone: Clone, newer: Path
) -> None:
    with clone("template0") as fresh_url:
        assert await migrate(fresh_url, newer) == ["schema.sql"]
        assert NEXT in await migrate(installed_long_ago, newer)

        assert description(postgres, installed_long_ago) == description(postgres, fresh_url)


@pytest.mark.parametrize(
    "difference",
    [
        "alter table orders add column colour text",
        "alter table orders alter column contact_name drop not null",
        "drop index orders_unpaid",
        "alter table orders no force row level security",
        "drop policy tenant_only on orders",
        "revoke update on orders from bottega_app",
        "alter table payments drop constraint payments_status_check",
    ],
)
def test_a_difference_between_the_two_is_seen(
    postgres: EmbeddedPostgres, database_url: str, clone: Clone, template: str, difference: str
) -> None:
    ask(database_url, difference)

    with clone(template) as other:
        assert description(postgres, database_url) != description(postgres, other)


async def test_an_empty_database_counts_every_migration_as_applied(empty_url: str) -> None:
    before = await migration_status(empty_url)
    applied = await migrate(empty_url)
    after = await migration_status(empty_url)

    assert before.is_empty
    assert not before.is_current
    assert applied == ["schema.sql"]
    assert after.applied == steps()
    assert after.is_current
    assert await migrate(empty_url) == []


async def test_processes_that_start_at_once_set_it_up_once(empty_url: str) -> None:
    results = await asyncio.gather(*(migrate(empty_url) for _ in range(4)))

    assert sorted(results) == [[], [], [], ["schema.sql"]]


async def test_processes_that_start_at_once_apply_a_migration_once(database_url: str, newer: Path) -> None:
    results = await asyncio.gather(*(migrate(database_url, newer) for _ in range(4)))

    assert sorted(results) == [[], [], [], [NEXT]]


async def test_a_step_that_fails_leaves_nothing_of_itself_and_all_that_came_before(
    database_url: str, newer: Path
) -> None:
    last = newer / "migrations" / "0999_gifts.post.sql"
    last.write_text("create table halves (n int);\nselect 1 / 0;\n")

    with pytest.raises(DatabaseSetupError, match=r"0999_gifts\.post\.sql failed: division by zero"):
        await migrate(database_url, newer)

    status = await migration_status(database_url, newer)
    assert NEXT in status.applied
    assert status.pending == ("0999_gifts.post.sql",)
    assert ask(database_url, "select to_regclass('halves')") == [None]
    last.write_text("create table halves (n int);\n")
    assert await migrate(database_url, newer) == ["0999_gifts.post.sql"]


async def test_a_step_waits_for_a_lock_that_somebody_holds_for_a_moment(database_url: str, newer: Path) -> None:
    (newer / "migrations" / NEXT).write_text("alter table orders add column colour text;")

    async with await psycopg.AsyncConnection.connect(database_url) as busy:
        await busy.execute("lock table orders in access share mode")
        moving = asyncio.create_task(migrate(database_url, newer))
        await asyncio.sleep(2.2)
        assert not moving.done()
        assert ask(database_url, "select count(*) from orders") == [0], "nobody queues behind the step for long"
        await busy.rollback()

    assert await moving == [NEXT]


async def test_a_database_that_belongs_to_something_else_is_left_alone(empty_url: str) -> None:
    ask(empty_url, "create table invoices (n int)")

    with pytest.raises(DatabaseSetupError, match="empty database of its own"):
        await migrate(empty_url)

    assert ask(empty_url, "select tablename::text from pg_tables where schemaname = 'public'") == ["invoices"]


async def test_a_step_of_a_newer_version_is_known_as_unknown_and_no_obstacle(database_url: str) -> None:
    ask(database_url, "insert into schema_migrations (name) values ('0998_tomorrow.pre.sql')")

    status = await migration_status(database_url)

    assert status.unknown == ("0998_tomorrow.pre.sql",)
    assert status.is_current
    assert await migrate(database_url) == []


@pytest.fixture
def owned_url(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    """A database whose owner is no superuser, as on a managed server; may make roles (they are there from `template`)."""
    owner, name = sql.Identifier("shop_owner"), sql.Identifier("owned_shop")
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("create role {} login createrole").format(owner))
        connection.execute(sql.SQL("create database {} owner {}").format(name, owner))
        # Roles belong to the whole server and other tests made these: the owner gets what their maker would have.
        for role in ROLES:
            connection.execute(
                sql.SQL("grant {} to {} with admin true, inherit false, set false").format(sql.Identifier(role), owner)
            )
        try:
            yield postgres.url("owned_shop", "shop_owner")
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(name))
            connection.execute(sql.SQL("drop owned by {}").format(owner))
            for role in ROLES:
                connection.execute(sql.SQL("revoke {} from {} cascade").format(sql.Identifier(role), owner))
            connection.execute(sql.SQL("drop role {}").format(owner))


async def test_an_owner_without_superuser_rights_can_set_it_up_and_become_the_application(
    owned_url: str,
) -> None:
    assert await migrate(owned_url) == ["schema.sql"]

    with psycopg.connect(owned_url, options="-c role=bottega_app") as connection:
        assert connection.execute("select count(*) from orders").fetchone() == (0,)


def test_the_order_of_steps_is_by_number_and_pre_ahead_of_post(tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    for name in ("0002_b.post.sql", "0010_c.pre.sql", "0002_b.pre.sql", "0001_a.pre.sql", "notes.md"):
        (folder / name).touch()

    assert steps(tmp_path) == ("0001_a.pre.sql", "0002_b.pre.sql", "0002_b.post.sql", "0010_c.pre.sql")
