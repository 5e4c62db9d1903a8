"""`bottega demo` as a newcomer meets it: started, used, stopped, started again, killed."""

import os
import signal
import stat
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bottega.infra.postgres import EmbeddedPostgres
from tests.simulators import http as clients
from tests.simulators.commands import Command, bottega, busyness, gone, listening_port
from tests.simulators.processes import until

RESTART_SECONDS = 3.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("demo") / "a shop's data"
    yield path
    EmbeddedPostgres(path / "postgres").erase()


@pytest.fixture(scope="module")
def port() -> int:
    return listening_port()


@pytest.fixture(scope="module")
def words(folder: Path, port: int) -> list[str]:
    return ["demo", "--port", str(port), "--data", str(folder)]


@pytest.fixture(scope="module")
def demo(words: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    command = Command([*words, "--json"], tmp_path_factory.mktemp("first start"))
    yield command
    command.end()


@pytest.fixture(scope="module")
def said(demo: Command) -> dict[str, Any]:
    return demo.summary()


@pytest.fixture(scope="module")
def order(said: dict[str, Any]) -> dict[str, Any]:
    """An order of a guest, paid at the store."""
    with clients.Client(base_url=said["url"], timeout=10) as client:
        # One of the three is open at every hour of the day.
        store_id = next(
            each["store_id"] for each in client.get("/v1/stores").json()["data"] if each["status"] == "OPEN"
        )
        product = next(
            each
            for each in client.get(f"/v1/stores/{store_id}/menu").json()["products"]
            if each["available"] and not each["modifier_groups"] and each["daypart"] is None
        )
        guest = client.post("/v1/guests", json={"store_id": store_id}).json()
        answer = client.post(
            "/v1/orders",
            headers={"Authorization": f"Bearer {guest['access_token']}", "Idempotency-Key": str(uuid.uuid4())},
            json={
                "store_id": store_id,
                "fulfillment_type": "PICKUP",
                "pay_mode": "AT_STORE",
                "items": [{"product_id": product["product_id"], "qty": 2}],
                "contact": {"name": "Giulia"},
            },
        )
        assert answer.status_code == 201, answer.text
        return {"order": answer.json(), "token": guest["access_token"]}


def token_of(said: dict[str, Any], login: str) -> str:
    password = next(each["password"] for each in said["logins"] if each["login"] == login)
    answer = clients.post(f"{said['url']}/v1/login", json={"login": login, "password": password}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def test_every_address_that_it_tells_answers(said: dict[str, Any]) -> None:
    pages = [said["url"], said["staff_login"], said["sandbox"], said["mail"], f"{said['url']}/openapi.json"]
    pages += [store[page] for store in said["stores"] for page in ("menu", "screen")]

    assert {page: clients.get(page, timeout=10).status_code for page in pages} == dict.fromkeys(pages, 200)
    assert len(said["stores"]) == 3


def test_the_logins_open_the_kitchen_of_their_store(said: dict[str, Any]) -> None:
    store = said["stores"][0]
    barista = next(
        each["login"] for each in said["logins"] if (each["role"], each["store"]) == ("BARISTA", store["slug"])
    )
    headers = {"Authorization": f"Bearer {token_of(said, barista)}"}

    assert clients.get(f"{said['url']}/v1/stores/{store['store_id']}/queue", headers=headers).status_code == 200
    other = said["stores"][1]["store_id"]
    assert clients.get(f"{said['url']}/v1/stores/{other}/queue", headers=headers).status_code in (403, 404)


def test_an_order_reaches_the_kitchen(said: dict[str, Any], order: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {token_of(said, 'admin')}"}
    queue = f"{said['url']}/v1/stores/{order['order']['store_id']}/queue"

    def arrived() -> bool:
        tickets = clients.get(queue, headers=headers).json()["data"]
        return any(ticket["order_id"] == order["order"]["order_id"] for ticket in tickets)

    assert until(arrived)


def test_what_is_secret_is_readable_by_its_owner_alone(folder: Path, said: dict[str, Any]) -> None:
    names = ("secret", "sandbox.json", "logins.json", "sandbox.db", "logs/web.log")

    assert {name: stat.S_IMODE((folder / name).stat().st_mode) for name in names} == dict.fromkeys(names, 0o600)


def test_json_is_one_line_and_then_silence(demo: Command, said: dict[str, Any]) -> None:
    assert said["ready"] is True
    assert demo.out.count("\n") == 1
    assert demo.err == ""


def test_a_second_start_on_the_same_folder_says_who_has_it(
    demo: Command, said: dict[str, Any], words: list[str]
) -> None:
    again = bottega(*words)

    assert again.returncode == 5
    assert f"process {demo.process.pid} at {said['url']}" in again.stderr
    assert "--data" in again.stderr
    assert again.stdout == ""


def test_a_second_start_on_the_same_port_says_who_has_it(said: dict[str, Any], port: int, tmp_path: Path) -> None:
    again = bottega("demo", "--port", str(port), "--data", str(tmp_path))

    assert again.returncode == 5
    assert f"Port {port} is taken. Another bottega listens there: process {said['processes']['web']}" in again.stderr
    assert "choose another port: --port" in again.stderr


def test_the_doctor_finds_nothing_wrong(said: dict[str, Any], folder: Path) -> None:
    looked = bottega("doctor", "--data", str(folder))

    assert looked.returncode == 0, looked.stdout
    assert "All is well" in looked.stdout


def test_a_killed_process_comes_back_and_people_are_told(demo: Command, said: dict[str, Any]) -> None:
    os.kill(said["processes"]["web"], signal.SIGKILL)

    demo.says("web was killed by SIGKILL; it starts again", on_stderr=True)
    until(lambda: _status(f"{said['url']}/readyz") == 200, what="the web process")


def test_a_killed_database_comes_back(demo: Command, said: dict[str, Any], order: dict[str, Any]) -> None:
    os.kill(said["processes"]["postgres"], signal.SIGKILL)

    demo.says("The database server died", on_stderr=True)
    until(lambda: _order(said, order).status_code == 200, what="the order")


def test_ctrl_c_is_clean_and_a_restart_is_quick_and_keeps_everything(
    demo: Command, said: dict[str, Any], order: dict[str, Any], words: list[str], folder: Path, tmp_path: Path
) -> None:
    assert demo.end(signal.SIGINT) == 0
    assert "Traceback" not in demo.err
    assert until(lambda: gone(list(said["processes"].values())))

    tries: list[float] = []
    while True:
        allowed = RESTART_SECONDS * busyness()
        began = time.monotonic()
        again = Command(words, tmp_path)
        shown = again.says("the data stays.")
        tries.append((time.monotonic() - began) / allowed)
        kept = _order(said, order)
        code = again.end(signal.SIGTERM)
        # Other programs on the machine only ever make a start slower, so the quickest of a few is what it takes.
        if tries[-1] <= 1 or len(tries) == 4:
            break

    assert min(tries) <= 1, tries
    assert kept.json()["total"] == order["order"]["total"]
    assert all(each["login"] in shown and each["password"] in shown for each in said["logins"])
    assert (code, "Traceback" in again.err) == (0, False)
    assert not (folder / "running.json").exists()


def test_killing_it_leaves_nothing_running(demo: Command, words: list[str], tmp_path: Path) -> None:
    demo.end()
    doomed = Command([*words, "--json", "--web", "2"], tmp_path)
    processes = doomed.summary()["processes"]
    assert {"web 1", "web 2", "worker", "sandbox", "postgres"} <= processes.keys()

    doomed.end(signal.SIGKILL)

    assert until(lambda: gone(list(processes.values())), 15, "all processes gone")


def test_without_the_seed_there_is_an_empty_shop(tmp_path: Path) -> None:
    data = tmp_path / "empty"
    demo = Command(["demo", "--no-seed", "--json", "--port", str(listening_port()), "--data", str(data)], tmp_path)
    try:
        said = demo.summary()
        assert (said["stores"], said["logins"]) == ([], [])
        assert clients.get(said["url"], timeout=10).status_code == 200
    finally:
        code = demo.end(signal.SIGTERM)
        EmbeddedPostgres(data / "postgres").erase()
    assert code == 0


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    refused = bottega("demo", "--port", str(listening_port()), "--data", str(tmp_path / "file" / "data"))

    assert refused.returncode == 1
    assert "can't be written" in refused.stderr
    assert "Traceback" not in refused.stderr


def _order(said: dict[str, Any], order: dict[str, Any]) -> httpx.Response:
    headers = {"Authorization": f"Bearer {order['token']}"}
    try:
        return clients.get(f"{said['url']}/v1/orders/{order['order']['order_id']}", headers=headers, timeout=10)
    except httpx.HTTPError:
        return httpx.Response(503)


def _status(url: str) -> int:
    try:
        return clients.get(url, timeout=2).status_code
    except httpx.HTTPError:
        return 0
