"""Disputes: a customer's bank takes the money back until it has decided. Only transactions, never the network.

Each move of money is a line of the payment's ledger under the bank's own reference, so it counts once however often it
is told. The payment is DISPUTED while a dispute is open or lost; a won one leaves it as its refunds say.
"""

from uuid import UUID

from bottega.domains.payments import rules, store
from bottega.domains.payments.actions.about import about, locked_by_ref
from bottega.domains.payments.errors import PaymentNotFound
from bottega.domains.payments.events import DisputeClosed, DisputeOpened
from bottega.domains.payments.model import Dispute, EntryKind, Payment, ProviderDispute
from bottega.domains.payments.states import DEAD, DISPUTE, DisputeStatus, PaymentStatus
from bottega.domains.payments.store import disputes
from bottega.infra.telemetry import OUTCOMES, logger
from bottega.infra.transaction import Tx
from bottega.kit import ids


async def record_dispute(tx: Tx, known: tuple[UUID, ProviderDispute]) -> None:
    """Apply what the provider says of a dispute (store, dispute), by monotone moves; repeats change nothing.

    Raises `PaymentNotFound` while the payment, or its capture, is not written down here yet: the caller comes again.
    """
    store_id, said = known
    payment = await locked_by_ref(tx, store_id, said.intent_ref)
    if payment.status in DEAD:
        await _not_ours(tx, payment, said)
        return
    if payment.captured_minor == 0:
        raise PaymentNotFound("A dispute of a payment that we have not captured yet")
    dispute = await disputes.by_ref(tx, store_id, said.provider_ref) or await _opened(tx, payment, said)
    moved = False
    for move in said.funds:
        kind = EntryKind.FUNDS_WITHDRAWN if move.amount_minor < 0 else EntryKind.FUNDS_REINSTATED
        moved |= await store.add_entry(tx, payment, kind, abs(move.amount_minor), move.provider_ref, said.provider_ref)
    closes = DISPUTE.move(dispute.status, said.status) is not None
    if closes:
        await disputes.close(tx, dispute, said.status)
        fact = f"{said.provider_ref}:{said.status}"
        await store.add_entry(tx, payment, EntryKind.DISPUTE_CLOSED, said.amount_minor, fact, said.status)
    disputed = await disputes.live(tx, payment) > 0
    status = rules.status_of(payment, payment.refunded_minor, disputed=disputed)
    if moved or closes or status is not payment.status:
        await store.set_status(tx, payment, status, payment.failure_code)
    won = said.status is DisputeStatus.WON
    if closes:
        OUTCOMES.labels("dispute_won" if won else "dispute_lost").inc()
    if closes or (moved and won):  # told once more where its money comes only now
        fields = about(payment, said.amount_minor)
        tx.emit(DisputeClosed(**fields, dispute_id=dispute.dispute_id, won=won, status=status.value))


async def _not_ours(tx: Tx, payment: Payment, said: ProviderDispute) -> None:
    """A bank takes up money that we refused: it is in no total of ours, so there is a line and a word, and nothing to move."""
    if await store.add_entry(tx, payment, EntryKind.DISPUTE_OPENED, said.amount_minor, said.provider_ref, said.reason):
        tx.note(payment.store_id, disputed_mismatch=str(payment.payment_id), amount=said.amount_minor)
        logger("payments").error("dispute about money that is not ours", payment=str(payment.payment_id))


async def _opened(tx: Tx, payment: Payment, said: ProviderDispute) -> Dispute:
    dispute_id = tx.new_id(ids.home_of(payment.store_id))
    await disputes.insert(tx, payment, dispute_id, said)
    await store.add_entry(tx, payment, EntryKind.DISPUTE_OPENED, said.amount_minor, said.provider_ref, said.reason)
    dispute = await disputes.by_ref(tx, payment.store_id, said.provider_ref)
    assert dispute is not None
    status = PaymentStatus.DISPUTED.value
    about_it = about(payment, said.amount_minor)
    tx.emit(DisputeOpened(**about_it, dispute_id=dispute_id, reason=said.reason, status=status))
    OUTCOMES.labels("dispute_opened").inc()
    logger("payments").warning("dispute opened", payment=str(payment.payment_id), reason=said.reason)
    return dispute
