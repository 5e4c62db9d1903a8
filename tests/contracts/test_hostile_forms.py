"""The pages' forms, filled in by somebody hostile: a page that says no, never a failure of ours, nothing half-written."""

import httpx
import pytest

from tests.contracts.live import Live
from tests.simulators import http as clients

TEXTS = (
    "", "\x00", "a\x00b", "\ud800", "\u202eevil", "\x07", "\U0001f9cb", "x" * 5000, "' or 1=1 --",
    "{{7*7}}<script>alert(1)</script>",
    "-1", "0", "1.5", "NaN", "1e999", "9" * 30, "٣", "prd_x", "null", "../..", "a@b", "+39", "\r\nset-cookie: a=b",
)  # fmt: skip
FIELDS = {
    "/staff/login": {"login": "a", "password": "b", "next": "/staff"},
    "/s/{slug}/cart/items": {"product_id": "{product}", "variant_id": "{variant}", "qty": "1", "note": "n",
    "g-x": "{modifier}"},
    "/s/{slug}/cart/items/1": {"product_id": "{product}", "qty": "1", "note": "n"},
    "/s/{slug}/cart/items/1/qty": {"qty": "1"},
    "/s/{slug}/checkout": {"name": "n", "phone": "+39 333 1234567", "email": "a@example.org", "pay_mode": "AT_STORE",
                           "fulfillment_type": "PICKUP", "key": "k", "total": "1", "expected_total": "1"},
}  # fmt: skip


@pytest.fixture(scope="module")
def browser(live: Live) -> httpx.Client:
    """A browser's client with a session and something in the cart."""
    store = f"/v1/stores/{live.names['store']}"
    slug, menu = live.ask("GET", store).json()["slug"], live.ask("GET", f"{store}/menu").json()
    asking = {group["group_id"] for group in menu["modifier_groups"] if group["min"]}
    plain = next(each for each in menu["products"] if each["available"] and not asking & set(each["modifier_groups"]))
    client = clients.Client(
        base_url=live.url, timeout=20, headers={"sec-fetch-site": "same-origin", "accept": "text/html"}
    )
    client.get(f"/s/{slug}")
    client.headers["x-slug"] = slug
    form = {"product_id": plain["product_id"], "variant_id": plain["variants"][0]["variant_id"], "qty": "1"}
    answer = client.post(f"/s/{slug}/cart/items", data=form)
    assert answer.status_code < 400
    # A browser keeps a secure cookie on localhost; httpx does not, so it is carried by hand.
    client.headers["cookie"] = answer.headers["set-cookie"].partition(";")[0]
    return client


@pytest.mark.parametrize("path", FIELDS)
def test_a_hostile_field_is_a_page_that_says_no(live: Live, browser: httpx.Client, path: str) -> None:
    names = live.names | {"slug": browser.headers["x-slug"]}
    good = {name: value.format(**names) for name, value in FIELDS[path].items()}
    before = live.counts()

    for field in good:
        for text in TEXTS:
            form = {name: value.encode("utf-8", "surrogatepass") for name, value in (good | {field: text}).items()}
            answer = browser.post(path.format(**names), data=form)  # type: ignore[arg-type]
            assert answer.status_code < 500, (field, text, answer.text[-500:])
            assert "<script>alert(1)" not in answer.text
            assert "set-cookie: a=b" not in str(answer.headers).lower()

    after = live.counts()
    new = {name: after[name] - before[name] for name in ("orders", "order_lines", "order_events")}
    assert new["order_lines"] >= new["orders"] <= new["order_events"]


@pytest.mark.parametrize("path", FIELDS)
def test_a_form_of_another_site_is_refused(live: Live, browser: httpx.Client, path: str) -> None:
    before = live.counts()
    names = live.names | {"slug": browser.headers["x-slug"]}
    for site in ("cross-site", "same-site", "none", ""):
        answer = browser.post(path.format(**names), data=FIELDS[path], headers={"sec-fetch-site": site})
        assert answer.status_code in (400, 403, 404, 422), (site, answer.status_code)

    assert live.counts() == before


@pytest.mark.parametrize(
    "body", [b"", b"\x00", b"a=%ff", b"=&=&=", b"%00=%00", b"&" * 5000, b"a=" * 10_000, b"--x", b"x" * 1_000_000]
)
@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data", "text/plain"],
)
def test_a_broken_form_never_fails_us(live: Live, browser: httpx.Client, content_type: str, body: bytes) -> None:
    for path in ("/staff/login", "/s/{slug}/cart/items", "/v1/token"):
        address = path.format(slug=browser.headers["x-slug"])
        answer = browser.post(address, content=body, headers={"content-type": content_type})
        assert answer.status_code < 500, (path, answer.text[-300:])
