"""The front: what happens to every request before and after routing. Pure ASGI, because all traffic passes here.

It gives each request an id, counts and times it, limits rates per principal, and puts the headers on that every answer
has. A client that goes over its rate is told so before anything else is done.
"""

import re
import time
from collections.abc import Callable
from typing import Any

import msgspec
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from bottega.infra.telemetry import REQUEST_SECONDS
from bottega.infra.web.methods import as_head
from bottega.infra.web.problem import PROBLEM_TYPE, document
from bottega.kit import ids

# W3C Trace Context: what the caller traces under stands beside everything that the request logs.
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._\-]{8,64}")
_WINDOW = 60.0
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_REFUSED = b"refused "
_UNANSWERED: int = 500
_UNLIMITED = ("/healthz", "/readyz", "/metrics", "/static/", "/v1/payments/webhook")


class Limiter:
    """Counts requests per principal in windows of a minute, in this process's memory."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._clock = clock
        self._counts: dict[bytes, list[float]] = {}
        self._swept = 0.0

    def take(self, principal: bytes) -> tuple[int, int]:
        """Count one request: how many are left (negative: refused) and after how many seconds the window ends."""
        now = self._clock()
        if now - self._swept > _WINDOW:
            self._swept = now
            self._counts = {key: slot for key, slot in self._counts.items() if slot[1] > now}
        slot = self._counts.get(principal)
        if slot is None or slot[1] <= now:
            slot = self._counts[principal] = [0.0, now + _WINDOW]
        slot[0] += 1
        return self.limit - int(slot[0]), max(1, int(slot[1] - now + 0.999))

    def left(self, principal: bytes) -> tuple[int, int]:
        """As `take`, without counting: negative when the next one would be refused."""
        now = self._clock()
        slot = self._counts.get(principal)
        if slot is None or slot[1] <= now:
            return self.limit, int(_WINDOW)
        return self.limit - int(slot[0]) - 1, max(1, int(slot[1] - now + 0.999))


class Front:
    """Wraps the application. `limit` is requests a minute for one principal; 0 turns limiting off.

    `methods` tells which methods an address takes, for OPTIONS.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limit: int,
        trusted_proxies: frozenset[str] = frozenset(),
        methods: Callable[[str], list[str]] | None = None,
    ) -> None:
        self._app = app
        self._methods = methods
        self._limiter = Limiter(limit) if limit else None
        self._policy = f'"default";q={limit};w=60'.encode()
        self._trusted = trusted_proxies
        self._timers: dict[tuple[str, str, int], Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        kind = str(scope["type"])
        if kind == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = scope["headers"]
        given = _header(headers, b"x-request-id")
        request_id = given if given is not None and _REQUEST_ID.fullmatch(given) else _new_request_id()
        scope.setdefault("state", {})["request_id"] = request_id.decode()  # type: ignore[union-attr]
        if kind == "websocket":
            await self._app(scope, receive, send)
            return
        extra: list[tuple[bytes, bytes]] = [(b"x-request-id", request_id), _NOSNIFF]
        path: str = scope["path"]
        if self._limiter is not None and not path.startswith(_UNLIMITED):
            left, reset = self._take(self._limiter, scope)
            extra.append((b"ratelimit-policy", self._policy))
            extra.append((b"ratelimit", f'"default";r={max(0, left)};t={reset}'.encode()))
            if left < 0:
                await _refuse(send, request_id, reset, extra)
                return
        method = str(scope["method"])  # type: ignore[typeddict-item]
        if method == "HEAD":
            scope, receive, send = as_head(scope, receive, send)
        elif method == "OPTIONS" and self._methods is not None and (allowed := self._methods(path)):
            await _say(send, allowed, extra)
            return
        trace = _header(headers, b"traceparent")
        if trace is not None and (found := _TRACEPARENT.fullmatch(trace)):
            bind_contextvars(trace_id=found[1].decode())
        await self._timed(scope, receive, send, extra)

    async def _timed(self, scope: Scope, receive: Receive, send: Send, extra: list[tuple[bytes, bytes]]) -> None:
        started = time.perf_counter()
        status = _UNANSWERED

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *extra]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            if status == 401 and self._limiter is not None:
                self._limiter.take(_REFUSED + self._address(scope))
            route: Any = scope.get("path_template", "") or "unmatched"
            key: Any = (scope["method"], route, status)  # type: ignore[typeddict-item]
            timer = self._timers.get(key)
            if timer is None:
                timer = self._timers[key] = REQUEST_SECONDS.labels(*key)
            timer.observe(time.perf_counter() - started)

    def _take(self, limiter: Limiter, scope: Scope) -> tuple[int, int]:
        """Count a request for who pays for it: the credential if there is one, else the address it comes from.

        An address whose credentials were refused too often pays with whatever it shows: inventing one buys nothing.
        """
        address = self._address(scope)
        left, reset = limiter.left(_REFUSED + address)
        if left < 0:
            return left, reset
        token = _header(scope["headers"], b"authorization")
        return limiter.take(address if token is None else token[-64:])

    def _address(self, scope: Scope) -> bytes:
        """Where a request comes from; a trusted proxy is asked whom it speaks for."""
        headers = scope["headers"]
        client: Any = scope.get("client")
        address = client[0] if client else ""
        if address in self._trusted:
            forwarded = _header(headers, b"x-forwarded-for")
            if forwarded is not None:
                return forwarded.rsplit(b",", 1)[-1].strip()
        return address.encode()


def _header(headers: Any, name: bytes) -> bytes | None:
    for key, value in headers:
        if key == name:
            return value
    return None


def _new_request_id() -> bytes:
    return ids.show("req", ids.new_id(0)).encode()


async def _say(send: Send, methods: list[str], extra: list[tuple[bytes, bytes]]) -> None:
    headers = [(b"allow", ", ".join(methods).encode()), *extra]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _refuse(send: Send, request_id: bytes, reset: int, extra: list[tuple[bytes, bytes]]) -> None:
    title = "Too many requests, slow down"
    body = msgspec.json.encode(document(429, "rate_limited", title, title, request_id.decode()))
    headers = [
        (b"content-type", PROBLEM_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(reset).encode()),
        *extra,
    ]
    await send({"type": "http.response.start", "status": 429, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
