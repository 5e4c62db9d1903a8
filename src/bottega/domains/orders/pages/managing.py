"""The manager's list of a store's orders and the page of one order, with what can be done about it."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response

from bottega.domains import identity, merchants, payments
from bottega.domains.catalog import Shops
from bottega.domains.merchants import Store, Workplace
from bottega.domains.orders import rules, store
from bottega.domains.orders.actions.moving import MoveOrder, transition
from bottega.domains.orders.actions.refunding import rest_of, try_again
from bottega.domains.orders.actions.running_short import Decide, choose_instead
from bottega.domains.orders.errors import ChoiceNotOffered, OrderNotFound, ShortageSettled
from bottega.domains.orders.model import (
    AuditRow,
    Order,
    OrderEvent,
    OrderFilter,
    RefundPart,
    ReturnedPart,
    Shortage,
    Transition,
)
from bottega.domains.orders.pages import shortages as alternatives
from bottega.domains.orders.pages.words import Seen, is_unpaid, reason_in_words
from bottega.domains.orders.states import OrderStatus
from bottega.domains.orders.store import audit, refunds, shortages
from bottega.domains.payments import AskedAttempt, Desk, Dispute, DisputeStatus, Entry, FailedRefund, Payment, Refund
from bottega.domains.pricing import ItemSoldOut
from bottega.infra.db import ReadTx
from bottega.infra.web.after import follow
from bottega.infra.web.context import Context, context
from bottega.infra.web.forms import in_words, posted, see_other, shows, staff_visitor, takes
from bottega.infra.web.pages import Look, Views, speaks
from bottega.infra.web.problem import AnyRequest
from bottega.kit import ids
from bottega.kit.clock import instant, utc_now
from bottega.kit.errors import DomainError
from bottega.kit.pagination import decode_cursor, encode_cursor
from bottega.kit.subject import Subject
from bottega.kit.text import clean

VIEWS = Views(__file__)
SEES = "payments.read"
_PAGE = 25
_STATUSES = (
    OrderStatus.PLACED, OrderStatus.PAID, OrderStatus.IN_PROGRESS, OrderStatus.READY, OrderStatus.COMPLETED,
    OrderStatus.CANCELLED,
)  # fmt: skip


class Wanted(msgspec.Struct, frozen=True):
    """Which orders somebody looks for, as it was typed; what can't be read is left out."""

    status: str = ""
    day_from: str = ""
    day_to: str = ""
    q: str = ""

    @property
    def any(self) -> bool:
        """Whether anything was typed at all."""
        return bool(self.status or self.day_from or self.day_to or self.q)


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """A payment of an order with everything that is known about it."""

    payment: Payment
    entries: list[Entry]
    attempts: list[AskedAttempt]
    refunds: list[Refund]
    parts: dict[UUID, list[ReturnedPart]]
    disputes: list[Dispute]
    left_minor: int


class Managed(msgspec.Struct, frozen=True, kw_only=True):
    """An order as its manager sees it. `rest` is what is left of each line to be given back of its present payment."""

    order: Order
    history: list[OrderEvent]
    money: list[Money]
    rest: dict[UUID | None, RefundPart]
    tasks: list[FailedRefund]
    short: list[Shortage]
    audit: list[AuditRow]
    names: dict[UUID, str]

    @property
    def current(self) -> Money | None:
        """The payment that the order has now."""
        return next((each for each in self.money if each.payment.payment_id == self.order.payment_id), None)


class Desked(msgspec.Struct, frozen=True):
    """A manager at the page of one order."""

    here: Context
    subject: Subject
    store_id: UUID
    order_id: UUID
    work: Workplace
    seen: Managed

    @property
    def path(self) -> str:
        """The page's address."""
        return f"/manage/orders/{ids.show('ord', self.order_id)}"

    def shown(self) -> dict[str, Any]:
        """What every page about the order needs."""
        place, order = self.work.store, self.seen.order
        return {
            "workplace": self.work,
            "store": place,
            "order": order,
            "seen": self.seen,
            "number": rules.display_number(place.order_prefix, order.number),
            "path": self.path,
            "names_of_lines": {
                line.line_id: line.name for line in (*(each.line for each in self.seen.short), *order.lines)
            },
            "now": utc_now(),
            "can_refund": self.subject.may("payments.refund", self.store_id),
        }


@shows("/manage/stores/{store_id:str}/orders")
async def orders_of_store(request: AnyRequest, store_id: str) -> Response[Any]:
    """The orders of a store, newest first, by status, day, number or name."""
    here, subject, place_id = await staff_visitor(request, store_id, SEES)
    query = request.query_params
    wanted = Wanted(*(query.get(name, "")[:60].strip() for name in ("status", "from", "to", "q")))
    if wanted.q.startswith("ord_"):
        return see_other(f"/manage/orders/{wanted.q}")
    async with here.database.read(subject.merchant_id) as tx:
        work = await merchants.workplace(tx, subject, place_id, "orders")
        found = await store.listed(tx, _filter(wanted, work.store, _before(query.get("cursor", ""))))
        paid = await payments.many(tx, place_id, [each.payment_id for each in found if each.payment_id])
        tasks = await payments.failed_refunds(tx, place_id)
    more = encode_cursor(found[_PAGE - 1].order_id.hex) if len(found) > _PAGE else None
    values = {
        "workplace": work,
        "store": work.store,
        "orders": [_row(order, work.store, paid) for order in found[:_PAGE]],
        "wanted": wanted,
        "statuses": _STATUSES,
        "older": f"?{urlencode(_typed(wanted) | {'cursor': more})}" if more else "",
        "newer": f"?{urlencode(_typed(wanted))}" if query.get("cursor") else "",
        "tasks": [{"task": task, "path": f"/manage/orders/{ids.show('ord', task.reference)}"} for task in tasks],
        "now": utc_now(),
        "why": partial(reason_in_words, speaks(request)),
    }
    return VIEWS.page(request, "manage_orders.html", values, Look(cache="no-store"))


@shows("/manage/orders/{order_id:str}")
async def order_page(request: AnyRequest, order_id: str) -> Response[Any]:
    """One order: lines, taxes, history, money and what can be done about them."""
    return await _page(request, await at_order(request, order_id))


@takes("/manage/orders/{order_id:str}/cancel")
async def cancel(request: AnyRequest, order_id: str) -> Response[Any]:
    """Cancel the order, with a reason; what was paid goes back."""
    fields = await posted(request)
    desk = await at_order(request, order_id)
    try:
        wanted = Transition(
            to_status=OrderStatus.CANCELLED,
            expected_status=_status(fields.text("expected")) or desk.seen.order.status,
            reason=clean(fields.text("reason"), "/reason", max_length=200),
        )
        if not wanted.reason:
            return await _page(request, desk, speaks(request)("manage.reason_missing"))
        command = MoveOrder(desk.store_id, desk.order_id, wanted)
        moved = await desk.here.database.run(transition, command, by=desk.subject)
    except DomainError as error:
        return await _page(request, await at_order(request, order_id), in_words(speaks(request), error))
    if moved.payment_id is not None:
        ask_soon(desk, moved.payment_id)
    return see_other(f"{desk.path}?done=cancelled")


@takes("/manage/orders/{order_id:str}/refunds/{refund_id:str}/retry")
async def retry(request: AnyRequest, order_id: str, refund_id: str) -> Response[Any]:
    """Ask once more for a refund that failed for good."""
    await posted(request)
    desk = await at_order(request, order_id)
    desk.subject.require("payments.refund", desk.store_id)
    parsed = ids.parse("ref", refund_id)
    task = next((each for each in desk.seen.tasks if each.refund_id == parsed), None)
    if task is None:
        return see_other(desk.path)  # somebody was faster
    which = (desk.store_id, task.payment_id, parsed)
    try:
        await desk.here.database.run(try_again, which, by=desk.subject)
    except DomainError as error:
        return await _page(request, desk, in_words(speaks(request), error))
    ask_soon(desk, task.payment_id)
    return see_other(f"{desk.path}?done=refund")


@takes("/manage/orders/{order_id:str}/shortages/{shortage_id:str}")
async def choose_for_them(request: AnyRequest, order_id: str, shortage_id: str) -> Response[Any]:
    """Choose for the customer, who has said at the counter or by telephone what they want instead of what is out."""
    wanted = alternatives.chosen((await posted(request)).text("choice"))
    desk = await at_order(request, order_id)
    try:
        if wanted is None:
            raise ChoiceNotOffered
        shop = await desk.here.part(Shops).get(desk.store_id)
        decision = Decide(shop, desk.order_id, ids.parse("sho", shortage_id), wanted)
        decided = await desk.here.database.run(choose_instead, decision, by=desk.subject)
    except (ShortageSettled, ChoiceNotOffered, ItemSoldOut) as error:
        return await _page(request, await at_order(request, order_id), in_words(speaks(request), error))
    if decided.payment_id is not None:
        ask_soon(desk, decided.payment_id)
    return see_other(f"{desk.path}?done=chosen")


async def at_order(request: AnyRequest, shown_id: str) -> Desked:
    """A manager at an order's page. Raises `Unauthenticated`, `OrderNotFound`, `Forbidden`."""
    order_id = ids.parse("ord", shown_id)
    _, store_id = await context(request).owner_of(order_id)
    here, subject, _ = await staff_visitor(request, ids.show("sto", store_id), SEES)
    async with here.database.read(subject.merchant_id) as tx:
        work = await merchants.workplace(tx, subject, store_id, "orders")
        seen = await _look(tx, store_id, order_id)
    return Desked(here, subject, store_id, order_id, work, seen)


def ask_soon(desk: Desked, payment_id: UUID) -> None:
    """Ask the provider right after the answer."""
    follow(desk.here.part(Desk).ask(desk.subject.merchant_id, desk.store_id, payment_id, first=True))


async def _page(request: AnyRequest, desk: Desked, problem: str = "") -> Response[Any]:
    done, current = request.query_params.get("done", ""), desk.seen.current
    look = Seen(speaks(request), utc_now(), desk.path)
    payment = None if current is None else current.payment
    values = {
        **desk.shown(),
        "problem": problem,
        "done": done if done in ("refund", "refunded", "cancelled", "chosen") else "",
        "short": alternatives.in_words(desk.seen.order, desk.seen.short, payment, desk.work.store, look),
        "may_choose": desk.subject.may("orders.advance", desk.store_id),
        "unpaid": desk.seen.order.status is not OrderStatus.PLACED and is_unpaid(desk.seen.order, payment),
        "disputed": [each for each in desk.seen.money if each.payment.disputed_minor and _is_disputed(each)],
        "can_cancel": OrderStatus.CANCELLED in rules.allowed(desk.seen.order),
        "why": partial(reason_in_words, speaks(request)),
    }
    return VIEWS.page(request, "manage_order.html", values, Look(status=409 if problem else 200, cache="no-store"))


async def _look(tx: ReadTx, store_id: UUID, order_id: UUID) -> Managed:
    order = await store.find(tx, store_id, order_id)
    if order is None:
        raise OrderNotFound
    history = await store.history(tx, store_id, order_id)
    paid = await payments.of_reference(tx, store_id, order_id)
    money = [await _money(tx, payment) for payment in paid]
    current = next((payment for payment in paid if payment.payment_id == order.payment_id), None)
    rest = [] if current is None else await rest_of(tx, order, current)
    rows = await audit.of_money(tx, store_id, _things(money))
    acted = [event.actor_id for event in history] + [row.actor_id for row in rows]
    acted += [entry.actor_id for each in money for entry in each.entries]
    return Managed(
        order=order,
        history=history,
        money=money,
        rest={part.line_id: part for part in rest},
        tasks=await payments.failed_refunds(tx, store_id, order_id),
        short=await shortages.of_order(tx, store_id, order_id),
        audit=rows,
        names=await identity.names_of(tx, {each for each in acted if each is not None}),
    )


async def _money(tx: ReadTx, payment: Payment) -> Money:
    which = (payment.store_id, payment.payment_id)
    parts: dict[UUID, list[ReturnedPart]] = {}
    for part in await refunds.returned(tx, *which, failed=True):
        parts.setdefault(part.refund_id, []).append(part)
    return Money(
        payment=payment,
        entries=await payments.entries(tx, *which),
        attempts=[each for each in await payments.attempts(tx, *which) if each.state != "DONE" or each.tries > 1],
        refunds=await payments.refunds(tx, *which),
        parts=parts,
        disputes=await payments.disputes_of(tx, *which),
        left_minor=await payments.left(tx, payment),
    )


def _things(money: Sequence[Money]) -> list[UUID]:
    """What the audit trail names: payments, and refunds that were tried again."""
    return [each.payment.payment_id for each in money] + [one.refund_id for each in money for one in each.refunds]


def _is_disputed(money: Money) -> bool:
    return any(each.status is DisputeStatus.OPENED for each in money.disputes)


def _row(order: Order, place: Store, paid: dict[UUID, Payment]) -> dict[str, Any]:
    return {
        "order": order,
        "number": rules.display_number(place.order_prefix, order.number),
        "path": f"/manage/orders/{ids.show('ord', order.order_id)}",
        "payment": paid.get(order.payment_id) if order.payment_id else None,
        "items": sum(line.qty for line in order.lines),
    }


def _filter(wanted: Wanted, place: Store, before: UUID | None) -> OrderFilter:
    digits = wanted.q.rpartition("-")[2]
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
    status = _status(wanted.status)
    return OrderFilter(
        store_id=place.store_id,
        statuses=(status,) if status else (),
        created_from=_start(wanted.day_from, place),
        created_to=_start(wanted.day_to, place, after=True),
        number=number,
        name=wanted.q if wanted.q and number is None else None,
        before=before,
        limit=_PAGE + 1,
    )


def _typed(wanted: Wanted) -> dict[str, str]:
    typed = {"status": wanted.status, "from": wanted.day_from, "to": wanted.day_to, "q": wanted.q}
    return {name: value for name, value in typed.items() if value}


def _status(text: str) -> OrderStatus | None:
    return OrderStatus(text) if text in OrderStatus.__members__ else None


def _start(day: str, place: Store, *, after: bool = False) -> datetime | None:
    """When a day begins (or is over) at the store; None for what is no day."""
    try:
        parsed = date.fromisoformat(day)
        return instant(parsed + timedelta(days=1) if after else parsed, time(), place.timezone)
    except (ValueError, OverflowError):
        return None


def _before(cursor: str) -> UUID | None:
    """Where an older page goes on; a cursor that was not made here shows the newest."""
    try:
        position: Sequence[Any] = decode_cursor(cursor) if cursor else ()
        return UUID(str(position[0])) if position else None
    except (DomainError, ValueError):
        return None


HANDLERS = [orders_of_store, order_page, cancel, retry, choose_for_them]
