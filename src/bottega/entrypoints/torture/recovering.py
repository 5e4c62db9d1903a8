"""How soon the shop works again: after a fault somebody tries, with short patience, until what it stood in the way of works.

An order at the store where the database or the web was hit, until the kitchen has its ticket where a worker was, an
online order with its payment opened where the provider was. Each such order is a customer's like any other: judged later.
"""

import asyncio
import contextlib
import random
import time
from typing import Any, LiteralString
from uuid import UUID

import httpx
import psycopg

from bottega.entrypoints.rush import Acknowledged
from bottega.entrypoints.rush.tally import Tally
from bottega.entrypoints.torture.installation import Installation
from bottega.entrypoints.torture.model import Fault
from bottega.kit import ids

Json = dict[str, Any]
PATIENCE = 60.0
_EVERY = 0.1
_ATTEMPT = httpx.Timeout(2.0)
HAS_TICKET: LiteralString = "select exists (select from tickets where order_id = %s)"
_IN_KITCHEN = ("worker",)
_ONLINE = ("provider", "shop-provider")


class Prober:
    """Tries things as a guest of one store. `start` it while all is well."""

    def __init__(self, made: Installation, tally: Tally, chooser: random.Random) -> None:
        self._made = made
        self._tally = tally
        self._chooser = chooser
        # Made once: each costs 17 ms of processor, and there is a client for each try.
        self._tls = httpx.create_ssl_context()
        self.token = ""
        self._body: Json = {}

    async def start(self, store_id: str) -> None:
        """Come in and read the menu."""
        async with httpx.AsyncClient(base_url=self._made.url, timeout=10, verify=self._tls, trust_env=False) as http:
            guest = await http.post("/v1/guests", json={"store_id": store_id})
            self.token = guest.json()["access_token"]
            menu = (await http.get(f"/v1/stores/{store_id}/menu")).json()
        plain = next(each for each in menu["products"] if each["available"] and not each["modifier_groups"])
        self._body = {
            "store_id": store_id,
            "fulfillment_type": "PICKUP",
            "items": [{"product_id": plain["product_id"], "qty": 1}],
            "contact": {"name": "Prova"},
        }

    async def recovered(self, fault: Fault) -> float | None:
        """Seconds until what the fault was in the way of works; None when it never did."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                online = fault.target.startswith(_ONLINE)
                order = await self.order(online=online)
                if fault.target.startswith(_IN_KITCHEN):
                    await self._in_kitchen(order["order_id"])
                took = time.monotonic() - began
                if online:
                    await self._take_back(order)
        except TimeoutError:
            return None
        return took

    def body(self, *, online: bool) -> Json:
        """What is ordered: one plain thing."""
        return self._body | {"pay_mode": "ONLINE" if online else "AT_STORE"}

    async def order(self, *, online: bool = False) -> Json:
        """Order until it is taken (and, online, can be paid): always the same order, on a new connection each time."""
        body = self.body(online=online)
        key = str(UUID(int=self._chooser.getrandbits(128), version=4))
        while True:
            answer = await self._post("/v1/orders", key, body)
            if answer is not None and answer.status_code == 201:
                order = answer.json()
                self._tally.counts["orders"] += 1
                self._tally.acknowledged[order["order_id"]] = Acknowledged(
                    order["order_id"], self.token, key, order["total"], order["pay_mode"], order["status"]
                )
                break
            await asyncio.sleep(_EVERY)
        while online and not order["payment"].get("client_secret"):
            opened = await self._post(f"/v1/orders/{order['order_id']}/payment", key, None)
            if opened is not None and opened.status_code == 200:
                order["payment"] = opened.json()
            await asyncio.sleep(_EVERY)
        return order

    async def _take_back(self, order: Json) -> None:
        key = str(UUID(int=self._chooser.getrandbits(128), version=4))
        while True:
            answer = await self._post(f"/v1/orders/{order['order_id']}/cancel", key, {"reason": "only a test"})
            if answer is not None and answer.status_code == 200:
                self._tally.final[order["order_id"]] = "CANCELLED"
            if answer is not None and answer.status_code in (200, 409):
                return
            await asyncio.sleep(_EVERY)

    async def _in_kitchen(self, name: str) -> None:
        order_id = ids.parse("ord", name)
        while True:
            with contextlib.suppress(psycopg.Error):
                url = self._made.database_url
                async with await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=5) as connection:
                    row = await (await connection.execute(HAS_TICKET, [order_id])).fetchone()
                    if row is not None and row[0]:
                        return
            await asyncio.sleep(_EVERY)

    async def _post(self, path: str, key: str, body: Json | None) -> httpx.Response | None:
        headers = {"authorization": f"Bearer {self.token}", "idempotency-key": key}
        with contextlib.suppress(httpx.HTTPError):
            async with httpx.AsyncClient(
                base_url=self._made.url, timeout=_ATTEMPT, verify=self._tls, trust_env=False
            ) as http:
                return await http.post(path, json=body, headers=headers)
        return None
