"""How an order comes to be paid: one completion path, for the provider's word from wherever it arrives; and new intents."""

from uuid import UUID

import msgspec

from bottega.domains import payments
from bottega.domains.merchants import PayMode
from bottega.domains.orders import rules, store
from bottega.domains.orders.actions.moving import apply_move, refund_rest
from bottega.domains.orders.errors import NothingToPay, OrderNotFound
from bottega.domains.orders.model import Order, Transition
from bottega.domains.orders.states import OrderStatus
from bottega.domains.payments import NewPayment, PaymentStatus
from bottega.infra.group_commit import BatchTx
from bottega.infra.transaction import Tx
from bottega.kit import ids

_DEAD = (PaymentStatus.FAILED, PaymentStatus.VOIDED)


class OpenPayment(msgspec.Struct, frozen=True):
    """Which order wants an intent again, and the account it goes to."""

    store_id: UUID
    order_id: UUID
    account: str


async def complete_payment(tx: Tx, fact: payments.PaymentCaptured) -> None:
    """The money of a reference is ours: the order becomes PAID, once. Money for a cancelled order goes back at once.

    This is the only way in which an order becomes PAID, whoever brings the news.
    """
    if fact.provider is payments.Provider.TILL or fact.store_id is None:
        return
    order = await store.lock(tx, fact.store_id, fact.reference)
    if order is None:
        raise OrderNotFound("A payment was captured for an order that is not here")
    if order.status is OrderStatus.PLACED and order.payment_id == fact.payment_id:
        wanted = Transition(to_status=OrderStatus.PAID, expected_status=OrderStatus.PLACED)
        await apply_move(tx, order, rules.check_move(order, wanted))
    elif order.status is OrderStatus.CANCELLED or order.payment_id != fact.payment_id:
        await refund_rest(tx, order, fact.payment_id, "paid after the order was cancelled or changed")


async def reopen_payment(tx: Tx, command: OpenPayment) -> Order:
    """The order with a payment that can be paid: the present one, or a new one when that has failed.

    Raises `OrderNotFound`, `NothingToPay`.
    """
    order = await store.lock(tx, command.store_id, command.order_id)
    if order is None or (
        order.placed_by != tx.subject.subject_id and not tx.subject.may("orders.read", command.store_id)
    ):
        raise OrderNotFound
    if order.status is not OrderStatus.PLACED or order.pay_mode is not PayMode.ONLINE or order.payment_id is None:
        raise NothingToPay(extra={"order_status": order.status})
    payment = await payments.read(tx, order.store_id, order.payment_id)
    if payment is not None and payment.status in _DEAD:
        payment_id = await open_another(tx, order, order.total_minor, command.account)
        await store.set_payment(tx, order, payment_id)
        return msgspec.structs.replace(order, payment_id=payment_id)
    return order


async def open_another(tx: Tx, order: Order, amount_minor: int, account: str) -> UUID:
    """Write down a new payment for an order; the provider is asked for it after this transaction."""
    payment_id = tx.new_id(ids.home_of(order.store_id))
    new = NewPayment(
        merchant_id=order.merchant_id,
        store_id=order.store_id,
        payment_id=payment_id,
        reference=order.order_id,
        provider_account=account,
        amount_minor=amount_minor,
        currency=order.currency,
        created_at=tx.now,
    )
    await payments.open_many(BatchTx(tx.connection), [new])
    return payment_id
