"""Quotes as values: what is asked for, what it costs line by line, and the discounts that were applied. Pure."""

from enum import StrEnum
from uuid import UUID

import msgspec

from bottega.domains.catalog import ChosenModifier
from bottega.kit.fields import ModifierId, Note, ProductId, Quantity, VariantId


class LineRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One wanted thing, by the ids that clients send."""

    product_id: ProductId
    qty: Quantity
    variant_id: VariantId | None = None
    modifier_ids: tuple[ModifierId, ...] | None = None
    note: Note = ""


class DiscountKind(StrEnum):
    """How a discount counts."""

    PERCENT = "PERCENT"
    AMOUNT = "AMOUNT"


class Discount(msgspec.Struct, frozen=True):
    """A reduction of the subtotal: `value` is in millionths for PERCENT, in minor units for AMOUNT."""

    code: str
    kind: DiscountKind
    value: int


QuotedModifier = ChosenModifier
"""A chosen modifier as it was named and priced: made once for a menu, shared by all quotes and orders of it."""


class QuotedLine(msgspec.Struct, frozen=True, eq=False):
    """One line with everything that later changes of the menu must not change. Amounts are in minor units.

    Equal means the same object: a line that depends on nothing but the menu is quoted once for all who want it, and who
    renders it may keep what it made of it.

    `unit_minor` contains the modifiers; `total_minor` is qty x unit, before discount. `tax_minor` is the tax on what is
    left after the discount: contained in it or on top of it, as the quote says.
    """

    product_id: UUID
    variant_id: UUID
    name: str
    variant_name: str
    category: str
    qty: int
    unit_minor: int
    modifiers: tuple[QuotedModifier, ...]
    note: str
    tax_rate_ppm: int
    total_minor: int
    discount_minor: int = 0
    tax_minor: int = 0


class Quote(msgspec.Struct, frozen=True):
    """What an order would cost at one version of the menu. Amounts are in minor units of `currency`."""

    currency: str
    menu_version: int
    lines: tuple[QuotedLine, ...]
    subtotal_minor: int
    discount_minor: int
    tax_minor: int
    tax_included: bool
    fees_minor: int
    total_minor: int
