"""The provider's events, however often and in whatever order they come, move an order once."""

import asyncio
import itertools

import psycopg

from bottega.kit import ids
from tests.simulators import provider
from tests.simulators.processes import Installation
from tests.simulators.shop import Counter, intent_of, pay

SUCCEEDED = "payment_intent.succeeded"


async def _unheard(running: Installation, milano: Counter) -> tuple[object, dict[str, object]]:
    """A guest's order that is paid at the provider, which has not told us."""
    guest = await milano.guest()
    order = await guest.order(milano.wish(online=True))
    running.control("webhooks/hold", {})
    await pay(running.sandbox.url, intent_of(order))
    return guest, order


def _ledger(url: str, order: dict[str, object]) -> list[str]:
    uuid = ids.parse("pay", order["payment"]["payment_id"])  # type: ignore[index]
    with psycopg.connect(url) as db:
        rows = db.execute("select kind from payment_entries where payment_id = %s order by entry_no", [uuid])
        return [row[0] for row in rows.fetchall()]


async def test_one_event_twenty_times_at_once_to_two_processes_pays_once(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest, order = await _unheard(running, milano)
    body = provider.event(SUCCEEDED, await provider.read(running, intent_of(order)))

    answers = await asyncio.gather(*(provider.deliver(running.urls[n % 2], body) for n in range(20)))

    assert {answer.status_code for answer in answers} == {200}
    paid = await guest.waits_for(order["order_id"], "PAID")
    assert [step["event"] for step in paid["history"]] == ["place", "pay"]
    assert _ledger(running_url, order) == ["OPENED", "CAPTURED"]


async def test_twenty_events_that_say_the_same_pay_once(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest, order = await _unheard(running, milano)
    intent = await provider.read(running, intent_of(order))

    await asyncio.gather(*(provider.deliver(running.urls[n % 2], provider.event(SUCCEEDED, intent)) for n in range(20)))

    await guest.waits_for(order["order_id"], "PAID")
    assert _ledger(running_url, order) == ["OPENED", "CAPTURED"]


async def test_events_in_any_order_end_where_the_provider_is(
    milano: Counter, running: Installation, running_url: str
) -> None:
    kinds = ("payment_intent.created", "payment_intent.requires_action", SUCCEEDED)
    for order_of_kinds in itertools.permutations(kinds):
        guest, order = await _unheard(running, milano)
        intent = await provider.read(running, intent_of(order))
        for kind in order_of_kinds:
            await provider.deliver(running.url, provider.event(kind, intent))
        paid = await guest.waits_for(order["order_id"], "PAID")
        assert (paid["payment"]["status"], len(paid["history"])) == ("CAPTURED", 2), order_of_kinds
        assert _ledger(running_url, order) == ["OPENED", "CAPTURED"]


async def test_an_event_that_overtakes_our_own_commit_is_not_lost(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest, order = await _unheard(running, milano)
    uuid = ids.parse("pay", order["payment"]["payment_id"])
    with psycopg.connect(running_url, autocommit=True) as db:  # as if we were about to write down what was opened
        db.execute("update payments set provider_ref = null, client_secret = null where payment_id = %s", [uuid])
    news = provider.event(SUCCEEDED, await provider.read(running, intent_of(order)))
    early = await provider.deliver(running.url, news)
    await asyncio.sleep(0.3)
    before = await guest.look(order["order_id"])
    with psycopg.connect(running_url, autocommit=True) as db:
        again = "update payment_attempts set state = 'INTENDED', next_try_at = now() where payment_id = %s"
        db.execute(again, [uuid])

    assert (early.status_code, before["status"]) == (200, "PLACED")
    assert (await guest.waits_for(order["order_id"], "PAID", 30))["payment"]["status"] == "CAPTURED"
    assert _ledger(running_url, order) == ["OPENED", "CAPTURED"]


async def test_lost_news_of_a_payment_are_asked_for(milano: Counter, running: Installation, running_url: str) -> None:
    guest, order = await _unheard(running, milano)
    uuid = ids.parse("pay", order["payment"]["payment_id"])
    with psycopg.connect(running_url, autocommit=True) as db:  # instead of waiting for three quarters of a minute
        db.execute("update payments set next_check_at = now() where payment_id = %s", [uuid])

    assert (await guest.waits_for(order["order_id"], "PAID"))["payment"]["status"] == "CAPTURED"


async def test_forged_events_are_refused_and_kept_nowhere(
    milano: Counter, running: Installation, running_url: str
) -> None:
    guest, order = await _unheard(running, milano)
    body = provider.event(SUCCEEDED, await provider.read(running, intent_of(order)))

    forged = await provider.deliver(running.url, body, "whsec_somebody")

    assert forged.status_code == 400
    assert (await guest.look(order["order_id"]))["status"] == "PLACED"
    with psycopg.connect(running_url) as db:
        kept = db.execute("select count(*) from provider_events where body = %s", [body]).fetchone()
    assert kept == (0,)
