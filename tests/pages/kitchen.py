"""A shop that runs as it does in real life (web and worker processes) for tests of its kitchen board in a browser.

Lives here: starting and ending the processes, placing orders over HTTP as a guest, signing a browser in as a barista.
"""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from bottega.entrypoints.seed import SeedResult
from tests.domains.sandbox.processes import free_port
from tests.simulators import http as clients
from tests.simulators.nursery import Child, Nursery

TABLET = {"width": 1180, "height": 820}


def until(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Wait for it to become true; fail when it doesn't."""
    ends = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < ends, "it never became true"
        time.sleep(0.03)
    return value


@dataclass
class Kitchen:
    """A running shop, one store of it that is open now, and the people at it."""

    database_url: str
    secret: str
    seeded: SeedResult
    nursery: Nursery
    processes: list[Child] = field(default_factory=list[Child])
    url: str = ""
    store: dict[str, Any] = field(default_factory=dict[str, Any])

    def start(self) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        environment = {
            "BOTTEGA_DATABASE_URL": self.database_url,
            "BOTTEGA_SECRET": self.secret,
            "BOTTEGA_PORT": str(port),
            "BOTTEGA_PUBLIC_URL": self.url,
            "BOTTEGA_RATE_LIMIT": "0",
        }
        for role in ("web", "worker"):
            self.processes.append(self.nursery.start(role, environment))
        until(self._alive, 20)
        stores = clients.get(f"{self.url}/v1/stores").json()["data"]
        self.store = next(store for store in stores if store["status"] == "OPEN")

    def _alive(self) -> bool:
        try:
            return clients.get(f"{self.url}/healthz", timeout=1).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        for process in self.processes:
            process.stop()

    @property
    def base(self) -> str:
        return f"{self.url}/v1/stores/{self.store['store_id']}"

    def menu(self) -> dict[str, Any]:
        return clients.get(f"{self.base}/menu").json()

    def guest(self) -> dict[str, str]:
        answer = clients.post(
            f"{self.url}/v1/guests", json={"store_id": self.store["store_id"]}, headers={"Idempotency-Key": new_key()}
        )
        answer.raise_for_status()
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def staff(self) -> dict[str, str]:
        login = self.barista()
        answer = clients.post(f"{self.url}/v1/login", json={"login": login.login, "password": login.password})
        answer.raise_for_status()
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def barista(self) -> Any:
        here = self.store["slug"]
        return next(each for each in self.seeded.logins if each.role == "BARISTA" and each.store in (here, None))

    def order(self, name: str = "Giulia", lines: int = 1, guest: dict[str, str] | None = None) -> dict[str, Any]:
        """An order that is paid at the store, of the first things on the menu that can be had."""
        menu = self.menu()
        able = [product for product in menu["products"] if product["available"]][:lines]
        groups = {group["group_id"]: group for group in menu["modifier_groups"]}
        items = [
            {"product_id": product["product_id"], "qty": 1, "modifier_ids": _needed(product, groups)}
            for product in able
        ]
        body = {
            "store_id": self.store["store_id"],
            "fulfillment_type": "PICKUP",
            "pay_mode": "AT_STORE",
            "items": items,
            "contact": {"name": name},
        }
        headers = {**(guest or self.guest()), "Idempotency-Key": new_key()}
        answer = clients.post(f"{self.url}/v1/orders", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def status(self, order: dict[str, Any]) -> str:
        return self.read(order)["status"]

    def read(self, order: dict[str, Any]) -> dict[str, Any]:
        answer = clients.get(f"{self.url}/v1/orders/{order['order_id']}", headers=self.staff())
        answer.raise_for_status()
        return answer.json()


def new_key() -> str:
    return uuid.uuid4().hex


def _needed(product: dict[str, Any], groups: dict[str, Any]) -> list[str]:
    chosen: list[str] = []
    for group_id in product["modifier_groups"]:
        group = groups[group_id]
        able = [each for each in group["modifiers"] if each["available"]]
        able.sort(key=lambda each: not each["default"])
        chosen += [each["modifier_id"] for each in able[: group["min"]]]
    return chosen


@dataclass
class Board:
    """A kitchen board open in a browser of its own, its shift begun."""

    context: BrowserContext
    page: Page

    def ticket(self, order: dict[str, Any]) -> Locator:
        return self.page.locator(f'[data-ticket][data-number="{order["number"]}"]').last

    def ready(self, order: dict[str, Any]) -> Locator:
        return self.page.locator(f'[data-ready][data-number="{order["number"]}"]')

    def bump(self, order: dict[str, Any]) -> None:
        self.ticket(order).locator(".bump").click()

    def shows(self, order: dict[str, Any], state: str, seconds: float = 5.0) -> None:
        expect(self.ticket(order)).to_have_attribute("data-state", state, timeout=seconds * 1000)

    def lacks(self, order: dict[str, Any]) -> None:
        expect(self.ticket(order)).to_have_count(0)

    def panel(self, name: str) -> None:
        self.page.locator(f'.topbar [data-panel="{name}"]').click()

    def offline(self) -> None:
        self.context.set_offline(True)
        self.page.locator('[data-link="offline"]').wait_for()

    def online(self) -> None:
        self.context.set_offline(False)
        self.page.locator('[data-link="live"]').wait_for(timeout=15_000)


def open_board(browser: Browser, kitchen: Kitchen) -> Board:
    """Sign in as the store's barista, open the board, begin the shift."""
    context = browser.new_context(viewport=TABLET, locale="en-GB")  # type: ignore[arg-type]
    page = context.new_page()
    login = kitchen.barista()
    page.goto(f"{kitchen.url}/staff/login?next=/kitchen/{kitchen.store['slug']}")
    page.fill("[name=login]", login.login)
    page.fill("[name=password]", login.password)
    page.press("[name=password]", "Enter")
    page.locator('[data-act="shift"]').click()
    page.locator('[data-link="live"]').wait_for()
    return Board(context, page)
