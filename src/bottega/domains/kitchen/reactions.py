"""What the kitchen does when orders tell facts: tickets follow them."""

from bottega.domains.kitchen.actions import follow_order
from bottega.domains.orders import (
    OrderCancelled,
    OrderChanged,
    OrderCompleted,
    OrderPaid,
    OrderPlaced,
    OrderReady,
    OrderStarted,
)

REACTIONS = dict.fromkeys(
    (OrderPlaced, OrderPaid, OrderChanged, OrderStarted, OrderReady, OrderCompleted, OrderCancelled), follow_order
)
