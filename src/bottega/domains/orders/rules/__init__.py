"""Decisions about orders: may it be placed, may it move, what is it called. Values in, values out."""

from bottega.domains.merchants import PayMode, Store
from bottega.domains.orders.errors import (
    AmountNotPayableOnline,
    FulfillmentNotOffered,
    MoveNotAllowed,
    NothingToPayOnline,
    PaidOnlineOnly,
    PaymentNotCaptured,
    PayModeNotOffered,
    SchedulingNotOffered,
    StatusConflict,
    TillDetailsMissing,
    TillDetailsUnexpected,
    TooLateToCancel,
)
from bottega.domains.orders.model import Order, PlaceOrder, Transition
from bottega.domains.orders.states import CUSTOMER_CANCELS, OrderStatus, machine_for
from bottega.domains.payments import UNPAID, Payment, can_be_charged
from bottega.domains.pricing import PromoCodeUnknown, Quote, TotalChanged
from bottega.kit.errors import FieldError
from bottega.kit.machine import Move


def check_placement(store: Store, request: PlaceOrder) -> None:
    """Refuse what this store does not offer. Opening hours are checked by `merchants.check_open`."""
    if request.fulfillment_type not in store.order_modes:
        raise FulfillmentNotOffered
    if request.pay_mode not in store.pay_modes:
        raise PayModeNotOffered
    if request.requested_for is not None:
        raise SchedulingNotOffered
    if request.promo_codes:
        detail = f"{request.promo_codes[0][:40]} is not a code we know"
        raise PromoCodeUnknown(detail, errors=(FieldError("/promo_codes/0", PromoCodeUnknown.code, detail),))


def check_total(wanted_minor: int | None, costs: Quote | Order, pay_mode: PayMode) -> None:
    """Refuse when the customer agreed to another total, or when there is nothing, or no card's amount, to pay online."""
    if wanted_minor is not None and wanted_minor != costs.total_minor:
        raise TotalChanged(extra={"total": costs.total_minor, "currency": costs.currency})
    if pay_mode is PayMode.ONLINE and costs.total_minor == 0:
        raise NothingToPayOnline
    if pay_mode is PayMode.ONLINE and not can_be_charged(costs.total_minor, costs.currency):
        raise AmountNotPayableOnline


def allowed(order: Order) -> tuple[OrderStatus, ...]:
    """Where the order can go from here."""
    return machine_for(order.fulfillment_type, order.pay_mode).targets(order.status)


def check_move(order: Order, wanted: Transition) -> Move[OrderStatus]:
    """The move that a transition asks for. Raises `StatusConflict` (somebody was faster) or `MoveNotAllowed`."""
    state = {"order_status": order.status, "seq": order.seq, "allowed_transitions": allowed(order)}
    if order.status is not wanted.expected_status:
        raise StatusConflict(f"The order is {order.status} now", extra=state)
    move = machine_for(order.fulfillment_type, order.pay_mode).move(order.status, wanted.to_status)
    if move is None:
        raise MoveNotAllowed(f"An order can't go from {order.status} to {wanted.to_status}", extra=state)
    return move


def check_staff_move(order: Order, wanted: Transition, payment: Payment | None = None) -> Move[OrderStatus]:
    """As `check_move`, for staff: they can't call an order paid, and they close unpaid ones with the till's details.

    `payment` is that of an online order which is to be completed: without its money it isn't (`PaymentNotCaptured`).
    """
    move = check_move(order, wanted)
    if move.name in ("pay", "confirm"):
        raise PaidOnlineOnly
    at_till = move.target is OrderStatus.COMPLETED and order.pay_mode is PayMode.AT_STORE
    details = bool((wanted.receipt_ref or "").strip() and wanted.tender)
    if move.target is OrderStatus.COMPLETED and order.pay_mode is PayMode.ONLINE:
        is_paid = payment is not None and payment.captured_minor >= order.total_minor
        at_till = not is_paid and payment is not None and payment.status in UNPAID
        if not is_paid and not (at_till and details):
            raise PaymentNotCaptured(extra={"payment_status": None if payment is None else payment.status})
    if at_till and not details:
        raise TillDetailsMissing
    if not at_till and (wanted.receipt_ref or wanted.tender):
        raise TillDetailsUnexpected
    return move


def check_customer_cancel(order: Order) -> None:
    """Raise `TooLateToCancel` unless the customer may still take the order back."""
    if order.status not in CUSTOMER_CANCELS:
        raise TooLateToCancel(
            f"The order is {order.status} already", extra={"order_status": order.status, "seq": order.seq}
        )


def display_number(prefix: str, number: int) -> str:
    """The number that is called at the counter: `M-041`, or `041` without a prefix."""
    return f"{prefix}-{number:03d}" if prefix else f"{number:03d}"
