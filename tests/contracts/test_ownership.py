"""What is another's is not there: other people's orders, other stores' items, other merchants' everything."""

import pytest

from bottega.kit import ids
from tests.contracts.conftest import Refused
from tests.contracts.live import Live

BROKEN_IDS = (
    "", "x", "ord_", "ord", "_", "ord_" + "0" * 25, "ord_" + "0" * 27, "ord_" + "0" * 26, "ord_" + "z" * 26, "ord_8" + "0" * 25,
    "ORD_" + "0" * 26, "ord_" + "u" * 26, "ord_" + "i" * 26, "null", "undefined", "..", "%2e%2e%2f", "%00", "ord_%00",
    "1", "-1",
    "' or '1'='1", "%F0%9F%A7%8B", "%ff%fe", "%ED%A0%80", "ord_" + "0" * 5000, "{order_id}", "*",
    "ord_01m7w768m4hwmts4pc50000002.x",
)  # fmt: skip


def other_prefix(text: str, prefix: str) -> str:
    """The same 128 bits under another prefix."""
    return f"{prefix}_{text.partition('_')[2]}"


@pytest.fixture(scope="module")
def theirs(live: Live) -> dict[str, str]:
    """Ids of the other merchant: an order and its payment, its ticket and line."""
    body = {"store_id": live.names["other store"], "fulfillment_type": "PICKUP",
            "items": [{"product_id": live.names["other product"], "qty": 1}]}  # fmt: skip
    who = "other merchant's guest"
    online = live.ask("POST", "/v1/orders", who, json=body | {"pay_mode": "ONLINE"}).json()
    order = live.ask("POST", "/v1/orders", who, json=body | {"pay_mode": "AT_STORE"}).json()
    return {
        "order": order["order_id"], "line": order["lines"][0]["line_id"], "store": live.names["other store"],
        "payment": online["payment"]["payment_id"], "product": live.names["other product"],
        "modifier": live.names["other modifier"], "variant": live.names["other variant"],
        "merchant": live.names["other merchant"], "ticket": ids.show("tkt", ids.parse("ord", order["order_id"])),
        "shortage": ids.show("sho", ids.parse("ord", order["order_id"])),
    }  # fmt: skip


@pytest.fixture(scope="module")
def ours(live: Live) -> dict[str, str]:
    """Ids of our own to stand beside theirs."""
    order = live.place()
    ticket = live.ticket_of(order["order_id"])
    return {"order": order["order_id"], "store": live.names["store"], "ticket": ticket["ticket_id"],
            "line": ticket["lines"][0]["line_id"], "product": live.names["product"]}  # fmt: skip


STEP = {"to_status": "IN_PROGRESS", "expected_status": "PLACED"}
# Every id slot of every path: (method, path, body), with the places of ours and theirs named.
SLOTS = (
    ("GET", "/v1/stores/{store}/queue", None),
    ("GET", "/v1/stores/{store}/tickets/recent", None),
    ("GET", "/v1/stores/{store}/queue/stream", None),
    ("GET", "/v1/orders/{order}", None),
    ("GET", "/v1/orders/{order}/stream", None),
    ("PATCH", "/v1/orders/{order}", {"items": [{"product_id": "prd_x", "qty": 1}]}),
    ("POST", "/v1/orders/{order}/cancel", {}),
    ("POST", "/v1/orders/{order}/transition", STEP),
    ("POST", "/v1/orders/{order}/lines/{line}/unavailable", {}),
    ("POST", "/v1/orders/{order}/shortages/{shortage}/choice", {"choice": "REFUND"}),
    ("POST", "/v1/orders/{order}/payment", None),
    ("GET", "/v1/stores/{store}/reports/top-spenders", None),
    ("GET", "/v1/stores/{store}/reports/never-spent", None),
    ("POST", "/v1/orders/{order}/payment/check", None),
    ("GET", "/v1/payments/{payment}", None),
    ("POST", "/v1/payments/{payment}/refunds", {"reason": "r"}),
    ("POST", "/v1/stores/{store}/intake", {"prep_minutes": 5}),
    ("POST", "/v1/stores/{store}/capture", {"capture_mode": "MANUAL"}),
    ("POST", "/v1/stores/{store}/deadlines", {"unpaid_minutes": 5}),
    ("POST", "/v1/stores/{store}/products/{product}/availability", {"state": "SOLD_OUT"}),
    ("POST", "/v1/stores/{store}/modifiers/{modifier}/availability", {"state": "SOLD_OUT"}),
    ("POST", "/v1/stores/{store}/tickets/{ticket}/bump", {"from_state": "QUEUED"}),
    ("POST", "/v1/stores/{store}/tickets/{ticket}/undo", {"to_state": "QUEUED"}),
    ("POST", "/v1/stores/{store}/tickets/{ticket}/recall", None),
    ("POST", "/v1/stores/{store}/tickets/{ticket}/acknowledge", None),
    ("POST", "/v1/stores/{store}/tickets/{ticket}/lines/{line}/made", {"made": True}),
)


@pytest.mark.parametrize(("method", "path", "body"), SLOTS, ids=[f"{m} {p}" for m, p, _ in SLOTS])
@pytest.mark.parametrize("who", ["guest", "barista", "manager"])
def test_the_ids_of_another_merchant_name_nothing(
    live: Live, theirs, refused: Refused, who: str, method: str, path: str, body
) -> None:
    before = live.counts()

    answer = live.ask(method, path.format(**theirs), who, json=body)

    refused(answer, 404)
    assert live.counts() == before


@pytest.mark.parametrize("slot", ["ticket", "line", "product", "modifier"])
def test_an_id_of_another_merchant_in_our_own_store_names_nothing(
    live: Live, theirs, ours, refused: Refused, slot: str
) -> None:
    before = live.counts()
    kept = ("ticket", "line", "store", "order")
    mixed = {name: ours[name] for name in kept} | {"shortage": theirs["shortage"], slot: theirs[slot]}

    for method, path, body in SLOTS:
        if f"{{{slot}}}" in path:
            refused(live.ask(method, path.format(**mixed), "barista", json=body), 404)

    assert live.counts() == before


@pytest.mark.parametrize("broken", BROKEN_IDS, ids=range(len(BROKEN_IDS)))
def test_a_broken_id_in_a_path_names_nothing(live: Live, refused: Refused, broken: str) -> None:
    paths = (
        ("GET", "/v1/orders/{}"), ("POST", "/v1/orders/{}/cancel"), ("GET", "/v1/stores/{}"), ("GET", "/v1/stores/{}/menu"),
        ("GET", "/v1/payments/{}"), ("GET", "/v1/orders/{}/stream"), ("GET", "/v1/stores/{}/screen/stream"), ("GET",
        "/v1/stores/{}/queue"),
    )  # fmt: skip
    for method, path in paths:
        answer = live.ask(method, path.format(broken), "barista", json={} if method == "POST" else None)
        if not (broken in ("", "..") and answer.status_code in (200, 301, 307, 308)):
            refused(answer, 404, 405, about=(path, broken))


def test_an_id_of_the_wrong_kind_names_nothing(live: Live, ours, refused: Refused) -> None:
    for prefix in ("sto", "pay", "prd", "tkt", "usr", "mer"):
        refused(live.ask("GET", f"/v1/orders/{other_prefix(ours['order'], prefix)}"), 404)
        if prefix != "sto":
            refused(live.ask("GET", f"/v1/stores/{other_prefix(ours['store'], prefix)}/menu"), 404)
    refused(live.ask("GET", f"/v1/orders/{other_prefix(ours['store'], 'ord')}"), 404)
    refused(live.ask("GET", f"/v1/payments/{other_prefix(ours['order'], 'pay')}", "manager"), 404)


@pytest.mark.parametrize("field", ["product_id", "variant_id", "modifier_ids"])
def test_an_item_of_another_store_is_refused_and_nothing_is_written(live: Live, refused: Refused, field: str) -> None:
    before = live.counts()
    foreign = {"product_id": "other product", "variant_id": "other variant", "modifier_ids": "other modifier"}
    for name in (live.names[foreign[field]], "prd_x", "", other_prefix(live.names["product"], "var"), "x" * 3000):
        item = {"product_id": live.names["product"], "qty": 1} | {field: [name] if field == "modifier_ids" else name}
        problem = refused(live.ask("POST", "/v1/orders", json=live.order(items=[item])), 422)
        assert problem["code"] == "item_not_on_menu"
        assert problem["errors"][0]["pointer"].startswith(f"/items/0/{field}")

    assert live.counts() == before


def test_an_order_at_another_merchants_store_is_refused(live: Live, refused: Refused) -> None:
    before = live.counts()
    for store in (live.names["other store"], "sto_x", "", "x" * 3000, other_prefix(live.names["store"], "mer")):
        for path in ("/v1/orders", "/v1/quotes"):
            refused(live.ask("POST", path, json=live.order(store_id=store)), 404)

    assert live.counts() == before


def test_another_customers_order_is_not_there(live: Live, ours, refused: Refused) -> None:
    line = f"/v1/orders/{ours['order']}/lines/{ours['line']}"
    asked = live.ask("POST", f"{line}/unavailable", "barista", json={}).json()["shortages"][0]
    ours = ours | {"shortage": asked["shortage_id"]}
    before = live.counts()
    path = f"/v1/orders/{ours['order']}"
    for who in ("other guest", "other merchant's guest", "other merchant's admin", "barista elsewhere"):
        for method, each, body in SLOTS:
            if "{order}" in each:
                refused(live.ask(method, each.format(**ours), who, json=body), 403, 404, about=(who, each))

    assert live.counts() == before
    assert live.ask("GET", path, "barista").status_code == 200


def test_a_list_holds_ones_own_orders_only(live: Live, ours, theirs) -> None:
    for who in ("other guest", "other merchant's guest"):
        shown = {each["order_id"] for each in live.ask("GET", "/v1/orders?limit=100", who).json()["data"]}
        assert ours["order"] not in shown
    query = f"/v1/orders?limit=100&store_id={ours['store']}"
    assert ours["order"] not in live.ask("GET", query, "barista elsewhere").text
    assert ours["order"] in live.ask("GET", query, "barista").text
    assert theirs["order"] not in live.ask("GET", "/v1/orders?limit=100", "barista").text


def test_a_merchant_and_a_store_that_do_not_belong_together_are_refused(live: Live, refused: Refused) -> None:
    both = {"merchant_id": live.names["other merchant"], "store_id": live.names["store"]}
    refused(live.ask("POST", "/v1/guests", "anonymous", json=both), 404)
    refused(live.ask("POST", "/v1/login", "anonymous", json={"login": "a", "password": "b"} | both), 404)
    refused(live.ask("POST", "/v1/guests", "anonymous", json={}), 422)  # two merchants live here
