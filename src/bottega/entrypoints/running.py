"""Running it: alive, ready, metrics, the API's description and its documents, and the built files."""

from typing import Any

import msgspec
import psycopg
from litestar import Response, get
from litestar.datastructures import CacheControlHeader
from litestar.static_files import create_static_files_router  # pyright: ignore[reportUnknownVariableType] - untyped

from bottega.domains.payments import Desk, OnlineOff
from bottega.entrypoints.docs_pages import HANDLERS as DOCS
from bottega.entrypoints.docs_pages import described
from bottega.infra.telemetry import exposition
from bottega.infra.web.answers import json
from bottega.infra.web.context import context
from bottega.infra.web.pages import STATIC
from bottega.infra.web.problem import AnyRequest
from bottega.infra.web.streams import Hub
from bottega.kit.errors import Unavailable

LAG_SECONDS = 30.0


class Health(msgspec.Struct, frozen=True):
    """Alive."""

    status: str


class Readiness(msgspec.Struct, frozen=True):
    """Whether orders can be taken, and how each part is: `ok` or what is wrong."""

    ready: bool
    parts: dict[str, str]


@get("/healthz", summary="Is the process alive", tags=["Running it"], sync_to_thread=False)
def healthz() -> Response[Health]:
    """200 while the process runs."""
    return json(Health("ok"))  # type: ignore[return-value]


@get("/readyz", summary="Can it take orders", tags=["Running it"])
async def readyz(request: AnyRequest) -> Response[Readiness]:
    """200 when orders can be taken, else 503; says which part can't."""
    here = context(request)
    parts: dict[str, str] = {}
    try:
        can_write, lag = await here.database.pools.health()
        parts["database"] = "ok" if can_write else "read only"
        parts["worker"] = "ok" if lag < LAG_SECONDS else f"facts wait for {lag:.0f} s: is a worker running?"
    except (psycopg.Error, Unavailable) as error:
        parts["database"] = f"not reachable: {type(error).__name__}"
    try:
        _ = here.part(Desk).provider
        waits = here.part(Desk).breaker.wait
        parts["online_payment"] = f"the provider does not answer; next try in {waits:.0f} s" if waits else "ok"
    except OnlineOff:
        parts["online_payment"] = "off"
    parts["streams"] = f"ok, at {here.part(Hub).position}"
    ready = parts["database"] == "ok"
    return json(Readiness(ready, parts), 200 if ready else 503)  # type: ignore[return-value]


@get("/metrics", summary="Prometheus metrics", tags=["Running it"], sync_to_thread=False)
def metrics() -> Response[bytes]:
    """In the Prometheus text format."""
    body, content_type = exposition()
    return Response(body, media_type=content_type)


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def openapi(request: AnyRequest) -> Response[Any]:
    """The OpenAPI 3.1 document of this API."""
    return json(described(request.app), headers={"Cache-Control": "public, max-age=300"})


HANDLERS: list[Any] = [healthz, readyz, metrics, openapi, *DOCS]
if STATIC.is_dir():
    HANDLERS.append(
        create_static_files_router(
            path="/static",
            directories=[STATIC],
            cache_control=CacheControlHeader(public=True, max_age=31_536_000, immutable=True),
            include_in_schema=False,
            name="static",
        )
    )
