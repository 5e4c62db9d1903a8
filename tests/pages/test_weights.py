"""What a page costs a phone: kilobytes gzipped, requests, and nothing that jumps while it loads."""

import gzip
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, Response

from tests.pages.conftest import Site
from tests.pages.test_ordering import add, check_out


@dataclass
class Cost:
    """What one page load fetched from us, by kind, gzipped, in kilobytes."""

    html: float = 0.0
    script: float = 0.0
    style: float = 0.0
    requests: int = 0
    addresses: list[str] = field(default_factory=list[str])


KINDS = {"document": "html", "script": "script", "stylesheet": "style"}


def cost_of(page: Page, site: Site, address: str) -> Cost:
    """Load a page with an empty cache and weigh what came."""
    seen: list[Response] = []

    def note(response: Response) -> None:
        seen.append(response)

    page.goto("about:blank")
    page.on("response", note)
    page.goto(address, wait_until="load")
    page.wait_for_timeout(300)
    page.remove_listener("response", note)
    cost = Cost()
    for response in seen:
        kind = response.request.resource_type
        if not response.url.startswith(site.url) or kind == "eventsource":
            continue
        cost.requests += 1
        cost.addresses.append(response.url)
        if kind in KINDS:
            weight = len(gzip.compress(response.body())) / 1000
            setattr(cost, KINDS[kind], getattr(cost, KINDS[kind]) + weight)
    return cost


@pytest.mark.parametrize(
    ("what", "script", "style", "html", "requests"),
    [
        ("menu", 25, 15, 30, 12),
        ("item", 25, 15, 15, 8),
        ("cart", 25, 15, 15, 8),
        ("checkout", 30, 15, 20, 10),
        ("tracking", 20, 10, 8, 6),
    ],
)
def test_a_page_stays_within_its_budget(
    phone: Page, site: Site, what: str, script: float, style: float, html: float, requests: int
) -> None:
    add(phone, "Cappuccino", "Oat milk")
    add(phone, "Cornetto")
    phone.goto("/s/milano")
    addresses = {
        "menu": "/s/milano",
        "item": phone.get_by_role("link", name="Caffè latte", exact=True).get_attribute("href") or "",
        "cart": "/s/milano/cart",
        "checkout": "/s/milano/checkout",
    }
    if what == "tracking":
        check_out(phone, "Pay at the store")
        addresses[what] = phone.url.removeprefix(site.url)
    cost = cost_of(phone, site, addresses[what])
    assert cost.script <= script
    assert cost.style <= style
    assert cost.html <= html
    assert cost.requests <= requests, cost.addresses


@pytest.mark.parametrize("address", ["/", "/s/milano"])
def test_nothing_jumps_while_a_page_loads(phone: Page, address: str) -> None:
    phone.add_init_script(
        "window.jumped = 0; new PerformanceObserver(list => { for (const each of list.getEntries()) "
        "window.jumped += each.value }).observe({ type: 'layout-shift', buffered: true })"
    )
    phone.goto(address, wait_until="networkidle")
    assert phone.evaluate("window.jumped") <= 0.1


def test_built_files_may_be_kept_for_ever_and_pages_may_not(phone: Page, site: Site) -> None:
    answer = phone.goto("/s/milano")
    assert answer is not None
    assert "no-cache" in answer.headers["cache-control"]
    style = phone.locator("link[rel=stylesheet]").get_attribute("href") or ""
    assert "immutable" in phone.request.get(style).headers["cache-control"]
