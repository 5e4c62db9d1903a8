"""Beat three for what a sweep has taken, and what is tried again under a new number. Only transactions, never the network.

Everything here names the lease that it was taken under: a process that was paused past its lease finds that somebody
else has it (`LeaseLost`), and its transaction leaves nothing behind.
"""

from datetime import timedelta
from uuid import UUID

from bottega.domains.payments import rules
from bottega.domains.payments.actions import recording
from bottega.domains.payments.actions.about import about
from bottega.domains.payments.actions.differing import follow_refund
from bottega.domains.payments.actions.disputing import record_dispute
from bottega.domains.payments.errors import PaymentNotFound
from bottega.domains.payments.events import PaymentChanged, RefundRequested
from bottega.domains.payments.model import (
    Attempt,
    EntryKind,
    Operation,
    ProviderDispute,
    ProviderIntent,
    ProviderRefund,
    RetryRefund,
    StoredEvent,
)
from bottega.domains.payments.states import PaymentStatus
from bottega.domains.payments.store import (
    add_attempt,
    add_entry,
    due,
    finish_attempt,
    holds,
    lock,
    retries,
    set_status,
    under_way,
)
from bottega.domains.payments.store.due import PaymentCheck, RefundCheck
from bottega.infra.telemetry import OUTCOMES, PARKED
from bottega.infra.transaction import Tx

News = ProviderIntent | ProviderRefund | ProviderDispute
"""What a provider's object says now."""
EVENT_LEASE = timedelta(seconds=20)
MAX_FAULTS = 12
"""How often we may fail over one thing before it is parked. Waiting for a provider that does not answer never counts."""
EVENT_FAULTS = 40
"""The same of an event, which mostly waits for a commit of our own: a dozen minutes, asking three times a minute."""


async def record_answer(tx: Tx, outcome: tuple[Attempt, ProviderIntent | None]) -> None:
    """The provider was asked to move an intent, and that is how it stands now (None: it was never opened)."""
    attempt, intent = outcome
    await finish_attempt(tx, attempt)
    if intent is not None:
        await recording.record_intent(tx, (attempt.store_id, intent))


async def replace_attempt(tx: Tx, attempt: Attempt) -> None:
    """The provider failed for good under the attempt's key and did nothing: a new attempt with a new key takes its place.

    Only after reading what the provider did. The more attempts there were, the longer the new one waits. Where the payment
    is being cancelled meanwhile, nothing is opened any more.
    """
    payment = await lock(tx, attempt.store_id, attempt.payment_id)
    if payment is None:
        raise PaymentNotFound
    await finish_attempt(tx, attempt, failed="provider_failed")
    if attempt.operation is Operation.OPEN and await holds.is_asked(tx, payment, Operation.CANCEL):
        await add_entry(tx, payment, EntryKind.VOIDED)
        await set_status(tx, payment, PaymentStatus.VOIDED, "provider_failed")
        tx.emit(PaymentChanged(**about(payment), status=PaymentStatus.VOIDED.value))
        return
    amount, refund_id = attempt.amount_minor, attempt.refund_id
    number = await add_attempt(tx, payment, attempt.operation, amount, refund_id, rules.provider_key)
    if number > attempt.attempt_no + 1 or attempt.attempt_no > 1:
        await retries.push_back(tx, attempt, number, min(2.0 ** (number - 2), 30.0))
    OUTCOMES.labels("attempt_replaced").inc()


async def fault_attempt(tx: Tx, failure: tuple[Attempt, str]) -> bool:
    """We ourselves failed over an attempt (a bug, not the provider's silence): later again, then parked; whether it is."""
    attempt, error = failure
    parked = await due.fault_attempt(tx, attempt, error[:200], MAX_FAULTS)
    if parked:
        PARKED.labels("payment_attempts").inc()
    return parked


async def claim_event(tx: Tx, which: tuple[str, str]) -> StoredEvent | None:
    """Take a received event (account, id) to be applied now; None when it is applied or taken."""
    return await due.claim_event(tx, *which, EVENT_LEASE)


async def record_event(tx: Tx, news: tuple[StoredEvent, list[News]]) -> None:
    """Apply what the objects of an event say now, and be done with the event. Raises `PaymentNotFound`, `LeaseLost`."""
    event, told = news
    await due.finish_event(tx, event)
    for said in told:
        match said:
            case ProviderIntent():
                await recording.record_intent(tx, (event.store_id, said))
            case ProviderRefund():
                await follow_refund(tx, (event.store_id, said))
            case ProviderDispute():
                await record_dispute(tx, (event.store_id, said))


async def put_off_event(tx: Tx, event: StoredEvent) -> None:
    """The provider does not answer: the event waits."""
    await due.put_off_event(tx, event)


async def fault_event(tx: Tx, event: StoredEvent) -> bool:
    """An event could not be applied (perhaps our own commit is not there yet): later again, then parked; whether it is."""
    parked = await due.fault_event(tx, event, EVENT_FAULTS)
    if parked:
        PARKED.labels("provider_events").inc()
    return parked


async def claim_check(tx: Tx, which: tuple[UUID, UUID]) -> PaymentCheck | None:
    """Take an open payment (store, payment) that nobody has told us about for a while; None when it is not due."""
    return await due.claim_check(tx, *which)


async def record_checked(tx: Tx, news: tuple[PaymentCheck, ProviderIntent]) -> None:
    """Apply what the provider says of a payment that we asked about. Raises `LeaseLost`."""
    check, intent = news
    await due.hold_check(tx, check)
    await recording.record_intent(tx, (check.store_id, intent))


async def claim_refund_check(tx: Tx, which: tuple[UUID, UUID]) -> RefundCheck | None:
    """Take a refund (store, refund) to ask about; None when it is not due."""
    return await due.claim_refund_check(tx, *which)


async def record_refund_checked(tx: Tx, news: tuple[RefundCheck, ProviderRefund]) -> None:
    """Apply what the provider says of a refund that we asked about. Raises `LeaseLost`."""
    check, said = news
    payment_id = await retries.payment_of_refund(tx, check.store_id, check.refund_id)
    if payment_id is None or await lock(tx, check.store_id, payment_id) is None:
        raise PaymentNotFound
    await due.hold_refund_check(tx, check)
    await recording.record_refund(tx, (check.store_id, payment_id, None, said))


async def check_again(tx: Tx, check: PaymentCheck | RefundCheck) -> None:
    """Nobody answered: ask again in seconds rather than at the next regular time."""
    if isinstance(check, PaymentCheck):
        await due.check_soon(tx, check)
    else:
        await due.refund_check_soon(tx, check)


async def retry_refund(tx: Tx, command: RetryRefund) -> UUID | None:
    """Ask for a failed refund once more, under a new attempt; the payment if there is now something to ask.

    By itself a few times; then, or when the provider's refusal stays, it waits for a person, whose wish (`by_hand`) is
    carried out whatever the number. Never more than is left: what went back another way is not given twice.
    """
    payment_id = await retries.payment_of_refund(tx, command.store_id, command.refund_id)
    payment = None if payment_id is None else await lock(tx, command.store_id, payment_id)
    if payment is None:
        raise PaymentNotFound
    refund = await retries.due_refund(tx, command.store_id, command.refund_id, now_already=command.by_hand)
    if refund is None:
        return None
    mine = (
        refund.amount_minor if refund.retry_at is not None else 0
    )  # its own money is kept for it until it is given up
    enough = rules.refundable(payment, await under_way(tx, payment)) + mine >= refund.amount_minor
    worth = rules.worth_trying(refund.tries, await retries.last_refusal(tx, refund))
    if not enough or not (worth or command.by_hand):
        await retries.give_up(tx, refund)
        OUTCOMES.labels("refund_needs_a_person").inc()
        return None
    await retries.begin_again(tx, refund)
    note = f"try {refund.tries + 1}: {refund.reason}"[:200]
    await add_entry(tx, payment, EntryKind.REFUND_REQUESTED, refund.amount_minor, None, note)
    await add_attempt(tx, payment, Operation.REFUND, refund.amount_minor, refund.refund_id, rules.provider_key)
    tx.emit(RefundRequested(**about(payment, refund.amount_minor), refund_id=refund.refund_id))
    tx.note(payment.store_id, refund=str(refund.refund_id), amount=refund.amount_minor, tries=refund.tries + 1)
    OUTCOMES.labels("refund_retried").inc()
    return payment.payment_id
