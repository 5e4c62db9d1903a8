"""One way to be paid, whoever brings the news; and the ways of not being paid, each said for what it is."""

import ast
import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import pytest

from bottega.kit import ids
from tests.simulators import http as clients
from tests.simulators import provider
from tests.simulators.processes import SOURCE, Installation
from tests.simulators.shop import Counter, Json, Person, eventually, intent_of, pay

News = Callable[[Installation, str, Person, Json], Awaitable[None]]


async def _webhook(running: Installation, url: str, guest: Person, order: Json) -> None:
    intent = await provider.read(running, intent_of(order))
    await provider.deliver(running.url, provider.event("payment_intent.succeeded", intent))


async def _browser(running: Installation, url: str, guest: Person, order: Json) -> None:
    answer = await guest.post(f"/v1/orders/{order['order_id']}/payment/check")
    assert (answer.status_code, answer.json()["status"]) == (200, "CAPTURED"), answer.text


async def _sweep(running: Installation, url: str, guest: Person, order: Json) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        due = "update payments set next_check_at = now() where payment_id = %s"
        db.execute(due, [ids.parse("pay", order["payment"]["payment_id"])])


@pytest.mark.parametrize("news", [_webhook, _browser, _sweep], ids=["webhook", "browser", "sweep"])
async def test_whoever_brings_the_news_first_the_order_is_paid_in_the_same_way(
    milano: Counter, running: Installation, running_url: str, news: News
) -> None:
    guest = await milano.guest()
    order = await guest.order(milano.wish(online=True))
    running.control("webhooks/hold", {})
    await pay(running.sandbox.url, intent_of(order))

    await news(running, running_url, guest, order)
    paid = await guest.waits_for(order["order_id"], "PAID")

    assert [step["event"] for step in paid["history"]] == ["place", "pay"]
    assert _entries(running_url, order) == ["OPENED", "CAPTURED"]


async def test_all_who_bring_the_news_at_once_pay_once(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await guest.order(milano.wish(online=True))
    running.control("webhooks/hold", {})
    await pay(running.sandbox.url, intent_of(order))

    staff = barista.post(f"/v1/orders/{order['order_id']}/payment/check")
    answers, *_ = await asyncio.gather(
        asyncio.gather(staff, *(guest.post(f"/v1/orders/{order['order_id']}/payment/check") for _ in range(4))),
        *(_webhook(running, running_url, guest, order) for _ in range(4)),
        _sweep(running, running_url, guest, order),
    )
    paid = await guest.waits_for(order["order_id"], "PAID")

    assert {answer.status_code for answer in answers} == {200}
    assert [step["event"] for step in paid["history"]] == ["place", "pay"]
    assert _entries(running_url, order) == ["OPENED", "CAPTURED"]


def _where(wanted: str) -> list[str]:
    """The functions of the domains that say something, as module:function."""
    found: list[str] = []
    for path in (SOURCE / "bottega" / "domains").rglob("*.py"):
        if wanted not in path.read_text():
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) and wanted in ast.unparse(node):
                found.append(f"{path.stem}:{node.name}")
    return sorted(found)


def test_one_verb_alone_makes_orders_paid_and_one_alone_says_that_money_came() -> None:
    assert _where("to_status=OrderStatus.PAID") == ["paying:complete_payment"]
    assert _where("tx.emit(authorized(") == ["recording:record_intent"]
    assert _where("tx.emit(captured(") == ["recording:_capture", "recording:take_at_till"]
    assert _where("await _capture(") == ["recording:record_intent"]


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("pm_card_chargeDeclined", "payment_declined"),
        ("pm_card_chargeDeclinedInsufficientFunds", "payment_declined"),
        ("pm_card_chargeDeclinedStolenCard", "payment_refused"),
        ("pm_card_chargeDeclinedProcessingError", "payment_try_again"),
        ("pm_card_threeDSecure2Required", "authentication_required"),
    ],
)
async def test_each_way_of_not_being_paid_has_its_code(
    milano: Counter, running: Installation, card: str, code: str
) -> None:
    guest = await milano.guest()
    order = await guest.order(milano.wish(online=True))
    await pay(running.sandbox.url, intent_of(order), card)

    answer = await guest.post(f"/v1/orders/{order['order_id']}/payment/check")
    shown = (await guest.look(order["order_id"]))["payment"]

    assert (answer.status_code, answer.json()["code"]) == (402, code)
    assert answer.json()["payment_id"] == order["payment"]["payment_id"]
    assert shown.get("failure") == (None if code == "authentication_required" else code)
    assert "client_secret" in shown


async def test_many_declines_a_failed_challenge_and_then_a_card_that_works_pay_the_same_order(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest = await milano.guest()
    order = await guest.order(milano.wish(online=True))
    intent, check = intent_of(order), f"/v1/orders/{order['order_id']}/payment/check"
    for card in ("pm_card_chargeDeclined", "pm_card_chargeDeclinedExpiredCard", "pm_card_chargeDeclined"):
        await pay(running.sandbox.url, intent, card)
        assert (await guest.post(check)).status_code == 402
    await pay(running.sandbox.url, intent, "pm_card_threeDSecure2Required")
    assert (await guest.post(check)).json()["code"] == "authentication_required"
    running.control(f"payment_intents/{intent}/fail", {})
    failed = (await guest.post(check)).json()["code"]

    await pay(running.sandbox.url, intent)
    paid = await guest.waits_for(order["order_id"], "PAID")

    assert failed == "authentication_failed"
    assert "failure" not in paid["payment"]
    assert _entries(running_url, order).count("DECLINED") == 4
    assert _entries(running_url, order).count("CAPTURED") == 1


async def test_a_provider_that_cannot_be_reached_and_one_that_is_silent_are_told_apart(
    milano: Counter, running: Installation
) -> None:
    guest = await milano.guest()
    order = await guest.order(milano.wish(online=True))
    check = f"/v1/orders/{order['order_id']}/payment/check"
    running.sandbox.kill()
    try:
        away = await guest.post(check)
    finally:
        running.sandbox.start()

    assert (away.status_code, away.json()["code"]) == (503, "provider_unavailable")
    assert away.headers["retry-after"]


async def _charged_otherwise(
    running: Installation, order: Json, method: str = "pm_card_visa", **change: object
) -> None:
    """Somebody changes the intent behind our back, and it is paid so."""
    async with clients.AsyncClient(base_url=running.sandbox.url, timeout=10, headers=provider.KEY) as http:
        changed = await http.post(f"/v1/payment_intents/{intent_of(order)}", data=change)
    assert changed.status_code == 200, changed.text
    await pay(running.sandbox.url, intent_of(order), method)


@pytest.mark.parametrize("change", [{"amount": 51}, {"currency": "usd"}], ids=["amount", "currency"])
async def test_money_of_another_amount_or_currency_pays_nothing_and_goes_back_once(
    milano: Counter, running: Installation, running_url: str, change: dict[str, object]
) -> None:
    guest = await milano.guest()
    order = await guest.order(milano.wish(online=True))
    await _charged_otherwise(running, order, **change)
    for _ in range(3):
        await _webhook(running, running_url, guest, order)

    async def returned() -> bool:
        return "MISMATCH_RETURNED" in _entries(running_url, order)

    await eventually(returned, what="the money going back")
    still = await guest.look(order["order_id"])
    again = (await guest.post(f"/v1/orders/{order['order_id']}/payment")).json()
    await pay(running.sandbox.url, again["client_secret"].split("_secret")[0])
    await guest.waits_for(order["order_id"], "PAID")

    intent = await provider.read(running, intent_of(order))
    assert [each["amount"] for each in await provider.refunds(running, intent_of(order))] == [intent["amount_received"]]
    assert (still["status"], still["payment"]["status"]) == ("PLACED", "FAILED")
    assert again["payment_id"] != order["payment"]["payment_id"]
    assert "CAPTURED" not in _entries(running_url, order)
    with psycopg.connect(running_url) as db:
        uuid = str(ids.parse("pay", order["payment"]["payment_id"]))
        told = db.execute("select count(*) from audit_log where details ->> 'mismatch' = %s", [uuid]).fetchone()
    assert told == (1,)


async def test_a_hold_of_another_amount_is_let_go(milano: Counter, running: Installation, running_url: str) -> None:
    with psycopg.connect(running_url, autocommit=True) as db:
        db.execute("update stores set capture_mode = 'MANUAL'")
    guest = await milano.guest()
    order = await guest.order(milano.wish(online=True))
    with psycopg.connect(running_url, autocommit=True) as db:
        db.execute("update stores set capture_mode = 'AUTOMATIC'")
    await _charged_otherwise(running, order, amount=51)

    async def let_go() -> bool:
        return (await provider.read(running, intent_of(order)))["status"] == "canceled"

    await eventually(let_go, what="the hold being let go")
    assert (await guest.look(order["order_id"]))["status"] == "PLACED"
    assert _entries(running_url, order)[:2] == ["OPENED", "MISMATCH"]


async def test_money_that_is_not_ours_and_whose_return_fails_is_asked_for_again_a_few_times_only(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest = await milano.guest()
    order = await guest.order(milano.wish(online=True))
    await _charged_otherwise(running, order, "pm_card_refundFail", amount=51)
    tries = 0

    while tries < 5:
        tries += 1

        async def asked(wanted: int = tries) -> Json | None:
            made = await provider.refunds(running, intent_of(order))
            return made[0] if len(made) == wanted else None

        latest = await eventually(asked, what=f"return {tries}")
        running.control(f"refunds/{latest['id']}/fail", {})

        async def failed(wanted: int = tries) -> bool:
            return _entries(running_url, order).count("RETURN_FAILED") == wanted

        await eventually(failed, what=f"failure {tries}")
        with psycopg.connect(running_url, autocommit=True) as db:
            waits = "update payment_attempts set next_try_at = now() where state = 'INTENDED' and payment_id = %s"
            found = db.execute(waits, [ids.parse("pay", order["payment"]["payment_id"])])
            assert found.rowcount == (1 if tries < 5 else 0)

    uuid = str(ids.parse("pay", order["payment"]["payment_id"]))
    with psycopg.connect(running_url) as db:
        told = db.execute("select count(*) from audit_log where details ->> 'return_failed' = %s", [uuid]).fetchone()
    assert told == (1,)
    assert "CAPTURED" not in _entries(running_url, order)


async def test_a_dispute_of_money_that_was_refused_moves_nothing_of_ours(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest = await milano.guest()
    order = await guest.order(milano.wish(online=True))
    await _charged_otherwise(running, order, "pm_card_createDispute", amount=51)

    async def applied() -> bool:
        query = (
            "select count(*) filter (where state <> 'APPLIED') = 0 and count(*) > 0 from provider_events"
            " where type ^@ 'charge.dispute.' and position(%s in body) > 0"
        )
        with psycopg.connect(running_url) as db:
            row = db.execute(query, [intent_of(order).encode()]).fetchone()
        return row is not None and bool(row[0]) and "DISPUTE_OPENED" in _entries(running_url, order)

    await eventually(applied, what="the dispute being written down")
    payment = (await guest.look(order["order_id"]))["payment"]
    assert (payment["status"], _entries(running_url, order).count("DISPUTE_OPENED")) == ("FAILED", 1)


def _entries(url: str, order: Json) -> list[str]:
    uuid = ids.parse("pay", order["payment"]["payment_id"])
    with psycopg.connect(url) as db:
        rows = db.execute("select kind from payment_entries where payment_id = %s order by entry_no", [uuid])
        return [row[0] for row in rows.fetchall()]
