"""A small seeded load that survives crashes: customers order with keys and repeat what they don't know; baristas work.

`Load.placed` is every order that was acknowledged, by key; `unknown` are keys whose answer never came, repeated at the end.
"""

import asyncio
import random
from dataclasses import dataclass, field

import httpx

from tests.simulators import shop
from tests.simulators.shop import Counter, Json, Person

AWAY = (httpx.HTTPError, OSError, TimeoutError)


@dataclass
class Load:
    """Customers and baristas at one store, until `stop()`."""

    counter: Counter
    urls: list[str]
    seed: int = 7
    placed: dict[str, Json] = field(default_factory=dict[str, Json])
    bodies: dict[str, tuple[Person, Json]] = field(default_factory=dict[str, tuple[Person, Json]])
    moved: int = 0
    refused: list[str] = field(default_factory=list[str])
    _going: bool = True

    async def run(self, customers: int = 5, baristas: int = 2) -> None:
        """Order and work until stopped, then repeat every key whose answer is unknown."""
        people = [await self.counter.guest(self.urls[n % len(self.urls)]) for n in range(customers)]
        hands = [await self.counter.barista(self.urls[n % len(self.urls)]) for n in range(baristas)]
        await asyncio.gather(
            *(self._customer(person, random.Random(self.seed + n)) for n, person in enumerate(people)),
            *(self._barista(hand, random.Random(self.seed + 100 + n)) for n, hand in enumerate(hands)),
        )
        for key, (person, body) in self.bodies.items():
            if key not in self.placed:
                self.placed[key] = await self._insist(person, body, key)

    def stop(self) -> None:
        """Let everybody finish what they do."""
        self._going = False

    async def _customer(self, person: Person, dice: random.Random) -> None:
        while self._going:
            key = f"load-{dice.getrandbits(64):x}"
            body = self.counter.wish(online=dice.random() < 0.3, qty=dice.randint(1, 4))
            self.bodies[key] = (person, body)
            order = await self._once(person, body, key)
            if order is not None and dice.random() < 0.15:
                await self._quietly(person.post(f"/v1/orders/{order['order_id']}/cancel", {}))
            await asyncio.sleep(dice.random() * 0.02)

    async def _barista(self, person: Person, dice: random.Random) -> None:
        while self._going:
            answer = await self._quietly(person.get(f"/v1/stores/{self.counter.store_id}/queue"))
            tickets = answer.json()["data"] if answer is not None and answer.status_code == 200 else []
            for ticket in dice.sample(tickets, min(4, len(tickets))):
                if ticket["state"] in ("QUEUED", "STARTED"):
                    bumped = await self._quietly(person.bumps(ticket, ticket["state"]))
                    self.moved += bumped is not None and bumped.status_code == 200
                elif ticket["order_status"] == "READY":
                    till = {} if ticket["pay_mode"] == "ONLINE" else {"tender": "CASH", "receipt_ref": "R"}
                    await self._quietly(person.moves(ticket["order_id"], "READY", "COMPLETED", **till))
            await asyncio.sleep(0.05)

    async def _once(self, person: Person, body: Json, key: str) -> Json | None:
        answer = await self._quietly(person.post("/v1/orders", body, key))
        if answer is None:
            return None
        if answer.status_code == 201:
            self.placed[key] = answer.json()
            return self.placed[key]
        if answer.status_code not in (503, 409):
            self.refused.append(answer.text)
        return None

    async def _insist(self, person: Person, body: Json, key: str) -> Json:
        async def answered() -> Json | None:
            return await self._once(person, body, key)

        return await shop.eventually(answered, 30, f"an answer for {key}")

    async def _quietly(self, call: "asyncio.Future[httpx.Response] | object") -> httpx.Response | None:
        try:
            return await call  # type: ignore[misc]
        except AWAY:
            await asyncio.sleep(0.05)
            return None


@dataclass
class Follower:
    """Somebody who follows a stream and comes back with the last position whenever it breaks."""

    person: Person
    path: str
    events: list[shop.Event] = field(default_factory=list[shop.Event])
    broken: int = 0

    async def run(self) -> None:
        """Follow for ever."""
        last: int | None = None
        while True:
            try:
                async with shop.stream(self.person, self.path, last) as events:
                    while True:
                        event = await events.next(60)
                        self.events.append(event)
                        last = event.id
            except (*AWAY, AssertionError, StopAsyncIteration):
                self.broken += 1
                await asyncio.sleep(0.02)
