"""The embedded PostgreSQL, started for real: data survives, crashes heal, a wrong folder is refused in plain words."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bottega.infra import postgres_account
from bottega.infra.postgres import EmbeddedPostgres
from bottega.infra.postgres_account import EmbeddedPostgresError

SMALL = {"shared_buffers": "16MB", "max_connections": "20"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder whose path has spaces and quotes; what root keeps elsewhere is erased as well."""
    with tempfile.TemporaryDirectory(prefix="bottega-pg-") as parent:
        path = Path(parent) / 'it\'s a "data" folder, with spaces'
        yield path
        EmbeddedPostgres(path, settings=SMALL).erase()


def one(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row and row[0]


def run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def gone(pid: int, within: float = 10) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_starts_durable_in_utf8_and_listens_on_no_address(folder: Path) -> None:
    with EmbeddedPostgres(folder, settings=SMALL) as server:
        url = server.url()

        assert one(url, "SHOW server_version_num") >= "180000"
        assert (
            one(
                url,
                "SELECT string_agg(setting, ' ' ORDER BY name) FROM pg_settings WHERE name IN "
                "('fsync', 'full_page_writes', 'synchronous_commit')",
            )
            == "on on on"
        )
        assert (
            one(
                url,
                "SELECT pg_encoding_to_char(encoding) || ' ' || datlocale FROM pg_database WHERE datname = 'bottega'",
            )
            == "UTF8 C.UTF-8"
        )
        assert one(url, "SHOW listen_addresses") == ""
        assert one(url, "SELECT upper('è')") == "È"


def test_the_data_is_there_after_a_restart_within_three_seconds(folder: Path) -> None:
    with EmbeddedPostgres(folder, settings=SMALL) as server:
        run(server.url(), "CREATE TABLE cups AS SELECT 7 AS n")

    began = time.monotonic()
    with EmbeddedPostgres(folder, settings=SMALL) as server:
        assert one(server.url(), "SELECT n FROM cups") == 7
        assert time.monotonic() - began < 3


def test_the_data_is_there_after_the_server_was_killed(folder: Path) -> None:
    with EmbeddedPostgres(folder, settings=SMALL) as server:
        run(server.url(), "CREATE TABLE cups AS SELECT generate_series(1, 10000) AS n")
        os.kill(server.pid, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while server.running and time.monotonic() < deadline:
            time.sleep(0.01)

        assert not server.running
        server.start()

        assert one(server.url(), "SELECT count(*) FROM cups") == 10000


def test_an_orphan_of_a_killed_owner_is_replaced(folder: Path) -> None:
    program = textwrap.dedent(f"""
        from bottega.infra.postgres import EmbeddedPostgres
        server = EmbeddedPostgres({str(folder)!r}, settings={SMALL!r})
        server.start()
        print(server.pid, flush=True)
        input()
    """)
    owner = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert owner.stdout is not None
    assert owner.stdin is not None
    orphan = int(owner.stdout.readline())
    owner.kill()
    owner.wait()
    owner.stdout.close()
    owner.stdin.close()

    with EmbeddedPostgres(folder, settings=SMALL) as server:
        assert server.pid != orphan
        assert gone(orphan)
        assert one(server.url(), "SELECT 1") == 1


def test_a_killed_owner_leaves_no_server_behind(folder: Path) -> None:
    program = textwrap.dedent(f"""
        from bottega.infra.postgres import EmbeddedPostgres
        server = EmbeddedPostgres({str(folder)!r}, settings={SMALL!r})
        server.start()
        print(server.pid, flush=True)
        input()
    """)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
    ) as owner:
        assert owner.stdout is not None
        server = int(owner.stdout.readline())
        owner.kill()

        assert gone(server)


def test_a_leftover_pid_file_that_names_another_program_does_no_harm(folder: Path) -> None:
    with EmbeddedPostgres(folder, settings=SMALL) as server:
        os.kill(server.pid, signal.SIGKILL)
    file = next(path for path in (folder / "home", folder) if path.exists()) / "cluster" / "postmaster.pid"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    with EmbeddedPostgres(folder, settings=SMALL) as server:
        assert one(server.url(), "SELECT 1") == 1


def test_a_second_owner_of_the_same_folder_is_told_who_has_it(folder: Path) -> None:
    with EmbeddedPostgres(folder, settings=SMALL) as first:
        with pytest.raises(EmbeddedPostgresError, match=rf"in use by process {os.getpid()}"):
            EmbeddedPostgres(folder, settings=SMALL).start()

        assert one(first.url(), "SELECT 1") == 1


def test_a_cluster_of_another_version_is_refused_untouched(folder: Path) -> None:
    (folder / "cluster").mkdir(parents=True)
    (folder / "cluster" / "PG_VERSION").write_text("16\n")

    with pytest.raises(EmbeddedPostgresError, match="made by PostgreSQL 16; this is version 18"):
        EmbeddedPostgres(folder).start()
    assert [path.name for path in (folder / "cluster").iterdir()] == ["PG_VERSION"]


def test_an_interrupted_first_start_leaves_nothing_in_the_way(folder: Path) -> None:
    (folder / "cluster.new" / "base").mkdir(parents=True)

    with EmbeddedPostgres(folder, settings=SMALL) as server:
        assert one(server.url(), "SELECT 1") == 1


def test_a_folder_that_cannot_be_made_is_named(folder: Path) -> None:
    folder.parent.mkdir(exist_ok=True)
    (folder.parent / "file").write_text("")

    with pytest.raises(EmbeddedPostgresError, match="can't be written"):
        EmbeddedPostgres(folder.parent / "file" / "data").start()


def test_a_very_long_path_gets_a_short_private_socket_folder(folder: Path) -> None:
    deep = folder / ("x" * 120)

    server = EmbeddedPostgres(deep, settings=SMALL)
    try:
        server.start()
        assert len(os.fsencode(server.socket_dir)) < 80
        assert server.socket_dir.stat().st_mode & 0o077 == 0
        assert one(server.url(), "SELECT 1") == 1
    finally:
        server.erase()
    assert not server.socket_dir.exists()


def test_with_a_port_the_password_opens_and_its_absence_does_not(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    with EmbeddedPostgres(folder, port=port, settings=SMALL) as server:
        assert one(server.tcp_url(), "SELECT current_user") == "postgres"
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"postgresql://postgres:wrong@127.0.0.1:{port}/bottega")


def test_a_used_port_is_refused_by_its_number(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(EmbeddedPostgresError, match=f"Port {port} "):
            EmbeddedPostgres(folder, port=port, settings=SMALL).start()


def test_pgbench_of_the_same_version_reaches_it_over_the_socket(folder: Path) -> None:
    with EmbeddedPostgres(folder, settings=SMALL) as server:
        asked = subprocess.run(
            [str(server.binaries / "psql"), "-XAtc", "SELECT 42", server.url()],
            capture_output=True,
            text=True,
            check=True,
        )
        assert asked.stdout.strip() == "42"
        assert (server.binaries / "pgbench").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_as_root_it_runs_as_somebody_else_and_opens_no_folder_of_ours(folder: Path) -> None:
    folder.parent.chmod(0o700)  # as /root is

    server = EmbeddedPostgres(folder, settings=SMALL)
    try:
        server.start()
        assert Path(f"/proc/{server.pid}").stat().st_uid != 0 or sys.platform != "linux"
        assert folder.parent.stat().st_mode & 0o777 == 0o700
        assert (folder / "home").resolve().is_relative_to(postgres_account.STATE)
        kept = (folder / "home").resolve()
    finally:
        server.erase()
    assert not kept.exists()
