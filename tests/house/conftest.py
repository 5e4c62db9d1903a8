"""A fresh database with the schema of this commit, for the rules that ask PostgreSQL itself."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bottega.infra.postgres import EmbeddedPostgres
from tests.house.source import ROOT

SCHEMA = ROOT / "src" / "bottega" / "schema"


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedPostgres]:
    """A small embedded server of its own, gone after the tests."""
    with tempfile.TemporaryDirectory(prefix="bottega-house-") as folder:
        Path(folder).chmod(0o711)  # as root the server is another user, who has to get in
        server = EmbeddedPostgres(Path(folder) / "data", settings={"shared_buffers": "32MB", "max_connections": "20"})
        try:
            server.start()
            yield server
        finally:
            server.erase()


@pytest.fixture(scope="session")
def catalogue(server: EmbeddedPostgres) -> Iterator[psycopg.Connection]:
    """A connection to a database made from roles.sql and schema.sql, each statement committed by itself."""
    server.ensure_database("house")
    with psycopg.connect(server.url("house"), autocommit=True) as connection:
        for name in ("roles.sql", "schema.sql"):
            if (SCHEMA / name).exists():
                connection.execute((SCHEMA / name).read_bytes())
        yield connection
