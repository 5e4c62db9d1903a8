"""What happens to a catalogue: it is written, offered by stores, and parts of it sell out."""

from typing import Any
from uuid import UUID

import msgspec

from bottega.domains import merchants
from bottega.domains.catalog import store
from bottega.domains.catalog.errors import ItemNotFound
from bottega.domains.catalog.events import AvailabilityChanged, MenuChanged
from bottega.domains.catalog.model import (
    AvailabilityState,
    ItemKind,
    NewCatalogue,
    SetAvailability,
    StoreOffer,
)
from bottega.infra.transaction import Tx
from bottega.kit import ids
from bottega.kit.errors import Invalid


class SoldOutChange(msgspec.Struct, frozen=True):
    """What staff say about one item of one store."""

    store_id: UUID
    item_id: UUID
    kind: ItemKind
    command: SetAvailability


class WrittenCatalogue(msgspec.Struct, frozen=True):
    """The ids that a catalogue got, by the names it was written with."""

    products: dict[str, UUID]
    skus: dict[str, UUID]
    modifiers: dict[str, dict[str, UUID]]


async def set_availability(tx: Tx, change: SoldOutChange) -> AvailabilityChanged:
    """Mark a product or modifier as sold out or available; it shows in the next menu. Raises `ItemNotFound`, `Invalid`."""
    tx.require("catalog.availability", change.store_id)
    command = change.command
    if command.until not in (None, "END_OF_DAY"):
        raise Invalid("until is END_OF_DAY or left out")
    if command.left is not None and not 0 <= command.left <= 9999:
        raise Invalid("left is 0 to 9999")
    place = await merchants.find_store(tx, change.store_id)
    if place is None or not await store.on_menu(tx, change.store_id, change.item_id, change.kind):
        raise ItemNotFound
    sold_out = command.state is AvailabilityState.SOLD_OUT
    until = merchants.end_of_day(place, tx.now) if sold_out and command.until else None
    left = None if sold_out else command.left
    await store.write_availability(tx, change.store_id, (change.item_id, change.kind), sold_out, until, left)
    version = await store.bump_version(tx, change.store_id)
    assert version is not None
    fact = AvailabilityChanged(
        store_id=change.store_id,
        item_id=change.item_id,
        item_kind=change.kind,
        available=not sold_out and left != 0,
        until=until,
        left=left,
        menu_version=version,
    )
    tx.emit(fact)
    tx.note(change.store_id, item=str(change.item_id), state=command.state, until=command.until, left=command.left)
    return fact


async def write_catalogue(tx: Tx, command: NewCatalogue) -> WrittenCatalogue:
    """Write a merchant's catalogue; no store offers it yet."""
    tx.require("catalog.manage")
    home = ids.home_of(tx.merchant_id)
    categories = {name: ids.new_id(home) for name in command.categories}
    groups = {group.key: ids.new_id(home) for group in command.groups}
    products = {product.variants[0].sku: ids.new_id(home) for product in command.products}
    skus = {variant.sku: ids.new_id(home) for product in command.products for variant in product.variants}
    modifiers = {group.key: {each.name: ids.new_id(home) for each in group.modifiers} for group in command.groups}
    document: dict[str, Any] = {
        "categories": [{"id": key, "name": name, "position": i} for i, (name, key) in enumerate(categories.items())],
        "groups": [
            {"id": groups[g.key], "name": g.name, "kind": g.kind, "min_count": g.min_count, "max_count": g.max_count}
            for g in command.groups
        ],
        "modifiers": [
            {
                "id": modifiers[g.key][m.name],
                "group_id": groups[g.key],
                "name": m.name,
                "is_default": m.is_default,
                "position": i,
            }
            for g in command.groups
            for i, m in enumerate(g.modifiers)
        ],
        "products": [
            {
                "id": products[p.variants[0].sku],
                "category_id": categories[p.category],
                "name": p.name,
                "description": p.description,
                "image": p.image,
                "tags": p.tags,
                "tax_category": p.tax_category,
                "position": i,
            }
            for i, p in enumerate(command.products)
        ],
        "variants": [
            {
                "id": skus[v.sku],
                "product_id": products[p.variants[0].sku],
                "name": v.name,
                "sku": v.sku,
                "is_default": v.is_default,
                "position": i,
            }
            for p in command.products
            for i, v in enumerate(p.variants)
        ],
        "product_groups": [
            {"product_id": products[p.variants[0].sku], "group_id": groups[key], "position": i}
            for p in command.products
            for i, key in enumerate(p.groups)
        ],
    }
    await store.write_catalogue(tx, document)
    return WrittenCatalogue(products, skus, modifiers)


class OfferCatalogue(msgspec.Struct, frozen=True):
    """Command: one store offers a written catalogue at its own prices."""

    store_id: UUID
    catalogue: NewCatalogue
    written: WrittenCatalogue
    offer: StoreOffer


async def offer_catalogue(tx: Tx, command: OfferCatalogue) -> int:
    """Put a catalogue on one store's menu; the menu's new version."""
    tx.require("catalog.manage")
    offer, written = command.offer, command.written
    sold = [p for p in command.catalogue.products if p.variants[0].sku not in offer.left_out]
    document: dict[str, Any] = {
        "offers": [
            {
                "product_id": written.products[p.variants[0].sku],
                "name": offer.names.get(p.variants[0].sku),
                "sold_from": p.sold_from,
                "sold_to": p.sold_to,
            }
            for p in sold
        ],
        "prices": [
            {"variant_id": written.skus[v.sku], "price": offer.prices[v.sku]}
            for p in sold
            for v in p.variants
            if v.sku in offer.prices
        ],
        "deltas": [
            {
                "modifier_id": modifier_id,
                "name": offer.modifier_names.get(name),
                "delta": offer.deltas.get(key, {}).get(name, 0),
            }
            for key, group in written.modifiers.items()
            for name, modifier_id in group.items()
        ],
    }
    await store.write_offer(tx, command.store_id, document)
    version = await store.bump_version(tx, command.store_id)
    assert version is not None
    tx.emit(MenuChanged(store_id=command.store_id, menu_version=version))
    return version
