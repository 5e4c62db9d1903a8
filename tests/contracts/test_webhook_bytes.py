"""A genuine event is taken by its raw bytes, however its JSON is written, and while the signing secret is changed."""

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
