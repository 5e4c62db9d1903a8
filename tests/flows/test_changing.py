"""An order whose lines are changed: priced again, shown to the kitchen, and never made as it was before."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.simulators import provider
from tests.simulators.processes import Installation, Role
from tests.simulators.shop import Counter, Json, eventually, intent_of, pay


@contextmanager
def suspended(role: Role) -> Iterator[None]:
    """A process that does nothing for a while."""
    role.kill(signal.SIGSTOP)
    try:
        yield
    finally:
        role.kill(signal.SIGCONT)


async def test_changed_lines_are_priced_again_and_marked_on_the_ticket(milano: Counter) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await guest.order(milano.wish(qty=1))
    before = await barista.ticket_of(milano.store_id, order["order_id"])

    changed = await guest.patch(f"/v1/orders/{order['order_id']}", {"items": milano.wish(qty=3)["items"]})

    assert changed.status_code == 200, changed.text
    assert (changed.json()["total"], changed.json()["seq"]) == (3 * order["total"], 2)

    async def marked() -> Json | None:
        ticket = await barista.ticket_of(milano.store_id, order["order_id"])
        return ticket if "CHANGED" in ticket["badges"] else None

    ticket = await eventually(marked, what="the mark CHANGED")
    assert ([line["qty"] for line in before["lines"]], [line["qty"] for line in ticket["lines"]]) == ([1], [3])
    assert ticket["total"] == 3 * order["total"]


async def test_lines_that_change_just_before_somebody_starts_reach_the_ticket(
    milano: Counter, running: Installation
) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await guest.order(milano.wish(qty=1))
    ticket = await barista.ticket_of(milano.store_id, order["order_id"])

    with suspended(running.workers[0]):
        changed = await guest.patch(f"/v1/orders/{order['order_id']}", {"items": milano.wish(qty=5)["items"]})
        started = await barista.bumps(ticket, "QUEUED")

    assert (changed.status_code, started.status_code) == (200, 200)

    async def followed() -> Json | None:
        now = await barista.ticket_of(milano.store_id, order["order_id"])
        return now if now["lines"][0]["qty"] == 5 else None

    now = await eventually(followed, what="the new lines on the ticket")
    assert (now["state"], now["order_status"], now["badges"]) == ("STARTED", "IN_PROGRESS", ["CHANGED"])


async def test_nobody_changes_what_somebody_makes(milano: Counter) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await guest.order(milano.wish())
    (await barista.moves(order["order_id"], "PLACED", "IN_PROGRESS")).raise_for_status()

    late = await guest.patch(f"/v1/orders/{order['order_id']}", {"items": milano.wish(qty=2)["items"]})

    assert (late.status_code, late.json()["order_status"]) == (409, "IN_PROGRESS")


async def test_a_change_of_an_unpaid_online_order_opens_a_payment_for_the_new_total(
    milano: Counter, running: Installation
) -> None:
    guest = await milano.guest()
    order = await guest.order(milano.wish(online=True))

    (await guest.patch(f"/v1/orders/{order['order_id']}", {"items": milano.wish(qty=2)["items"]})).raise_for_status()

    async def opened() -> Json | None:
        now = await guest.look(order["order_id"])
        return now if now["payment"].get("client_secret") else None

    now = await eventually(opened, what="a new secret")
    assert now["payment"]["payment_id"] != order["payment"]["payment_id"]

    async def voided() -> bool:
        return (await provider.read(running, intent_of(order)))["status"] == "canceled"

    await eventually(voided, what="the old intent being voided")
    assert (await provider.read(running, intent_of(now)))["amount"] == 2 * order["total"]
    await pay(running.sandbox.url, intent_of(now))
    assert (await guest.waits_for(order["order_id"], "PAID"))["total"] == 2 * order["total"]


async def test_money_for_what_the_order_was_before_its_change_goes_back(milano: Counter, running: Installation) -> None:
    guest = await milano.guest()
    order = await guest.order(milano.wish(online=True))
    running.control("webhooks/hold", {})
    await pay(running.sandbox.url, intent_of(order))

    changed = await guest.patch(f"/v1/orders/{order['order_id']}", {"items": milano.wish(qty=2)["items"]})
    running.control("webhooks/deliver", {})

    assert changed.status_code == 200, changed.text

    async def back() -> bool:
        made = await provider.refunds(running, intent_of(order))
        return [each["amount"] for each in made] == [order["total"]]

    await eventually(back, what="the refund")
    now = await guest.look(order["order_id"])
    assert (now["status"], now["total"]) == ("PLACED", 2 * order["total"])
