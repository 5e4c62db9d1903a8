"""A customer's bank takes a payment up: it shows, its money is counted once, and what the bank decides is followed."""

from typing import Any

import msgspec
import psycopg

from bottega.domains.payments import DisputeStatus
from bottega.domains.payments.actions.disputing import record_dispute
from bottega.domains.payments.model import FundsMove, ProviderDispute
from bottega.entrypoints.wiring import make_parts
from bottega.infra.settings import Settings
from bottega.kit import ids
from bottega.kit.subject import system
from tests.conftest import SECRET
from tests.flows.test_running_short import chooses, out, two_lines
from tests.simulators import http as clients
from tests.simulators import provider
from tests.simulators.desks import HEARD
from tests.simulators.invariants import MONEY, come_to_rest
from tests.simulators.processes import Installation
from tests.simulators.shop import Counter, Json, Person, eventually, intent_of, pay


async def _payment(staff: Person, order: Json) -> Json:
    answer = await staff.get(f"/v1/payments/{order['payment']['payment_id']}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _stands(staff: Person, order: Json, status: str) -> Json:
    async def there() -> Json | None:
        payment = await _payment(staff, order)
        return payment if payment["status"] == status else None

    return await eventually(there, 45, f"a payment {status}")


async def _disputed(counter: Counter, running: Installation, staff: Person) -> tuple[Person, Json, Json]:
    guest = await counter.guest()
    order = await guest.order(counter.wish(online=True))
    await pay(running.sandbox.url, intent_of(order), "pm_card_createDispute")
    return guest, order, await _stands(staff, order, "DISPUTED")


def _moves(payment: Json) -> list[tuple[str, int]]:
    wanted = ("DISPUTE_OPENED", "FUNDS_WITHDRAWN", "FUNDS_REINSTATED", "DISPUTE_CLOSED")
    return [(each["kind"], each["amount"]) for each in payment["events"] if each["kind"] in wanted]


async def _news(running: Installation, intent: str) -> list[dict[str, Any]]:
    async with clients.AsyncClient(base_url=running.sandbox.url, timeout=10, headers=provider.KEY) as http:
        found = (await http.get("/v1/events", params={"limit": 100})).json()["data"]
    return [each for each in found if each["type"].startswith("charge.dispute.")
            and each["data"]["object"]["payment_intent"] == intent]  # fmt: skip


async def test_a_dispute_that_is_won_brings_the_money_back_and_is_counted_once(
    milano: Counter, running: Installation, running_url: str
) -> None:
    manager = await milano.manager()
    guest, order, opened = await _disputed(milano, running, manager)
    total, dispute = order["total"], opened["disputes"][0]
    shown = (await guest.look(order["order_id"]))["payment"]
    refused = await manager.post(f"/v1/payments/{order['payment']['payment_id']}/refunds", {"reason": "to be sure"})

    running.control(f"disputes/{dispute['provider_ref']}/win", {})
    won = await _stands(manager, order, "CAPTURED")
    for event in [*await _news(running, intent_of(order))] * 2:  # every event again, twice, under other names
        told = provider.event(event["type"], event["data"]["object"])
        assert (await provider.deliver(running.url, told)).status_code == 200

    assert (opened["disputed"], dispute["status"], dispute["amount"]) == (total, "OPENED", total)
    assert shown["status"] == "DISPUTED"
    assert (refused.status_code, refused.json()["code"]) == (409, "payment_disputed")
    assert (won["disputed"], won["disputes"][0]["status"]) == (0, "WON")

    async def applied() -> bool:
        query = "select count(*) from provider_events where object_ref = %s and state <> 'APPLIED'"
        with psycopg.connect(running_url) as db:
            return db.execute(query, [dispute["provider_ref"]]).fetchone() == (0,)

    await eventually(applied, what="the events being applied")
    kinds = ("DISPUTE_OPENED", "FUNDS_WITHDRAWN", "FUNDS_REINSTATED", "DISPUTE_CLOSED")
    assert sorted(_moves(await _payment(manager, order))) == sorted((kind, total) for kind in kinds)


async def test_a_lost_dispute_keeps_the_payment_disputed(milano: Counter, running: Installation) -> None:
    manager = await milano.manager()
    _, order, opened = await _disputed(milano, running, manager)

    running.control(f"disputes/{opened['disputes'][0]['provider_ref']}/lose", {})

    async def lost() -> Json | None:
        payment = await _payment(manager, order)
        return payment if payment["disputes"][0]["status"] == "LOST" else None

    payment = await eventually(lost, what="the dispute being lost")
    assert (payment["status"], payment["captured"], payment["disputed"]) == ("DISPUTED", order["total"], order["total"])


async def test_a_dispute_that_comes_while_a_refund_is_asked_for_never_gives_the_money_twice(
    milano: Counter, running: Installation
) -> None:
    manager, guest = await milano.manager(), await milano.guest()
    order = await guest.order(milano.wish(online=True))
    await pay(running.sandbox.url, intent_of(order))
    await guest.waits_for(order["order_id"], "PAID")
    running.control("webhooks/hold", {})
    charge = (await provider.read(running, intent_of(order)))["latest_charge"]
    running.control(f"charges/{charge}/dispute", {})

    asked = await manager.post(f"/v1/payments/{order['payment']['payment_id']}/refunds", {"reason": "spilt"})
    running.control("webhooks/deliver", {})
    payment = await _stands(manager, order, "DISPUTED")

    assert asked.status_code == 201
    assert await provider.refunds(running, intent_of(order)) == []
    assert payment["refunded"] + payment["disputed"] == payment["captured"] == order["total"]
    assert [each["status"] for each in payment["refunds"]] == ["FAILED"]


async def test_a_dispute_about_a_payment_that_is_not_ours_is_let_pass(
    milano: Counter, running: Installation, running_url: str
) -> None:
    dispute = {"object": "dispute", "id": "dp_foreign", "payment_intent": "pi_foreign", "metadata": {}}

    answer = await provider.deliver(running.url, provider.event("charge.dispute.created", dispute))

    assert answer.status_code == 200
    with psycopg.connect(running_url) as db:
        assert db.execute("select count(*) from provider_events where object_ref = 'dp_foreign'").fetchone() == (0,)


async def test_an_order_that_was_cancelled_while_disputed_is_refunded_when_the_dispute_is_won(
    milano: Counter, running: Installation, running_url: str
) -> None:
    manager = await milano.manager()
    guest, order, opened = await _disputed(milano, running, manager)

    cancelled = await guest.cancels(order["order_id"])
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "CANCELLED")
    running.control(f"disputes/{opened['disputes'][0]['provider_ref']}/win", {})
    payment = await _stands(manager, order, "REFUNDED")

    assert [each["amount"] for each in await provider.refunds(running, intent_of(order))] == [order["total"]]
    assert (payment["refunded"], payment["disputed"]) == (order["total"], 0)
    with psycopg.connect(running_url) as db:
        uuid = ids.parse("pay", order["payment"]["payment_id"])
        assert db.execute("select count(*) from refunds where payment_id = %s", [uuid]).fetchone() == (1,)


async def test_what_came_off_while_a_bank_had_the_money_goes_back_when_the_dispute_is_won(
    milano: Counter, running: Installation, running_url: str
) -> None:
    manager, barista, guest = await milano.manager(), await milano.barista(), await milano.guest()
    order = await guest.order(two_lines(milano, online=True))
    await pay(running.sandbox.url, intent_of(order), "pm_card_createDispute")
    opened = await _stands(manager, order, "DISPUTED")

    less = (await chooses(guest, order, await out(barista, order), "REFUND")).json()
    await come_to_rest(running_url, MONEY)
    running.control(f"disputes/{opened['disputes'][0]['provider_ref']}/win", {})
    payment = await _stands(manager, order, "PARTIALLY_REFUNDED")

    assert less["total"] == order["lines"][1]["total"]
    assert payment["refunded"] == order["total"] - less["total"]
    await come_to_rest(running_url, MONEY)


async def test_money_that_came_too_late_and_was_disputed_goes_back_when_the_dispute_is_won(
    milano: Counter, running: Installation, running_url: str
) -> None:
    manager, guest = await milano.manager(), await milano.guest()
    order = await guest.order(milano.wish(online=True))
    running.control("webhooks/hold", {})
    await pay(running.sandbox.url, intent_of(order), "pm_card_createDispute")
    changed = await guest.patch(f"/v1/orders/{order['order_id']}", {"items": milano.wish(qty=2)["items"]})
    running.control("webhooks/deliver", {})
    opened = await _stands(manager, order, "DISPUTED")

    running.control(f"disputes/{opened['disputes'][0]['provider_ref']}/win", {})
    payment = await _stands(manager, order, "REFUNDED")

    assert changed.status_code == 200, changed.text
    assert payment["refunded"] == order["total"]
    await come_to_rest(running_url, MONEY)


async def test_an_order_that_is_cancelled_while_a_part_of_it_is_disputed_breaks_no_promise(
    milano: Counter, running: Installation, running_url: str
) -> None:
    manager, guest = await milano.manager(), await milano.guest()
    order = await guest.order(milano.wish(online=True))
    await pay(running.sandbox.url, intent_of(order))
    await guest.waits_for(order["order_id"], "PAID")
    charge = (await provider.read(running, intent_of(order)))["latest_charge"]
    running.control(f"charges/{charge}/dispute", {"amount": 100})
    opened = await _stands(manager, order, "DISPUTED")

    (await guest.cancels(order["order_id"])).raise_for_status()
    await come_to_rest(running_url, MONEY)
    running.control(f"disputes/{opened['disputes'][0]['provider_ref']}/win", {})
    await _stands(manager, order, "REFUNDED")

    await come_to_rest(running_url, MONEY)


async def test_money_that_a_bank_returns_only_after_it_has_decided_goes_to_who_cancelled(
    milano: Counter, running: Installation, running_url: str
) -> None:
    manager, guest = await milano.manager(), await milano.guest()
    order = await guest.order(milano.wish(online=True))
    await pay(running.sandbox.url, intent_of(order))
    await guest.waits_for(order["order_id"], "PAID")
    taken = FundsMove(f"txn_{order['number']}_out", -order["total"])
    opened = ProviderDispute(
        provider_ref=f"dp_{order['number']}", intent_ref=intent_of(order), status=DisputeStatus.OPENED,
        amount_minor=order["total"], reason="general", funds=(taken,),
    )  # fmt: skip
    won = msgspec.structs.replace(opened, status=DisputeStatus.WON)
    back = msgspec.structs.replace(won, funds=(taken, FundsMove(f"txn_{order['number']}_in", order["total"])))
    parts = make_parts(Settings(database_url=running_url, secret=SECRET), "bank")
    await parts.open()

    async def says(dispute: ProviderDispute) -> None:
        known = (ids.parse("sto", milano.store_id), dispute)
        await parts.database.run(record_dispute, known, by=system(milano.seeded.merchant_id, "provider"))

    await says(opened)
    (await guest.cancels(order["order_id"])).raise_for_status()
    await says(won)
    await _told(running_url)
    without = await _payment(manager, order)
    for said in (back, back, won):
        await says(said)
    await parts.close()
    payment = await _stands(manager, order, "REFUNDED")

    assert (without["status"], without["disputed"], without["refunds"]) == ("CAPTURED", order["total"], [])
    assert [each["amount"] for each in payment["refunds"]] == [order["total"]]


async def _told(url: str) -> None:
    """Wait until everybody has heard of every fact."""

    async def heard() -> bool:
        with psycopg.connect(url) as db:
            return db.execute(HEARD).fetchone() == (True,)

    await eventually(heard, what="the facts being heard")
