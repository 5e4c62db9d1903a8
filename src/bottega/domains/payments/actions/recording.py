"""Beats one and three: write down what we are about to ask, and what came of it. Only transactions, never the network."""

from datetime import timedelta
from uuid import UUID

import msgspec

from bottega.domains.merchants import CaptureMode
from bottega.domains.payments import rules, store
from bottega.domains.payments.actions.about import about, authorized, captured, locked
from bottega.domains.payments.actions.holding import capture_failed, hold_lost, record_return, refuse_money
from bottega.domains.payments.errors import PaymentNotFound
from bottega.domains.payments.events import PaymentChanged, PaymentRefunded, RefundFailed, RefundRequested
from bottega.domains.payments.model import (
    Attempt,
    EntryKind,
    IntentState,
    NewPayment,
    Operation,
    Payment,
    Provider,
    ProviderEvent,
    ProviderIntent,
    ProviderRefund,
    Refund,
    RefundRequest,
    TillPayment,
)
from bottega.domains.payments.states import DEAD, REFUND, PaymentStatus, RefundStatus
from bottega.domains.payments.store import retries
from bottega.infra.db import ReadTx
from bottega.infra.group_commit import BatchTx
from bottega.infra.telemetry import OUTCOMES
from bottega.infra.transaction import Tx
from bottega.kit import ids

LEASE = timedelta(seconds=20)
"""How long who asks may take; then another asks with the same key, and what the first one writes late is refused."""


async def open_many(tx: BatchTx, payments: list[NewPayment]) -> None:
    """Write payments that the provider will be asked to open, inside the caller's batch."""
    keyed = [(payment, rules.provider_key(str(payment.payment_id), 1)) for payment in payments]
    await store.insert_many(tx.connection, keyed)


async def take_at_till(tx: Tx, command: TillPayment) -> UUID:
    """Write money taken at the counter as a captured payment; its id. The caller's transaction is the whole of it."""
    payment_id = tx.new_id(ids.home_of(command.store_id))
    values = msgspec.to_builtins(command, builtin_types=(UUID,))
    values["amount"] = values.pop("amount_minor")
    await store.insert_till(tx, payment_id, values)
    payment = await locked(tx, command.store_id, payment_id)
    await store.add_entry(tx, payment, EntryKind.CAPTURED, command.amount_minor, command.receipt_ref)
    tx.emit(captured(payment, command.amount_minor))
    OUTCOMES.labels("payment_captured_till").inc()
    return payment_id


async def claim_attempt(tx: Tx, which: tuple[UUID, UUID, bool]) -> tuple[Payment, Attempt] | None:
    """Take the next attempt of a payment (store, payment, whether it is fresh) to be asked; None when there is none."""
    store_id, payment_id, first = which
    attempt = await store.claim_attempt(tx, store_id, payment_id, first=first, lease=LEASE)
    payment = None if attempt is None else await store.read(tx, store_id, payment_id)
    return None if attempt is None or payment is None else (payment, attempt)


async def record_opened(tx: Tx, outcome: tuple[Attempt, ProviderIntent]) -> Payment:
    """The provider opened the intent: keep its reference, finish the attempt."""
    attempt, intent = outcome
    payment = await locked(tx, attempt.store_id, attempt.payment_id)
    await store.finish_attempt(tx, attempt)
    await store.set_provider(tx, payment, intent.provider_ref, intent.client_secret)
    return await locked(tx, attempt.store_id, attempt.payment_id)


async def record_unknown(tx: Tx, attempt: Attempt) -> None:
    """The provider did not answer: the attempt stays as intended and is asked again soon, with the same key."""
    await store.put_off_attempt(tx, attempt)


async def record_refusal(tx: Tx, outcome: tuple[Attempt, str]) -> None:
    """The provider refused for good: the attempt has failed, and with it the refund, the hold or the payment."""
    attempt, code = outcome
    payment = await locked(tx, attempt.store_id, attempt.payment_id)
    await store.finish_attempt(tx, attempt, failed=code)
    if attempt.operation is Operation.CAPTURE:
        await capture_failed(tx, payment, attempt, code)
    elif attempt.operation is Operation.REFUND and attempt.refund_id is None:
        await record_return(tx, payment, _failed_return(payment, attempt, code))
    elif attempt.operation is Operation.REFUND:
        refund = await store.refund_by_ref(tx, payment, None, attempt.refund_id)
        if refund is not None:
            await _move_refund(tx, payment, refund, RefundStatus.FAILED, None, code)
    elif attempt.operation is Operation.OPEN and payment.status is PaymentStatus.REQUIRES_PAYMENT:
        await store.set_status(tx, payment, PaymentStatus.FAILED, code)


async def record_intent(tx: Tx, known: tuple[UUID, ProviderIntent]) -> Payment:
    """Apply what the provider says of an intent, by monotone moves only; repeats and late news change nothing.

    Everybody who brings news ends here: webhook, browser, sweep, staff. Gives the payment as it is then. Raises
    `PaymentNotFound` when our own commit is not there yet: the caller comes again.
    """
    store_id, intent = known
    payment = await store.lock_by_ref(tx, store_id, intent.provider_ref)
    if payment is None:
        return await _abandoned(tx, store_id, intent)
    target = rules.next_status(payment, intent)
    if rules.is_wrong_money(payment, intent):
        await refuse_money(tx, payment, intent)
    elif target is PaymentStatus.CAPTURED:
        await _capture(tx, payment, intent)
    elif target is PaymentStatus.AUTHORIZED:
        await store.add_entry(tx, payment, EntryKind.AUTHORIZED, intent.amount_minor, intent.provider_ref)
        await store.set_status(tx, payment, target)
        tx.emit(authorized(payment, intent.amount_minor))
        OUTCOMES.labels("payment_authorized").inc()
    elif rules.is_decline(payment, intent):
        await _decline(tx, payment, intent)
    elif target is not None:
        once = intent.provider_ref if target is PaymentStatus.VOIDED else None
        await store.add_entry(tx, payment, rules.entry_for(target), 0, once, intent.ended or intent.failure_code)
        await store.set_status(tx, payment, target, intent.ended or intent.failure_code)
        tx.emit(PaymentChanged(**about(payment), status=target.value))
        if payment.status is PaymentStatus.AUTHORIZED:
            hold_lost(tx, payment, target, intent.ended or "voided")
    return await locked(tx, payment.store_id, payment.payment_id)


async def _abandoned(tx: Tx, store_id: UUID, intent: ProviderIntent) -> Payment:
    """The payment whose intent this would have become, had its answer not been lost: it has another one since, or is over.

    Nobody was ever shown the lost one, so there is nothing to record of it while it has no money. Raises `PaymentNotFound`
    for every other intent that is not known.
    """
    name = _uuid(intent.metadata.get("payment_id"))
    payment = None if name is None else await store.read(tx, store_id, name)
    has_money = intent.captured_minor > 0 or intent.state is IntentState.AUTHORIZED
    if payment is None or has_money or (payment.provider_ref is None and payment.status not in DEAD):
        raise PaymentNotFound
    return payment


async def _capture(tx: Tx, payment: Payment, intent: ProviderIntent) -> None:
    """The money is ours. Of a hold whose own news never came, the hold is written down first."""
    if payment.capture_mode is CaptureMode.MANUAL:
        await store.add_entry(tx, payment, EntryKind.AUTHORIZED, intent.amount_minor, intent.provider_ref)
    await store.add_entry(tx, payment, EntryKind.CAPTURED, intent.captured_minor, intent.provider_ref)
    await store.set_status(tx, payment, PaymentStatus.CAPTURED)
    tx.emit(captured(payment, intent.captured_minor))
    OUTCOMES.labels("payment_captured_online").inc()


async def _decline(tx: Tx, payment: Payment, intent: ProviderIntent) -> None:
    """A try to pay has failed: a line for each, told from repeats by the provider's reference of the try."""
    moves = payment.status is not PaymentStatus.REQUIRES_PAYMENT
    once = intent.charge_ref
    if once is None and not moves:
        return
    if not await store.add_entry(tx, payment, EntryKind.DECLINED, 0, once, intent.failure_code):
        return
    await store.set_status(tx, payment, PaymentStatus.REQUIRES_PAYMENT, intent.failure_code)
    tx.emit(PaymentChanged(**about(payment), status=PaymentStatus.REQUIRES_PAYMENT.value))
    kind = rules.refusal(PaymentStatus.REQUIRES_PAYMENT, intent.failure_code)
    OUTCOMES.labels(kind.code if kind is not None else "payment_declined").inc()


async def record_capture(tx: Tx, outcome: tuple[Attempt, ProviderIntent]) -> None:
    """The provider's answer to a capture that we asked for: the money is ours, or the hold was gone."""
    attempt, intent = outcome
    payment = await record_intent(tx, (attempt.store_id, intent))
    lost = None if payment.captured_minor > 0 else intent.ended or "hold_lost"
    await store.finish_attempt(tx, attempt, failed=lost)
    if lost is not None:
        await capture_failed(tx, payment, attempt, lost)


async def hold(tx: Tx, which: tuple[UUID, UUID]) -> tuple[Payment, int]:
    """A payment (store, payment), held until the end of this transaction, and how much of it can still be given back.

    Raises `PaymentNotFound`, `PaymentDisputed`.
    """
    payment = await locked(tx, *which)
    rules.check_with_us(payment)
    return payment, await left(tx, payment)


async def left(tx: ReadTx, payment: Payment) -> int:
    """How much of a payment can still be given back, in minor units; nothing while a bank has it."""
    if payment.status is PaymentStatus.DISPUTED:
        return 0
    return rules.refundable(payment, await store.under_way(tx, payment))


async def request_refund(tx: Tx, command: RefundRequest) -> Refund:
    """Write down a refund that the provider will be asked for; money of the till is back at once.

    The payment's row is locked first, so concurrent refunds together never exceed what was captured. Raises
    `PaymentNotFound`, `NothingToRefund`, `RefundTooLarge`, `RefundReceiptMissing`, `RefundReceiptUnexpected`.
    """
    payment = await locked(tx, command.store_id, command.payment_id)
    rules.check_receipt(payment, command.receipt_ref)
    amount = rules.refund_amount(payment, await store.under_way(tx, payment), command.amount_minor)
    refund_id = tx.new_id(ids.home_of(command.store_id))
    await store.insert_refund(tx, payment, refund_id, amount, command)
    await store.add_entry(tx, payment, EntryKind.REFUND_REQUESTED, amount, None, command.reason)
    tx.emit(RefundRequested(**about(payment, amount), refund_id=refund_id))
    tx.note(command.store_id, payment=str(payment.payment_id), amount=amount, reason=command.reason)
    refund = await store.refund_by_ref(tx, payment, None, refund_id)
    assert refund is not None
    if payment.provider is not Provider.TILL:
        await store.add_attempt(tx, payment, Operation.REFUND, amount, refund_id, rules.provider_key)
        return refund
    await _move_refund(tx, payment, refund, RefundStatus.SUCCEEDED, None, None)
    return msgspec.structs.replace(refund, status=RefundStatus.SUCCEEDED)


async def record_refund(tx: Tx, known: tuple[UUID, UUID, Attempt | None, ProviderRefund]) -> None:
    """Apply what the provider says of a refund: (store, payment, attempt if we asked just now, the refund)."""
    store_id, payment_id, attempt, said = known
    payment = await locked(tx, store_id, payment_id)
    if attempt is not None:
        await store.finish_attempt(tx, attempt)
    elif await retries.is_past(tx, payment, said.provider_ref):
        return  # late news of a try that failed; another one is under way, or done
    ours = attempt.refund_id if attempt is not None else _uuid(said.refund_id)
    if ours is None and payment.status in DEAD:
        await record_return(tx, payment, said)
        return
    refund = await store.refund_by_ref(tx, payment, said.provider_ref, ours)
    if refund is None:
        raise PaymentNotFound("There is no such refund of this payment")
    await _move_refund(tx, payment, refund, said.status, said.provider_ref, said.failure_code)


async def receive_event(tx: Tx, event: ProviderEvent) -> bool:
    """Keep a signed event, once; whether it is new."""
    return await store.insert_event(tx, event)


async def _move_refund(
    tx: Tx, payment: Payment, refund: Refund, status: RefundStatus, provider_ref: str | None, code: str | None
) -> None:
    if status is refund.status:
        if provider_ref is not None and refund.provider_ref is None:
            await store.set_refund(tx, refund, status, provider_ref)
        return
    if status is RefundStatus.PENDING or REFUND.move(refund.status, status) is None:
        return  # what was read before somebody else's newer word
    was_back = refund.status is RefundStatus.SUCCEEDED
    if not await store.set_refund(tx, refund, status, provider_ref):
        return
    told = about(payment, refund.amount_minor)
    if status is RefundStatus.SUCCEEDED:
        await store.add_entry(
            tx, payment, EntryKind.REFUNDED, refund.amount_minor, provider_ref or str(refund.refund_id)
        )
        refunded = payment.refunded_minor + refund.amount_minor
        tx.emit(PaymentRefunded(**told, refund_id=refund.refund_id))
        OUTCOMES.labels("refund_succeeded").inc()
    else:
        note = "reversed" if was_back else code
        await store.add_entry(tx, payment, EntryKind.REFUND_FAILED, refund.amount_minor, provider_ref, note)
        refunded = payment.refunded_minor - (refund.amount_minor if was_back else 0)
        tx.emit(RefundFailed(**told, refund_id=refund.refund_id))
        OUTCOMES.labels("refund_failed").inc()
    await store.set_status(tx, payment, rules.status_after_refund(payment, refunded), code)


def _failed_return(payment: Payment, attempt: Attempt, code: str) -> ProviderRefund:
    return ProviderRefund(
        provider_ref=attempt.provider_key,  # it never got a name of the provider's
        intent_ref=payment.provider_ref or "",
        status=RefundStatus.FAILED,
        amount_minor=attempt.amount_minor,
        failure_code=code,
    )


def _uuid(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        return None
