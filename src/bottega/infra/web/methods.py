"""Which methods an address takes: for `Allow`, for OPTIONS, and HEAD as GET without its body (RFC 9110, section 9).

Not here: what a method does. What must stay true: HEAD ends as soon as the headers are known, also on an endless stream.
"""

from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.types import (
    HTTPReceiveMessage,
    Message,
    Method,
    Receive,
    Scope,
    Send,
    WebSocketReceiveMessage,
)
from litestar.utils import normalize_path

_METHODS: tuple[Method, ...] = ("GET", "POST", "PUT", "PATCH", "DELETE")


def allowed_methods(app: Litestar, path: str) -> list[str]:
    """The methods that an address takes, with HEAD and OPTIONS; none when there is nothing at that address."""
    found: list[str] = []
    for method in _METHODS:
        try:
            app.asgi_router.handle_routing(path=normalize_path(path), method=method)
        except HTTPException:
            continue
        found.append(method)
    if found:
        found += ["HEAD", "OPTIONS"] if "GET" in found else ["OPTIONS"]
    return found


def as_head(scope: Scope, receive: Receive, send: Send) -> tuple[Scope, Receive, Send]:
    """A HEAD request as the GET that it stands for; of the answer only the headers are sent, and the body is not waited for."""
    ended = False

    async def send_headers(message: Message) -> None:
        nonlocal ended
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            ended = True

    async def receive_until_then() -> HTTPReceiveMessage | WebSocketReceiveMessage:
        return {"type": "http.disconnect"} if ended else await receive()

    getting: Scope = {**scope, "method": "GET"}  # type: ignore[assignment,typeddict-item]
    return getting, receive_until_then, send_headers
