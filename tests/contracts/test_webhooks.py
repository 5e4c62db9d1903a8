"""The provider's events are believed by their signature alone: whatever is forged is a 400 and leaves no trace."""

import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from tests.contracts.conftest import Refused
from tests.contracts.live import WEBHOOK_SECRET, Live

PATH = "/v1/payments/webhook"


def mac(body: bytes, stamp: str, secret: str = WEBHOOK_SECRET) -> str:
    """The provider's signature of a body: HMAC-SHA256 of timestamp, dot, raw body."""
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def signed(body: bytes, at: float | None = None, secret: str = WEBHOOK_SECRET) -> str:
    """The header of a genuine delivery."""
    stamp = str(int(time.time() if at is None else at))
    return f"t={stamp},v1={mac(body, stamp, secret)}"


def event(live: Live, order: dict, kind: str = "payment_intent.succeeded") -> dict:
    """An event about the payment of an online order, as the provider writes it."""
    intent = order["payment"]["client_secret"].partition("_secret")[0]
    with psycopg.connect(live.database_url) as connection:
        row = connection.execute(
            "select merchant_id::text, store_id::text, payment_id::text from payments where provider_ref = %s", [intent]
        ).fetchone()
    assert row is not None
    metadata = dict(zip(("merchant_id", "store_id", "payment_id"), row, strict=True))
    thing = {"id": intent, "object": "payment_intent", "status": "succeeded", "amount": order["total"],
             "amount_received": order["total"], "metadata": metadata}  # fmt: skip
    return {"id": f"evt_{uuid.uuid4().hex}", "object": "event", "type": kind, "data": {"object": thing}}


def deliver(live: Live, body: bytes, header: str | None) -> httpx.Response:
    headers = {"content-type": "application/json"} | ({} if header is None else {"stripe-signature": header})
    return live.client.post(PATH, content=body, headers=headers)


def kept(live: Live) -> int:
    return live.counts()["provider_events"]


def forgeries(body: bytes) -> Iterator[tuple[str, bytes, str | None]]:
    """More than 200 ways of not being the provider: (case, body, header)."""
    now = int(time.time())
    stamp, good = str(now), mac(body, str(now))
    yield from (
        (f"header {text!r}", body, text) for text in (None, "", "t", "t=", "v1=", ",", "=", "t=,v1=", "x" * 4000)
    )
    yield from (
        (f"no t {text}", body, text) for text in (f"v1={good}", f"t={stamp}", f"t={stamp},v1=", f"t={stamp},v1=0")
    )
    yield from (
        (f"scheme {name}", body, f"t={stamp},{name}={good}") for name in ("v0", "v2", "V1", "v01", "v1 ", " v1x", "sig")
    )
    yield from (
        (f"timestamp {text!r}", body, f"t={text},v1={mac(body, text)}")
        for text in (
            "x",
            "-1",
            "0",
            "1e9",
            "1.5",
            " ",
            f"+{now}",
            f" {now}x",
            "٣",
            "9" * 30,
            "0x1",
            f"{now}.0",
            "nan",
            f"-{now}",
        )
    )
    yield from ((f"late by {s}", body, signed(body, now - s)) for s in (301, 302, 600, 3600, 86400, 10**6, 10**8, now))
    yield from ((f"early by {s}", body, signed(body, now + s)) for s in (65, 70, 120, 300, 3600, 86400, 10**6, 10**9))
    yield from (
        (f"two t {first} {second}", body, f"t={first},t={second},v1={mac(body, str(made))}")
        for first, second in ((now, now), (now, now - 1), (now, now - 4000), (now - 4000, now), (now + 4000, now))
        for made in (first, second)
    )
    yield from (
        (f"secret {secret!r}", body, signed(body, secret=secret))
        for secret in ("", "whsec_", "whsec_lab", WEBHOOK_SECRET[:-1], WEBHOOK_SECRET + "x", WEBHOOK_SECRET.upper(),
                       WEBHOOK_SECRET.removeprefix("whsec_"), "whsec_older,", f"whsec_older,{WEBHOOK_SECRET}",
                       "sk_test_contracts")
    )  # fmt: skip
    yield from ((f"cut to {n}", body, f"t={stamp},v1={good[:n]}") for n in range(0, 64, 3))
    yield from (
        (f"signature and {extra!r}", body, f"t={stamp},v1={good}{extra}") for extra in ("0", "00", "a", ".", "\u00e9")
    )
    for place in range(0, 64, 2):
        turned = format(int(good[place], 16) ^ 1, "x")
        yield f"digit {place} turned", body, f"t={stamp},v1={good[:place]}{turned}{good[place + 1 :]}"
    yield from (
        (f"another hash {name}", body, f"t={stamp},v1={hmac.new(WEBHOOK_SECRET.encode(), text, name).hexdigest()}")
        for name in ("md5", "sha1", "sha512", "sha256")
        for text in (body, stamp.encode() + body, stamp.encode() + b"," + body, body + b"." + stamp.encode())
    )
    yield from (
        (f"body changed: {what}", changed, f"t={stamp},v1={good}")
        for what, changed in re_encoded(body)
    )  # fmt: skip
    for place in range(0, len(body), max(1, len(body) // 60)):
        yield (
            f"byte {place} changed",
            body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :],
            f"t={stamp},v1={good}",
        )


def re_encoded(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The same JSON in other bytes, as a proxy that means well would write it."""
    value = json.loads(body)
    yield "spaced", json.dumps(value).encode()
    yield "indented", json.dumps(value, indent=2).encode()
    yield "sorted", json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    yield "utf-16", body.decode().encode("utf-16")
    yield "bom", b"\xef\xbb\xbf" + body
    yield "cut", body[:-1]
    yield "empty", b""
    yield from ((f"with {extra!r}", body + extra) for extra in (b" ", b"\n", b"\r\n", b"\x00", b"{}", b"\xff"))
    yield "led by a space", b" " + body
    yield "another amount", body.replace(b'"amount"', b'"Amount"')


@pytest.fixture(scope="module")
def genuine(live: Live) -> bytes:
    """The body of a genuine event about an unpaid order."""
    return json.dumps(event(live, live.place(pay_mode="ONLINE")), separators=(",", ":")).encode()


def test_every_forgery_is_refused_and_nothing_is_stored(live: Live, genuine: bytes, refused: Refused) -> None:
    before, cases = live.counts(), list(forgeries(genuine))
    assert len(cases) >= 200

    for case, body, header in cases:
        try:
            answer = deliver(live, body, header)
        except UnicodeEncodeError:
            answer = live.client.post(PATH, content=body, headers={"stripe-signature": header.encode()})  # type: ignore[union-attr]
        assert refused(answer, 400, about=case)["code"] == "signature_refused"

    assert live.counts() == before


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"null", b"[]", b"\xff\xfe", b'{"id":1}', b'{"id":"evt_1","type":"x","data":{}}', b"[" * 50_000, b"\x00",
     b'{"id":"evt_1","type":"x","data":{"object":{"id":null,"object":1}}}',
     b'{"id":"\\ud800","type":"x","data":{"object":{}}}',
     b'{"id":"evt_1","object":"event","type":"x","data":{"object":{"object":"refund","id":1}}}',
     b'{"id":"evt_1","object":"event","type":"x","x":' + b"[" * 50_000 + b"]" * 50_000 + b"}"],
)  # fmt: skip
def test_a_signed_body_that_is_no_event_is_refused_and_nothing_is_stored(
    live: Live, refused: Refused, body: bytes
) -> None:
    before = live.counts()

    refused(deliver(live, body, signed(body)), 400)

    assert live.counts() == before


@pytest.mark.parametrize("value", [
    {"object": "event", "data": {"object": {"object": "balance", "available": []}}},
    {"object": "event", "data": {"object": {"object": "invoice", "id": "in_1", "payment_intent": {"id": "pi_1"}}}},
    {"object": "v2.core.event", "related_object": {"id": "mtr_1", "type": "billing.meter"}},
    {"object": "v2.core.event", "data": None},
])  # fmt: skip
def test_an_event_about_something_else_is_taken_and_not_kept(live: Live, value: dict) -> None:
    body, before = json.dumps({"id": "evt_else", "type": "something.else"} | value).encode(), live.counts()

    assert deliver(live, body, signed(body)).status_code == 200

    assert live.counts() == before


@pytest.mark.parametrize("change", [
    {"id": "evt_" + "x" * 5000}, {"id": "evt_\u0000"}, {"type": "\u0000"}, {"type": "x" * 10_000}, {"id": ""},
])  # fmt: skip
def test_a_signed_event_with_strange_values_is_no_failure_of_ours(live: Live, genuine: bytes, change: dict) -> None:
    body = json.dumps(json.loads(genuine) | {"id": f"evt_{uuid.uuid4().hex}"} | change).encode()

    assert deliver(live, body, signed(body)).status_code in (200, 400)


@pytest.mark.parametrize("metadata", [
    {}, {"merchant_id": "x"}, {"merchant_id": "\u0000"}, {"merchant_id": str(uuid.uuid4()), "store_id": str(uuid.uuid4())},
    {"store_id": str(uuid.uuid4())},
])  # fmt: skip
def test_an_event_about_somebody_elses_payment_moves_nothing(live: Live, genuine: bytes, metadata: dict) -> None:
    value = json.loads(genuine) | {"id": f"evt_{uuid.uuid4().hex}"}
    value["data"]["object"] |= {"metadata": metadata}
    body = json.dumps(value).encode()
    before = live.counts()

    assert deliver(live, body, signed(body)).status_code in (200, 400)

    after = live.counts()
    assert {**after, "provider_events": 0} == {**before, "provider_events": 0}


def test_either_secret_of_a_rotation_is_believed(live: Live) -> None:
    for secret in ("whsec_older", WEBHOOK_SECRET):
        body = json.dumps(event(live, live.place(pay_mode="ONLINE"), "payment_intent.processing")).encode()
        answer = deliver(live, body, signed(body, secret=secret))
        assert (answer.status_code, answer.json()) == (200, {"received": True})


def test_a_genuine_event_that_lies_about_the_state_moves_nothing(live: Live) -> None:
    order = live.place(pay_mode="ONLINE")
    body = json.dumps(event(live, order)).encode()

    assert deliver(live, body, signed(body)).status_code == 200
    time.sleep(0.5)

    assert live.ask("GET", f"/v1/orders/{order['order_id']}").json()["status"] == "PLACED"


def test_a_replayed_webhook_has_no_effect(live: Live) -> None:
    order = live.place(pay_mode="ONLINE")
    live.pay(order)
    live.ticket_of(order["order_id"])
    with psycopg.connect(live.database_url) as connection:
        row = connection.execute(
            "select body, signature from provider_events where type = 'payment_intent.succeeded' "
            "order by received_at desc limit 1"
        ).fetchone()
    assert row is not None
    body, header = bytes(row[0]), str(row[1])
    before = live.counts()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: deliver(live, body, header), range(20)))
    time.sleep(0.5)

    assert {answer.status_code for answer in answers} == {200}
    assert live.counts() == before
    assert live.ask("GET", f"/v1/orders/{order['order_id']}").json()["status"] == "PAID"


def test_the_same_event_signed_anew_has_no_effect_twice(live: Live) -> None:
    order = live.place(pay_mode="ONLINE")
    body = json.dumps(event(live, order, "payment_intent.processing")).encode()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda age: deliver(live, body, signed(body, time.time() - age)), range(20)))

    assert {answer.status_code for answer in answers} == {200}
    with psycopg.connect(live.database_url) as connection:
        stored = connection.execute(
            "select count(*) from provider_events where event_id = %s", [json.loads(body)["id"]]
        )
        assert stored.fetchone() == (1,)


def test_a_webhook_over_the_limit_is_refused(live: Live, refused: Refused) -> None:
    body = b'{"a":"' + b"x" * 1_000_000 + b'"}'

    refused(deliver(live, body, signed(body)), 413)
