"""What the page of an order says of lines that are out: what may be chosen instead, until when, and what came of it. Pure."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from bottega.domains.merchants import Store
from bottega.domains.orders.model import Choice, ChooseInstead, Order, OrderLine, Shortage
from bottega.domains.orders.pages.words import Seen
from bottega.domains.orders.rules import shortages as rules
from bottega.domains.orders.rules.reasons import counted
from bottega.domains.orders.states import ShortageState
from bottega.domains.payments import Payment
from bottega.domains.pricing import QuotedLine
from bottega.kit import ids


class Alternative(msgspec.Struct, frozen=True):
    """One thing that can be chosen; `value` is what the form posts."""

    value: str
    label: str
    hint: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A line that is out and that its customer is asked about."""

    shortage_id: str
    line: OrderLine
    headline: str
    reason: str
    due_at: datetime
    seconds: int
    otherwise: str
    alternatives: tuple[Alternative, ...]


class Settled(msgspec.Struct, frozen=True):
    """A line that was out, and what came of it."""

    line: OrderLine
    text: str


class Shortages(msgspec.Struct, frozen=True):
    """All of an order's. `key` changes when the page has something else to show than before."""

    asked: tuple[Asked, ...]
    settled: tuple[Settled, ...]
    key: str


def in_words(order: Order, found: Sequence[Shortage], payment: Payment | None, place: Store, look: Seen) -> Shortages:
    """Put the shortages of an order into words for its customer."""
    paid = payment is not None and payment.captured_minor > 0
    asked = [each for each in found if each.state is ShortageState.OFFERED]
    settled = [each for each in found if each.state in (ShortageState.SUBSTITUTED, ShortageState.REFUNDED)]
    return Shortages(
        asked=tuple(_asked(order, each, place, look, paid=paid) for each in asked),
        settled=tuple(Settled(each.line, _came_of(order, each, look, paid=paid)) for each in settled),
        key=" ".join(f"{each.shortage_id.hex[:12]}{each.state[0]}{order.total_minor}" for each in found),
    )


def chosen(value: str) -> ChooseInstead | None:
    """What a form's value means; None for nothing that we wrote into it."""
    if value in (Choice.REFUND, Choice.CANCEL):
        return ChooseInstead(Choice(value))
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 3 else 0
    return ChooseInstead(Choice.SUBSTITUTE, number) if 1 <= number <= 50 else None


def _asked(order: Order, shortage: Shortage, place: Store, look: Seen, *, paid: bool) -> Asked:
    t = look.t
    alone = rules.by_default(place, order, shortage.line_id) is Choice.CANCEL
    found = [
        Alternative(
            str(number), _called(each), _saved(order, rules.saved(place, order, shortage, each), look, paid=paid)
        )
        for number, each in enumerate(shortage.substitutes, start=1)
    ]
    if not alone:
        less = order.total_minor - rules.without(place, order, shortage.line_id).total_minor
        found.append(Alternative(Choice.REFUND, t("short.leave_out"), _saved(order, less, look, paid=paid)))
    whole = _saved(order, order.total_minor, look, paid=True) if paid else t("short.nothing_to_pay")
    found.append(Alternative(Choice.CANCEL, t("short.cancel"), whole))
    until = t.time(shortage.due_at, place.timezone)
    of_line, name = shortage.missing == shortage.line.name, _named(order, shortage.line)
    return Asked(
        shortage_id=ids.show("sho", shortage.shortage_id),
        line=shortage.line,
        headline=t("short.out", name=name) if of_line else t("short.choice_out", name=name, choice=shortage.missing),
        reason=shortage.reason,
        due_at=shortage.due_at,
        seconds=max(0, int((shortage.due_at - look.now).total_seconds())),
        otherwise=t("short.otherwise_cancel" if alone else "short.otherwise_off", time=until),
        alternatives=tuple(found),
    )


def _named(order: Order, line: OrderLine) -> str:
    """A line by its name; with how many of it, where there are more of the same in the order."""
    same = sum(each.qty for each in order.lines if each.product_id == line.product_id)
    return counted(line) if same > 1 else line.name


def _called(offered: QuotedLine) -> str:
    """A substitute by its name, size and choices."""
    parts = [
        offered.name,
        offered.variant_name,
        *(each.name for each in offered.modifiers if each.kitchen != "DEFAULT"),
    ]
    return " · ".join(part for part in parts if part)


def _saved(order: Order, amount: int, look: Seen, *, paid: bool) -> str:
    if amount == 0:
        return look.t("short.same_price")
    return look.t("short.back" if paid else "short.less", amount=look.t.money(amount, order.currency))


def _came_of(order: Order, shortage: Shortage, look: Seen, *, paid: bool) -> str:
    t = look.t
    amount = shortage.before_minor - (shortage.after_minor or 0)
    hint = "" if amount == 0 else f" {_saved(order, amount, look, paid=paid)}."
    if shortage.state is ShortageState.SUBSTITUTED and shortage.chosen is not None:
        return t("short.replaced", name=_called(shortage.substitutes[shortage.chosen - 1])) + hint
    return t("short.lapsed" if shortage.decided_kind == "SYSTEM" else "short.taken_off") + hint
