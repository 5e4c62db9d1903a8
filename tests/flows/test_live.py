"""Live streams: what is shown and what happens next always add up to what is, over processes and restarts."""

import asyncio
import json

import httpx
import psycopg
import websockets

from bottega.kit import ids
from tests.simulators.desks import HEARD
from tests.simulators.fixtures import Launch
from tests.simulators.processes import Installation
from tests.simulators.shop import Counter, Event, Json, Person, counter, eventually, stream

GONE = ("CLOSED", "CANCELLED")


def applied(tickets: list[Json], events: list[Event]) -> dict[str, Json]:
    """Tickets of a snapshot after the events of the queue's stream."""
    shown = {ticket["ticket_id"]: ticket for ticket in tickets}
    for event in events:
        if event.name == "ticket":
            ticket = event.data["ticket"]
            shown[ticket["ticket_id"]] = ticket
    return {key: ticket for key, ticket in shown.items() if ticket["state"] not in GONE}


async def _work(milano: Counter, guest: Person, barista: Person) -> None:
    """A little of everything that moves tickets."""
    orders = [await guest.order(milano.wish(qty=n)) for n in (1, 2, 3)]
    tickets = [await barista.ticket_of(milano.store_id, each["order_id"]) for each in orders]
    (await barista.bumps(tickets[0], "QUEUED")).raise_for_status()
    (await barista.bumps(tickets[0], "STARTED")).raise_for_status()
    (
        (
            await barista.moves(orders[0]["order_id"], "READY", "COMPLETED", tender="CARD", receipt_ref="R-2")
        ).raise_for_status()
    ).raise_for_status()
    (await barista.bumps(tickets[1], "QUEUED")).raise_for_status()
    line = tickets[1]["lines"][0]["line_id"]
    path = f"/v1/stores/{milano.store_id}/tickets/{tickets[1]['ticket_id']}"
    (await barista.post(f"{path}/lines/{line}/made", {"made": True})).raise_for_status()
    (await barista.bumps(tickets[1], "STARTED")).raise_for_status()
    (await barista.post(f"{path}/recall")).raise_for_status()
    (await guest.cancels(orders[2]["order_id"])).raise_for_status()
    await guest.patch(
        f"/v1/orders/{(await guest.order(milano.wish()))['order_id']}", {"items": milano.wish(qty=4)["items"]}
    )


async def _settled(milano: Counter, barista: Person, url: str) -> tuple[dict[str, Json], int]:
    """The queue and its position once everything that happened is in the log and has been reacted to."""

    async def quiet() -> bool:
        with psycopg.connect(url) as db:
            row = db.execute(HEARD).fetchone()
        return bool(row and row[0])

    for _ in range(2):
        await eventually(quiet, what="quiet")
    found = (await barista.get(f"/v1/stores/{milano.store_id}/queue")).json()
    return {ticket["ticket_id"]: ticket for ticket in found["data"]}, found["position"]


async def test_the_first_state_and_the_events_after_it_make_the_present_state(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    path = f"/v1/stores/{milano.store_id}/queue/stream"
    async with stream(barista, path) as here, stream(barista.at(running.urls[1]), path) as there:
        first, other = await here.next(), await there.next()
        await _work(milano, guest, barista)
        present, position = await _settled(milano, barista, running_url)
        with psycopg.connect(running_url) as db:
            last = db.execute(
                "select max(seq) from log where store_id = %s and type like 'ticket.%%' and seq <= %s",
                [ids.parse("sto", milano.store_id), position],
            ).fetchone()
        assert last
        events = await here.until(lambda event: event.id >= last[0])
        events_there = await there.until(lambda event: event.id >= last[0])

    assert (first.name, other.name) == ("snapshot", "snapshot")
    assert applied(first.data["tickets"], events) == present
    assert applied(other.data["tickets"], events_there) == present
    assert [(each.id, each.data) for each in events] == [(each.id, each.data) for each in events_there]
    assert [each.id for each in events] == sorted({each.id for each in events})


async def test_the_web_socket_says_the_same(milano: Counter, running: Installation, running_url: str) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    address = running.urls[1].replace("http", "ws") + f"/v1/stores/{milano.store_id}/queue/stream"
    path = f"/v1/stores/{milano.store_id}/queue/stream"
    async with (
        websockets.connect(address, additional_headers=barista.headers) as socket,
        stream(barista, path) as events,
    ):
        first = json.loads(await asyncio.wait_for(socket.recv(), 10))
        state = await events.next()
        order = await guest.order(milano.wish())
        said = await events.until(lambda event: event.data.get("ticket", {}).get("order_id") == order["order_id"])
        heard: list[Json] = []
        async with asyncio.timeout(10):
            while not heard or heard[-1]["id"] < said[-1].id:
                message = json.loads(await socket.recv())
                if message["event"] != "heartbeat":
                    heard.append(message)

    assert (first["event"], first["data"]["tickets"]) == ("snapshot", state.data["tickets"])
    assert [(each["event"], each["id"], each["data"]) for each in heard if each["id"] > state.id] == [
        (each.name, each.id, each.data) for each in said
    ]


async def test_an_order_tells_its_customer_each_step(milano: Counter) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await guest.order(milano.wish())
    async with stream(guest, f"/v1/orders/{order['order_id']}/stream") as events:
        first = await events.next()
        for before, after in (("PLACED", "IN_PROGRESS"), ("IN_PROGRESS", "READY")):
            (await barista.moves(order["order_id"], before, after)).raise_for_status()
        steps = await events.until(lambda event: event.data["status"] == "READY")

    assert (first.name, first.data["status"]) == ("state", "PLACED")
    moves = [(each.data["from_status"], each.data["status"]) for each in steps if each.data["seq"] > 1]
    assert moves == [("PLACED", "IN_PROGRESS"), ("IN_PROGRESS", "READY")]


async def test_a_stranger_hears_nothing(milano: Counter, running: Installation) -> None:
    guest, stranger = await milano.guest(), await milano.guest()
    order = await guest.order(milano.wish())

    assert (await stranger.get(f"/v1/orders/{order['order_id']}/stream")).status_code == 404
    assert (await guest.get(f"/v1/stores/{milano.store_id}/queue/stream")).status_code == 403
    address = running.url.replace("http", "ws") + f"/v1/orders/{order['order_id']}/stream"
    async with websockets.connect(address, additional_headers=stranger.headers) as socket:
        await socket.wait_closed()
        assert socket.close_code == 4404


async def test_heartbeats_come_while_nothing_happens(milano: Counter, running: Installation) -> None:
    guest = await milano.guest()
    order = await guest.order(milano.wish())
    address = running.url.replace("http", "ws") + f"/v1/orders/{order['order_id']}/stream"
    async with stream(guest, f"/v1/orders/{order['order_id']}/stream") as events:
        await events.next()
        while events.comments < 2:
            try:
                await events.next(0.5)
            except TimeoutError:
                break
    async with websockets.connect(address, additional_headers=guest.headers) as socket:
        async with asyncio.timeout(5):
            while (message := json.loads(await socket.recv()))["event"] != "heartbeat":
                pass

    assert message["data"]["server_now"]


async def test_positions_that_the_log_cannot_continue_from_start_afresh(milano: Counter, running_url: str) -> None:
    guest = await milano.guest()
    order = await guest.order(milano.wish())
    path = f"/v1/orders/{order['order_id']}/stream"
    with psycopg.connect(running_url, autocommit=True) as db:
        db.execute("update log_head set floor_seq = 2")
        try:
            for position in (10**12, 1):
                async with stream(guest, path, position) as events:
                    reset, state = await events.next(), await events.next()
                assert (reset.name, state.name, state.data["status"]) == ("reset", "state", "PLACED")
        finally:
            db.execute("update log_head set floor_seq = 0")


async def test_a_listener_that_comes_back_gets_what_it_missed_while_its_process_was_killed(
    shop_url: str, shop_template: tuple[str, object], launch: Launch
) -> None:
    running = launch(shop_url, web=2)
    async with counter(running.urls[1], shop_template[1], "milano") as place:  # type: ignore[arg-type]
        barista = await place.barista()
        guest, listener = await place.guest(), barista.at(running.url)
        path = f"/v1/stores/{place.store_id}/queue/stream"
        async with stream(listener, path) as before:
            first = await before.next()
            await guest.order(place.wish())
            heard = [await before.next()]

        running.web[0].kill()
        missed = [await guest.order(place.wish()) for _ in range(5)]
        running.web[0].start(wait=False)
        ordering = asyncio.create_task(_order_for(place, guest, 2.5))
        again = await _reconnect(barista.at(running.url), path, heard[-1].id, ordering)
        ordered = await ordering

    tickets = [event.data["ticket"]["order_id"] for event in again if event.name == "ticket"]
    assert first.name == "snapshot"
    assert tickets == [order["order_id"] for order in missed + ordered]
    assert [event.id for event in again] == sorted({event.id for event in again})


async def _order_for(place: Counter, guest: Person, seconds: float) -> list[Json]:
    """Orders, one after the other, for a while."""
    placed: list[Json] = []
    ends = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < ends:
        placed.append(await guest.order(place.wish()))
        await asyncio.sleep(0.01)
    return placed


async def _reconnect(person: Person, path: str, last: int, ordering: "asyncio.Task[list[Json]]") -> list[Event]:
    """Come back as early as the process answers at all, and listen until everything that was ordered was heard."""
    found: list[Event] = []
    while True:
        try:
            async with stream(person, path, last) as events:
                while True:
                    try:
                        found.append(await events.next(1.0))
                    except TimeoutError:
                        if ordering.done():
                            return found
        except (OSError, AssertionError, httpx.HTTPError):
            await asyncio.sleep(0.005)
