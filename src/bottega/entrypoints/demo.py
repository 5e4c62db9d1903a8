"""`bottega demo`: a whole coffee chain on this machine: database, payment provider and mail sink, web, worker.

Here: what is started in which order with which settings. Not here: keeping it running (supervisor.py), what the folder
holds (data_folder.py), the words at the end (demo_summary.py). What must stay true: the data survives every way of
stopping, a restart takes seconds, and nothing keeps running when this process is gone.
"""

import asyncio
import os
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import msgspec
import psycopg

from bottega.domains.identity import People
from bottega.entrypoints import launch
from bottega.entrypoints.addresses import LOOPBACK, answers, free_port, is_free, reach, shown, who_has
from bottega.entrypoints.data_folder import DataFolder, Running, SandboxKeys
from bottega.entrypoints.database_setup import DatabaseSetupError, migrate
from bottega.entrypoints.demo_summary import Place, Summary, present
from bottega.entrypoints.launch import EmbeddedDatabase
from bottega.entrypoints.seed import SeedResult, seed
from bottega.entrypoints.supervisor import Program, Supervisor, inherited, raise_file_limit, stop_signals
from bottega.entrypoints.terminal import CommandFailed, Exit, say, show_json, warn
from bottega.infra.crypto import Keyring
from bottega.infra.db import Pools
from bottega.infra.outbox import Waker
from bottega.infra.settings import Settings
from bottega.infra.transaction import Database

READY_SECONDS = 60.0


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for; `web` 0 takes the setting."""

    host: str = "127.0.0.1"
    port: int = 8000
    data: Path | None = None
    web: int = 0
    as_json: bool = False
    with_seed: bool = True


def run(options: Options) -> None:
    """Run the demo until a signal ends it. Raises `CommandFailed` when it can't start."""
    began = time.monotonic()
    folder = DataFolder(options.data)
    tell: Callable[[str], None] = (lambda _: None) if options.as_json else say
    with stop_signals():
        try:
            check_assets()
            with folder.claimed():
                check_port(options.host, options.port)
                tell(f"data folder {folder.path}")
                with EmbeddedDatabase(folder, warn) as database:
                    _run_shop(options, folder, database, began)
        except KeyboardInterrupt:
            tell(f"stopped; the data stays in {folder.path}")


def check_assets() -> None:
    """Raises `CommandFailed` when the pages' scripts and styles were not built."""
    manifest = resources.files("bottega.infra.web") / "static" / "manifest.json"
    if not manifest.is_file() or b"site.css" not in manifest.read_bytes():
        raise CommandFailed(
            "The scripts and styles of the pages are not built.",
            "Run `make demo` in the checkout (or `make assets` once): it builds them.",
        )


def check_port(host: str, port: int) -> None:
    """Raises `CommandFailed` when somebody listens on the port, with who that is."""
    if is_free(host, port):
        return
    user = who_has(port)
    mine = answers(host, port, "/healthz")[1] == b'{"status":"ok"}'
    what = "Another bottega" if mine else "Another program"
    raise CommandFailed(
        f"Port {port} is taken. {what} listens there{f': {user}' if user else ''}.",
        f"Stop it, or choose another port: --port {free_port(reach(host), port + 100)}",
        Exit.CONFLICT,
    )


def demo_settings(folder: DataFolder, keys: SandboxKeys, options: Options, sandbox_port: int) -> Settings:
    """The settings of the demo's processes: those of the environment, with the folder's secret and keys."""
    host, name = reach(options.host), shown(options.host)
    given = launch.read_settings()
    if given.database_url:
        warn("the demo has a database of its own and leaves that of BOTTEGA_DATABASE_URL alone")
    return msgspec.structs.replace(
        given,
        secret=folder.root_secret(),
        public_url=f"http://{name}:{options.port}",
        host=options.host,
        port=options.port,
        web_processes=options.web or given.web_processes,
        stripe_secret_key=keys.secret_key,
        stripe_publishable_key=keys.publishable_key,
        stripe_webhook_secrets=keys.webhook_secret,
        stripe_api_base=f"http://{host}:{sandbox_port}",
        stripe_js_url=f"http://{name}:{sandbox_port}/v3/",
    )


def _run_shop(options: Options, folder: DataFolder, database: EmbeddedDatabase, began: float) -> None:
    keys = folder.sandbox_keys()
    assert keys is not None
    host = "127.0.0.1" if options.host in LOOPBACK or ":" in options.host else options.host
    sandbox_port = free_port(host, options.port + 50)
    mail_port = free_port(host, sandbox_port + 1)
    settings = demo_settings(folder, keys, options, sandbox_port)
    settings = msgspec.structs.replace(settings, database_url=database.url)
    raise_file_limit()
    supervisor = Supervisor(warn)
    try:
        supervisor.start([_sandbox(settings, folder, host, (sandbox_port, mail_port))])
        asyncio.run(_migrated(settings.database_url))
        supervisor.start([launch.worker(settings, folder.log), *launch.web(settings, folder.log)])
        if options.with_seed:
            _keep(folder, asyncio.run(_seeded(settings)))
        supervisor.wait_until(lambda: _is_ready(options, host, sandbox_port), READY_SECONDS)
        running = Running(os.getpid(), settings.public_url, options.host, options.port, sandbox_port)
        folder.note_running(running)
        summary = _summary(settings, folder, mail_port, time.monotonic() - began)
        if options.as_json:
            show_json(msgspec.structs.replace(summary, processes=_processes(supervisor, database)))
        else:
            present(summary)
        supervisor.run(database.look_after)
    finally:
        supervisor.stop()


def _sandbox(settings: Settings, folder: DataFolder, host: str, ports: tuple[int, int]) -> Program:
    keys = folder.sandbox_keys()
    assert keys is not None
    given = {
        "HOST": host,
        "PORT": str(ports[0]),
        "MAIL_PORT": str(ports[1]),
        "PUBLIC_URL": settings.stripe_js_url.removesuffix("/v3/"),
        "PARENT": str(os.getpid()),
        "DATA": str(folder.sandbox),
        "WEBHOOK_URL": f"http://{reach(settings.host)}:{settings.port}/v1/payments/webhook",
        "WEBHOOK_SECRET": keys.webhook_secret,
        "SECRET_KEY": keys.secret_key,
        "PUBLISHABLE_KEY": keys.publishable_key,
    }
    environment = inherited() | {f"BOTTEGA_SANDBOX_{name}": value for name, value in given.items()}
    return Program("sandbox", "bottega.sandbox", environment, log=folder.log("sandbox"))


async def _migrated(url: str) -> None:
    try:
        await migrate(url)
    except (DatabaseSetupError, psycopg.OperationalError) as error:
        raise CommandFailed(str(error)) from error


async def _seeded(settings: Settings) -> SeedResult:
    pools = Pools(settings.database_url, size=2, name="bottega-demo")
    waker = Waker(pools.conninfo)
    await pools.open()
    try:
        database = Database(pools, waker)
        return await seed(database, People(Keyring(settings.secret), database))
    finally:
        await waker.close()
        await pools.close()


def _keep(folder: DataFolder, seeded: SeedResult) -> None:
    if seeded.created:
        folder.keep_logins(seeded.logins)
    elif not folder.logins():
        warn("nobody knows the logins of this chain any more: delete the data folder to begin anew")


def _is_ready(options: Options, sandbox_host: str, sandbox_port: int) -> bool:
    return (
        answers(options.host, options.port, "/readyz")[0] == 200
        and answers(sandbox_host, sandbox_port, "/_sandbox/mail")[0] != 0
    )


class _Store(msgspec.Struct):
    store_id: str
    slug: str
    name: str
    currency: str
    timezone: str


class _Stores(msgspec.Struct):
    data: list[_Store]


def _summary(settings: Settings, folder: DataFolder, mail_port: int, seconds: float) -> Summary:
    url = settings.public_url
    sandbox = settings.stripe_js_url.removesuffix("/v3/")
    _, body = answers(settings.host, settings.port, "/v1/stores?limit=100")
    stores = msgspec.json.decode(body, type=_Stores).data
    return Summary(
        url=url,
        api=f"{url}/v1",
        docs=f"{url}/docs",
        staff_login=f"{url}/staff/login",
        sandbox=sandbox,
        mail=f"{sandbox}/mail",
        smtp=f"{reach(settings.host)}:{mail_port}",
        stores=[
            Place(
                store_id=each.store_id,
                slug=each.slug,
                name=each.name,
                currency=each.currency,
                timezone=each.timezone,
                menu=f"{url}/s/{each.slug}",
                kitchen=f"{url}/kitchen/{each.slug}",
                screen=f"{url}/tv/{each.slug}",
            )
            for each in stores
        ],
        logins=folder.logins(),
        data=str(folder.path),
        database_url=settings.database_url,
        seconds=round(seconds, 2),
        on_lan=settings.host not in LOOPBACK,
    )


def _processes(supervisor: Supervisor, database: EmbeddedDatabase) -> dict[str, int]:
    children = {each.program.name: each.process.pid for each in supervisor.children if each.process is not None}
    return {"demo": os.getpid(), "postgres": database.pid, **children}
