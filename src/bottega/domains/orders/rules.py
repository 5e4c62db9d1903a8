"""Decisions about orders: may it be placed, may it move, what goes back, what is it called. Values in, values out."""

from collections.abc import Sequence
from fractions import Fraction

from bottega.domains.merchants import PayMode, Store
from bottega.domains.orders.errors import (
    FulfillmentNotOffered,
    MoveNotAllowed,
    NothingToPayOnline,
    PaidOnlineOnly,
    PayModeNotOffered,
    RefundLineTooLarge,
    RefundLineUnknown,
    SchedulingNotOffered,
    StatusConflict,
    TillDetailsMissing,
    TillDetailsUnexpected,
    TooLateToCancel,
)
from bottega.domains.orders.model import Order, PlaceOrder, RefundPart, RefundUnits, RefundWish, Transition
from bottega.domains.orders.states import CUSTOMER_CANCELS, OrderStatus, machine_for
from bottega.domains.payments import NothingToRefund, RefundTooLarge
from bottega.domains.pricing import PromoCodeUnknown, Quote, TotalChanged
from bottega.kit.errors import DomainError, FieldError
from bottega.kit.machine import Move
from bottega.kit.money import Rounding, apportion, divide


def check_placement(store: Store, request: PlaceOrder) -> None:
    """Refuse what this store does not offer. Opening hours are checked by `merchants.check_open`."""
    if request.fulfillment_type not in store.order_modes:
        raise FulfillmentNotOffered
    if request.pay_mode not in store.pay_modes:
        raise PayModeNotOffered
    if request.requested_for is not None:
        raise SchedulingNotOffered
    if request.promo_codes:
        detail = f"{request.promo_codes[0][:40]} is not a code we know"
        raise PromoCodeUnknown(detail, errors=(FieldError("/promo_codes/0", PromoCodeUnknown.code, detail),))


def check_total(request_total: int | None, quote: Quote, pay_mode: PayMode) -> None:
    """Refuse when the customer agreed to another total, or when there is nothing to pay online."""
    if request_total is not None and request_total != quote.total_minor:
        raise TotalChanged(extra={"total": quote.total_minor, "currency": quote.currency})
    if pay_mode is PayMode.ONLINE and quote.total_minor == 0:
        raise NothingToPayOnline


def allowed(order: Order) -> tuple[OrderStatus, ...]:
    """Where the order can go from here."""
    return machine_for(order.fulfillment_type, order.pay_mode).targets(order.status)


def check_move(order: Order, wanted: Transition) -> Move[OrderStatus]:
    """The move that a transition asks for. Raises `StatusConflict` (somebody was faster) or `MoveNotAllowed`."""
    state = {"order_status": order.status, "seq": order.seq, "allowed_transitions": allowed(order)}
    if order.status is not wanted.expected_status:
        raise StatusConflict(f"The order is {order.status} now", extra=state)
    move = machine_for(order.fulfillment_type, order.pay_mode).move(order.status, wanted.to_status)
    if move is None:
        raise MoveNotAllowed(f"An order can't go from {order.status} to {wanted.to_status}", extra=state)
    return move


def check_staff_move(order: Order, wanted: Transition) -> Move[OrderStatus]:
    """As `check_move`, for staff: they can't call an order paid, and they close unpaid ones with the till's details."""
    move = check_move(order, wanted)
    if move.name in ("pay", "confirm"):
        raise PaidOnlineOnly
    closes_at_till = order.pay_mode is PayMode.AT_STORE and move.target is OrderStatus.COMPLETED
    if closes_at_till and not (wanted.receipt_ref and wanted.tender):
        raise TillDetailsMissing
    if not closes_at_till and (wanted.receipt_ref or wanted.tender):
        raise TillDetailsUnexpected
    return move


def check_customer_cancel(order: Order) -> None:
    """Raise `TooLateToCancel` unless the customer may still take the order back."""
    if order.status not in CUSTOMER_CANCELS:
        raise TooLateToCancel(
            f"The order is {order.status} already", extra={"order_status": order.status, "seq": order.seq}
        )


def display_number(prefix: str, number: int) -> str:
    """The number that is called at the counter: `M-041`, or `041` without a prefix."""
    return f"{prefix}-{number:03d}" if prefix else f"{number:03d}"


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
