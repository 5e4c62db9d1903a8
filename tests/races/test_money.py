"""Many refunds of one payment at once never give back more than came in."""

import asyncio
from uuid import uuid4

import pytest

from bottega.domains import payments
from bottega.domains.payments import NothingToRefund, RefundRequest, RefundTooLarge, Tender, TillPayment, store
from bottega.kit.errors import Unavailable
from tests.races.conftest import Arena, without


async def _fifty_refunds(arena: Arena) -> tuple[int, int]:
    """How many of fifty refunds of 30 were accepted for 1000 captured, and their sum."""
    taken = TillPayment(
        store_id=arena.store_id,
        reference=uuid4(),
        amount_minor=1000,
        currency="EUR",
        tender=Tender.CARD,
        receipt_ref="R",
    )
    payment_id = await arena.processes[0].database.run(payments.take_at_till, taken, by=arena.staff)
    wanted = RefundRequest(store_id=arena.store_id, payment_id=payment_id, amount_minor=30, reason="spilled")

    async def insist(number: int) -> payments.Refund:
        while True:
            try:
                database = arena.processes[number % 2].database
                return await database.run(payments.request_refund, wanted, by=arena.staff)
            except Unavailable:  # fifty in one line may wait for longer than a lock is waited for
                continue

    outcomes = await asyncio.gather(*(insist(n) for n in range(50)), return_exceptions=True)
    for outcome in outcomes:
        assert isinstance(outcome, payments.Refund | NothingToRefund | RefundTooLarge), repr(outcome)
    count, total = arena.rows("select count(*), sum(amount_minor) from refunds where payment_id = %s", payment_id)[0]
    assert count == sum(isinstance(outcome, payments.Refund) for outcome in outcomes)
    return count, int(total)


async def test_fifty_refunds_at_once_stay_within_what_was_captured(arena: Arena) -> None:
    assert await _fifty_refunds(arena) == (33, 990)


async def test_twin_without_the_lock_gives_back_too_much(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    arena.weaken(
        "alter table payment_attempts drop constraint payment_attempts_pkey",
        "alter table payment_attempts drop constraint payment_attempts_store_id_provider_key_key",
    )
    monkeypatch.setattr(store, "LOCK", without(store.LOCK, "for update"))

    _, total = await _fifty_refunds(arena)

    assert total > 1000
