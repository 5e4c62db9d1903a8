"""What comparing the ledgers writes down: differences and what became of them, comparisons asked for and made, turns.

Only transactions, never the network. A difference is closed by a comparison that no longer finds it, or by a person.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from bottega.domains.payments import rules, store
from bottega.domains.payments.actions.about import about, locked, locked_by_ref
from bottega.domains.payments.actions.holding import record_return
from bottega.domains.payments.actions.recording import record_intent, record_refund
from bottega.domains.payments.errors import DifferenceNotFound, DifferenceNotOpen, WindowRefused
from bottega.domains.payments.events import RefundAdopted
from bottega.domains.payments.model import EntryKind, Operation, Payment, ProviderIntent, ProviderRefund, RefundRequest
from bottega.domains.payments.model.reconciliation import (
    AskReconciliation,
    Counts,
    Difference,
    LedgerRefund,
    Mend,
    Outcome,
    Reconciliation,
    ResolveDifference,
    Trigger,
    Verdict,
)
from bottega.domains.payments.states import DEAD, DifferenceState, RefundStatus
from bottega.domains.payments.store import differences, holds
from bottega.domains.payments.store import reconciling as kept
from bottega.infra.telemetry import OUTCOMES
from bottega.infra.transaction import Tx
from bottega.kit import ids

LEASE = timedelta(minutes=10)
"""How long a comparison may take before another process begins it anew; two at once would do no harm."""
MAX_WINDOW = timedelta(days=31)
"""The longest stretch that a person may ask for on a page; the command takes any."""
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
MADE_THERE = "Given back at the provider"
"""The reason of a refund that nobody asked for here."""


async def keep_verdict(tx: Tx, verdict: Verdict) -> None:
    """Write down what still differs and what was mended, and close what is gone."""
    home = ids.home_of(verdict.store_id)
    for state, findings in ((DifferenceState.MENDED, verdict.mended), (DifferenceState.OPEN, verdict.open)):
        for finding in findings:
            await differences.keep(tx, verdict, finding, state, tx.new_id(home))
            OUTCOMES.labels(f"difference_{state.lower()}").inc()
    await differences.close_gone(tx, verdict)
    for finding in verdict.mended:
        tx.note(verdict.store_id, mended=finding.code, object=finding.object_ref)


async def adopt_intent(tx: Tx, known: tuple[UUID, UUID, ProviderIntent]) -> Payment:
    """Apply what the provider says of an intent to a payment (store, payment, the intent) that may not know its reference:
    the answer to opening it was lost. Raises `PaymentNotFound`."""
    store_id, payment_id, intent = known
    payment = await locked(tx, store_id, payment_id)
    if payment.provider_ref is None:
        await store.set_provider(tx, payment, intent.provider_ref, intent.client_secret)
    return await record_intent(tx, (store_id, intent))


async def adopt_refund(tx: Tx, known: tuple[UUID, UUID, LedgerRefund]) -> None:
    """Take a refund into our books (store, payment, the refund) that was made at the provider or that we have lost.

    Raises `PaymentNotFound`, and `RefundTooLarge` or `NothingToRefund` for more than is left: a person has to look.
    """
    store_id, payment_id, said = known
    await _adopt(tx, await locked(tx, store_id, payment_id), _said(said, said.refund_id))


async def follow_refund(tx: Tx, known: tuple[UUID, ProviderRefund]) -> None:
    """News of a refund (store, the refund): of one that we asked for, or of one that was made at the provider and comes
    into our books. Raises as `adopt_refund`.
    """
    store_id, said = known
    payment = await locked_by_ref(tx, store_id, said.intent_ref)
    is_theirs = said.refund_id is None and payment.status not in DEAD and said.status is not RefundStatus.FAILED
    if is_theirs and await store.refund_by_ref(tx, payment, said.provider_ref, None) is None:
        await _adopt(tx, payment, said)
    else:
        await record_refund(tx, (store_id, payment.payment_id, None, said))


async def _adopt(tx: Tx, payment: Payment, said: ProviderRefund) -> None:
    home = ids.home_of(payment.store_id)
    refund_id = None if said.refund_id is None else UUID(said.refund_id)
    if refund_id is None or ids.home_of(refund_id) != home:
        refund_id = tx.new_id(home)
    ours = await store.refund_by_ref(tx, payment, said.provider_ref, refund_id)
    if ours is not None and ours.provider_ref not in (None, said.provider_ref):
        ours, refund_id = None, tx.new_id(home)  # another refund of ours has that id
    if ours is None:
        rules.refund_amount(payment, await store.under_way(tx, payment), said.amount_minor)
        command = RefundRequest(
            store_id=payment.store_id,
            payment_id=payment.payment_id,
            amount_minor=said.amount_minor,
            reason=MADE_THERE,
        )
        await store.insert_refund(tx, payment, refund_id, said.amount_minor, command)
        await store.add_entry(tx, payment, EntryKind.REFUND_REQUESTED, said.amount_minor, None, MADE_THERE)
        tx.emit(RefundAdopted(**about(payment, said.amount_minor), refund_id=refund_id))
        tx.note(payment.store_id, payment=str(payment.payment_id), amount=said.amount_minor, reason=MADE_THERE)
    said = msgspec.structs.replace(said, refund_id=str(refund_id))
    await record_refund(tx, (payment.store_id, payment.payment_id, None, said))


async def adopt_failed_returns(tx: Tx, known: tuple[UUID, UUID, tuple[LedgerRefund, ...]]) -> None:
    """Money that was never ours did not arrive where it came from (store, payment, its refunds that failed), and nobody
    told us: it is asked for again, as it is after such news."""
    store_id, payment_id, failed = known
    payment = await locked(tx, store_id, payment_id)
    for each in failed:
        if not await holds.is_asked(tx, payment, Operation.REFUND):  # else it is on its way already
            await record_return(tx, payment, _said(each))


async def ask_reconciliation(tx: Tx, command: AskReconciliation) -> Reconciliation:
    """Write down that somebody wants a store's payments compared; a worker does it. Raises `WindowRefused`."""
    until = command.until or tx.now
    if not timedelta() < until - command.since <= MAX_WINDOW:
        raise WindowRefused
    if command.since < _EARLIEST or until > tx.now + MAX_WINDOW:
        raise WindowRefused("There is nothing to compare so long ago, or in a time to come")
    reconciliation_id = tx.new_id(ids.home_of(command.store_id))
    await kept.insert_asked(tx, reconciliation_id, command)
    tx.note(command.store_id, mend=command.mend, since=command.since, until=command.until)
    asked = await kept.read(tx, command.store_id, reconciliation_id)
    assert asked is not None
    return asked


async def resolve_difference(tx: Tx, command: ResolveDifference) -> Difference:
    """A person has dealt with a difference. Raises `DifferenceNotFound`, `DifferenceNotOpen`."""
    moved = await differences.resolve(tx, command.store_id, command.difference_id, command.note)
    found = await differences.read(tx, command.store_id, command.difference_id)
    if found is None:
        raise DifferenceNotFound
    if not moved:
        raise DifferenceNotOpen(extra={"state": found.state})
    tx.note(command.store_id, code=found.code, object=found.object_ref, note=command.note)
    return found


async def claim_asked(tx: Tx, which: tuple[UUID, UUID]) -> kept.Claimed | None:
    """Take a comparison (store, id) that somebody asked for; None when another process has it."""
    return await kept.claim(tx, *which, LEASE)


async def finish_asked(tx: Tx, made: tuple[UUID, UUID, Counts | None]) -> None:
    """A comparison (store, id) was made and came to this; None: it failed for good."""
    await kept.finish(tx, *made)


async def keep_outcome(tx: Tx, made: tuple[kept.Place, Outcome, Trigger, Mend]) -> None:
    """Write down a comparison that was made of a store."""
    place, outcome, trigger, mend = made
    values: dict[str, Any] = {
        "reconciliation_id": tx.new_id(place.number),
        "trigger": trigger,
        "mend": mend,
        "since": outcome.since,
        "until": outcome.until,
        "started": outcome.started,
    }
    await kept.insert_done(tx, place, values, outcome.stores[place.store_id])


async def take_turn(tx: Tx, account: str) -> bool:
    """Whether it is this process's turn to compare all stores of an account."""
    return await kept.take_turn(tx, account, LEASE)


async def end_turn(tx: Tx, turn: tuple[str, timedelta]) -> None:
    """The account was compared; the next turn comes after a pause."""
    await kept.end_turn(tx, *turn)


def _said(refund: LedgerRefund, refund_id: UUID | None = None) -> ProviderRefund:
    return ProviderRefund(
        provider_ref=refund.ref,
        intent_ref=refund.intent_ref,
        status=refund.status,
        amount_minor=refund.amount_minor,
        refund_id=None if refund_id is None else str(refund_id),
    )
