"""Decisions about payments: where a provider's word leads, and how much may be given back. Values in, values out."""

from bottega.domains.payments.errors import NothingToRefund, RefundTooLarge
from bottega.domains.payments.model import EntryKind, IntentState, Payment, ProviderIntent
from bottega.domains.payments.states import PAYMENT, PaymentStatus

_LEADS_TO = {
    IntentState.REQUIRES_PAYMENT: PaymentStatus.REQUIRES_PAYMENT,
    IntentState.REQUIRES_ACTION: PaymentStatus.REQUIRES_ACTION,
    IntentState.PROCESSING: PaymentStatus.PROCESSING,
    IntentState.AUTHORIZED: PaymentStatus.AUTHORIZED,
    IntentState.SUCCEEDED: PaymentStatus.CAPTURED,
    IntentState.CANCELED: PaymentStatus.VOIDED,
}
_ENTRY = {
    PaymentStatus.REQUIRES_PAYMENT: EntryKind.DECLINED,
    PaymentStatus.REQUIRES_ACTION: EntryKind.REQUIRES_ACTION,
    PaymentStatus.PROCESSING: EntryKind.PROCESSING,
    PaymentStatus.AUTHORIZED: EntryKind.AUTHORIZED,
    PaymentStatus.CAPTURED: EntryKind.CAPTURED,
    PaymentStatus.VOIDED: EntryKind.VOIDED,
}

REFUND_TRIES = 5
"""How often a refund is asked for in all, before a person has to look."""
_FOR_GOOD = frozenset({"charge_already_refunded", "charge_disputed", "amount_too_large", "charge_not_refundable"})


def next_status(payment: Payment, intent: ProviderIntent) -> PaymentStatus | None:
    """The status that the provider's word leads to, or None when there is nothing to move (repeats, late news)."""
    target = _LEADS_TO[intent.state]
    if target is payment.status or PAYMENT.move(payment.status, target) is None:
        return None
    return target


def is_ours(payment: Payment, intent: ProviderIntent) -> bool:
    """Whether the provider's amount and currency are the ones we asked for; otherwise nothing may be called paid."""
    return intent.amount_minor == payment.amount_minor and intent.currency == payment.currency


def entry_for(status: PaymentStatus) -> EntryKind:
    """The ledger line that goes with a move to that status."""
    return _ENTRY[status]


def refundable(payment: Payment, under_way: int) -> int:
    """How much can still be given back, in minor units: captured, less what is back or on its way."""
    return payment.captured_minor - payment.refunded_minor - under_way


def refund_amount(payment: Payment, under_way: int, wanted: int | None) -> int:
    """The amount to refund. Raises `NothingToRefund`, `RefundTooLarge`."""
    left = refundable(payment, under_way)
    if left <= 0:
        raise NothingToRefund
    amount = left if wanted is None else wanted
    if not 0 < amount <= left:
        raise RefundTooLarge(f"At most {left} is left to refund", extra={"refundable": left})
    return amount


def status_after_refund(payment: Payment, refunded: int) -> PaymentStatus:
    """The payment's status once `refunded` minor units are back in all."""
    if payment.status is PaymentStatus.DISPUTED:
        return PaymentStatus.DISPUTED
    if refunded <= 0:
        return PaymentStatus.CAPTURED
    return PaymentStatus.REFUNDED if refunded >= payment.captured_minor else PaymentStatus.PARTIALLY_REFUNDED


def worth_trying(tries: int, refusal: str | None) -> bool:
    """Whether a failed refund is asked for again: some refusals stay, and after a few tries a person has to look."""
    return tries < REFUND_TRIES and refusal not in _FOR_GOOD


def provider_key(payment_id: str, attempt_no: int) -> str:
    """Our key for the provider: from the durable attempt, so a repeat of an unknown outcome carries the same one."""
    return f"bottega-{payment_id}-{attempt_no}"
