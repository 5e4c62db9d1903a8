"""Customers: guests who look at the menu, order what it allows, pay by card or at the store; some change their mind."""

import asyncio
import random
from typing import Any
from uuid import UUID

from bottega.entrypoints.rush.model import Acknowledged
from bottega.entrypoints.rush.tally import Tally
from bottega.entrypoints.rush.wire import GaveUp, Wire

Json = dict[str, Any]
NAMES = (
    "Ada",
    "Bruno",
    "Chiara",
    "Dario",
    "Elena",
    "Franco",
    "Giulia",
    "Hana",
    "Ivan",
    "Jun",
    "Keiko",
    "Luca",
    "Mei",
    "Nina",
)
GOOD_CARD, SECURE_CARD = "pm_card_visa", "pm_card_threeDSecure2Required"
BAD_CARDS = ("pm_card_chargeDeclined", "pm_card_chargeDeclinedInsufficientFunds", "pm_card_chargeDeclinedExpiredCard")
ONLINE, DECLINED, SECURE, CANCELLED, QUOTED = 0.55, 0.12, 0.15, 0.05, 0.3


class Menus:
    """The menus as their readers hold them: asked for with the ETag of the last time, as a browser does."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._held: dict[str, tuple[str, Json]] = {}

    async def read(self, store_id: str, token: str) -> Json:
        """The menu of a store now."""
        etag, menu = self._held.get(store_id, ("", {}))
        headers = {"if-none-match": etag} if etag else {}
        reply = await self._wire.call("menu", "GET", f"/v1/stores/{store_id}/menu", token=token, headers=headers)
        if reply.status == 304:
            return menu
        self._held[store_id] = (reply.headers.get("etag", ""), reply.body)
        return reply.body


class Customer:
    """One visit. Everything they decide comes from their own chooser, so a seed plays the same rush again."""

    online = ONLINE

    def __init__(self, wire: Wire, menus: Menus, store: Json, chooser: random.Random) -> None:
        self._wire = wire
        self._menus = menus
        self._store = store
        self._chooser = chooser
        self._token = ""

    async def visit(self) -> None:
        """From the door to the order."""
        tally = self._wire.tally
        tally.counts["customers"] += 1
        tally.in_flight += 1
        try:
            await self._visit(tally)
        except GaveUp:
            tally.counts["gave_up"] += 1
        finally:
            tally.in_flight -= 1

    async def _visit(self, tally: Tally) -> None:
        store_id: str = self._store["store_id"]
        guest = await self._wire.call("guest", "POST", "/v1/guests", body={"store_id": store_id})
        if not guest.good:
            return
        self._token = guest.body["access_token"]
        menu = await self._menus.read(store_id, self._token)
        await self._think(0.3)
        body = self._wanted(menu)
        if body is None:
            return
        if self._chance(QUOTED):
            quoted = await self._wire.call("quote", "POST", "/v1/quotes", token=self._token, body=body)
            if quoted.good:
                body["expected_total"] = quoted.body["total"]
        key = self._key()
        placed = await self._wire.call("order", "POST", "/v1/orders", token=self._token, key=key, body=body)
        if not placed.good:
            return
        order = placed.body
        tally.counts["orders"] += 1
        tally.acknowledged[order["order_id"]] = Acknowledged(
            order["order_id"], self._token, key, order["total"], order["pay_mode"], order["status"]
        )
        if order["pay_mode"] == "ONLINE":
            await self._pay(order)
        if self._chance(CANCELLED):
            await self._cancel(order)

    def _wanted(self, menu: Json) -> Json | None:
        """One to three things that can be had, within the rules of their modifiers."""
        groups = {group["group_id"]: group for group in menu["modifier_groups"]}
        there = [each for each in menu["products"] if each["available"]]
        if not there:
            return None
        online = bool(self._wire.plan.sandbox) and "ONLINE" in self._store["pay_modes"] and self._chance(self.online)
        items = [self._line(self._chooser.choice(there), groups) for _ in range(self._chooser.randint(1, 3))]
        return {
            "store_id": self._store["store_id"],
            "fulfillment_type": self._chooser.choice(self._store["order_modes"]),
            "pay_mode": "ONLINE" if online else "AT_STORE",
            "items": items,
            "contact": {"name": self._chooser.choice(NAMES)},
        }

    def _line(self, product: Json, groups: dict[str, Json]) -> Json:
        modifiers: list[str] = []
        for group_id in product["modifier_groups"]:
            group = groups[group_id]
            there = [each["modifier_id"] for each in group["modifiers"] if each["available"]]
            most = min(group["max"], len(there))
            wanted = self._chooser.randint(min(group["min"], most), most) if self._chance(0.6) else group["min"]
            modifiers += self._chooser.sample(there, min(wanted, most))
        variants = [each["variant_id"] for each in product["variants"] if each["available"]]
        return {
            "product_id": product["product_id"],
            "variant_id": self._chooser.choice(variants),
            "qty": self._chooser.choice((1, 1, 1, 2)),
            "modifier_ids": modifiers,
        }

    async def _pay(self, order: Json) -> None:
        """With a card, through the provider's own API, as the checkout page's script does."""
        tally, secret = self._wire.tally, order["payment"].get("client_secret")
        if not secret:
            opened = await self._wire.call(
                "open payment", "POST", f"/v1/orders/{order['order_id']}/payment", token=self._token, key=self._key()
            )
            secret = opened.body.get("client_secret") if opened.good else None
        if not secret:
            return
        await self._think(0.4)
        if self._chance(DECLINED):
            tally.counts["declined"] += 1
            await self._confirm(secret, self._chooser.choice(BAD_CARDS))
            await self._think(0.4)
        secure = self._chance(SECURE)
        intent = await self._confirm(secret, SECURE_CARD if secure else GOOD_CARD)
        if intent.get("status") == "requires_action":
            tally.counts["challenged"] += 1
            await self._think(0.3)
            form = {"client_secret": secret, "outcome": "complete", "framed": "true"}
            path = f"/3ds/{secret.partition('_secret_')[0]}/answer"
            sandbox = self._wire.plan.sandbox
            answered = await self._wire.call("3-D Secure", "POST", path, url=sandbox, form=form)
            intent = answered.body if answered.good else intent
        if intent.get("status") in ("succeeded", "requires_capture"):  # taken, or held
            tally.counts["paid_online"] += 1

    async def _confirm(self, secret: str, card: str) -> Json:
        """Confirm with a card: the intent as it is then ({} when the card was declined, which is no error of the shop)."""
        plan, intent = self._wire.plan, f"/v1/payment_intents/{secret.partition('_secret_')[0]}"
        form = {"client_secret": secret, "payment_method": card, "return_url": f"{plan.url}/", "use_stripe_sdk": "true"}
        details: Json = {"url": plan.sandbox, "token": plan.publishable_key, "expects": frozenset({400, 402})}
        reply = await self._wire.call("card", "POST", f"{intent}/confirm", form=form, **details)
        if reply.status == 400:  # confirmed already, by a call whose answer was lost
            reply = await self._wire.call("card", "GET", f"{intent}?client_secret={secret}", **details)
        return reply.body if reply.good else {}

    async def _cancel(self, order: Json) -> None:
        await self._think(0.5)
        path = f"/v1/orders/{order['order_id']}/cancel"
        reply = await self._wire.call(
            "cancel", "POST", path, token=self._token, key=self._key(), body={"reason": "changed my mind"}
        )
        if reply.good:
            self._wire.tally.counts["cancelled"] += 1
            self._wire.tally.final[order["order_id"]] = "CANCELLED"

    async def _think(self, seconds: float) -> None:
        await asyncio.sleep(self._chooser.expovariate(1 / seconds) * self._wire.plan.pace)

    def _chance(self, of_one: float) -> bool:
        return self._chooser.random() < of_one

    def _key(self) -> str:
        return str(UUID(int=self._chooser.getrandbits(128), version=4))
