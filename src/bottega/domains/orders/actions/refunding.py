"""Giving money back: which lines and taxes it is of, never more than was captured, never more of a line than was bought.

How the money moves is the payments' matter; here is what it stands for. Everything that gives back goes through
`give_back`, so the parts of a refund always add up to it. What must stay true: the payment's row is locked before
anything is counted, so refunds of one payment decide one after the other.
"""

from uuid import UUID

import msgspec

from bottega.domains import payments
from bottega.domains.orders import store
from bottega.domains.orders.errors import OrderNotFound
from bottega.domains.orders.model import Order, RefundOrder, RefundPart, RefundWish, Returned
from bottega.domains.orders.rules import refunding as rules
from bottega.domains.orders.store import refunds
from bottega.domains.payments import (
    Payment,
    PaymentNotFound,
    Refund,
    RefundAdopted,
    RefundNotFailed,
    RefundRequest,
    RefundStatus,
    RetryRefund,
)
from bottega.infra.db import ReadTx
from bottega.infra.transaction import Tx


async def refund(tx: Tx, command: RefundOrder) -> Returned:
    """A manager gives money back. Raises `Forbidden` and what `give_back` raises."""
    tx.require("payments.refund", command.store_id)
    return await give_back(tx, command)


async def give_back(tx: Tx, command: RefundOrder) -> Returned:
    """Decide what goes back, and ask for it. Raises `PaymentNotFound`, `NothingToRefund`, `RefundTooLarge`,
    `PaymentDisputed`, `RefundLineUnknown`, `RefundLineTooLarge`, `RefundReceiptMissing`, `RefundReceiptUnexpected`.
    """
    payment, left = await payments.hold(tx, (command.store_id, command.payment_id))
    order, rest = await _rest(tx, payment)
    parts = rules.split_refund(rest, left, command.wish)
    amount = sum(part.amount_minor for part in parts)
    request = RefundRequest(
        store_id=command.store_id,
        payment_id=command.payment_id,
        amount_minor=amount,
        reason=command.reason,
        receipt_ref=command.receipt_ref,
    )
    asked = await payments.request_refund(tx, request)
    await refunds.add_parts(tx, order, asked.refund_id, parts)
    return Returned(order=order, payment=payment, parts=parts, left_minor=left - amount, refund=asked)


async def give_back_part(
    tx: Tx, order: Order, payment_id: UUID, gone: RefundPart, reason: str, most: int | None = None
) -> Refund | None:
    """Ask back what an order costs less by now, as far as it has not gone back before and anything is left of the payment.

    At most `most` minor units; None when there is nothing to ask for, or while a bank has the money.
    """
    try:
        payment, left = await payments.hold(tx, (order.store_id, payment_id))
    except payments.PaymentDisputed:
        tx.note(order.store_id, order=str(order.order_id), not_given_back=gone.amount_minor, reason=reason)
        return None
    known = await refunds.returned(tx, order.store_id, payment.payment_id)
    part = rules.still_owed(gone, known, left if most is None else min(left, most))
    if part is None:
        return None
    request = RefundRequest(
        store_id=order.store_id, payment_id=payment_id, amount_minor=part.amount_minor, reason=reason
    )
    asked = await payments.request_refund(tx, request)
    await refunds.add_parts(tx, order, asked.refund_id, [part])
    return asked


async def preview(tx: ReadTx, which: tuple[UUID, UUID], wish: RefundWish) -> Returned:
    """What a refund of a payment (store, payment) would give back right now; nothing is stored. Raises as `give_back`."""
    payment = await payments.read(tx, *which)
    if payment is None:
        raise PaymentNotFound
    payments.check_with_us(payment)
    left = await payments.left(tx, payment)
    order, rest = await _rest(tx, payment)
    parts = rules.split_refund(rest, left, wish)
    amount = sum(part.amount_minor for part in parts)
    return Returned(order=order, payment=payment, parts=parts, left_minor=left - amount)


async def try_again(tx: Tx, which: tuple[UUID, UUID, UUID]) -> Returned:
    """A manager asks once more for a refund (store, payment, refund) that failed: the same money, of the same lines.

    Raises `RefundNotFailed` when it has not failed or is under way again, `RefundTooLarge` or `RefundLineTooLarge` when
    that has gone back in another way since, `PaymentDisputed`.
    """
    store_id, payment_id, refund_id = which
    tx.require("payments.refund", store_id)
    payment, left = await payments.hold(tx, (store_id, payment_id))
    asked = await payments.refunds(tx, store_id, payment_id)
    failed = next((each for each in asked if each.refund_id == refund_id), None)
    if failed is None or failed.status is not RefundStatus.FAILED:
        raise RefundNotFailed
    order, rest = await _rest(tx, payment)
    known = await refunds.returned(tx, store_id, payment_id, failed=True)
    parts = [part for part in known if part.refund_id == refund_id]
    if failed.retry_at is None:  # until then it has kept its money and its lines
        rules.check_again(rest, left, failed.amount_minor, parts)
        left -= failed.amount_minor
    if await payments.retry_refund(tx, RetryRefund(store_id, refund_id, by_hand=True)) is None:
        raise RefundNotFailed
    begun = msgspec.structs.replace(failed, status=RefundStatus.PENDING, tries=failed.tries + 1)
    return Returned(order=order, payment=payment, parts=tuple(parts), left_minor=left, refund=begun)


async def stand_for(tx: Tx, fact: RefundAdopted) -> None:
    """Money went back without our asking: it is of all that is left of the order's lines, each its share."""
    assert fact.store_id is not None
    payment = await payments.read(tx, fact.store_id, fact.payment_id)
    if payment is None:
        raise PaymentNotFound
    order, rest = await _rest(tx, payment)
    known = await refunds.returned(tx, fact.store_id, fact.payment_id, failed=True)
    if all(part.refund_id != fact.refund_id for part in known):
        parts = rules.split_refund(rest, fact.amount_minor, RefundWish(amount_minor=fact.amount_minor))
        await refunds.add_parts(tx, order, fact.refund_id, parts)


async def rest_of(tx: ReadTx, order: Order, payment: Payment) -> list[RefundPart]:
    """What is left of each line of an order (and last, of its fees) to be given back of one of its payments.

    Of a payment that is not the order's any more nothing stands for a line: the order is paid by another one.
    """
    if order.payment_id != payment.payment_id:
        order = msgspec.structs.replace(order, lines=(), fees_minor=0)
    return rules.rest_of(order, await refunds.returned(tx, order.store_id, payment.payment_id))


async def _rest(tx: ReadTx, payment: Payment) -> tuple[Order, list[RefundPart]]:
    order = await store.find(tx, payment.store_id, payment.reference)
    if order is None:
        raise OrderNotFound
    return order, await rest_of(tx, order, payment)
