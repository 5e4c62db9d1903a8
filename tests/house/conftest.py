"""A fresh database with the schema of this commit, for the rules that ask PostgreSQL itself."""

from collections.abc import Iterator

import psycopg
import pytest

from bottega.infra.postgres import EmbeddedPostgres
from tests.house.source import ROOT

SCHEMA = ROOT / "src" / "bottega" / "schema"


@pytest.fixture(scope="session")
def server(postgres: EmbeddedPostgres) -> EmbeddedPostgres:
    """The server of the whole test run; these rules make databases of their own in it."""
    return postgres


@pytest.fixture(scope="session")
def catalogue(server: EmbeddedPostgres) -> Iterator[psycopg.Connection]:
    """A connection to a database made from roles.sql and schema.sql, each statement committed by itself."""
    server.ensure_database("house")
    with psycopg.connect(server.url("house"), autocommit=True) as connection:
        for name in ("roles.sql", "schema.sql"):
            if (SCHEMA / name).exists():
                connection.execute((SCHEMA / name).read_bytes())
        yield connection
