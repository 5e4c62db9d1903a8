"""What an order costs: pure functions from a menu snapshot and the store's tax rules to a quote.

Every number is an integer in the minor unit. Discounts are spread over the lines by largest remainder, tax is rounded
where the store rounds it (each line, or once per rate and then spread), and the parts always add up to the total.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from bottega.domains.catalog import Choice, Item, MenuIndex, Product, Variant, default_modifiers, in_daypart
from bottega.domains.merchants import FulfillmentType, Store, TaxMode, TaxPer, tax_rate_ppm
from bottega.domains.pricing.errors import (
    ItemNotOnMenu,
    ItemNotServedNow,
    ItemSoldOut,
    ModifierRequired,
    ModifierTooMany,
    ModifierTwice,
    NothingOrdered,
    QuantityOutOfRange,
    TooManyLines,
    TotalTooLarge,
)
from bottega.domains.pricing.model import Discount, DiscountKind, LineRequest, Quote, QuotedLine, QuotedModifier
from bottega.kit.errors import DomainError, FieldError
from bottega.kit.money import MAX_AMOUNT, PPM, Rounding, apportion, divide, tax_added, tax_included
from bottega.kit.text import clean

MAX_LINES = 50
MAX_MODIFIERS = 20
MAX_QTY = 999
MAX_KEPT = 5_000
_NO_MODIFIERS: tuple[QuotedModifier, ...] = ()


class _Kept(msgspec.Struct, frozen=True, eq=False):
    """A priced line, for the store with whose taxes it was priced; `product` when that is not sold at all hours."""

    store: Store
    line: QuotedLine
    product: Product | None


def quote(
    store: Store,
    menu: MenuIndex,
    requests: Sequence[LineRequest],
    fulfillment_type: FulfillmentType,
    now: datetime,
    discounts: Sequence[Discount] = (),
) -> Quote:
    """Price an order at `now`. Raises the refusals of `errors.py`, naming the line by an RFC 6901 pointer."""
    if not requests:
        raise NothingOrdered
    if len(requests) > MAX_LINES:
        raise TooManyLines(f"One order holds at most {MAX_LINES} lines")
    lines: list[QuotedLine] = []
    short: list[DomainError] = []
    for index, request in enumerate(requests):
        try:
            lines.append(_kept_line(store, menu, request, index, fulfillment_type, now))
        except ItemSoldOut as error:
            short.append(error)
    if short:
        raise _all_short(short)
    subtotal = sum([line.total_minor for line in lines])
    if subtotal > MAX_AMOUNT:
        raise TotalTooLarge
    discount = _discount(subtotal, discounts) if discounts else 0
    if discount or store.tax_per is not TaxPer.LINE:
        lines = _settled(store, lines, discount)
    tax = sum([line.tax_minor for line in lines])
    included = store.tax_mode is TaxMode.INCLUDED
    return Quote(
        currency=store.currency,
        menu_version=menu.menu.version,
        lines=tuple(lines),
        subtotal_minor=subtotal,
        discount_minor=discount,
        tax_minor=tax,
        tax_included=included,
        fees_minor=0,
        total_minor=subtotal - discount + (0 if included else tax),
    )


class Taxable(Protocol):
    """A priced line, of a quote or of an order: amounts in minor units."""

    @property
    def total_minor(self) -> int:
        """Before discount."""
        ...

    @property
    def discount_minor(self) -> int:
        """Its share of the order's discount."""
        ...

    @property
    def tax_rate_ppm(self) -> int:
        """The rate that it was sold under."""
        ...


def taxes_again(store: Store, lines: Sequence[Taxable], *, included: bool) -> list[int]:
    """The tax of each line (minor units) after some were taken off an order: at their own rates, rounded as the store does."""
    return _taxes(store, lines, [line.discount_minor for line in lines], included=included)


def _kept_line(
    store: Store, menu: MenuIndex, request: LineRequest, index: int, fulfillment_type: FulfillmentType, now: datetime
) -> QuotedLine:
    """`_line`, made once where it depends on nothing but the menu: the same coffee is ordered all morning."""
    key = (request, fulfillment_type)
    kept = menu.priced.get(key)
    if isinstance(kept, _Kept) and kept.store is store:
        if kept.product is not None:
            _check_daypart(store, kept.product, index, now)
        return kept.line
    line = _line(store, menu, request, index, fulfillment_type, now)
    item = menu.items[request.product_id]
    if request.modifier_ids is not None and item.steady:
        if len(menu.priced) >= MAX_KEPT:
            menu.priced.clear()
        menu.priced[key] = _Kept(store, line, None if item.product.sold_from is None else item.product)
    return line


def _check_daypart(store: Store, product: Product, index: int, now: datetime) -> None:
    if not in_daypart(product, now, store.timezone):
        served = f"{product.name} is served from {product.sold_from} to {product.sold_to}"
        raise _at(ItemNotServedNow, index, "product_id", served)


def _settled(store: Store, lines: Sequence[QuotedLine], discount: int) -> list[QuotedLine]:
    """The lines with their shares of the discount, and the tax on what is left."""
    shares = apportion(discount, [line.total_minor for line in lines])
    taxes = _taxes(store, lines, shares, included=store.tax_mode is TaxMode.INCLUDED)
    return [_with(line, share, part) for line, share, part in zip(lines, shares, taxes, strict=True)]


def _line(
    store: Store, menu: MenuIndex, request: LineRequest, index: int, fulfillment_type: FulfillmentType, now: datetime
) -> QuotedLine:
    item = menu.items.get(request.product_id)
    if item is None:
        raise _at(ItemNotOnMenu, index, "product_id", "This store does not sell that product")
    if not 1 <= request.qty <= MAX_QTY:
        raise _at(QuantityOutOfRange, index, "qty", f"A quantity is 1 to {MAX_QTY}")
    product = item.product
    left = product.left_count
    if not product.available_at(now) or (left is not None and left < request.qty):
        raise _sold_out(index, "product_id", product.name, left)
    _check_daypart(store, product, index, now)
    variant = _variant(item, request.variant_id, index)
    modifiers = _modifiers(item, request, index, now)
    unit = max(0, variant.price + sum(modifier.price_delta for modifier in modifiers))
    rate = tax_rate_ppm(store, product.tax_category, fulfillment_type)
    return QuotedLine(
        product_id=product.product_id,
        variant_id=variant.variant_id,
        name=product.name,
        # A size is worth a word only where there is a choice of sizes.
        variant_name=variant.name if len(product.variants) > 1 else "",
        category=item.category,
        qty=request.qty,
        unit_minor=unit,
        modifiers=modifiers,
        note=clean(request.note, f"/items/{index}/note", max_length=200) if request.note else "",
        tax_rate_ppm=rate,
        total_minor=unit * request.qty,
        tax_minor=_tax(store)(unit * request.qty, rate, store.tax_rounding),
    )


def _variant(item: Item, variant_id: str | None, index: int) -> Variant:
    if variant_id is None:
        return item.product.default_variant
    variant = item.variants.get(variant_id)
    if variant is None:
        raise _at(ItemNotOnMenu, index, "variant_id", f"{item.product.name} is not sold in that size or kind")
    return variant


def _modifiers(item: Item, request: LineRequest, index: int, now: datetime) -> tuple[QuotedModifier, ...]:
    wanted = default_modifiers(item, now) if request.modifier_ids is None else request.modifier_ids
    if not item.groups and not wanted:
        return _NO_MODIFIERS
    if len(wanted) > MAX_MODIFIERS:
        raise _at(TooManyLines, index, "modifier_ids", f"One line holds at most {MAX_MODIFIERS} modifiers")
    chosen: list[Choice] = []
    counts = [0] * len(item.groups)
    for place, modifier_id in enumerate(wanted):
        choice = item.choices.get(modifier_id)
        if choice is None:
            raise _at(ItemNotOnMenu, index, f"modifier_ids/{place}", f"{item.product.name} has no such choice")
        left = choice.modifier.left_count
        if not choice.modifier.available_at(now) or (left is not None and left < request.qty):
            raise _sold_out(index, f"modifier_ids/{place}", choice.modifier.name, left)
        chosen.append(choice)
        counts[choice.place] += 1
    if len(set(wanted)) != len(wanted):
        raise _at(ModifierTwice, index, "modifier_ids", "The same choice was made twice")
    for group, count in zip(item.groups, counts, strict=True):
        if count < group.min_count:
            raise _at(
                ModifierRequired,
                index,
                "modifier_ids",
                f"{item.product.name}: choose {group.min_count} of {group.name}",
            )
        if count > group.max_count:
            detail = f"{item.product.name}: choose at most {group.max_count} of {group.name}"
            raise _at(ModifierTooMany, index, "modifier_ids", detail)
    chosen.sort(key=_place_of_group)
    return tuple([choice.chosen for choice in chosen])


def _place_of_group(choice: Choice) -> int:
    return choice.place


def _discount(subtotal: int, discounts: Sequence[Discount]) -> int:
    """All discounts together, each counted on what the ones before it left; never below zero."""
    left = subtotal
    for each in discounts:
        off = divide(left * each.value, PPM, Rounding.HALF_UP) if each.kind is DiscountKind.PERCENT else each.value
        left = max(0, left - max(0, off))
    return subtotal - left


def _tax(store: Store) -> Callable[[int, int, Rounding], int]:
    return tax_included if store.tax_mode is TaxMode.INCLUDED else tax_added


def _taxes(store: Store, lines: Sequence[Taxable], shares: Sequence[int], *, included: bool) -> list[int]:
    """The tax of each line, rounded where the store rounds."""
    tax = tax_included if included else tax_added
    bases = [line.total_minor - share for line, share in zip(lines, shares, strict=True)]
    if store.tax_per is TaxPer.LINE:
        return [tax(base, line.tax_rate_ppm, store.tax_rounding) for base, line in zip(bases, lines, strict=True)]
    taxes = [0] * len(lines)
    by_rate: dict[int, list[int]] = {}
    for index, line in enumerate(lines):
        by_rate.setdefault(line.tax_rate_ppm, []).append(index)
    for rate, members in by_rate.items():
        whole = tax(sum(bases[index] for index in members), rate, store.tax_rounding)
        for index, part in zip(members, apportion(whole, [bases[index] for index in members]), strict=True):
            taxes[index] = part
    return taxes


def _with(line: QuotedLine, discount: int, tax: int) -> QuotedLine:
    return QuotedLine(
        line.product_id,
        line.variant_id,
        line.name,
        line.variant_name,
        line.category,
        line.qty,
        line.unit_minor,
        line.modifiers,
        line.note,
        line.tax_rate_ppm,
        line.total_minor,
        discount,
        tax,
    )


def _at(error: type[DomainError], index: int, field: str, detail: str) -> DomainError:
    return error(detail, errors=(FieldError(f"/items/{index}/{field}", error.code, detail),))


def _sold_out(index: int, field: str, name: str, left: int | None) -> DomainError:
    detail = f"{name} is sold out" if not left else f"Only {left} of {name} are left"
    return ItemSoldOut(
        detail, errors=(FieldError(f"/items/{index}/{field}", ItemSoldOut.code, detail),), extra={"left": left or 0}
    )


def _all_short(short: Sequence[DomainError]) -> DomainError:
    """One refusal that names every line that is short."""
    detail = "; ".join(error.detail for error in short)
    return ItemSoldOut(detail, errors=tuple(each for error in short for each in error.errors))
