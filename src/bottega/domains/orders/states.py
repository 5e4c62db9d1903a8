"""The state machines of an order, as data: one per way of paying and handing over. Pure.

The counter machines are requirement C9 to the letter: PLACED -> IN_PROGRESS only where one pays at the store, nothing
out of READY but COMPLETED, CANCELLED from PLACED, PAID and IN_PROGRESS.
"""

from enum import StrEnum

from bottega.domains.merchants import FulfillmentType, PayMode
from bottega.kit.machine import Machine, moves


class OrderStatus(StrEnum):
    """Where an order stands."""

    PLACED = "PLACED"
    PAID = "PAID"
    IN_PROGRESS = "IN_PROGRESS"
    READY = "READY"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    PROCESSING = "PROCESSING"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


S = OrderStatus
_PAY = ("pay", (S.PLACED,), S.PAID, "the payment provider")
_FINISH = ("finish", (S.IN_PROGRESS,), S.READY, "staff")
_HAND_OVER = ("hand_over", (S.READY,), S.COMPLETED, "staff")

ONLINE: Machine[OrderStatus] = Machine(
    "order paid online",
    frozenset({S.PLACED}),
    moves(
        _PAY,
        ("start", (S.PAID,), S.IN_PROGRESS, "staff"),
        _FINISH,
        _HAND_OVER,
        ("cancel", (S.PLACED, S.PAID, S.IN_PROGRESS), S.CANCELLED, "customer while PLACED or PAID; staff"),
    ),
)
AT_STORE: Machine[OrderStatus] = Machine(
    "order paid at the store",
    frozenset({S.PLACED}),
    moves(
        ("start", (S.PLACED,), S.IN_PROGRESS, "staff"),
        _FINISH,
        _HAND_OVER,
        ("cancel", (S.PLACED, S.IN_PROGRESS), S.CANCELLED, "customer while PLACED; staff"),
    ),
)
DELIVERY: Machine[OrderStatus] = Machine(
    "order delivered",
    frozenset({S.PLACED}),
    moves(
        _PAY,
        ("start", (S.PAID,), S.IN_PROGRESS, "staff"),
        _FINISH,
        ("send_out", (S.READY,), S.OUT_FOR_DELIVERY, "driver"),
        ("deliver", (S.OUT_FOR_DELIVERY,), S.DELIVERED, "driver"),
        ("cancel", (S.PLACED, S.PAID, S.IN_PROGRESS), S.CANCELLED, "customer while PLACED or PAID; staff"),
    ),
)
SHIPPING: Machine[OrderStatus] = Machine(
    "order shipped",
    frozenset({S.PENDING}),
    moves(
        ("confirm", (S.PENDING,), S.CONFIRMED, "the payment provider"),
        ("process", (S.CONFIRMED,), S.PROCESSING, "staff"),
        ("ship", (S.PROCESSING,), S.SHIPPED, "staff"),
        ("deliver", (S.SHIPPED,), S.DELIVERED, "carrier"),
        ("cancel", (S.PENDING, S.CONFIRMED, S.PROCESSING), S.CANCELLED, "customer or staff"),
        ("fail", (S.PENDING,), S.FAILED, "the checkout"),
    ),
)


def machine_for(fulfillment_type: FulfillmentType, pay_mode: PayMode) -> Machine[OrderStatus]:
    """The machine that an order of this kind follows."""
    if fulfillment_type is FulfillmentType.SHIPPING:
        return SHIPPING
    if fulfillment_type is FulfillmentType.DELIVERY:
        return DELIVERY
    return AT_STORE if pay_mode is PayMode.AT_STORE else ONLINE


LIVE = frozenset({S.PLACED, S.PAID, S.IN_PROGRESS})
"""While an order stands here, a line of it can turn out not to be there."""


class ShortageState(StrEnum):
    """What came of a line that is out."""

    OFFERED = "OFFERED"
    SUBSTITUTED = "SUBSTITUTED"
    REFUNDED = "REFUNDED"
    CANCELLED = "CANCELLED"


_CHOOSE = "customer or staff"
SHORTAGE: Machine[ShortageState] = Machine(
    "order shortage",
    frozenset({ShortageState.OFFERED}),
    moves(
        ("substitute", (ShortageState.OFFERED,), ShortageState.SUBSTITUTED, _CHOOSE),
        ("take_off", (ShortageState.OFFERED,), ShortageState.REFUNDED, f"{_CHOOSE}; the deadline"),
        ("cancel", (ShortageState.OFFERED,), ShortageState.CANCELLED, f"{_CHOOSE}; the deadline of an only line"),
    ),
)

CUSTOMER_CANCELS = frozenset({S.PLACED, S.PAID, S.PENDING, S.CONFIRMED})
"""While an order stands here, its customer may still cancel it."""

PAYMENT_FLAGS = ("payment_failed", "payment_mended")
"""Lines of an order's history that move nothing: what was held for it is gone, or there is money behind it again."""
FLAGGED_IN = frozenset({S.PAID, S.IN_PROGRESS, S.READY})
"""Where an order paid online stands in the queue, so that its staff have to know."""
