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
from bottega.domains.orders.actions.running_short import (
    Decide,
    ReportShort,
    choose_by_deadline,
    choose_instead,
    mark_unavailable,
)
from bottega.domains.orders.errors import MoveNotAllowed, OrderNotFound, StatusConflict
from bottega.domains.orders.events import (
    OrderCancelled,
    OrderChanged,
    OrderCompleted,
    OrderLineSettled,
    OrderLineShort,
    OrderPaid,
    OrderPaymentFailed,
    OrderPaymentMended,
    OrderPlaced,
    OrderReady,
    OrderStarted,
)
from bottega.domains.orders.model import (
    CancelOrder,
    Choice,
    ChooseInstead,
    Contact,
    MarkUnavailable,
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
    Shortage,
    SubstituteWish,
    Transition,
)
from bottega.domains.orders.reactions import REACTIONS
from bottega.domains.orders.rules import allowed, display_number
from bottega.domains.orders.states import (
    AT_STORE,
    DELIVERY,
    FLAGGED_IN,
    LIVE,
    ONLINE,
    PAYMENT_FLAGS,
    SHIPPING,
    SHORTAGE,
    OrderStatus,
    ShortageState,
    machine_for,
)
from bottega.domains.orders.store import find, history, listed, unpaid
from bottega.domains.orders.store.batch import ONE_ORDER_PER_KEY
from bottega.domains.orders.store.shortages import DueShortage, Waiting, waiting
from bottega.domains.orders.store.shortages import due as due_shortages
from bottega.domains.orders.store.shortages import of_order as shortages_of

__all__ = [
    "AT_STORE",
    "DELIVERY",
    "FLAGGED_IN",
    "LIVE",
    "ONE_ORDER_PER_KEY",
    "ONLINE",
    "PAYMENT_FLAGS",
    "REACTIONS",
    "SHIPPING",
    "SHORTAGE",
    "CancelOrder",
    "CancelOwn",
    "ChangeLines",
    "Choice",
    "ChooseInstead",
    "Contact",
    "Decide",
    "DueShortage",
    "MarkUnavailable",
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
    "OrderLineSettled",
    "OrderLineShort",
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
    "ReportShort",
    "Returned",
    "Shortage",
    "ShortageState",
    "StatusConflict",
    "SubstituteWish",
    "Transition",
    "Waiting",
    "allowed",
    "cancel_own",
    "change_lines",
    "choose_by_deadline",
    "choose_instead",
    "display_number",
    "due_shortages",
    "expire",
    "find",
    "give_back",
    "history",
    "listed",
    "machine_for",
    "mark_unavailable",
    "prepare",
    "preview",
    "price",
    "refund",
    "reopen_payment",
    "shortages_of",
    "transition",
    "try_again",
    "unpaid",
    "waiting",
]
