"""The card form in a real browser, on a shop's page with a strict policy: paid, declined, through 3-D Secure."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.domains.sandbox.processes import Sandbox, Shop
from tests.simulators.browser import launched, violations

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Checkout</title>
<script src="{url}/v3/"></script><script src="/checkout.js" defer></script>
<body><h1>Checkout</h1><div id="payment"></div><button id="pay">Pay 14.50</button>
<p id="result" role="status"></p></body></html>"""
HAS_FOCUS = """async field => {
  for (let tries = 0; tries < 200 && field !== field.ownerDocument.activeElement; tries += 1)
    await new Promise((go) => setTimeout(go, 25));
  return field === field.ownerDocument.activeElement;
}"""
SCRIPT = """
const stripe = Stripe('pk_test_page');
const clientSecret = new URLSearchParams(location.search).get('secret');
const elements = stripe.elements({ clientSecret });
elements.create('payment').mount('#payment');
document.getElementById('pay').addEventListener('click', async () => {
  const { paymentIntent, error } = await stripe.confirmPayment({
    elements, confirmParams: { return_url: location.origin + '/done' }, redirect: 'if_required',
  });
  document.getElementById('result').textContent = error ? `${error.code}: ${error.message}` : paymentIntent.status;
});
"""


@pytest.fixture(scope="module")
def merchant(sandbox: Sandbox) -> Iterator[str]:
    """A shop's page on another origin, with no inline script or style allowed and nothing to connect to."""
    policy = f"default-src 'none'; script-src 'self' {sandbox.url}; frame-src {sandbox.url}; style-src 'self'"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script = self.path.startswith("/checkout.js")
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if script else "text/html")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write((SCRIPT if script else PAGE.replace("{url}", sandbox.url)).encode())

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def problems() -> list[str]:
    return []


@pytest.fixture
def page(browser: Browser, problems: list[str]) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    page = context.new_page()
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()


def checkout(sandbox: Sandbox, merchant: str, page: Page) -> str:
    intent = sandbox.client.v1.payment_intents.create(
        {"amount": 1450, "currency": "eur", "automatic_payment_methods": {"enabled": True}}
    )
    page.goto(f"{merchant}/?secret={intent.client_secret}")
    return intent.id


def fill(page: Page, number: str, expiry: str = "1240", cvc: str = "123") -> None:
    form = page.frame_locator("#payment iframe")
    form.get_by_label("Card number").press_sequentially(number)
    form.get_by_label("Expiry date").press_sequentially(expiry)
    form.get_by_label("Security code").press_sequentially(cvc)


def test_a_typed_card_pays(sandbox: Sandbox, merchant: str, page: Page, problems: list[str]) -> None:
    intent = checkout(sandbox, merchant, page)
    fill(page, "4242424242424242")
    form = page.frame_locator("#payment iframe")
    expect(form.get_by_label("Card number")).to_have_value("4242 4242 4242 4242")
    expect(form.get_by_label("Expiry date")).to_have_value("12 / 40")
    page.get_by_role("button", name="Pay 14.50").click()
    expect(page.get_by_role("status")).to_have_text("succeeded")
    assert sandbox.client.v1.payment_intents.retrieve(intent).status == "succeeded"
    assert problems == []


@pytest.mark.parametrize(
    ("button", "result"), [("Complete", "succeeded"), ("Fail", "payment_intent_authentication_failure")]
)
def test_3d_secure_is_asked_in_a_modal_and_decides(
    sandbox: Sandbox, merchant: str, page: Page, problems: list[str], button: str, result: str
) -> None:
    checkout(sandbox, merchant, page)
    page.frame_locator("#payment iframe").get_by_role("button", name="Asks for 3-D Secure").click()
    page.get_by_role("button", name="Pay 14.50").click()
    challenge = page.frame_locator("dialog iframe")
    expect(challenge.get_by_text("14.50 EUR")).to_be_visible()
    page.keyboard.press("Escape")
    challenge.get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_role("status")).to_contain_text(result)
    expect(page.locator("dialog")).to_have_count(0)
    assert problems == []


def test_a_decline_is_told_and_another_card_pays(sandbox: Sandbox, merchant: str, page: Page) -> None:
    checkout(sandbox, merchant, page)
    form = page.frame_locator("#payment iframe")
    form.get_by_role("button", name="Declined").click()
    page.get_by_role("button", name="Pay 14.50").click()
    expect(page.get_by_role("status")).to_have_text("card_declined: Your card was declined.")
    form.get_by_role("button", name="Works").click()
    page.get_by_role("button", name="Pay 14.50").click()
    expect(page.get_by_role("status")).to_have_text("succeeded")


def test_what_is_wrong_is_said_beside_the_field(sandbox: Sandbox, merchant: str, page: Page) -> None:
    checkout(sandbox, merchant, page)
    fill(page, "4242424242424241", "0120", "1")
    page.get_by_role("button", name="Pay 14.50").click()
    form = page.frame_locator("#payment iframe")
    expect(form.get_by_text("The card number isn’t valid. Check the digits.")).to_be_visible()
    expect(form.get_by_text("This card has expired.")).to_be_visible()
    expect(form.get_by_label("Card number")).to_have_attribute("aria-invalid", "true")
    number = form.get_by_label("Card number")
    # The frame's own focus: whether its window is the active one is not the form's doing.
    assert number.evaluate(HAS_FOCUS)
    expect(page.get_by_role("status")).to_contain_text("invalid_number")


def test_the_dashboards_buttons_work(sandbox: Sandbox, shop: Shop, page: Page, problems: list[str]) -> None:
    intent = sandbox.client.v1.payment_intents.create(
        {"amount": 990, "currency": "eur", "confirm": True, "payment_method": "pm_card_visa", "description": "B-077"}
    )
    page.goto(sandbox.url)
    page.get_by_role("link", name="B-077").click()
    page.get_by_role("button", name="Refund 9.90 EUR").click()
    page.get_by_role("button", name="Fail it").click()
    page.get_by_role("button", name="Open a dispute").click()
    page.get_by_role("button", name="Shop wins").click()
    expect(page.get_by_text("Won")).to_be_visible()
    assert sandbox.client.v1.disputes.list({"payment_intent": intent.id}).data[0].status == "won"
    page.get_by_role("link", name="Faults").click()
    page.get_by_label("503, nothing done, try again").fill("12.5")
    page.get_by_role("button", name="Set the faults").click()
    expect(page.get_by_role("button", name="Stop all")).to_be_visible()
    assert sandbox.control("faults")["rules"]["unavailable"]["probability"] == 0.125
    page.get_by_role("button", name="Next one Webhook late").click()
    expect(page.get_by_text("The next one", exact=True)).to_be_visible()
    assert sandbox.control("faults")["ordered"] == {"webhook_delay": 1}
    page.get_by_role("button", name="Stop all").click()
    expect(page.get_by_role("button", name="Stop all")).to_have_count(0)
    page.get_by_role("link", name="Webhooks").click()
    page.get_by_role("button", name="Lose the next payment's").click()
    page.get_by_role("button", name="Don't lose them").click()
    expect(page.get_by_role("button", name="Lose the next payment's")).to_be_visible()
    assert problems == []


def test_the_pages_are_accessible(sandbox: Sandbox, page: Page) -> None:
    intent = sandbox.client.v1.payment_intents.create(
        {"amount": 990, "currency": "eur", "confirm": True, "payment_method": "pm_card_authenticationRequired"}
    )
    challenge = f"/3ds/{intent.id}?client_secret={intent.client_secret}"
    pages = ["/", f"/payments/{intent.id}", "/webhooks", "/refunds", "/faults", "/mail", challenge, "/elements/card"]
    for path in pages:
        page.goto(sandbox.url + path)
        # The card form is a part of the shop's page and lies on its background.
        whole = path != "/elements/card"
        if not whole:
            page.evaluate("document.documentElement.style.setProperty('background', 'var(--paper)')")
        rules = {name: {"enabled": whole} for name in ("landmark-one-main", "page-has-heading-one", "region")}
        colours = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
        for scheme, options in (("light", {"rules": rules}), ("dark", colours)):  # dark, only colours differ
            page.emulate_media(color_scheme=scheme)
            assert violations(page, **options) == [], f"{path}, {scheme}"
