"""Money that is held first: taken when somebody starts the order, let go when nobody will, lost when it expires."""

from collections.abc import Awaitable, Callable, Iterator

import psycopg
import pytest

from bottega.domains import payments
from bottega.entrypoints.wiring import make_parts
from bottega.infra.settings import Settings
from bottega.kit import ids
from bottega.kit.subject import system
from tests.conftest import SECRET
from tests.simulators import provider
from tests.simulators.invariants import MONEY, come_to_rest
from tests.simulators.processes import Installation
from tests.simulators.shop import Counter, Json, Person, eventually, intent_of, pay


@pytest.fixture(autouse=True)
def held_first(running_url: str) -> Iterator[None]:
    """The stores hold payments first, for the time of a test."""
    with psycopg.connect(running_url, autocommit=True) as db:
        db.execute("update stores set capture_mode = 'MANUAL'")
        yield
        db.execute("update stores set capture_mode = 'AUTOMATIC'")


def _ledger(url: str, order: Json) -> list[tuple[str, int]]:
    uuid = ids.parse("pay", order["payment"]["payment_id"])
    query = "select kind, amount_minor from payment_entries where payment_id = %s order by entry_no"
    with psycopg.connect(url) as db:
        return [(row[0], row[1]) for row in db.execute(query, [uuid]).fetchall()]


async def _stands(look: Callable[[], Awaitable[Json]], status: str) -> Json:
    async def there() -> Json | None:
        order = await look()
        return order if order["payment"]["status"] == status else None

    return await eventually(there, 45, f"a payment {status}")


async def _held(counter: Counter, guest: Person, running: Installation) -> Json:
    order = await guest.order(counter.wish(online=True))
    assert (await pay(running.sandbox.url, intent_of(order)))["status"] == "requires_capture"
    await guest.waits_for(order["order_id"], "PAID")
    return order


async def test_a_held_order_is_in_the_queue_and_its_money_is_taken_when_it_is_started(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await _held(milano, guest, running)
    ticket = await barista.ticket_of(milano.store_id, order["order_id"])
    before = await guest.look(order["order_id"])
    held = await provider.read(running, intent_of(order))

    (await barista.bumps(ticket, "QUEUED")).raise_for_status()
    after = await _stands(lambda: guest.look(order["order_id"]), "CAPTURED")

    total = order["total"]
    assert (before["payment"]["status"], held["amount_received"], ticket["paid"]) == ("AUTHORIZED", 0, True)
    assert after["status"] == "IN_PROGRESS"
    assert (await provider.read(running, intent_of(order)))["amount_received"] == total
    kinds = [("OPENED", total), ("AUTHORIZED", total), ("CAPTURE_REQUESTED", total), ("CAPTURED", total)]
    assert _ledger(running_url, order) == kinds
    (await barista.moves(order["order_id"], "IN_PROGRESS", "READY")).raise_for_status()
    assert (await barista.moves(order["order_id"], "READY", "COMPLETED")).status_code == 200


async def test_cancelling_a_held_order_lets_the_money_go_and_takes_none(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest = await milano.guest()
    order = await _held(milano, guest, running)

    (await guest.cancels(order["order_id"])).raise_for_status()
    after = await _stands(lambda: guest.look(order["order_id"]), "VOIDED")

    intent = await provider.read(running, intent_of(order))
    assert (after["status"], intent["status"], intent["amount_received"]) == ("CANCELLED", "canceled", 0)
    assert await provider.refunds(running, intent_of(order)) == []
    assert [kind for kind, _ in _ledger(running_url, order)] == ["OPENED", "AUTHORIZED", "VOIDED"]
    assert [step["event"] for step in after["history"]] == ["place", "pay", "cancel"]


async def test_a_part_of_a_hold_is_taken_and_the_rest_is_let_go(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest = await milano.guest()
    order = await _held(milano, guest, running)
    store_id, payment_id = (
        ids.parse(*pair) for pair in (("sto", milano.store_id), ("pay", order["payment"]["payment_id"]))
    )
    part = order["total"] - 100
    parts = make_parts(Settings(database_url=running_url, secret=SECRET), "part")
    await parts.open()
    too_much = payments.CaptureRequest(store_id=store_id, payment_id=payment_id, amount_minor=order["total"] + 1)
    wanted = payments.CaptureRequest(store_id=store_id, payment_id=payment_id, amount_minor=part)
    by = system(milano.seeded.merchant_id, "test")

    with pytest.raises(payments.CaptureTooLarge):
        await parts.database.run(payments.request_capture, too_much, by=by)
    asked = [await parts.database.run(payments.request_capture, wanted, by=by) for _ in range(2)]
    await parts.close()
    await _stands(lambda: guest.look(order["order_id"]), "CAPTURED")

    intent = await provider.read(running, intent_of(order))
    assert asked == [True, False]
    assert (intent["amount_received"], intent["amount_capturable"]) == (part, 0)
    assert _ledger(running_url, order)[-2:] == [("CAPTURE_REQUESTED", part), ("CAPTURED", part)]


@pytest.mark.parametrize("heard", [True, False], ids=["its news come", "found out by capturing"])
async def test_an_expired_hold_flags_the_order_and_is_never_called_paid(
    milano: Counter, running: Installation, heard: bool
) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await _held(milano, guest, running)
    ticket = await barista.ticket_of(milano.store_id, order["order_id"])
    if not heard:
        running.control("webhooks/hold", {})
    running.control(f"payment_intents/{intent_of(order)}/expire", {})
    if heard:
        await _stands(lambda: guest.look(order["order_id"]), "VOIDED")
    (await barista.bumps(ticket, "QUEUED")).raise_for_status()
    await _stands(lambda: guest.look(order["order_id"]), "VOIDED")

    async def flagged() -> Json | None:
        shown = await barista.ticket_of(milano.store_id, order["order_id"])
        return shown if "UNPAID" in shown["badges"] else None

    shown = await eventually(flagged, what="a flag on the ticket")
    now = await guest.look(order["order_id"])
    (await barista.moves(order["order_id"], "IN_PROGRESS", "READY")).raise_for_status()
    refused = await barista.moves(order["order_id"], "READY", "COMPLETED")
    at_till = await barista.moves(order["order_id"], "READY", "COMPLETED", receipt_ref="R-77", tender="CASH")

    assert (shown["paid"], now["status"]) == (False, "IN_PROGRESS")
    assert [step["reason"] for step in now["history"] if step["event"] == "payment_failed"] == ["hold_expired"]
    assert (refused.status_code, refused.json()["code"]) == (409, "payment_not_captured")
    assert refused.json()["payment_status"] == "VOIDED"
    assert at_till.status_code == 200
    assert (await guest.look(order["order_id"]))["payment"]["status"] == "CAPTURED"


async def test_an_order_whose_hold_was_lost_can_be_paid_again(milano: Counter, running: Installation) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await _held(milano, guest, running)
    ticket = await barista.ticket_of(milano.store_id, order["order_id"])
    running.control(f"payment_intents/{intent_of(order)}/expire", {})

    async def flagged() -> bool:
        return "payment_failed" in [step["event"] for step in (await guest.look(order["order_id"]))["history"]]

    await eventually(flagged, what="a line in the history")
    assert (await barista.bumps(ticket, "QUEUED")).status_code == 200

    again = (await guest.post(f"/v1/orders/{order['order_id']}/payment")).json()
    await pay(running.sandbox.url, again["client_secret"].split("_secret")[0])
    await _stands(lambda: guest.look(order["order_id"]), "CAPTURED")

    async def mended() -> bool:
        return (await barista.ticket_of(milano.store_id, order["order_id"]))["paid"]

    await eventually(mended, what="the flag going away")
    assert again["payment_id"] != order["payment"]["payment_id"]
    events = [step["event"] for step in (await guest.look(order["order_id"]))["history"]]
    assert sorted(events) == ["pay", "payment_failed", "payment_mended", "place", "start"]


async def test_who_began_to_pay_again_and_pays_at_the_counter_after_all_gets_the_order(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await _held(milano, guest, running)
    running.control(f"payment_intents/{intent_of(order)}/expire", {})
    await _stands(lambda: guest.look(order["order_id"]), "VOIDED")
    for step in (("PAID", "IN_PROGRESS"), ("IN_PROGRESS", "READY")):
        assert (await barista.moves(order["order_id"], *step)).status_code == 200
    again = (await guest.post(f"/v1/orders/{order['order_id']}/payment")).json()
    intent = again["client_secret"].split("_secret")[0]

    refused = await barista.moves(order["order_id"], "READY", "COMPLETED")
    at_till = await barista.moves(order["order_id"], "READY", "COMPLETED", receipt_ref="R-78", tender="CASH")

    async def voided() -> bool:
        return (await provider.read(running, intent))["status"] == "canceled"

    await eventually(voided, what="the intent being let go")
    assert (refused.status_code, refused.json()["code"]) == (409, "payment_not_captured")
    assert at_till.status_code == 200, at_till.text
    assert (await guest.look(order["order_id"]))["payment"]["status"] == "CAPTURED"
    await come_to_rest(running_url, MONEY)
