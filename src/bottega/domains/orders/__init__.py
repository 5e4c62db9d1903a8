"""Orders: placing them (in batches), moving them (one `transition`), paying, changing and cancelling them.

Not here: what things cost (pricing), how money moves (payments), what the kitchen does with a ticket (kitchen). Every
change of status is one compare-and-set with its history row and its fact in the same transaction.
"""

from bottega.domains.orders.actions.changing import ChangeLines, change_lines
from bottega.domains.orders.actions.expiring import due_expiries, expire
from bottega.domains.orders.actions.moving import CancelOwn, MoveOrder, cancel_own, transition
from bottega.domains.orders.actions.ordering import Ordering
from bottega.domains.orders.actions.paying import OpenPayment, reopen_payment
from bottega.domains.orders.actions.placing import Placing, prepare, price
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
    Shortage,
    SubstituteWish,
    Transition,
)
from bottega.domains.orders.reactions import REACTIONS, due_choices
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
from bottega.domains.orders.store import find, history, listed
from bottega.domains.orders.store.shortages import Waiting, waiting
from bottega.domains.orders.store.shortages import of_order as shortages_of

__all__ = [
    "AT_STORE",
    "DELIVERY",
    "FLAGGED_IN",
    "LIVE",
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
    "ReportShort",
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
    "due_choices",
    "due_expiries",
    "expire",
    "find",
    "history",
    "listed",
    "machine_for",
    "mark_unavailable",
    "prepare",
    "price",
    "reopen_payment",
    "shortages_of",
    "transition",
    "waiting",
]
