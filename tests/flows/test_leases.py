"""What is taken is leased: a process that was paused past its lease finds somebody else's work and writes nothing."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from bottega.domains.payments.actions import recording
from bottega.domains.payments.errors import LeaseLost
from bottega.domains.payments.model import IntentState, ProviderIntent
from bottega.entrypoints.seed import SeedResult
from bottega.infra import fault_points
from bottega.kit.subject import system
from tests.simulators.desks import Here, here
from tests.simulators.nursery import Nursery
from tests.simulators.processes import Installation
from tests.simulators.shop import eventually

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
async def shop_here(shop_url: str, sandbox: Installation, shop_template: tuple[str, SeedResult]) -> AsyncIterator[Here]:
    """A shop in this process."""
    async with here(shop_url, sandbox, shop_template[1]) as made:
        yield made


async def test_a_paused_worker_that_wakes_up_after_its_lease_writes_nothing(shop_here: Here, born: Nursery) -> None:
    paid = await shop_here.captured()
    await shop_here.cancel(paid)
    told = await shop_here.paid()
    await shop_here.event(told)
    lapse = """
    update payment_attempts set next_try_at = now() where state = 'INTENDED';
    update provider_events set next_try_at = now() where state = 'RECEIVED'
    """
    waits = "provider.answered@refund=sleep:2.5,provider.answered@read_intent=sleep:2.5"
    paused = born.start("worker", shop_here.settings | {fault_points.VARIABLE: waits})
    taken = (
        "select 1 from payment_attempts a, provider_events e where a.state = 'INTENDED' and a.tries = 1 and e.tries = 1"
    )

    async def is_taken() -> bool:
        return bool(shop_here.rows(taken))

    await eventually(is_taken, 45, "both being taken")
    await asyncio.sleep(0.3)  # by now the provider has answered it, and it has written nothing
    paused.send_signal(signal.SIGSTOP)
    shop_here.now(lapse)
    await shop_here.sweep()
    before = shop_here.rows("select * from payments order by payment_id")
    entries = shop_here.rows("select * from payment_entries order by payment_id, entry_no")
    paused.send_signal(signal.SIGCONT)

    async def is_told() -> bool:
        return paused.log.read_text().count("lease lost") == 2

    await eventually(is_told, 45, "it finding both leases lost")
    paused.kill()

    assert [row["status"] for row in before] == ["REFUNDED", "CAPTURED"]
    assert shop_here.rows("select * from payments order by payment_id") == before
    assert shop_here.rows("select * from payment_entries order by payment_id, entry_no") == entries


async def test_who_took_it_last_writes_and_nobody_else(shop_here: Here) -> None:
    order = await shop_here.place()
    assert order.payment_id is not None
    run, by = shop_here.parts.database.run, system(shop_here.merchant_id, "test")
    which = (order.store_id, order.payment_id)
    first = await run(recording.claim_attempt, (*which, True), by=by)
    early = await run(recording.claim_attempt, (*which, True), by=by)
    shop_here.now("update payment_attempts set next_try_at = now() where state = 'INTENDED'")
    second = await run(recording.claim_attempt, (*which, False), by=by)
    assert first is not None
    assert second is not None
    intent = ProviderIntent(
        provider_ref="pi_1", client_secret="secret", state=IntentState.REQUIRES_PAYMENT, amount_minor=order.total_minor,
        captured_minor=0, currency=order.currency, failure_code=None, metadata={},
    )  # fmt: skip

    with pytest.raises(LeaseLost):
        await run(recording.record_opened, (first[1], intent), by=by)
    with pytest.raises(LeaseLost):
        await run(recording.record_refusal, (first[1], "no"), by=by)
    await run(recording.record_unknown, first[1], by=by)
    untouched = await shop_here.payment(order)
    opened = await run(recording.record_opened, (second[1], intent), by=by)

    assert early is None
    assert (first[1].tries, second[1].tries) == (1, 2)
    assert first[1].provider_key == second[1].provider_key
    assert untouched.provider_ref is None
    assert opened.provider_ref == "pi_1"
    assert shop_here.attempts(order) == [(1, "OPEN", "DONE", None)]
