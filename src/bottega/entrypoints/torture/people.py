"""Who uses the shop while it is tortured: patient customers, a manager who gives money back. Baristas come from the rush.

They do what people do: repeat a call with the same key until they know, try the card again, take the order back when it
can't be paid. What they were told goes to the tally, and the judge holds the shop to it.
"""

import asyncio
import random
import time
from typing import Any
from uuid import UUID

from bottega.entrypoints.rush import GaveUp, Wire
from bottega.entrypoints.rush.customers import Customer

Json = dict[str, Any]
ABANDONED, WHOLE = 0.04, 0.3
REFUNDABLE = frozenset({"CAPTURED", "PARTIALLY_REFUNDED"})
_PAYING = 6


class Shopper(Customer):
    """A customer who pays even where the provider stumbles, and takes back what can't be paid.

    Until `leaves_until` (of the monotonic clock) some walk away instead: their orders expire after a minute.
    """

    leaves_until = 0.0

    async def _pay(self, order: Json) -> None:
        try:
            await self._pay_somehow(order)
        except GaveUp:
            await self._cancel(order)
            raise

    async def _pay_somehow(self, order: Json) -> None:
        for _ in range(_PAYING):
            if self._chance(ABANDONED) and time.monotonic() < self.leaves_until:
                self._wire.tally.counts["walked away"] += 1
                return
            before = self._wire.tally.counts["paid_online"]
            await super()._pay(order)
            if self._wire.tally.counts["paid_online"] > before:
                return
            status = await self._status(order)
            if status != "PLACED":
                return
        await self._cancel(order)

    async def _status(self, order: Json) -> str:
        look = await self._wire.call("look", "GET", f"/v1/orders/{order['order_id']}", token=self._token)
        return str(look.body["status"]) if look.good else ""


class OnlineShopper(Shopper):
    """One who always pays online."""

    online = 1.0


class Clerk:
    """A manager who now and then gives back a part, or all, of what was paid."""

    def __init__(self, wire: Wire, login: tuple[str, str], chooser: random.Random, pause: float) -> None:
        self._wire = wire
        self._login = login
        self._chooser = chooser
        self._pause = pause
        self._token = ""
        self.refunds: dict[str, int] = {}

    async def work(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self._chooser.expovariate(1 / self._pause))
            try:
                await self._give_back()
            except GaveUp:
                self._wire.tally.counts["clerk gave up"] += 1

    async def _give_back(self) -> None:
        if not self._token:
            login, password = self._login
            signed = await self._wire.call("login", "POST", "/v1/login", body={"login": login, "password": password})
            self._token = signed.body["access_token"] if signed.good else ""
        paid = [each.order_id for each in self._wire.tally.acknowledged.values() if each.pay_mode == "ONLINE"]
        if not paid:
            return
        name = self._chooser.choice(paid[-50:])
        expects = frozenset({401, 404, 409, 422})
        look = await self._wire.call("look", "GET", f"/v1/orders/{name}", token=self._token, expects=expects)
        payment = look.body["payment"] if look.good else None
        if payment is None or payment["status"] not in REFUNDABLE:
            self._token = "" if look.status == 401 else self._token
            return
        body: Json = {"reason": "it was cold"}
        if not self._chooser.random() < WHOLE:
            body["amount"] = self._chooser.randint(1, max(1, look.body["total"] // 2))
        key = str(UUID(int=self._chooser.getrandbits(128), version=4))
        path = f"/v1/payments/{payment['payment_id']}/refunds"
        made = await self._wire.call("refund", "POST", path, token=self._token, key=key, body=body, expects=expects)
        if made.good:
            self._wire.tally.counts["refunds"] += 1
            self.refunds[made.body["refund_id"]] = made.body["amount"]
