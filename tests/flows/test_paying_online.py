"""An order that is paid online: cards that work, cards that don't, a bank that asks, a provider that is away."""

from collections.abc import Awaitable, Callable

import msgspec
import psycopg
import pytest

from bottega.domains.orders.actions.ordering import Ordering
from bottega.domains.orders.model import PlaceOrder
from bottega.entrypoints.wiring import make_context, make_parts
from bottega.infra.settings import Settings
from bottega.kit import ids
from bottega.kit.subject import Subject, SubjectKind
from tests.conftest import SECRET
from tests.simulators import provider, shop
from tests.simulators.processes import Installation
from tests.simulators.shop import Counter, Json, Person, eventually, intent_of, pay


async def _settled(look: Callable[[], Awaitable[Json]], wanted: dict[str, object], seconds: float = 45) -> Json:
    """The payment of an order once it shows what is wanted."""

    async def there() -> Json | None:
        payment = (await look())["payment"]
        return payment if all(payment.get(name) == value for name, value in wanted.items()) else None

    return await eventually(there, seconds, f"a payment with {wanted}")


async def _paid_order(counter: Counter, guest: Person, sandbox: str) -> Json:
    order = await guest.order(counter.wish(online=True))
    assert (await pay(sandbox, intent_of(order)))["status"] == "succeeded"
    await guest.waits_for(order["order_id"], "PAID")
    return order


async def test_a_card_that_works_brings_the_order_into_the_queue(milano: Counter, running: Installation) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await guest.order(milano.wish(online=True))
    assert order["status"] == "PLACED"
    assert all(ticket["order_id"] != order["order_id"] for ticket in await barista.queue(milano.store_id))

    await pay(running.sandbox.url, intent_of(order))
    paid = await guest.waits_for(order["order_id"], "PAID")
    ticket = await barista.ticket_of(milano.store_id, order["order_id"])

    assert (paid["payment"]["status"], ticket["paid"], ticket["state"]) == ("CAPTURED", True, "QUEUED")
    assert [step["event"] for step in paid["history"]] == ["place", "pay"]
    assert "client_secret" not in paid["payment"]


async def test_a_declined_card_leaves_the_order_waiting_for_another_card(
    milano: Counter, running: Installation
) -> None:
    guest = await milano.guest()
    order = await guest.order(milano.wish(online=True))

    refused = await pay(running.sandbox.url, intent_of(order), "pm_card_chargeDeclined")
    still = await guest.look(order["order_id"])
    again = await pay(running.sandbox.url, intent_of(order), "pm_card_mastercard")
    paid = await guest.waits_for(order["order_id"], "PAID")

    assert refused["error"]["decline_code"] == "generic_decline"
    assert (still["status"], still["payment"]["client_secret"]) == ("PLACED", order["payment"]["client_secret"])
    assert again["status"] == "succeeded"
    assert paid["payment"]["payment_id"] == order["payment"]["payment_id"]


async def test_a_bank_that_asks_is_answered_and_the_order_is_paid(milano: Counter, running: Installation) -> None:
    guest = await milano.guest()
    order = await guest.order(milano.wish(online=True))
    intent = intent_of(order)

    await pay(running.sandbox.url, intent, "pm_card_threeDSecure2Required")
    await _settled(lambda: guest.look(order["order_id"]), {"status": "REQUIRES_ACTION"})
    running.control(f"payment_intents/{intent}/complete", {})

    assert (await guest.waits_for(order["order_id"], "PAID"))["payment"]["status"] == "CAPTURED"


async def test_a_failed_challenge_leaves_the_order_payable(milano: Counter, running: Installation) -> None:
    guest = await milano.guest()
    order = await guest.order(milano.wish(online=True))
    intent = intent_of(order)

    await pay(running.sandbox.url, intent, "pm_card_threeDSecure2Required")
    await _settled(lambda: guest.look(order["order_id"]), {"status": "REQUIRES_ACTION"})
    running.control(f"payment_intents/{intent}/fail", {})
    await _settled(lambda: guest.look(order["order_id"]), {"status": "REQUIRES_PAYMENT"})
    await pay(running.sandbox.url, intent)

    await guest.waits_for(order["order_id"], "PAID")


async def test_while_the_provider_is_away_the_order_stands_and_is_payable_later(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest = await milano.guest()
    running.sandbox.kill()
    key = shop.key()
    try:
        order = await guest.order(milano.wish(online=True), key)
        refused = await guest.post(f"/v1/orders/{order['order_id']}/payment")
    finally:
        running.sandbox.start()

    assert (order["status"], order["payment"]["status"]) == ("PLACED", "REQUIRES_PAYMENT")
    assert "client_secret" not in order["payment"]
    assert (refused.status_code, refused.headers["retry-after"] != "") == (503, True)

    async def opened() -> Json | None:
        answer = await guest.post(f"/v1/orders/{order['order_id']}/payment")
        return answer.json() if answer.status_code == 200 else None

    payment = await eventually(opened, 45, "an opened payment")
    assert payment["payment_id"] == order["payment"]["payment_id"]
    await pay(running.sandbox.url, payment["client_secret"].split("_secret")[0])
    await guest.waits_for(order["order_id"], "PAID")
    uuid = str(ids.parse("pay", payment["payment_id"]))
    assert len(await provider.intents(running, uuid)) == 1
    with psycopg.connect(running_url) as db:
        rows = db.execute(
            "select provider_key, state, tries from payment_attempts where payment_id = %s", [uuid]
        ).fetchall()
    assert [(name, state) for name, state, _ in rows] == [(f"bottega-{uuid}-1", "DONE")]
    assert rows[0][2] > 1
    assert (await guest.order(milano.wish(online=True), key))["order_id"] == order["order_id"]


async def test_a_payment_whose_process_died_before_asking_is_opened_by_the_worker(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest = await milano.guest()
    parts = make_parts(Settings(database_url=running_url, secret=SECRET), "dying")
    await parts.open()
    ordering = make_context(parts).part(Ordering)
    subject = Subject(SubjectKind.GUEST, ids.parse("usr", guest.subject_id), milano.seeded.merchant_id)
    request = msgspec.convert(milano.wish(online=True), PlaceOrder)

    placed = await ordering.place(subject, request, "dies-after-this")  # beat one; beats two and three never come
    await ordering.lane.close()
    await parts.close()

    order_id = ids.show("ord", placed.order.order_id)

    async def opened() -> Json | None:
        now = await guest.look(order_id)
        return now if now["payment"].get("client_secret") else None

    order = await eventually(opened, 45, "the payment being opened")
    assert len(await provider.intents(running, str(placed.order.payment_id))) == 1
    await pay(running.sandbox.url, intent_of(order))
    await guest.waits_for(order_id, "PAID")


async def test_an_answer_that_is_lost_after_the_deed_opens_no_second_intent(
    milano: Counter, running: Installation
) -> None:
    guest = await milano.guest()
    silence = {"probability": 1, "seconds": 0.2, "only": "POST /v1/payment_intents"}
    running.control("faults", {"rules": {"timeout_after": silence}})

    order = await guest.order(milano.wish(online=True))
    uuid = str(ids.parse("pay", order["payment"]["payment_id"]))

    running.control("faults", method="DELETE")
    made = await provider.intents(running, uuid)
    await _settled(lambda: guest.look(order["order_id"]), {"client_secret": made[0]["client_secret"]})
    assert len(await provider.intents(running, uuid)) == 1


async def test_cancelling_a_paid_order_gives_the_money_back(milano: Counter, running: Installation) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await _paid_order(milano, guest, running.sandbox.url)
    await barista.ticket_of(milano.store_id, order["order_id"])

    answer = await guest.cancels(order["order_id"])

    assert (answer.status_code, answer.json()["status"]) == (200, "CANCELLED")
    payment = await _settled(
        lambda: guest.look(order["order_id"]), {"status": "REFUNDED", "refund_status": "SUCCEEDED"}
    )
    assert payment["refunded"] == order["total"]
    assert [each["amount"] for each in await provider.refunds(running, intent_of(order))] == [order["total"]]

    async def gone() -> bool:
        return all(ticket["order_id"] != order["order_id"] for ticket in await barista.queue(milano.store_id))

    await eventually(gone, what="the ticket going away")


async def test_cancelling_an_unpaid_order_voids_its_intent(milano: Counter, running: Installation) -> None:
    guest = await milano.guest()
    order = await guest.order(milano.wish(online=True))

    assert (await guest.cancels(order["order_id"])).json()["status"] == "CANCELLED"

    await _settled(lambda: guest.look(order["order_id"]), {"status": "VOIDED"})
    assert (await provider.read(running, intent_of(order)))["status"] == "canceled"
    late = await pay(running.sandbox.url, intent_of(order))
    assert late["error"]["code"] == "payment_intent_unexpected_state"


async def test_money_that_arrives_after_the_cancel_goes_back_once(milano: Counter, running: Installation) -> None:
    guest = await milano.guest()
    order = await guest.order(milano.wish(online=True))
    intent = intent_of(order)
    running.control("webhooks/hold", {})

    await pay(running.sandbox.url, intent)
    cancelled = await guest.cancels(order["order_id"])
    news = provider.event("payment_intent.succeeded", await provider.read(running, intent))
    for _ in range(3):
        assert (await provider.deliver(running.url, news)).status_code == 200
    running.control("webhooks/deliver", {})

    assert cancelled.json()["status"] == "CANCELLED"
    payment = await _settled(lambda: guest.look(order["order_id"]), {"status": "REFUNDED"})
    assert payment["refunded"] == order["total"]
    assert [each["amount"] for each in await provider.refunds(running, intent)] == [order["total"]]
    assert (await guest.look(order["order_id"]))["status"] == "CANCELLED"


@pytest.mark.parametrize("kind", ["pm_card_pendingRefund", "pm_card_refundFail"])
async def test_a_refund_that_is_slow_or_fails_later_shows_as_what_it_is(
    milano: Counter, running: Installation, kind: str
) -> None:
    guest = await milano.guest()
    order = await guest.order(milano.wish(online=True))
    await pay(running.sandbox.url, intent_of(order), kind)
    await guest.waits_for(order["order_id"], "PAID")

    (await guest.cancels(order["order_id"])).raise_for_status()
    refund = (await eventually(lambda: provider.refunds(running, intent_of(order)), what="a refund"))[0]
    if kind == "pm_card_pendingRefund":
        await _settled(lambda: guest.look(order["order_id"]), {"refund_status": "PENDING", "status": "CAPTURED"})
        running.control(f"refunds/{refund['id']}/succeed", {})
        await _settled(lambda: guest.look(order["order_id"]), {"refund_status": "SUCCEEDED", "status": "REFUNDED"})
    else:
        running.control(f"refunds/{refund['id']}/fail", {})
        await _settled(lambda: guest.look(order["order_id"]), {"refund_status": "FAILED", "status": "CAPTURED"})
