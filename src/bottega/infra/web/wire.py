"""The server's protocol with a short way for hot routes: a request is read whole, answered, and written in one piece.

Uvicorn makes of every request a conversation of messages between two coroutines and sends an answer in two writes. Where
the answer is one piece of bytes anyway, that was a fifth of an order's time. Everything that is unusual about a request
(an upgrade, `Expect`, HTTP/1.0, a query, an escaped path, one that comes while another is answered) goes the usual way.
"""

from asyncio import TimerHandle
from functools import lru_cache
from http import HTTPStatus
from typing import Any, cast

from litestar.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bottega.infra.telemetry import logger
from bottega.infra.web.front import Front
from bottega.infra.web.hot import Found, Headers, Reply

_ENOUGH = 300_000
_NO_BODY = frozenset({204, 304})
_FAILED = Reply(500, ((b"content-type", b"text/plain"),), b"Internal Server Error")


class Exchange:
    """A request of a hot route and its answer. It stands where the server keeps the request that it is answering."""

    __slots__ = ("_begun", "_body", "_found", "_front", "_protocol", "disconnected", "keep_alive", "response_complete")

    def __init__(self, protocol: "Protocol", front: Front, found: Found) -> None:
        self._protocol = protocol
        self._front = front
        self._found = found
        self._body = b""
        self._begun = False
        self.keep_alive: bool = protocol.parser.should_keep_alive()
        self.disconnected = False
        self.response_complete = False

    @property
    def message_event(self) -> "Exchange":
        """Whom the server tells that the connection is gone: nobody waits here."""
        return self

    def set(self) -> None:
        """The connection is gone; what was begun is finished, and not sent."""

    def read(self, piece: bytes) -> None:
        """A piece of the body. One that is too long is answered without its end."""
        if not self._begun:
            self._body = self._body + piece if self._body else piece
            if len(self._body) > _ENOUGH:
                self.answer()

    def answer(self) -> None:
        """The body is complete."""
        if not self._begun:
            self._begun = True
            protocol = self._protocol
            task = protocol.loop.create_task(self._answer(protocol.scope))
            protocol.tasks.add(task)
            task.add_done_callback(protocol.tasks.discard)

    async def _answer(self, scope: Any) -> None:
        extra: Headers = ()
        try:
            reply, extra = await self._front.reply(self._found, cast("Scope", scope), self._body)
        except Exception as error:
            logger("web").error("unanswered", error=repr(error), exc_info=error)
            reply = _FAILED
        protocol = self._protocol
        if protocol.flow.write_paused and not self.disconnected:
            await protocol.flow.drain()
        self.response_complete = True
        if not self.disconnected:
            protocol.transport.write(_bytes(reply, extra, keep_alive=self.keep_alive))
            if not self.keep_alive:
                protocol.transport.close()
        protocol.answered()


class Protocol(HttpToolsProtocol):
    """One connection. `app` is a `Front`, or any application, which then gets every request the usual way."""

    cycle: Any
    parser: Any
    _idle: TimerHandle | None = None
    _idle_since = 0.0
    _reading = False

    def answered(self) -> None:
        """An exchange has ended. One timer a connection watches for idleness, instead of a new one for each request."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._reading = False
        self._idle_since = self.loop.time()
        if self._idle is None:
            self._idle = self.loop.call_later(self.timeout_keep_alive, self._look_if_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        if self._idle is not None:
            self._idle.cancel()
        super().connection_lost(exc)

    def _look_if_idle(self) -> None:
        self._idle = None
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if self._reading:
            return  # who answers what is being read or answered arms a timer when that is done
        if left <= 0:
            self.timeout_keep_alive_handler()
        else:
            self._idle = self.loop.call_later(left, self._look_if_idle)

    def on_message_begin(self) -> None:
        """A request begins; what the usual way makes of it beforehand, is made when it goes that way."""
        self._reading = True
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_headers_complete(self) -> None:
        """The head of a request has been read."""
        exchange = self._exchange() if isinstance(self.app, Front) else None
        if exchange is not None:
            self.cycle = exchange
            return
        read = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, headers, self.expect_100_continue = read
        self.headers.extend(headers)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of its body."""
        if isinstance(self.cycle, Exchange):
            self.cycle.read(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Its end."""
        if isinstance(self.cycle, Exchange):
            self.cycle.answer()
        else:
            super().on_message_complete()

    def _exchange(self) -> Exchange | None:
        """The exchange for a request that may go the short way."""
        busy = self.cycle is not None and not self.cycle.response_complete
        if busy or self.expect_100_continue or self.parser.should_upgrade():
            return None
        method, path = self.parser.get_method().decode("ascii"), self.url.decode("ascii", "replace")
        front = cast("Front", self.app)
        found = front.hot(method, path) if "?" not in path and "%" not in path else None
        if found is None or self.parser.get_http_version() != "1.1":
            return None
        scope: Any = {
            "type": "http", "http_version": "1.1",
            "method": method, "scheme": self.scheme or "http", "path": path, "raw_path": self.url, "query_string": b"",
            "root_path": self.root_path, "headers": self.headers, "client": self.client, "server": self.server, "state": {},
        }  # fmt: skip
        self.scope = scope
        return Exchange(self, front, found)


def _bytes(reply: Reply, extra: Headers, *, keep_alive: bool) -> bytes:
    """An answer as it goes out."""
    parts = [_head(reply.status, reply.headers)]
    for name, value in extra:
        parts += (name, b": ", value, b"\r\n")
    if reply.status not in _NO_BODY:
        parts.append(b"content-length: %d\r\n" % len(reply.body))
    parts += (b"\r\n" if keep_alive else b"connection: close\r\n\r\n", reply.body)
    return b"".join(parts)


@lru_cache(maxsize=1024)
def _head(status: int, headers: Headers) -> bytes:
    """The status line and the headers of a route, which are the same again and again."""
    lines = [b"HTTP/1.1 %d %b\r\n" % (status, HTTPStatus(status).phrase.encode())]
    lines += [b"%b: %b\r\n" % each for each in headers]
    return b"".join(lines)
