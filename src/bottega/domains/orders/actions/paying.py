"""How an order comes to be paid: one completion path, for the provider's word from wherever it arrives; and new intents."""

from uuid import UUID

import msgspec

from bottega.domains import payments
from bottega.domains.merchants import PayMode
from bottega.domains.orders import rules, store
from bottega.domains.orders.actions.moving import apply_move, send_back, take_hold, told
from bottega.domains.orders.actions.refunding import give_back_part
from bottega.domains.orders.errors import NothingToPay, OrderNotFound
from bottega.domains.orders.events import OrderPaymentFailed, OrderPaymentMended
from bottega.domains.orders.model import Order, Transition
from bottega.domains.orders.rules.reasons import Reason
from bottega.domains.orders.rules.shortages import given_up_before
from bottega.domains.orders.states import FLAGGED_IN, PAYMENT_FLAGS, OrderStatus
from bottega.domains.orders.store import shortages
from bottega.domains.payments import NewPayment, PaymentStatus
from bottega.infra.group_commit import BatchTx
from bottega.infra.telemetry import OUTCOMES
from bottega.infra.transaction import Tx
from bottega.kit import ids


class OpenPayment(msgspec.Struct, frozen=True):
    """Which order wants an intent again, and the account it goes to."""

    store_id: UUID
    order_id: UUID
    account: str


async def complete_payment(tx: Tx, fact: payments.PaymentCaptured | payments.PaymentAuthorized) -> None:
    """The money of a reference is ours, or is held for us: the order becomes PAID, once.

    This is the only way in which an order becomes PAID, whoever brings the news. Money for an order that is over, or for
    less than it costs, goes back at once.
    """
    if fact.provider is payments.Provider.TILL or fact.store_id is None:
        return
    order = await store.lock(tx, fact.store_id, fact.reference)
    if order is None:
        raise OrderNotFound("A payment came for an order that is not here")
    if order.status is OrderStatus.CANCELLED or order.payment_id != fact.payment_id:
        await send_back(tx, order, fact.payment_id, Reason.PAID_TOO_LATE)
    elif order.status is OrderStatus.PLACED and fact.amount_minor < order.total_minor:
        OUTCOMES.labels("order_underpaid").inc()
        await send_back(tx, order, fact.payment_id, Reason.PAID_TOO_LITTLE)
    elif order.status is OrderStatus.PLACED:
        wanted = Transition(to_status=OrderStatus.PAID, expected_status=OrderStatus.PLACED)
        await apply_move(tx, order, rules.check_move(order, wanted))
    else:
        await _pay_again(tx, order, fact)
        await _give_back_excess(tx, order, fact.payment_id)


async def _pay_again(tx: Tx, order: Order, fact: payments.PaymentCaptured | payments.PaymentAuthorized) -> None:
    """An order in the queue is paid anew: its flag goes, and where it is being made already, the hold is taken at once."""
    flags = [
        step.event for step in await store.history(tx, order.store_id, order.order_id) if step.event in PAYMENT_FLAGS
    ]
    if flags and flags[-1] == "payment_failed":
        seq = await _flag(tx, order, "payment_mended", None)
        tx.emit(OrderPaymentMended(**await told(tx, order, seq, order.status)))
    if isinstance(fact, payments.PaymentAuthorized) and order.status in FLAGGED_IN - {OrderStatus.PAID}:
        await take_hold(tx, order)


async def _give_back_excess(tx: Tx, order: Order, payment_id: UUID) -> None:
    """More was taken than the order costs by now, because lines came off while the capture was on its way, or while a bank
    had the money: it goes back.
    """
    payment = await payments.read(tx, order.store_id, payment_id)
    if payment is None or payment.captured_minor <= order.total_minor:
        return
    asked = sum(each.amount_minor for each in await payments.refunds(tx, order.store_id, payment_id))
    excess = payment.captured_minor - asked - order.total_minor
    for each in await shortages.of_order(tx, order.store_id, order.order_id):
        if excess > 0 and each.refund_id is None and each.after_minor is not None:
            part = given_up_before(each, tax_included=order.tax_included)
            made = await give_back_part(tx, order, payment_id, part, Reason.COSTS_LESS, excess)
            excess -= 0 if made is None else made.amount_minor


async def flag_payment(tx: Tx, fact: payments.HoldLost) -> None:
    """What was held for an order in the queue is gone: staff see it on the ticket and in the history; it moves nowhere."""
    order = None if fact.store_id is None else await store.lock(tx, fact.store_id, fact.reference)
    if order is None or order.payment_id != fact.payment_id or order.status not in FLAGGED_IN or not order.total_minor:
        return
    seq = await _flag(tx, order, "payment_failed", fact.code)
    tx.emit(OrderPaymentFailed(**await told(tx, order, seq, order.status), code=fact.code))
    tx.note(order.store_id, order=str(order.order_id), hold_lost=fact.code)


async def settle_dispute(tx: Tx, fact: payments.DisputeClosed) -> None:
    """A dispute is over: what came back and is owed to the customer goes to them after all. That is everything where the
    order is cancelled or paid by another payment, else what it came to cost less while the bank had the money.
    """
    order = None if fact.store_id is None else await store.lock(tx, fact.store_id, fact.reference)
    if order is None or not fact.won:
        return
    if order.status is OrderStatus.CANCELLED:
        await send_back(tx, order, fact.payment_id, Reason.DISPUTE_WON)
    elif order.payment_id != fact.payment_id:
        await send_back(tx, order, fact.payment_id, Reason.PAID_TOO_LATE)
    else:
        await _give_back_excess(tx, order, fact.payment_id)


async def _flag(tx: Tx, order: Order, event: str, reason: str | None) -> int:
    """A line of the history that moves nothing; its number. The order's row is locked."""
    seq = await store.move(tx, order, order.status, None)
    assert seq is not None
    await store.add_event(tx, order, seq, event, order.status, reason)
    return seq


async def reopen_payment(tx: Tx, command: OpenPayment) -> Order:
    """The order with a payment that can be paid: the present one, or a new one when nothing will come of that any more.

    Also for an order in the queue whose hold is gone.

    Raises `OrderNotFound`, `NothingToPay`.
    """
    order = await store.lock(tx, command.store_id, command.order_id)
    if order is None or (
        order.placed_by != tx.subject.subject_id and not tx.subject.may("orders.read", command.store_id)
    ):
        raise OrderNotFound
    waits = order.status is OrderStatus.PLACED or order.status in FLAGGED_IN
    if not waits or not order.total_minor or order.pay_mode is not PayMode.ONLINE or order.payment_id is None:
        raise NothingToPay(extra={"order_status": order.status})
    payment = await payments.read(tx, order.store_id, order.payment_id)
    dead = payment is not None and payment.status in payments.DEAD
    if order.status is not OrderStatus.PLACED and not dead and not _still_open(payment):
        raise NothingToPay(extra={"order_status": order.status})
    if dead:
        payment_id = await open_another(tx, order, order.total_minor, command.account)
        await store.set_payment(tx, order, payment_id)
        return msgspec.structs.replace(order, payment_id=payment_id)
    return order


def _still_open(payment: payments.Payment | None) -> bool:
    return payment is not None and payment.captured_minor == 0 and payment.status is not PaymentStatus.AUTHORIZED


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
