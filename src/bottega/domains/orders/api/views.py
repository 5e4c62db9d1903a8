"""How orders look to clients."""

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec

from bottega.domains import payments
from bottega.domains.merchants import Store
from bottega.domains.orders import rules
from bottega.domains.orders.model import Choice, Order, OrderEvent, OrderLine, Shortage
from bottega.domains.orders.rules import shortages
from bottega.domains.orders.states import ShortageState
from bottega.domains.payments import Payment, PaymentStatus, Refund
from bottega.domains.pricing import Quote, QuotedLine
from bottega.infra.db import ReadTx
from bottega.infra.web.context import Context
from bottega.kit import ids


class LineModifierView(msgspec.Struct, frozen=True):
    """A chosen modifier as it was named and priced when the order was placed."""

    modifier_id: str
    name: str
    price_delta: int
    group_name: str


class OrderLineView(msgspec.Struct, frozen=True, kw_only=True):
    """One line; amounts in the order's currency (minor units)."""

    line_id: str
    product_id: str
    variant_id: str
    name: str
    variant_name: str
    qty: int
    unit_price: int
    modifiers: list[LineModifierView]
    note: str
    discount: int
    tax: int
    total: int


class OrderPaymentView(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the order's payment stands. `client_secret` only while there is something to confirm.

    `failure` is why the latest try to pay did not succeed, as the code of a refusal (`payment_declined`, …).
    """

    payment_id: str
    status: str
    client_secret: str | None = None
    refund_status: str | None = None
    refunded: int = 0
    failure: str | None = None


class HistoryView(msgspec.Struct, frozen=True):
    """One step of an order's history."""

    seq: int
    event: str
    from_status: str | None
    to_status: str
    at: datetime
    actor: str
    reason: str | None


class SubstituteView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that may be had instead: `number` is what a choice names; `refund` comes back with it (minor units)."""

    number: int
    product_id: str
    variant_id: str
    name: str
    variant_name: str
    modifiers: list[LineModifierView]
    unit_price: int
    total: int
    refund: int


class ShortageView(msgspec.Struct, frozen=True, kw_only=True):
    """A line that turned out not to be there. `line` is as it was ordered, whatever the order's lines are now.

    While OFFERED: `choices`, what each `refund`s, and the `default` that happens at `due_at` by itself.
    """

    shortage_id: str
    line_id: str
    state: str
    missing: str
    reason: str
    line: OrderLineView
    substitutes: list[SubstituteView]
    choices: list[str]
    default: str | None
    refund: int
    created_at: datetime
    due_at: datetime
    chosen: int | None
    new_line_id: str | None
    decided_at: datetime | None
    decided_by: str | None


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An order. Amounts in the minor unit of `currency`; `tax` is contained in `total` when `tax_included`."""

    order_id: str
    store_id: str
    number: str
    status: str
    fulfillment_type: str
    pay_mode: str
    currency: str
    subtotal: int
    discount: int
    tax: int
    tax_included: bool
    fees: int
    total: int
    contact_name: str
    lines: list[OrderLineView]
    payment: OrderPaymentView | None
    tracking_url: str
    ready_estimate: datetime
    requested_for: datetime | None
    seq: int
    created_at: datetime
    allowed_transitions: list[str]
    history: list[HistoryView] | msgspec.UnsetType = msgspec.UNSET
    shortages: list[ShortageView] | msgspec.UnsetType = msgspec.UNSET


class OrdersView(msgspec.Struct, frozen=True):
    """A page of orders, newest first."""

    data: list[OrderView]
    next_cursor: str | None


class QuoteLineView(msgspec.Struct, frozen=True, kw_only=True):
    """One priced line."""

    name: str
    variant_name: str
    qty: int
    unit_price: int
    modifiers: list[LineModifierView]
    note: str
    discount: int
    tax: int
    total: int


class QuoteView(msgspec.Struct, frozen=True, kw_only=True):
    """What an order would cost now; nothing is stored. Amounts in the minor unit of `currency`."""

    currency: str
    subtotal: int
    discount: int
    tax: int
    tax_included: bool
    fees: int
    total: int
    menu_version: int
    lines: list[QuoteLineView]


@lru_cache(maxsize=100_000)
def _shown(prefix: str, value: UUID) -> str:
    """The shown id of something on a menu, which every order of it shows again."""
    return ids.show(prefix, value)


def order_view(
    here: Context,
    order: Order,
    prefix: str,
    payment: OrderPaymentView | None,
    history: list[OrderEvent] | None = None,
    quote: Quote | None = None,
) -> OrderView:
    """An order as clients see it. With the quote that its lines were made of, these are ready JSON: the same, sooner."""
    lines: Any = (
        [_line(line) for line in order.lines]
        if quote is None
        else [_ready(line, quoted) for line, quoted in zip(order.lines, quote.lines, strict=True)]
    )
    shown = ids.show("ord", order.order_id)
    return OrderView(
        order_id=shown,
        store_id=_shown("sto", order.store_id),
        number=rules.display_number(prefix, order.number),
        status=order.status,
        fulfillment_type=order.fulfillment_type,
        pay_mode=order.pay_mode,
        currency=order.currency,
        subtotal=order.subtotal_minor,
        discount=order.discount_minor,
        tax=order.tax_minor,
        tax_included=order.tax_included,
        fees=order.fees_minor,
        total=order.total_minor,
        contact_name=order.contact_name,
        lines=lines,
        payment=payment,
        tracking_url=f"{here.settings.public_url}/o/{shown}.{here.keyring.link_token(order.order_id)}",
        ready_estimate=order.promised_at,
        requested_for=order.requested_for,
        seq=order.seq,
        created_at=order.created_at,
        allowed_transitions=[*rules.allowed(order)],
        history=msgspec.UNSET if history is None else [_step(event) for event in history],
    )


def payment_view(payment: Payment, refunds: list[Refund], *, secret: bool) -> OrderPaymentView:
    """The payment of an order as clients see it; `secret` shows what its customer confirms it with."""
    open_now = payment.status in (
        PaymentStatus.REQUIRES_PAYMENT,
        PaymentStatus.REQUIRES_ACTION,
        PaymentStatus.PROCESSING,
    )
    why = payments.refusal(payment.status, payment.failure_code) if payment.failure_code else None
    return OrderPaymentView(
        payment_id=ids.show("pay", payment.payment_id),
        status=payment.status,
        client_secret=payment.client_secret if secret and open_now else None,
        refund_status=refunds[-1].status if refunds else None,
        refunded=payment.refunded_minor,
        failure=None if why is None else why.code,
    )


async def payment_of(tx: ReadTx, order: Order, *, secret: bool) -> OrderPaymentView | None:
    """The payment of an order, read in the caller's snapshot."""
    if order.payment_id is None:
        return None
    payment = await payments.read(tx, order.store_id, order.payment_id)
    if payment is None:
        return None
    return payment_view(payment, await payments.refunds(tx, order.store_id, order.payment_id), secret=secret)


def quote_view(quote: Quote) -> QuoteView:
    """A quote as clients see it."""
    return QuoteView(
        currency=quote.currency,
        subtotal=quote.subtotal_minor,
        discount=quote.discount_minor,
        tax=quote.tax_minor,
        tax_included=quote.tax_included,
        fees=quote.fees_minor,
        total=quote.total_minor,
        menu_version=quote.menu_version,
        lines=[
            QuoteLineView(
                name=line.name,
                variant_name=line.variant_name,
                qty=line.qty,
                unit_price=line.unit_minor,
                modifiers=[
                    LineModifierView(_shown("mod", m.modifier_id), m.name, m.price_delta, m.group_name)
                    for m in line.modifiers
                ],
                note=line.note,
                discount=line.discount_minor,
                tax=line.tax_minor,
                total=line.total_minor,
            )
            for line in quote.lines
        ],
    )


def _line(line: OrderLine) -> OrderLineView:
    return OrderLineView(
        line_id=ids.show("lin", line.line_id),
        product_id=_shown("prd", line.product_id),
        variant_id=_shown("var", line.variant_id),
        name=line.name,
        variant_name=line.variant_name,
        qty=line.qty,
        unit_price=line.unit_minor,
        modifiers=[
            LineModifierView(_shown("mod", m.modifier_id), m.name, m.price_delta, m.group_name) for m in line.modifiers
        ],
        note=line.note,
        discount=line.discount_minor,
        tax=line.tax_minor,
        total=line.total_minor,
    )


def _ready(line: OrderLine, quoted: QuotedLine) -> msgspec.Raw:
    """A line as `_line` shows it, from parts of which all but the id and the amounts are at hand."""
    what, total = _rendered(quoted)
    amounts = b'"discount":%d,"tax":%d,"total":' % (line.discount_minor, line.tax_minor)
    return msgspec.Raw(b'{"line_id":"%b",%b%b%b' % (ids.show("lin", line.line_id).encode(), what, amounts, total))


@lru_cache(maxsize=20_000)
def _rendered(quoted: QuotedLine) -> tuple[bytes, bytes]:
    """What stands between a line's id and its amounts, and its end: the same in every order of the same thing."""
    view = OrderLineView(
        line_id="",
        product_id=ids.show("prd", quoted.product_id),
        variant_id=ids.show("var", quoted.variant_id),
        name=quoted.name,
        variant_name=quoted.variant_name,
        qty=quoted.qty,
        unit_price=quoted.unit_minor,
        modifiers=[
            LineModifierView(_shown("mod", m.modifier_id), m.name, m.price_delta, m.group_name)
            for m in quoted.modifiers
        ],
        note=quoted.note,
        discount=0,
        tax=0,
        total=quoted.total_minor,
    )
    what, _, _ = msgspec.json.encode(view).removeprefix(b'{"line_id":"",').rpartition(b'"discount":')
    return what, b"%d}" % quoted.total_minor


def _step(event: OrderEvent) -> HistoryView:
    return HistoryView(
        event.seq, event.event, event.from_status, event.to_status, event.at, event.actor_kind, event.reason
    )


def shortage_view(place: Store, order: Order, shortage: Shortage) -> ShortageView:
    """A shortage as clients see it; what is offered is counted on the order as it is now."""
    offered = shortage.state is ShortageState.OFFERED
    alone = shortages.by_default(place, order, shortage.line_id) if offered else None
    refund = shortage.refund_minor
    if offered:
        left = 0 if alone is Choice.CANCEL else shortages.without(place, order, shortage.line_id).total_minor
        refund = order.total_minor - left
    return ShortageView(
        shortage_id=ids.show("sho", shortage.shortage_id),
        line_id=ids.show("lin", shortage.line_id),
        state=shortage.state,
        missing=shortage.missing,
        reason=shortage.reason,
        line=_line(shortage.line),
        substitutes=[
            _substitute(number, each, shortages.saved(place, order, shortage, each) if offered else 0)
            for number, each in enumerate(shortage.substitutes, start=1)
        ],
        choices=[*shortages.choices(place, order, shortage)] if offered else [],
        default=alone,
        refund=refund,
        created_at=shortage.created_at,
        due_at=shortage.due_at,
        chosen=shortage.chosen,
        new_line_id=None if shortage.new_line_id is None else ids.show("lin", shortage.new_line_id),
        decided_at=shortage.decided_at,
        decided_by=shortage.decided_kind,
    )


def _substitute(number: int, offered: QuotedLine, refund: int) -> SubstituteView:
    return SubstituteView(
        number=number,
        product_id=_shown("prd", offered.product_id),
        variant_id=_shown("var", offered.variant_id),
        name=offered.name,
        variant_name=offered.variant_name,
        modifiers=[
            LineModifierView(_shown("mod", m.modifier_id), m.name, m.price_delta, m.group_name)
            for m in offered.modifiers
        ],
        unit_price=offered.unit_minor,
        total=offered.total_minor,
        refund=refund,
    )
