"""The same key at the same time through `Database.answer`: the action runs once, everybody gets its answer."""

import asyncio
from uuid import uuid4

import pytest

from bottega.domains import payments
from bottega.domains.payments import Tender, TillPayment
from bottega.infra import transaction
from bottega.infra.transaction import Answer, Claim
from bottega.kit.errors import IdempotencyKeyReused
from tests.races.conftest import Arena, without


async def _ten_at_once(arena: Arena, key: str) -> list[Answer]:
    taken = TillPayment(
        store_id=arena.store_id,
        reference=uuid4(),
        amount_minor=100,
        currency="EUR",
        tender=Tender.CASH,
        receipt_ref=key,
    )
    claim = Claim("till", key, b"x" * 16)
    return await asyncio.gather(
        *(
            arena.processes[n % 2].database.answer(
                payments.take_at_till, taken, by=arena.staff, key=claim, view=lambda made: Answer(201, made.bytes)
            )
            for n in range(10)
        )
    )


async def test_ten_at_once_run_it_once_and_get_one_answer(arena: Arena) -> None:
    for number in range(20):
        answers = await _ten_at_once(arena, f"key-{number}")
        assert len({answer.body for answer in answers}) == 1
        assert sum(not answer.replayed for answer in answers) == 1

    assert arena.rows("select count(*) from payments") == [(20,)]


async def test_twin_without_the_claim_runs_it_again_and_again(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    arena.weaken("alter table idempotency_keys drop constraint idempotency_keys_pkey")
    guard = "on conflict (merchant_id, subject_id, route, key) do nothing"
    monkeypatch.setattr(transaction, "CLAIM_KEY", without(transaction.CLAIM_KEY, guard))

    answers = await _ten_at_once(arena, "key")

    assert len({answer.body for answer in answers}) == 10


async def test_the_same_key_with_another_body_is_refused_and_a_refused_one_can_be_tried_again(arena: Arena) -> None:
    await _ten_at_once(arena, "key")
    refund = payments.RefundRequest(store_id=arena.store_id, payment_id=uuid4(), amount_minor=1, reason="r")
    database = arena.processes[1].database

    with pytest.raises(IdempotencyKeyReused):
        await database.answer(
            payments.request_refund, refund, by=arena.staff, key=Claim("till", "key", b"y" * 16),
            view=lambda _: Answer(201, b""),
        )  # fmt: skip
    for _ in range(2):  # nothing happened, so nothing is remembered
        with pytest.raises(payments.PaymentNotFound):
            await database.answer(
                payments.request_refund, refund, by=arena.staff, key=Claim("refund", "fresh", b"y" * 16),
                view=lambda _: Answer(201, b""),
            )  # fmt: skip
