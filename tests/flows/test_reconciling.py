"""A manager has the ledgers compared while the shop runs: what was done at the provider comes into the books and the order."""

import uuid
from typing import Any

import psycopg

from bottega.kit import ids
from tests.simulators import http as clients
from tests.simulators.invariants import come_to_rest
from tests.simulators.processes import Installation
from tests.simulators.provider import KEY
from tests.simulators.shop import Counter, Json, Person, eventually, intent_of, pay


async def _refunded_there(milano: Counter, running: Installation, guest: Person) -> tuple[Json, str]:
    """An order that is paid, and the provider's name of a refund of 150 that somebody made there."""
    order = await guest.order(milano.wish(online=True))
    await pay(running.sandbox.url, intent_of(order))
    await guest.waits_for(order["order_id"], "PAID")
    async with clients.AsyncClient(base_url=running.sandbox.url, headers=KEY) as http:
        made = await http.post("/v1/refunds", data={"payment_intent": intent_of(order), "amount": "150"})
    return order, made.json()["id"]


async def _parts(running: Installation, order: Json) -> tuple[int, int]:
    """What the order's lines gave back, and the tax in it, once that is written down."""

    async def there() -> Any:
        with psycopg.connect(running.database_url) as connection:
            row = connection.execute(
                "select sum(l.net_minor + l.tax_minor), sum(l.tax_minor) from refund_lines l join refunds r"
                " on r.store_id = l.store_id and r.refund_id = l.refund_id where l.order_id = %s",
                [ids.parse("ord", order["order_id"])],
            ).fetchone()
        return row if row is not None and row[0] is not None else None

    return await eventually(there, what="what the refund is of")


async def test_the_providers_word_of_a_refund_made_there_is_enough(milano: Counter, running: Installation) -> None:
    guest, manager = await milano.guest(), await milano.manager()
    order, _ = await _refunded_there(milano, running, guest)

    whole, tax = await _parts(running, order)

    payment = (await manager.get(f"/v1/payments/{order['payment']['payment_id']}")).json()
    assert (payment["status"], payment["refunded"]) == ("PARTIALLY_REFUNDED", 150)
    assert whole == 150
    assert 0 < tax < 150


async def test_a_refund_made_at_the_provider_that_nobody_told_of_reaches_the_order_with_its_taxes(
    milano: Counter, running: Installation
) -> None:
    guest, manager = await milano.guest(), await milano.manager()
    running.control("faults", {"rules": {"webhook_drop": {"probability": 1, "only": "refund."}}})
    order, refund = await _refunded_there(milano, running, guest)
    running.control("faults", method="DELETE")
    at = f"/v1/stores/{milano.store_id}"

    key = uuid.uuid4().hex
    asked = await manager.post(f"{at}/reconciliations", {"mend": "RECORD"}, key)
    again = await manager.post(f"{at}/reconciliations", {"mend": "RECORD"}, key)
    assert (asked.status_code, asked.json()["state"]) == (202, "ASKED")
    assert again.json() == asked.json()

    async def done() -> Any:
        runs = (await manager.get(f"{at}/reconciliations")).json()["data"]
        mine = next(run for run in runs if run["reconciliation_id"] == asked.json()["reconciliation_id"])
        return mine if mine["state"] == "DONE" else None

    run = await eventually(done, 45, "the comparison")
    assert run["mended"] >= 1
    differences = (await manager.get(f"{at}/differences?state=MENDED&limit=100")).json()["data"]
    [found] = [each for each in differences if each["object_ref"] == refund]
    assert (found["code"], found["there"]) == ("REFUND_THERE", {"state": "SUCCEEDED", "amount": 150, "currency": "EUR"})
    payment = (await manager.get(f"/v1/payments/{order['payment']['payment_id']}")).json()
    assert (payment["status"], payment["refunded"]) == ("PARTIALLY_REFUNDED", 150)

    whole, tax = await _parts(running, order)
    assert whole == 150
    assert 0 < tax < 150
    await come_to_rest(running.database_url)
