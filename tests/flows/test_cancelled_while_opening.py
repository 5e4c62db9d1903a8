"""What a long torture found: an order that is cancelled while its payment is being opened, a refund that is given twice.

A shop in this process against a sandbox of its own.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bottega.domains.payments import PaymentStatus, RefundRequest, request_refund
from bottega.domains.payments.actions.recording import claim_attempt
from bottega.entrypoints import verify
from bottega.entrypoints.seed import SeedResult
from bottega.kit.subject import system
from tests.simulators import provider
from tests.simulators.desks import Here, here, lone_sandbox
from tests.simulators.nursery import Nursery

# The SDK's own way with httpx, where its calls are made inside a test.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
async def shop(
    shop_url: str, shop_template: tuple[str, SeedResult], tmp_path: Path, born: Nursery
) -> AsyncIterator[Here]:
    """A shop whose provider is real and whose worker is the test."""
    with lone_sandbox(tmp_path, born) as sandbox:
        async with here(shop_url, sandbox, shop_template[1]) as made:
            yield made


async def test_a_payment_that_could_not_be_opened_is_not_opened_after_the_cancel(shop: Here) -> None:
    order = await shop.place()
    await shop.cancel(order)
    shop.faults(error_before={"probability": 1, "limit": 1})

    await shop.sweeps_until_quiet()

    assert shop.attempts(order) == [(1, "OPEN", "FAILED", "provider_failed"), (2, "CANCEL", "DONE", None)]
    assert (await shop.payment(order)).status is PaymentStatus.VOIDED
    assert await shop.intents(order) == []


async def test_a_refund_that_failed_later_and_is_given_again_is_told_as_often_as_it_arrived(shop: Here) -> None:
    order = await shop.captured()
    payment = await shop.payment(order)
    wanted = RefundRequest(store_id=order.store_id, payment_id=payment.payment_id, amount_minor=1, reason="cold")
    await shop.parts.database.run(request_refund, wanted, by=system(shop.merchant_id, "test"))
    await shop.sweeps_until_quiet()
    first = shop.rows("select * from refunds")[0]
    shop.installation.control(f"refunds/{first['provider_ref']}/fail", {})
    assert payment.provider_ref is not None
    failed = (await provider.refunds(shop.installation, payment.provider_ref))[0]
    body = provider.event("refund.failed", failed)
    assert await shop.desk.receive(body, provider.signature(body)) is not None
    await shop.sweep()
    assert shop.rows("select status from refunds") == [{"status": "FAILED"}]

    shop.now("update refunds set retry_at = now()")
    await shop.sweep()
    await shop.sweeps_until_quiet()

    assert shop.rows("select status from refunds") == [{"status": "SUCCEEDED"}]
    told = shop.rows("select type from outbox union all select type from log")
    assert [each["type"] for each in told].count("payment.refunded") == 2
    report = await verify.run(shop.url, ["events.money_is_told"])
    assert not report.broken, report.broken


async def test_a_refund_whose_answer_was_lost_and_that_failed_meanwhile_is_given_once(shop: Here) -> None:
    order = await shop.captured()
    payment, by = await shop.payment(order), system(shop.merchant_id, "test")
    wanted = RefundRequest(store_id=order.store_id, payment_id=payment.payment_id, amount_minor=100, reason="cold")
    await shop.parts.database.run(request_refund, wanted, by=by)
    taken = (order.store_id, payment.payment_id, True)
    claimed = await shop.parts.database.run(claim_attempt, taken, by=by)
    assert claimed is not None
    assert payment.provider_ref is not None
    await shop.desk.provider.refund(*claimed)  # and whoever asked dies with the answer
    [first] = await provider.refunds(shop.installation, payment.provider_ref)
    shop.installation.control(f"refunds/{first['id']}/fail", {})
    body = provider.event("refund.failed", first | {"status": "failed"})
    assert await shop.desk.receive(body, provider.signature(body)) is not None
    await shop.sweep()
    assert shop.rows("select status from refunds") == [{"status": "FAILED"}]

    [refund] = shop.rows("select refund_id from refunds")
    shop.now(
        "update refunds set retry_at = now(); update payment_attempts set next_try_at = now() where state = 'INTENDED'"
    )
    for _ in range(2):
        await shop.desk.retry_refund(shop.merchant_id, order.store_id, refund["refund_id"])
        await shop.sweeps_until_quiet()

    made = {each["id"]: each["status"] for each in await provider.refunds(shop.installation, payment.provider_ref)}
    assert sorted(made.values()) == ["failed", "succeeded"]
    [kept] = shop.rows("select status, provider_ref from refunds")
    assert (kept["status"], made[kept["provider_ref"]]) == ("SUCCEEDED", "succeeded")
