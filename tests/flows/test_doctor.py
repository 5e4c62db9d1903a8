"""`bottega doctor`: green on a shop that is well, and each thing that is wrong found with the way to mend it."""

import json
import socket
from pathlib import Path

import psycopg
import pytest

from bottega.entrypoints.doctor import Check, State, examine
from tests.conftest import SECRET
from tests.simulators.commands import bottega, listening_port


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Away from the checkout, whose data folder would be found."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "none"))


def looked(monkeypatch: pytest.MonkeyPatch, **settings: str) -> dict[str, Check]:
    for name, value in {"secret": SECRET, "port": str(listening_port()), **settings}.items():
        monkeypatch.setenv(f"BOTTEGA_{name.upper()}", value)
    return {check.name: check for check in examine(None)}


def wrong(checks: dict[str, Check]) -> set[str]:
    return {name for name, check in checks.items() if check.state is State.FAILED}


def run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_a_migrated_shop_at_rest_is_well(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = looked(monkeypatch, database_url=database_url)

    assert wrong(checks) == set()
    assert checks["payment provider"].state is State.WARNING
    assert checks["migrations"].said.startswith("current")


def test_an_empty_environment_is_not() -> None:
    found = bottega("doctor", "--json")

    assert found.returncode == 1
    report = json.loads(found.stdout)
    assert report["ok"] is False
    assert {"secret", "database"} <= {check["name"] for check in report["checks"] if check["state"] == "failed"}
    assert all(check["mend"] for check in report["checks"] if check["state"] == "failed")


def test_a_setting_without_sense_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "settings" in wrong(looked(monkeypatch, rate_limit="often"))


def test_a_database_that_is_away_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = looked(monkeypatch, database_url="postgresql://shop@127.0.0.1:1/shop")

    assert wrong(checks) == {"database"}
    assert checks["outbox"].state is State.SKIPPED


def test_an_empty_database_wants_to_be_migrated(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = looked(monkeypatch, database_url=empty_url)

    assert "migrations" in wrong(checks)
    assert "bottega migrate" in checks["migrations"].mend


def test_unsafe_commits_parked_events_and_waiting_facts_are_found(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(
        database_url,
        f"alter database {database_url.split('/')[3].split('?', maxsplit=1)[0]} set synchronous_commit = off",
    )
    run(database_url, "insert into parked_events values ('orders', 7, 'KeyError: cup', 5, now())")
    run(
        database_url,
        "insert into outbox (id, merchant_id, aggregatetype, aggregateid, type, version, payload, created_at) "
        "select gen_random_uuid(), gen_random_uuid(), 'order', gen_random_uuid(), 'x', 1, '{}', now() - interval '1 hour'",
    )

    checks = looked(monkeypatch, database_url=database_url)

    assert wrong(checks) == {"durability", "parked events", "outbox", "worker"}
    assert "KeyError: cup" in checks["parked events"].said


def test_a_port_that_another_program_has_is_found(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        checks = looked(monkeypatch, database_url=database_url, port=str(other.getsockname()[1]))

    assert wrong(checks) == {"port"}


def test_a_provider_that_does_not_answer_and_a_missing_webhook_secret_are_found(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = looked(
        monkeypatch,
        database_url=database_url,
        stripe_secret_key="sk_test_x",
        stripe_publishable_key="pk_test_x",
        stripe_api_base="http://127.0.0.1:1",
    )

    assert wrong(checks) == {"payment provider", "webhook secret"}
