"""The manager's page of payments: what differs from the provider's ledger, comparing now, settling by hand."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect

from bottega.kit import ids
from tests.pages.conftest import Site, opened
from tests.pages.test_accessibility import check
from tests.simulators import http as clients


def stray_money(site: Site, store_id: UUID, amount: int) -> str:
    """Money that the provider took for a payment with our marks that is not here; its reference."""
    marks = {
        "merchant_id": str(site.seeded.merchant_id),
        "store_id": str(store_id),
        "payment_id": str(ids.new_id(ids.home_of(store_id))),
    }
    taken = {
        "amount": str(amount),
        "currency": "eur",
        "confirm": "true",
        "payment_method": "pm_card_visa",
        "return_url": "https://example.org",
        **{f"metadata[{name}]": value for name, value in marks.items()},
    }
    answer = clients.post(
        f"{site.sandbox_url}/v1/payment_intents", data=taken, headers={"authorization": "Bearer sk_test_pages"}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


@contextmanager
def at_desk(browser: Browser, site: Site, **options: object) -> Iterator[Page]:
    """A manager signed in at the page of payments."""
    with opened(browser, site, viewport={"width": 1280, "height": 900}, reduced_motion="reduce", **options) as context:
        page = context.new_page()
        page.goto(f"/manage/stores/{ids.show('sto', milano(site))}/payments")
        login, password = site.login("MANAGER", "milano")
        page.locator("[name=login]").fill(login)
        page.locator("[name=password]").fill(password)
        page.locator("form button[type=submit]").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Payments")
        yield page


def milano(site: Site) -> UUID:
    """The store in Milano."""
    return next(each.store_id for each in site.seeded.stores if each.slug == "milano")


@pytest.fixture
def plain_desk(chromium: Browser, site: Site) -> Iterator[Page]:
    """The page without script."""
    with at_desk(chromium, site, java_script_enabled=False) as page:
        yield page


@pytest.fixture
def desk(chromium: Browser, site: Site) -> Iterator[Page]:
    """The page."""
    with at_desk(chromium, site, color_scheme="light") as page:
        yield page


def compare(page: Page, *, give_back: bool) -> None:
    """Ask for a comparison and wait until it is done."""
    if give_back:
        page.get_by_label("Give back stray money").check()
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".banner-ok")).to_contain_text(re.compile("under way|Compared"))
    ends = time.monotonic() + 20
    while page.get_by_text("Under way", exact=True).count():
        assert time.monotonic() < ends, "the comparison is never done"
        time.sleep(0.2)
        page.goto(page.url.partition("?")[0])


def test_a_manager_sees_what_differs_and_settles_it_or_has_it_mended(plain_desk: Page, site: Site) -> None:
    desk = plain_desk
    for_person, for_us = stray_money(site, milano(site), 730), stray_money(site, milano(site), 440)

    compare(desk, give_back=False)
    mine = desk.get_by_role("article").filter(has_text=for_person)
    expect(mine.get_by_role("heading")).to_have_text("Money without an order")
    expect(mine).to_contain_text("€7.30")
    expect(desk.get_by_role("article").filter(has_text=for_us)).to_be_visible()

    mine.get_by_text("Settle by hand").first.click()
    mine.get_by_label("How was it settled?").fill("Given back at the counter")
    mine.get_by_role("button", name="Settle by hand").click()
    expect(desk.locator(".banner-ok")).to_have_text("Settled.")
    expect(desk.get_by_role("article").filter(has_text=for_person)).to_have_count(0)

    compare(desk, give_back=True)
    expect(desk.get_by_role("article").filter(has_text=for_us)).to_have_count(0)
    expect(desk.locator(".steps li").first).to_contain_text(re.compile(r"Agree.*1 mended", re.DOTALL))
    desk.get_by_role("link", name="Mended").click()
    expect(desk.get_by_role("article").filter(has_text=for_us)).to_be_visible()
    desk.get_by_role("link", name="Settled").click()
    expect(desk.get_by_role("article").filter(has_text=for_person)).to_contain_text("Given back at the counter")


def test_the_page_is_accessible_and_speaks_three_languages(desk: Page, site: Site) -> None:
    site.sql(
        "insert into differences (merchant_id, store_id, difference_id, code, state, object_ref, there, found_at, seen_at)"
        " values (%s, %s, %s, 'REFUND_THERE', 'OPEN', %s, %s::jsonb, now(), now())",
        [site.seeded.merchant_id, milano(site), ids.new_id(ids.home_of(milano(site))), f"re_{ids.new_id(0).hex}",
         '{"state":"SUCCEEDED","amount_minor":250,"currency":"EUR"}'],
    )  # fmt: skip
    for language, words in (("it", "Rimborso solo là"), ("de", "Erstattung nur dort"), ("en", "Refund only there")):
        desk.goto(f"{desk.url.partition('?')[0]}?lang={language}")
        expect(desk.get_by_role("heading", name=words).first).to_be_visible()
    check(desk)
