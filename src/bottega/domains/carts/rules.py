"""Decisions about carts: what a choice means on the menu, what a cart costs now. Values in, values out."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from bottega.domains.carts.errors import CartFull, CartItemNotFound
from bottega.domains.carts.model import CartItem, PricedCart, PricedLine
from bottega.domains.catalog import Shop
from bottega.domains.merchants import FulfillmentType, TaxMode
from bottega.domains.pricing import MAX_LINES, LineRequest, Quote, quote
from bottega.kit import ids
from bottega.kit.errors import DomainError

MAX_EACH = 99


def chosen_item(shop: Shop, wanted: LineRequest, item_id: str, now: datetime) -> CartItem:
    """A choice as a line of a cart, with the name and price that its owner sees. Raises pricing's refusals."""
    line = quote(shop.store, shop.menu, [wanted], shop.store.order_modes[0], now).lines[0]
    variant_id = wanted.variant_id
    if variant_id is None:
        variant_id = ids.show("var", shop.menu.items[wanted.product_id].product.default_variant.variant_id)
    return CartItem(
        item_id=item_id,
        product_id=wanted.product_id,
        variant_id=variant_id,
        modifier_ids=tuple(ids.show("mod", each.modifier_id) for each in line.modifiers),
        qty=wanted.qty,
        note=line.note,
        name=line.name,
        unit_minor=line.unit_minor,
    )


def requests(items: Iterable[CartItem]) -> tuple[LineRequest, ...]:
    """The lines of a cart as an order asks for them."""
    return tuple(
        LineRequest(each.product_id, each.qty, each.variant_id, each.modifier_ids, each.note) for each in items
    )


def put(items: Sequence[CartItem], item: CartItem) -> list[CartItem]:
    """The cart with one more item: a known id is replaced, an equal item adds up. Raises `CartFull`."""
    others = [each for each in items if each.item_id != item.item_id]
    same = next((each for each in others if _saying(each) == _saying(item)), None)
    if same is not None:
        together = min(MAX_EACH, same.qty + item.qty)
        merged = msgspec.structs.replace(item, item_id=same.item_id, qty=together)
        return [merged if each.item_id == same.item_id else each for each in others]
    if len(others) < len(items):
        return [item if each.item_id == item.item_id else each for each in items]
    if len(items) >= MAX_LINES:
        raise CartFull
    return [*items, item]


def with_quantity(items: Sequence[CartItem], item_id: str, qty: int) -> list[CartItem]:
    """The cart with another quantity for a line; 0 or less takes it out. Raises `CartItemNotFound`."""
    if all(each.item_id != item_id for each in items):
        raise CartItemNotFound
    changed = [
        msgspec.structs.replace(each, qty=min(qty, MAX_EACH)) if each.item_id == item_id else each for each in items
    ]
    return [each for each in changed if each.qty > 0]


def priced(
    shop: Shop, items: Sequence[CartItem], now: datetime, fulfillment_type: FulfillmentType | None = None
) -> PricedCart:
    """The cart at the prices of now. A line that can't be had stays, marked, and costs nothing."""
    way = fulfillment_type or shop.store.order_modes[0]
    good = [each for each in items if _quoted(shop, [each], way, now) is not None]
    total = _quoted(shop, good, way, now) if good else None
    if good and total is None:
        # Together they ask for more than is left; the first that fits alone stays, the rest is short.
        good, total = _fitting(shop, good, way, now)
    quoted = dict(zip((each.item_id for each in good), total.lines if total else (), strict=True))
    lines = tuple(
        PricedLine(
            id=each.item_id,
            product_id=each.product_id,
            name=line.name,
            variant_name=line.variant_name,
            modifiers=line.modifiers,
            note=each.note,
            qty=each.qty,
            total_minor=line.total_minor,
            available=True,
        )
        if (line := quoted.get(each.item_id)) is not None
        else _short(shop, each, now)
        for each in items
    )
    return PricedCart(
        currency=shop.store.currency,
        lines=lines,
        count=sum(each.qty for each in good),
        subtotal_minor=total.subtotal_minor if total else 0,
        discount_minor=total.discount_minor if total else 0,
        tax_minor=total.tax_minor if total else 0,
        tax_included=shop.store.tax_mode is TaxMode.INCLUDED,
        fees_minor=total.fees_minor if total else 0,
        total_minor=total.total_minor if total else 0,
        repriced=any(quoted[each.item_id].unit_minor != each.unit_minor for each in good),
    )


def _quoted(shop: Shop, items: Sequence[CartItem], way: FulfillmentType, now: datetime) -> Quote | None:
    try:
        return quote(shop.store, shop.menu, requests(items), way, now)
    except DomainError:
        return None


def _fitting(
    shop: Shop, items: Sequence[CartItem], way: FulfillmentType, now: datetime
) -> tuple[list[CartItem], Quote | None]:
    fitting: list[CartItem] = []
    for each in items:
        if _quoted(shop, [*fitting, each], way, now) is not None:
            fitting.append(each)
    return fitting, _quoted(shop, fitting, way, now)


def _short(shop: Shop, item: CartItem, now: datetime) -> PricedLine:
    """A line that can't be had, naming what it lacks: a choice that is sold out, or the thing itself."""
    found = shop.menu.items.get(item.product_id)
    gone = ""
    if found is not None and found.product.available_at(now):
        choices = (found.choices.get(each) for each in item.modifier_ids)
        gone = next((each.modifier.name for each in choices if each and not each.modifier.available_at(now)), "")
    return PricedLine(
        id=item.item_id,
        product_id=item.product_id,
        name=found.product.name if found else item.name,
        variant_name="",
        modifiers=(),
        note=item.note,
        qty=item.qty,
        total_minor=0,
        available=False,
        missing=gone,
    )


def _saying(item: CartItem) -> tuple[object, ...]:
    return item.product_id, item.variant_id, item.modifier_ids, item.note
