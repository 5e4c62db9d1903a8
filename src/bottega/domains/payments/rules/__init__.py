"""Decisions about payments: where a provider's word leads, and how much may be given back. Values in, values out."""

from bottega.domains.merchants import CaptureMode
from bottega.domains.payments.errors import (
    AuthenticationFailed,
    AuthenticationRequired,
    CaptureTooLarge,
    NothingToRefund,
    PaymentDeclined,
    PaymentDisputed,
    PaymentSuspected,
    PaymentTryAgain,
    RefundReceiptMissing,
    RefundReceiptUnexpected,
    RefundTooLarge,
)
from bottega.domains.payments.model import EntryKind, IntentState, Payment, Provider, ProviderIntent
from bottega.domains.payments.states import DEAD, LIVE, PAYMENT, PaymentStatus
from bottega.kit.errors import DomainError
from bottega.kit.money import exponent

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
_MONEY = (PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED)
_SUSPECTED = frozenset(
    {"fraudulent", "merchant_blacklist", "lost_card", "stolen_card", "pickup_card", "security_violation",
     "highest_risk_level", "elevated_risk_level", "blocked"}
)  # fmt: skip
_AGAIN = frozenset(
    {"processing_error", "try_again_later", "reenter_transaction", "issuer_not_available", "approve_with_id"}
)
_UNPROVEN = frozenset({"payment_intent_authentication_failure", "authentication_failure", "authentication_not_handled"})

REFUND_TRIES = 5
"""How often a refund is asked for in all, before a person has to look."""
_FOR_GOOD = frozenset({"charge_already_refunded", "charge_disputed", "amount_too_large", "charge_not_refundable"})


def can_be_charged(amount_minor: int, currency: str) -> bool:
    """Whether the card networks move such an amount: of currencies with three decimals only full tens.

    Source: docs.stripe.com/currencies, "Three-decimal currencies".
    """
    return exponent(currency) < 3 or amount_minor % 10 == 0


def next_status(payment: Payment, intent: ProviderIntent) -> PaymentStatus | None:
    """The status that the provider's word leads to, or None when there is nothing to move (repeats, late news).

    Back to REQUIRES_PAYMENT leads only a failure: an intent that merely stood there was read before it moved on.
    """
    target = _LEADS_TO[intent.state]
    if target is payment.status or payment.status not in LIVE or PAYMENT.move(payment.status, target) is None:
        return None
    if target is PaymentStatus.REQUIRES_PAYMENT and intent.failure_code is None:
        return None
    return target


def is_ours(payment: Payment, intent: ProviderIntent) -> bool:
    """Whether money that the provider holds or took is what we asked for; otherwise nothing may be called paid.

    The same amount and currency, for this very payment; and all of it, unless we capture by hand.
    """
    if (intent.amount_minor, intent.currency) != (payment.amount_minor, payment.currency):
        return False
    if intent.metadata.get("payment_id", str(payment.payment_id)) != str(payment.payment_id):
        return False
    if intent.state is not IntentState.SUCCEEDED:
        return True
    least = payment.amount_minor if payment.capture_mode is CaptureMode.AUTOMATIC else 1
    return least <= intent.captured_minor <= payment.amount_minor


def is_wrong_money(payment: Payment, intent: ProviderIntent) -> bool:
    """Whether the provider has money of a customer that is not this payment's: another amount, or a payment that is dead."""
    if payment.status in DEAD:
        return intent.state is IntentState.SUCCEEDED
    return next_status(payment, intent) in _MONEY and not is_ours(payment, intent)


def is_decline(payment: Payment, intent: ProviderIntent) -> bool:
    """Whether an intent that can be paid again says that a try to pay it has failed."""
    return (
        intent.state is IntentState.REQUIRES_PAYMENT
        and intent.failure_code is not None
        and payment.status in LIVE - {PaymentStatus.AUTHORIZED}
    )


def entry_for(status: PaymentStatus) -> EntryKind:
    """The ledger line that goes with a move to that status."""
    return _ENTRY[status]


def refusal(status: PaymentStatus, failure_code: str | None) -> type[DomainError] | None:
    """How to say that a payment is not paid yet, by why: each sort of no is handled differently. None: it just waits."""
    if status is PaymentStatus.REQUIRES_ACTION:
        return AuthenticationRequired
    if failure_code is None or status not in (PaymentStatus.REQUIRES_PAYMENT, *DEAD):
        return None
    if failure_code == "authentication_required":
        return AuthenticationRequired
    for codes, kind in ((_SUSPECTED, PaymentSuspected), (_AGAIN, PaymentTryAgain), (_UNPROVEN, AuthenticationFailed)):
        if failure_code in codes:
            return kind
    return PaymentDeclined


def check_capture(payment: Payment, amount: int) -> None:
    """Raise `CaptureTooLarge` for more than is held (minor units)."""
    if amount > payment.authorized_minor:
        raise CaptureTooLarge(f"{payment.authorized_minor} is held", extra={"authorized": payment.authorized_minor})


def refundable(payment: Payment, under_way: int) -> int:
    """How much can still be given back, in minor units: captured, less what is back, on its way, or with a bank."""
    return payment.captured_minor - payment.refunded_minor - payment.disputed_minor - under_way


def check_with_us(payment: Payment) -> None:
    """Raise `PaymentDisputed` while the customer's bank has the money."""
    if payment.status is PaymentStatus.DISPUTED:
        raise PaymentDisputed(extra={"disputed": payment.disputed_minor})


def check_receipt(payment: Payment, receipt_ref: str | None) -> None:
    """What the till took, the till gives back, with a receipt. Raises `RefundReceiptMissing`, `RefundReceiptUnexpected`."""
    at_till = payment.provider is Provider.TILL
    if at_till and not receipt_ref:
        raise RefundReceiptMissing
    if not at_till and receipt_ref:
        raise RefundReceiptUnexpected


def refund_amount(payment: Payment, under_way: int, wanted: int | None) -> int:
    """The amount to refund. Raises `NothingToRefund` (`PaymentDisputed` where that is why), `RefundTooLarge`."""
    check_with_us(payment)
    left = refundable(payment, under_way)
    if left <= 0:
        raise NothingToRefund
    amount = left if wanted is None else wanted
    if not 0 < amount <= left:
        raise RefundTooLarge(f"At most {left} is left to refund", extra={"refundable": left})
    return amount


def status_after_refund(payment: Payment, refunded: int) -> PaymentStatus:
    """The payment's status once `refunded` minor units are back in all."""
    return status_of(payment, refunded, disputed=payment.status is PaymentStatus.DISPUTED)


def status_of(payment: Payment, refunded: int, *, disputed: bool) -> PaymentStatus:
    """The status of a captured payment, by how much of it is back and whether a dispute about it is open or lost."""
    if disputed:
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
