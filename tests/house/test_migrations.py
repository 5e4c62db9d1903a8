"""The migrations, run from the first to the last, give exactly the database that schema.sql describes."""

import re
import subprocess
from pathlib import Path

import psycopg
import pytest

from bottega.infra.postgres import EmbeddedPostgres
from tests.house.conftest import SCHEMA


def steps() -> list[Path]:
    """The migrations in their order: by number, `pre` (before new code runs) ahead of `post`."""
    return sorted((SCHEMA / "migrations").glob("*.sql"), key=lambda path: (path.name[:4], ".post." in path.name))


def build(server: EmbeddedPostgres, database: str, files: list[Path], more: str = "") -> str:
    """Make a database from SQL files and return pg_dump's description of it, without what differs each time."""
    server.ensure_database(database)
    with psycopg.connect(server.url(database), autocommit=True) as connection:
        for path in files:
            connection.execute(path.read_bytes())
        connection.execute(more.encode())
    dumped = subprocess.run(
        [str(server.binaries / "pg_dump"), "--schema-only", server.url(database)],
        check=True,
        capture_output=True,
        text=True,
    )
    return re.sub(r"(?m)^\\(?:un)?restrict .*$", "", dumped.stdout)


@pytest.fixture(scope="module")
def described(server: EmbeddedPostgres, catalogue: psycopg.Connection) -> str:
    """The database that schema.sql makes (the roles are there from `catalogue`)."""
    return build(server, "from_schema", [SCHEMA / "schema.sql"])


def test_the_migrations_reach_the_schema(server: EmbeddedPostgres, described: str) -> None:
    assert build(server, "from_migrations", steps()) == described


def test_a_column_that_only_a_migration_knows_is_found(server: EmbeddedPostgres, described: str) -> None:
    assert build(server, "from_more", steps(), "alter table orders add column colour text") != described


def test_every_migration_says_its_number_its_name_and_its_half() -> None:
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+\.(pre|post)\.sql", path.name) for path in steps())
