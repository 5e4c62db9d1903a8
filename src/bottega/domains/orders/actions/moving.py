"""Moving orders: `transition` is the only place where a status changes.

It validates against the machine, then compares and sets in the database, and writes the history row and the fact in the
same transaction. Money goes along where a move moves money: the till's payment with COMPLETED, a refund or void with
CANCELLED.
"""

from typing import Any
from uuid import UUID

import msgspec

from bottega.domains import merchants, payments
from bottega.domains.merchants import PayMode
from bottega.domains.orders import rules, store
from bottega.domains.orders.actions.refunding import give_back
from bottega.domains.orders.errors import OrderNotFound, StatusConflict, WaitingForChoice
from bottega.domains.orders.events import MOVED
from bottega.domains.orders.model import CancelOrder, Order, RefundOrder, RefundWish, Transition
from bottega.domains.orders.rules.reasons import Reason
from bottega.domains.orders.states import OrderStatus
from bottega.domains.orders.store import shortages
from bottega.infra.telemetry import OUTCOMES, STAGE_SECONDS
from bottega.infra.transaction import Overtaken, Tx
from bottega.kit.machine import Move
from bottega.kit.text import clean


class MoveOrder(msgspec.Struct, frozen=True):
    """Which order, and the transition that staff want."""

    store_id: UUID
    order_id: UUID
    wanted: Transition


class CancelOwn(msgspec.Struct, frozen=True):
    """Which order its customer takes back, and why."""

    store_id: UUID
    order_id: UUID
    command: CancelOrder


async def transition(tx: Tx, command: MoveOrder) -> Order:
    """Staff move an order. Raises `OrderNotFound`, `Forbidden`, `StatusConflict`, `MoveNotAllowed`, and the till's refusals."""
    tx.require("orders.advance", command.store_id)
    order = await _found(tx, command.store_id, command.order_id)
    payment = await _payment_of(tx, order, command.wanted.to_status)
    move = rules.check_staff_move(order, command.wanted, payment)
    if move.target is OrderStatus.CANCELLED:
        tx.require("orders.cancel", command.store_id)
        return await cancel(tx, order, _reason(command.wanted.reason))
    if move.target is OrderStatus.READY:
        await check_settled(tx, order)
    payment_id = None
    if move.target is OrderStatus.COMPLETED and command.wanted.tender is not None:
        assert command.wanted.receipt_ref is not None
        taken = payments.TillPayment(
            store_id=order.store_id,
            reference=order.order_id,
            amount_minor=order.total_minor,
            currency=order.currency,
            tender=command.wanted.tender,
            receipt_ref=clean(command.wanted.receipt_ref, "/receipt_ref", max_length=100),
        )
        payment_id = await payments.take_at_till(tx, taken)
    moved = await apply_move(tx, order, move, _reason(command.wanted.reason), payment_id)
    if move.target is OrderStatus.IN_PROGRESS:
        await take_hold(tx, moved)
    if payment is not None and payment_id is not None:  # paid at the till after all: nothing shall come online any more
        await payments.request_void(tx, (order.store_id, payment.payment_id))
    return moved


async def take_hold(tx: Tx, order: Order) -> None:
    """Somebody makes the order: what is held for it is taken, as much as it costs now. Nothing held is fine."""
    if order.pay_mode is PayMode.ONLINE and order.payment_id is not None:
        owed = payments.CaptureRequest(
            store_id=order.store_id, payment_id=order.payment_id, amount_minor=order.total_minor
        )
        await payments.request_capture(tx, owed)


async def cancel_own(tx: Tx, command: CancelOwn) -> Order:
    """A customer takes an order back while nobody makes it. Raises `OrderNotFound`, `TooLateToCancel`.

    Repeating it on a cancelled order changes nothing and gives the order.
    """
    order = await _found(tx, command.store_id, command.order_id)
    if order.placed_by != tx.subject.subject_id and not tx.subject.may("orders.cancel", order.store_id):
        raise OrderNotFound
    if order.status is OrderStatus.CANCELLED:
        return order
    rules.check_customer_cancel(order)
    return await cancel(tx, order, _reason(command.command.reason))


async def cancel(tx: Tx, order: Order, reason: str | None) -> Order:
    """Cancel an order that was read in this transaction, and send its money back: a refund if paid, else a void."""
    wanted = Transition(to_status=OrderStatus.CANCELLED, expected_status=order.status)
    move = rules.check_move(order, wanted)
    cancelled = await apply_move(tx, order, move, reason)
    await shortages.close(tx, order)
    if order.payment_id is not None:
        await send_back(tx, order, order.payment_id, reason or Reason.CANCELLED)
    return cancelled


async def check_settled(tx: Tx, order: Order) -> None:
    """Raise `WaitingForChoice` while the customer is asked what they want instead of a line that is out."""
    waiting = await shortages.waiting(tx, order.store_id, order.order_id)
    if waiting:
        raise WaitingForChoice(extra={"order_status": order.status, "seq": order.seq, "due_at": waiting[-1].due_at})


async def send_back(tx: Tx, order: Order, payment_id: UUID, reason: str) -> None:
    """Nothing is owed by a payment any more: what was taken is refunded, what is held or open is let go."""
    payment = await payments.read(tx, order.store_id, payment_id)
    if payment is not None and payment.captured_minor > 0:
        await refund_rest(tx, order, payment_id, reason)
    elif payment is not None:
        await payments.request_void(tx, (order.store_id, payment_id))


async def refund_rest(tx: Tx, order: Order, payment_id: UUID, reason: str) -> None:
    """Ask for everything that is left of a payment; nothing left is fine."""
    everything = RefundOrder(store_id=order.store_id, payment_id=payment_id, wish=RefundWish(), reason=reason)
    try:
        await give_back(tx, everything)
    except payments.NothingToRefund:
        return


async def apply_move(
    tx: Tx, order: Order, move: Move[OrderStatus], reason: str | None = None, payment_id: UUID | None = None
) -> Order:
    """Compare and set, history, fact: what every move of an order does. Raises `StatusConflict` when it was too late.

    An order that still stands where it was read, but with other lines or another word about its money, refuses nobody:
    the action begins anew with what is there now (`Overtaken`).
    """
    seq = await store.move(tx, order, move.target, payment_id)
    if seq is None:
        now = await _found(tx, order.store_id, order.order_id)
        if now.status is order.status:
            raise Overtaken
        raise StatusConflict(
            f"The order is {now.status} now",
            extra={"order_status": now.status, "seq": now.seq, "allowed_transitions": rules.allowed(now)},
        )
    await store.add_event(tx, order, seq, move.name, move.target, reason)
    fact = MOVED[move.target]
    values = await told(tx, order, seq, move.target)
    if move.target is OrderStatus.CANCELLED:
        values["reason"] = reason
    tx.emit(fact(**values))
    OUTCOMES.labels(f"order_{move.target.lower()}").inc()
    STAGE_SECONDS.labels(order.status.value).observe((tx.now - order.updated_at).total_seconds())
    return msgspec.structs.replace(
        order, status=move.target, seq=seq, updated_at=tx.now, payment_id=payment_id or order.payment_id
    )


async def told(tx: Tx, order: Order, seq: int, status: OrderStatus) -> dict[str, Any]:
    """The fields that every fact of an order has, as it comes to stand at `status`."""
    place = await merchants.find_store(tx, order.store_id)
    assert place is not None
    return {
        "store_id": order.store_id,
        "order_id": order.order_id,
        "seq": seq,
        "number": rules.display_number(place.order_prefix, order.number),
        "status": status,
        "from_status": order.status,
        "pay_mode": order.pay_mode,
        "at": tx.now,
    }


async def _payment_of(tx: Tx, order: Order, target: OrderStatus) -> payments.Payment | None:
    """The payment that decides whether an online order may be completed."""
    if order.pay_mode is not PayMode.ONLINE or target is not OrderStatus.COMPLETED or order.payment_id is None:
        return None
    return await payments.read(tx, order.store_id, order.payment_id)


def _reason(text: str | None) -> str | None:
    return None if text is None else clean(text, "/reason", max_length=200) or None


async def _found(tx: Tx, store_id: UUID, order_id: UUID) -> Order:
    order = await store.find(tx, store_id, order_id)
    if order is None:
        raise OrderNotFound
    return order
