"""`make screenshots`: the pictures of the README, taken from a real demo in a temporary folder by a real Chromium.

Run by the project's python. Each picture is a scene; a scene that can't be played is named at the end and the others are
taken all the same. Orders are placed over the API, as guests would; only their age is made up, in the throw-away database.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
from machine import find_chromium
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
PORT = 8930
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PHONE = {"width": 390, "height": 780}
TABLET = {"width": 1180, "height": 760}
WALL = {"width": 1180, "height": 664}
GUESTS = ("Nora", "Luca", "Aiko", "Sam", "Chiara", "Marek", "Ines", "Tom", "Rosa")
AGES = (610, 400, 330, 210, 150, 100, 60, 30, 5)  # seconds since each ordered
OLDER = """
update tickets t set opened_at = t.opened_at - make_interval(secs => a.age),
  promised_at = t.promised_at - make_interval(secs => a.age)
from unnest(%s::text[], %s::int[]) as a(name, age) where t.name = a.name
"""
OPEN_ALWAYS = """
update stores set hours = (select jsonb_agg(jsonb_build_object('weekday', d, 'opens', '00:00', 'closes', '00:00'))
                           from generate_series(0, 6) d)
"""


@dataclass
class Stage:
    """The running demo and a browser to look at it."""

    said: dict[str, Any]
    browser: Browser

    @property
    def store(self) -> dict[str, Any]:
        """The store that the pictures show."""
        return self.said["stores"][0]

    def page(self, size: dict[str, int], scale: float = 2) -> Page:
        """A fresh visitor."""
        context = self.browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            device_scale_factor=scale,
            base_url=self.said["url"],
            locale="en-GB",
            timezone_id="Europe/Rome",
            reduced_motion="reduce",
            color_scheme="light",
            has_touch=size is PHONE,
            is_mobile=size is PHONE,
        )
        context.set_default_timeout(8_000)
        return context.new_page()

    def sql(self, statement: str, *values: Any) -> None:
        """Run a statement as the owner of the throw-away database."""
        with psycopg.connect(self.said["database_url"], autocommit=True) as connection:
            connection.execute(statement.encode(), values or None)

    def api(self, login: str | None = None) -> httpx.Client:
        """A guest's way in, or that of somebody with a login."""
        client = httpx.Client(base_url=self.said["url"], timeout=10)
        if login is None:
            token = client.post("/v1/guests", json={"store_id": self.store["store_id"]}).json()["access_token"]
        else:
            password = next(each["password"] for each in self.said["logins"] if each["login"] == login)
            token = client.post("/v1/login", json={"login": login, "password": password}).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        return client


def main() -> int:
    """Take every picture; the exit code is the number of those that could not be taken."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    missing: list[str] = []
    with tempfile.TemporaryDirectory(prefix="bottega-pictures-") as folder:
        Path(folder).chmod(0o711)  # as root the database is another user, who has to get in
        demo = subprocess.Popen(
            [sys.executable, "-m", "bottega", "demo", "--json", "--port", str(PORT), "--data", f"{folder}/data"],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "BOTTEGA_RATE_LIMIT": "0"},
        )
        try:
            assert demo.stdout is not None
            line = demo.stdout.readline()
            assert line, "the demo did not start"
            missing = _play(json.loads(line))
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(30)
    for name in missing:
        print(f"not taken: {name}", file=sys.stderr)
    return len(missing)


def _play(said: dict[str, Any]) -> list[str]:
    missing: list[str] = []
    with sync_playwright() as playwright:
        stage = Stage(said, playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM))
        stage.sql(OPEN_ALWAYS)
        for scene in SCENES:
            try:
                scene(stage)
                print(f"taken: {scene.__name__}", file=sys.stderr)
            except Exception as error:
                missing.append(f"{scene.__name__}: {str(error).splitlines()[0]}")
        stage.browser.close()
    return missing


def menu(stage: Stage) -> None:
    """The menu on a phone."""
    page = stage.page(PHONE)
    page.goto(f"/s/{stage.store['slug']}")
    page.get_by_role("link", name="Cappuccino", exact=True).wait_for()
    _take(page, "menu")


def item(stage: Stage) -> None:
    """A drink and its choices."""
    page = stage.page(PHONE)
    page.goto(f"/s/{stage.store['slug']}")
    page.get_by_role("link", name="Caffè latte", exact=True).click()
    page.get_by_text("Oat milk", exact=True).click()
    page.evaluate("scrollTo(0, 0)")
    _take(page, "item")


def checkout(stage: Stage) -> None:
    """The card form."""
    page = stage.page(PHONE)
    _order(page, stage.store["slug"], "Pay now by card")
    card = page.frame_locator("iframe[title='Secure card form']")
    card.get_by_label("Card number").fill("4242424242424242")
    card.get_by_label("Expiry date").fill("12/34")
    card.get_by_label("Security code").fill("123")
    page.locator("h1").click()
    _take(page, "checkout")


def tracking(stage: Stage) -> None:
    """An order that is being made."""
    page = stage.page(PHONE)
    _order(page, stage.store["slug"], "Pay at the store")
    order_id = re.search(r"ord_[0-9a-z]+", page.url)
    assert order_id is not None
    staff = stage.api(f"barista.{stage.store['slug']}")
    moved = staff.post(
        f"/v1/orders/{order_id[0]}/transition",
        json={"to_status": "IN_PROGRESS", "expected_status": "PLACED"},
        headers={"Idempotency-Key": uuid.uuid4().hex},
    )
    moved.raise_for_status()
    page.wait_for_timeout(1_500)
    _take(page, "tracking")


def kitchen(stage: Stage) -> None:
    """The board with a morning's orders on it, some being made, one late."""
    _rush(stage)
    page = stage.page(TABLET, 1.5)
    slug = stage.store["slug"]
    login = f"barista.{slug}"
    page.goto(f"/staff/login?next=/kitchen/{slug}")
    page.locator("[name=login]").fill(login)
    page.locator("[name=password]").fill(
        next(each["password"] for each in stage.said["logins"] if each["login"] == login)
    )
    page.locator("main button[type=submit]").click()
    page.locator('[data-act="shift"]').click()
    page.get_by_text("Nora").first.wait_for()
    page.wait_for_timeout(800)
    _take(page, "kitchen")


def wall(stage: Stage) -> None:
    """The pick-up screen."""
    page = stage.page(WALL, 1)
    page.goto(f"/tv/{stage.store['slug']}")
    page.wait_for_timeout(500)
    _take(page, "wall")


SCENES: tuple[Callable[[Stage], None], ...] = (menu, item, checkout, tracking, kitchen, wall)


def _order(page: Page, slug: str, how: str) -> None:
    """A visitor's way from the menu to the placed order."""
    for name, choice in (("Caffè latte", "Oat milk"), ("Cornetto", None)):
        page.goto(f"/s/{slug}")
        found = page.get_by_role("link", name=re.compile(f"^{name}"))
        if not found.count():
            continue
        found.first.click()
        if choice:
            page.get_by_text(choice, exact=True).click()
        page.get_by_role("button", name=re.compile("^Add")).click()
        page.wait_for_url(f"**/s/{slug}*")
    page.goto(f"/s/{slug}/checkout")
    page.get_by_label("Your name").fill("Giulia")
    page.get_by_label("Phone or e-mail").fill("giulia@example.com")
    page.get_by_role("radio", name=re.compile(f"^{how}")).check()
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/o/**")


def _rush(stage: Stage) -> None:
    """Orders of nine guests; the oldest are being made, the very first is ready."""
    store_id = stage.store["store_id"]
    guest = stage.api()
    menu = guest.get(f"/v1/stores/{store_id}/menu").json()
    groups = {group["group_id"]: group for group in menu["modifier_groups"]}
    drinks = [each for each in menu["products"] if each["available"] and each["daypart"] is None]
    for place, name in enumerate(GUESTS):
        chosen = [drinks[(place * 3 + step) % len(drinks)] for step in range(1 + place % 3)]
        items = [_item(each, groups, turn=place + step) for step, each in enumerate(chosen)]
        body = {
            "store_id": store_id,
            "fulfillment_type": "PICKUP",
            "pay_mode": "AT_STORE",
            "items": items,
            "contact": {"name": name},
        }
        answer = guest.post("/v1/orders", json=body, headers={"Idempotency-Key": uuid.uuid4().hex})
        answer.raise_for_status()
    staff = stage.api(f"barista.{stage.store['slug']}")
    queue = f"/v1/stores/{store_id}/queue"
    for _ in range(100):
        tickets = {each["name"]: each for each in staff.get(queue).json()["data"]}
        if set(GUESTS) <= tickets.keys():
            break
    stage.sql(OLDER, list(GUESTS), list(AGES))
    for name, states in (("Luca", ("QUEUED",)), ("Sam", ("QUEUED",)), ("Chiara", ("QUEUED", "STARTED"))):
        for state in states:
            path = f"/v1/stores/{store_id}/tickets/{tickets[name]['ticket_id']}/bump"
            staff.post(path, json={"from_state": state}, headers={"Idempotency-Key": uuid.uuid4().hex})


def _item(product: dict[str, Any], groups: dict[str, Any], *, turn: int) -> dict[str, Any]:
    """A line of an order: what is required, and now and then something else than the default."""
    chosen: list[str] = []
    for group_id in product["modifier_groups"]:
        group = groups[group_id]
        able = [each for each in group["modifiers"] if each["available"]]
        default = [each for each in able if each["default"]]
        wanted = able[turn % len(able)] if turn % 2 and group["max"] == 1 else None
        picked = [wanted] if wanted else default or able[: group["min"]]
        chosen += [each["modifier_id"] for each in picked]
    return {"product_id": product["product_id"], "qty": 1 + turn % 2, "modifier_ids": chosen}


def _take(page: Page, name: str) -> None:
    page.evaluate("document.fonts.ready")
    expect(page.locator("body")).to_be_visible()
    page.screenshot(path=IMAGES / f"{name}.png", animations="disabled", caret="hide")
    page.context.close()


if __name__ == "__main__":
    sys.exit(main())
