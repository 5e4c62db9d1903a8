"""A line that is out after it was ordered: the customer chooses, or the deadline does; order, money and ticket follow."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from bottega.entrypoints.verify import run
from tests.simulators import provider
from tests.simulators.processes import Installation
from tests.simulators.shop import Counter, Json, Person, eventually, intent_of, pay, stream


def two_lines(counter: Counter, *, online: bool = False, words: tuple[str, str] = ("latte", "espresso")) -> Json:
    items = [{"product_id": counter.product(word)["product_id"], "qty": 1} for word in words]
    return counter.wish(online=online) | {"items": items}


async def out(barista: Person, order: Json, line: int = 0, **more: Any) -> Json:
    """The barista says that a line is out; the shortage."""
    answer = await barista.post(
        f"/v1/orders/{order['order_id']}/lines/{order['lines'][line]['line_id']}/unavailable", more
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["shortages"][-1]


async def chooses(person: Person, order: Json, shortage: Json, choice: str, substitute: int | None = None) -> Any:
    body = {"choice": choice} | ({} if substitute is None else {"substitute": substitute})
    return await person.post(f"/v1/orders/{order['order_id']}/shortages/{shortage['shortage_id']}/choice", body)


async def badge(barista: Person, counter: Counter, order: Json, name: str) -> Json:
    """The ticket of an order, once it carries a badge."""

    async def there() -> Json | None:
        ticket = await barista.ticket_of(counter.store_id, order["order_id"])
        return ticket if name in ticket["badges"] else None

    return await eventually(there, what=name)


async def settled(guest: Person, order: Json) -> Json:
    """An order, once nobody has to choose any more."""

    async def there() -> Json | None:
        now = await guest.look(order["order_id"])
        return now if all(each["state"] != "OFFERED" for each in now["shortages"]) else None

    return await eventually(there, what="the deadline")


async def back(running: Installation, order: Json, count: int) -> list[int]:
    """What the provider gave back, once there are as many refunds."""

    async def there() -> list[int] | None:
        made = [each["amount"] for each in await provider.refunds(running, order["intent"])]
        return made if len(made) >= count else None

    return await eventually(there, what="the money")


async def disputed(guest: Person, order: Json) -> bool:
    """Whether a bank has the money of an order."""
    return (await guest.look(order["order_id"]))["payment"]["status"] == "DISPUTED"


async def taken(running: Installation, order: Json) -> int:
    """What the provider took, once it took anything."""

    async def there() -> int:
        return (await provider.read(running, order["intent"]))["amount_received"]

    return await eventually(there, what="the capture")


async def paid(guest: Person, running: Installation, wish: Json) -> Json:
    order = await guest.order(wish)
    await pay(running.sandbox.url, intent_of(order))
    return await guest.waits_for(order["order_id"], "PAID") | {"intent": intent_of(order)}


async def test_a_cheaper_substitute_gives_the_difference_back_and_the_ticket_follows(
    milano: Counter, running: Installation
) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await paid(guest, running, two_lines(milano, online=True))
    await barista.ticket_of(milano.store_id, order["order_id"])

    shortage = await out(barista, order, reason="no milk")
    waiting = await badge(barista, milano, order, "WAITING_FOR_CUSTOMER")
    offers = shortage["substitutes"]
    cheaper = next(each for each in offers if each["refund"] > 0)
    answer = await chooses(guest, order, shortage, "SUBSTITUTE", cheaper["number"])

    assert answer.status_code == 200, answer.text
    now = answer.json()
    assert all(each["total"] <= order["lines"][0]["total"] for each in offers)
    assert [line["short"] for line in waiting["lines"]] == [True, False]
    assert waiting["waiting_until"] == shortage["due_at"]
    assert now["lines"][0]["name"] == cheaper["name"]
    assert now["lines"][1]["line_id"] == order["lines"][1]["line_id"]
    assert now["total"] == order["total"] - cheaper["refund"]
    steps = [(each["event"], each["actor"], each["reason"]) for each in now["history"]]
    assert steps[2:] == [
        ("run_short", "STAFF", f"{order['lines'][0]['name']} is not available (no milk)"),
        ("substitute", "GUEST", f"{order['lines'][0]['name']} is not available (no milk)"),
    ]
    assert now["shortages"][0]["line"] == order["lines"][0]
    assert await back(running, order, 1) == [cheaper["refund"]]
    changed = await badge(barista, milano, order, "CHANGED")
    assert [line["name"] for line in changed["lines"]] == [line["name"] for line in now["lines"]]
    assert changed["waiting_until"] is None


async def test_a_dearer_one_is_offered_by_staff_at_the_same_price_only(
    new_york: Counter, running: Installation
) -> None:
    guest, barista = await new_york.guest(), await new_york.barista()
    order = await paid(guest, running, two_lines(new_york, online=True, words=("espresso", "latte")))
    line, dearer = order["lines"][0], new_york.product("latte")["product_id"]
    address = f"/v1/orders/{order['order_id']}/lines/{line['line_id']}/unavailable"

    by_itself = await out(barista, await guest.order(two_lines(new_york, words=("espresso", "latte"))))
    refused = await barista.post(address, {"substitutes": [{"product_id": dearer}]})
    offered = await barista.post(address, {"substitutes": [{"product_id": dearer, "same_price": True}]})
    answer = await chooses(guest, order, offered.json()["shortages"][0], "SUBSTITUTE", 1)

    assert all(each["total"] <= line["total"] for each in by_itself["substitutes"])
    assert (refused.status_code, refused.json()["code"]) == (422, "substitute_too_dear")
    assert refused.json()["errors"][0]["pointer"] == "/substitutes/0"
    assert answer.json()["total"] == order["total"]
    assert answer.json()["lines"][0]["product_id"] == dearer
    assert await provider.refunds(running, order["intent"]) == []


async def test_the_money_of_one_line_goes_back_with_its_tax(new_york: Counter, running: Installation) -> None:
    guest, barista = await new_york.guest(), await new_york.barista()
    order = await paid(guest, running, two_lines(new_york, online=True))
    gone = order["lines"][0]

    answer = await chooses(guest, order, await out(barista, order), "REFUND")

    now = answer.json()
    assert now["total"] == order["total"] - gone["total"] - gone["tax"]
    assert now["tax"] == sum(line["tax"] for line in now["lines"]) > 0
    assert await back(running, order, 1) == [gone["total"] + gone["tax"]]


async def test_a_cancel_gives_everything_back_also_when_it_is_being_made(
    milano: Counter, running: Installation
) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await paid(guest, running, two_lines(milano, online=True))
    (await barista.moves(order["order_id"], "PAID", "IN_PROGRESS")).raise_for_status()
    first, second = await out(barista, order, 0), await out(barista, order, 1)

    answer = await chooses(guest, order, second, "CANCEL")

    assert answer.json()["status"] == "CANCELLED"
    assert {each["state"] for each in answer.json()["shortages"]} == {"CANCELLED"}
    assert await back(running, order, 1) == [order["total"]]
    late = await chooses(guest, order, first, "REFUND")
    assert (late.status_code, late.json()["code"], late.json()["state"]) == (409, "shortage_settled", "CANCELLED")


async def test_at_the_deadline_the_line_comes_off_and_an_only_line_takes_the_order_with_it(
    milano: Counter,
) -> None:
    guest, barista, admin = await milano.guest(), await milano.barista(), await milano.login("admin")
    several, alone = await guest.order(two_lines(milano)), await guest.order(milano.wish())
    deadlines = f"/v1/stores/{milano.store_id}/deadlines"
    before, set_to = (await admin.post(deadlines, {})).json(), await admin.post(deadlines, {"answer_seconds": 1})
    try:
        asked, whole = await out(barista, several), await out(barista, alone)
    finally:
        after = (await admin.post(deadlines, {"answer_seconds": before["answer_seconds"]})).json()
    never = await admin.post(deadlines, {"answer_seconds": 0})
    refused = await chooses(guest, alone, whole, "REFUND")
    off = await settled(guest, several)
    gone = await guest.waits_for(alone["order_id"], "CANCELLED")

    assert before == after == {"unpaid_minutes": 15, "answer_seconds": 300}
    assert set_to.json() == before | {"answer_seconds": 1}
    assert (never.status_code, never.json()["code"]) == (422, "invalid")
    assert (asked["default"], whole["default"], whole["choices"][-1]) == ("REFUND", "CANCEL", "CANCEL")
    assert (refused.status_code, refused.json()["code"]) == (422, "choice_not_offered")
    assert [line["line_id"] for line in off["lines"]] == [several["lines"][1]["line_id"]]
    assert off["total"] == several["lines"][1]["total"]
    assert (off["history"][-1]["event"], off["history"][-1]["actor"]) == ("take_off", "SYSTEM")
    assert gone["shortages"][0]["state"] == "CANCELLED"
    ticket = await barista.ticket_of(milano.store_id, several["order_id"])
    for state in ("QUEUED", "STARTED"):
        (await barista.bumps(ticket, state)).raise_for_status()
    over = await barista.moves(several["order_id"], "READY", "COMPLETED", tender="CASH", receipt_ref="R-7")
    assert over.json()["total"] == off["total"]


async def test_some_units_of_a_line_are_out_and_the_others_are_made(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await paid(guest, running, milano.wish(online=True, qty=3))
    line = order["lines"][0]
    address = f"/v1/orders/{order['order_id']}/lines/{line['line_id']}/unavailable"

    too_many = [await barista.post(address, {"qty": qty}) for qty in (4, 0)]
    shortage = await out(barista, order, qty=2)
    asked = await guest.look(order["order_id"])
    ticket = await badge(barista, milano, order, "WAITING_FOR_CUSTOMER")
    answer = (await chooses(guest, order, shortage, "REFUND")).json()
    changed = await badge(barista, milano, order, "CHANGED")

    assert [(each.status_code, each.json()["errors"][0]["pointer"]) for each in too_many] == [(422, "/qty")] * 2
    assert [(each["line_id"] == line["line_id"], each["qty"]) for each in asked["lines"]] == [(True, 1), (False, 2)]
    assert (asked["total"], asked["tax"]) == (order["total"], order["tax"])
    assert all(each["total"] <= shortage["line"]["total"] for each in shortage["substitutes"])
    assert (shortage["line"]["qty"], shortage["default"]) == (2, "REFUND")
    assert [(each["qty"], each["short"]) for each in ticket["lines"]] == [(1, False), (2, True)]
    assert "CHANGED" not in ticket["badges"], "there is as much to make as before"
    assert [(each["line_id"], each["qty"]) for each in answer["lines"]] == [(line["line_id"], 1)]
    assert answer["total"] * 3 == order["total"]
    assert answer["history"][-2]["reason"] == f"2 × {line['name']} is not available"
    assert [each["qty"] for each in changed["lines"]] == [1]
    assert await back(running, order, 1) == [order["total"] - answer["total"]]
    assert (await run(running_url, ["money", "orders", "refunds", "shortages"])).broken == ()


async def test_a_line_of_which_money_went_back_is_out_as_a_whole_only(milano: Counter, running: Installation) -> None:
    guest, barista, admin = await milano.guest(), await milano.barista(), await milano.login("admin")
    order = await paid(guest, running, milano.wish(online=True, qty=3))
    line = order["lines"][0]["line_id"]
    payment = f"/v1/payments/{order['payment']['payment_id']}/refunds"
    given = await admin.post(payment, {"lines": [{"line_id": line, "qty": 1}], "reason": "cold"})

    part = await barista.post(f"/v1/orders/{order['order_id']}/lines/{line}/unavailable", {"qty": 1})
    charge = (await provider.read(running, order["intent"]))["latest_charge"]
    running.control(f"charges/{charge}/dispute", {})
    await eventually(lambda: disputed(guest, order), what="the dispute")
    with_the_bank = await barista.post(f"/v1/orders/{order['order_id']}/lines/{line}/unavailable", {"qty": 1})
    whole = await out(barista, order, qty=3)

    assert given.status_code == 201, given.text
    assert (part.status_code, part.json()["code"]) == (409, "line_partly_refunded")
    assert (with_the_bank.status_code, with_the_bank.json()["code"]) == (409, "payment_disputed")
    assert whole["line"]["line_id"] == line


async def test_while_the_customer_chooses_the_order_is_neither_finished_nor_changed(milano: Counter) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await guest.order(two_lines(milano))
    shortage = await out(barista, order)
    again = await out(barista, order)
    ticket = await badge(barista, milano, order, "WAITING_FOR_CUSTOMER")
    changed = await guest.patch(f"/v1/orders/{order['order_id']}", {"items": milano.wish()["items"]})
    started = await barista.bumps(ticket, "QUEUED")
    finished = await barista.bumps(ticket, "STARTED")
    for_them = await chooses(barista, order, shortage, "REFUND")
    ready = await barista.bumps(ticket, "STARTED")

    assert again["shortage_id"] == shortage["shortage_id"]
    assert (changed.status_code, changed.json()["code"]) == (409, "waiting_for_choice")
    assert started.status_code == for_them.status_code == ready.status_code == 200
    assert (finished.status_code, finished.json()["code"]) == (409, "waiting_for_choice")
    late = await barista.post(f"/v1/orders/{order['order_id']}/lines/{order['lines'][1]['line_id']}/unavailable", {})
    assert (late.status_code, late.json()["code"]) == (409, "too_late_to_mark")


async def test_a_repeat_gets_the_first_answer_and_nobody_else_may_choose(milano: Counter) -> None:
    guest, stranger, barista = await milano.guest(), await milano.guest(), await milano.barista()
    order = await guest.order(two_lines(milano))
    shortage = await out(barista, order)
    address = f"/v1/orders/{order['order_id']}/shortages/{shortage['shortage_id']}/choice"

    foreign = await chooses(stranger, order, shortage, "CANCEL")
    by_customer = await guest.post(
        f"/v1/orders/{order['order_id']}/lines/{order['lines'][1]['line_id']}/unavailable", {}
    )
    first, repeat = [await guest.post(address, {"choice": "REFUND"}, "the same key 1") for _ in range(2)]
    other = await guest.post(address, {"choice": "CANCEL"}, "the same key 1")

    assert (foreign.status_code, by_customer.status_code) == (404, 403)
    assert (first.status_code, repeat.status_code, repeat.headers["idempotency-replayed"]) == (200, 200, "true")
    assert other.status_code == 422
    assert (await guest.look(order["order_id"]))["seq"] == 3


async def test_a_choice_that_is_out_offers_the_same_thing_with_another_and_can_mark_it_sold_out(
    milano: Counter,
) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    milks = next(group["modifiers"] for group in milano.menu["modifier_groups"] if group["kind"] == "MILK")
    oat = next(each["modifier_id"] for each in milks if "oat" in each["name"].lower())
    usual = (await guest.order(milano.wish()))["lines"][0]
    kept = [each["modifier_id"] for each in usual["modifiers"]]
    chosen = [oat if each in {milk["modifier_id"] for milk in milks} else each for each in kept]
    wish = milano.wish() | {"items": [{"product_id": usual["product_id"], "qty": 1, "modifier_ids": chosen}]}
    order = await guest.order(wish)
    availability = f"/v1/stores/{milano.store_id}/modifiers/{oat}/availability"

    shortage = await out(barista, order, modifier_id=oat, sold_out=True, until="END_OF_DAY")
    refused = await guest.post("/v1/orders", wish)
    (await barista.post(availability, {"state": "AVAILABLE", "until": None})).raise_for_status()

    assert {each["product_id"] for each in shortage["substitutes"]} == {usual["product_id"]}
    assert all(oat not in [m["modifier_id"] for m in each["modifiers"]] for each in shortage["substitutes"])
    assert shortage["missing"] == next(each["name"] for each in milks if each["modifier_id"] == oat)
    assert (refused.status_code, refused.json()["code"]) == (409, "item_sold_out")


async def test_an_unpaid_order_is_paid_for_what_it_costs_then(milano: Counter, running: Installation) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await guest.order(two_lines(milano, online=True))

    await chooses(barista, order, await out(barista, order), "REFUND")

    async def opened() -> Json | None:
        now = await guest.look(order["order_id"])
        return now if now["payment"].get("client_secret") else None

    now = await eventually(opened, what="a new secret")
    assert (await provider.read(running, intent_of(now)))["amount"] == now["total"] == order["lines"][1]["total"]
    await pay(running.sandbox.url, intent_of(now))
    assert (await guest.waits_for(order["order_id"], "PAID"))["total"] == now["total"]


async def test_the_stream_tells_of_the_question_and_of_the_answer(milano: Counter) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await guest.order(two_lines(milano))
    async with stream(guest, f"/v1/orders/{order['order_id']}/stream") as live:
        shortage = await out(barista, order)
        asked = (await live.until(lambda event: "shortage" in event.data))[-1]
        await chooses(guest, order, shortage, "REFUND")
        told = (await live.until(lambda event: "shortage" in event.data))[-1]

    mine = shortage["shortage_id"]
    assert asked.data["shortage"] == {"shortage_id": mine, "state": "OFFERED"}
    assert told.data["shortage"] == {"shortage_id": mine, "state": "REFUNDED"}


async def test_what_was_agreed_keeps_its_price_when_the_customer_changes_the_rest(milano: Counter) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await guest.order(two_lines(milano, words=("espresso", "latte")))
    dearer = milano.product("cappuccino")["product_id"]
    shortage = await out(barista, order, substitutes=[{"product_id": dearer, "same_price": True}])
    agreed = (await chooses(guest, order, shortage, "SUBSTITUTE", 1)).json()["lines"][0]

    items = [{"product_id": each, "qty": 1} for each in (dearer, milano.product("espresso")["product_id"])]
    items[0]["modifier_ids"] = [each["modifier_id"] for each in agreed["modifiers"]]
    changed = await guest.patch(f"/v1/orders/{order['order_id']}", {"items": items})

    assert changed.status_code == 200, changed.text
    assert changed.json()["lines"][0]["total"] == agreed["total"] == order["lines"][0]["total"]
    assert changed.json()["total"] == sum(line["total"] for line in changed.json()["lines"])


@pytest.fixture
def held_first(running_url: str) -> Iterator[None]:
    """The stores hold payments first, for the time of a test."""
    with psycopg.connect(running_url, autocommit=True) as owner:
        owner.execute("update stores set capture_mode = 'MANUAL'")
        yield
        owner.execute("update stores set capture_mode = 'AUTOMATIC'")


@pytest.mark.usefixtures("held_first")
async def test_of_what_is_only_held_as_much_is_taken_as_the_order_costs_then(
    milano: Counter, running: Installation
) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await paid(guest, running, two_lines(milano, online=True))

    less = (await chooses(guest, order, await out(barista, order), "REFUND")).json()["total"]
    (await barista.bumps(await barista.ticket_of(milano.store_id, order["order_id"]), "QUEUED")).raise_for_status()

    assert await taken(running, order) == less < order["total"]
    assert await provider.refunds(running, order["intent"]) == []


@pytest.mark.usefixtures("held_first")
async def test_a_capture_that_was_on_its_way_gives_back_what_the_order_costs_less_by_then(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await paid(guest, running, two_lines(milano, online=True))
    slow = {"probability": 1, "seconds": 0.7, "limit": 1, "only": "/capture"}
    running.control("faults", {"rules": {"slow": slow}})

    (await barista.bumps(await barista.ticket_of(milano.store_id, order["order_id"]), "QUEUED")).raise_for_status()
    now = (await chooses(guest, order, await out(barista, order), "REFUND")).json()

    assert now["payment"]["status"] == "AUTHORIZED"
    assert await taken(running, order) == order["total"]
    assert await back(running, order, 1) == [order["total"] - now["total"]]
    report = await run(running_url, ["money", "orders", "refunds", "shortages"])
    assert report.broken == ()


@pytest.fixture
def taxed_by_line(running_url: str) -> Iterator[None]:
    """The tax of every line is rounded by itself, for the time of a test."""
    change = "update stores set tax_per = '{}', menu_version = menu_version + 1 where slug = 'new-york'"
    with psycopg.connect(running_url, autocommit=True) as owner:
        owner.execute(change.format("LINE").encode())
        yield
        owner.execute(change.format("ORDER").encode())


@pytest.mark.usefixtures("taxed_by_line")
async def test_a_substitute_is_not_dearer_either_when_taxes_are_rounded_otherwise_by_then(
    new_york: Counter, running: Installation, running_url: str
) -> None:
    guest, barista = await new_york.guest(), await new_york.barista()
    wish = two_lines(new_york, online=True, words=("chamomile", "cookie"))
    wish["items"][1]["qty"] = 2
    order = await paid(guest, running, wish)
    tea = {"product_id": new_york.product("breakfast")["product_id"]}
    shortage = await out(barista, order, substitutes=[tea])
    await out(barista, order, 1, qty=1)

    answer = await chooses(guest, order, shortage, "SUBSTITUTE", 1)

    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] <= order["total"]
    assert (await run(running_url, ["money", "orders", "refunds", "shortages"])).broken == ()
