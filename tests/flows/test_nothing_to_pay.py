"""Orders that come to cost nothing: no provider is asked for nothing, and nobody is told that money is missing."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from bottega.kit import ids
from tests.flows.test_holds import held_first  # noqa: F401 - a fixture
from tests.flows.test_running_short import chooses, out, paid, two_lines
from tests.simulators.invariants import MONEY, come_to_rest
from tests.simulators.processes import Installation
from tests.simulators.shop import Counter, Json, eventually

PRICE = """
update variant_prices p set price_minor = %s from variants v where v.variant_id = p.variant_id and v.product_id = %s
"""


@pytest.fixture
async def water(milano: Counter, running_url: str) -> AsyncIterator[Json]:
    """Something that costs nothing for the time of a test: what staff offer instead of what is out."""
    product = milano.product("acqua")

    async def costs(price: int) -> None:
        with psycopg.connect(running_url, autocommit=True) as db:
            db.execute(PRICE, [price, ids.parse("prd", product["product_id"])])
            db.execute("update stores set menu_version = menu_version + 1")

        async def there() -> bool:
            guest = await milano.guest()
            menu = (await guest.get(f"/v1/stores/{milano.store_id}/menu")).json()
            return any(each["price"] == price for each in menu["products"] if each["name"] == product["name"])

        await eventually(there, what="the new price")

    await costs(0)
    yield product
    await costs(product["price"])


@pytest.mark.usefixtures("held_first")
async def test_a_held_order_that_comes_to_cost_nothing_is_made_and_handed_over(
    milano: Counter, running: Installation, running_url: str, water: Json
) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await paid(guest, running, milano.wish(online=True))
    shortage = await out(barista, order, substitutes=[{"product_id": water["product_id"]}])
    free = (await chooses(guest, order, shortage, "SUBSTITUTE", 1)).json()
    (await barista.moves(order["order_id"], "PAID", "IN_PROGRESS")).raise_for_status()

    async def let_go() -> Json | None:
        now = await guest.look(order["order_id"])
        return now if now["payment"]["status"] == "VOIDED" else None

    await eventually(let_go, what="the hold being let go")
    again = await guest.post(f"/v1/orders/{order['order_id']}/payment")
    (await barista.moves(order["order_id"], "IN_PROGRESS", "READY")).raise_for_status()
    over = await barista.moves(order["order_id"], "READY", "COMPLETED")

    assert free["total"] == 0
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_pay")
    assert over.status_code == 200, over.text
    now = await guest.look(order["order_id"])
    assert [step["event"] for step in now["history"]][-4:] == ["substitute", "start", "finish", "hand_over"]
    await come_to_rest(running_url, MONEY)


async def test_an_unpaid_order_is_not_changed_to_what_was_agreed_to_cost_nothing(milano: Counter, water: Json) -> None:
    guest, barista = await milano.guest(), await milano.barista()
    order = await guest.order(two_lines(milano, online=True, words=("acqua", "espresso")))
    latte = {"product_id": milano.product("latte")["product_id"], "same_price": True}
    shortage = await out(barista, order, substitutes=[latte])
    agreed = (await chooses(guest, order, shortage, "SUBSTITUTE", 1)).json()
    modifiers = [each["modifier_id"] for each in agreed["lines"][0]["modifiers"]]
    items = [{"product_id": latte["product_id"], "qty": 1, "modifier_ids": modifiers}]
    at = f"/v1/orders/{order['order_id']}"

    changed = await guest.patch(at, {"items": items})
    espresso = {"product_id": milano.product("espresso")["product_id"], "qty": 2}
    kept = await guest.patch(at, {"items": [*items, espresso], "expected_total": 2 * agreed["total"]})

    assert (changed.status_code, changed.json()["code"]) == (422, "nothing_to_pay_online"), changed.text
    assert (kept.status_code, kept.json()["total"]) == (200, 2 * order["total"]), kept.text
