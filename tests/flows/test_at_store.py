"""An order that is paid at the store, from the phone to the hand-over, over HTTP with real processes."""

from tests.simulators.shop import Counter


async def test_it_goes_from_placed_to_completed_and_tells_each_step(milano: Counter) -> None:
    guest, barista = await milano.guest(), await milano.barista()

    order = await guest.order(milano.wish(qty=2, contact={"name": "Giulia"}))
    ticket = await barista.ticket_of(milano.store_id, order["order_id"])
    started = await barista.bumps(ticket, "QUEUED")
    done = await barista.bumps(ticket, "STARTED")
    till = {"tender": "CASH", "receipt_ref": "R-1"}
    closed = await barista.moves(order["order_id"], "READY", "COMPLETED", **till)

    assert (order["status"], order["payment"]) == ("PLACED", None)
    assert (ticket["state"], ticket["name"], ticket["paid"]) == ("QUEUED", "Giulia", False)
    assert (started.json()["state"], started.json()["order_status"]) == ("STARTED", "IN_PROGRESS")
    assert (done.json()["state"], done.json()["order_status"]) == ("DONE", "READY")
    assert closed.status_code == 200, closed.text
    now = await guest.look(order["order_id"])
    assert [(step["seq"], step["to_status"]) for step in now["history"]] == [
        (1, "PLACED"), (2, "IN_PROGRESS"), (3, "READY"), (4, "COMPLETED"),
    ]  # fmt: skip
    assert now["payment"]["status"] == "CAPTURED"
    assert now["allowed_transitions"] == []
