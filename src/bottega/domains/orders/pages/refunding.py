"""The page on which a manager gives money back: how much, of what, why; the split is shown before anything moves.

A refund is only asked for when the amount that was shown is still the one that goes back. Everything works without script;
with it the split follows what is typed.
"""

import secrets
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response

from bottega.domains import payments
from bottega.domains.orders.actions.refunding import preview, refund
from bottega.domains.orders.model import RefundOrder, RefundUnits, RefundWish, Returned
from bottega.domains.orders.pages.managing import VIEWS, Desked, Money, ask_soon, at_order
from bottega.domains.orders.rules.refunding import by_rate
from bottega.domains.payments import Provider
from bottega.infra.transaction import Claim, fingerprint
from bottega.infra.web.body import rendered
from bottega.infra.web.forms import Fields, in_words, posted, see_other, shows, takes
from bottega.infra.web.i18n import Translator
from bottega.infra.web.pages import Look, speaks
from bottega.infra.web.problem import AnyRequest
from bottega.kit import ids
from bottega.kit.errors import DomainError, Invalid
from bottega.kit.money import parse_amount
from bottega.kit.text import clean

_ALL, _LINES, _AMOUNT = "ALL", "LINES", "AMOUNT"


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What was chosen and typed; `key` makes the refund one, however often the form is sent."""

    key: str
    way: str
    units: dict[UUID, int]
    amount: str
    reason: str
    receipt_ref: str
    expected: str


@shows("/manage/orders/{order_id:str}/refund")
async def refund_form(request: AnyRequest, order_id: str) -> Response[Any]:
    """How much, of what, and why; to begin with everything that is left."""
    desk = await at_order(request, order_id)
    return await _page(request, desk, _form(Fields({}), desk))


@takes("/manage/orders/{order_id:str}/refund")
async def give_back(request: AnyRequest, order_id: str) -> Response[Any]:
    """Ask for the refund that was shown, or (`show`) show what would go back for what was typed."""
    fields = await posted(request)
    desk = await at_order(request, order_id)
    desk.subject.require("payments.refund", desk.store_id)
    form, t, money = _form(fields, desk), speaks(request), desk.seen.current
    if money is None:
        return see_other(desk.path)
    if fields.text("show"):
        return await _page(request, desk, form)
    try:
        command = RefundOrder(
            store_id=desk.store_id,
            payment_id=money.payment.payment_id,
            wish=_wish(form, money),
            reason=clean(form.reason, "/reason", max_length=200),
            receipt_ref=clean(form.receipt_ref, "/receipt_ref", max_length=100) or None,
        )
        missing = _missing(t, command, money)
        if missing:
            return await _page(request, desk, form, missing)
        async with desk.here.database.read(desk.subject.merchant_id) as tx:
            seen = await preview(tx, (desk.store_id, command.payment_id), command.wish)
        if str(seen.amount_minor) != form.expected:
            return await _page(request, desk, form, {"amount": t("manage.refund_moved")})
        key = Claim("manage.refund", form.key, fingerprint(command))
        await desk.here.database.answer(refund, command, by=desk.subject, key=key, view=lambda _: rendered(None))
    except DomainError as error:
        desk = await at_order(request, order_id)
        said = _refused(t, form, desk.seen.current or money, error)
        return await _page(request, desk, form, {"amount": said})
    ask_soon(desk, command.payment_id)
    at_till = money.payment.provider is Provider.TILL
    return see_other(f"{desk.path}?done={'refunded' if at_till else 'refund'}")


async def _page(request: AnyRequest, desk: Desked, form: Form, problems: dict[str, str] | None = None) -> Response[Any]:
    t, money = speaks(request), desk.seen.current
    if money is None or money.left_minor <= 0:
        return see_other(desk.path)
    split: Returned | None = None
    said = problems or {}
    try:
        async with desk.here.database.read(desk.subject.merchant_id) as tx:
            split = await preview(tx, (desk.store_id, money.payment.payment_id), _wish(form, money))
    except DomainError as error:
        if {_ALL: True, _LINES: bool(form.units), _AMOUNT: bool(form.amount.strip())}[form.way] or problems:
            said = {"amount": _refused(t, form, money, error)} | said
    values = {
        **desk.shown(),
        "form": form,
        "money_seen": money,
        "split": split,
        "rates": by_rate(split.parts) if split else [],
        "problems": said,
        "at_till": money.payment.provider is Provider.TILL,
    }
    return VIEWS.page(request, "manage_refund.html", values, Look(status=422 if problems else 200, cache="no-store"))


def _form(fields: Fields, desk: Desked) -> Form:
    units: dict[UUID, int] = {}
    for line in desk.seen.order.lines:
        wanted = fields.number(f"qty_{ids.show('lin', line.line_id)}", 0)
        if wanted:
            units[line.line_id] = wanted
    way = fields.text("way", _ALL)
    return Form(
        key=fields.text("key")[:64] or secrets.token_urlsafe(16),
        way=way if way in (_ALL, _LINES, _AMOUNT) else _ALL,
        units=units,
        amount=fields.text("amount")[:20],
        reason=fields.text("reason")[:200],
        receipt_ref=fields.text("receipt_ref")[:100],
        expected=fields.text("expected")[:20],
    )


def _wish(form: Form, money: Money) -> RefundWish:
    """What the form asks for. Raises `Invalid` for an amount that can't be read, `NothingToRefund` for no units."""
    if form.way == _AMOUNT:
        return RefundWish(parse_amount(form.amount, money.payment.currency))
    if form.way == _LINES:
        if not form.units:
            raise Invalid("No line was chosen")
        return RefundWish(None, tuple(RefundUnits(line_id, qty) for line_id, qty in form.units.items()))
    return RefundWish()


def _refused(t: Translator, form: Form, money: Money, error: DomainError) -> str:
    currency = money.payment.currency
    if isinstance(error, Invalid) and form.way != _ALL:
        example = "".join(each for each in t.money(450, currency) if each.isdigit() or each in ".,")
        return t("manage.choose_how_much") if form.way == _LINES else t("manage.amount_wrong", example=example)
    return in_words(t, error, amount=t.money(money.left_minor, currency))


def _missing(t: Translator, command: RefundOrder, money: Money) -> dict[str, str]:
    missing: dict[str, str] = {}
    if not command.reason:
        missing["reason"] = t("manage.reason_missing")
    if money.payment.provider is payments.Provider.TILL and not command.receipt_ref:
        missing["receipt_ref"] = t("manage.receipt_missing")
    return missing


HANDLERS = [refund_form, give_back]
