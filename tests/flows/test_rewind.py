"""The log is the truth that everything else follows: a consumer that has lost its place reads it again, and nothing
happens twice. What is brought to the outside may be lost with its carrier; it comes from the log again.
"""

import psycopg

from bottega.entrypoints.seed import SeedResult
from tests.simulators.fixtures import Launch
from tests.simulators.invariants import broken
from tests.simulators.shop import Counter, counter, eventually, intent_of, pay

REWIND = "update consumers set position = 0"
BEHIND = "select count(*) from consumers, log_head where position < seq"
STATE = """
select (select jsonb_agg(to_jsonb(t) order by ticket_id) from tickets t)::text,
  (select jsonb_agg(jsonb_build_array(order_id, status, seq) order by order_id) from orders)::text,
  (select jsonb_agg(jsonb_build_array(payment_id, entry_no, kind, amount_minor) order by payment_id, entry_no)
   from payment_entries)::text,
  (select count(*) from refunds), (select count(*) from payment_attempts), (select count(*) from parked_events)
"""


async def _a_morning(running_sandbox: str, place: Counter) -> None:
    """Orders of every fate: at the counter to the end, paid online, paid and cancelled, changed, left alone."""
    guest, barista = await place.guest(), await place.barista()
    done = await guest.order(place.wish())
    for before, after in (("PLACED", "IN_PROGRESS"), ("IN_PROGRESS", "READY")):
        (await barista.moves(done["order_id"], before, after)).raise_for_status()
    (await barista.moves(done["order_id"], "READY", "COMPLETED", receipt_ref="r", tender="CASH")).raise_for_status()
    for fate in ("kept", "cancelled"):
        order = await guest.order(place.wish(online=True))
        await pay(running_sandbox, intent_of(order))
        await guest.waits_for(order["order_id"], "PAID")
        if fate == "cancelled":
            (await guest.cancels(order["order_id"])).raise_for_status()
    changed = await guest.order(place.wish())
    (await guest.patch(f"/v1/orders/{changed['order_id']}", {"items": place.wish(qty=2)["items"]})).raise_for_status()
    await guest.order(place.wish(online=True))


async def test_consumers_that_begin_the_log_anew_do_nothing_twice(
    shop_url: str, shop_template: tuple[str, SeedResult], launch: Launch
) -> None:
    running = launch(shop_url, web=1, workers=1)

    async def caught_up() -> bool:
        with psycopg.connect(shop_url) as db:
            quiet = db.execute("select (select count(*) from outbox), (select count(*) from payment_attempts "
                               "where state = 'INTENDED')").fetchone()  # fmt: skip
            return quiet == (0, 0) and db.execute(BEHIND).fetchone() == (0,)

    def state() -> tuple[object, ...] | None:
        with psycopg.connect(shop_url) as db:
            return db.execute(STATE).fetchone()

    async with counter(running.url, shop_template[1]) as place:
        await _a_morning(running.sandbox.url, place)
    await eventually(caught_up, 45, "the worker catching up")
    before = state()

    running.workers[0].stop()
    with psycopg.connect(shop_url, autocommit=True) as db:
        db.execute(REWIND)
    running.workers[0].start()
    await eventually(caught_up, 45, "the worker catching up again")

    assert state() == before
    assert await broken(shop_url) == {}
