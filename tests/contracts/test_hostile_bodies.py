"""Whatever stands in a body, the answer is a clear refusal: never a 500, never something half-written."""

import json
from typing import Any

import httpx
import pytest

from tests.contracts import bodies
from tests.contracts.conftest import Refused
from tests.contracts.live import Live

COLUMNS = (
    "price",
    "status",
    "merchant_id",
    "role",
    "paid_at",
    "id",
    "order_id",
    "total",
    "total_minor",
    "__proto__",
    "$",
)


@pytest.fixture(scope="module")
def calls(live: Live) -> dict[str, tuple[str, str, str, dict[str, Any]]]:
    """Every call with a body: (method, path, who, a body that says every field, and is refused in the end)."""
    order = live.place()["order_id"]
    ticket = live.ticket_of(order)
    store, n = f"/v1/stores/{live.names['store']}", live.names
    foreign, choice = n["other product"], n["other modifier"]
    tickets = f"{store}/tickets/{ticket['ticket_id']}"
    item = {
        "product_id": n["product"],
        "variant_id": n["variant"],
        "qty": 1,
        "modifier_ids": [n["modifier"]],
        "note": "n",
    }
    placing = live.order(
        items=[item],
        promo_codes=["X"],
        requested_for="2030-01-01T00:00:00Z",
        contact={"name": "Ada", "phone": "+39 333 1234567", "email": "ada@example.org"},
        delivery_address={
            "line1": "1",
            "city": "c",
            "postal_code": "p",
            "country": "c",
            "line2": "",
            "instructions": "i",
        },
        expected_total=1,
    )
    payment = f"/v1/payments/{live.place(pay_mode='ONLINE')['payment']['payment_id']}/refunds"
    naming = {"merchant_id": n["merchant"], "store_id": n["store"]}
    move = {"to_status": "READY", "expected_status": "READY", "receipt_ref": "r", "tender": "CASH", "reason": "r"}
    return {
        "place": ("POST", "/v1/orders", "guest", placing),
        "quote": ("POST", "/v1/quotes", "guest", placing),
        "change": ("PATCH", f"/v1/orders/{order}", "guest", {"items": [item], "expected_total": 1}),
        "transition": ("POST", f"/v1/orders/{order}/transition", "barista", move),
        "refund": ("POST", payment, "manager",
                   {"reason": "r", "amount": 1, "lines": [{"line_id": "x", "qty": 1}], "receipt_ref": "r"}),
        "bump": ("POST", f"{tickets}/bump", "barista", {"from_state": "DONE"}),
        "undo": ("POST", f"{tickets}/undo", "barista", {"to_state": "DONE"}),
        "made": ("POST", f"{tickets}/lines/{ticket['lines'][0]['line_id']}/made", "barista", {"made": True}),
        "product": ("POST", f"{store}/products/{foreign}/availability", "barista",
                    {"state": "SOLD_OUT", "until": "END_OF_DAY", "left": 5}),
        "modifier": ("POST", f"{store}/modifiers/{choice}/availability", "barista",
                     {"state": "SOLD_OUT", "until": "END_OF_DAY", "left": 5}),
        "intake": ("POST", f"{store}/intake", "barista", {"state": "X", "minutes": 5, "prep_minutes": 5}),
        "guests": ("POST", "/v1/guests", "anonymous", naming),
        "login": ("POST", "/v1/login", "anonymous", {"login": "nobody", "password": "p"} | naming),
        "token": ("POST", "/v1/token", "anonymous", {"grant_type": "password", "username": "n", "password": "p",
                  "refresh_token": "r", "client_id": "c", "client_secret": "s", "scope": "s"} | naming),
        "cancel": ("POST", f"/v1/orders/{order}/cancel", "other guest", {"reason": "r"}),
    }  # fmt: skip


CALLS = (
    "place", "quote", "change", "transition", "refund", "bump", "undo", "made", "product", "modifier", "intake",
    "guests", "login", "token", "cancel",
)  # fmt: skip
# What these take all the same, because it is right: nothing where something may be left out, a tick that is a tick.
RIGHT = {
    "guests": {"null"},
    "made": {"true", "false"},
    "intake": {"null"},
    "change": {"null"},
}


def send(live: Live, call: tuple[str, str, str, Any], body: bytes, **headers: str) -> httpx.Response:
    method, path, who, _ = call
    return live.ask(method, path, who, content=body, headers={"content-type": "application/json"} | headers)


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_value_in_any_field_is_refused_and_changes_nothing(live: Live, calls, refused: Refused, name) -> None:
    before = live.counts()

    for at, value, body in bodies.variants(calls[name][3]):
        answer = send(live, calls[name], body)
        if answer.status_code >= 300 or value not in RIGHT.get(name, ()):
            refused(answer, 400, 401, 404, 409, 422, about=(at, value))

    if name not in RIGHT:
        assert live.counts() == before


@pytest.mark.parametrize("name", CALLS)
def test_an_unknown_field_at_any_depth_is_refused_by_its_name(live: Live, calls, refused: Refused, name) -> None:
    before = live.counts()

    for at, field, body in bodies.with_unknown_fields(calls[name][3], COLUMNS):
        if field not in json.loads(json.dumps(calls[name][3])):
            problem = refused(send(live, calls[name], body), 422, about=(at, field))
            if problem["code"] == "invalid" and "errors" in problem:
                assert problem["errors"][0]["pointer"].endswith(field) or "state" in problem["errors"][0]["pointer"]

    assert live.counts() == before


@pytest.mark.parametrize("name", CALLS)
def test_a_doubled_key_and_what_is_no_json_are_refused(live: Live, calls, refused: Refused, name) -> None:
    before = live.counts()
    allowed = {b"", b" "} if name in ("token",) else set()

    for field, body in bodies.with_doubled_keys(calls[name][3]):
        refused(send(live, calls[name], body), 400, 422, about=(field, body[-60:]))
    for body in bodies.RAW_GARBAGE:
        if body not in allowed:
            refused(send(live, calls[name], body), 400, 422, about=body[:40])

    assert live.counts() == before


def test_a_doubled_key_in_a_good_order_says_so(live: Live, refused: Refused) -> None:
    body = json.dumps(live.order())
    for again in (', "pay_mode":"ONLINE"}', ', "pay\\u005fmode" : "ONLINE"}'):
        call = ("POST", "/v1/orders", "guest", None)
        assert refused(send(live, call, (body[:-1] + again).encode()), 400)["code"] == "duplicate_key"
    fine = live.order(contact={"name": 'A "quoted": name: with \\ and {"a":1,"a":2}'})
    assert live.ask("POST", "/v1/orders", json=fine).status_code == 201


@pytest.mark.parametrize("name", CALLS)
def test_a_body_over_the_limit_is_refused_before_it_is_read(live: Live, calls, refused: Refused, name) -> None:
    huge = b'{"note":"' + b"x" * 1_000_000 + b'"}'

    refused(send(live, calls[name], huge), 413)
    refused(send(live, calls[name], iter([huge[:200_000], huge[200_000:]])), 413)  # chunked, without a length


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json",
     "application/jsonp", "text/plain; application/json", "x"],
)  # fmt: skip
def test_a_body_that_says_it_is_no_json_is_refused(live: Live, refused: Refused, content_type: str) -> None:
    call = ("POST", "/v1/orders", "guest", None)
    before = live.counts()

    problem = refused(send(live, call, json.dumps(live.order()).encode(), **{"content-type": content_type}), 415, 400)

    assert problem["code"] in ("unsupported_media_type", "malformed")
    assert live.counts() == before


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=utf-8", "application/vnd.shop+json"]
)
def test_json_by_any_of_its_names_is_read(live: Live, content_type: str) -> None:
    call = ("POST", "/v1/orders", "guest", None)

    answer = send(live, call, json.dumps(live.order()).encode(), **{"content-type": content_type})

    assert answer.status_code == 201


QUANTITIES = ("0", "-1", "-0", "1000", "1.0", "1.5", '"1"', "true", "null", "NaN", "1e999", "2147483648",
              "9223372036854775808", "18446744073709551616")  # fmt: skip


@pytest.mark.parametrize("value", QUANTITIES)
def test_a_quantity_is_1_to_999_and_a_whole_number(live: Live, refused: Refused, value: str) -> None:
    body = json.dumps(live.order()).replace('"qty": 1', f'"qty": {value}').encode()

    refused(send(live, ("POST", "/v1/orders", "guest", None), body), 400, 422)
    refused(send(live, ("POST", "/v1/quotes", "guest", None), body), 400, 422)


TEXTS = [json.loads(each.replace("\x01", "\\u0001")) for each in bodies.WRONG_TEXTS]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_text_is_kept_as_it_is_or_refused(live: Live, refused: Refused, text: str) -> None:
    body = live.order(contact={"name": text})
    body["items"][0]["note"] = text
    encoded = json.dumps(body, ensure_ascii=True).encode()
    answer = send(live, ("POST", "/v1/orders", "guest", None), encoded)
    if answer.status_code == 201:
        order = live.ask("GET", f"/v1/orders/{answer.json()['order_id']}").json()
        assert order["contact_name"] == order["lines"][0]["note"] == text.strip()
        move = f"/v1/orders/{order['order_id']}/transition"
        step = {"to_status": "CANCELLED", "expected_status": "PLACED", "reason": text}
        assert live.ask("POST", move, "barista", json=step).json()["status"] == "CANCELLED"
    else:
        refused(answer, 400, 422)
    for step in ({"to_status": "CANCELLED", "reason": text}, {"to_status": "IN_PROGRESS", "reason": text}):
        placed = live.place()
        move = f"/v1/orders/{placed['order_id']}/transition"
        raw = json.dumps(step | {"expected_status": "PLACED"}).encode()
        assert send(live, ("POST", move, "barista", None), raw).status_code in (200, 400, 422)
