"""Online orders that nobody pays expire: they are cancelled after their store's time, and their intents are voided.

A bank's challenge that is under way gets as long again, so that nobody loses an order while confirming it. Money that
arrives after all goes back at once (`paying.complete_payment`).
"""

from datetime import timedelta
from uuid import UUID

from bottega.domains import merchants, payments
from bottega.domains.merchants import PayMode
from bottega.domains.orders import store
from bottega.domains.orders.actions.moving import cancel
from bottega.domains.orders.rules.reasons import Reason
from bottega.domains.orders.states import OrderStatus
from bottega.domains.payments import PaymentStatus
from bottega.infra.telemetry import OUTCOMES
from bottega.infra.transaction import Tx

_UNDER_WAY = (PaymentStatus.REQUIRES_ACTION, PaymentStatus.PROCESSING)


async def expire(tx: Tx, which: tuple[UUID, UUID]) -> bool:
    """Cancel an unpaid online order (store, order) whose time is over; whether it was."""
    order = await store.lock(tx, *which)
    if order is None or order.status is not OrderStatus.PLACED or order.pay_mode is not PayMode.ONLINE:
        return False
    place = await merchants.find_store(tx, order.store_id)
    assert place is not None
    patience = timedelta(minutes=place.unpaid_minutes)
    if order.payment_id is not None:
        payment = await payments.read(tx, order.store_id, order.payment_id)
        if payment is not None and payment.status in _UNDER_WAY:
            patience *= 2
    if tx.now < order.created_at + patience:
        return False
    await cancel(tx, order, Reason.NOT_PAID)
    OUTCOMES.labels("order_expired").inc()
    return True
