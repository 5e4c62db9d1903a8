"""Orders as values: what a customer asks for, what is kept, what happened to it. Pure."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from bottega.domains.merchants import FulfillmentType, PayMode, Store
from bottega.domains.orders.states import OrderStatus
from bottega.domains.payments import Tender
from bottega.domains.pricing import LineRequest, Quote, QuotedModifier
from bottega.kit.fields import Amount, Email, Name, Note, Phone, Reference, StoreId
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


class PlaceOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a customer asks for. `expected_total` (minor units) refuses the order when the price has changed."""

    store_id: StoreId
    fulfillment_type: FulfillmentType
    pay_mode: PayMode
    items: tuple[LineRequest, ...]
    promo_codes: tuple[str, ...] = ()
    requested_for: datetime | None = None
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
