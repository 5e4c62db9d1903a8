"""A line that is out after it was ordered: the customer chooses, or the deadline does; order, money and ticket follow."""

from typing import Any

from tests.simulators import provider
from tests.simulators.processes import Installation
from tests.simulators.shop import Counter, Json, Person, eventually, intent_of, pay


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


async def paid(guest: Person, running: Installation, counter: Counter, wish: Json) -> Json:
    order = await guest.order(wish)
    await pay(running.sandbox.url, intent_of(order))
    return await guest.waits_for(order["order_id"], "PAID") | {"intent": intent_of(order)}


async def test_a_cheaper_substitute_gives_the_difference_back(milano: Counter, running: Installation) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await paid(guest, running, milano, two_lines(milano, online=True))

    shortage = await out(barista, order)
    offers = shortage["substitutes"]
    cheaper = next(each for each in offers if each["refund"] > 0)
    answer = await chooses(guest, order, shortage, "SUBSTITUTE", cheaper["number"])

    assert answer.status_code == 200, answer.text
    assert all(each["total"] <= order["lines"][0]["total"] for each in offers)
    now = answer.json()
    assert now["lines"][0]["name"] == cheaper["name"]
    assert now["lines"][1]["line_id"] == order["lines"][1]["line_id"]
    assert now["total"] == order["total"] - cheaper["refund"]
    assert [each["event"] for each in now["history"]] == ["place", "pay", "run_short", "substitute"]
    assert now["shortages"][0]["line"]["name"] == order["lines"][0]["name"]

    async def back() -> bool:
        return [each["amount"] for each in await provider.refunds(running, order["intent"])] == [cheaper["refund"]]

    await eventually(back, what="the difference")
    ticket = await barista.ticket_of(milano.store_id, order["order_id"])
    print(ticket)
