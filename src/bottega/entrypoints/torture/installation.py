"""The installation under torture: real processes on an embedded database, every TCP connection between them by a link.

Two web processes on one port, two workers, the provider, the database; a supervisor in a thread of its own starts again
what dies, as `demo` and `up` do. What must stay true: when the block ends nothing runs any more and the folder is gone
(unless it is to be kept), and the judge's own connection goes through no link.
"""

import asyncio
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import LiteralString

import msgspec
import psycopg

from bottega.domains.identity import People
from bottega.domains.merchants import CaptureMode, Hours
from bottega.entrypoints import launch
from bottega.entrypoints.addresses import answers, free_port
from bottega.entrypoints.data_folder import DataFolder, SandboxKeys
from bottega.entrypoints.database_setup import migrate
from bottega.entrypoints.launch import EmbeddedDatabase
from bottega.entrypoints.seed import Chain, SeedResult, Shop, chain, seed
from bottega.entrypoints.supervisor import Child, Program, Supervisor, inherited, raise_file_limit
from bottega.entrypoints.torture.planning import LINKS, PROVIDER, WEBS, WORKERS
from bottega.entrypoints.torture.proxy import Link
from bottega.infra.crypto import Keyring
from bottega.infra.db import Pools
from bottega.infra.outbox import Waker
from bottega.infra.settings import Settings
from bottega.infra.transaction import Database

HOST = "127.0.0.1"
READY_SECONDS = 60.0
_ALWAYS = tuple(Hours(day, "00:00", "00:00") for day in range(7))
# Whoever leaves without paying is gone within the minute that everything has to come to its end in.
HASTEN: LiteralString = "update stores set unpaid_minutes = 1"


class _Over(Exception):
    """The supervisor is told to stop watching."""


@dataclass
class Installation:
    """What runs, and where. `url` is where people reach the shop, `provider_url` where their browsers reach the provider."""

    folder: DataFolder
    database: EmbeddedDatabase
    supervisor: Supervisor
    links: dict[str, Link]
    keys: SandboxKeys
    seeded: SeedResult
    provider_port: int
    web_port: int
    told: list[str] = field(default_factory=list[str])

    @property
    def url(self) -> str:
        """Where customers and staff reach the shop: by a link."""
        return f"http://{HOST}:{self.links['client-web'].port}"

    @property
    def provider_url(self) -> str:
        """Where browsers, and the judge, reach the provider."""
        return f"http://{HOST}:{self.provider_port}"

    @property
    def database_url(self) -> str:
        """The owner's address, over the Unix socket: no fault but the database's own stands between."""
        return self.database.url

    @property
    def restarts(self) -> int:
        """How often something was started again."""
        return sum("starts again" in line or "is started again" in line for line in self.told)

    def child(self, name: str) -> Child:
        """A process by its name."""
        return next(each for each in self.supervisor.children if each.program.name == name)

    def ready(self) -> bool:
        """Whether orders can be taken and paid."""
        shop = answers(HOST, self.web_port, "/readyz")[0] == 200
        return shop and answers(HOST, self.provider_port, "/_sandbox/health")[0] == 200


@asynccontextmanager
async def installed(keep: Path | None = None, *, direct: bool = False) -> AsyncGenerator[Installation]:
    """Make it, start it, and take it away again. `keep`: a folder that stays, logs and data and all.

    `direct`: the links lead nowhere but straight to the other side, where nothing is to happen to them.
    """
    where = keep or Path(tempfile.mkdtemp(prefix="bottega-torture-"))
    where.mkdir(parents=True, exist_ok=True)
    where.chmod(0o711)  # as root the server is another user, who has to get in
    folder, told = DataFolder(where), list[str]()
    links = {name: Link(name, 0) for name in LINKS}
    supervisor = Supervisor(told.append)
    database = EmbeddedDatabase(folder, told.append, free_port(HOST, 0))
    over = threading.Event()
    raise_file_limit()
    try:
        await asyncio.to_thread(database.__enter__)
        made = await _made(folder, database, supervisor, links, told, direct=direct)
        watching = asyncio.create_task(asyncio.to_thread(_watch, made, over))
        try:
            yield made
        finally:
            over.set()
            await watching
    finally:
        await asyncio.to_thread(supervisor.stop)
        for link in links.values():
            await link.stop()
        await asyncio.to_thread(database.__exit__, None, None, None)
        if keep is None:
            await asyncio.to_thread(shutil.rmtree, where, ignore_errors=True)


async def _made(
    folder: DataFolder,
    database: EmbeddedDatabase,
    supervisor: Supervisor,
    links: dict[str, Link],
    told: list[str],
    *,
    direct: bool,
) -> Installation:
    keys = folder.sandbox_keys()
    assert keys is not None
    provider_port, web_port = free_port(HOST, 0), free_port(HOST, 0)
    database_port = int(database.tcp_url.rpartition("@")[2].partition("/")[0].rpartition(":")[2])
    targets = (database_port, database_port, provider_port, web_port, web_port)
    for link, target in zip(links.values(), targets, strict=True):
        link.target = target
        if direct:
            link.port = target
        else:
            await link.start()
    settings = Settings(
        secret=secrets.token_urlsafe(48),
        public_url=f"http://{HOST}:{links['client-web'].port}",
        host=HOST,
        port=web_port,
        web_processes=len(WEBS),
        stripe_secret_key=keys.secret_key,
        stripe_publishable_key=keys.publishable_key,
        stripe_webhook_secrets=keys.webhook_secret,
        stripe_api_base=f"http://{HOST}:{links['shop-provider'].port}",
        stripe_js_url=f"http://{HOST}:{provider_port}/v3/",
        rate_limit=0,
        log_level="warning",
    )
    supervisor.start([_provider(folder, keys, (provider_port, links["provider-webhook"].port))])
    seeded = await _planted(msgspec.structs.replace(settings, database_url=database.url))
    by_worker = msgspec.structs.replace(settings, database_url=_through(database.tcp_url, links["worker-database"]))
    by_web = msgspec.structs.replace(settings, database_url=_through(database.tcp_url, links["web-database"]))
    workers = [launch.worker(by_worker, folder.log, name) for name in WORKERS]
    supervisor.start([*workers, *launch.web(by_web, folder.log)])
    made = Installation(folder, database, supervisor, links, keys, seeded, provider_port, web_port, told)
    await asyncio.to_thread(supervisor.wait_until, made.ready, READY_SECONDS)
    return made


def _watch(made: Installation, over: threading.Event) -> None:
    """Keep everything running until told to stop; the database first, because all others need it."""

    def also() -> None:
        if over.is_set():
            raise _Over
        made.database.look_after()

    try:
        made.supervisor.run(also)
    except _Over:
        return


def _through(url: str, link: Link) -> str:
    """A database address by a link."""
    head, _, tail = url.rpartition("@")
    return f"{head}@{HOST}:{link.port}/{tail.partition('/')[2]}"


def _provider(folder: DataFolder, keys: SandboxKeys, ports: tuple[int, int]) -> Program:
    given = {
        "HOST": HOST,
        "PORT": str(ports[0]),
        "PARENT": str(os.getpid()),
        "DATA": str(folder.sandbox),
        "WEBHOOK_URL": f"http://{HOST}:{ports[1]}/v1/payments/webhook",
        "WEBHOOK_SECRET": keys.webhook_secret,
        "SECRET_KEY": keys.secret_key,
        "PUBLISHABLE_KEY": keys.publishable_key,
    }
    environment = inherited() | {f"BOTTEGA_SANDBOX_{name}": value for name, value in given.items()}
    return Program(PROVIDER, "bottega.sandbox", environment, log=folder.log(PROVIDER))


async def _planted(settings: Settings) -> SeedResult:
    """The demo chain, open day and night; its last store holds money first and takes it when an order is started."""
    await migrate(settings.database_url)
    pools = Pools(settings.database_url, size=2, name="bottega-torture")
    waker = Waker(pools.conninfo)
    await pools.open()
    try:
        database = Database(pools, waker)
        seeded = await seed(database, People(Keyring(settings.secret), database), _tortured(chain()))
    finally:
        await waker.close()
        await pools.close()
    async with await psycopg.AsyncConnection.connect(settings.database_url, autocommit=True) as connection:
        await connection.execute(HASTEN)
    return seeded


def _tortured(demo: Chain) -> Chain:
    def changed(shop: Shop) -> Shop:
        mode = CaptureMode.MANUAL if shop is demo.shops[-1] else CaptureMode.AUTOMATIC
        return Shop(msgspec.structs.replace(shop.store, hours=_ALWAYS, capture_mode=mode), shop.offer, shop.staff)

    return msgspec.structs.replace(demo, shops=tuple(changed(each) for each in demo.shops))
