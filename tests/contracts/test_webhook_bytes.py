"""A genuine event is taken by its raw bytes, however its JSON is written, and while the signing secret is changed; what
it says of whose payment it is counts only where that is so.
"""

import json
import random
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.contracts.live import WEBHOOK_SECRET, Live
from tests.contracts.test_webhooks import deliver, event, mac, signed
from tests.simulators.long import times

OLDER = "whsec_older"


@pytest.fixture(scope="module")
def told(live: Live) -> dict:
    """A genuine event about an unpaid order."""
    return event(live, live.place(pay_mode="ONLINE"), "payment_intent.processing")


def _fresh(told: dict, **more: object) -> dict:
    return told | {"id": f"evt_{uuid.uuid4().hex}"} | more


def _written(told: dict) -> Iterator[tuple[str, bytes]]:
    """The same event as different programs write it: (case, body)."""
    strange = {"description": "Caffè ☕ 👩‍🍳 \u2028 \u00e9 e\u0301"}
    yield "compact", json.dumps(_fresh(told), separators=(",", ":")).encode()
    yield "indented", json.dumps(_fresh(told), indent=4).encode()
    yield "spaced", b" \r\n\t" + json.dumps(_fresh(told), separators=(" , ", " : ")).encode() + b"\n\n"
    yield "letters as they are", json.dumps(_fresh(told, **strange), ensure_ascii=False).encode()
    yield "letters escaped", json.dumps(_fresh(told, **strange), ensure_ascii=True).encode()
    yield "slashes escaped", json.dumps(_fresh(told, url="https://a/b")).replace("/", "\\/").encode()
    yield "another order of fields", json.dumps(dict(reversed(_fresh(told).items()))).encode()


def test_the_bytes_that_were_signed_are_the_bytes_that_are_kept(live: Live, told: dict) -> None:
    for case, body in _written(told):
        assert deliver(live, body, signed(body)).status_code == 200, case
        with psycopg.connect(live.database_url) as connection:
            found = connection.execute(
                "select body from provider_events where event_id = %s", [json.loads(body)["id"]]
            ).fetchone()
        assert found is not None, case
        assert bytes(found[0]) == body, case
        again = json.dumps(json.loads(body), separators=(",", ":")).encode() + b" "
        assert deliver(live, again, signed(body)).status_code == 400, f"{case}: written anew, it is not what was signed"


def test_no_genuine_event_is_refused_while_the_secret_is_changed(live: Live, told: dict) -> None:
    count, chooser = times(120, 5_000), random.Random(18)
    # First the old secret, then the provider signs with both for a while, then the new one alone; some come late.
    ways = sorted(range(count), key=lambda place: place + chooser.uniform(0, count / 4))

    def send(place: int) -> tuple[str, int]:
        body, stamp = json.dumps(_fresh(told)).encode(), str(int(time.time()))
        secrets = (
            [OLDER] if place < count / 3 else [OLDER, WEBHOOK_SECRET] if place < 2 * count / 3 else [WEBHOOK_SECRET]
        )
        chooser.shuffle(secrets)
        marks = ",".join(f"v1={mac(body, stamp, secret)}" for secret in secrets)
        return json.loads(body)["id"], deliver(live, body, f"t={stamp},{marks}").status_code

    with ThreadPoolExecutor(8) as pool:
        answers = dict(pool.map(send, ways))

    assert set(answers.values()) == {200}
    with psycopg.connect(live.database_url) as connection:
        row = connection.execute("select count(*) from provider_events where event_id = any(%s)", [list(answers)])
        assert row.fetchone() == (count,)


def test_an_event_that_calls_another_merchants_payment_ours_moves_neither(live: Live) -> None:
    who = "other merchant's guest"
    wish = {"store_id": live.names["other store"], "fulfillment_type": "PICKUP", "pay_mode": "ONLINE",
            "items": [{"product_id": live.names["other product"], "qty": 1}]}  # fmt: skip
    theirs = live.ask("POST", "/v1/orders", who, json=wish).json()
    ours = live.place(pay_mode="ONLINE")
    named, lie = event(live, ours), event(live, theirs)
    lie["data"]["object"]["metadata"] = named["data"]["object"]["metadata"]
    body = json.dumps(lie).encode()
    before = live.counts()["payment_entries"]

    assert deliver(live, body, signed(body)).status_code == 200
    time.sleep(0.5)

    assert live.counts()["payment_entries"] == before
    assert live.ask("GET", f"/v1/orders/{ours['order_id']}").json()["status"] == "PLACED"
    assert live.ask("GET", f"/v1/orders/{theirs['order_id']}", who).json()["status"] == "PLACED"


def test_a_key_of_another_merchant_is_another_key(live: Live) -> None:
    key, who = str(uuid.uuid4()), "other merchant's guest"
    wish = {"store_id": live.names["other store"], "fulfillment_type": "PICKUP", "pay_mode": "AT_STORE",
            "items": [{"product_id": live.names["other product"], "qty": 1}]}  # fmt: skip
    mine = live.ask("POST", "/v1/orders", key=key, json=live.order())
    theirs = live.ask("POST", "/v1/orders", who, key=key, json=wish)

    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert "idempotency-replayed" not in theirs.headers
    assert mine.json()["order_id"] != theirs.json()["order_id"]
