"""A store's menu as values, and an index of it by the ids that clients send. Pure.

A menu is what one store sells at one version: names, prices and availability are the store's own, the structure
(variants, modifier groups) is the merchant's.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from bottega.kit import ids
from bottega.kit.fields import Left


class GroupKind(StrEnum):
    """What a modifier group is about; the kitchen shows removals and additions differently."""

    BASE = "BASE"
    MILK = "MILK"
    ADD_ON = "ADD_ON"
    PREPARATION = "PREPARATION"
    REMOVAL = "REMOVAL"


class ItemKind(StrEnum):
    """What can be sold out."""

    PRODUCT = "PRODUCT"
    MODIFIER = "MODIFIER"


class AvailabilityState(StrEnum):
    """Whether staff say that something can be sold."""

    AVAILABLE = "AVAILABLE"
    SOLD_OUT = "SOLD_OUT"


Slot = tuple[UUID, UUID]
"""A counted item of one store: (store, product or modifier)."""


class Category(msgspec.Struct, frozen=True):
    """A section of the menu."""

    category_id: UUID
    name: str


class Variant(msgspec.Struct, frozen=True):
    """A sellable version of a product at its price in this store (minor units)."""

    variant_id: UUID
    name: str
    price: int
    is_default: bool


class Sellable(msgspec.Struct, frozen=True, kw_only=True):
    """What staff have said about availability: sold out, until when, or how many are left."""

    sold_out: bool = False
    until_at: datetime | None = None
    left_count: int | None = None

    def available_at(self, now: datetime) -> bool:
        """Whether it can be sold at that instant."""
        if self.left_count == 0:
            return False
        return not self.sold_out or (self.until_at is not None and self.until_at <= now)


class Modifier(Sellable, frozen=True, kw_only=True):
    """One choice of a group, and what it adds to the price (minor units, may be negative)."""

    modifier_id: UUID
    name: str
    price_delta: int
    is_default: bool


class ModifierGroup(msgspec.Struct, frozen=True):
    """A choice: at least `min_count`, at most `max_count` of its modifiers."""

    group_id: UUID
    name: str
    kind: GroupKind
    min_count: int
    max_count: int
    modifiers: tuple[Modifier, ...]


class Product(Sellable, frozen=True, kw_only=True):
    """A product as this store sells it. `sold_from`/`sold_to` are local times HH:MM of its daypart."""

    product_id: UUID
    category_id: UUID
    name: str
    description: str
    image: str
    tags: tuple[str, ...]
    tax_category: str
    sold_from: str | None
    sold_to: str | None
    variants: tuple[Variant, ...]
    group_ids: tuple[UUID, ...]

    @property
    def default_variant(self) -> Variant:
        """The variant that is meant when none is named."""
        return next((variant for variant in self.variants if variant.is_default), self.variants[0])


class Menu(msgspec.Struct, frozen=True):
    """All that one store sells, at one version."""

    store_id: UUID
    version: int
    categories: tuple[Category, ...]
    products: tuple[Product, ...]
    groups: tuple[ModifierGroup, ...]


class ChosenModifier(msgspec.Struct, frozen=True, array_like=True):
    """A modifier as a quote and an order keep it: its name and price then (minor units), and how the kitchen reads it."""

    modifier_id: UUID
    name: str
    price_delta: int
    group_name: str
    kitchen: str


class Choice(msgspec.Struct, frozen=True):
    """A modifier with the group it belongs to, and that group's place among the groups of the item."""

    modifier: Modifier
    group: ModifierGroup
    place: int
    chosen: ChosenModifier


class Item(msgspec.Struct, frozen=True):
    """A product ready to be ordered: its variants, groups and choices by the ids that clients send.

    `steady`: whether and how it is sold depends on nothing but its daypart: neither on a time when it comes back nor on
    how many are left.
    """

    product: Product
    category: str
    variants: dict[str, Variant]
    groups: tuple[ModifierGroup, ...]
    choices: dict[str, Choice]
    steady: bool


class MenuIndex:
    """A menu with its items by shown id (`prd_…`), so that an order needs no parsing of ids."""

    def __init__(self, menu: Menu) -> None:
        self.menu = menu
        groups = {group.group_id: group for group in menu.groups}
        names = {category.category_id: category.name for category in menu.categories}
        self.items: dict[str, Item] = {}
        self.priced: dict[object, object] = {}  # for whoever prices: what needs to be worked out once a version
        for product in menu.products:
            own = tuple(groups[group_id] for group_id in product.group_ids if group_id in groups)
            self.items[ids.show("prd", product.product_id)] = Item(
                product=product,
                category=names.get(product.category_id, ""),
                variants={ids.show("var", variant.variant_id): variant for variant in product.variants},
                groups=own,
                choices=dict(_choices(own)),
                steady=_is_steady(product, own),
            )
        self.limited = any(
            item.left_count is not None
            for item in (*menu.products, *(modifier for group in menu.groups for modifier in group.modifiers))
        )


def _choices(groups: Iterable[ModifierGroup]) -> Iterable[tuple[str, Choice]]:
    for place, group in enumerate(groups):
        for modifier in group.modifiers:
            kitchen = kitchen_kind(group.kind, modifier.is_default)
            chosen = ChosenModifier(modifier.modifier_id, modifier.name, modifier.price_delta, group.name, kitchen)
            yield ids.show("mod", modifier.modifier_id), Choice(modifier, group, place, chosen)


def _is_steady(product: Product, groups: Iterable[ModifierGroup]) -> bool:
    sellable = (product, *(modifier for group in groups for modifier in group.modifiers))
    counted = any(each.left_count is not None or each.until_at is not None for each in sellable)
    return not counted


def kitchen_kind(kind: GroupKind, is_default: bool) -> str:
    """How the kitchen reads a choice: a removal, what it is anyway, an addition, or something set (size, milk)."""
    if kind is GroupKind.REMOVAL:
        return "REMOVE"
    if is_default:
        return "DEFAULT"
    return "ADD" if kind is GroupKind.ADD_ON else "SET"


class SetAvailability(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Command: sold out until turned on (`until` null), until END_OF_DAY, or with `left` still to sell."""

    state: AvailabilityState
    until: str | None = None
    left: Left | None = None


class NewVariant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A variant to be written. What it costs is each store's own matter (`StoreOffer.prices`)."""

    name: str
    sku: str
    is_default: bool = False


class NewModifier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A modifier to be written. What it adds to a price is each store's own matter (`StoreOffer.deltas`)."""

    name: str
    is_default: bool = False


class NewGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A modifier group to be written; `key` is how products of the same catalogue name it."""

    key: str
    name: str
    kind: GroupKind
    min_count: int
    max_count: int
    modifiers: tuple[NewModifier, ...]


class NewProduct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A product to be written; `groups` are the keys of its modifier groups, in the order of making."""

    category: str
    name: str
    description: str = ""
    image: str = ""
    tags: tuple[str, ...] = ()
    tax_category: str
    variants: tuple[NewVariant, ...]
    groups: tuple[str, ...] = ()
    sold_from: str | None = None
    sold_to: str | None = None


class NewCatalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole catalogue to be written for a merchant; each store then offers it at its own prices."""

    categories: tuple[str, ...]
    groups: tuple[NewGroup, ...]
    products: tuple[NewProduct, ...]


class StoreOffer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one store offers an existing catalogue.

    `prices` by SKU and `deltas` by group key and modifier name (0 where left out) in the store's minor unit; `names` and
    `left_out` by the first SKU of a product, `modifier_names` by a modifier's name in the catalogue.
    """

    prices: dict[str, int]
    deltas: dict[str, dict[str, int]]
    names: dict[str, str] = msgspec.field(default_factory=dict)
    modifier_names: dict[str, str] = msgspec.field(default_factory=dict)
    left_out: tuple[str, ...] = ()
