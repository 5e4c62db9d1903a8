"""What may come instead of a line that is out, and what an order is without it. Values in, values out.

What must stay true: the order never gets dearer, taxes included, and its totals are the sums of its lines.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from bottega.domains.catalog import Item, MenuIndex, default_modifiers
from bottega.domains.merchants import PayMode, Store
from bottega.domains.orders.errors import SubstituteTooDear
from bottega.domains.orders.model import Choice, MarkUnavailable, Order, OrderLine, RefundPart, Shortage, SubstituteWish
from bottega.domains.orders.states import OrderStatus
from bottega.domains.pricing import LineRequest, QuotedLine, quote, taxes_again
from bottega.kit import ids
from bottega.kit.errors import DomainError, FieldError, Invalid

MAX_SUBSTITUTES = 6


def recounted(place: Store, order: Order, lines: Sequence[OrderLine]) -> Order:
    """The order with other lines: numbered again, taxed again at their own rates, its totals the sums of them."""
    taxes = taxes_again(place, lines, included=order.tax_included)
    numbered = tuple(
        msgspec.structs.replace(line, line_no=number, tax_minor=tax)
        for number, (line, tax) in enumerate(zip(lines, taxes, strict=True), start=1)
    )
    subtotal = sum(line.total_minor for line in numbered)
    discount = sum(line.discount_minor for line in numbered)
    total = subtotal - discount + order.fees_minor + (0 if order.tax_included else sum(taxes))
    return msgspec.structs.replace(
        order,
        lines=numbered,
        subtotal_minor=subtotal,
        discount_minor=discount,
        tax_minor=sum(taxes),
        total_minor=total,
    )


def parted(order: Order, line: OrderLine, qty: int, new_line_id: UUID) -> tuple[Order, OrderLine]:
    """The order with `qty` units of a line as a line of their own behind the rest of it, and that line; no sum changes.

    Discount and tax go along in proportion, rounded down: what is left over stays with the units that stay.
    """
    if qty == line.qty:
        return order, line
    out = msgspec.structs.replace(
        line,
        line_id=new_line_id,
        qty=qty,
        discount_minor=line.discount_minor * qty // line.qty,
        tax_minor=line.tax_minor * qty // line.qty,
        total_minor=line.total_minor * qty // line.qty,
    )
    stays = msgspec.structs.replace(
        line,
        qty=line.qty - qty,
        discount_minor=line.discount_minor - out.discount_minor,
        tax_minor=line.tax_minor - out.tax_minor,
        total_minor=line.total_minor - out.total_minor,
    )
    both = {line.line_id: (stays, out)}
    lines = [each for old in order.lines for each in both.get(old.line_id, (old,))]
    numbered = tuple(msgspec.structs.replace(each, line_no=number) for number, each in enumerate(lines, start=1))
    new = next(each for each in numbered if each.line_id == new_line_id)
    return msgspec.structs.replace(order, lines=numbered), new


def without(place: Store, order: Order, line_id: UUID) -> Order:
    """The order with that line taken off."""
    rest = recounted(place, order, [line for line in order.lines if line.line_id != line_id])
    return _untaxed(rest, rest.total_minor - order.total_minor)


def _untaxed(order: Order, over: int) -> Order:
    """The order with `over` less tax on the line that has most: units apart are taxed apart, which can round to more."""
    if over <= 0:
        return order
    most = max(order.lines, key=lambda line: line.tax_minor)
    lines = tuple(
        msgspec.structs.replace(line, tax_minor=line.tax_minor - over) if line is most else line for line in order.lines
    )
    taxes, total = order.tax_minor - over, order.total_minor - over
    return msgspec.structs.replace(order, lines=lines, tax_minor=taxes, total_minor=total)


def replaced(place: Store, order: Order, line: OrderLine, offered: QuotedLine, new_line_id: UUID) -> Order:
    """The order with something else in a line's place; of a discount it keeps the share that its price is of the old one."""
    share = -(-line.discount_minor * offered.total_minor // line.total_minor) if line.total_minor else 0
    new = msgspec.structs.replace(
        line,
        line_id=new_line_id,
        product_id=offered.product_id,
        variant_id=offered.variant_id,
        name=offered.name,
        variant_name=offered.variant_name,
        category=offered.category,
        unit_minor=offered.unit_minor,
        modifiers=offered.modifiers,
        discount_minor=share,
        tax_rate_ppm=offered.tax_rate_ppm,
        total_minor=offered.total_minor,
    )
    return recounted(place, order, [new if each.line_id == line.line_id else each for each in order.lines])


def saved(place: Store, order: Order, shortage: Shortage, offered: QuotedLine) -> int:
    """What comes back (minor units) when that is had instead, on the order as it is now."""
    return order.total_minor - _total(place, order, shortage.line, offered)


def offer(place: Store, order: Order, line: OrderLine, priced: QuotedLine, *, same_price: bool) -> QuotedLine | None:
    """Something as it can be offered instead of a line, or None: the order never gets dearer, taxes included.

    With `same_price` a dearer one is lowered to the unit price of what is out, and further where its tax is higher.
    """
    if priced.total_minor <= line.total_minor and _total(place, order, line, priced) <= order.total_minor:
        return priced
    if not same_price:
        return None
    unit = min(priced.unit_minor, line.unit_minor)
    while unit >= 0:
        # What was agreed is the whole: what its choices would have added is in it.
        free = tuple(msgspec.structs.replace(each, price_delta=0) for each in priced.modifiers)
        lowered = msgspec.structs.replace(priced, unit_minor=unit, total_minor=unit * priced.qty, modifiers=free)
        over = _total(place, order, line, lowered) - order.total_minor
        if over <= 0:
            return lowered
        unit -= max(1, over // priced.qty)
    return None


def can_be_paid(place: Store, order: Order, line: OrderLine, offered: QuotedLine) -> bool:
    """Whether an order that still has to be paid online costs anything with that: no provider takes a payment of nothing."""
    return not _waits_for_money(order) or _total(place, order, line, offered) > 0


def _waits_for_money(order: Order) -> bool:
    return order.pay_mode is PayMode.ONLINE and order.status is OrderStatus.PLACED


def _total(place: Store, order: Order, line: OrderLine, offered: QuotedLine) -> int:
    return replaced(place, order, line, offered, line.line_id).total_minor


def suggested(
    place: Store, menu: MenuIndex, order: Order, line: OrderLine, command: MarkUnavailable, now: datetime
) -> tuple[QuotedLine, ...]:
    """What the shop offers by itself: the same with another choice where a choice is out, else others of its category.

    Only what can be had now and costs at most what the line does; the dearest first, because it comes closest.
    """
    found: list[QuotedLine] = []
    for request in _requests(menu, line, command.modifier_id, now):
        try:
            priced = quote(place, menu, (request,), order.fulfillment_type, now).lines[0]
        except DomainError:
            continue
        able = offer(place, order, line, priced, same_price=False)
        if able is not None and can_be_paid(place, order, line, able):
            found.append(able)
    once: dict[object, QuotedLine] = {}
    for able in sorted(found, key=lambda each: -each.total_minor):
        once.setdefault(able.product_id if command.modifier_id is None else able.modifiers, able)
    return tuple(once.values())[:MAX_SUBSTITUTES]


def chosen_by_staff(
    place: Store, menu: MenuIndex, order: Order, line: OrderLine, wishes: Sequence[SubstituteWish], now: datetime
) -> tuple[QuotedLine, ...]:
    """What staff offer. Raises pricing's refusals, `SubstituteTooDear`; each names its place by a pointer."""
    offers: list[QuotedLine] = []
    for place_no, wish in enumerate(wishes):
        item = menu.items.get(wish.product_id)
        modifiers = wish.modifier_ids
        if modifiers is None and item is not None:
            modifiers = tuple(_carried(item, line, now))
        request = LineRequest(wish.product_id, line.qty, wish.variant_id, modifiers, line.note)
        try:
            priced = quote(place, menu, (request,), order.fulfillment_type, now).lines[0]
            able = offer(place, order, line, priced, same_price=wish.same_price)
            if able is None:
                raise SubstituteTooDear(f"{priced.name} costs more than {line.name}; offer it at the same price")
            if not can_be_paid(place, order, line, able):
                raise Invalid(f"With {priced.name} nothing would be left to pay online")
        except DomainError as error:
            pointer = f"/substitutes/{place_no}"
            raise type(error)(error.detail, errors=(FieldError(pointer, error.code, error.detail),)) from error
        offers.append(able)
    return tuple(offers)


def _requests(menu: MenuIndex, line: OrderLine, missing: str | None, now: datetime) -> Iterator[LineRequest]:
    if missing is not None:
        shown = ids.show("prd", line.product_id)
        item = menu.items.get(shown)
        kept = [ids.show("mod", each.modifier_id) for each in line.modifiers]
        if item is None or missing not in item.choices:
            return
        group = item.choices[missing].group
        others = [each for each, choice in item.choices.items() if choice.group is group and each not in kept]
        kept.remove(missing)
        variant = ids.show("var", line.variant_id)
        for wanted in ([*kept, other] for other in others):
            yield LineRequest(shown, line.qty, variant, tuple(wanted), line.note)
        yield LineRequest(shown, line.qty, variant, tuple(kept), line.note)
        return
    for shown, item in menu.items.items():
        if item.category == line.category and item.product.product_id != line.product_id:
            modifiers = tuple(_carried(item, line, now))
            for variant in item.variants:
                yield LineRequest(shown, line.qty, variant, modifiers, line.note)


def _carried(item: Item, line: OrderLine, now: datetime) -> list[str]:
    """The choices of a line on another product: its own defaults, and what the customer had chosen where it has that too."""
    chosen = default_modifiers(item, now)
    for each in line.modifiers:
        shown = ids.show("mod", each.modifier_id)
        choice = item.choices.get(shown)
        if choice is None or shown in chosen or not choice.modifier.available_at(now):
            continue
        same = [other for other in chosen if item.choices[other].group is choice.group]
        if len(same) >= choice.group.max_count:
            chosen.remove(same[0])
        chosen.append(shown)
    return chosen


def by_default(place: Store, order: Order, line_id: UUID) -> Choice:
    """What happens when nobody chooses: the line comes off; where nothing to make or to pay would be left, the whole order."""
    rest = [line for line in order.lines if line.line_id != line_id]
    if not rest:
        return Choice.CANCEL
    return (
        Choice.CANCEL if _waits_for_money(order) and without(place, order, line_id).total_minor == 0 else Choice.REFUND
    )


def choices(place: Store, order: Order, shortage: Shortage) -> tuple[Choice, ...]:
    """What the customer can choose from."""
    found = [Choice.SUBSTITUTE] if shortage.substitutes else []
    if by_default(place, order, shortage.line_id) is Choice.REFUND:
        found.append(Choice.REFUND)
    return (*found, Choice.CANCEL)


def given_up(before: Order, after: Order, line: OrderLine) -> RefundPart:
    """What an order costs less by a line that came off or was replaced: net and tax, in minor units."""
    amount = before.total_minor - after.total_minor
    tax = min(max(0, before.tax_minor - after.tax_minor), amount)
    qty = line.qty if len(after.lines) < len(before.lines) else 0
    return RefundPart(
        line_id=line.line_id, qty=qty, tax_rate_ppm=line.tax_rate_ppm, net_minor=amount - tax, tax_minor=tax
    )


def given_up_before(shortage: Shortage, *, tax_included: bool) -> RefundPart:
    """The same of a line that was settled a while ago: its tax in proportion to what the line cost."""
    line, amount = shortage.line, shortage.before_minor - (shortage.after_minor or 0)
    cost = line.total_minor - line.discount_minor + (0 if tax_included else line.tax_minor)
    tax = line.tax_minor * amount // cost if cost else 0
    return RefundPart(
        line_id=line.line_id, qty=0, tax_rate_ppm=line.tax_rate_ppm, net_minor=amount - tax, tax_minor=tax
    )
