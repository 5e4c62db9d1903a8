"""A TCP link that can be made to fail: every connection between two parts of the system goes through one of these.

What it can do is what networks do: cut (reset, and refuse whoever comes), be slow with jitter, swallow everything without
a word (a black hole: no reset, and nobody's goodbye gets through either), carry one direction only (half open: the
server hears, the client doesn't), cut a connection after so many bytes. Not here: when (planning.py).

What must stay true: a passing link changes no byte and no order; `heal` makes it pass again, and connections that lost
bytes meanwhile are cut, never continued with a gap.
"""

import asyncio
import contextlib
import random
import socket
import struct
from dataclasses import dataclass, field
from enum import StrEnum

_CHUNK = 65_536
_CONNECT_SECONDS = 5.0
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of nothing: closing sends a reset


class Mode(StrEnum):
    """What a link does with what it carries."""

    CARRY = "carry"
    CUT = "cut"
    SLOW = "slow"
    BLACK_HOLE = "black hole"
    HALF_OPEN = "half open"


@dataclass(eq=False)
class _Pair:
    """One connection: the client's side and the server's."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter | None = None
    deaf: bool = False
    lossy: bool = False
    carried: int = 0

    def reset(self, only: asyncio.StreamWriter | None = None) -> None:
        """End both sides (or the one) at once, as a broken network or a dead host does."""
        for side in (self.client, self.server) if only is None else (only,):
            if side is None:
                continue
            plug: socket.socket | None = side.get_extra_info("socket")
            with contextlib.suppress(OSError):
                if plug is not None:
                    plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            side.transport.abort()


@dataclass
class Link:
    """One direction of who calls whom: listens on `port` (0: any), calls 127.0.0.1:`target` or the Unix socket of that name."""

    name: str
    target: int | str
    port: int = 0
    latency: float = 0.0
    jitter: float = 0.0
    cut_after: int | None = None
    deaf_from: bytes = b""
    mode: Mode = Mode.CARRY
    cuts: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    chooser: random.Random = field(default_factory=random.Random)
    _pairs: set[_Pair] = field(default_factory=set[_Pair])
    _open: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raises `OSError` when the port is taken."""
        self._open.set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Hang up on everybody."""
        if self._server is not None:
            self._server.close()
        self._open.set()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def connections(self) -> int:
        """How many connections it carries."""
        return len(self._pairs)

    def cut(self) -> int:
        """Reset every connection; how many there were."""
        pairs = list(self._pairs)
        for pair in pairs:
            pair.reset()
        self.cuts += len(pairs)
        return len(pairs)

    def fail(self, mode: Mode, *, latency: float = 0.0, jitter: float = 0.0) -> None:
        """Fail in this way from now on. `latency` and `jitter` in seconds, each way, for `SLOW`."""
        self.mode, self.latency, self.jitter = mode, latency, jitter
        if mode is Mode.CUT:
            self.cut()
        if mode is Mode.BLACK_HOLE:
            self._open.clear()
        else:
            self._open.set()

    def cut_one_after(self, size: int) -> None:
        """Reset the first connection that has carried so many more bytes, in the middle of whatever it says."""
        self.cut_after = size
        for pair in self._pairs:
            pair.carried = 0

    def deafen_at(self, words: bytes) -> None:
        """The first client that says these words is heard, and hears nothing any more until the link is healed."""
        self.deaf_from = words

    def heal(self) -> None:
        """Pass again. What a black hole held back arrives late; connections that lost something are cut."""
        self.mode, self.latency, self.jitter, self.cut_after = Mode.CARRY, 0.0, 0.0, None
        self.deaf_from = b""
        for pair in [each for each in self._pairs if each.lossy]:
            pair.reset()
            self.cuts += 1
        self._open.set()

    @property
    def lost(self) -> bool:
        """Whether a connection has lost something that the other side said."""
        return any(pair.lossy for pair in self._pairs)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        pair = _Pair(writer)
        self._pairs.add(pair)
        try:
            await self._carry(pair, reader)
        except (OSError, TimeoutError):
            pair.reset()
        finally:
            for side in (pair.client, pair.server):
                if side is not None:
                    side.close()
            self._pairs.discard(pair)
            self._tasks.discard(task)

    async def _carry(self, pair: _Pair, reader: asyncio.StreamReader) -> None:
        if self.mode is Mode.CUT:
            pair.reset()
            return
        await self._open.wait()
        async with asyncio.timeout(_CONNECT_SECONDS):
            if isinstance(self.target, str):
                answers, pair.server = await asyncio.open_unix_connection(self.target)
            else:
                answers, pair.server = await asyncio.open_connection("127.0.0.1", self.target)
        both = (self._pump(pair, reader, pair.server, True), self._pump(pair, answers, pair.client, False))
        await asyncio.gather(*both)

    async def _pump(self, pair: _Pair, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, up: bool) -> None:
        """Carry one direction until its end. A reset of one side becomes a reset of the other."""
        try:
            while data := await reader.read(_CHUNK):
                await self._open.wait()
                if up and self.deaf_from and self.deaf_from in data:
                    self.deaf_from, pair.deaf = b"", True
                if not up and (pair.deaf or self.mode is Mode.HALF_OPEN):
                    pair.lossy = True
                    continue
                if self.mode is Mode.SLOW:
                    await asyncio.sleep(max(0.0, self.chooser.uniform(-self.jitter, self.jitter) + self.latency))
                if not self._counted(pair, writer, data, up):
                    return
                writer.write(data)
                await writer.drain()
            await self._open.wait()  # a goodbye gets through no hole either
            if writer.can_write_eof():
                writer.write_eof()
            if not up:
                writer.close()
        except OSError:
            await self._open.wait()
            pair.reset()

    def _counted(self, pair: _Pair, writer: asyncio.StreamWriter, data: bytes, up: bool) -> bool:
        """Count what is carried; False when this is where the connection is cut (a part of it still goes through)."""
        self.bytes_up += len(data) if up else 0
        self.bytes_down += 0 if up else len(data)
        pair.carried += len(data)
        if self.cut_after is None or pair.carried < self.cut_after:
            return True
        kept = len(data) - (pair.carried - self.cut_after)
        self.cut_after = None
        self.cuts += 1
        writer.write(data[:kept])
        pair.reset(pair.client if up else pair.server)
        return False
