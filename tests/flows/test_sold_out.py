"""What staff mark as sold out can't be ordered any more, in any web process, at once."""

import asyncio
import time

from tests.simulators.processes import Installation
from tests.simulators.shop import Counter, eventually


async def test_it_shows_at_once_in_another_web_process(milano: Counter, running: Installation) -> None:
    barista, guest = await milano.barista(), await milano.guest(running.urls[1])
    product = milano.product("cappuccino")
    address = f"/v1/stores/{milano.store_id}/products/{product['product_id']}/availability"
    menu = f"/v1/stores/{milano.store_id}/menu"

    async def shown() -> bool:
        found = (await guest.get(menu)).json()["products"]
        return next(each["available"] for each in found if each["product_id"] == product["product_id"])

    assert await shown()
    told = await barista.post(address, {"state": "SOLD_OUT", "until": None})
    began = time.monotonic()
    refused = await guest.post("/v1/orders", milano.wish(word="cappuccino"))

    assert told.status_code == 200, told.text
    assert (refused.status_code, refused.json()["code"]) == (409, "item_sold_out")

    async def hidden() -> bool:
        return not await shown()

    await eventually(hidden, 3, "the menu showing it")
    assert time.monotonic() - began < 2
    (await barista.post(address, {"state": "AVAILABLE", "until": None})).raise_for_status()
    await eventually(shown, 3, "it being back")
    await guest.order(milano.wish(word="cappuccino"))


async def test_of_a_counted_item_exactly_what_is_left_is_sold_over_two_processes(
    milano: Counter, running: Installation
) -> None:
    barista = await milano.barista()
    guests = [await milano.guest(url) for url in running.urls]
    product = milano.product("espresso")
    address = f"/v1/stores/{milano.store_id}/products/{product['product_id']}/availability"
    (await barista.post(address, {"state": "AVAILABLE", "until": None, "left": 7})).raise_for_status()

    answers = await asyncio.gather(*(guests[n % 2].post("/v1/orders", milano.wish(word="espresso")) for n in range(20)))

    assert sorted(answer.status_code for answer in answers) == [201] * 7 + [409] * 13
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"item_sold_out"}
    (await barista.post(address, {"state": "AVAILABLE", "until": None})).raise_for_status()
