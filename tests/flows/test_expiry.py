"""Online orders whose time to be paid is over: also those whose customer left the bank's challenge open."""

import psycopg

from bottega.kit import ids
from tests.simulators import provider
from tests.simulators.processes import Installation
from tests.simulators.shop import Counter, Json, Person, eventually, intent_of, pay

AGE = """
update orders set created_at = created_at - make_interval(mins => %s) where order_id = %s
returning (select unpaid_minutes from stores s where s.store_id = orders.store_id)
"""


async def _challenged(milano: Counter, running: Installation) -> tuple[Person, Json, str]:
    """A guest's order whose bank asks and gets no answer."""
    guest = await milano.guest()
    order = await guest.order(milano.wish(online=True))
    await pay(running.sandbox.url, intent_of(order), "pm_card_threeDSecure2Required")

    async def asked() -> bool:
        return (await guest.look(order["order_id"]))["payment"]["status"] == "REQUIRES_ACTION"

    await eventually(asked, what="the challenge being known")
    return guest, order, intent_of(order)


def _older(url: str, order: Json, minutes: int) -> int:
    with psycopg.connect(url, autocommit=True) as db:
        row = db.execute(AGE, [minutes, ids.parse("ord", order["order_id"])]).fetchone()
    assert row is not None
    return int(row[0])


async def test_an_abandoned_challenge_ends_with_the_order_and_charges_nothing(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest, order, intent = await _challenged(milano, running)
    patience = _older(running_url, order, 0)

    _older(running_url, order, patience + 1)
    bystander = await guest.order(milano.wish(online=True))
    _older(running_url, bystander, patience + 1)
    await guest.waits_for(bystander["order_id"], "CANCELLED")
    waiting = await guest.look(order["order_id"])
    _older(running_url, order, patience)
    gone = await guest.waits_for(order["order_id"], "CANCELLED")

    async def voided() -> bool:
        return (await provider.read(running, intent))["status"] == "canceled"

    await eventually(voided, what="the intent being cancelled")
    assert waiting["status"] == "PLACED", "a challenge under way has as long again"
    assert gone["history"][-1]["reason"] == "not paid in time"
    assert (await provider.read(running, intent))["amount_received"] == 0


async def test_a_challenge_that_was_passed_while_the_order_expired_is_refunded_once(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest, order, intent = await _challenged(milano, running)
    running.control("webhooks/hold", {})
    running.control(f"payment_intents/{intent}/complete", {})
    assert (await provider.read(running, intent))["status"] == "succeeded"

    _older(running_url, order, 2 * _older(running_url, order, 0) + 1)
    await guest.waits_for(order["order_id"], "CANCELLED")

    async def back() -> bool:
        return [each["status"] for each in await provider.refunds(running, intent)] == ["succeeded"]

    await eventually(back, 30, "the refund")
    running.control("webhooks/deliver", {})
    seen = await guest.look(order["order_id"])
    assert seen["status"] == "CANCELLED"
    (refund,) = await provider.refunds(running, intent)
    assert refund["amount"] == order["total"]
