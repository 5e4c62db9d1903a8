"""Orders as values: what a customer asks for, what is kept, what happened to it. Pure."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from bottega.domains.merchants import FulfillmentType, PayMode, Store
from bottega.domains.orders.states import OrderStatus, ShortageState
from bottega.domains.payments import Payment, Refund, Tender
from bottega.domains.pricing import LineRequest, Quote, QuotedLine, QuotedModifier
from bottega.kit import ids
from bottega.kit.fields import (
    Amount,
    Email,
    Instant,
    ModifierId,
    Name,
    Note,
    Phone,
    ProductId,
    Reference,
    StoreId,
    VariantId,
)
from bottega.kit.subject import Subject


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How to call the customer. The name goes to the counter; phone and e-mail are kept sealed."""

    name: Name = ""
    phone: Phone | None = None
    email: Email | None = None


class DeliveryAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where to bring it."""

    line1: str
    city: str
    postal_code: str = ""
    country: str = ""
    line2: str | None = None
    instructions: str | None = None


class PlaceOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a customer asks for. `expected_total` (minor units) refuses the order when the price has changed."""

    store_id: StoreId
    fulfillment_type: FulfillmentType
    pay_mode: PayMode
    items: tuple[LineRequest, ...]
    promo_codes: tuple[str, ...] = ()
    requested_for: Instant | None = None
    contact: Contact | None = None
    delivery_address: DeliveryAddress | None = None
    expected_total: Amount | None = None


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """A priced order on its way into a batch; `limited` says that the menu it was priced by counts some items down."""

    subject: Subject
    store: Store
    request: PlaceOrder
    key: str
    fingerprint: bytes
    quote: Quote
    contact_name: str
    contact_sealed: bytes | None
    order_id: UUID
    now: datetime
    limited: bool = False


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line, a snapshot: later changes of the menu never change it. Amounts in minor units."""

    line_no: int
    line_id: UUID
    product_id: UUID
    variant_id: UUID
    name: str
    variant_name: str
    category: str
    qty: int
    unit_minor: int
    modifiers: tuple[QuotedModifier, ...]
    note: str
    discount_minor: int
    tax_rate_ppm: int
    tax_minor: int
    total_minor: int

    @property
    def shown_id(self) -> str:
        """The line's id as clients see it."""
        return ids.show("lin", self.line_id)


class OrderEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an order's history: who, when, from where, to where, why."""

    seq: int
    event: str
    from_status: OrderStatus | None
    to_status: OrderStatus
    actor_kind: str
    actor_id: UUID | None
    reason: str | None
    at: datetime


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it is kept. Amounts in the minor unit of `currency`."""

    merchant_id: UUID
    store_id: UUID
    order_id: UUID
    number: int
    business_date: date
    status: OrderStatus
    seq: int
    fulfillment_type: FulfillmentType
    pay_mode: PayMode
    currency: str
    subtotal_minor: int
    discount_minor: int
    tax_minor: int
    tax_included: bool
    fees_minor: int
    total_minor: int
    menu_version: int
    payment_id: UUID | None
    placed_by: UUID
    contact_name: str
    requested_for: datetime | None
    promised_at: datetime
    created_at: datetime
    updated_at: datetime
    lines: tuple[OrderLine, ...] = ()
    contact_sealed: bytes | None = None


class Placed(msgspec.Struct, frozen=True):
    """What became of a placement: the order as it was first answered, and whether that was an earlier time.

    `quote` is what the lines were made of, while that is at hand.
    """

    order: Order
    quote: Quote | None = None
    replayed: bool = False


class Transition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Move an order. `expected_status` says from where the caller thinks it goes; the till's fields close an unpaid one."""

    to_status: OrderStatus
    expected_status: OrderStatus
    receipt_ref: Reference | None = None
    tender: Tender | None = None
    reason: Note | None = None


class CancelOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer takes an order back."""

    reason: Note | None = None


class ChangeOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """New lines for an order that nobody has started."""

    items: tuple[LineRequest, ...]
    expected_total: Amount | None = None


class Shortage(msgspec.Struct, frozen=True, kw_only=True):
    """A line that turned out not to be there: as it was, what may be had instead, and what came of it.

    `missing` names what is out (the product, or a choice of it); `before_minor` and `after_minor` are the order's totals.
    """

    merchant_id: UUID
    store_id: UUID
    shortage_id: UUID
    order_id: UUID
    line_id: UUID
    state: ShortageState
    line: OrderLine
    substitutes: tuple[QuotedLine, ...]
    missing: str
    reason: str
    reported_by: UUID
    created_at: datetime
    due_at: datetime
    before_minor: int
    chosen: int | None = None
    new_line_id: UUID | None = None
    decided_kind: str | None = None
    decided_by: UUID | None = None
    decided_at: datetime | None = None
    after_minor: int | None = None
    refund_id: UUID | None = None
    refund_minor: int = 0


class SubstituteWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What staff offer instead. A dearer one is refused unless it is offered at the price of what is out (`same_price`)."""

    product_id: ProductId
    variant_id: VariantId | None = None
    modifier_ids: tuple[ModifierId, ...] | None = None
    same_price: bool = False


class MarkUnavailable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Staff say that a line can't be made. `modifier_id`: what is out is that choice of it, not the product.

    `qty` of its units are out, and become a line of their own; without it, all of them.
    `sold_out` marks it in the catalogue too, until turned on or (`until`) END_OF_DAY. Without `substitutes` the shop
    offers what it has of the same category for at most the price of the line; an empty list offers none.
    """

    modifier_id: ModifierId | None = None
    qty: Annotated[int, msgspec.Meta(ge=1, le=999)] | None = None
    sold_out: bool = False
    until: str | None = None
    substitutes: tuple[SubstituteWish, ...] | None = None
    reason: Note | None = None


class Choice(StrEnum):
    """What a customer may want instead of a line that is out."""

    SUBSTITUTE = "SUBSTITUTE"
    REFUND = "REFUND"
    CANCEL = "CANCEL"


class ChooseInstead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer's choice; `substitute` says which one, counted from 1."""

    choice: Choice
    substitute: Annotated[int, msgspec.Meta(ge=1, le=50)] | None = None


class OrderFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders a list shows; `placed_by` is set for a customer's own."""

    store_id: UUID | None = None
    placed_by: UUID | None = None
    customer_id: UUID | None = None
    statuses: tuple[OrderStatus, ...] = ()
    created_from: datetime | None = None
    created_to: datetime | None = None
    number: int | None = None
    name: str | None = None
    before: UUID | None = None
    limit: int = 25


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what, as the runner wrote it down."""

    action: str
    actor_kind: str
    actor_id: UUID | None
    details: dict[str, str | int | bool | None]
    at: datetime


class RefundUnits(msgspec.Struct, frozen=True):
    """So many units of a line."""

    line_id: UUID
    qty: int


class RefundWish(msgspec.Struct, frozen=True):
    """How much shall go back: an amount in minor units, units of lines, or (neither) all that is left. Never both."""

    amount_minor: int | None = None
    units: tuple[RefundUnits, ...] = ()


class RefundPart(msgspec.Struct, frozen=True, kw_only=True):
    """Money of one line that goes back, or that is left: `qty` whole units, or 0 for a share of the line's money.

    A part without a line is of the order's fees, or of money that no line stands for. Minor units.
    """

    line_id: UUID | None
    qty: int
    tax_rate_ppm: int
    net_minor: int
    tax_minor: int

    @property
    def amount_minor(self) -> int:
        """What the customer gets of it."""
        return self.net_minor + self.tax_minor


class ReturnedPart(RefundPart, frozen=True, kw_only=True):
    """A part of a refund that was asked for."""

    refund_id: UUID


class RefundOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Command: give money of a payment back. `receipt_ref` is the till's, for what was taken there."""

    store_id: UUID
    payment_id: UUID
    wish: RefundWish
    reason: str
    receipt_ref: str | None = None


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """Money that goes back, or would: of which order and payment, in which parts, what is left afterwards.

    `refund` is None as long as it is only a preview.
    """

    order: Order
    payment: Payment
    parts: tuple[RefundPart, ...]
    left_minor: int
    refund: Refund | None = None

    @property
    def amount_minor(self) -> int:
        """All of it."""
        return sum(part.amount_minor for part in self.parts)
