"""The watchers: a process with thousands of order streams open, which also makes the changes that they see.

It prints `open` when every stream has had its first event, waits for a line on its standard input (meanwhile memory is
measured), then moves orders at a steady rate and notes how long each change took to arrive. Clocks need no agreement:
everything is on one machine, and a change's own `at` is the instant at which its transaction began.
"""

import asyncio
import contextlib
import sys
import time
from datetime import datetime
from typing import cast
from uuid import uuid4

import msgspec
import uvloop

_OPENING = 50
_MOVES = {"PLACED": "IN_PROGRESS", "IN_PROGRESS": "READY"}


class Watched(msgspec.Struct, frozen=True):
    """An order and the token of the guest who placed it."""

    order_id: str
    token: str


class Task(msgspec.Struct, frozen=True):
    """Which streams to open, who changes the orders, how many changes a second for how long."""

    port: int
    orders: list[Watched]
    staff_token: str
    rate: float
    seconds: float


class Seen(msgspec.Struct, frozen=True):
    """What the watchers saw: latencies in milliseconds from a change's transaction to the client."""

    opened: int
    opening_seconds: float
    changes: int
    arrived: int
    refused: int
    p50_ms: float
    p99_ms: float
    max_ms: float


class _Event(msgspec.Struct):
    status: str
    at: datetime


class Watcher(asyncio.Protocol):
    """One stream."""

    __slots__ = ("_buffer", "_latencies", "_request", "first")

    def __init__(self, request: bytes, latencies: list[float]) -> None:
        self._request = request
        self._latencies = latencies
        self._buffer = b""
        self.first: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        cast("asyncio.Transport", transport).write(self._request)  # uvloop's own class is not a subclass

    def data_received(self, data: bytes) -> None:
        """Events, or a part of one."""
        arrived = time.time()
        self._buffer += data
        while (end := self._buffer.find(b"\n\n")) >= 0:
            frame, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
            if b"event: state" in frame and not self.first.done():
                self.first.set_result(None)
            elif b"event: status" in frame:
                event = msgspec.json.decode(frame.partition(b"data: ")[2], type=_Event)
                self._latencies.append(arrived - event.at.timestamp())

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended; before its first event that is a failure."""
        if not self.first.done():
            self.first.set_exception(ConnectionError("the stream ended before it began"))
            self.first.exception()  # the opener has its own way of knowing


async def watch(task: Task) -> Seen:
    """Open, wait for the word, change, count."""
    latencies: list[float] = []
    began = time.perf_counter()
    opened = await _open(task, latencies)
    opening = time.perf_counter() - began
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.buffer.readline)
    changes, refused = await _change(task)
    await asyncio.sleep(1.0)
    ordered = sorted(latencies) or [0.0]
    return Seen(
        opened=opened,
        opening_seconds=opening,
        changes=changes,
        arrived=len(latencies),
        refused=refused,
        p50_ms=ordered[len(ordered) // 2] * 1000,
        p99_ms=ordered[int(len(ordered) * 0.99)] * 1000,
        max_ms=ordered[-1] * 1000,
    )


async def _open(task: Task, latencies: list[float]) -> int:
    """Open every stream, some at a time; how many began."""
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(_OPENING)

    async def one(order: Watched) -> bool:
        request = (
            f"GET /v1/orders/{order.order_id}/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Accept: text/event-stream\r\nAuthorization: Bearer {order.token}\r\n\r\n"
        ).encode()
        async with gate:
            with contextlib.suppress(OSError, TimeoutError):
                _, watcher = await loop.create_connection(lambda: Watcher(request, latencies), "127.0.0.1", task.port)
                await asyncio.wait_for(watcher.first, 20)
                return True
        return False

    return sum(await asyncio.gather(*(one(order) for order in task.orders)))


async def _change(task: Task) -> tuple[int, int]:
    """Move orders on through the API, at the rate; how many moves were made, how many refused."""
    connections: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(16):
        connections.put_nowait(await asyncio.open_connection("127.0.0.1", task.port))
    answers: list[asyncio.Task[bool]] = []
    began, total = time.perf_counter(), int(task.rate * task.seconds)
    steps = [(order.order_id, source, target) for source, target in _MOVES.items() for order in task.orders]
    # Every order's first move comes before its second, so a rate of a few hundred a second never finds one too early.
    for number, step in enumerate(steps[:total]):
        await asyncio.sleep(max(0.0, began + number / task.rate - time.perf_counter()))
        answers.append(asyncio.create_task(_move(connections, task.staff_token, step)))
    made = await asyncio.gather(*answers)
    return sum(made), len(made) - sum(made)


async def _move(
    connections: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]],
    token: str,
    step: tuple[str, str, str],
) -> bool:
    order_id, source, target = step
    body = msgspec.json.encode({"to_status": target, "expected_status": source})
    reader, writer = await connections.get()
    try:
        writer.write(
            (
                f"POST /v1/orders/{order_id}/transition HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                f"Authorization: Bearer {token}\r\nIdempotency-Key: {uuid4()}\r\nContent-Length: {len(body)}\r\n\r\n"
            ).encode()
            + body
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r", 1)[0])
        await reader.readexactly(length)
        return b" 200 " in head[:16]
    finally:
        connections.put_nowait((reader, writer))


def main() -> None:
    """The process: the task on one line of standard input, the outcome on the last line of the output."""
    task = msgspec.json.decode(sys.stdin.buffer.readline(), type=Task)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        seen = runner.run(watch(task))
    sys.stdout.buffer.write(msgspec.json.encode(seen) + b"\n")


if __name__ == "__main__":
    main()
