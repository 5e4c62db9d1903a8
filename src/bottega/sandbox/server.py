"""The one process: binds the ports, answers by path, runs the webhook sender and the jobs, stops cleanly."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace

import uvicorn
import uvloop

from bottega.sandbox import api, controls, mailpages, smtp, webhooks
from bottega.sandbox.dashboard import pages as dashboard
from bottega.sandbox.elements import pages as elements
from bottega.sandbox.ids import new_id
from bottega.sandbox.settings import Settings, read
from bottega.sandbox.web import Receive, Request, Response, Scope, Send, json, write
from bottega.sandbox.web import read as read_request
from bottega.sandbox.world import World

log = logging.getLogger("bottega.sandbox")


def answer(world: World, request: Request) -> Response:
    """Everything but the API: it is answered at once."""
    path = request.path
    if path.startswith("/_sandbox/mail"):
        return mailpages.serve_json(world, request)
    if path.startswith("/_sandbox/"):
        return controls.serve(world, request)
    if path.startswith("/mail"):
        return mailpages.serve_page(world, request)
    if path.startswith(("/v3", "/elements/", "/3ds/", "/static/")):
        return elements.serve(world, request)
    return dashboard.serve(world, request)


class App:
    """The ASGI application."""

    def __init__(self, world: World) -> None:
        """Runs on this world."""
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        request = await read_request(scope, receive)
        if request is None:
            response = api.refuse_body(new_id("req"))
        else:
            try:
                is_api = request.path.startswith("/v1/")
                response = await api.serve(self.world, request) if is_api else answer(self.world, request)
            except Exception:
                log.exception("%s %s failed", request.method, request.path)
                response = json({"error": {"type": "api_error", "message": "The sandbox has a bug; see its log."}}, 500)
        await write(send, response)


class Server(uvicorn.Server):
    """uvicorn, but a signal only asks it to stop: afterwards the store is closed and the process ends with 0."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """The first signal stops serving, the second doesn't wait for open requests."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


async def watch_parent(parent: int) -> None:
    """End this process when the one that started it is gone, so that a killed starter leaves nothing behind."""
    while os.getppid() == parent:
        await asyncio.sleep(1.0)
    os.kill(os.getpid(), signal.SIGTERM)


@asynccontextmanager
async def running(world: World, port: int) -> AsyncGenerator[int]:
    """The background work of a world; gives the port of the mail sink (0: there is none)."""
    settings = world.settings
    world.store.set_meta("base_url", settings.public_url or f"http://{settings.host}:{port}")
    world.work(lambda desk: webhooks.ensure(desk, settings.webhook_url, settings.webhook_secret))
    try:
        mail = await smtp.listen(world, settings.host, settings.mail_port) if settings.mail_port else None
    except OSError as problem:
        sys.exit(f"sandbox: can't listen on {settings.host}:{settings.mail_port} for mail: {problem.strerror}")
    mail_port: int = mail.sockets[0].getsockname()[1] if mail else 0
    world.store.set_meta("mail_port", str(mail_port))
    world.sender.load()
    tasks = [asyncio.create_task(world.sender.run()), asyncio.create_task(world.tick())]
    if settings.parent:
        tasks.append(asyncio.create_task(watch_parent(settings.parent)))
    try:
        yield mail_port
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        if mail:
            mail.close()
        world.store.close()


async def run(settings: Settings, listener: socket.socket) -> None:
    """Serve until a signal."""
    port: int = listener.getsockname()[1]
    world = World(replace(settings, port=port))
    async with running(world, port) as mail_port:
        config = uvicorn.Config(
            App(world), log_level="critical", access_log=False, lifespan="off", server_header=False,
            timeout_graceful_shutdown=1, http="httptools", timeout_keep_alive=75,
        )  # fmt: skip
        server = Server(config)
        mail = f" mail={settings.host}:{mail_port}" if mail_port else ""
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        # uvicorn has no event to wait for.
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        print(f"sandbox ready http://{settings.host}:{port}{mail}", flush=True)
        await serving


def main(argv: list[str] | None = None) -> None:
    """Read the options, bind the port, serve. A used port is said clearly."""
    settings = read(sys.argv[1:] if argv is None else argv)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as problem:
        sys.exit(f"sandbox: can't listen on {settings.host}:{settings.port}: {problem.strerror}")
    with suppress(KeyboardInterrupt):
        uvloop.run(run(settings, listener))
