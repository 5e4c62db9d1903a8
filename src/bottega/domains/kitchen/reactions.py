"""What the kitchen does when orders tell facts: tickets follow them."""

from bottega.domains.kitchen.actions import follow_order
from bottega.domains.orders import (
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
from bottega.infra.consumers import Reaction
from bottega.kit.fact import Fact

REACTIONS: dict[type[Fact], Reaction] = dict.fromkeys(
    (
        OrderPlaced,
        OrderPaid,
        OrderChanged,
        OrderLineShort,
        OrderLineSettled,
        OrderStarted,
        OrderReady,
        OrderCompleted,
        OrderCancelled,
        OrderPaymentFailed,
        OrderPaymentMended,
    ),
    follow_order,
)
