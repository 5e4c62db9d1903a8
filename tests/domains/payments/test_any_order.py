"""News of a payment in every order there is, through the real verbs, end in the same place; what comes twice counts once."""

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest

from bottega.domains import payments
from bottega.domains.payments import DisputeStatus, NewPayment, PaymentNotFound, PaymentStatus, store
from bottega.domains.payments.actions import recording, settling
from bottega.domains.payments.actions.disputing import record_dispute
from bottega.domains.payments.errors import LeaseLost
from bottega.domains.payments.model import FundsMove, IntentState, ProviderDispute, ProviderEvent, ProviderIntent
from bottega.domains.payments.store import disputes
from bottega.infra.group_commit import BatchTx
from bottega.infra.transaction import Tx
from bottega.kit import ids
from bottega.kit.subject import system
from tests.conftest import Shop

TOTAL, PART = 1000, 900
EVENT = """
insert into provider_events (merchant_id, provider_account, event_id, type, object_ref, store_id, body, signature, state,
  next_try_at, received_at)
select merchant_id, 'default', 'evt_same', 'x', 'pi_any', store_id, '', '', 'RECEIVED', now(), now()
from stores where store_id = %s
"""
News = Callable[[Tx, UUID], Awaitable[object]]


ON_THE_WAY = ("REQUIRES_ACTION", "PROCESSING")


class Enough(Exception):
    """Everything was tried; the transaction is given up."""


def _intent(state: IntentState) -> News:
    said = ProviderIntent(
        provider_ref="pi_any", client_secret=None, state=state, amount_minor=TOTAL,
        captured_minor=PART if state is IntentState.SUCCEEDED else 0, currency="EUR", failure_code=None, metadata={},
    )  # fmt: skip
    return lambda tx, store_id: recording.record_intent(tx, (store_id, said))


def _dispute(status: DisputeStatus) -> News:
    back = (FundsMove("txn_in", PART),) if status is DisputeStatus.WON else ()
    said = ProviderDispute(
        provider_ref="dp_any", intent_ref="pi_any", status=status, amount_minor=PART, reason="fraudulent",
        funds=(FundsMove("txn_out", -PART), *back),
    )  # fmt: skip
    return lambda tx, store_id: record_dispute(tx, (store_id, said))


SIX: tuple[News, ...] = (
    _intent(IntentState.REQUIRES_ACTION),
    _intent(IntentState.PROCESSING),
    _intent(IntentState.AUTHORIZED),
    _intent(IntentState.SUCCEEDED),
    _dispute(DisputeStatus.OPENED),
    _dispute(DisputeStatus.WON),
)
ENDS_WITH = [
    ("AUTHORIZED", TOTAL), ("CAPTURED", PART), ("DISPUTE_CLOSED", PART), ("DISPUTE_OPENED", PART),
    ("FUNDS_REINSTATED", PART), ("FUNDS_WITHDRAWN", PART), ("OPENED", TOTAL),
]  # fmt: skip


class Tried:
    """Every order of the news. Ways that have led to the same rows with the same news left are walked on once for all."""

    def __init__(self, tx: Tx, store_id: UUID, payment_id: UUID) -> None:
        self.tx, self.store_id, self.payment_id = tx, store_id, payment_id
        self.known: dict[object, int] = {}

    async def all(self, left: tuple[int, ...], early: tuple[int, ...] = ()) -> int:
        """Go on with each of what is left, and tell how many orders that is.

        `early` came before what it needs, and waits as it would in the worker.
        """
        here = (left, frozenset(early), await self.rows())
        if here in self.known:
            return self.known[here]
        orders = 0 if left else await self.end(early)
        for number in left:
            async with self.tx.connection.transaction(force_rollback=True):
                waits = early if await self.told(number) else (*early, number)
                orders += await self.all(tuple(each for each in left if each != number), waits)
        self.known[here] = orders
        return orders

    async def told(self, number: int) -> bool:
        """Apply one of the news; False when it came too early."""
        try:
            await SIX[number](self.tx, self.store_id)
        except PaymentNotFound:
            return False
        return True

    async def rows(self) -> object:
        """All that the verbs can see of the payment, apart from numbers and instants."""
        payment = await store.read(self.tx, self.store_id, self.payment_id)
        assert payment is not None
        totals = (payment.status, payment.authorized_minor, payment.captured_minor, payment.disputed_minor)
        entries = await store.entries(self.tx, self.store_id, self.payment_id)
        taken_up = await disputes.of_payment(self.tx, self.store_id, self.payment_id)
        lines = sorted((each.kind, each.provider_ref or "", each.amount_minor) for each in entries)
        return (totals, tuple(lines), tuple(each.status for each in taken_up))

    async def end(self, early: tuple[int, ...]) -> int:
        """What waited is applied, and everything once more, as events with other names: all stands where the provider does."""
        for number in (*early, *range(6)):
            assert await self.told(number)
        payment = await store.read(self.tx, self.store_id, self.payment_id)
        assert payment is not None
        assert (payment.status, payment.captured_minor, payment.disputed_minor) == ("CAPTURED", PART, 0)
        entries = await store.entries(self.tx, self.store_id, self.payment_id)
        lines = [(each.kind, each.amount_minor) for each in entries if each.kind not in ON_THE_WAY]
        assert sorted(lines) == ENDS_WITH
        return 1


async def _wanted(tx: Tx, store_id: UUID) -> payments.Payment:
    """A payment that is held first, and that the provider has not answered about."""
    payment_id = tx.new_id(ids.home_of(store_id))
    new = NewPayment(
        merchant_id=tx.merchant_id, store_id=store_id, payment_id=payment_id, reference=uuid4(),
        provider_account="default", amount_minor=TOTAL, currency="EUR", created_at=tx.now,
    )  # fmt: skip
    await payments.open_many(BatchTx(tx.connection), [new])
    payment = await store.read(tx, store_id, payment_id)
    assert payment is not None
    return payment


async def _opened(tx: Tx, store_id: UUID) -> UUID:
    """The same, opened with the provider."""
    payment = await _wanted(tx, store_id)
    await store.set_provider(tx, payment, "pi_any", "pi_any_secret_x")
    return payment.payment_id


async def test_all_720_orders_of_six_news_end_where_the_provider_is(shop: Shop) -> None:
    store_id = next(each.store_id for each in shop.seeded.stores if each.slug == "milano")
    with psycopg.connect(shop.url, autocommit=True) as owner:
        owner.execute("update stores set capture_mode = 'MANUAL'")
    ends: list[int] = []

    async def every(tx: Tx, _: None) -> None:
        ends.append(await Tried(tx, store_id, await _opened(tx, store_id)).all((0, 1, 2, 3, 4, 5)))
        raise Enough

    with pytest.raises(Enough):
        await shop.database.run(every, None, by=system(shop.seeded.merchant_id, "test"))
    assert ends == [720]


async def test_news_of_an_intent_whose_answer_was_lost_moves_nothing(shop: Shop) -> None:
    store_id = next(each.store_id for each in shop.seeded.stores if each.slug == "milano")

    async def told(tx: Tx, _: None) -> None:
        payment_id = await _opened(tx, store_id)
        lost = ProviderIntent(
            provider_ref="pi_lost", client_secret=None, state=IntentState.CANCELED, amount_minor=TOTAL, captured_minor=0,
            currency="EUR", failure_code=None, metadata={"payment_id": str(payment_id)},
        )  # fmt: skip
        known = await recording.record_intent(tx, (store_id, lost))
        assert (known.payment_id, known.status, known.provider_ref) == (payment_id, "REQUIRES_PAYMENT", "pi_any")
        with pytest.raises(PaymentNotFound):  # money is another matter: it stays to be looked at
            await recording.record_intent(
                tx, (store_id, msgspec.structs.replace(lost, state=IntentState.SUCCEEDED, captured_minor=TOTAL))
            )

    await shop.database.run(told, None, by=system(shop.seeded.merchant_id, "test"))


async def test_news_of_an_intent_that_never_reached_us_waits_for_the_answer_and_then_for_nothing(shop: Shop) -> None:
    store_id = next(each.store_id for each in shop.seeded.stores if each.slug == "milano")

    async def told(tx: Tx, _: None) -> None:
        payment = await _wanted(tx, store_id)
        lost = ProviderIntent(
            provider_ref="pi_lost", client_secret=None, state=IntentState.REQUIRES_PAYMENT, amount_minor=TOTAL,
            captured_minor=0, currency="EUR", failure_code=None, metadata={"payment_id": str(payment.payment_id)},
        )  # fmt: skip
        with pytest.raises(PaymentNotFound):  # its answer may still come
            await recording.record_intent(tx, (store_id, lost))
        await store.set_status(tx, payment, PaymentStatus.VOIDED, "provider_failed")
        known = await recording.record_intent(tx, (store_id, lost))
        assert (known.payment_id, known.status, known.provider_ref) == (payment.payment_id, "VOIDED", None)

    await shop.database.run(told, None, by=system(shop.seeded.merchant_id, "test"))


async def test_one_reading_is_the_answer_to_all_that_was_told_before_it_and_to_nothing_later(shop: Shop) -> None:
    store_id = next(each.store_id for each in shop.seeded.stores if each.slug == "milano")
    by = system(shop.seeded.merchant_id, "test")

    async def told(tx: Tx, event_ids: tuple[str, ...]) -> None:
        for event_id in event_ids:
            await recording.receive_event(
                tx,
                ProviderEvent(
                    account="default", event_id=event_id, type="x", intent_ref="pi_any", refund_ref=None,
                    merchant_id=tx.merchant_id, store_id=store_id, body=b"", signature="",
                ),
            )  # fmt: skip

    async def opened(tx: Tx, _: None) -> None:
        await _opened(tx, store_id)

    def waiting() -> list[str]:
        with psycopg.connect(shop.url) as owner:
            rows = owner.execute("select event_id from provider_events where state = 'RECEIVED' order by 1").fetchall()
        return [row[0] for row in rows]

    await shop.database.run(opened, None, by=by)
    await shop.database.run(told, ("evt_1", "evt_2", "evt_3"), by=by)
    event = await shop.database.run(settling.claim_event, ("default", "evt_2"), by=by)
    await shop.database.run(told, ("evt_4",), by=by)
    taken = await shop.database.run(settling.claim_event, ("default", "evt_1"), by=by)
    assert event is not None
    await shop.database.run(settling.record_event, (event, []), by=by)

    assert (sorted(event.others), taken) == (["evt_1", "evt_3"], None)
    assert waiting() == ["evt_4"]
    with pytest.raises(LeaseLost):
        await shop.database.run(settling.record_event, (event, []), by=by)


async def test_a_reference_and_an_event_exist_once_whatever_the_code_does(shop: Shop) -> None:
    store_id = next(each.store_id for each in shop.seeded.stores if each.slug == "milano")

    async def twice(tx: Tx, _: None) -> None:
        for _number in range(2):
            await _opened(tx, store_id)

    with pytest.raises(psycopg.errors.UniqueViolation, match="payments_provider_ref"):
        await shop.database.run(twice, None, by=system(shop.seeded.merchant_id, "test"))
    with psycopg.connect(shop.url, autocommit=True) as owner:
        owner.execute(EVENT, [store_id])
        with pytest.raises(psycopg.errors.UniqueViolation, match="provider_events_pkey"):
            owner.execute(EVENT, [store_id])
