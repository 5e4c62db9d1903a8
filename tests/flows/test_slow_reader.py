"""A listener that doesn't read is dropped; it is never waited for, and others miss nothing."""

import asyncio
import socket
from collections.abc import AsyncIterator

import psycopg
import pytest

from bottega.entrypoints.seed import SeedResult
from bottega.kit import ids
from tests.simulators import http as clients
from tests.simulators.fixtures import Launch
from tests.simulators.processes import until
from tests.simulators.shop import Counter, Json, counter, stream

FLOOD = """
insert into outbox (id, merchant_id, store_id, aggregatetype, aggregateid, type, version, payload, created_at)
select gen_random_uuid(), o.merchant_id, o.store_id, 'order', o.order_id, 'order.ready', 1, jsonb_build_object(
  'store_id', o.store_id, 'order_id', o.order_id, 'seq', n, 'number', repeat('x', 4000), 'status', 'READY',
  'from_status', null, 'pay_mode', 'AT_STORE', 'at', now()), now()
from orders o, generate_series(1, %s) n where o.order_id = %s
"""
MANY = 600


def _connected(url: str, path: str, token: str) -> socket.socket:
    """A connection that has asked for a stream and will not read it; its window is small."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    host, port = url.removeprefix("http://").split(":")
    reader.connect((host, int(port)))
    reader.sendall(f"GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\r\n".encode())
    return reader


def _dropped(url: str) -> float:
    lines = clients.get(f"{url}/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("bottega_streams_dropped_total"))


@pytest.fixture
async def milano(shop_url: str, shop_template: tuple[str, SeedResult], launch: Launch) -> AsyncIterator[Counter]:
    """A store of a shop of this test's own: it is told news that never were."""
    async with counter(launch(shop_url, web=1, workers=1).url, shop_template[1]) as place:
        yield place


async def test_who_does_not_read_is_dropped_and_others_go_on(milano: Counter, shop_url: str) -> None:
    guest = await milano.guest()
    order = await guest.order(milano.wish())
    path = f"/v1/orders/{order['order_id']}/stream"
    lazy = _connected(milano.url, path, guest.token)
    before = _dropped(milano.url)
    seen: list[Json] = []
    async with stream(guest, path) as events:
        await events.next()
        with psycopg.connect(shop_url, autocommit=True) as db:
            for _ in range(MANY // 50):  # in portions that a reader who reads can take
                db.execute(FLOOD, [50, ids.parse("ord", order["order_id"])])
                while len(seen) % 50 or not seen or len(seen) < 50 * (_ + 1):
                    event = await events.next(15)
                    if event.name == "status" and event.data["number"].startswith("x"):
                        seen.append(event.data)

    assert [each["seq"] for each in seen] == [*range(1, 51)] * (MANY // 50)
    await asyncio.to_thread(until, lambda: _dropped(milano.url) > before, 20, "the slow reader being dropped")
    lazy.close()
