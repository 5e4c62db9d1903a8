"""Beats one and three: write down what we are about to ask, and what came of it. Only transactions, never the network."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from bottega.domains.payments import rules, store
from bottega.domains.payments.errors import PaymentNotFound
from bottega.domains.payments.events import (
    PaymentCaptured,
    PaymentChanged,
    PaymentRefunded,
    RefundFailed,
    RefundRequested,
)
from bottega.domains.payments.model import (
    Attempt,
    EntryKind,
    NewPayment,
    Operation,
    Payment,
    ProviderEvent,
    ProviderIntent,
    ProviderRefund,
    Refund,
    RefundRequest,
    TillPayment,
)
from bottega.domains.payments.states import PaymentStatus, RefundStatus
from bottega.domains.payments.store import retries
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
    payment = await _locked(tx, command.store_id, payment_id)
    await store.add_entry(tx, payment, EntryKind.CAPTURED, command.amount_minor, command.receipt_ref)
    tx.emit(_captured(payment))
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
    payment = await _locked(tx, attempt.store_id, attempt.payment_id)
    await store.finish_attempt(tx, attempt)
    await store.set_provider(tx, payment, intent.provider_ref, intent.client_secret)
    return await _locked(tx, attempt.store_id, attempt.payment_id)


async def record_unknown(tx: Tx, attempt: Attempt) -> None:
    """The provider did not answer: the attempt stays as intended and is asked again soon, with the same key."""
    await store.put_off_attempt(tx, attempt)


async def record_refusal(tx: Tx, outcome: tuple[Attempt, str]) -> None:
    """The provider refused for good: the attempt has failed, and a refund with it."""
    attempt, code = outcome
    payment = await _locked(tx, attempt.store_id, attempt.payment_id)
    await store.finish_attempt(tx, attempt, failed=code)
    if attempt.operation is Operation.REFUND:
        refund = await store.refund_by_ref(tx, payment, None, attempt.refund_id)
        if refund is not None:
            await _move_refund(tx, payment, refund, RefundStatus.FAILED, None, code)
    elif attempt.operation is Operation.OPEN and payment.status is PaymentStatus.REQUIRES_PAYMENT:
        await store.set_status(tx, payment, PaymentStatus.FAILED, code)


async def record_intent(tx: Tx, known: tuple[UUID, ProviderIntent]) -> Payment:
    """Apply what the provider says of an intent, by monotone moves only; repeats and late news change nothing.

    Raises `PaymentNotFound` when our own commit is not there yet: the caller comes again.
    """
    store_id, intent = known
    payment = await store.lock_by_ref(tx, store_id, intent.provider_ref)
    if payment is None:
        raise PaymentNotFound
    target = rules.next_status(payment, intent)
    if target is None:
        return payment
    if target is PaymentStatus.CAPTURED and not rules.is_ours(payment, intent):
        await store.add_entry(
            tx, payment, EntryKind.DECLINED, 0, intent.provider_ref, "the provider's amount is not ours"
        )
        OUTCOMES.labels("payment_amount_mismatch").inc()
        return payment
    amount = intent.captured_minor if target is PaymentStatus.CAPTURED else 0
    once = intent.provider_ref if target in (PaymentStatus.CAPTURED, PaymentStatus.VOIDED) else None
    await store.add_entry(tx, payment, rules.entry_for(target), amount, once, intent.failure_code)
    await store.set_status(tx, payment, target, intent.failure_code)
    if target is PaymentStatus.CAPTURED:
        tx.emit(_captured(payment))
        OUTCOMES.labels("payment_captured_online").inc()
    else:
        tx.emit(PaymentChanged(**_about(payment), status=target.value))
    return payment


async def request_refund(tx: Tx, command: RefundRequest) -> Refund:
    """Write down a refund that the provider will be asked for. Raises `PaymentNotFound`, `NothingToRefund`, `RefundTooLarge`.

    The payment's row is locked first, so concurrent refunds together never exceed what was captured.
    """
    payment = await _locked(tx, command.store_id, command.payment_id)
    amount = rules.refund_amount(payment, await store.under_way(tx, payment), command.amount_minor)
    refund_id = tx.new_id(ids.home_of(command.store_id))
    await store.insert_refund(tx, payment, refund_id, amount, command.reason)
    await store.add_entry(tx, payment, EntryKind.REFUND_REQUESTED, amount, None, command.reason)
    await store.add_attempt(tx, payment, Operation.REFUND, amount, refund_id, rules.provider_key)
    tx.emit(RefundRequested(**_about(payment, amount), refund_id=refund_id))
    tx.note(command.store_id, payment=str(payment.payment_id), amount=amount, reason=command.reason)
    refund = await store.refund_by_ref(tx, payment, None, refund_id)
    assert refund is not None
    return refund


async def request_void(tx: Tx, which: tuple[UUID, UUID]) -> None:
    """Write down that an intent nobody has paid shall be cancelled with the provider; a later success is refunded."""
    payment = await _locked(tx, *which)
    if payment.status in (PaymentStatus.CAPTURED, PaymentStatus.VOIDED, PaymentStatus.FAILED):
        return
    await store.add_attempt(tx, payment, Operation.CANCEL, 0, None, rules.provider_key)


async def record_refund(tx: Tx, known: tuple[UUID, UUID, Attempt | None, ProviderRefund]) -> None:
    """Apply what the provider says of a refund: (store, payment, attempt if we asked just now, the refund)."""
    store_id, payment_id, attempt, said = known
    payment = await _locked(tx, store_id, payment_id)
    if attempt is not None:
        await store.finish_attempt(tx, attempt)
    elif await retries.is_past(tx, payment, said.provider_ref):
        return  # late news of a try that failed; another one is under way, or done
    ours = attempt.refund_id if attempt is not None else _uuid(said.refund_id)
    refund = await store.refund_by_ref(tx, payment, said.provider_ref, ours)
    if refund is None:
        raise PaymentNotFound("There is no such refund of this payment")
    await _move_refund(tx, payment, refund, said.status, said.provider_ref, said.failure_code)


async def record_refund_by_intent(tx: Tx, known: tuple[UUID, ProviderRefund]) -> None:
    """As `record_refund`, for news that names the intent instead of the payment."""
    store_id, said = known
    payment = await store.lock_by_ref(tx, store_id, said.intent_ref)
    if payment is None:
        raise PaymentNotFound
    await record_refund(tx, (store_id, payment.payment_id, None, said))


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
    was_back = refund.status is RefundStatus.SUCCEEDED
    if not await store.set_refund(tx, refund, status, provider_ref):
        return
    about = _about(payment, refund.amount_minor)
    if status is RefundStatus.SUCCEEDED:
        await store.add_entry(
            tx, payment, EntryKind.REFUNDED, refund.amount_minor, provider_ref or str(refund.refund_id)
        )
        refunded = payment.refunded_minor + refund.amount_minor
        tx.emit(PaymentRefunded(**about, refund_id=refund.refund_id))
        OUTCOMES.labels("refund_succeeded").inc()
    else:
        note = "reversed" if was_back else code
        await store.add_entry(tx, payment, EntryKind.REFUND_FAILED, refund.amount_minor, provider_ref, note)
        refunded = payment.refunded_minor - (refund.amount_minor if was_back else 0)
        tx.emit(RefundFailed(**about, refund_id=refund.refund_id))
        OUTCOMES.labels("refund_failed").inc()
    await store.set_status(tx, payment, rules.status_after_refund(payment, refunded), code)


async def _locked(tx: Tx, store_id: UUID, payment_id: UUID) -> Payment:
    payment = await store.lock(tx, store_id, payment_id)
    if payment is None:
        raise PaymentNotFound
    return payment


def _about(payment: Payment, amount: int | None = None) -> dict[str, Any]:
    return {
        "store_id": payment.store_id,
        "payment_id": payment.payment_id,
        "reference": payment.reference,
        "amount_minor": payment.amount_minor if amount is None else amount,
        "currency": payment.currency,
    }


def _captured(payment: Payment) -> PaymentCaptured:
    return PaymentCaptured(
        store_id=payment.store_id,
        payment_id=payment.payment_id,
        reference=payment.reference,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        provider=payment.provider,
    )


def _uuid(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        return None
