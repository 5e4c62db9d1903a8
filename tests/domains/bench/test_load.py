"""The load generator: it counts what was answered, keeps to one request a connection, and never repeats a key."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bottega.entrypoints.bench import load

ANSWERS = [
    b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok",
    b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
]


@pytest.fixture
async def server() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that answers in pieces, every third time with a 503; its port and the keys that it saw."""
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                seen.append(head.partition(b"Key: ")[2].partition(b"\r\n")[0])
                answer = ANSWERS[len(seen) % 3]
                writer.write(answer[:20])
                await asyncio.sleep(0.001)
                writer.write(answer[20:])
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with running:
        yield running.sockets[0].getsockname()[1], seen


async def test_it_counts_each_answer_once_by_its_status(server: tuple[int, list[bytes]]) -> None:
    port, seen = server
    request = load.request("GET", "/", {"Key": "{key}"})

    outcome = await load.drive(load.Task(port, [request], connections=3, seconds=0.3, warm_up=0.05))

    assert set(outcome.statuses) == {"201", "503"}
    assert outcome.good == outcome.statuses["201"]
    assert 0 < sum(outcome.statuses.values()) <= len(seen)
    assert outcome.failures == 0
    assert 0 < outcome.p50_ms <= outcome.p99_ms
    assert outcome.rate == pytest.approx(outcome.good / outcome.seconds)


async def test_no_key_is_sent_twice(server: tuple[int, list[bytes]]) -> None:
    port, seen = server
    requests = [load.request("GET", f"/{n}", {"Key": "{key}"}) for n in range(2)]

    await load.drive(load.Task(port, requests, connections=4, seconds=0.2, warm_up=0.0))

    assert len(set(seen)) == len(seen) > 4
    assert {len(key) for key in seen} == {32}


def test_a_request_is_whole() -> None:
    text = load.request("POST", "/v1/orders", {"Authorization": "Bearer x"}, b'{"a":1}')

    assert text == (
        "POST /v1/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer x\r\n"
        'Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}'
    )
