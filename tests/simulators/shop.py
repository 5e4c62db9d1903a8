"""People who use the shop over HTTP: guests who order and pay, baristas who work the queue.

Small helpers, no rules of the trade: each gives what the API answered. `Counter` is one store as it stands in the tests
(open round the clock) with its menu; `Person` is somebody with a token.
"""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from bottega.entrypoints.seed import SeedResult
from bottega.kit import ids
from tests.simulators import http as clients

Json = dict[str, Any]
OPEN_ALWAYS = """
update stores set hours = (select jsonb_agg(jsonb_build_object('weekday', d, 'opens', '00:00', 'closes', '00:00'))
                           from generate_series(0, 6) d)
"""
"""Run on a test's database as the owner, so that the shop takes orders at whatever hour tests run."""


async def eventually(look: Callable[[], Awaitable[Any]], seconds: float = 45.0, what: str = "it") -> Any:
    """Look again and again until there is something; fail when there never is."""
    ends = time.monotonic() + seconds
    while not (found := await look()):
        assert time.monotonic() < ends, f"{what} never happened"
        await asyncio.sleep(0.03)
    return found


def key() -> str:
    """A fresh Idempotency-Key."""
    return uuid.uuid4().hex


@dataclass
class Person:
    """Somebody with a token at one address. `calls` go out with it; posts carry a fresh key unless one is given."""

    http: httpx.AsyncClient
    token: str
    subject_id: str

    @property
    def headers(self) -> dict[str, str]:
        """What every request of theirs carries."""
        return {"authorization": f"Bearer {self.token}"}

    def at(self, url: str) -> Self:
        """The same person at another address (another web process)."""
        other = clients.AsyncClient(base_url=url, timeout=15, limits=httpx.Limits(max_connections=60))
        return type(self)(other, self.token, self.subject_id)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """GET."""
        return await self.http.get(path, headers=self.headers | headers)

    async def post(self, path: str, body: Any = None, idempotency_key: str | None = None) -> httpx.Response:
        """POST with an Idempotency-Key."""
        headers = self.headers | {"idempotency-key": idempotency_key or key()}
        return await self.http.post(path, json=body, headers=headers)

    async def elsewhere(self, url: str, path: str, body: Any, idempotency_key: str) -> httpx.Response:
        """One POST to another web process, over a connection of its own."""
        async with clients.AsyncClient(base_url=url, timeout=15) as http:
            return await http.post(path, json=body, headers=self.headers | {"idempotency-key": idempotency_key})

    async def patch(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """PATCH."""
        return await self.http.patch(path, json=body, headers=self.headers | headers)

    async def order(self, body: Json, idempotency_key: str | None = None) -> Json:
        """Place an order that must be accepted."""
        answer = await self.post("/v1/orders", body, idempotency_key)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def look(self, order_id: str) -> Json:
        """An order as it is now."""
        answer = await self.get(f"/v1/orders/{order_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def waits_for(self, order_id: str, status: str, seconds: float = 45.0) -> Json:
        """Look at an order until it has a status."""

        async def there() -> Json | None:
            found = await self.look(order_id)
            return found if found["status"] == status else None

        return await eventually(there, seconds, f"{order_id} {status}")

    async def moves(self, order_id: str, expected: str, to: str, **details: Any) -> httpx.Response:
        """Staff: move an order."""
        body = {"to_status": to, "expected_status": expected, **details}
        return await self.post(f"/v1/orders/{order_id}/transition", body)

    async def cancels(self, order_id: str, reason: str = "changed my mind") -> httpx.Response:
        """A customer takes an order back."""
        return await self.post(f"/v1/orders/{order_id}/cancel", {"reason": reason})

    async def queue(self, store_id: str) -> list[Json]:
        """Staff: the tickets of a store."""
        answer = await self.get(f"/v1/stores/{store_id}/queue")
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def ticket_of(self, store_id: str, order_id: str, seconds: float = 45.0) -> Json:
        """Staff: the ticket of an order, once it is in the queue."""

        async def there() -> Json | None:
            return next((each for each in await self.queue(store_id) if each["order_id"] == order_id), None)

        return await eventually(there, seconds, f"a ticket for {order_id}")

    async def bumps(self, ticket: Json, from_state: str) -> httpx.Response:
        """Staff: move a ticket on."""
        return await self.post(
            f"/v1/stores/{ticket['store_id']}/tickets/{ticket['ticket_id']}/bump", {"from_state": from_state}
        )


@dataclass
class Counter:
    """One store as a customer sees it: its id, its menu, and what can be ordered at any hour."""

    url: str
    store_id: str
    slug: str
    menu: Json
    seeded: SeedResult
    people: list[Person] = field(default_factory=list)

    @property
    def products(self) -> list[Json]:
        """What can be ordered at any hour."""
        return [each for each in self.menu["products"] if each["daypart"] is None and each["available"]]

    def product(self, word: str = "latte") -> Json:
        """The first product with a word in its name."""
        return next(each for each in self.products if word in each["name"].lower())

    def wish(self, *, online: bool = False, qty: int = 1, word: str = "latte", **more: Any) -> Json:
        """The body of an order for one product."""
        items = [{"product_id": self.product(word)["product_id"], "qty": qty}]
        pay_mode = "ONLINE" if online else "AT_STORE"
        return {"store_id": self.store_id, "fulfillment_type": "PICKUP", "pay_mode": pay_mode, "items": items, **more}

    async def guest(self, url: str = "") -> Person:
        """A new guest of this shop."""
        http = self._http(url)
        answer = await http.post("/v1/guests", json={"store_id": self.store_id})
        assert answer.status_code in (200, 201), answer.text
        return self._known(http, answer.json())

    async def barista(self, url: str = "") -> Person:
        """The barista of this store."""
        return await self.login(f"barista.{self.slug.replace('-', '')}", url)

    async def manager(self, url: str = "") -> Person:
        """The manager of this store."""
        return await self.login(f"manager.{self.slug.replace('-', '')}", url)

    async def login(self, login: str, url: str = "") -> Person:
        """Somebody of the staff."""
        password = next(each.password for each in self.seeded.logins if each.login == login)
        http = self._http(url)
        answer = await http.post("/v1/login", json={"login": login, "password": password})
        assert answer.status_code in (200, 201), answer.text
        return self._known(http, answer.json())

    async def close(self) -> None:
        """Close the connections of everybody."""
        for person in self.people:
            await person.http.aclose()

    def _http(self, url: str) -> httpx.AsyncClient:
        return clients.AsyncClient(base_url=url or self.url, timeout=15, limits=httpx.Limits(max_connections=60))

    def _known(self, http: httpx.AsyncClient, said: Json) -> Person:
        person = Person(http, said["access_token"], said.get("subject_id", ""))
        self.people.append(person)
        return person


@asynccontextmanager
async def counter(url: str, seeded: SeedResult, slug: str = "milano") -> AsyncIterator[Counter]:
    """A store of a running installation."""
    store_id = ids.show("sto", next(each.store_id for each in seeded.stores if each.slug == slug))
    async with clients.AsyncClient(base_url=url, timeout=15) as http:
        answer = await http.get(f"/v1/stores/{store_id}/menu")
    assert answer.status_code == 200, answer.text
    found = Counter(url, store_id, slug, answer.json(), seeded)
    try:
        yield found
    finally:
        await found.close()


def intent_of(order: Json) -> str:
    """The provider's name of an order's payment, from its client secret."""
    return order["payment"]["client_secret"].split("_secret")[0]


async def pay(sandbox_url: str, intent: str, card: str = "pm_card_visa") -> Json:
    """What a customer's browser does with a card at the provider; the intent, or the refusal under `error`."""
    async with clients.AsyncClient(base_url=sandbox_url, timeout=15) as http:
        answer = await http.post(
            f"/v1/payment_intents/{intent}/confirm",
            data={"payment_method": card, "return_url": "http://127.0.0.1/"},
            headers={"authorization": "Bearer sk_test_tests"},
        )
    return answer.json()


@asynccontextmanager
async def stream(person: Person, path: str, last_event_id: int | None = None) -> AsyncIterator["Stream"]:
    """Somebody listens to a live stream (SSE)."""
    headers = person.headers | ({} if last_event_id is None else {"last-event-id": str(last_event_id)})
    async with person.http.stream("GET", path, headers=headers, timeout=httpx.Timeout(15, read=None)) as answer:
        assert answer.status_code == 200, await answer.aread()
        yield Stream(answer)


@dataclass
class Event:
    """One event of a stream."""

    id: int
    name: str
    data: Any


class Stream:
    """A live stream that is being read; `comments` counts the heartbeats."""

    def __init__(self, answer: httpx.Response) -> None:
        self.comments = 0
        self.last_id: int | None = None
        self._events = self._read(answer)

    async def next(self, seconds: float = 10.0) -> Event:
        """The next event. Raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            return await anext(self._events)

    async def until(self, wanted: Callable[[Event], Any], seconds: float = 10.0) -> list[Event]:
        """The events up to and with the first one that is wanted. Raises `TimeoutError`."""
        found: list[Event] = []
        async with asyncio.timeout(seconds):
            async for event in self._events:
                found.append(event)
                if wanted(event):
                    return found
        raise AssertionError("the stream ended")

    async def _read(self, answer: httpx.Response) -> AsyncIterator[Event]:
        number, name, data = 0, "message", ""
        async for line in answer.aiter_lines():
            if line.startswith(":"):
                self.comments += 1
            elif line.startswith("id:"):
                number = int(line[3:])
            elif line.startswith("event:"):
                name = line[6:].strip()
            elif line.startswith("data:"):
                data = line[5:].strip()
            elif not line and data:
                self.last_id = number
                yield Event(number, name, json.loads(data))
                name, data = "message", ""
