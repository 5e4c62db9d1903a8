"""`bottega up` and `bottega migrate`: real use, against a database that an operator names."""

import json
import signal
from pathlib import Path

from tests.conftest import SECRET
from tests.simulators import http as clients
from tests.simulators.commands import Command, bottega, listening_port
from tests.simulators.processes import until


def test_up_asks_for_a_database_and_a_secret(empty_url: str) -> None:
    without = bottega("up")
    assert without.returncode == 2
    assert "BOTTEGA_DATABASE_URL" in without.stderr

    short = bottega("up", "--port", str(listening_port()), database_url=empty_url, secret="short")
    assert short.returncode == 2
    assert "at least 32 characters" in short.stderr


def test_a_setting_that_makes_no_sense_is_named() -> None:
    refused = bottega("up", port="many")

    assert refused.returncode == 2
    assert "port" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_up_refuses_a_database_that_is_behind_when_it_may_not_migrate(empty_url: str) -> None:
    refused = bottega("up", "--no-migrate", "--port", str(listening_port()), database_url=empty_url, secret=SECRET)

    assert refused.returncode == 1
    assert "not at this version" in refused.stderr
    assert "bottega migrate" in refused.stderr


def test_migrate_says_how_far_the_database_is_and_brings_it_there(empty_url: str) -> None:
    behind = bottega("migrate", "--status", "--json", database_url=empty_url)
    assert (behind.returncode, json.loads(behind.stdout)["current"]) == (1, False)

    done = bottega("migrate", "--json", database_url=empty_url)
    assert (done.returncode, json.loads(done.stdout)["done"]) == (0, ["schema.sql"])

    again = bottega("migrate", database_url=empty_url)
    assert (again.returncode, "the database is current" in again.stderr) == (0, True)


def test_a_database_that_is_not_there_is_said_in_words() -> None:
    refused = bottega("migrate", database_url="postgresql://nobody@127.0.0.1:1/nothing")

    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr


def test_up_migrates_serves_and_logs_json(empty_url: str, tmp_path: Path) -> None:
    port = listening_port()
    shop = Command(["up", "--port", str(port)], tmp_path, {"database_url": empty_url, "secret": SECRET})
    try:
        shop.says('"ready"', on_stderr=True)
        parts = clients.get(f"http://127.0.0.1:{port}/readyz", timeout=10).json()["parts"]
        assert (parts["database"], parts["online_payment"]) == ("ok", "off")
    finally:
        assert shop.end(signal.SIGTERM) == 0
    assert shop.out == ""
    assert [json.loads(line)["event"] for line in shop.err.splitlines()][-1] == "stopped"


def test_the_roles_can_run_apart(database_url: str, tmp_path: Path) -> None:
    settings = {"database_url": database_url, "secret": SECRET}
    port = listening_port()
    web = Command(["up", "--role", "web", "--port", str(port)], tmp_path / "web", settings)
    worker = Command(["up", "--role", "worker"], tmp_path / "worker", settings)
    try:
        worker.says("sequencer leads", on_stderr=True)
        until(lambda: "worker" not in web.err and web.says('"ready"', on_stderr=True))
    finally:
        assert (worker.end(signal.SIGTERM), web.end(signal.SIGTERM)) == (0, 0)
    assert "web" not in {json.loads(line).get("part") for line in worker.err.splitlines()}
