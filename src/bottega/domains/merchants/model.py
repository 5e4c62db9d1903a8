"""Merchants and stores as values: where a store is, when it is open, how it sells, which taxes it charges. Pure."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from bottega.kit import ids
from bottega.kit.fields import AnswerSeconds, PauseMinutes, PrepMinutes, UnpaidMinutes
from bottega.kit.money import Rounding


class FulfillmentType(StrEnum):
    """How goods reach the customer."""

    IN_STORE = "IN_STORE"
    PICKUP = "PICKUP"
    DELIVERY = "DELIVERY"
    SHIPPING = "SHIPPING"


class PayMode(StrEnum):
    """When and where an order is paid."""

    ONLINE = "ONLINE"
    AT_STORE = "AT_STORE"


class TaxMode(StrEnum):
    """Whether prices contain the tax or the tax comes on top."""

    INCLUDED = "INCLUDED"
    ADDED = "ADDED"


class TaxPer(StrEnum):
    """Where the store rounds tax: on each line, or once for all lines of one rate."""

    LINE = "LINE"
    ORDER = "ORDER"


class CaptureMode(StrEnum):
    """When an online payment is taken: at once, or held first and taken when somebody starts to make the order."""

    AUTOMATIC = "AUTOMATIC"
    MANUAL = "MANUAL"


class Intake(StrEnum):
    """Whether the store takes orders, as its staff decided (opening hours come on top)."""

    OPEN = "OPEN"
    PAUSED = "PAUSED"
    OFFLINE = "OFFLINE"


class StoreStatus(StrEnum):
    """Whether one can order right now."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"
    PAUSED = "PAUSED"
    OFFLINE = "OFFLINE"


class Hours(msgspec.Struct, frozen=True):
    """One opening span: weekday 0 (Monday) to 6, local times HH:MM; `closes` at or before `opens` means the next day."""

    weekday: int
    opens: str
    closes: str


class TaxRate(msgspec.Struct, frozen=True):
    """A rate in millionths for a tax category and a way of fulfilment."""

    tax_category: str
    fulfillment_type: FulfillmentType
    name: str
    rate_ppm: int


class Address(msgspec.Struct, frozen=True):
    """Where a store stands."""

    line1: str = ""
    city: str = ""
    postal_code: str = ""
    country: str = ""


class Merchant(msgspec.Struct, frozen=True):
    """A company that sells through one or more stores."""

    merchant_id: UUID
    number: int
    name: str


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """A place that sells: everything that deciding about an order needs to know of it."""

    merchant_id: UUID
    store_id: UUID
    number: int
    slug: str
    name: str
    address: Address
    phone: str
    timezone: str
    currency: str
    locale: str
    tax_mode: TaxMode
    tax_rounding: Rounding
    tax_per: TaxPer
    order_prefix: str
    order_modes: tuple[FulfillmentType, ...]
    pay_modes: tuple[PayMode, ...]
    hours: tuple[Hours, ...]
    intake: Intake
    paused_until: datetime | None
    prep_minutes: int
    warn_seconds: int
    late_seconds: int
    unpaid_minutes: int
    menu_version: int
    tax_rates: tuple[TaxRate, ...]
    answer_seconds: int = 300
    capture_mode: CaptureMode = CaptureMode.AUTOMATIC

    @property
    def shown_id(self) -> str:
        """The store's id as addresses carry it."""
        return ids.show("sto", self.store_id)


class Workplace(msgspec.Struct, frozen=True):
    """Where somebody manages: the store that is looked at, all that they may look at, and which part of it is shown.

    `part` is the last piece of the part's address: `orders`, `payments`, `reports`.
    """

    store: Store
    stores: tuple[Store, ...]
    part: str


class Opening(msgspec.Struct, frozen=True):
    """Whether a store takes orders at an instant, and until or from when."""

    status: StoreStatus
    open_until: datetime | None = None
    opens_at: datetime | None = None


class Home(msgspec.Struct, frozen=True):
    """Which merchant and store a home number belongs to (`store_id` None: the merchant's own number)."""

    number: int
    merchant_id: UUID
    store_id: UUID | None
    slug: str | None


class OpenMerchant(msgspec.Struct, frozen=True):
    """Command: a merchant joins."""

    name: str


class OpenStore(msgspec.Struct, frozen=True, kw_only=True):
    """Command: a merchant opens a store."""

    slug: str
    name: str
    address: Address
    timezone: str
    currency: str
    locale: str
    tax_mode: TaxMode
    tax_rates: tuple[TaxRate, ...]
    hours: tuple[Hours, ...]
    phone: str = ""
    tax_rounding: Rounding = Rounding.HALF_UP
    tax_per: TaxPer = TaxPer.LINE
    order_prefix: str = ""
    order_modes: tuple[FulfillmentType, ...] = (FulfillmentType.PICKUP, FulfillmentType.IN_STORE)
    pay_modes: tuple[PayMode, ...] = (PayMode.ONLINE, PayMode.AT_STORE)
    prep_minutes: int = 6
    capture_mode: CaptureMode = CaptureMode.AUTOMATIC


class SetIntake(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Command: staff pause, close or open the intake of orders, or change the quoted preparation time.

    `minutes` ends a pause by itself; `prep_minutes` is 1 to 240.
    """

    state: Intake | None = None
    minutes: PauseMinutes | None = None
    prep_minutes: PrepMinutes | None = None


class SetCapture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Command: from now on, take online payments at once or hold them first. Payments that are open stay as they are."""

    capture_mode: CaptureMode


class SetDeadlines(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Command: how long a store waits for its customers. What is left out stays as it is.

    `unpaid_minutes` (1 to 1440): an online order that nobody pays is cancelled after that. `answer_seconds` (1 to 86400):
    so long a customer may choose what to have instead of something that is out. Questions that are open keep theirs.
    """

    unpaid_minutes: UnpaidMinutes | None = None
    answer_seconds: AnswerSeconds | None = None
