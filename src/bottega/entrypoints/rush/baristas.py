"""Baristas: they follow their store's queue as the board does, start tickets, finish them and hand the orders over.

Two of them work at each store on streams of their own, so they are faster than each other now and then; that is an
expected refusal, as on the real board.
"""

import asyncio
import heapq
import random
from typing import Any
from uuid import UUID

import httpx
import msgspec

from bottega.entrypoints.rush.wire import GaveUp, Reply, Wire

Json = dict[str, Any]
MAKING = 0.15  # seconds at pace 1; a real one takes longer, the server can't tell
LOST = frozenset({"VOIDED", "FAILED"})  # an online payment that nothing will come of any more


class Barista:
    """One member of staff at one store."""

    def __init__(self, wire: Wire, store_id: str, login: tuple[str, str], chooser: random.Random) -> None:
        self._wire = wire
        self._store_id = store_id
        self._login = login
        self._chooser = chooser
        self._token = ""
        self._position = ""
        self._changed = asyncio.Event()
        self._in_hand: set[str] = set()
        self.tickets: dict[str, Json] = {}

    async def work(self) -> None:
        """Follow and work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            for _ in range(self._wire.plan.hands):
                group.create_task(self._make())

    @property
    def open_tickets(self) -> int:
        """How many tickets are still to be made or handed over."""
        return len(self.tickets)

    async def _signed_in(self) -> None:
        login, password = self._login
        reply = await self._wire.call("login", "POST", "/v1/login", body={"login": login, "password": password})
        if not reply.good:
            raise PermissionError(f"{login} can't sign in: {reply.body}")
        self._token = reply.body["access_token"]

    async def _follow(self) -> None:
        """The queue's stream, resumed where it broke off."""
        path = f"{self._wire.plan.url}/v1/stores/{self._store_id}/queue/stream"
        while True:
            if not self._token:
                await self._signed_in()
            headers = {"authorization": f"Bearer {self._token}", "accept": "text/event-stream"}
            if self._position:
                headers["last-event-id"] = self._position
            timeout = httpx.Timeout(10, read=40)
            try:
                async with self._wire.http.stream("GET", path, headers=headers, timeout=timeout) as answer:
                    if answer.status_code == 401:
                        self._token = ""
                        continue
                    if answer.status_code == 403:
                        raise PermissionError(f"{self._login[0]} may not work at {self._store_id}")
                    await self._read(answer)
            except httpx.HTTPError:
                self._wire.tally.counts["streams lost"] += 1
            await asyncio.sleep(0.3)

    async def _read(self, answer: httpx.Response) -> None:
        event = ""
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "id":
                self._position = value
            elif name == "event":
                event = value
            elif name == "data":
                self._take(event, msgspec.json.decode(value))

    def _take(self, event: str, data: Json) -> None:
        if event == "snapshot":
            self.tickets = {}
        for ticket in data.get("tickets", [data["ticket"]] if event == "ticket" else []):
            known = self.tickets.get(ticket["ticket_id"])
            if ticket["state"] in ("CANCELLED", "CLOSED"):
                self.tickets.pop(ticket["ticket_id"], None)
            elif known is None or ticket["version"] >= known["version"]:
                self.tickets[ticket["ticket_id"]] = ticket
        self._wire.tally.queues[self._store_id] = len(self.tickets)
        self._changed.set()

    async def _make(self) -> None:
        while True:
            free = [each for each in self.tickets.values() if each["ticket_id"] not in self._in_hand]
            ready = [each for each in free if self._next_step(each) is not None]
            if not ready:
                self._changed.clear()
                await self._changed.wait()
                continue
            first = heapq.nsmallest(3 * self._wire.plan.hands, ready, key=lambda each: each["promised_at"])
            name = self._chooser.choice(first)["ticket_id"]
            self._in_hand.add(name)
            try:
                await asyncio.sleep(self._chooser.expovariate(1 / MAKING) * self._wire.plan.pace)
                if name in self.tickets:
                    await self._advance(self.tickets[name])
            except GaveUp:
                await asyncio.sleep(0.5)
            finally:
                self._in_hand.discard(name)
                self._changed.set()

    def _next_step(self, ticket: Json) -> str | None:
        if ticket["state"] in ("QUEUED", "STARTED"):
            return "bump"
        return "hand over" if ticket["state"] == "DONE" and ticket["order_status"] == "READY" else None

    async def _advance(self, ticket: Json) -> None:
        step = self._next_step(ticket)
        if step is None or not self._token:
            return
        if step == "bump":
            path = f"/v1/stores/{self._store_id}/tickets/{ticket['ticket_id']}/bump"
            body: Json = {"from_state": ticket["state"]}
        else:
            path = f"/v1/orders/{ticket['order_id']}/transition"
            body = {"to_status": "COMPLETED", "expected_status": "READY"}
            if ticket["pay_mode"] == "AT_STORE":
                body |= self._till(ticket)
        reply = await self._ask(step, path, body)
        if reply.status == 409 and reply.body["code"] == "payment_not_captured":
            if reply.body["payment_status"] not in LOST:  # what was held is being taken: come back to it
                await asyncio.sleep(0.5)
                return
            reply = await self._ask(step, path, body | self._till(ticket))
        if reply.status == 401:
            self._wire.tally.errors.pop(f"{step}: 401 unauthenticated", None)  # a token lives ten minutes
            await self._signed_in()
        elif reply.good and step == "hand over":
            self._wire.tally.counts["completed"] += 1
            self._wire.tally.final[ticket["order_id"]] = "COMPLETED"
            self.tickets.pop(ticket["ticket_id"], None)
        elif reply.good:
            self._take("ticket", {"ticket": reply.body})
        else:
            # Somebody was faster; the stream says how it stands, meanwhile it is not ours.
            self.tickets.pop(ticket["ticket_id"], None)

    async def _ask(self, step: str, path: str, body: Json) -> Reply:
        key = str(UUID(int=self._chooser.getrandbits(128), version=4))
        return await self._wire.call(step, "POST", path, token=self._token, key=key, body=body)

    def _till(self, ticket: Json) -> Json:
        """What the till says of money that was taken at the counter."""
        return {"tender": self._chooser.choice(("CASH", "CARD")), "receipt_ref": f"R-{ticket['number']}"}
