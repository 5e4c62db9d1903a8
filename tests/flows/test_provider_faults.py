"""A provider that fails in every way it can, asked by the real SDK: one charge, one refund, and nobody else waits for it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from bottega.domains.payments import (
    PaymentStatus,
    ProviderUnavailable,
    RefundStatus,
    RetryRefund,
    refunds,
    retry_refund,
)
from bottega.domains.payments.actions.settling import EVENT_FAULTS, MAX_FAULTS
from bottega.entrypoints.seed import SeedResult
from bottega.infra import fault_points
from bottega.infra.breaker import State
from bottega.kit.subject import system
from tests.conftest import Clone
from tests.simulators import provider
from tests.simulators.desks import Here, here
from tests.simulators.processes import Installation
from tests.simulators.shop import eventually

# The SDK hands httpx its bodies in a way that httpx wants to take out one day.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

OPENS, REFUNDS = "POST /v1/payment_intents", "POST /v1/refunds"
WATCH = """
select max(extract(epoch from clock_timestamp() - state_change)) from pg_stat_activity
where datname = current_database() and state like 'idle in transaction%'
"""


@pytest.fixture(scope="module")
def shop_at(clone: Clone, shop_template: tuple[str, SeedResult]) -> Iterator[str]:
    """One database for this file: every test places orders of its own."""
    with clone(shop_template[0]) as url:
        yield url


@pytest.fixture
async def shop_here(shop_at: str, sandbox: Installation, shop_template: tuple[str, SeedResult]) -> AsyncIterator[Here]:
    """The shop in this process, with a fresh breaker; what went wrong at the provider ends with the test."""
    async with here(shop_at, sandbox, shop_template[1]) as made:
        yield made
        fault_points.arm("")
        sandbox.control("faults", method="DELETE")
        await made.sweeps_until_quiet()


async def _refund(shop: Here, order: Any) -> list[dict[str, Any]]:
    """What the provider gave back for an order."""
    ref = (await shop.payment(order)).provider_ref
    assert ref is not None
    return await provider.refunds(shop.installation, ref)


async def _injected(shop: Here) -> int:
    """How much trouble the provider has made since it was told to."""
    return sum(shop.installation.control("faults")["injected"].values())


@pytest.mark.parametrize(
    "fault",
    [
        {"timeout_after": {"probability": 1, "seconds": 0.05, "limit": 2}},
        {"timeout_before": {"probability": 1, "seconds": 0.05, "limit": 2}},
        {"unavailable": {"probability": 1, "limit": 3}},
        {"rate_limit": {"probability": 1, "limit": 3}},
        {"lock_timeout": {"probability": 1, "limit": 3}},
    ],
    ids=["after the deed", "before the deed", "503", "429", "lock"],
)
async def test_an_unknown_outcome_is_asked_again_with_the_same_key_and_done_once(
    shop_here: Here, fault: dict[str, Any]
) -> None:
    order = await shop_here.place()
    shop_here.faults(**fault)
    with suppress(ProviderUnavailable):  # done or not, it looks the same from here; a second call may find it done
        await shop_here.desk.ask(shop_here.merchant_id, order.store_id, order.payment_id, first=True)
        assert "timeout_after" in fault
    await shop_here.sweeps_until_quiet()
    shop_here.faults()
    await shop_here.pay(order)
    await shop_here.check(order)
    await shop_here.cancel(order)
    shop_here.faults(**fault)
    await shop_here.sweeps_until_quiet()
    shop_here.faults()

    assert shop_here.attempts(order) == [(1, "OPEN", "DONE", None), (2, "REFUND", "DONE", None)]
    assert len(await shop_here.intents(order)) == 1
    assert [each["amount"] for each in await _refund(shop_here, order)] == [order.total_minor]
    assert (await shop_here.payment(order)).status is PaymentStatus.REFUNDED


@pytest.mark.parametrize("done", [False, True], ids=["nothing done", "but done"])
async def test_a_failure_that_sticks_to_its_key_is_read_about_before_a_new_number_is_taken(
    shop_here: Here, done: bool
) -> None:
    kind, ended = ("error_after", "DONE") if done else ("error_before", "FAILED")
    order = await shop_here.place()
    shop_here.faults(**{kind: {"probability": 1, "limit": 1, "only": OPENS}})
    opened = await shop_here.desk.ask(shop_here.merchant_id, order.store_id, order.payment_id, first=True)
    shop_here.faults()
    await shop_here.pay(order)
    await shop_here.check(order)
    await shop_here.cancel(order)
    shop_here.faults(**{kind: {"probability": 1, "limit": 1, "only": REFUNDS}})
    await shop_here.sweeps_until_quiet()

    assert opened is not None
    assert opened.client_secret is not None
    asked = [(operation, state) for _, operation, state, _ in shop_here.attempts(order)]
    again = [] if done else [("OPEN", "DONE")], [] if done else [("REFUND", "DONE")]
    assert asked == [("OPEN", ended), *again[0], ("REFUND", ended), *again[1]]
    assert len(await shop_here.intents(order)) == 1
    assert [each["amount"] for each in await _refund(shop_here, order)] == [order.total_minor]
    assert (await shop_here.payment(order)).status is PaymentStatus.REFUNDED


async def test_two_who_ask_for_one_attempt_at_a_time_bring_about_one_deed(shop_here: Here) -> None:
    order = await shop_here.place()
    shop_here.faults(slow={"probability": 1, "seconds": 1, "limit": 1, "only": OPENS})
    asking = asyncio.create_task(
        shop_here.desk.ask(shop_here.merchant_id, order.store_id, order.payment_id, first=True)
    )
    await eventually(lambda: _injected(shop_here), what="the first one being asked")
    shop_here.now("update payment_attempts set next_try_at = now() where payment_id = %s", [order.payment_id])

    with pytest.raises(ProviderUnavailable):  # 409: the key is in use
        await shop_here.desk.ask(shop_here.merchant_id, order.store_id, order.payment_id)
    late = await asking
    await shop_here.sweeps_until_quiet()

    assert late is None  # the second one has the lease now, so what the first one learns is not written
    assert shop_here.attempts(order) == [(1, "OPEN", "DONE", None)]
    assert len(await shop_here.intents(order)) == 1


async def test_no_transaction_and_no_connection_is_held_while_the_provider_is_slow(shop_here: Here) -> None:
    orders = [await shop_here.place() for _ in range(12)]
    shop_here.faults(slow={"probability": 1, "seconds": 0.5, "only": OPENS})
    shop_here.now("update payment_attempts set next_try_at = now()")
    idle: list[float] = []
    waits: list[float] = []

    sweeping = asyncio.create_task(shop_here.sweep())
    with psycopg.connect(shop_here.url, autocommit=True) as db:
        while not sweeping.done():
            row = db.execute(WATCH).fetchone()
            idle.append(float(row[0] or 0) if row else 0)
            began = time.monotonic()
            await shop_here.place(online=False)  # pays at the store: nobody asks the provider
            waits.append(time.monotonic() - began)
            await asyncio.sleep(0.02)

    assert await sweeping >= 12
    assert all(shop_here.attempts(order)[0][2] == "DONE" for order in orders)
    assert len(idle) > 10
    assert max(idle) < 0.4  # a transaction that waited for the provider would stand for half a second
    assert sorted(waits)[len(waits) // 2] < 0.25


async def test_a_dead_provider_is_asked_rarely_and_everybody_is_told_at_once(
    shop_here: Here, sandbox: Installation
) -> None:
    waiting = [await shop_here.place() for _ in range(12)]
    sandbox.sandbox.kill()
    try:
        shop_here.now("update payment_attempts set next_try_at = now()")
        await shop_here.sweep()
        began = time.monotonic()
        refusals = []
        for order in [await shop_here.place() for _ in range(5)]:
            with pytest.raises(ProviderUnavailable) as refused:
                await shop_here.desk.ask(shop_here.merchant_id, order.store_id, order.payment_id, first=True)
            refusals.append(refused.value.retry_after)
        took = time.monotonic() - began
        state = shop_here.desk.breaker.state
        at_store = await shop_here.place(online=False)
    finally:
        sandbox.sandbox.start()

    assert (state, at_store.payment_id) == (State.OPEN, None)
    assert all(seconds and seconds >= 1 for seconds in refusals)
    assert took < 3
    untouched = sum(
        row["tries"] == 0 for row in shop_here.rows("select tries from payment_attempts where state = 'INTENDED'")
    )
    assert untouched >= 5  # who was told at once has not even taken the attempt
    await shop_here.sweeps_until_quiet(200)
    assert shop_here.desk.breaker.state is State.CLOSED
    assert all(shop_here.attempts(order) == [(1, "OPEN", "DONE", None)] for order in waiting)


async def test_what_the_provider_never_told_us_is_found_by_asking(shop_here: Here) -> None:
    order = await shop_here.paid()
    await shop_here.check(order)
    assert (await shop_here.payment(order)).status is PaymentStatus.CAPTURED

    await shop_here.cancel(order)
    shop_here.faults(refund_pending={"probability": 1, "seconds": 0})
    await shop_here.sweep()
    refund = (await _refund(shop_here, order))[0]
    before = (await shop_here.payment(order)).status
    shop_here.installation.control(f"refunds/{refund['id']}/succeed", {})
    shop_here.now("update refunds set next_check_at = now() where payment_id = %s", [order.payment_id])
    await shop_here.sweep()

    assert before is PaymentStatus.CAPTURED
    assert (await shop_here.payment(order)).status is PaymentStatus.REFUNDED


async def test_a_refund_that_fails_is_asked_for_under_new_numbers_and_then_waits_for_a_person(shop_here: Here) -> None:
    order = await shop_here.captured()
    await shop_here.cancel(order)
    which = (order.store_id, order.payment_id)
    story: list[tuple[str, int]] = []
    for _ in range(14):
        await shop_here.sweep()
        for each in await _refund(shop_here, order):
            if each["status"] != "failed":
                shop_here.installation.control(f"refunds/{each['id']}/fail", {})
        shop_here.now("update refunds set next_check_at = now() where next_check_at is not null")
        await shop_here.sweep()
        async with shop_here.parts.database.read(shop_here.merchant_id) as tx:
            refund = (await refunds(tx, *which))[0]
        story.append((refund.status, refund.tries))
        if refund.given_up_at is not None:
            break
        shop_here.now("update refunds set retry_at = now() where retry_at is not null")

    assert story == [("FAILED", number) for number in (1, 2, 3, 4, 5, 5)]
    keys = [
        row["provider_key"] for row in shop_here.rows("select * from payment_attempts where payment_id = %s", which[1:])
    ]
    assert sorted(keys) == [f"bottega-{order.payment_id}-{number}" for number in range(1, 7)]
    assert len(await _refund(shop_here, order)) == 5
    payment = await shop_here.payment(order)
    assert (payment.status, payment.refunded_minor) == (PaymentStatus.CAPTURED, 0)

    command = RetryRefund(order.store_id, refund.refund_id, by_hand=True)
    assert (
        await shop_here.parts.database.run(retry_refund, command, by=system(shop_here.merchant_id, "test")) is not None
    )
    await shop_here.sweep()
    async with shop_here.parts.database.read(shop_here.merchant_id) as tx:
        assert (await refunds(tx, *which))[0].status is RefundStatus.SUCCEEDED
    assert (await shop_here.payment(order)).refunded_minor == order.total_minor
    news = (await _refund(shop_here, order))[-1]  # the first try that failed: late news of it move nothing
    assert news["status"] == "failed"
    await shop_here.event(order, "refund.failed")
    await shop_here.sweeps_until_quiet()
    assert (await shop_here.payment(order)).status is PaymentStatus.REFUNDED


async def test_what_we_ourselves_always_fail_over_is_parked_and_the_rest_goes_on(shop_here: Here) -> None:
    poisoned, fine = await shop_here.place(), await shop_here.place(online=True)
    fault_points.arm("provider.asking@open_intent=raise:100000")
    for _ in range(MAX_FAULTS + 1):
        shop_here.now("update payment_attempts set next_try_at = now() where payment_id = %s", [poisoned.payment_id])
        with suppress(fault_points.Injected):
            await shop_here.desk.ask(shop_here.merchant_id, poisoned.store_id, poisoned.payment_id)
    fault_points.arm("")
    await shop_here.sweeps_until_quiet()

    assert shop_here.attempts(poisoned) == [(1, "OPEN", "PARKED", "Injected('provider.asking open_intent')")]
    assert shop_here.attempts(fine) == [(1, "OPEN", "DONE", None)]


async def test_an_event_about_nothing_that_is_here_is_retried_and_then_parked(shop_here: Here) -> None:
    order = await shop_here.paid()
    await shop_here.event(order)
    shop_here.now("update payments set provider_ref = 'pi_elsewhere' where payment_id = %s", [order.payment_id])
    states = []
    for _ in range(EVENT_FAULTS):
        shop_here.now("update provider_events set next_try_at = now() where state = 'RECEIVED'")
        await shop_here.sweep()
        states.append(shop_here.rows("select state from provider_events order by received_at desc limit 1")[0]["state"])

    assert states == ["RECEIVED"] * (EVENT_FAULTS - 1) + ["PARKED"]
