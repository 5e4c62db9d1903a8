"""A line is out after it was ordered: somebody at the board says so, the customer's phone asks, both see what comes of it."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.conftest import Site, opened
from tests.pages.kitchen import TABLET
from tests.pages.test_accessibility import check
from tests.pages.test_following import Barista, placed
from tests.pages.test_managing import signed_in
from tests.pages.test_ordering import add


@pytest.fixture
def board(chromium: Browser, site: Site) -> Iterator[Page]:
    """The kitchen board of Milano, its shift begun, in a browser of its own."""
    login, password = site.login("BARISTA", "milano")
    with opened(chromium, site, viewport=TABLET) as context:
        page = context.new_page()
        page.goto("/staff/login?next=/kitchen/milano")
        page.fill("[name=login]", login)
        page.fill("[name=password]", password)
        page.press("[name=password]", "Enter")
        page.locator('[data-act="shift"]').click()
        page.locator('[data-link="live"]').wait_for()
        yield page


def out(board: Page, number: str, name: str) -> None:
    """Somebody at the board says that a line of a ticket is out; what fits is offered."""
    board.locator(f'[data-ticket][data-number="{number}"] .head button').first.click()
    board.get_by_role("button", name=f"{name} is not available").click()
    board.get_by_role("button", name="Leave it on").click()
    check(board)
    board.get_by_role("button", name="Ask the customer").click()


def marked(page: Page, site: Site, number: str, name: str, **more: object) -> None:
    """The same through the API, without the time in which it can be taken back; answers are due at once after `due`."""
    login, password = site.login("BARISTA", "milano")
    said = page.request.post(f"{site.url}/v1/login", data={"login": login, "password": password}).json()
    headers = {
        "Authorization": f"Bearer {said['access_token']}",
        "Idempotency-Key": f"{number}-{name}-{time.monotonic_ns()}",
    }
    mine = page.url.rpartition("/")[2].partition(".")[0]
    lines = page.request.get(f"{site.url}/v1/orders/{mine}", headers=headers).json()["lines"]
    line_id = next(each["line_id"] for each in lines if each["name"] == name)
    answer = page.request.post(f"{site.url}/v1/orders/{mine}/lines/{line_id}/unavailable", data=more, headers=headers)
    assert answer.status == 200, answer.text()


def test_the_customer_chooses_and_the_board_follows(phone: Page, board: Page, site: Site) -> None:
    add(phone, "Cappuccino")
    number = placed(phone, name="Nina")
    ticket = board.locator(f'[data-ticket][data-number="{number}"]')
    ticket.locator(".bump").click()
    out(board, number, "Cappuccino")

    expect(phone.get_by_role("heading", name="Cappuccino is sold out")).to_be_visible(timeout=9_000)
    expect(phone.locator("#announce")).to_have_text(f"Order {number}: Cappuccino is sold out")
    expect(phone.locator(".short-clock .num")).to_have_text(re.compile(r"^[45]:\d\d$"))
    expect(ticket.get_by_text("Waiting for customer", exact=False)).to_be_visible()
    expect(ticket.locator(".line.short del")).to_contain_text("Cappuccino")
    expect(ticket.locator(".bump")).to_have_text(re.compile(r"^Customer chooses [45]:\d\d$"))
    phone.emulate_media(reduced_motion="reduce")
    check(phone)
    substitute = phone.locator(".short .tile").first
    name = substitute.locator(".label").inner_text()
    substitute.click()
    phone.get_by_role("button", name="Choose this").click()

    expect(phone.locator(".line-was del.what")).to_contain_text("Cappuccino")
    expect(phone.locator(".line-was .said")).to_contain_text(f"You get {name}")
    check(phone)
    expect(ticket.get_by_text("Changed", exact=True)).to_be_visible()
    expect(ticket.locator(".change-added .name")).to_have_text(name.split(" · ")[0])
    expect(ticket.locator(".change-removed .name")).to_have_text("Cappuccino")
    expect(ticket.locator(".bump")).to_have_text("Ready")


def test_of_several_one_is_out_and_the_board_chooses_for_somebody_at_the_counter(
    phone: Page, board: Page, site: Site
) -> None:
    add(phone, "Cappuccino", qty=3)
    number = placed(phone, name="Ugo")
    ticket = board.locator(f'[data-ticket][data-number="{number}"]')
    ticket.locator(".head button").first.click()
    board.get_by_role("button", name="Cappuccino is not available").click()
    count = board.get_by_role("group", name="How many?")
    expect(count.get_by_role("status")).to_have_text("All 3")
    expect(count.get_by_role("button", name="More")).to_be_disabled()
    count.get_by_role("button", name="Less").dblclick()
    expect(count.get_by_role("status")).to_have_text("1 of 3")
    board.get_by_role("button", name="Leave it on").click()
    check(board)
    board.get_by_role("button", name="Ask the customer").click()

    expect(phone.get_by_role("heading", name="1 × Cappuccino is sold out")).to_be_visible(timeout=9_000)
    expect(ticket.locator(".line.short")).to_have_count(1)
    expect(ticket.get_by_text("Changed", exact=True)).to_be_hidden()
    ticket.locator(".head button").first.click()
    board.get_by_role("button", name="Choose for the customer").click()
    expect(board.get_by_role("heading", name=f"{number}: what instead?")).to_be_visible()
    expect(board.get_by_text("1× Cappuccino")).to_be_visible()
    leave = board.get_by_role("button", name=re.compile("^Leave it out"))
    expect(leave).to_have_text(re.compile("€2.20 less$"))
    check(board)
    leave.click()

    expect(phone.locator(".line-was del.what")).to_contain_text("Cappuccino", timeout=9_000)
    expect(ticket.locator(".change-removed .name")).to_have_text("Cappuccino")
    expect(phone.locator(".sums .total").last).to_have_text("€5.80")


def test_without_javascript_the_form_chooses(plain_phone: Page, site: Site) -> None:
    add(plain_phone, "Cappuccino")
    number = placed(plain_phone)
    marked(plain_phone, site, number, "Cappuccino", reason="The machine is down")
    plain_phone.reload()
    expect(plain_phone.locator(".short-clock .num")).to_have_text(re.compile(r"^\d\d:\d\d$"))
    expect(plain_phone.get_by_text("The machine is down")).to_be_visible()
    plain_phone.get_by_label("Leave it out").check()
    plain_phone.get_by_role("button", name="Choose this").click()

    expect(plain_phone.locator(".line-was .said")).to_contain_text("left out")
    expect(plain_phone.locator(".sums .total").last).to_have_text("€1.40")


def test_a_choice_half_made_stays_while_the_page_follows_and_goes_when_time_is_over(
    phone: Page, chromium: Browser, site: Site
) -> None:
    add(phone, "Cappuccino")
    number = placed(phone)
    marked(phone, site, number, "Cappuccino")
    first = phone.locator(".short input[type=radio]").first
    first.check()
    Barista(phone, site).bump(number, "QUEUED")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Being made")
    expect(first).to_be_checked()
    with opened(chromium, site, color_scheme="dark", reduced_motion="reduce") as context:
        context.add_cookies(phone.context.cookies())  # type: ignore[arg-type]
        dark = context.new_page()
        dark.goto(phone.url)
        expect(dark.locator(".short form")).to_be_visible()
        check(dark)
    with opened(chromium, site) as context:
        friend = context.new_page()
        friend.goto(phone.url)
        expect(friend.get_by_text("is choosing something else")).to_be_visible()
        expect(friend.locator(".short form")).to_have_count(0)
        action = phone.locator(".short form").get_attribute("action")
        answer = friend.request.post(
            f"{site.url}{action}", form={"choice": "CANCEL"}, headers={"Sec-Fetch-Site": "same-origin"}
        )
        assert answer.status == 404

    site.sql("update order_shortages set due_at = now() where state = 'OFFERED'")

    expect(phone.locator(".line-was .said")).to_contain_text("We heard nothing")
    expect(phone.locator(".short")).to_have_count(0)


def test_a_manager_chooses_for_somebody_who_stands_at_the_counter(phone: Page, chromium: Browser, site: Site) -> None:
    add(phone, "Cappuccino")
    number = placed(phone)
    marked(phone, site, number, "Cappuccino", reason="The machine is down")
    order = phone.url.rpartition("/")[2].partition(".")[0]
    with opened(chromium, site, viewport={"width": 1180, "height": 820}, reduced_motion="reduce") as context:
        desk = signed_in(context, site)
        desk.goto(f"/manage/orders/{order}")
        expect(desk.get_by_role("heading", name="Cappuccino is sold out")).to_be_visible()
        desk.get_by_text("Choose for the customer", exact=True).first.click()
        check(desk)
        desk.get_by_label("Leave it out").check()
        desk.get_by_role("button", name="Choose this").click()
        expect(desk.get_by_role("status").first).to_have_text("Chosen for the customer.")
        expect(desk.locator(".short")).to_have_count(0)

    expect(phone.locator(".line-was .said")).to_contain_text("left out")
