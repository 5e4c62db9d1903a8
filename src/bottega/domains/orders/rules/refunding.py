"""What goes back of an order, and what it is of: lines, units, net and tax. Values in, values out.

What must stay true: the parts of a refund add up to it, and no line gives back more than was bought of it.
"""

from collections.abc import Sequence
from fractions import Fraction

from bottega.domains.orders.errors import RefundLineTooLarge, RefundLineUnknown
from bottega.domains.orders.model import Order, RefundPart, RefundUnits, RefundWish
from bottega.domains.payments import NothingToRefund, RefundTooLarge
from bottega.kit.errors import DomainError, FieldError
from bottega.kit.money import Rounding, apportion, divide


def rest_of(order: Order, returned: Sequence[RefundPart]) -> list[RefundPart]:
    """What is left of each line and of the fees, after `returned` (the parts of all refunds that have not failed)."""
    bought = [
        RefundPart(
            line_id=line.line_id,
            qty=line.qty,
            tax_rate_ppm=line.tax_rate_ppm,
            net_minor=line.total_minor - line.discount_minor - (line.tax_minor if order.tax_included else 0),
            tax_minor=line.tax_minor,
        )
        for line in order.lines
    ]
    fees = RefundPart(line_id=None, qty=0, tax_rate_ppm=0, net_minor=order.fees_minor, tax_minor=0)
    return [_less(part, [gone for gone in returned if gone.line_id == part.line_id]) for part in [*bought, fees]]


def split_refund(rest: Sequence[RefundPart], left_minor: int, wish: RefundWish) -> tuple[RefundPart, ...]:
    """A refund in parts that add up to it, out of what is left of the lines (`rest`) and of the payment (`left_minor`).

    Units of a line take their share of what is left of it; an amount is spread over all that is left by largest
    remainder; tax goes along in proportion, rounded once for each rate. What no line stands for has no tax.
    Raises `NothingToRefund`, `RefundTooLarge`, `RefundLineUnknown`, `RefundLineTooLarge`.
    """
    if left_minor <= 0:
        raise NothingToRefund
    if wish.units:
        amounts, units = _of_units(rest, wish.units)
    else:
        amounts, units = _of_amount(rest, left_minor if wish.amount_minor is None else wish.amount_minor)
    whole = sum(amounts)
    if whole > left_minor or (wish.amount_minor is not None and wish.amount_minor <= 0):
        raise RefundTooLarge(f"At most {left_minor} is left to refund", extra={"refundable": left_minor})
    if whole <= 0:
        raise NothingToRefund
    taxes = _shares_of_tax(rest, amounts)
    return tuple(
        RefundPart(
            line_id=part.line_id,
            qty=qty,
            tax_rate_ppm=part.tax_rate_ppm,
            net_minor=amount - tax,
            tax_minor=tax,
        )
        for part, amount, tax, qty in zip(rest, amounts, taxes, units, strict=True)
        if amount or qty
    )


def check_again(rest: Sequence[RefundPart], left_minor: int, amount_minor: int, parts: Sequence[RefundPart]) -> None:
    """Whether a refund that failed can be asked for again. Raises `RefundTooLarge`, `RefundLineTooLarge`."""
    if amount_minor > left_minor:
        raise RefundTooLarge(f"At most {left_minor} is left to refund", extra={"refundable": left_minor})
    known = {part.line_id: part for part in rest}
    for part in parts:
        still = known.get(part.line_id)
        if part.line_id is None or still is None:
            continue
        if part.qty > still.qty or part.net_minor > still.net_minor or part.tax_minor > still.tax_minor:
            raise RefundLineTooLarge(
                f"At most {still.qty} of this line ({still.amount_minor}) can still be given back",
                extra={"left": still.qty, "left_minor": still.amount_minor},
            )


def by_rate(parts: Sequence[RefundPart]) -> list[RefundPart]:
    """Parts added up by their rate of tax, the highest first."""
    sums: list[RefundPart] = []
    for rate in sorted({part.tax_rate_ppm for part in parts}, reverse=True):
        of_rate = [part for part in parts if part.tax_rate_ppm == rate]
        net, tax = sum(part.net_minor for part in of_rate), sum(part.tax_minor for part in of_rate)
        sums.append(RefundPart(line_id=None, qty=0, tax_rate_ppm=rate, net_minor=net, tax_minor=tax))
    return sums


def _less(part: RefundPart, gone: Sequence[RefundPart]) -> RefundPart:
    return RefundPart(
        line_id=part.line_id,
        qty=max(0, part.qty - sum(each.qty for each in gone)),
        tax_rate_ppm=part.tax_rate_ppm,
        net_minor=max(0, part.net_minor - sum(each.net_minor for each in gone)),
        tax_minor=max(0, part.tax_minor - sum(each.tax_minor for each in gone)),
    )


def _of_units(rest: Sequence[RefundPart], wanted: Sequence[RefundUnits]) -> tuple[list[int], list[int]]:
    """What units of lines are worth: the last ones of a line take all that is left of it."""
    known = {part.line_id: place for place, part in enumerate(rest) if part.line_id is not None}
    amounts, units = [0] * len(rest), [0] * len(rest)
    for index, each in enumerate(wanted):
        place = known.get(each.line_id)
        if place is None:
            raise _refund_line(RefundLineUnknown, index, "line_id", "This order has no such line", {})
        part = rest[place]
        units[place] += each.qty
        if units[place] > part.qty:
            detail = f"At most {part.qty} of this line can still be given back"
            raise _refund_line(RefundLineTooLarge, index, "qty", detail, {"left": part.qty})
        amounts[place] = divide(part.amount_minor * units[place], part.qty, Rounding.HALF_UP)
    return amounts, units


def _refund_line(
    error: type[DomainError], index: int, field: str, detail: str, extra: dict[str, object]
) -> DomainError:
    return error(detail, errors=(FieldError(f"/lines/{index}/{field}", error.code, detail),), extra=extra)


def _of_amount(rest: Sequence[RefundPart], amount: int) -> tuple[list[int], list[int]]:
    """An amount spread over what is left. Where it takes everything, the units go back with it; a surplus is of no line."""
    weights = [part.amount_minor for part in rest]
    surplus = amount - sum(weights)
    if surplus < 0:
        return apportion(max(0, amount), weights), [0] * len(rest)
    return [*weights[:-1], weights[-1] + surplus], [part.qty for part in rest]


def _shares_of_tax(rest: Sequence[RefundPart], amounts: Sequence[int]) -> list[int]:
    """The tax in each amount, in proportion to what is left of its line; rounded once a rate, then by largest remainder."""
    exact = [
        Fraction(part.tax_minor * min(amount, part.amount_minor), part.amount_minor)
        if part.amount_minor
        else Fraction()
        for part, amount in zip(rest, amounts, strict=True)
    ]
    taxes = [share.numerator // share.denominator for share in exact]
    for rate in {part.tax_rate_ppm for part in rest}:
        members = [place for place, part in enumerate(rest) if part.tax_rate_ppm == rate]
        whole = sum((exact[place] for place in members), Fraction())
        short = divide(whole.numerator, whole.denominator, Rounding.HALF_UP) - sum(taxes[place] for place in members)
        members.sort(key=lambda place: (taxes[place] - exact[place], place))
        for place in members[:short]:
            taxes[place] += 1
    return taxes


def still_owed(gone: RefundPart, returned: Sequence[RefundPart], left_minor: int) -> RefundPart | None:
    """What is to be given back of a part that is not bought any more: less what went back of its line before, and within
    what is left (minor units); None for nothing.
    """
    rest = _less(gone, [each for each in returned if each.line_id == gone.line_id])
    amount = min(rest.amount_minor, left_minor)
    if amount <= 0:
        return None
    tax = rest.tax_minor * amount // rest.amount_minor
    whole = amount == rest.amount_minor
    return RefundPart(
        line_id=gone.line_id,
        qty=rest.qty if whole else 0,
        tax_rate_ppm=gone.tax_rate_ppm,
        net_minor=amount - tax,
        tax_minor=tax,
    )
