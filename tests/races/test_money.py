"""Many refunds of one payment at once never give back more than came in, nor more of a line than was bought."""

import asyncio

import msgspec
import pytest

from bottega.domains import orders
from bottega.domains.merchants import PayMode
from bottega.domains.orders import Order, RefundOrder, RefundUnits, RefundWish, Returned
from bottega.domains.orders.errors import RefundLineTooLarge
from bottega.domains.payments import NothingToRefund, RefundTooLarge, store
from bottega.domains.payments.actions import recording
from bottega.domains.payments.model import IntentState, ProviderIntent
from bottega.kit.errors import Unavailable
from tests.races.conftest import Arena, without

BOUGHT = 30


async def _paid(arena: Arena) -> Order:
    """An order of thirty lattes whose money has come in, as the provider's answers say."""
    wish = msgspec.structs.replace(await arena.wish(BOUGHT), pay_mode=PayMode.ONLINE)
    process = arena.processes[0]
    order = (await process.ordering.place(arena.guest(), wish, "race")).order
    assert order.payment_id is not None
    which = (arena.store_id, order.payment_id, True)
    claimed = await process.database.run(recording.claim_attempt, which, by=arena.staff)
    assert claimed is not None
    intent = ProviderIntent(
        provider_ref="pi_race",
        client_secret="s",
        state=IntentState.SUCCEEDED,
        amount_minor=order.total_minor,
        captured_minor=order.total_minor,
        currency=order.currency,
        failure_code=None,
        metadata={},
    )
    await process.database.run(recording.record_opened, (claimed[1], intent), by=arena.staff)
    await process.database.run(recording.record_intent, (arena.store_id, intent), by=arena.staff)
    return order


async def _fifty_refunds(arena: Arena) -> tuple[Order, int, int]:
    """The order, how many units of it fifty refunds of one unit each gave back, and how much money."""
    order = await _paid(arena)
    assert order.payment_id is not None
    wish = RefundWish(units=(RefundUnits(order.lines[0].line_id, 1),))
    wanted = RefundOrder(store_id=arena.store_id, payment_id=order.payment_id, wish=wish, reason="spilled")

    async def insist(number: int) -> Returned:
        while True:
            try:
                database = arena.processes[number % 2].database
                return await database.run(orders.refund, wanted, by=arena.staff)
            except Unavailable:  # fifty in one line may wait for longer than a lock is waited for
                continue

    outcomes = await asyncio.gather(*(insist(n) for n in range(50)), return_exceptions=True)
    for outcome in outcomes:
        assert isinstance(outcome, Returned | NothingToRefund | RefundTooLarge | RefundLineTooLarge), repr(outcome)
    units, money = arena.rows(
        "select sum(l.qty), sum(l.net_minor + l.tax_minor) from refund_lines l where l.order_id = %s", order.order_id
    )[0]
    asked = arena.rows("select count(*), sum(amount_minor) from refunds where payment_id = %s", order.payment_id)[0]
    assert asked == (sum(isinstance(outcome, Returned) for outcome in outcomes), money)
    return order, int(units), int(money)


async def test_fifty_refunds_at_once_give_back_what_was_bought_and_no_more(arena: Arena) -> None:
    order, units, money = await _fifty_refunds(arena)

    assert (units, money) == (BOUGHT, order.total_minor)


async def test_twin_without_the_lock_gives_back_too_much(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    arena.weaken(
        "alter table payment_attempts drop constraint payment_attempts_pkey",
        "alter table payment_attempts drop constraint payment_attempts_store_id_provider_key_key",
    )
    monkeypatch.setattr(store, "LOCK", without(store.LOCK, "for update"))

    order, units, money = await _fifty_refunds(arena)

    assert units > BOUGHT
    assert money > order.total_minor
