"""What a key promises when the network takes the answer away, when time has passed, and when others use the same one."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import psycopg

from bottega.kit import ids
from tests.simulators.processes import Installation
from tests.simulators.shop import Counter, Person, intent_of, key, pay


@dataclass
class Cutter:
    """A network that brings requests to the server, waits for its whole answer, and hangs up without handing it on."""

    to: tuple[str, int]
    answers: list[bytes] = field(default_factory=list[bytes])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: the request goes through, the answer is kept here."""
        upstream, out = await asyncio.open_connection(*self.to)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            out.write(head + await reader.readexactly(_length(head)))
            answer = await upstream.readuntil(b"\r\n\r\n")
            self.answers.append(answer + await upstream.readexactly(_length(answer)))
        finally:
            out.close()
            writer.transport.abort()

    @property
    def last(self) -> tuple[int, bytes]:
        """Status and body of the answer that nobody got."""
        head, _, body = self.answers[-1].partition(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1]), body


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next((int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length")), 0)


@asynccontextmanager
async def _cut(url: str) -> AsyncIterator[tuple[str, Cutter]]:
    parts = urlsplit(url)
    cutter = Cutter((parts.hostname or "", parts.port or 80))
    async with await asyncio.start_server(cutter.serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", cutter


async def _lost_then_again(person: Person, cut: tuple[str, Cutter], path: str, body: object) -> tuple[int, bytes]:
    """Post through the cutter, then again with the same key to the server; the answer, which must be the lost one."""
    used, (url, cutter) = key(), cut
    through = person.at(url)
    try:
        await through.post(path, body, used)
    except httpx.TransportError:
        pass
    else:
        raise AssertionError("the answer came through")
    finally:
        await through.http.aclose()
    again = await person.post(path, body, used)
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.status_code, again.content) == cutter.last
    return again.status_code, again.content


async def test_an_answer_that_was_lost_is_given_again_to_the_byte(milano: Counter, running: Installation) -> None:
    guest, barista, manager = await milano.guest(), await milano.barista(), await milano.manager()
    async with _cut(running.url) as cut:
        for online in (False, True):
            status, _ = await _lost_then_again(guest, cut, "/v1/orders", milano.wish(online=online))
            assert status == 201
        order = await guest.order(milano.wish())
        start = {"to_status": "IN_PROGRESS", "expected_status": "PLACED"}
        status, _ = await _lost_then_again(barista, cut, f"/v1/orders/{order['order_id']}/transition", start)
        assert status == 200
        paid = await guest.order(milano.wish(online=True))
        await pay(running.sandbox.url, intent_of(paid))
        await guest.waits_for(paid["order_id"], "PAID")
        refund = f"/v1/payments/{paid['payment']['payment_id']}/refunds"
        status, _ = await _lost_then_again(manager, cut, refund, {"amount": 100, "reason": "spilled"})
        assert status == 201

    seen = (await manager.get(f"/v1/payments/{paid['payment']['payment_id']}")).json()
    assert [each["amount"] for each in seen["refunds"]] == [100]
    assert [step["to_status"] for step in (await guest.look(order["order_id"]))["history"]] == ["PLACED", "IN_PROGRESS"]


async def test_a_key_used_again_after_its_time_never_charges_or_gives_back_twice(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest, manager, used = await milano.guest(), await milano.manager(), key()
    order = await guest.order(milano.wish(online=True), used)
    await pay(running.sandbox.url, intent_of(order))
    await guest.waits_for(order["order_id"], "PAID")
    payment, wish = order["payment"]["payment_id"], {"reason": "closed early"}
    first = await manager.post(f"/v1/payments/{payment}/refunds", wish, used)
    with psycopg.connect(running_url, autocommit=True) as db:  # as if the keys' time were over and they were removed
        db.execute("delete from idempotency_keys where key = %s", [used])

    again = await guest.post("/v1/orders", milano.wish(online=True), used)
    back = await manager.post(f"/v1/payments/{payment}/refunds", wish, used)

    assert (again.status_code, again.json()["order_id"]) == (201, order["order_id"]), "an order's key is for ever"
    assert again.headers["idempotency-replayed"] == "true"
    assert first.status_code == 201
    assert (back.status_code, back.json()["code"]) == (409, "nothing_to_refund")
    with psycopg.connect(running_url) as db:
        opened = db.execute(
            "select count(*) from payments where reference = %s", [ids.parse("ord", order["order_id"])]
        ).fetchone()
    assert opened == (1,)


async def test_one_key_of_two_people_on_two_routes_is_four_keys(milano: Counter) -> None:
    barista, manager, used = await milano.barista(), await milano.manager(), uuid.uuid4().hex
    guest = await milano.guest()
    orders = [await guest.order(milano.wish()) for _ in range(2)]
    start = {"to_status": "IN_PROGRESS", "expected_status": "PLACED"}

    moved = [
        await person.post(f"/v1/orders/{order['order_id']}/transition", start, used)
        for person, order in zip((barista, manager), orders, strict=True)
    ]
    paused = [
        await person.post(f"/v1/stores/{milano.store_id}/intake", {"prep_minutes": 6}, used)
        for person in (barista, manager)
    ]

    for answer in (*moved, *paused):
        assert answer.status_code == 200, answer.text
        assert "idempotency-replayed" not in answer.headers
    assert [answer.json()["order_id"] for answer in moved] == [order["order_id"] for order in orders]
