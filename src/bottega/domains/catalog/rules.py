"""Decisions about a menu: what is sold at an hour, how many may be chosen. Values in, values out."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from bottega.domains.catalog.model import Item, Menu, Product, Sellable, Slot
from bottega.kit.clock import wall_clock


def in_daypart(product: Product, now: datetime, timezone: str) -> bool:
    """Whether the product's daypart (local times, the end exclusive) includes this instant."""
    if product.sold_from is None or product.sold_to is None:
        return True
    here = wall_clock(now, timezone)
    if product.sold_from <= product.sold_to:
        return product.sold_from <= here < product.sold_to
    return here >= product.sold_from or here < product.sold_to


def sold_now(product: Product, now: datetime, timezone: str) -> bool:
    """Whether one can order the product at this instant: in its daypart and not sold out."""
    return product.available_at(now) and in_daypart(product, now, timezone)


def next_change(menu: Menu, now: datetime) -> datetime | None:
    """The next instant at which something that is sold out comes back by itself."""
    coming = [item.until_at for item in _sellables(menu) if item.until_at is not None and item.until_at > now]
    return min(coming, default=None)


def default_modifiers(item: Item, now: datetime) -> list[str]:
    """The shown ids of the modifiers that are chosen when nobody chooses."""
    return [
        modifier_id
        for modifier_id, choice in item.choices.items()
        if choice.modifier.is_default and choice.modifier.available_at(now)
    ]


def allocate(left: Mapping[Slot, int], needs: Sequence[Mapping[Slot, int]]) -> list[Slot | None]:
    """Who gets what is left, in arrival order: None for a need that is met whole, else the item that is short.

    A need that is not met takes nothing, so what is left goes to the next that fits: no more and no less is sold.
    """
    remaining = dict(left)
    outcome: list[Slot | None] = []
    for need in needs:
        short = next((slot for slot, count in need.items() if remaining.get(slot, count) < count), None)
        if short is None:
            for slot, count in need.items():
                if slot in remaining:
                    remaining[slot] -= count
        outcome.append(short)
    return outcome


def _sellables(menu: Menu) -> Iterable[Sellable]:
    yield from menu.products
    for group in menu.groups:
        yield from group.modifiers
