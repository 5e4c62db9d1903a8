"""Live streams: one reader of the log for each process, bounded buffers for each listener, SSE and WebSocket.

A listener is never waited for: when its buffer is full or a send takes too long, its connection is dropped (it comes
back and resumes from its position; events are never dropped). Replays are capped; above the cap the listener is told to
start afresh. Heartbeats are spread over their interval, so thousands of idle listeners cost nothing at one moment.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from bottega.infra import log
from bottega.infra.log import Entry
from bottega.infra.telemetry import STREAMS, STREAMS_DROPPED, logger
from bottega.kit.clock import utc_now
from bottega.kit.errors import Unavailable

MAX_WAITING = 256
SEND_SECONDS = 10.0
FOLLOW_SECONDS = 5.0
REPLAY_LIMIT = 1000
RETRY_MILLISECONDS = 3000
_HEARTBEAT = b": still here\n\n"
_SLICES = 50
_SSE_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)

Message = tuple[str, str, bytes]
"""For one topic: (topic, event name, JSON data)."""

Route = Callable[[Entry], Iterable[Message]]


class Listener:
    """One connection's share: the topic it follows and what it has still to be sent. Frames are (position, event, data)."""

    __slots__ = ("_waiter", "dropped", "frames", "heartbeat", "topic")

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.frames: deque[tuple[int, str, bytes]] = deque()
        self.heartbeat = False
        self.dropped = False
        self._waiter: asyncio.Future[None] | None = None

    def push(self, frame: tuple[int, str, bytes]) -> None:
        """Put a frame in line; a listener that is too far behind is dropped."""
        if len(self.frames) >= MAX_WAITING:
            self.dropped = True
        else:
            self.frames.append(frame)
        self.wake()

    def wake(self) -> None:
        """Let the connection look at its line."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self) -> None:
        """Return when there is something to do."""
        if self.frames or self.heartbeat or self.dropped:
            return
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter


class Hub:
    """Reads the log once for the whole process and hands each entry to whoever listens."""

    def __init__(self, relay_conninfo: str, route: Route, heartbeat: float = 15.0) -> None:
        self._conninfo = relay_conninfo
        self._route = route
        self._heartbeat = heartbeat
        self._topics: dict[str, set[Listener]] = {}
        self._watchers: list[Callable[[Entry], None]] = []
        self._log = logger("hub")
        self.position = 0
        self._followed = asyncio.Event()

    def watch(self, watcher: Callable[[Entry], None]) -> None:
        """Call `watcher` with every entry (to drop what is kept at hand)."""
        self._watchers.append(watcher)

    def open(self, topic: str) -> Listener:
        """Start to listen; frames gather from now on."""
        listener = Listener(topic)
        self._topics.setdefault(topic, set()).add(listener)
        return listener

    def close(self, listener: Listener) -> None:
        """Stop to listen."""
        members = self._topics.get(listener.topic)
        if members is not None:
            members.discard(listener)
            if not members:
                del self._topics[listener.topic]

    async def followed(self) -> None:
        """Return when this process follows the log. A stream that began before would miss what came between.

        Raises `Unavailable` when that takes too long.
        """
        try:
            async with asyncio.timeout(FOLLOW_SECONDS):
                await self._followed.wait()
        except TimeoutError as error:
            raise Unavailable("Live news are not available right now", retry_after=1) from error

    def messages(self, entry: Entry, topic: str) -> Iterable[tuple[int, str, bytes]]:
        """The frames that an entry makes for one topic (for replays)."""
        return ((entry.seq, event, data) for to, event, data in self._route(entry) if to == topic)

    async def run(self) -> None:
        """Follow the log for ever."""
        beat = asyncio.create_task(self._beat())
        try:
            async for position, entries in log.follow(self._conninfo):
                for entry in entries:
                    self._hand_out(entry)
                self.position = position
                self._followed.set()
        finally:
            beat.cancel()

    def _hand_out(self, entry: Entry) -> None:
        for watcher in self._watchers:
            watcher(entry)
        try:
            messages = list(self._route(entry))
        except (msgspec.MsgspecError, LookupError, ValueError) as error:
            self._log.error("entry can't be shown", type=entry.type, seq=entry.seq, error=repr(error))
            return
        for topic, event, data in messages:
            for listener in self._topics.get(topic, ()):
                listener.push((entry.seq, event, data))

    async def _beat(self) -> None:
        while True:
            for part in range(_SLICES):
                await asyncio.sleep(self._heartbeat / _SLICES)
                members = [listener for group in self._topics.values() for listener in group]
                for listener in members[part::_SLICES]:
                    listener.heartbeat = True
                    listener.wake()


class Opening(msgspec.Struct, frozen=True):
    """How a stream begins: the frames of its beginning, and the position up to which they tell everything."""

    frames: list[tuple[int, str, bytes]]
    position: int


Begin = Callable[[int | None], Awaitable[Opening]]
"""Makes the beginning of a stream, given the last position the client has seen (None: nothing)."""


def sse(frame: tuple[int, str, bytes]) -> bytes:
    """A frame in the format of server-sent events (HTML standard, section 9.2); data is JSON on one line."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (frame[0], frame[1].encode(), frame[2])


class EventStream(ASGIResponse):
    """An SSE answer. Slots are few on purpose: a process holds many thousands of these."""

    def __init__(self, hub: Hub, listener: Listener, begin: Begin, last_seen: int | None) -> None:
        super().__init__()
        self._hub = hub
        self._listener = listener
        self._begin = begin
        self._last_seen = last_seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream until the client goes, or is too slow."""
        gone = asyncio.ensure_future(_until_gone(receive, self._listener))
        STREAMS.labels("sse").inc()
        try:
            await self._serve(send, await self._open(send))
        except TimeoutError:
            STREAMS_DROPPED.inc()
        finally:
            gone.cancel()
            self._hub.close(self._listener)
            STREAMS.labels("sse").dec()

    async def _open(self, send: Send) -> int:
        """Send the beginning; the position up to which it tells everything. What it was made of is let go with it."""
        opening = await self._begin(self._last_seen)
        del self._begin
        await send({"type": "http.response.start", "status": 200, "headers": list(_SSE_HEADERS)})  # type: ignore[typeddict-item]
        first = b"".join([b"retry: %d\n\n" % RETRY_MILLISECONDS, *map(sse, opening.frames)])
        async with asyncio.timeout(SEND_SECONDS):
            await send({"type": "http.response.body", "body": first, "more_body": True})
        return opening.position

    async def _serve(self, send: Send, position: int) -> None:
        listener = self._listener
        while True:
            await listener.wait()
            if listener.dropped:
                STREAMS_DROPPED.inc()
                return
            parts: list[bytes] = []
            while listener.frames:
                frame = listener.frames.popleft()
                if frame[0] > position:
                    parts.append(sse(frame))
            if listener.heartbeat:
                listener.heartbeat = False
                parts.append(_HEARTBEAT)
            if parts:
                async with asyncio.timeout(SEND_SECONDS):
                    await send({"type": "http.response.body", "body": b"".join(parts), "more_body": True})


async def _until_gone(receive: Receive, listener: Listener) -> None:
    while True:
        message: Any = await receive()
        if message["type"] in ("http.disconnect", "websocket.disconnect"):
            listener.dropped = True
            listener.wake()
            return


async def serve_websocket(
    hub: Hub,
    listener: Listener,
    begin: Begin,
    last_seen: int | None,
    socket: tuple[Receive, Callable[[str], Awaitable[None]]],
) -> None:
    """The same stream over an accepted WebSocket: every message is JSON {"event", "id", "data"}."""
    receive, send_text = socket
    gone = asyncio.ensure_future(_until_gone(receive, listener))
    STREAMS.labels("websocket").inc()
    try:
        opening = await begin(last_seen)
        for frame in opening.frames:
            await _send_in_time(send_text, _json_frame(frame))
        while True:
            await listener.wait()
            if listener.dropped:
                return
            if listener.heartbeat:
                listener.heartbeat = False
                await _send_in_time(send_text, _heartbeat())
            while listener.frames:
                frame = listener.frames.popleft()
                if frame[0] > opening.position:
                    await _send_in_time(send_text, _json_frame(frame))
    except TimeoutError:
        STREAMS_DROPPED.inc()
    finally:
        gone.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await gone
        hub.close(listener)
        STREAMS.labels("websocket").dec()


def _heartbeat() -> str:
    return f'{{"event":"heartbeat","data":{{"server_now":"{utc_now().isoformat()}"}}}}'


async def _send_in_time(send_text: Callable[[str], Awaitable[None]], text: str) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await send_text(text)


def _json_frame(frame: tuple[int, str, bytes]) -> str:
    return f'{{"event":"{frame[1]}","id":{frame[0]},"data":{frame[2].decode()}}}'


def last_position(header: str | None) -> int | None:
    """The position in a `Last-Event-ID` header, or None when there is none that we gave out."""
    text = (header or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
