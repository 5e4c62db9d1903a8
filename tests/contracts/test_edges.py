"""The edges of HTTP: methods, addresses, queries, headers, limits; each refusal a document, each answer with its headers."""

import json
import socket
import time
from collections.abc import Iterator

import pytest

from tests.conftest import SECRET
from tests.contracts import live as launcher
from tests.contracts.conftest import Refused
from tests.contracts.live import Live
from tests.simulators import http as clients
from tests.simulators.nursery import Nursery


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/", "/v1/nothing", "/v1/orders/x/y/z", "/v2/orders", "/v1/orders%2f..", "/.env"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_address_that_is_not_there_is_a_document(live: Live, refused: Refused, method: str, path: str) -> None:
    assert refused(live.ask(method, path), 404, 405)["code"] in ("not_found", "method_not_allowed")


@pytest.mark.parametrize(("method", "path"), [
    ("PUT", "/v1/orders"), ("DELETE", "/v1/orders"), ("POST", "/v1/stores"), ("PATCH", "/v1/login"), ("GET", "/v1/login"),
    ("DELETE", "/v1/stores/x/menu"), ("TRACE", "/v1/stores"), ("PROPFIND", "/v1/stores"), ("POST", "/healthz"),
])  # fmt: skip
def test_a_method_that_is_not_taken_is_a_405_with_those_that_are(
    live: Live, refused: Refused, method: str, path: str
) -> None:
    answer = live.ask(method, path)

    assert refused(answer, 405)["code"] == "method_not_allowed"
    assert answer.headers["allow"]


@pytest.mark.parametrize(
    "path", ["/v1/stores", "/healthz", "/openapi.json", "/v1/stores/{store}/menu", "/v1/me", "/v1/stores/x/menu"]
)
def test_head_is_get_without_the_body(live: Live, path: str) -> None:
    address = path.format(store=live.names["store"])
    got, headed = live.ask("GET", address), live.ask("HEAD", address)

    assert (headed.status_code, headed.content) == (got.status_code, b"")
    assert headed.headers["content-type"] == got.headers["content-type"]
    assert headed.headers.get("content-length") == got.headers.get("content-length")
    assert headed.headers.get("etag") == got.headers.get("etag")


def test_head_of_a_stream_ends(live: Live) -> None:
    answer = live.ask("HEAD", f"/v1/stores/{live.names['store']}/screen/stream", "anonymous")

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_options_says_which_methods_there_are_and_lets_no_other_origin_in(live: Live) -> None:
    headers = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    answer = live.ask("OPTIONS", "/v1/orders", headers=headers)

    assert answer.status_code == 204
    assert {"GET", "POST"} <= set(answer.headers["allow"].replace(" ", "").split(","))
    assert not [name for name in answer.headers if name.startswith("access-control")]
    got = live.ask("GET", "/v1/stores", headers={"origin": "https://evil.example"})
    assert not [name for name in got.headers if name.startswith("access-control")]


def test_a_slash_at_the_end_is_the_same_address(live: Live) -> None:
    assert live.ask("GET", "/v1/stores/").status_code == 200
    placed = live.ask("POST", "/v1/orders/", json=live.order())
    assert placed.status_code == 201


def test_a_browser_gets_a_page_where_there_is_nothing_and_a_client_a_document(live: Live, refused: Refused) -> None:
    page = live.client.get("/nothing/here", headers={"accept": "text/html,*/*;q=0.8"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "content-security-policy" in page.headers
    refused(live.client.get("/nothing/here", headers={"accept": "application/json"}), 404)
    refused(live.client.get("/v1/nothing", headers={"accept": "text/html"}), 404)


CURSORS = ("", "x", "%00", "W10", "bnVsbA", "WyJ4Il0", "W251bGxd", "é", "=" * 9, "W1swXV0", "WzFlOTk5XQ", "x" * 8000,
    "WzEyMzQ1Njc4OTAxMjM0NTY3ODkwMTJd", "Wy0xXQ", "WyIiXQ")  # fmt: skip
LIMITS = ("1000", "101", "0", "-1", "x", "1.5", "", "99999999999999999999", "%00", "NaN", " 1", "٣")


@pytest.mark.parametrize("path", ["/v1/stores", "/v1/orders"])
def test_a_strange_limit_or_cursor_is_refused(live: Live, refused: Refused, path: str) -> None:
    for limit in LIMITS:
        answer = live.ask("GET", f"{path}?limit={limit}")
        if not (limit in (" 1", "٣") and answer.status_code == 200):
            refused(answer, 400, 422, about=limit)
    assert refused(live.ask("GET", f"{path}?limit=1000"), 422)["code"] == "invalid"
    for cursor in CURSORS:
        answer = live.ask("GET", f"{path}?cursor={cursor}")
        if answer.status_code != 200:
            refused(answer, 400, 422, about=cursor)
    assert live.ask("GET", f"{path}?cursor=x").status_code == 400


QUERIES = (
    "status=X", "status=PLACED,,X", "status=%00", "store_id=x", "store_id=%00", "customer_id=x", "customer_id=%00",
    "q=%00", "q=%ff",
    "q=%ED%A0%80", "q=" + "x" * 5000, "q=%E2%80%AE", "from=x", "from=2026-13-01", "from=99999-01-01T00:00:00Z",
    "from=0001-01-01T00:00:00",
    "to=9999-12-31T23:59:59Z", "from=%00", "to=", "from=1e999", "q=9999999999999", "q='--", "status[]=x",
    "limit=1&limit=x", "%00=1", "a=%",
    "from=0001-01-01T00:00:00%2B14:00", "to=9999-12-31T23:59:59-14:00", "from=2026-01-01", "from=1", "q=%25%25%25",
    "q=_", "q=%5C",
)  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("who", ["guest", "barista", "manager"])
def test_a_strange_query_is_refused_or_finds_nothing(live: Live, refused: Refused, who: str, query: str) -> None:
    for path in ("/v1/orders", f"/v1/stores/{live.names['store']}/queue"):
        for more in ("", f"&store_id={live.names['store']}"):
            answer = live.ask("GET", f"{path}?{query}{more}", who)
            if answer.status_code != 200:
                refused(answer, 400, 403, 404, 422, about=(path, query))


@pytest.mark.parametrize("value", ["x", "-1", "99999999999999999999", "1.5", "0", "1e9", "9" * 400])
def test_a_strange_last_event_id_begins_anew(live: Live, value: str) -> None:
    path = f"/v1/stores/{live.names['store']}/queue/stream"
    headers = live.callers["barista"].headers | {"last-event-id": value}
    with live.client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200
        assert next(answer.iter_lines())


@pytest.mark.parametrize("header", ["if-match", "if-none-match"])
def test_strange_preconditions_never_fail_us(live: Live, refused: Refused, header: str) -> None:
    order = live.place()["order_id"]
    change = {"items": [{"product_id": live.names["product"], "qty": 2}]}
    for value in (
        "",
        "*",
        '"',
        "W/",
        'W/"',
        '"x"',
        '"-1"',
        '"' + "9" * 30 + '"',
        "a,b,c",
        '"1", "2"',
        ",,,",
        "²",
        "\udcb2",
    ):
        raw = value.encode("utf-8", "surrogateescape")  # the last one is a ² as most servers read a header
        answer = live.ask("PATCH", f"/v1/orders/{order}", json=change, headers={header: raw})  # type: ignore[dict-item]
        if answer.status_code != 200:
            refused(answer, 412, about=value)
        assert live.ask("GET", f"/v1/orders/{order}", headers={header: raw}).status_code in (200, 304)  # type: ignore[dict-item]


def test_an_order_is_changed_by_who_has_seen_how_it_is_now(live: Live, refused: Refused) -> None:
    order = live.place()["order_id"]
    change = {"items": [{"product_id": live.names["product"], "qty": 2}]}
    old = live.ask("GET", f"/v1/orders/{order}").headers["etag"]

    for seen in (old, "*", '"7", "3-"', '"4"'):
        answer = live.ask("PATCH", f"/v1/orders/{order}", json=change, headers={"if-match": seen})
        assert answer.status_code == 200, seen

    refused(live.ask("PATCH", f"/v1/orders/{order}", json=change, headers={"if-match": old}), 412)


def test_every_answer_says_that_it_is_what_it_says(live: Live) -> None:
    for path in ("/v1/stores", f"/v1/stores/{live.names['store']}/menu", "/v1/nothing", "/v1/me", "/healthz", "/"):
        answer = live.ask("GET", path, "anonymous")
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["x-request-id"]
        assert "server" not in answer.headers
    for path in ("/v1/me", "/v1/orders"):
        assert live.ask("GET", path).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("given", "kept"), [
    ("a-good-request-id.1", True), ("short", False), ("x" * 65, False), ("with space here", False),
    ("<script>alert(1)</script>", False),
])  # fmt: skip
def test_a_request_id_is_taken_when_it_is_plain(live: Live, given: str, kept: bool) -> None:
    answer = live.ask("GET", "/v1/me", "anonymous", headers={"x-request-id": given})

    assert (answer.headers["x-request-id"] == given) is kept
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def raw(live: Live, *chunks: bytes, pause: float = 0.0) -> bytes:
    """What comes back for bytes on the wire."""
    host, port = live.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as wire:
        for chunk in chunks:
            wire.sendall(chunk)
            time.sleep(pause)
        wire.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while more := wire.recv(65536):
                answer += more
        except (TimeoutError, ConnectionResetError):
            pass
        return answer


HEAD = b"POST /v1/guests HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"


@pytest.mark.parametrize("wire", [
    HEAD + b"content-length: 10\r\n\r\n{}", HEAD + b"content-length: -1\r\n\r\n{}", HEAD + b"content-length: x\r\n\r\n{}",
    HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}", HEAD + b"transfer-encoding: chunked\r\n\r\nZZ\r\n{}\r\n",
    HEAD + b"transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
    b"\x00\x01\x02\r\n\r\n",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 5000 + b"\r\n",
    b"GET /v1/stores HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 100_000 + b"\r\n\r\n",
    HEAD + b"content-length: 99999999999999999999\r\n\r\n",
    b"GET http://evil.example/v1/stores HTTP/1.1\r\nhost: x\r\n\r\n", b"GET /v1/st\xffres HTTP/1.1\r\nhost: x\r\n\r\n",
])  # fmt: skip
def test_broken_http_never_fails_us(live: Live, wire: bytes) -> None:
    answer = raw(live, wire)

    assert b" 500 " not in answer.partition(b"\r\n")[0]
    assert live.ask("GET", "/healthz").status_code == 200


def test_a_body_that_breaks_off_leaves_nothing(live: Live) -> None:
    before = live.counts()
    token = live.callers["guest"].headers["authorization"].encode()
    body = json.dumps(live.order()).encode()
    head = b"POST /v1/orders HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nidempotency-key: cut\r\nauthorization: "
    raw(live, head + token + b"\r\ncontent-length: " + str(len(body)).encode() + b"\r\n\r\n" + body[:50])
    time.sleep(0.2)

    assert live.counts() == before
    assert live.ask("GET", "/healthz").status_code == 200


LIMIT = 5


@pytest.fixture(scope="module")
def limited(live: Live, born: Nursery) -> Iterator[str]:
    port = launcher.free_port()
    environ = launcher.environment(
        live.database_url,
        SECRET,
        port,
        int(live.provider_url.rpartition(":")[2]),
        BOTTEGA_RATE_LIMIT=str(LIMIT),
    )
    with born.runs("web", environ):
        url = f"http://127.0.0.1:{port}"
        launcher.wait_until_ready(url)
        yield url


def test_over_the_limit_is_a_429_that_says_when_to_come_back(live: Live, limited: str, refused: Refused) -> None:
    headers = live.callers["guest"].headers
    answers = [clients.get(f"{limited}/v1/me", headers=headers) for _ in range(LIMIT + 3)]

    assert [answer.status_code for answer in answers] == [200] * LIMIT + [429] * 3
    assert refused(answers[-1], 429)["code"] == "rate_limited"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    for answer in answers:
        assert answer.headers["ratelimit-policy"] == f'"default";q={LIMIT};w=60'
        assert answer.headers["ratelimit"].startswith('"default";r=')
    assert answers[0].headers["ratelimit"].startswith(f'"default";r={LIMIT - 1};t=')
    assert answers[-1].headers["x-content-type-options"] == "nosniff"


def test_a_forwarded_address_of_nobody_trusted_buys_nothing(limited: str) -> None:
    statuses = [
        clients.get(
            f"{limited}/v1/stores/x",
            headers={"x-forwarded-for": f"10.0.0.{n}", "forwarded": f"for=10.0.0.{n}", "x-real-ip": f"10.0.0.{n}"},
        ).status_code
        for n in range(LIMIT + 3)
    ]

    assert statuses[-3:] == [429] * 3


def test_an_invented_token_for_each_request_buys_nothing(limited: str) -> None:
    for attempt in range(LIMIT + 30):
        headers = {"authorization": f"Bearer invented-{attempt}"}
        last = clients.get(f"{limited}/v1/me", headers=headers)

    assert last.status_code == 429


def test_another_spelling_of_an_address_is_counted_as_well(live: Live, limited: str) -> None:
    headers = live.callers["other guest"].headers
    paths = [
        "/v1/me",
        "/v1/me/",
        "/v1//me",
        "/V1/ME",
        "/v1/me?x=1",
        "/v1/%6de",
        "/healthz/../v1/me",
        "/static/../v1/me",
    ]
    statuses = [clients.get(limited + path, headers=headers).status_code for path in paths]

    assert statuses[-1] == 429 or 429 in statuses


def test_the_provider_and_the_probes_are_not_limited(limited: str) -> None:
    for _ in range(LIMIT + 3):
        assert clients.get(f"{limited}/healthz").status_code == 200
        assert clients.post(f"{limited}/v1/payments/webhook", content=b"{}").status_code == 400


def test_nothing_that_was_asked_for_here_is_in_the_log_as_a_failure_of_ours(live: Live) -> None:
    """The last word: all of these files together made the processes say `unforeseen` not once."""
    assert live.log.exists()
    failures = [line for line in live.log.read_text().splitlines() if '"unforeseen"' in line]

    assert not failures, failures[0][:2000]
