"""Following an order while others work on it: live, by polling when the stream is gone, and on the wall."""

import re
import time

from playwright.sync_api import Browser, Page, expect

from tests.pages.conftest import Site, opened
from tests.pages.test_ordering import add, check_out


class Barista:
    """Somebody who works at the store, through the API."""

    def __init__(self, page: Page, site: Site) -> None:
        login, password = site.login("BARISTA", "milano")
        self._request = page.request
        answer = self._request.post(f"{site.url}/v1/login", data={"login": login, "password": password})
        self._headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        stores = self._request.get(f"{site.url}/v1/stores").json()["data"]
        self._store = f"{site.url}/v1/stores/{next(each['store_id'] for each in stores if each['slug'] == 'milano')}"

    def bump(self, number: str, from_state: str) -> None:
        """Move the ticket with that number on, as soon as it is there."""
        ends = time.monotonic() + 10
        while True:
            queue = self._request.get(f"{self._store}/queue", headers=self._headers).json()["data"]
            found = next((each for each in queue if each["number"] == number and each["state"] == from_state), None)
            if found is not None:
                break
            assert time.monotonic() < ends, f"{number} never came into the queue"
            time.sleep(0.05)
        answer = self._request.post(
            f"{self._store}/tickets/{found['ticket_id']}/bump",
            data={"from_state": from_state},
            headers={**self._headers, "Idempotency-Key": f"{number}-{from_state}-{time.monotonic_ns()}"},
        )
        assert answer.status == 200, answer.text()


def placed(page: Page, name: str = "Live") -> str:
    """An order to be paid at the store; its number."""
    add(page, "Espresso")
    check_out(page, "Pay at the store", name=name)
    return page.locator(".call dd").first.inner_text()


def test_each_step_shows_within_a_second_and_is_announced_once(phone: Page, site: Site) -> None:
    number = placed(phone)
    barista = Barista(phone, site)
    headline = phone.get_by_role("heading", level=1)
    expect(phone.locator("[data-live]")).to_have_attribute("data-state", "live")
    barista.bump(number, "QUEUED")
    expect(headline).to_have_text("Being made", timeout=2_500)
    expect(phone.locator("#announce")).to_have_text(f"Order {number}: Being made")
    expect(phone.get_by_text("Cancel order", exact=True)).to_have_count(0)
    barista.bump(number, "STARTED")
    expect(headline).to_have_text("Ready to pick up", timeout=2_500)
    expect(phone.locator(".call")).to_have_class(re.compile("call-ready"))
    expect(phone).to_have_title(re.compile("Ready to pick up"))


def test_when_the_stream_does_not_come_through_the_page_asks(chromium: Browser, site: Site) -> None:
    with opened(chromium, site) as context:
        context.route("**/stream*", lambda route: route.abort())
        page = context.new_page()
        number = placed(page)
        Barista(page, site).bump(number, "QUEUED")
        expect(page.get_by_role("heading", level=1)).to_have_text("Being made", timeout=9_000)


def test_an_old_screen_says_that_it_is_old(chromium: Browser, site: Site) -> None:
    with opened(chromium, site) as context:
        page = context.new_page()
        placed(page)
        expect(page.get_by_text("Follows live")).to_be_visible()
        context.set_offline(True)
        page.evaluate("dispatchEvent(new Event('offline'))")
        expect(page.get_by_text("You are offline", exact=False)).to_be_visible()


def test_the_wall_shows_numbers_to_all_and_names_to_the_stores_people(
    phone: Page, chromium: Browser, site: Site
) -> None:
    number = placed(phone, name="Wally")
    barista = Barista(phone, site)
    with opened(chromium, site, viewport={"width": 1920, "height": 1080}) as context:
        wall = context.new_page()
        wall.goto("/tv/milano")
        making, ready = wall.locator(".wall-col").first, wall.locator(".wall-ready")
        expect(making.get_by_text(number, exact=True)).to_be_visible(timeout=6_000)
        expect(wall.get_by_text("Wally")).to_have_count(0)
        barista.bump(number, "QUEUED")
        barista.bump(number, "STARTED")
        expect(ready.get_by_text(number, exact=True)).to_be_visible(timeout=2_000)
        expect(making.get_by_text(number, exact=True)).to_have_count(0)
        login, password = site.login("BARISTA", "milano")
        wall.goto("/staff/login?next=/tv/milano")
        wall.get_by_label("E-mail or phone").fill(login)
        wall.get_by_label("Password").fill(password)
        wall.get_by_role("button", name="Sign in").click()
        wall.wait_for_url("**/tv/milano")
        expect(ready.get_by_text("Wally")).to_be_visible()


def test_the_sign_in_goes_on_to_pages_of_this_site_only(phone: Page, site: Site) -> None:
    login, password = site.login("BARISTA", "milano")
    phone.goto("/staff/login?next=//evil.example/")
    phone.get_by_label("E-mail or phone").fill(login)
    phone.get_by_label("Password").fill(password)
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Where do you work today?")
    phone.get_by_role("button", name="Sign out").click()
    phone.goto("/staff")
    expect(phone).to_have_url(re.compile("/staff/login"))
    phone.goto("/kitchen/milano")
    expect(phone).to_have_url(re.compile("/staff/login"))


def test_a_page_of_an_order_shares_nothing_that_its_customer_could_do(
    phone: Page, chromium: Browser, site: Site
) -> None:
    placed(phone)
    with opened(chromium, site) as context:
        friend = context.new_page()
        friend.goto(phone.url)
        expect(friend.get_by_role("heading", level=1)).to_have_text("We have your order")
        expect(friend.get_by_text("Cancel order", exact=True)).to_have_count(0)
        answer = friend.request.post(f"{phone.url}/cancel", headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status == 404
