"""Events of many payments, lost, doubled and out of order while the payments go on: we end where the provider is.

Short in the suite; `make races` delivers 60,000, and 10,000 that are forged, stale or dated ahead.
"""

import asyncio
import json
import random
import time
from collections import Counter
from typing import Any

import httpx
import psycopg

from bottega.entrypoints.seed import SeedResult
from tests.simulators.fixtures import Launch
from tests.simulators.invariants import broken
from tests.simulators.long import LONG, times
from tests.simulators.processes import Installation
from tests.simulators.provider import KEY
from tests.simulators.shop import Counter as Place
from tests.simulators.shop import counter, eventually, intent_of
from tests.simulators.storm import Postman, event, shuffled

SEED = 20261120
DELIVERIES = times(400, 60_000)
FORGERIES = times(300, 10_000)
RATE = times(60, 200)
STEPS = (
    ("pm_card_chargeDeclined", ("payment_intent.payment_failed", "charge.failed", "payment_intent.updated")),
    ("pm_card_chargeDeclinedInsufficientFunds", ("payment_intent.payment_failed", "charge.failed")),
    ("pm_card_threeDSecure2Required", ("payment_intent.requires_action", "payment_intent.updated")),
    ("pm_card_visa", ("payment_intent.processing", "payment_intent.succeeded", "charge.succeeded", "charge.captured")),
    ("cancel", ("payment_intent.canceled", "payment_intent.updated")),
)
LIVES = ((0, 1, 3), (3,), (1, 0, 1, 3), (2,), (0, 2), (0, 0, 1), (4,), (0, 4), (2, 4))
EVENTS_A_LIFE = 5.5
ENDS = {
    "succeeded": "CAPTURED", "requires_payment_method": "REQUIRES_PAYMENT", "requires_action": "REQUIRES_ACTION",
    "canceled": "VOIDED",
}  # fmt: skip
UNAPPLIED = "select count(*) from provider_events where state = 'RECEIVED'"
# What was lost is asked for by the sweep; the test does not wait for its three quarters of a minute.
HURRY = "update payments set next_check_at = now() where provider_ref = any(%s) and next_check_at > now()"


class Lives:
    """Payments that live through cards, challenges and cancellations at the provider."""

    def __init__(self, running: Installation, place: Place, chooser: random.Random) -> None:
        self.running = running
        self.place = place
        self.chooser = chooser
        self.orders: dict[str, dict[str, Any]] = {}
        self.events: list[bytes] = []
        self.ends: dict[str, str] = {}

    async def live(self, count: int) -> None:
        """Let so many payments happen, a few at a time."""
        guests = [await self.place.guest(url) for url in self.running.urls]
        limits = httpx.Limits(max_connections=4)
        async with httpx.AsyncClient(base_url=self.running.sandbox.url, headers=KEY, timeout=30, limits=limits) as http:
            for start in range(0, count, 4):
                lives = [self.chooser.choice(LIVES) for _ in range(min(4, count - start))]
                await asyncio.gather(*(self._one(http, guests[n % 2], life) for n, life in enumerate(lives)))

    async def _one(self, http: httpx.AsyncClient, guest: Any, life: tuple[int, ...]) -> None:
        order = await guest.order(self.place.wish(online=True))
        intent = intent_of(order)
        self.orders[intent] = order
        thing: dict[str, Any] = (await http.get(f"/v1/payment_intents/{intent}")).json()
        self.events.append(event("payment_intent.created", thing))
        for step in life:
            card, kinds = STEPS[step]
            if card == "cancel":
                await http.post(f"/v1/payment_intents/{intent}/cancel")
            else:
                body = {"payment_method": card, "return_url": "http://127.0.0.1/"}
                await http.post(f"/v1/payment_intents/{intent}/confirm", data=body)
            thing = (await http.get(f"/v1/payment_intents/{intent}")).json()
            self.events += [event(kind, thing) for kind in kinds]
        self.ends[intent] = thing["status"]

    def ours(self) -> dict[str, tuple[str, str]]:
        """Payment's and order's status by the provider's name of it."""
        with psycopg.connect(self.running.database_url) as db:
            rows = db.execute(
                "select p.provider_ref, p.status, o.status from payments p join orders o on o.order_id = p.reference "
                "where p.provider_ref = any(%s)",
                [list(self.orders)],
            )
            return {ref: (payment, order) for ref, payment, order in rows.fetchall()}

    def agree(self) -> bool:
        """Whether every payment is where the provider has it, and its order with it."""
        found = self.ours()
        for intent, end in self.ends.items():
            payment, order = found[intent]
            # A cancelled intent leaves the order unpaid; it may be paid anew until its time is over.
            if payment != ENDS[end] or (order == "PAID") != (end == "succeeded"):
                return False
        return True


def _value(url: str, query: str) -> int:
    with psycopg.connect(url) as db:
        row = db.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


async def test_lost_doubled_and_late_events_end_where_the_provider_is(
    shop_url: str, shop_template: tuple[str, SeedResult], launch: Launch
) -> None:
    running = launch(shop_url, web=2, workers=1)
    running.control("webhooks/hold", {})
    chooser = random.Random(SEED)
    async with counter(running.url, shop_template[1]) as place:
        lives, postman = Lives(running, place, chooser), Postman(running.urls)
        began = time.monotonic()
        await lives.live(int(DELIVERIES / (EVENTS_A_LIFE * 1.17)) + 1)
        lived = time.monotonic() - began
        arrivals, done = shuffled(lives.events, chooser)
        began = time.monotonic()
        await postman.deliver([(body, None) for body in arrivals], each_second=RATE)
        delivered = time.monotonic() - began

        async def agreed() -> bool:
            with psycopg.connect(shop_url, autocommit=True) as db:
                db.execute(HURRY, [list(lives.orders)])
            return lives.agree()

        await eventually(agreed, 60 if not LONG else 600, "the provider's state")
        await eventually(lambda: _nothing_waits(shop_url), 60 if not LONG else 600, "every event being applied")
    print(
        f"seed {SEED}: {len(lives.orders)} payments in {lived:.0f} s, {len(arrivals)} deliveries in {delivered:.0f} s "
        f"({dict(done)}), acknowledged p50 {postman.percentile(50):.1f} p99 {postman.percentile(99):.1f} ms, settled "
        f"after {time.monotonic() - began:.0f} s, ends {dict(Counter(lives.ends.values()))}"
    )

    assert postman.answers == {200: len(arrivals)}
    kept = len({json.loads(body)["id"] for body in arrivals})
    assert _value(shop_url, "select count(*) from provider_events") == kept
    assert _value(shop_url, "select count(*) from provider_events where state = 'PARKED'") == 0
    assert postman.percentile(99) <= (100 if LONG else 1000)
    assert await broken(shop_url) == {}


async def _nothing_waits(url: str) -> bool:
    return _value(url, UNAPPLIED) == 0
