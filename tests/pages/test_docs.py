"""The documents under /docs: readable on a phone and without scripts, linked to each other, free of other origins."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from bottega.entrypoints.reference import MACHINES
from tests.pages.conftest import Site, opened
from tests.pages.test_accessibility import check
from tests.simulators import http as clients

FEW = "([some, most]) => document.querySelectorAll(some).forEach((each, i) => { if (i >= most) each.remove() })"
PAGES = ["/docs", "/docs/errors", "/docs/states"]


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    """A phone, still."""
    with opened(chromium, site, color_scheme="light", reduced_motion="reduce", is_mobile=True) as context:
        yield context.new_page()


@pytest.mark.parametrize("path", PAGES)
def test_they_are_accessible_and_fit_a_phone(page: Page, path: str) -> None:
    page.goto(path)

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # A dozen calls, codes or drawings say as much as all of them, and the check of all takes many seconds.
    for some in ("article", "tbody tr", "main section:has(svg)"):
        page.evaluate(FEW, [some, 3 if "svg" in some else 12])
    check(page)


def test_they_are_accessible_with_a_call_unfolded(page: Page) -> None:
    page.goto("/docs")
    # A dozen unfolded tables say as much as all of them, and the check of all takes minutes.
    page.evaluate("document.querySelectorAll('article:not(:has(#place_order))').forEach(each => each.remove())")
    page.evaluate("document.querySelectorAll('article details').forEach(each => { each.open = true })")

    check(page)


def test_a_problem_leads_to_its_explanation(phone: Page, site: Site) -> None:
    problem = clients.get(f"{site.url}/v1/me").json()

    phone.goto(problem["type"])

    row = phone.locator(f"#{problem['code']}")
    expect(row).to_be_in_viewport()
    expect(row).to_contain_text(problem["title"])


def test_a_call_shows_its_fields_its_example_and_how_it_says_no_without_scripts(plain_phone: Page) -> None:
    plain_phone.goto("/docs")
    call = plain_phone.get_by_role("article", name="Place an order")

    call.locator("summary", has_text="Request").click()
    expect(call.get_by_role("row", name=re.compile(r"^items\[\]\.qty integer required"))).to_be_visible()
    expect(call.get_by_text('"pay_mode": "ONLINE"').first).to_be_visible()
    call.locator("summary", has_text="How it says no").click()
    call.get_by_role("link", name="total_changed").click()

    expect(plain_phone.locator("#total_changed")).to_be_in_viewport()


def test_each_machine_is_drawn_and_told_in_a_table(phone: Page) -> None:
    phone.goto("/docs/states")

    expect(phone.get_by_role("img")).to_have_count(len(MACHINES))
    paid = phone.get_by_role("region", name="Order paid at the store")
    expect(paid.get_by_role("row", name=re.compile("^start PLACED IN_PROGRESS staff"))).to_be_visible()
    expect(paid.locator("svg text", has_text="hand_over")).to_have_count(1)


def test_nothing_is_asked_of_another_origin_and_no_script_runs(chromium: Browser, site: Site) -> None:
    with opened(chromium, site) as context:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        for path in PAGES:
            page.goto(path)

    assert asked
    assert [url for url in asked if not url.startswith((site.url, "data:")) or url.endswith(".js")] == []
