"""The least of HTTP on ASGI that the sandbox needs: a request, an answer, and reading a body with a limit."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
MAX_BODY = 1_000_000


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request. Header names are in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    receive: Receive

    def argument(self, name: str, default: str = "") -> str:
        """A value of the query string."""
        return dict(parse_qsl(self.query, keep_blank_values=True)).get(name, default)

    async def gone(self) -> None:
        """Returns when the client has hung up."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


@dataclass(slots=True)
class Response:
    """An answer; `kind` is the content type. One that is `cut` stops half-way and hangs up."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict[str, str])
    cut: bool = False


def json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(status, msgspec.json.encode(value), headers=headers or {})


def html(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A page."""
    return Response(status, text.encode(), "text/html; charset=utf-8", headers or {})


def redirect(where: str) -> Response:
    """See other."""
    return Response(303, headers={"Location": where})


async def read(scope: Scope, receive: Receive) -> Request | None:
    """The whole request, None when its body is too large."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MAX_BODY:
            return None
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Request(scope["method"], scope["path"], scope["query_string"].decode("latin-1"), headers, body, receive)


async def write(send: Send, response: Response) -> None:
    """Send an answer."""
    headers = [(b"content-type", response.kind.encode()), (b"content-length", str(len(response.body)).encode())]
    headers += [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in response.headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if response.cut:
        # The server closes the connection of an answer that it was promised more of.
        await send({"type": "http.response.body", "body": response.body[: len(response.body) // 2], "more_body": True})
        return
    await send({"type": "http.response.body", "body": response.body})
