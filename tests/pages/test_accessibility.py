"""Every page, in light and in dark, against WCAG 2.2 AA as far as a machine can see; keyboard and small screens too."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.conftest import Site, opened
from tests.pages.test_ordering import add, check_out
from tests.simulators.browser import violations

# Colours that fade into others are where they are going to.
SETTLED = """async () => {
  const frame = () => new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
  const fading = () => document.getAnimations().filter((each) => each instanceof CSSTransition);
  await frame();
  await frame();
  for (let turn = 0; turn < 10 && fading().length; turn += 1) {
    for (const each of fading()) each.finish();
    await frame();
  }
}"""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    """A phone, still: what moves is not what is checked here."""
    with opened(chromium, site, color_scheme="light", reduced_motion="reduce", is_mobile=True) as context:
        yield context.new_page()


def check(page: Page) -> None:
    """No violation on the page as it is now, in the light and in the dark."""
    page.wait_for_load_state("load")
    _clean(page, {"type": "tag", "values": TAGS})
    if not page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches"):
        page.emulate_media(color_scheme="dark")  # then it differs by its colours alone
        page.evaluate(SETTLED)
        _clean(page, {"type": "rule", "values": ["color-contrast"]})
        page.emulate_media(color_scheme="light")
        page.evaluate(SETTLED)


def _clean(page: Page, only: dict[str, object]) -> None:
    found: list[str] = []
    for _ in range(3):  # what is just fading, or being swapped, is looked at again
        found = violations(page, runOnly=only)
        if not found:
            return
        page.wait_for_timeout(300)
    assert found == [], page.url


def test_choosing_a_store_browsing_and_choosing(page: Page) -> None:
    page.goto("/")
    check(page)
    page.goto("/s/milano")
    check(page)
    page.get_by_role("link", name="Cappuccino", exact=True).click()
    check(page)
    page.evaluate("document.querySelectorAll('fieldset:has(.choice) input:checked').forEach(i => i.checked = false)")
    page.get_by_role("button", name=re.compile("^Add")).click()
    check(page)


def test_cart_and_checkout(page: Page) -> None:
    page.goto("/s/milano/cart")
    check(page)
    add(page, "Caffè latte", "Oat milk")
    check(page)
    page.goto("/s/milano/cart")
    check(page)
    page.get_by_role("button", name="Remove Caffè latte").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".line")).to_have_count(1)
    page.goto("/s/milano/checkout")
    check(page)
    page.locator("main button[type=submit]").click()
    expect(page.locator("#e-name")).to_be_visible()
    check(page)


def test_paying_and_following(page: Page) -> None:
    add(page, "Espresso")
    check_out(page, "Pay now by card")
    expect(page.frame_locator("iframe[title='Secure card form']").get_by_label("Card number")).to_be_visible()
    check(page)
    page.goto(page.url.removesuffix("/pay"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Waiting for your payment")
    check(page)
    page.get_by_text("Cancel order", exact=True).click()
    check(page)
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cancelled")
    check(page)


def test_the_wall_the_staffs_pages_and_what_is_not_there(page: Page, site: Site) -> None:
    page.goto("/tv/milano")
    check(page)
    page.goto("/staff/login")
    check(page)
    page.get_by_label("E-mail or phone").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    check(page)
    login, password = site.login("BARISTA", "milano")
    page.get_by_label("E-mail or phone").fill(login)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Where do you work today?")
    check(page)
    page.goto("/s/nowhere")
    expect(page.get_by_role("heading", level=1)).to_have_text("This page isn’t here")
    check(page)


@pytest.mark.parametrize("address", ["/", "/s/milano", "/s/tokyo", "/s/milano/cart", "/staff/login", "/tv/milano"])
def test_no_page_is_wider_than_the_narrowest_screen(chromium: Browser, site: Site, address: str) -> None:
    with opened(chromium, site, viewport={"width": 320, "height": 640}, locale="de-DE") as context:
        page = context.new_page()
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


SMALL = """() => [...document.querySelectorAll('a, button, summary, input')]
    .filter(e => e.type !== 'hidden' && !e.closest('label, h2, h3, .skip') && e.getClientRects().length)
    .filter(e => e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML.slice(0, 100))"""


def test_every_target_is_large_enough_for_a_thumb(page: Page) -> None:
    for address in ("/", "/s/milano", "/s/milano/cart", "/staff/login"):
        page.goto(address)
        assert page.evaluate(SMALL) == [], address
    add(page, "Cappuccino")
    for address in ("/s/milano", "/s/milano/cart", "/s/milano/checkout"):
        page.goto(address)
        assert page.evaluate(SMALL) == [], address


def test_the_whole_way_works_by_keyboard(chromium: Browser, site: Site) -> None:
    with opened(chromium, site, viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.goto("/s/milano")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Espresso", exact=True).focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Espresso")
        page.get_by_role("button", name=re.compile("^Add")).focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/s/milano*")
        page.goto("/s/milano/checkout")
        page.get_by_label("Your name").focus()
        page.keyboard.type("Tasti")
        page.keyboard.press("Tab")
        page.keyboard.type("tasti@example.com")
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Tab")
        page.locator("main button[type=submit]").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("We have your order")
