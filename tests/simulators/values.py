"""Values of the trade for tests of pure rules: a store, a menu, an order, a payment, each with sensible defaults."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from bottega.domains.catalog import GroupKind, Menu, MenuIndex, Modifier, ModifierGroup, Product, Variant
from bottega.domains.catalog.model import Category
from bottega.domains.merchants import Address, FulfillmentType, PayMode, Store, TaxMode, TaxPer, TaxRate
from bottega.domains.merchants.model import Hours, Intake
from bottega.domains.orders import Order, OrderStatus
from bottega.domains.orders.model import OrderLine
from bottega.domains.payments import Payment, PaymentStatus
from bottega.domains.payments.model import Provider
from bottega.kit import ids
from bottega.kit.money import Rounding

NOW = datetime(2026, 11, 20, 11, 4, tzinfo=UTC)
HOME = 7
MERCHANT = UUID(int=1)
STORE, CATEGORY, PRODUCT, VARIANT = (ids.new_id(HOME) for _ in range(4))
ALWAYS = tuple(Hours(day, "00:00", "00:00") for day in range(7))


def store(**changed: Any) -> Store:
    """A store in Rome that is always open and adds no surprises."""
    values: dict[str, Any] = {
        "merchant_id": MERCHANT, "store_id": STORE, "number": HOME, "slug": "corner", "name": "Corner",
        "address": Address(), "phone": "", "timezone": "Europe/Rome", "currency": "EUR", "locale": "it",
        "tax_mode": TaxMode.INCLUDED, "tax_rounding": Rounding.HALF_UP, "tax_per": TaxPer.LINE, "order_prefix": "C",
        "order_modes": (FulfillmentType.PICKUP, FulfillmentType.IN_STORE),
        "pay_modes": (PayMode.ONLINE, PayMode.AT_STORE), "hours": ALWAYS, "intake": Intake.OPEN, "paused_until": None,
        "prep_minutes": 6, "warn_seconds": 180, "late_seconds": 360, "unpaid_minutes": 15, "menu_version": 1,
        "tax_rates": (TaxRate("PREPARED", FulfillmentType.PICKUP, "IVA", 100_000),),
    }  # fmt: skip
    return Store(**values | changed)


def modifier(name: str, price_delta: int = 0, **changed: Any) -> Modifier:
    """A choice that nobody has sold out."""
    values = {"modifier_id": ids.new_id(HOME), "name": name, "price_delta": price_delta, "is_default": False}
    return Modifier(**values | changed)


def group(name: str, modifiers: Sequence[Modifier], least: int = 0, most: int = 9, **changed: Any) -> ModifierGroup:
    """A group of choices."""
    kind = changed.get("kind", GroupKind.ADD_ON)
    return ModifierGroup(ids.new_id(HOME), name, kind, least, most, tuple(modifiers))


def product(name: str, price: int, groups: Sequence[ModifierGroup] = (), **changed: Any) -> Product:
    """A product with one variant of that price."""
    values: dict[str, Any] = {
        "product_id": ids.new_id(HOME), "category_id": CATEGORY, "name": name, "description": "", "image": "", "tags": (),
        "tax_category": "PREPARED", "sold_from": None, "sold_to": None,
        "variants": (Variant(ids.new_id(HOME), "Regular", price, True),),
        "group_ids": tuple(each.group_id for each in groups),
    }  # fmt: skip
    return Product(**values | changed)


def menu(products: Sequence[Product], groups: Sequence[ModifierGroup] = ()) -> MenuIndex:
    """A menu with one category."""
    return MenuIndex(
        Menu(
            store_id=STORE,
            version=1,
            categories=(Category(CATEGORY, "All"),),
            products=tuple(products),
            groups=tuple(groups),
        )
    )


def line(line_no: int = 1, **changed: Any) -> OrderLine:
    """One latte."""
    values: dict[str, Any] = {
        "line_no": line_no, "line_id": ids.new_id(HOME), "product_id": PRODUCT, "variant_id": VARIANT, "name": "Latte",
        "variant_name": "Small", "category": "All", "qty": 1, "unit_minor": 380, "modifiers": (), "note": "",
        "discount_minor": 0, "tax_rate_ppm": 100_000, "tax_minor": 35, "total_minor": 380,
    }  # fmt: skip
    return OrderLine(**values | changed)


def order(status: OrderStatus = OrderStatus.PLACED, **changed: Any) -> Order:
    """An order of one latte, to be paid at the store."""
    values: dict[str, Any] = {
        "merchant_id": MERCHANT, "store_id": STORE, "order_id": ids.new_id(HOME), "number": 41,
        "business_date": date(2026, 11, 20), "status": status, "seq": 1, "fulfillment_type": FulfillmentType.PICKUP,
        "pay_mode": PayMode.AT_STORE, "currency": "EUR", "subtotal_minor": 380, "discount_minor": 0, "tax_minor": 35,
        "tax_included": True, "fees_minor": 0, "total_minor": 380, "menu_version": 1, "payment_id": None,
        "placed_by": UUID(int=9), "contact_name": "Giulia", "requested_for": None, "promised_at": NOW, "created_at": NOW,
        "updated_at": NOW, "lines": (line(),), "contact_sealed": None,
    }  # fmt: skip
    return Order(**values | changed)


def payment(status: PaymentStatus = PaymentStatus.REQUIRES_PAYMENT, **changed: Any) -> Payment:
    """A payment of 1000 cents through the provider."""
    values: dict[str, Any] = {
        "merchant_id": MERCHANT, "store_id": STORE, "payment_id": ids.new_id(HOME), "reference": ids.new_id(HOME),
        "provider": Provider.STRIPE, "provider_account": "default", "provider_ref": "pi_1", "client_secret": None,
        "status": status, "amount_minor": 1000, "captured_minor": 0, "refunded_minor": 0, "currency": "EUR",
        "tender": None, "receipt_ref": None, "failure_code": None, "version": 1, "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    return Payment(**values | changed)
