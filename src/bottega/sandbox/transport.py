"""Posting a body to a URL over a kept-alive connection: the least HTTP client that can deliver webhooks quickly.

Knows nothing of webhooks. Redirects aren't followed: for a webhook a 3xx is a failure.
"""

import asyncio
import ssl
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httptools

MAX_ANSWER = 64 * 1024
_TLS = ssl.create_default_context()


@dataclass(slots=True)
class _Answer:
    """Collects what the parser tells."""

    body: bytearray = field(default_factory=bytearray)
    done: bool = False
    kept_alive: bool = False
    parser: httptools.HttpResponseParser = field(init=False)

    def __post_init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)

    def on_headers_complete(self) -> None:
        # Asked here because afterwards the parser has forgotten.
        self.kept_alive = self.parser.should_keep_alive()

    def on_body(self, piece: bytes) -> None:
        if len(self.body) < MAX_ANSWER:
            self.body += piece

    def on_message_complete(self) -> None:
        self.done = True


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Transport:
    """A pool of idle connections per host."""

    def __init__(self) -> None:
        """Opens nothing yet."""
        self._idle: dict[tuple[str, int], list[Connection]] = {}

    async def post(self, url: str, body: bytes, headers: dict[str, str], timeout: float) -> tuple[int, bytes]:  # noqa: ASYNC109
        """Status and the beginning of the answer's body. Raises OSError or TimeoutError."""
        parts = urlsplit(url)
        host, secure = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [f"POST {path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        message = ("\r\n".join(lines) + "\r\n\r\n").encode() + body
        async with asyncio.timeout(timeout):
            idle = self._idle.setdefault((host, port), [])
            while idle:
                try:
                    return await self._exchange(idle.pop(), (host, port), message)
                except (OSError, EOFError):
                    continue  # The other side closed it while it was idle: take the next, at last a fresh one.
            fresh = await asyncio.open_connection(host, port, ssl=_TLS if secure else None)
            try:
                return await self._exchange(fresh, (host, port), message)
            except EOFError as problem:
                raise ConnectionResetError("closed without an answer") from problem

    async def _exchange(self, link: Connection, where: tuple[str, int], message: bytes) -> tuple[int, bytes]:
        reader, writer = link
        answer = _Answer()
        parser = answer.parser
        try:
            writer.write(message)
            while not answer.done:
                piece = await reader.read(65536)
                if not piece:
                    raise EOFError
                parser.feed_data(piece)
            status = parser.get_status_code()
        except httptools.HttpParserError as problem:
            writer.close()
            raise ConnectionError("not an HTTP answer") from problem
        except BaseException:
            writer.close()
            raise
        if answer.kept_alive:
            self._idle[where].append(link)
        else:
            writer.close()
        return status, bytes(answer.body)

    def close(self) -> None:
        """Let go of the idle connections."""
        for links in self._idle.values():
            for _, writer in links:
                writer.close()
        self._idle.clear()
