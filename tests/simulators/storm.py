"""A provider's webhooks as the worst network brings them: lost, doubled, out of order; and a client that posts them fast.

`shuffled` says from a seed what becomes of each event. `Postman` posts signed bodies over a few kept connections, one
after the other on each, and keeps how long every acknowledgement took.
"""

import asyncio
import hashlib
import hmac
import json
import random
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from tests.simulators.processes import WEBHOOK_SECRET

LOST, DOUBLED, LATE = 0.10, 0.30, 0.30
REACH = 40
"""How many places later one that is out of order arrives."""


def event(kind: str, thing: dict[str, Any]) -> bytes:
    """The body of an event about an object, with an id of its own."""
    body = {"id": f"evt_{uuid.uuid4().hex}", "object": "event", "type": kind, "data": {"object": thing}}
    return json.dumps(body, separators=(",", ":")).encode()


def shuffled(events: Iterable[bytes], chooser: random.Random) -> tuple[list[bytes], Counter[str]]:
    """The deliveries of events in the order in which they arrive, and what was done to them."""
    arrivals: list[tuple[float, int, bytes]] = []
    done: Counter[str] = Counter()
    for place, body in enumerate(events):
        done["events"] += 1
        if chooser.random() < LOST:
            done["lost"] += 1
            continue
        at = float(place)
        if chooser.random() < LATE:
            done["late"] += 1
            at += chooser.uniform(1, REACH)
        arrivals.append((at, len(arrivals), body))
        if chooser.random() < DOUBLED:
            done["doubled"] += 1
            arrivals.append((at + chooser.uniform(0, REACH), len(arrivals), body))
    return [body for _, _, body in sorted(arrivals)], done


def header(body: bytes, secret: str = WEBHOOK_SECRET, at: float | None = None) -> str:
    """The provider's signature of a body, made now or at another time."""
    stamp = str(int(time.time() if at is None else at))
    return f"t={stamp},v1={hmac.new(secret.encode(), stamp.encode() + b'.' + body, hashlib.sha256).hexdigest()}"


class Postman:
    """Posts to the webhook of several web processes. `took` are seconds, by delivery; `answers` counts status codes."""

    def __init__(self, urls: Sequence[str], *, lines: int = 8) -> None:
        self._addresses = [(part.hostname or "", part.port or 80) for part in map(urlsplit, urls)]
        self._lines = lines
        self.took: list[float] = []
        self.answers: Counter[int] = Counter()

    async def deliver(self, bodies: Sequence[tuple[bytes, str | None]], *, each_second: float = 0.0) -> None:
        """Post bodies with their headers (None: signed as it goes out), at a rate or as fast as they are taken."""
        waiting = iter(enumerate(bodies))
        began = time.monotonic()
        await asyncio.gather(*(self._line(number, waiting, began, each_second) for number in range(self._lines)))

    async def _line(self, number: int, waiting: Any, began: float, each_second: float) -> None:
        host, port = self._addresses[number % len(self._addresses)]
        reader, writer = await asyncio.open_connection(host, port)
        try:
            for place, (body, signature) in waiting:
                if each_second:
                    await asyncio.sleep(max(0.0, began + place / each_second - time.monotonic()))
                sent = time.perf_counter()
                writer.write(_request(body, header(body) if signature is None else signature))
                status = await _status(reader)
                self.took.append(time.perf_counter() - sent)
                self.answers[status] += 1
        finally:
            writer.close()

    def percentile(self, percent: float) -> float:
        """How many milliseconds that share of the acknowledgements took at most."""
        ordered = sorted(self.took)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1000


def _request(body: bytes, signature: str) -> bytes:
    head = (
        "POST /v1/payments/webhook HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nStripe-Signature: {signature}\r\n\r\n"
    )
    return head.encode("latin-1") + body


async def _status(reader: asyncio.StreamReader) -> int:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    length = next(
        int(line.partition(b":")[2]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    )
    await reader.readexactly(length)
    return int(head.split(b" ", 2)[1])
