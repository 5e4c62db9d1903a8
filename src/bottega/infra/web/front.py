"""The front: what happens to every request before and after routing. Pure ASGI, because all traffic passes here.

It gives each request an id, counts and times it, limits rates per principal, and puts the headers on that every answer
has. A client that goes over its rate is told so before anything else is done.
"""

import itertools
import re
import secrets
import time
from collections.abc import Callable
from typing import Any

import msgspec
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from bottega.infra.telemetry import REQUEST_SECONDS
from bottega.infra.web.hot import Found, Headers, HotRoutes, Reply
from bottega.infra.web.methods import as_head
from bottega.infra.web.problem import PROBLEM_TYPE, document

# W3C Trace Context: what the caller traces under stands beside everything that the request logs.
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._\-]{8,64}")
_WINDOW = 60.0
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_REFUSED = b"refused "
_HERE = secrets.token_hex(9).encode()
_COUNT = itertools.count()
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

    `methods` tells which methods an address takes, for OPTIONS. `hot` answers what the server hands over read whole.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limit: int,
        trusted_proxies: frozenset[str] = frozenset(),
        methods: Callable[[str], list[str]] | None = None,
        hot: HotRoutes | None = None,
    ) -> None:
        self._app = app
        self._hot = hot
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
        request_id = _identified(scope)
        if kind == "websocket":
            await self._app(scope, receive, send)
            return
        extra, over = self._admitted(scope, request_id)
        if over is not None:
            await _refuse(send, over, extra)
            return
        method = str(scope["method"])  # type: ignore[typeddict-item]
        if method == "HEAD":
            scope, receive, send = as_head(scope, receive, send)
        elif method == "OPTIONS" and self._methods is not None and (allowed := self._methods(scope["path"])):
            await _say(send, allowed, extra)
            return
        await self._timed(scope, receive, send, extra)

    def hot(self, method: str, path: str) -> Found | None:
        """The hot route at an address whose answer is given whole."""
        return None if self._hot is None else self._hot.whole(method, path)

    async def reply(self, found: Found, scope: Scope, body: bytes) -> tuple[Reply, Headers]:
        """The answer of a hot route to a request that was read whole, and the headers that every answer has."""
        assert self._hot is not None
        started = time.perf_counter()
        extra, over = self._admitted(scope, _identified(scope))
        if over is not None:
            return over, extra
        reply = await self._hot.reply(found, scope, body)
        self._observe(scope, reply.status, started)
        return reply, extra

    def _admitted(self, scope: Scope, request_id: bytes) -> tuple[Headers, Reply | None]:
        """The headers that every answer to this request has; and the answer at once, when the caller asks too often."""
        trace = _header(scope["headers"], b"traceparent")
        if trace is not None and (found := _TRACEPARENT.fullmatch(trace)):
            bind_contextvars(trace_id=found[1].decode())
        if self._limiter is None or scope["path"].startswith(_UNLIMITED):
            return ((b"x-request-id", request_id), _NOSNIFF), None
        left, reset = self._take(self._limiter, scope)
        extra = (
            (b"x-request-id", request_id),
            _NOSNIFF,
            (b"ratelimit-policy", self._policy),
            (b"ratelimit", b'"default";r=%d;t=%d' % (max(0, left), reset)),
        )
        return extra, _too_many(request_id, reset) if left < 0 else None

    async def _timed(self, scope: Scope, receive: Receive, send: Send, extra: Headers) -> None:
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
            self._observe(scope, status, started)

    def _observe(self, scope: Scope, status: int, started: float) -> None:
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


def _identified(scope: Scope) -> bytes:
    """The request's id: the caller's if it is a good one, else ours. Everything that answers finds it in the scope."""
    given = _header(scope["headers"], b"x-request-id")
    request_id = given if given is not None and _REQUEST_ID.fullmatch(given) else b"req_%b%08x" % (_HERE, next(_COUNT))
    scope.setdefault("state", {})["request_id"] = request_id.decode()  # type: ignore[union-attr]
    return request_id


def _too_many(request_id: bytes, reset: int) -> Reply:
    title = "Too many requests, slow down"
    body = msgspec.json.encode(document(429, "rate_limited", title, title, request_id.decode()))
    return Reply(429, ((b"content-type", PROBLEM_TYPE.encode()), (b"retry-after", b"%d" % reset)), body)


async def _say(send: Send, methods: list[str], extra: Headers) -> None:
    headers = [(b"allow", ", ".join(methods).encode()), *extra]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _refuse(send: Send, reply: Reply, extra: Headers) -> None:
    headers = [*reply.headers, (b"content-length", b"%d" % len(reply.body)), *extra]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body, "more_body": False})
