"""What a manager does on the pages: find an order, see its money, give some of it back, cancel, try again."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.pages.conftest import Site, opened
from tests.pages.test_accessibility import SMALL, check
from tests.simulators.shop import intent_of

Paid = Callable[..., str]


@pytest.fixture
def manager(chromium: Browser, site: Site) -> Iterator[Page]:
    """The manager of Milano at a desk, signed in, on the list of orders."""
    with opened(chromium, site, viewport={"width": 1180, "height": 820}, reduced_motion="reduce") as context:
        yield signed_in(context, site)


def signed_in(context: BrowserContext, site: Site) -> Page:
    page = context.new_page()
    login, password = site.login("MANAGER", "milano")
    page.goto("/staff/login?next=/manage")
    page.get_by_label("E-mail or phone").fill(login)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/manage/stores/*/orders")
    return page


@pytest.fixture
def paid(chromium: Browser, site: Site) -> Paid:
    """`paid(name, card)`: three espressi, paid online by somebody; the address of the order's page for managers."""

    def place(name: str, card: str = "pm_card_visa") -> str:
        with opened(chromium, site) as context:
            ask = context.request
            store = next(each for each in ask.get("/v1/stores").json()["data"] if each["slug"] == "milano")
            menu = ask.get(f"/v1/stores/{store['store_id']}/menu").json()
            product = next(each for each in menu["products"] if each["name"] == "Espresso")
            token = ask.post("/v1/guests", data={"store_id": store["store_id"]}).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"{name}-{time.monotonic_ns()}"}
            body = {
                "store_id": store["store_id"], "fulfillment_type": "PICKUP", "pay_mode": "ONLINE",
                "items": [{"product_id": product["product_id"], "qty": 3}], "contact": {"name": name},
            }  # fmt: skip
            order = ask.post("/v1/orders", data=body, headers=headers).json()
            ask.post(
                f"{site.sandbox_url}/v1/payment_intents/{intent_of(order)}/confirm",
                form={"payment_method": card, "return_url": site.url},
                headers={"Authorization": "Bearer sk_test_pages"},
            )
            ends = time.monotonic() + 10
            while ask.get(f"/v1/orders/{order['order_id']}", headers=headers).json()["status"] != "PAID":
                assert time.monotonic() < ends, "the order was never paid"
                time.sleep(0.05)
            return f"/manage/orders/{order['order_id']}"

    return place


def test_orders_are_found_by_name_status_and_day_and_show_their_money(manager: Page, paid: Paid) -> None:
    paid("Ottavia")
    manager.get_by_label("Number or name").fill("ottav")
    manager.get_by_label("Status").select_option("PAID")
    manager.get_by_role("button", name="Show").click()
    row = manager.get_by_role("row", name=re.compile("Ottavia"))
    expect(manager.locator("tbody tr")).to_have_count(1)
    expect(row).to_contain_text("Paid")
    manager.goto(manager.url.replace("to=", "to=2020-01-01"))
    expect(manager.get_by_role("heading", name="No order fits")).to_be_visible()
    manager.goto(manager.url.split("?")[0] + "?q=Ottavia")
    manager.get_by_role("row", name=re.compile("Ottavia")).get_by_role("link").click()
    expect(manager.get_by_role("heading", level=1)).to_have_text(re.compile(r"Order M-\d+"))
    expect(manager.locator(".steps").last).to_contain_text("Placed")
    manager.get_by_text("ledger entries").click()
    expect(manager.get_by_text("pi_").first).to_be_visible()


def test_the_split_follows_what_is_typed_and_only_what_was_shown_goes_back(manager: Page, paid: Paid) -> None:
    path = paid("Fiamma")
    manager.goto(path)
    manager.get_by_role("link", name="Give money back").click()
    split = manager.locator("#split")
    expect(split).to_contain_text("€4.20")
    manager.locator("label", has_text="Choose how many").click()
    manager.get_by_role("spinbutton").fill("2")
    expect(split.get_by_role("button", name="Give back €2.80")).to_be_visible()
    expect(split.get_by_role("row", name="10 %")).to_contain_text("€2.55")
    expect(split).to_contain_text("€1.40")
    manager.get_by_label("Reason").fill("Two were cold")
    split.get_by_role("button", name="Give back €2.80").click()
    expect(manager.get_by_role("status").first).to_contain_text("on its way back")
    expect(manager.get_by_text("2 given back")).to_be_visible()
    expect(manager.get_by_text("Two were cold").first).to_be_visible()
    expect(manager.get_by_role("heading", name="Who moved money")).to_be_visible()

    # Somebody else gives some of the rest back while this page is open: what was shown is not what would go back.
    manager.goto(f"{path}/refund")
    manager.get_by_label("Reason").fill("Late")
    other = manager.context.new_page()
    other.goto(f"{path}/refund")
    other.locator("label", has_text="Spread over all items").click()
    other.get_by_label("Amount in EUR").fill("0.50")
    other.get_by_label("Reason").fill("Also late")
    other.get_by_role("button", name="Give back €0.50").click()
    expect(other.get_by_role("status").first).to_contain_text("on its way back")
    manager.get_by_role("button", name="Give back €1.40").click()
    expect(manager.get_by_role("alert")).to_contain_text("Check it, then confirm")
    expect(manager.get_by_role("button", name="Give back €0.90")).to_be_visible()


def test_what_is_typed_while_a_split_is_on_its_way_is_asked_about_too(manager: Page, paid: Paid) -> None:
    manager.goto(f"{paid('Gino')}/refund")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    manager.route("**/refund", hold, times=1)
    with manager.expect_request("**/refund"):
        manager.locator("label", has_text="Choose how many").click()
    manager.get_by_role("spinbutton").fill("2")
    held[0].continue_()
    expect(manager.locator("#split").get_by_role("button", name="Give back €2.80")).to_be_visible()


def test_giving_back_and_cancelling_work_without_script(chromium: Browser, site: Site, paid: Paid) -> None:
    path = paid("Nello")
    with opened(chromium, site, java_script_enabled=False, is_mobile=True) as context:
        page = signed_in(context, site)
        page.goto(f"{path}/refund")
        page.locator("label", has_text="Spread over all items").click()
        page.get_by_label("Amount in EUR").fill("1,00")
        page.get_by_label("Reason").fill("Long wait")
        page.get_by_role("button", name="Give back €4.20").click()
        expect(page.get_by_role("alert")).to_contain_text("Check it, then confirm")
        page.get_by_role("button", name="Give back €1.00").click()
        expect(page.get_by_role("status").first).to_contain_text("on its way back")
        page.get_by_text("Cancel the order", exact=True).first.click()
        page.get_by_label("Reason").fill("The machine broke")
        page.get_by_role("button", name="Cancel the order").click()
        expect(page.locator(".head")).to_contain_text("Cancelled")
        expect(page.get_by_text("The machine broke").first).to_be_visible()
        expect(page.get_by_text("€3.20").first).to_be_visible()


def test_a_refund_that_did_not_arrive_is_a_task_until_somebody_tries_again(
    manager: Page, paid: Paid, site: Site
) -> None:
    path = paid("Sveva", "pm_card_refundFail")
    manager.goto(f"{path}/refund")
    manager.get_by_label("Reason").fill("Wrong milk")
    manager.get_by_role("button", name="Give back €4.20").click()
    ends = time.monotonic() + 10
    failed = "select 1 from refunds where reason = 'Wrong milk' and status = 'FAILED'"
    while not site.sql(failed):
        assert time.monotonic() < ends, "the refund never failed"
        time.sleep(0.05)
    site.sql("update refunds set retry_at = null, given_up_at = now() where reason = 'Wrong milk'")
    manager.goto("/manage")
    manager.locator(".task", has_text="Wrong milk").get_by_role("link").click()
    expect(manager.locator("#tasks")).to_contain_text("€4.20 did not arrive")
    manager.get_by_role("button", name="Try again").click()
    expect(manager.locator("#tasks")).to_have_count(0)
    expect(manager.get_by_text("Asked 2 times").first).to_be_visible()


def test_the_managers_pages_are_accessible_and_fit_the_narrowest_screen(
    chromium: Browser, site: Site, paid: Paid
) -> None:
    path = paid("Axel")
    size = {"width": 390, "height": 844}
    with opened(
        chromium, site, viewport=size, color_scheme="light", reduced_motion="reduce", is_mobile=True
    ) as context:
        page = signed_in(context, site)
        for address in (page.url, path, f"{path}/refund"):
            page.goto(address)
            if address.endswith("/refund"):
                page.locator("label", has_text="Choose how many").click()
            check(page)
            assert page.evaluate(SMALL) == [], address
        page.set_viewport_size({"width": 320, "height": 640})
        for address in (path, f"{path}/refund", "/manage?lang=de"):
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


def test_baristas_and_strangers_see_none_of_it(chromium: Browser, site: Site, paid: Paid) -> None:
    path = paid("Bruna")
    with opened(chromium, site) as context:
        page = context.new_page()
        page.goto(path)
        expect(page).to_have_url(re.compile("/staff/login"))
        login, password = site.login("BARISTA", "milano")
        page.get_by_label("E-mail or phone").fill(login)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("This page is for someone else")
