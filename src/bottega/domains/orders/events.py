"""The facts that orders tell. Each carries the order's sequence number: a reader that knows a higher one ignores it."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from bottega.domains.merchants import FulfillmentType, PayMode
from bottega.domains.orders.states import OrderStatus, ShortageState
from bottega.kit.fact import Fact


class _AboutOrder(Fact, frozen=True):
    aggregate: ClassVar[str] = "order"

    order_id: UUID
    seq: int
    number: str
    status: OrderStatus
    from_status: OrderStatus | None
    pay_mode: PayMode
    at: datetime

    @property
    def subject_id(self) -> UUID:
        """The order."""
        return self.order_id


class OrderPlaced(_AboutOrder, frozen=True):
    """A customer has ordered."""

    type: ClassVar[str] = "order.placed"

    fulfillment_type: FulfillmentType
    placed_by: UUID
    total_minor: int
    currency: str


class OrderChanged(_AboutOrder, frozen=True):
    """The lines of an order that nobody had started are others now."""

    type: ClassVar[str] = "order.changed"


class OrderLineShort(_AboutOrder, frozen=True):
    """A line can't be made; the customer may choose what instead until `due_at`."""

    type: ClassVar[str] = "order.line_short"

    shortage_id: UUID
    line_id: UUID
    due_at: datetime


class OrderLineSettled(_AboutOrder, frozen=True):
    """It is decided what comes instead of a line: another one, or its money."""

    type: ClassVar[str] = "order.line_settled"

    shortage_id: UUID
    line_id: UUID
    state: ShortageState
    total_minor: int


class OrderPaid(_AboutOrder, frozen=True):
    """The provider has the money of an order that is paid online."""

    type: ClassVar[str] = "order.paid"


class OrderStarted(_AboutOrder, frozen=True):
    """Somebody makes it."""

    type: ClassVar[str] = "order.started"


class OrderReady(_AboutOrder, frozen=True):
    """It waits for its customer."""

    type: ClassVar[str] = "order.ready"


class OrderCompleted(_AboutOrder, frozen=True):
    """The customer has it."""

    type: ClassVar[str] = "order.completed"


class OrderPaymentFailed(_AboutOrder, frozen=True):
    """What was held for an order in the queue is gone: somebody has to decide what becomes of it."""

    type: ClassVar[str] = "order.payment_failed"

    code: str


class OrderPaymentMended(_AboutOrder, frozen=True):
    """An order whose payment had failed has money behind it again."""

    type: ClassVar[str] = "order.payment_mended"


class OrderCancelled(_AboutOrder, frozen=True):
    """It will not be made, or not be handed over."""

    type: ClassVar[str] = "order.cancelled"

    reason: str | None = None


MOVED: dict[OrderStatus, type[_AboutOrder]] = {
    OrderStatus.PAID: OrderPaid,
    OrderStatus.IN_PROGRESS: OrderStarted,
    OrderStatus.READY: OrderReady,
    OrderStatus.COMPLETED: OrderCompleted,
    OrderStatus.CANCELLED: OrderCancelled,
}
"""The fact that tells a move to a status."""
