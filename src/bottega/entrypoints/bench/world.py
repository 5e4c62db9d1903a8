"""The world that is measured: a temporary server, a chain of many stores, and the processes of ours that serve it.

Everything is on this machine, in one folder that goes away, reached over 127.0.0.1 and a Unix socket. The server runs
with the settings it always has (fsync on). Every process that was started here is ended here.
"""

import asyncio
import contextlib
import json
import os
import random
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from bottega.domains.identity import People
from bottega.domains.merchants import Hours
from bottega.entrypoints.database_setup import migrate
from bottega.entrypoints.seed import Chain, Shop, chain, seed
from bottega.infra.auth import Tokens
from bottega.infra.crypto import Keyring
from bottega.infra.db import Pools
from bottega.infra.outbox import Waker
from bottega.infra.postgres import EmbeddedPostgres
from bottega.infra.settings import Settings, to_environment
from bottega.infra.transaction import Database
from bottega.kit import ids
from bottega.kit.subject import Subject, SubjectKind

GUESTS = 500
_START_SECONDS = 20.0
_ALWAYS = tuple(Hours(day, "00:00", "00:00") for day in range(7))
_CLK_TCK = os.sysconf("SC_CLK_TCK")


@dataclass
class Running:
    """A process of ours that serves on a port."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def cpu_seconds(self) -> float:
        """The processor time it has used so far."""
        return sum(_cpu_fields(self.pid)[1:3]) / _CLK_TCK

    def resident_bytes(self) -> int:
        """The memory it holds right now."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _cpu_fields(pid: int | str) -> list[int]:
    """Of a process: its parent, its user and system time, and those of its children that have ended (clock ticks)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return [int(fields[place]) for place in (1, 11, 12, 13, 14)]


@dataclass
class World:
    """A chain of stores in a database of its own, guests with tokens, and what is needed to start our processes."""

    folder: Path
    server: EmbeddedPostgres
    secret: str
    merchant_id: UUID
    stores: list[UUID]
    guests: list[tuple[UUID, str]]
    barista: str = ""
    menu: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def url(self) -> str:
        """The owner's address of the database."""
        return self.server.url()

    def connect(self) -> psycopg.Connection[Any]:
        """A connection as the owner."""
        return psycopg.connect(self.url, autocommit=True)

    def server_cpu_seconds(self) -> float:
        """The processor time that the database server has used so far, all its processes together."""
        server = self.server.pid
        used = sum(_cpu_fields(server)[1:])
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                parent, *times = _cpu_fields(process.name)
                used += sum(times) if parent == server else 0
        return used / _CLK_TCK

    def settings(self, **changes: Any) -> Settings:
        """The settings that our processes get."""
        base = Settings(database_url=self.url, secret=self.secret, rate_limit=0, log_level="warning")
        return msgspec.structs.replace(base, **changes)

    @contextlib.contextmanager
    def web(self, **changes: Any) -> Generator[Running]:
        """One `web` process, ready to serve."""
        port = free_port()
        environment = to_environment(self.settings(port=port, **changes))
        with started(self.folder, "bottega.entrypoints.web", environment) as process:
            wait_until_up(process, port, "/readyz")
            yield Running(process, port)

    @contextlib.contextmanager
    def worker(self) -> Generator[Running]:
        """One `worker` process."""
        with started(self.folder, "bottega.entrypoints.worker", to_environment(self.settings())) as process:
            yield Running(process, 0)


@contextlib.contextmanager
def open_world(stores: int) -> Generator[World]:
    """Make it, and take it away again."""
    folder = Path(tempfile.mkdtemp(prefix="bottega-bench-"))
    folder.chmod(0o711)  # as root the server is another user, who has to get in
    server = EmbeddedPostgres(folder / "data")
    try:
        server.start()
        yield asyncio.run(_make(folder, server, stores))
    finally:
        server.erase()
        shutil.rmtree(folder, ignore_errors=True)


async def _make(folder: Path, server: EmbeddedPostgres, stores: int) -> World:
    url, secret = server.url(), secrets.token_urlsafe(32)
    await migrate(url)
    keyring, pools = Keyring(secret), Pools(url)
    waker = Waker(pools.conninfo)
    database = Database(pools, waker)
    await pools.open()
    try:
        seeded = await seed(database, People(keyring, database), _chain(stores))
    finally:
        await waker.close()
        await pools.close()
    tokens = Tokens(keyring)
    guests: list[tuple[UUID, str]] = []
    for _ in range(GUESTS):
        guest = Subject(SubjectKind.GUEST, ids.new_id(ids.home_of(seeded.merchant_id)), seeded.merchant_id)
        guests.append((guest.subject_id, tokens.issue(guest, seconds=7200)[0]))
    world = World(folder, server, secret, seeded.merchant_id, [each.store_id for each in seeded.stores], guests)
    login = next(each for each in seeded.logins if each.role == "MERCHANT_ADMIN")
    world.barista = f"{login.login}:{login.password}"
    with world.connect() as connection:
        connection.execute("analyze")
    return world


def _chain(stores: int) -> Chain:
    """The demo's first store, as often as asked for, open day and night."""
    demo = chain()
    first = demo.shops[0]
    shops = tuple(
        Shop(
            msgspec.structs.replace(
                first.store, slug=f"store-{number}", name=f"Store {number}", hours=_ALWAYS, order_prefix="B"
            ),
            first.offer,
            (),
        )
        for number in range(stores)
    )
    return msgspec.structs.replace(demo, shops=shops)


@contextlib.contextmanager
def started(folder: Path, module: str, environment: Mapping[str, str]) -> Generator[subprocess.Popen[bytes]]:
    """A Python module as a process, ended at the end of the block. Its output goes to a file in the folder."""
    with (folder / f"{module}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module], env={**os.environ, **environment}, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_up(process: subprocess.Popen[bytes], port: int, path: str) -> None:
    """Return as soon as an address answers 200. Raises `RuntimeError` when the process ends or takes too long."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            get(port, path)
            return
        time.sleep(0.05)
    raise RuntimeError(f"process {process.pid} does not answer on port {port}")


def get(port: int, path: str, headers: Mapping[str, str] | None = None) -> bytes:
    """A body from 127.0.0.1. Raises `OSError` for anything but success."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=dict(headers or {}))
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - always 127.0.0.1
        return answer.read()


def post(port: int, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Any:
    """The JSON that a POST to 127.0.0.1 answers. Raises `OSError` for anything but success."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **(headers or {})},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - always 127.0.0.1
        return json.loads(answer.read())


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def order_bodies(world: World, port: int, chooser: random.Random, count: int) -> list[dict[str, Any]]:
    """Orders as customers send them: three lines with modifiers each, spread over the stores."""
    menu: dict[str, Any] = json.loads(get(port, f"/v1/stores/{ids.show('sto', world.stores[0])}/menu"))
    groups = {group["group_id"]: group for group in menu["modifier_groups"]}
    choosable = [each for each in menu["products"] if each["modifier_groups"] and each["available"]]
    assert len(choosable) >= 3, "the demo's menu has products with modifiers"
    return [
        {
            "store_id": ids.show("sto", world.stores[number % len(world.stores)]),
            "fulfillment_type": "PICKUP",
            "pay_mode": "AT_STORE",
            "items": [_line(product, groups) for product in chooser.sample(choosable, 3)],
            "contact": {"name": "Giulia"},
        }
        for number in range(count)
    ]


def _line(product: Mapping[str, Any], groups: Mapping[str, Any]) -> dict[str, Any]:
    """One line with one choice from each group that wants one, and at least one choice."""
    chosen: list[str] = []
    for group_id in product["modifier_groups"]:
        group = groups[group_id]
        if group["min"] or not chosen:
            chosen += [each["modifier_id"] for each in group["modifiers"][: max(1, group["min"])]]
    variant: Sequence[Any] = product["variants"]
    return {
        "product_id": product["product_id"],
        "variant_id": variant[0]["variant_id"],
        "qty": 1,
        "modifier_ids": chosen,
    }
