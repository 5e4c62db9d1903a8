"""The payment that a verb is about: found, locked, and put into the fields that its facts share."""

from typing import Any
from uuid import UUID

from bottega.domains.payments import store
from bottega.domains.payments.errors import PaymentNotFound
from bottega.domains.payments.events import PaymentAuthorized, PaymentCaptured
from bottega.domains.payments.model import Payment
from bottega.infra.transaction import Tx


async def locked(tx: Tx, store_id: UUID, payment_id: UUID) -> Payment:
    """The payment, held until the end of this transaction. Raises `PaymentNotFound`."""
    payment = await store.lock(tx, store_id, payment_id)
    if payment is None:
        raise PaymentNotFound
    return payment


async def locked_by_ref(tx: Tx, store_id: UUID, provider_ref: str) -> Payment:
    """As `locked`, by the provider's reference. Not found may mean that our own commit is not there yet: come again."""
    payment = await store.lock_by_ref(tx, store_id, provider_ref)
    if payment is None:
        raise PaymentNotFound
    return payment


def about(payment: Payment, amount: int | None = None) -> dict[str, Any]:
    """The fields that every fact of a payment has; `amount` in minor units, the payment's own if None."""
    return {
        "store_id": payment.store_id,
        "payment_id": payment.payment_id,
        "reference": payment.reference,
        "amount_minor": payment.amount_minor if amount is None else amount,
        "currency": payment.currency,
    }


def captured(payment: Payment, amount: int) -> PaymentCaptured:
    """The fact that so much of a payment is ours."""
    return PaymentCaptured(**about(payment, amount), provider=payment.provider)


def authorized(payment: Payment, amount: int) -> PaymentAuthorized:
    """The fact that so much is held for us."""
    return PaymentAuthorized(**about(payment, amount), provider=payment.provider)
