"""The web role: the application that answers HTTP and WebSocket, and its process.

Run by `python -m bottega.entrypoints.web` with settings from the environment; several may run on one port
(SO_REUSEPORT) and serve the same orders and streams.
"""

import asyncio
import contextlib
import gc
import os
import socket
from collections.abc import AsyncGenerator

import uvicorn
import uvloop
from litestar import Litestar
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import ASGIApp

from bottega.domains import orders
from bottega.domains.carts import pages as carts_pages
from bottega.domains.catalog import api as catalog_api
from bottega.domains.identity import api as identity_api
from bottega.domains.identity import pages as identity_pages
from bottega.domains.kitchen import api as kitchen_api
from bottega.domains.kitchen import pages as kitchen_pages
from bottega.domains.live import api as live_api
from bottega.domains.merchants import api as merchants_api
from bottega.domains.merchants import pages as merchants_pages
from bottega.domains.orders import api as orders_api
from bottega.domains.orders import pages as orders_pages
from bottega.domains.payments import api as payments_api
from bottega.domains.payments import pages as payments_pages
from bottega.domains.reports import api as reports_api
from bottega.domains.reports import pages as reports_pages
from bottega.entrypoints.running import HANDLERS as RUNNING
from bottega.entrypoints.supervisor import watch_parent
from bottega.entrypoints.wiring import Parts, make_context, make_parts
from bottega.infra.settings import Settings, load
from bottega.infra.telemetry import configure_logs
from bottega.infra.web.context import Context
from bottega.infra.web.forms import no_such_address
from bottega.infra.web.front import Front
from bottega.infra.web.hot import HotRoutes
from bottega.infra.web.methods import allowed_methods
from bottega.infra.web.problem import refusal, unforeseen
from bottega.infra.web.streams import Hub
from bottega.infra.web.wire import Protocol
from bottega.kit.errors import DomainError

MAX_BODY = 256_000
UNREAD_MILLISECONDS = 30_000
HOT_FACES = (catalog_api, orders_api, live_api)
PAGES = (
    merchants_pages,
    identity_pages,
    carts_pages,
    orders_pages,
    payments_pages,
    kitchen_pages,
    reports_pages,
)
FACES = (merchants_api, catalog_api, identity_api, orders_api, payments_api, kitchen_api, live_api, reports_api)


def make_litestar(context: Context | None, parts: Parts | None) -> Litestar:
    """The application. Without parts it only describes itself (for the OpenAPI document)."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncGenerator[None, None]:
        assert parts is not None
        assert context is not None
        await parts.open()
        hub = asyncio.create_task(context.part(Hub).run(), name="hub")
        try:
            yield
        finally:
            hub.cancel()
            await context.part(orders.Ordering).lane.close()
            await parts.close()

    return Litestar(
        route_handlers=[handler for face in (*FACES, *PAGES) for handler in face.HANDLERS] + RUNNING,
        lifespan=[] if parts is None else [lifespan],
        state=State({"context": context}),
        exception_handlers={DomainError: refusal, HTTPException: no_such_address, Exception: unforeseen},
        request_max_body_size=MAX_BODY,
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title="bottega",
            version="1",
            path="/_openapi",
            description="One ordering engine for every shop.",
            use_handler_docstrings=True,
            render_plugins=[JsonRenderPlugin()],  # the others are pages that load scripts from elsewhere
        ),
    )


def make_app(settings: Settings) -> ASGIApp:
    """The whole web application behind its front."""
    parts = make_parts(settings, "web")
    inner = make_litestar(make_context(parts), parts)
    trusted = frozenset(each.strip() for each in settings.trusted_proxies.split(",") if each.strip())
    hot = HotRoutes(inner, [route for face in HOT_FACES for route in face.HOT], MAX_BODY)
    return Front(
        hot,
        limit=settings.rate_limit,
        trusted_proxies=trusted,
        methods=lambda path: allowed_methods(inner, path),
        hot=hot,
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that several processes can share. Raises `OSError` when the port is taken by somebody else."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = socket.socket(family, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "SO_REUSEPORT"):
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # A client that takes nothing for so long is cut off; a dropped listener's last bytes would wait for it for ever.
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MILLISECONDS)
    server.bind((host, port))
    server.listen(2048)
    server.set_inheritable(True)
    return server


def server_config(app: ASGIApp) -> uvicorn.Config:
    """How the server runs."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        loop="uvloop",
        http=Protocol,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,  # the front believes only the proxies that it was told about
        backlog=2048,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=16_384,
    )


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished, streams are closed."""
    config = server_config(make_app(settings))
    await uvicorn.Server(config).serve([listen(settings.host, settings.port)])


def main() -> None:
    """The process."""
    settings = load()
    configure_logs(settings.log_format, settings.log_level)
    # What is alive now lives as long as the process; the collector need not look at it again and again.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    parent = os.environ.get("BOTTEGA_PARENT")
    with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if parent is not None:
            runner.get_loop().call_soon(watch_parent, runner.get_loop(), int(parent))
        runner.run(serve(settings))


if __name__ == "__main__":
    main()
