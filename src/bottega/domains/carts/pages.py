"""The pages on which people browse one store's menu, choose, and keep a cart. Handlers come below what they show.

Not here: what things cost (pricing), placing the order (orders). What is shown is worked out from the menu at hand, so
a page never disagrees with the order that follows from it.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from bottega.domains.catalog import Item, MenuIndex, Shop, default_modifiers, in_daypart
from bottega.kit import ids


class ShelfItem(msgspec.Struct, frozen=True, kw_only=True):
    """A product as a card of the menu shows it. `price` in minor units; with `from_price` it is the lowest of several."""

    id: str
    name: str
    description: str
    image: str
    tags: tuple[str, ...]
    price: int
    from_price: bool
    available: bool
    sold_out: bool
    until: datetime | None
    served: tuple[str, str] | None


class Shelf(msgspec.Struct, frozen=True):
    """A section of the menu."""

    name: str
    products: tuple[ShelfItem, ...]


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to choose: a variant with its `price`, or a modifier with its difference."""

    id: str
    name: str
    price: int
    chosen: bool
    available: bool


class OptionGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A group of modifiers with its rule; `field` is its name in the form."""

    field: str
    name: str
    min: int
    max: int
    choices: tuple[Option, ...]
    missing: bool = False

    @property
    def chosen_count(self) -> int:
        """How many are chosen."""
        return sum(choice.chosen for choice in self.choices)


class Chosen(msgspec.Struct, frozen=True):
    """What somebody chose so far, by shown ids; None means nothing yet, so the defaults stand."""

    variant_id: str | None = None
    modifier_ids: tuple[str, ...] | None = None
    qty: int = 1
    note: str = ""


def shelves(menu: MenuIndex, now: datetime, timezone: str) -> list[Shelf]:
    """The menu as sections of cards, in the menu's order; sections without products are left out."""
    by_category: dict[object, list[ShelfItem]] = {}
    for shown_id, item in menu.items.items():
        by_category.setdefault(item.product.category_id, []).append(_card(shown_id, item, now, timezone))
    return [
        Shelf(category.name, tuple(by_category[category.category_id]))
        for category in menu.menu.categories
        if category.category_id in by_category
    ]


def _card(shown_id: str, item: Item, now: datetime, timezone: str) -> ShelfItem:
    product = item.product
    prices = [variant.price for variant in product.variants]
    stocked = product.available_at(now)
    served = (product.sold_from, product.sold_to) if product.sold_from and product.sold_to else None
    return ShelfItem(
        id=shown_id,
        name=product.name,
        description=product.description,
        image=product.image,
        tags=tuple(tag for tag in product.tags if tag != "VEGETARIAN" or "VEGAN" not in product.tags),
        price=min(prices),
        from_price=min(prices) != max(prices),
        available=stocked and in_daypart(product, now, timezone),
        sold_out=not stocked,
        until=None if stocked else product.until_at,
        served=served,
    )


def sizes(item: Item, chosen: Chosen) -> list[Option]:
    """The variants of a product, the chosen or else the default one marked."""
    default = ids.show("var", item.product.default_variant.variant_id)
    marked = chosen.variant_id if chosen.variant_id in item.variants else default
    return [
        Option(id=shown, name=variant.name, price=variant.price, chosen=shown == marked, available=True)
        for shown, variant in item.variants.items()
    ]


def groups(item: Item, chosen: Chosen, now: datetime) -> list[OptionGroup]:
    """The modifier groups of a product in the order of making, with what is chosen or stands by default."""
    marked = set(default_modifiers(item, now) if chosen.modifier_ids is None else chosen.modifier_ids)
    answer: list[OptionGroup] = []
    for place, group in enumerate(item.groups):
        options = tuple(
            Option(
                id=shown,
                name=choice.modifier.name,
                price=choice.modifier.price_delta,
                chosen=shown in marked and choice.modifier.available_at(now),
                available=choice.modifier.available_at(now),
            )
            for shown, choice in item.choices.items()
            if choice.group.group_id == group.group_id
        )
        count = sum(option.chosen for option in options)
        answer.append(
            OptionGroup(
                field=f"g-{place}",
                name=group.name,
                min=group.min_count,
                max=group.max_count,
                choices=options,
                missing=chosen.modifier_ids is not None and count < group.min_count,
            )
        )
    return answer


def one_price(variants: Sequence[Option], option_groups: Sequence[OptionGroup]) -> int:
    """What one of it costs as chosen (minor units)."""
    base = next((variant.price for variant in variants if variant.chosen), variants[0].price)
    return max(0, base + sum(each.price for group in option_groups for each in group.choices if each.chosen))


def item_page(shop: Shop, product_id: str, chosen: Chosen, now: datetime) -> dict[str, object]:
    """Everything that the page of one product shows."""
    item = shop.menu.items[product_id]
    variants, option_groups = sizes(item, chosen), groups(item, chosen, now)
    return {
        "store": shop.store,
        "product": _card(product_id, item, now, shop.store.timezone),
        "variants": variants,
        "groups": option_groups,
        "base_price": item.product.default_variant.price,
        "qty": chosen.qty,
        "note": chosen.note,
        "total": one_price(variants, option_groups) * chosen.qty,
        "now": now,
    }
