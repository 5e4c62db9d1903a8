"""Money that is held, and money that is not ours: capturing and letting go, each asked for once, by attempts.

Only transactions, never the network: what is written here is carried out by the desk. What must stay true: a hold ends
in a capture or in a void, and money of another amount than ours is never counted as paid and goes back once.
"""

from uuid import UUID

from bottega.domains.payments import rules, store
from bottega.domains.payments.actions.about import about, locked
from bottega.domains.payments.events import HoldLost, PaymentChanged
from bottega.domains.payments.model import (
    Attempt,
    CaptureRequest,
    EntryKind,
    IntentState,
    Operation,
    Payment,
    ProviderIntent,
    ProviderRefund,
)
from bottega.domains.payments.states import PAYMENT, PaymentStatus, RefundStatus
from bottega.domains.payments.store import holds, retries
from bottega.infra.telemetry import OUTCOMES, logger
from bottega.infra.transaction import Tx

_MISMATCH = "amount_mismatch"


async def request_capture(tx: Tx, command: CaptureRequest) -> bool:
    """Write down that a held payment shall be taken, wholly or in part; whether the provider has to be asked.

    False when nothing is held or it was asked before. Raises `PaymentNotFound`, `CaptureTooLarge`.
    """
    payment = await locked(tx, command.store_id, command.payment_id)
    if payment.status is not PaymentStatus.AUTHORIZED or await holds.is_asked(tx, payment, Operation.CAPTURE):
        return False
    rules.check_capture(payment, command.amount_minor)
    if command.amount_minor <= 0:
        await let_go(tx, payment)
        return True
    await store.add_entry(tx, payment, EntryKind.CAPTURE_REQUESTED, command.amount_minor)
    await store.add_attempt(tx, payment, Operation.CAPTURE, command.amount_minor, None, rules.provider_key)
    return True


async def request_void(tx: Tx, which: tuple[UUID, UUID]) -> None:
    """Write down that an intent that nobody has paid, or a hold, shall be let go; a later success is refunded."""
    payment = await locked(tx, *which)
    if PAYMENT.move(payment.status, PaymentStatus.VOIDED) is not None:
        await let_go(tx, payment)


async def let_go(tx: Tx, payment: Payment) -> None:
    """As `request_void`, of a payment that is locked already. A capture that nobody has asked for yet is taken back."""
    await holds.withdraw_capture(tx, payment)
    if not await holds.is_asked(tx, payment, Operation.CANCEL):
        await store.add_attempt(tx, payment, Operation.CANCEL, 0, None, rules.provider_key)


async def capture_failed(tx: Tx, payment: Payment, attempt: Attempt, code: str) -> None:
    """What was held was not taken. Where the hold still stands (the provider would not), it is let go."""
    await store.add_entry(tx, payment, EntryKind.CAPTURE_FAILED, attempt.amount_minor, None, code)
    OUTCOMES.labels("payment_capture_failed").inc()
    if payment.status is PaymentStatus.AUTHORIZED:
        await store.set_status(tx, payment, PaymentStatus.FAILED, code)
        await let_go(tx, payment)
        hold_lost(tx, payment, PaymentStatus.FAILED, code)


def hold_lost(tx: Tx, payment: Payment, status: PaymentStatus, code: str) -> None:
    """Tell that money that was held is not any more."""
    tx.emit(HoldLost(**about(payment, payment.authorized_minor), status=status.value, code=code))
    OUTCOMES.labels("payment_hold_lost").inc()


async def refuse_money(tx: Tx, payment: Payment, intent: ProviderIntent) -> None:
    """The provider has money that is not this payment's: never paid; let go or given back, once; somebody is told.

    The amount of the ledger line is the provider's own; it is in no total.
    """
    fact = f"{intent.provider_ref}:{intent.state}"
    words = f"{intent.amount_minor} {intent.currency}, not {payment.amount_minor} {payment.currency}"
    if not await store.add_entry(tx, payment, EntryKind.MISMATCH, intent.amount_minor, fact, words):
        return
    if PAYMENT.move(payment.status, PaymentStatus.FAILED) is not None:
        await store.set_status(tx, payment, PaymentStatus.FAILED, _MISMATCH)
        tx.emit(PaymentChanged(**about(payment), status=PaymentStatus.FAILED.value))
        if payment.status is PaymentStatus.AUTHORIZED:
            hold_lost(tx, payment, PaymentStatus.FAILED, _MISMATCH)
    if intent.state is IntentState.SUCCEEDED:
        await store.add_attempt(tx, payment, Operation.REFUND, intent.captured_minor, None, rules.provider_key)
    else:
        await let_go(tx, payment)
    tx.note(payment.store_id, mismatch=str(payment.payment_id), said=words, intent=intent.provider_ref)
    OUTCOMES.labels("payment_amount_mismatch").inc()
    logger("payments").error("money that is not ours", payment=str(payment.payment_id), said=words)


async def record_return(tx: Tx, payment: Payment, said: ProviderRefund) -> None:
    """Apply what the provider says of giving back money that was never ours: where that failed, it is asked for again.

    A few times by itself, later and later; then it waits for a person, who sees it in the comparison of the ledgers.
    """
    if said.status is RefundStatus.SUCCEEDED:
        await store.add_entry(tx, payment, EntryKind.MISMATCH_RETURNED, said.amount_minor, said.provider_ref)
        return
    told = said.status is RefundStatus.FAILED and await store.add_entry(
        tx, payment, EntryKind.RETURN_FAILED, said.amount_minor, said.provider_ref, said.failure_code
    )
    if not told:
        return
    OUTCOMES.labels("payment_return_failed").inc()
    asked = await retries.returns_asked(tx, payment)
    if rules.worth_trying(asked, said.failure_code):
        number = await store.add_attempt(tx, payment, Operation.REFUND, said.amount_minor, None, rules.provider_key)
        await retries.push_back(tx, payment, number, 5.0 * 3.0 ** (asked - 1))
        return
    tx.note(payment.store_id, return_failed=str(payment.payment_id), amount=said.amount_minor, code=said.failure_code)
    logger("payments").error("money that is not ours could not be returned", payment=str(payment.payment_id))
