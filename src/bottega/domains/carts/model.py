"""Carts as values: what was picked, and what it would cost now. Pure. Amounts are in the store's minor unit."""

from uuid import UUID

import msgspec

from bottega.domains.pricing import QuotedModifier


class CartItem(msgspec.Struct, frozen=True, kw_only=True):
    """One picked thing, by shown ids. `name` and `unit_minor` are what its owner saw, to say what has changed since."""

    item_id: str
    product_id: str
    variant_id: str
    modifier_ids: tuple[str, ...]
    qty: int
    note: str = ""
    name: str = ""
    unit_minor: int = 0


class PutItem(msgspec.Struct, frozen=True):
    """Command: put an item into the cart of a store. An item with a known id replaces it; one that equals another adds up."""

    store_id: UUID
    item: CartItem


class ChangeQuantity(msgspec.Struct, frozen=True):
    """Command: another quantity for a line; 0 takes it out."""

    store_id: UUID
    item_id: str
    qty: int


class PricedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line at the prices of now; one that can't be had says so in `available`, and in `missing` what it lacks."""

    id: str
    product_id: str
    name: str
    variant_name: str
    modifiers: tuple[QuotedModifier, ...]
    note: str
    qty: int
    total_minor: int
    available: bool
    missing: str = ""


class PricedCart(msgspec.Struct, frozen=True, kw_only=True):
    """A cart at the prices of now. Totals count only what can be had."""

    currency: str
    lines: tuple[PricedLine, ...]
    count: int
    subtotal_minor: int
    discount_minor: int
    tax_minor: int
    tax_included: bool
    fees_minor: int
    total_minor: int
    repriced: bool

    @property
    def complete(self) -> bool:
        """Whether everything in it can be ordered."""
        return bool(self.lines) and all(line.available for line in self.lines)
