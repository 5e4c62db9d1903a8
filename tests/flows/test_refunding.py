"""Managers give money back through the API: by lines, by amount, at the till; what would go back, and what did not arrive."""

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import pytest

from tests.simulators import provider
from tests.simulators.processes import Installation
from tests.simulators.shop import Counter, Json, Person, eventually, intent_of, key, pay


async def _bought(counter: Counter, guest: Person, sandbox: str, qty: int = 3, card: str = "pm_card_visa") -> Json:
    """An order of so many lattes and an espresso, paid online."""
    wish = counter.wish(online=True, qty=qty)
    wish["items"] += [{"product_id": counter.product("espresso")["product_id"], "qty": 1}]
    order = await guest.order(wish)
    await pay(sandbox, intent_of(order), card)
    await guest.waits_for(order["order_id"], "PAID")
    return order


def _refunds(order: Json) -> str:
    return f"/v1/payments/{order['payment']['payment_id']}/refunds"


async def _payment(manager: Person, order: Json) -> Json:
    return (await manager.get(f"/v1/payments/{order['payment']['payment_id']}")).json()


async def _comes_to(look: Callable[[], Awaitable[Json]], **wanted: object) -> Json:
    async def there() -> Json | None:
        seen = await look()
        return seen if all(seen[name] == value for name, value in wanted.items()) else None

    return await eventually(there, 45, f"a payment with {wanted}")


async def test_units_then_an_amount_then_the_rest_add_up_to_the_cent(milano: Counter, running: Installation) -> None:
    guest, manager = await milano.guest(), await milano.manager()
    order = await _bought(milano, guest, running.sandbox.url)
    latte = order["lines"][0]
    by_line = {"reason": "spilt", "lines": [{"line_id": latte["line_id"], "qty": 2}]}

    seen = (await manager.post(f"{_refunds(order)}/preview", by_line)).json()
    untouched = await _payment(manager, order)
    first = (await manager.post(_refunds(order), by_line)).json()
    second = (await manager.post(_refunds(order), {"reason": "slow", "amount": 100})).json()
    rest = (await manager.post(_refunds(order), {"reason": "sorry"})).json()
    again = await manager.post(_refunds(order), {"reason": "sorry"})
    payment = await _comes_to(lambda: _payment(manager, order), status="REFUNDED")

    assert untouched["refunds"] == []
    assert {name: first[name] for name in ("net", "tax", "taxes", "lines")} == {
        name: seen[name] for name in ("net", "tax", "taxes", "lines")
    }
    assert (seen["total"], seen["left_afterwards"]) == (
        2 * latte["unit_price"],
        order["total"] - 2 * latte["unit_price"],
    )
    assert [(part["line_id"], part["qty"]) for part in first["lines"]] == [(latte["line_id"], 2)]
    assert first["amount"] + second["amount"] + rest["amount"] == payment["refunded"] == order["total"]
    assert first["tax"] + second["tax"] + rest["tax"] == order["tax"]
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_refund")
    assert [each["amount"] for each in payment["refunds"]] == [each["amount"] for each in (first, second, rest)]


async def test_tax_that_comes_on_top_goes_back_as_well(new_york: Counter, running: Installation) -> None:
    guest, manager = await new_york.guest(), await new_york.manager()
    order = await _bought(new_york, guest, running.sandbox.url, qty=2)
    line = order["lines"][0]

    made = (
        await manager.post(_refunds(order), {"reason": "spilt", "lines": [{"line_id": line["line_id"], "qty": 2}]})
    ).json()

    assert (made["net"], made["tax"], made["amount"]) == (line["total"], line["tax"], line["total"] + line["tax"])


async def test_fifty_refunds_through_two_processes_never_exceed_the_capture(
    milano: Counter, running: Installation
) -> None:
    guest = await milano.guest()
    managers = [await milano.manager(url) for url in running.urls]
    order = await _bought(milano, guest, running.sandbox.url, qty=10)
    latte = order["lines"][0]
    wishes: list[Json] = [
        {"reason": "race", "lines": [{"line_id": latte["line_id"], "qty": 1}]}
        if n % 2
        else {"reason": "race", "amount": 150}
        for n in range(50)
    ]

    async def insist(number: int) -> Json:
        same = key()
        while True:
            answer = await managers[number % 2].post(_refunds(order), wishes[number], same)
            if answer.status_code != 503:
                return answer.json()

    answers = await asyncio.gather(*(insist(n) for n in range(50)))
    made = [each for each in answers if "refund_id" in each]
    payment = await _payment(managers[0], order)

    assert {each["code"] for each in answers if "refund_id" not in each} <= {
        "nothing_to_refund", "refund_too_large", "refund_line_too_large",
    }  # fmt: skip
    assert sum(each["amount"] for each in made) == sum(each["amount"] for each in payment["refunds"]) <= order["total"]
    assert order["total"] - sum(each["amount"] for each in made) < 150

    async def all_back() -> bool:
        return sum(each["amount"] for each in await provider.refunds(running, intent_of(order))) == sum(
            each["amount"] for each in made
        )

    await eventually(all_back, 30, "the provider's refunds")


@pytest.mark.parametrize(
    ("_case", "body", "status", "code"),
    [
        ("by both", {"reason": "r", "amount": 1, "lines": [{"line_id": "{line}", "qty": 1}]}, 422, "invalid"),
        ("no lines", {"reason": "r", "lines": []}, 422, "invalid"),
        ("no reason", {"reason": " "}, 422, "invalid"),
        ("no units", {"reason": "r", "lines": [{"line_id": "{line}", "qty": 0}]}, 422, "invalid"),
        ("too many units", {"reason": "r", "lines": [{"line_id": "{line}", "qty": 4}]}, 409, "refund_line_too_large"),
        (
            "another order's line",
            {"reason": "r", "lines": [{"line_id": "{other}", "qty": 1}]},
            422,
            "refund_line_unknown",
        ),
        ("too much", {"reason": "r", "amount": 10_000_000}, 409, "refund_too_large"),
        ("nothing", {"reason": "r", "amount": 0}, 409, "refund_too_large"),
        ("a receipt of no till", {"reason": "r", "receipt_ref": "R"}, 422, "refund_receipt_unexpected"),
    ],
)
async def test_a_refund_that_makes_no_sense_is_refused_before_and_after_looking(
    milano: Counter, paid: Json, _case: str, body: Json, status: int, code: str
) -> None:
    manager = await milano.manager()
    names = {"{line}": paid["lines"][0]["line_id"], "{other}": "lin_" + "0" * 26}
    lines = [each | {"line_id": names[each["line_id"]]} for each in body.get("lines", ())]
    sent = body | ({"lines": lines} if "lines" in body else {})

    answer = await manager.post(_refunds(paid), sent)
    looked = await manager.post(
        f"{_refunds(paid)}/preview", {name: sent[name] for name in sent if name != "receipt_ref"}
    )

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    if _case not in ("no reason", "a receipt of no till"):
        assert (looked.status_code, looked.json()["code"]) == (status, code)


async def test_only_managers_give_money_back_and_one_key_gives_it_once(milano: Counter, paid: Json) -> None:
    barista, manager, same = await milano.barista(), await milano.manager(), key()

    refused = [
        await barista.post(path, {"reason": "r", "amount": 50})
        for path in (_refunds(paid), f"{_refunds(paid)}/preview")
    ]
    first = await manager.post(_refunds(paid), {"reason": "r", "amount": 50}, same)
    repeat = await manager.post(_refunds(paid), {"reason": "r", "amount": 50}, same)
    other = await manager.post(_refunds(paid), {"reason": "r", "amount": 51}, same)

    assert [each.status_code for each in refused] == [403, 403]
    assert (repeat.status_code, repeat.json(), repeat.headers["idempotency-replayed"]) == (201, first.json(), "true")
    assert other.json()["code"] == "idempotency_key_reused"
    assert [each["amount"] for each in (await _payment(manager, paid))["refunds"]].count(50) == 1


async def test_the_till_gives_back_at_once_with_its_receipt(milano: Counter, running_url: str) -> None:
    guest, manager = await milano.guest(), await milano.manager()
    order = await guest.order(milano.wish(qty=2))
    (await manager.moves(order["order_id"], "PLACED", "IN_PROGRESS")).raise_for_status()
    (await manager.moves(order["order_id"], "IN_PROGRESS", "READY")).raise_for_status()
    (await manager.moves(order["order_id"], "READY", "COMPLETED", receipt_ref="T-1", tender="CASH")).raise_for_status()
    order = await manager.look(order["order_id"])
    back = {"reason": "cold", "lines": [{"line_id": order["lines"][0]["line_id"], "qty": 1}]}

    without = await manager.post(_refunds(order), back)
    made = (await manager.post(_refunds(order), back | {"receipt_ref": "T-2"})).json()
    payment = await _payment(manager, order)

    assert (without.status_code, without.json()["code"]) == (422, "refund_receipt_missing")
    assert (made["status"], made["receipt_ref"], made["amount"]) == ("SUCCEEDED", "T-2", order["total"] // 2)
    assert (payment["status"], payment["refunded"]) == ("PARTIALLY_REFUNDED", made["amount"])
    with psycopg.connect(running_url) as connection:
        noted = connection.execute(
            "select details ->> 'reason', actor_kind from audit_log where details ->> 'amount' = %s and action = 'refund'"
            " order by at desc limit 1",
            [str(made["amount"])],
        ).fetchone()
    assert noted == ("cold", "STAFF")


async def test_a_refund_that_failed_for_good_is_tried_again_by_hand_and_keeps_its_lines(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest, manager = await milano.guest(), await milano.manager()
    order = await _bought(milano, guest, running.sandbox.url, card="pm_card_refundFail")
    line = {"line_id": order["lines"][0]["line_id"], "qty": 3}
    made = (await manager.post(_refunds(order), {"reason": "spilt", "lines": [line]})).json()
    retry = f"{_refunds(order)}/{made['refund_id']}/retry"
    refund = (await eventually(lambda: provider.refunds(running, intent_of(order)), what="a refund"))[0]
    running.control(f"refunds/{refund['id']}/fail", {})

    async def failed() -> bool:
        return (await _payment(manager, order))["refunds"][-1]["status"] == "FAILED"

    await eventually(failed, what="the refund failed")
    kept = await manager.post(_refunds(order), {"reason": "again", "lines": [line]})
    with psycopg.connect(running_url, autocommit=True) as connection:  # the sweeper has tried as often as it does
        connection.execute(
            "update refunds set retry_at = null, given_up_at = now() where payment_id = (select payment_id from payments"
            " where provider_ref = %s)", [intent_of(order)],
        )  # fmt: skip
    again = await manager.post(retry)
    twice = await manager.post(retry)

    assert kept.json()["code"] == "refund_line_too_large"
    assert (again.status_code, again.json()["status"], again.json()["amount"]) == (201, "PENDING", made["amount"])
    assert twice.json()["code"] == "refund_not_failed"
    assert [each["refund_id"] for each in (await _payment(manager, order))["refunds"]] == [made["refund_id"]]


@pytest.fixture
async def paid(milano: Counter, running: Installation) -> Json:
    """An order of three lattes and an espresso, paid online."""
    return await _bought(milano, await milano.guest(), running.sandbox.url)
