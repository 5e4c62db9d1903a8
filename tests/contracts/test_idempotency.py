"""One key, one order: however often, however fast and however wrongly it is sent."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contracts.conftest import Refused
from tests.contracts.live import Live


def test_ten_posts_of_one_key_at_once_make_one_order_and_ten_equal_answers(live: Live) -> None:
    key, body, before = str(uuid.uuid4()), live.order(), live.counts()["orders"]

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: live.ask("POST", "/v1/orders", key=key, json=body), range(10)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert [answer.headers.get("idempotency-replayed") for answer in answers].count("true") == 9
    assert live.counts()["orders"] == before + 1


def test_ten_online_orders_of_one_key_at_once_open_one_payment(live: Live) -> None:
    key, body, before = str(uuid.uuid4()), live.order(pay_mode="ONLINE"), live.counts()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: live.ask("POST", "/v1/orders", key=key, json=body), range(10)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1, {answer.text for answer in answers}
    after = live.counts()
    assert (after["orders"], after["payments"]) == (before["orders"] + 1, before["payments"] + 1)


def test_a_repeat_gets_the_first_bytes_again_even_after_the_order_moved_on(live: Live) -> None:
    key, body = str(uuid.uuid4()), live.order()
    first = live.ask("POST", "/v1/orders", key=key, json=body)
    step = {"to_status": "IN_PROGRESS", "expected_status": "PLACED"}
    live.ask("POST", f"/v1/orders/{first.json()['order_id']}/transition", "barista", json=step)

    again = live.ask("POST", "/v1/orders", key=f'"{key}"', json=body)

    assert (again.status_code, again.content) == (201, first.content)
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "true")


def test_a_repeat_of_a_paid_order_gets_the_first_bytes_again(live: Live) -> None:
    key, body = str(uuid.uuid4()), live.order(pay_mode="ONLINE")
    first = live.ask("POST", "/v1/orders", key=key, json=body)
    live.pay(first.json())

    again = live.ask("POST", "/v1/orders", key=key, json=body)

    assert again.content == first.content


def test_the_same_order_written_in_other_json_is_the_same(live: Live) -> None:
    key, body = str(uuid.uuid4()), live.order()
    first = live.ask("POST", "/v1/orders", key=key, json=body)
    spaced = json.dumps(dict(reversed(body.items())), indent=4)

    again = live.ask("POST", "/v1/orders", key=key, content=spaced, headers={"content-type": "application/json"})

    assert again.content == first.content


def test_the_same_key_with_another_body_is_refused_and_changes_nothing(live: Live, refused: Refused) -> None:
    key = str(uuid.uuid4())
    first = live.ask("POST", "/v1/orders", key=key, json=live.order())
    before = live.counts()

    for changed in ({"contact": {"name": "Eve"}}, {"pay_mode": "ONLINE"}, {"fulfillment_type": "IN_STORE"}):
        answer = live.ask("POST", "/v1/orders", key=key, json=live.order(**changed))
        assert refused(answer, 422)["code"] == "idempotency_key_reused"

    assert live.counts() == before
    assert live.ask("POST", "/v1/orders", key=key, json=live.order()).content == first.content


def test_two_bodies_racing_for_one_key_make_one_order(live: Live) -> None:
    before = live.counts()["orders"]
    for _ in range(5):
        key = str(uuid.uuid4())
        bodies = [live.order(contact={"name": f"N{i}"}) for i in range(6)]

        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda body, key=key: live.ask("POST", "/v1/orders", key=key, json=body), bodies))

        assert sorted(answer.status_code for answer in answers) == [201] + [422] * 5
    assert live.counts()["orders"] == before + 5


def test_a_key_belongs_to_who_sent_it(live: Live) -> None:
    key = str(uuid.uuid4())
    mine = live.ask("POST", "/v1/orders", "guest", key=key, json=live.order())
    theirs = live.ask("POST", "/v1/orders", "other guest", key=key, json=live.order())

    assert theirs.status_code == 201
    assert theirs.json()["order_id"] != mine.json()["order_id"]
    assert "idempotency-replayed" not in theirs.headers


WRONG_KEYS = {
    "missing": None, "empty": b"", "quotes": b'""', "too long": b"k" * 256, "too long in quotes": b'"' + b"k" * 256 + b'"',
    "control": b"a\x01b", "tab": b"a\tb", "delete": b"a\x7fb", "latin": "clé".encode("latin-1"), "utf-8": "ключ".encode(),
}  # fmt: skip
UNREADABLE = "Invalid HTTP request received."  # the HTTP parser's own 400: such a header is no HTTP at all
KEYED = (
    "place",
    "cancel",
    "transition",
    "payment",
    "refund",
    "bump",
    "recall",
    "acknowledge",
    "availability",
    "intake",
    "reconcile",
)


@pytest.fixture(scope="module")
def keyed(live: Live) -> dict[str, tuple[str, str, dict | None]]:
    """Calls that need a key: (path, who, body)."""
    order = live.place(pay_mode="ONLINE")
    ticket = live.ticket_of(live.place()["order_id"])
    path, store = f"/v1/orders/{order['order_id']}", f"/v1/stores/{live.names['store']}"
    tickets, product = f"{store}/tickets/{ticket['ticket_id']}", live.names["product"]
    move = {"to_status": "IN_PROGRESS", "expected_status": "PLACED"}
    return {
        "place": ("/v1/orders", "guest", live.order()),
        "cancel": (f"{path}/cancel", "guest", {}),
        "transition": (f"{path}/transition", "barista", move),
        "payment": (f"{path}/payment", "guest", None),
        "refund": (f"/v1/payments/{order['payment']['payment_id']}/refunds", "manager", {"reason": "r"}),
        "bump": (f"{tickets}/bump", "barista", {"from_state": "QUEUED"}),
        "recall": (f"{tickets}/recall", "barista", None),
        "acknowledge": (f"{tickets}/acknowledge", "barista", None),
        "availability": (f"{store}/products/{product}/availability", "barista", {"state": "AVAILABLE"}),
        "intake": (f"{store}/intake", "barista", {"prep_minutes": 6}),
        "reconcile": (f"{store}/reconciliations", "manager", {"mend": "LIST"}),
    }


@pytest.mark.parametrize("name", KEYED)
def test_a_missing_or_broken_key_is_refused_and_changes_nothing(live: Live, keyed, refused: Refused, name: str) -> None:
    path, who, body = keyed[name]
    before = live.counts()

    for case, key in WRONG_KEYS.items():
        headers = {} if key is None else {"idempotency-key": key}
        answer = live.ask("POST", path, who, key="", json=body, headers=headers)  # type: ignore[arg-type]
        code = "idempotency_key_missing" if key is None else "idempotency_key_invalid"
        if answer.text == UNREADABLE:
            assert case in ("control", "delete")
        else:
            assert refused(answer, 400, about=case)["code"] == code

    assert live.counts() == before


@pytest.mark.parametrize("key", ["k", "k" * 255, "a b", "~!@#$%^&*()_+[]{}|;:,.<>?/", "a'b", '"' + "k" * 255 + '"'])
def test_1_to_255_printable_characters_are_a_key(live: Live, key: str) -> None:
    first = live.ask("POST", "/v1/orders", "other guest", key=key, json=live.order())
    quoted = key if key.startswith('"') else f'"{key}"'
    again = live.ask("POST", "/v1/orders", "other guest", key=quoted, json=live.order())

    assert first.status_code == again.status_code == 201
    assert again.content == first.content


def test_a_repeated_move_is_answered_again_without_moving_twice(live: Live) -> None:
    key, order = str(uuid.uuid4()), live.place()["order_id"]
    step = {"to_status": "IN_PROGRESS", "expected_status": "PLACED"}

    answers = [live.ask("POST", f"/v1/orders/{order}/transition", "barista", key=key, json=step) for _ in range(3)]

    assert len({answer.content for answer in answers}) == 1
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true", "true"]
    assert len(live.ask("GET", f"/v1/orders/{order}").json()["history"]) == 2
