"""The load generator: a process of its own that keeps many connections busy with requests made beforehand.

Raw asyncio protocols on uvloop, one request at a time on each connection, because the generator shares the cores with
what it measures. It is told what to do by JSON on its standard input and tells what happened by JSON on its output.
"""

import asyncio
import contextlib
import resource
import socket
import subprocess
import sys
import time
from collections import Counter
from typing import cast
from uuid import uuid4

import msgspec
import uvloop


class Task(msgspec.Struct, frozen=True):
    """What to send: `requests` are whole HTTP requests; `{key}` in one becomes an idempotency key never used before.

    Requests are taken in turns for `seconds` after a warm-up that is not counted, on `connections` connections.
    """

    port: int
    requests: list[str]
    connections: int
    seconds: float
    warm_up: float = 0.5


class Outcome(msgspec.Struct, frozen=True):
    """What happened in the counted time: answers by status, latencies in milliseconds, the generator's own share."""

    seconds: float
    statuses: dict[str, int]
    p50_ms: float
    p99_ms: float
    cpu_seconds: float
    failures: int

    @property
    def good(self) -> int:
        """Answers that are a success."""
        return sum(count for status, count in self.statuses.items() if status.startswith("2"))

    @property
    def rate(self) -> float:
        """Successes a second."""
        return self.good / self.seconds


class Counts:
    """What the connections write down while it counts."""

    def __init__(self, requests: list[tuple[bytes, bytes]]) -> None:
        self.requests = requests
        self.next = 0
        self.counting = False
        self.ending = False
        self.run = uuid4().hex[:16]
        self.latencies: list[float] = []
        self.statuses: Counter[bytes] = Counter()
        self.failures = 0

    def make(self) -> bytes:
        """The next request's bytes."""
        number = self.next
        self.next = number + 1
        before, after = self.requests[number % len(self.requests)]
        if not after:
            return before
        return b"%b%b%016x%b" % (before, self.run.encode(), number, after)


class Connection(asyncio.Protocol):
    """One client: sends a request, waits for its answer, sends the next."""

    __slots__ = ("_counts", "_got", "_missing", "_started", "_transport")

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._got = b""
        self._missing = 0
        self._started = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class is not a subclass
        self._send()

    def data_received(self, data: bytes) -> None:
        """A piece of an answer, usually all of it."""
        if self._missing:
            self._missing -= len(data)
        else:
            got = self._got + data if self._got else data
            end = got.find(b"\r\n\r\n")
            if end < 0:
                self._got = got
                return
            at = got.lower().find(b"content-length:", 0, end)
            length = int(got[at + 15 : got.find(b"\r", at)]) if at >= 0 else 0
            self._got = got[:12]
            self._missing = end + 4 + length - len(got)
        if self._missing <= 0:
            self._answered()

    def connection_lost(self, exc: Exception | None) -> None:
        """The server hung up before the end."""
        if not self._counts.ending:
            self._counts.failures += 1

    def _answered(self) -> None:
        counts = self._counts
        if counts.counting:
            counts.latencies.append(time.perf_counter() - self._started)
            counts.statuses[self._got[9:12]] += 1
        self._got = b""
        self._missing = 0
        if not counts.ending:
            self._send()

    def _send(self) -> None:
        self._started = time.perf_counter()
        self._transport.write(self._counts.make())


async def drive(task: Task) -> Outcome:
    """Keep the server busy and count."""
    loop = asyncio.get_running_loop()
    counts = Counts([_split(request) for request in task.requests])
    made = [
        (await loop.create_connection(lambda: Connection(counts), "127.0.0.1", task.port))[0]
        for _ in range(task.connections)
    ]
    await asyncio.sleep(task.warm_up)
    began, used = time.perf_counter(), _processor_time()
    counts.counting = True
    await asyncio.sleep(task.seconds)
    counts.counting = False
    seconds, used = time.perf_counter() - began, _processor_time() - used
    counts.ending = True
    for transport in made:
        transport.close()
    ordered = sorted(counts.latencies) or [0.0]
    return Outcome(
        seconds=seconds,
        statuses={status.decode(): count for status, count in counts.statuses.items()},
        p50_ms=ordered[len(ordered) // 2] * 1000,
        p99_ms=ordered[int(len(ordered) * 0.99)] * 1000,
        cpu_seconds=used,
        failures=counts.failures,
    )


def _split(request: str) -> tuple[bytes, bytes]:
    before, _, after = request.encode().partition(b"{key}")
    return before, after


def _processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run(task: Task) -> Outcome:
    """Drive from a process of its own and wait for what it counted."""
    finished = subprocess.run(
        [sys.executable, "-m", "bottega.entrypoints.bench.load"],
        input=msgspec.json.encode(task),
        stdout=subprocess.PIPE,
        check=True,
        timeout=task.seconds + task.warm_up + 60,
    )
    return msgspec.json.decode(finished.stdout, type=Outcome)


def in_turns(ports: list[int], requests: list[str], seconds: float) -> list[list[float]]:
    """One request after the other, a port at a time in turns: what else happens on the machine falls on all alike.

    The latencies (seconds) per port. Raises `RuntimeError` for an answer that is no success.
    """
    latencies: list[list[float]] = [[] for _ in ports]
    counts = Counts([_split(request) for request in requests])
    ends = time.perf_counter() + seconds
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30)) for port in ports]
        while time.perf_counter() < ends:
            for found, connection in zip(latencies, sockets, strict=True):
                content = counts.make()
                began = time.perf_counter()
                connection.sendall(content)
                answer = _read(connection)
                found.append(time.perf_counter() - began)
                if not answer.startswith(b"HTTP/1.1 2"):
                    raise RuntimeError(answer[:200])
    return latencies


def send(port: int, content: bytes) -> str:
    """Send one request and read its answer (which comes with a length, in one piece or several)."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(content)
        return _read(connection).decode()


def _read(connection: socket.socket) -> bytes:
    got = b""
    while (end := got.find(b"\r\n\r\n")) < 0 or len(got) < end + 4 + _length(got[:end]):
        piece = connection.recv(65536)
        if not piece:
            break
        got += piece
    return got


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r", 1)[0]) if rest else 0


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> str:
    """A whole HTTP/1.1 request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", body.decode()])


def main() -> None:
    """The process."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        outcome = runner.run(drive(task))
    sys.stdout.buffer.write(msgspec.json.encode(outcome))


if __name__ == "__main__":
    main()
