"""Who may call what: every route of the application, asked by every kind of caller, compared with a table.

`authorization.json` says for each route and caller what becomes of the call: a status of 401, 403 or 404, `303` where a
page sends on to signing in, or `may`. A route without an entry fails. Write the table anew (and read the difference) with
`python -m pytest tests/contracts/test_authorization.py --write-contracts`.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from litestar.routes import HTTPRoute, WebSocketRoute
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from bottega.entrypoints.web import make_litestar
from bottega.kit import ids
from tests.contracts.live import Live

TABLE = Path(__file__).with_name("authorization.json")
CALLERS = (
    "anonymous", "guest", "other guest", "barista", "barista elsewhere", "manager", "other merchant's guest",
    "other merchant's admin",
)  # fmt: skip
SKIPPED = ("/static", "/_openapi")  # files that anybody may have
STREAMS = ("/stream",)
MONEY = re.compile("/refunds|/reconciliations|/differences")
# Bodies with which whoever may do it gets past the door (what comes of it is another test's matter).
BODIES = {
    "/v1/orders": "an order", "/v1/quotes": "an order", "/v1/guests": {}, "/v1/login": {"login": "a", "password": "b"},
    "/v1/token": {"grant_type": "implicit"}, "/v1/orders/{order_id}": {"items": [{"product_id": "prd_x", "qty": 1}]},
    "/v1/orders/{order_id}/transition": {"to_status": "DELIVERED", "expected_status": "PLACED"},
    "/v1/payments/{payment_id}/refunds": {"reason": "r"}, "/v1/payments/{payment_id}/refunds/preview": {},
    "/v1/stores/{store_id}/intake": {"prep_minutes": 6},
    "/v1/stores/{store_id}/capture": {"capture_mode": "AUTOMATIC"},
    "/v1/stores/{store_id}/deadlines": {},
    "/v1/stores/{store_id}/reconciliations": {"mend": "LIST"},
    "/v1/stores/{store_id}/differences/{difference_id}/resolve": {"note": "n"},
    "/v1/stores/{store_id}/products/{product_id}/availability": {"state": "AVAILABLE"},
    "/v1/stores/{store_id}/modifiers/{modifier_id}/availability": {"state": "AVAILABLE"},
    "/v1/stores/{store_id}/tickets/{ticket_id}/bump": {"from_state": "CLOSED"},
    "/v1/stores/{store_id}/tickets/{ticket_id}/undo": {"to_state": "CLOSED"},
    "/v1/stores/{store_id}/tickets/{ticket_id}/lines/{line_id}/made": {"made": False},
    "/v1/orders/{order_id}/shortages/{shortage_id}/choice": {"choice": "SUBSTITUTE"},
    "/v1/orders/{order_id}/cancel": {"reason": "\u0000"},
}  # fmt: skip


def routes() -> Iterator[tuple[str, str]]:
    """Every route of the application as (method, path template)."""
    for route in make_litestar(None, None).routes:
        if route.path_format.startswith(SKIPPED):
            continue
        if isinstance(route, WebSocketRoute):
            yield "WEBSOCKET", route.path_format
        elif isinstance(route, HTTPRoute):
            yield from ((method, route.path_format) for method in sorted(route.methods - {"OPTIONS", "HEAD"}))


ROUTES = sorted(routes(), key=lambda each: (each[1], each[0]))


@pytest.fixture(scope="module")
def named(live: Live) -> dict[str, str]:
    """What stands in the places of a path: things of our store, ordered by `guest`."""
    order, online = live.place(), live.place(pay_mode="ONLINE")
    ticket = live.ticket_of(order["order_id"])
    line = f"/v1/orders/{order['order_id']}/lines/{order['lines'][0]['line_id']}"
    shortages = live.ask("POST", f"{line}/unavailable", "barista", json={}).json()["shortages"]
    slug = live.ask("GET", f"/v1/stores/{live.names['store']}").json()["slug"]
    return {
        "store_id": live.names["store"], "product_id": live.names["product"], "modifier_id": live.names["modifier"],
        "order_id": order["order_id"], "payment_id": online["payment"]["payment_id"], "ticket_id": ticket["ticket_id"],
        "line_id": order["lines"][0]["line_id"], "slug": slug, "token": order["tracking_url"].rpartition("/")[2],
        "item_id": "1", "refund_id": ids.show("ref", ids.new_id(0)), "difference_id": difference(live),
        "shortage_id": shortages[0]["shortage_id"],
    }  # fmt: skip


def difference(live: Live) -> str:
    """Something that differs from the provider's ledger at our store."""
    name = ids.new_id(ids.home_of(ids.parse("sto", live.names["store"])))
    with psycopg.connect(live.database_url, autocommit=True) as connection:
        connection.execute(
            "insert into differences (merchant_id, store_id, difference_id, code, state, object_ref, found_at, seen_at)"
            " select merchant_id, store_id, %s, 'REFUND_THERE', 'OPEN', %s, now(), now() from stores where store_id = %s",
            [name, name.hex, ids.parse("sto", live.names["store"])],
        )
    return ids.show("dif", name)


def verdict(answer: httpx.Response) -> str:
    if answer.status_code == 303 and "login" in answer.headers["location"]:
        return "303"
    assert answer.status_code < 500, answer.text
    return str(answer.status_code) if answer.status_code in (401, 403, 404) else "may"


def asked(live: Live, method: str, template: str, path: str, who: str) -> str:
    """What becomes of a call."""
    headers = live.callers[who].headers
    if method == "WEBSOCKET":
        return socket_verdict(live, path, headers)
    if path.endswith(STREAMS):
        with live.client.stream("GET", path, headers=headers) as answer:
            return verdict(answer)
    body = BODIES.get(template, {} if method != "GET" else None)
    content = live.order() if body == "an order" else body
    return verdict(live.ask(method, path, who, json=content))


def socket_verdict(live: Live, path: str, headers: dict[str, str]) -> str:
    with connect(live.url.replace("http", "ws", 1) + path, additional_headers=headers) as socket:
        try:
            socket.recv(timeout=5)
        except ConnectionClosed as closed:
            return str(closed.code - 4000) if closed.code > 4000 else str(closed.code)
        return "may"


@pytest.fixture(scope="module")
def table(live: Live, named: dict[str, str], request: pytest.FixtureRequest) -> dict[str, dict[str, str]]:
    """What every caller gets at every route right now; written down when asked to."""
    found = {
        f"{method} {template}": {who: asked(live, method, template, template.format(**named), who) for who in CALLERS}
        for method, template in ROUTES
    }
    if request.config.getoption("--write-contracts"):
        lines = ",\n".join(f"  {json.dumps(route)}: {json.dumps(row)}" for route, row in found.items())
        TABLE.write_text(f"{{\n{lines}\n}}\n")
    return found


def test_every_route_is_in_the_table_and_no_other(table: dict[str, dict[str, str]]) -> None:
    assert set(json.loads(TABLE.read_text())) == set(table)


@pytest.mark.parametrize("route", [f"{method} {template}" for method, template in ROUTES])
def test_a_route_lets_in_whom_the_table_lets_in(table: dict[str, dict[str, str]], route: str) -> None:
    assert table[route] == json.loads(TABLE.read_text())[route]


def test_the_table_keeps_strangers_out_of_the_kitchen_and_the_money() -> None:
    """The table itself is checked: a wrong line in it would make everything else pass."""
    wanted = json.loads(TABLE.read_text())
    for route, row in wanted.items():
        if (
            "/tickets/" in route
            or "/queue" in route
            or route.endswith(("/intake", "/capture", "/deadlines"))
            or MONEY.search(route)
        ):
            assert {row["anonymous"], row["guest"], row["barista elsewhere"]} <= {"303", "401", "403", "404"}, route
        if " /manage/" in route:
            assert row["anonymous"] == "303", route
            assert {row["guest"], row["barista"], row["barista elsewhere"]} <= {"303", "403", "404"}, route
        elif "{order_id}" in route or "{payment_id}" in route or "/tickets/" in route:
            assert row["anonymous"] == "401", route
            assert row["other guest"] in ("403", "404"), route
        if "{store_id}" in route or "{order_id}" in route or "{payment_id}" in route:
            public = (
                "GET /v1/stores/{store_id}",
                "GET /v1/stores/{store_id}/menu",
                "GET /v1/stores/{store_id}/screen/stream",
            )
            assert row["other merchant's admin"] == "404" or route in public, route
    assert wanted["POST /v1/payments/{payment_id}/refunds"]["barista"] == "403"
    assert wanted["POST /v1/stores/{store_id}/reconciliations"]["barista"] == "403"
