"""Orders: placing them (in batches), moving them (one `transition`), paying, changing and cancelling them.

Not here: what things cost (pricing), how money moves (payments), what the kitchen does with a ticket (kitchen). Every
change of status is one compare-and-set with its history row and its fact in the same transaction.
"""

from bottega.domains.orders.actions.changing import ChangeLines, change_lines
from bottega.domains.orders.actions.expiring import expire
from bottega.domains.orders.actions.moving import CancelOwn, MoveOrder, cancel_own, transition
from bottega.domains.orders.actions.ordering import Ordering
from bottega.domains.orders.actions.paying import OpenPayment, reopen_payment
from bottega.domains.orders.actions.placing import Placing, prepare, price
from bottega.domains.orders.actions.refunding import give_back, preview, refund, try_again
from bottega.domains.orders.errors import MoveNotAllowed, OrderNotFound, StatusConflict
from bottega.domains.orders.events import (
    OrderCancelled,
    OrderChanged,
    OrderCompleted,
    OrderPaid,
    OrderPaymentFailed,
    OrderPaymentMended,
    OrderPlaced,
    OrderReady,
    OrderStarted,
)
from bottega.domains.orders.model import (
    CancelOrder,
    Contact,
    Order,
    OrderEvent,
    OrderFilter,
    OrderLine,
    Placed,
    Placement,
    PlaceOrder,
    RefundOrder,
    RefundPart,
    RefundUnits,
    RefundWish,
    Returned,
    Transition,
)
from bottega.domains.orders.reactions import REACTIONS
from bottega.domains.orders.rules import allowed, display_number
from bottega.domains.orders.states import (
    AT_STORE,
    DELIVERY,
    FLAGGED_IN,
    ONLINE,
    PAYMENT_FLAGS,
    SHIPPING,
    OrderStatus,
    machine_for,
)
from bottega.domains.orders.store import find, history, listed, unpaid

__all__ = [
    "AT_STORE",
    "DELIVERY",
    "FLAGGED_IN",
    "ONLINE",
    "PAYMENT_FLAGS",
    "REACTIONS",
    "SHIPPING",
    "CancelOrder",
    "CancelOwn",
    "ChangeLines",
    "Contact",
    "MoveNotAllowed",
    "MoveOrder",
    "OpenPayment",
    "Order",
    "OrderCancelled",
    "OrderChanged",
    "OrderCompleted",
    "OrderEvent",
    "OrderFilter",
    "OrderLine",
    "OrderNotFound",
    "OrderPaid",
    "OrderPaymentFailed",
    "OrderPaymentMended",
    "OrderPlaced",
    "OrderReady",
    "OrderStarted",
    "OrderStatus",
    "Ordering",
    "PlaceOrder",
    "Placed",
    "Placement",
    "Placing",
    "RefundOrder",
    "RefundPart",
    "RefundUnits",
    "RefundWish",
    "Returned",
    "StatusConflict",
    "Transition",
    "allowed",
    "cancel_own",
    "change_lines",
    "display_number",
    "expire",
    "find",
    "give_back",
    "history",
    "listed",
    "machine_for",
    "prepare",
    "preview",
    "price",
    "refund",
    "reopen_payment",
    "transition",
    "try_again",
    "unpaid",
]
