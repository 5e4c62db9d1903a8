"""A line turns out not to be there: staff say so, its customer chooses what instead, or the deadline chooses for them.

Everybody holds the order's row first, so of the customer's choice and the deadline one comes first, and the other finds it
decided. The order never gets dearer: a cheaper substitute gives the difference back, a dearer one is offered at the price
of what is out or not at all.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from bottega.domains import merchants, payments
from bottega.domains.catalog import (
    AvailabilityState,
    ItemKind,
    SetAvailability,
    Shop,
    Slot,
    SoldOutChange,
    set_availability,
    take_counted,
)
from bottega.domains.merchants import PayMode, Store
from bottega.domains.orders import store
from bottega.domains.orders.actions.changing import totals_of
from bottega.domains.orders.actions.moving import cancel, told
from bottega.domains.orders.actions.paying import open_another
from bottega.domains.orders.actions.refunding import give_back_part
from bottega.domains.orders.errors import (
    ChoiceNotOffered,
    LineNotFound,
    LinePartlyRefunded,
    OrderNotFound,
    ShortageNotFound,
    ShortageSettled,
    StatusConflict,
    TooLateToMark,
)
from bottega.domains.orders.events import OrderLineSettled, OrderLineShort
from bottega.domains.orders.model import Choice, ChooseInstead, MarkUnavailable, Order, OrderLine, Shortage
from bottega.domains.orders.rules import shortages as rules
from bottega.domains.orders.rules.reasons import unavailable
from bottega.domains.orders.states import LIVE, OrderStatus, ShortageState
from bottega.domains.orders.store import refunds, shortages
from bottega.domains.orders.store.shortages import Outcome
from bottega.domains.pricing import ItemSoldOut, LineRequest, QuotedLine, quote
from bottega.infra.group_commit import BatchTx
from bottega.infra.telemetry import OUTCOMES
from bottega.infra.transaction import Tx
from bottega.kit import ids
from bottega.kit.errors import DomainError, FieldError, Invalid
from bottega.kit.text import clean


class ReportShort(msgspec.Struct, frozen=True):
    """Which line of which order is out, at which shop."""

    shop: Shop
    order_id: UUID
    line_id: UUID
    command: MarkUnavailable


class Decide(msgspec.Struct, frozen=True):
    """What somebody chooses instead of a line that is out."""

    shop: Shop
    order_id: UUID
    shortage_id: UUID
    command: ChooseInstead


async def mark_unavailable(tx: Tx, report: ReportShort) -> Order:
    """Staff say that a line, or some of its units, is out; its customer is asked until the store's time is over.

    Saying it again while the customer is asked changes nothing. Raises `OrderNotFound`, `LineNotFound`, `TooLateToMark`,
    `LinePartlyRefunded`, `PaymentDisputed`, `Invalid`, `SubstituteTooDear` and what pricing says of substitutes that staff
    name.
    """
    place, command = report.shop.store, report.command
    tx.require("orders.advance", place.store_id)
    order = await _held(tx, place.store_id, report.order_id)
    line = next((each for each in order.lines if each.line_id == report.line_id), None)
    if line is None:
        raise LineNotFound
    if any(each.line_id == line.line_id for each in await shortages.waiting(tx, order.store_id, order.order_id)):
        return order
    if order.status not in LIVE:
        raise TooLateToMark(f"The order is {order.status} already", extra=_stands(order))
    missing, item = _missing(line, command)
    if command.qty is not None:
        order, line = await _part(tx, order, line, command.qty, tx.new_id(place.number))
    if command.sold_out:
        said = SetAvailability(AvailabilityState.SOLD_OUT, command.until)
        await set_availability(tx, SoldOutChange(place.store_id, item[0], item[1], said))
    menu = report.shop.menu
    if command.substitutes is None:
        offers = rules.suggested(place, menu, order, line, command, tx.now)
    else:
        offers = rules.chosen_by_staff(place, menu, order, line, command.substitutes, tx.now)
    present = await merchants.find_store(tx, place.store_id)
    assert present is not None
    shortage = Shortage(
        merchant_id=order.merchant_id,
        store_id=order.store_id,
        shortage_id=tx.new_id(place.number),
        order_id=order.order_id,
        line_id=line.line_id,
        state=ShortageState.OFFERED,
        line=line,
        substitutes=offers,
        missing=missing,
        reason=clean(command.reason, "/reason", max_length=200) if command.reason else "",
        reported_by=tx.subject.subject_id,
        created_at=tx.now,
        due_at=tx.now + timedelta(seconds=present.answer_seconds),
        before_minor=order.total_minor,
    )
    await shortages.insert(tx, shortage)
    seq = await store.change_lines(tx, order, totals_of(order, order.payment_id), order.lines)
    if seq is None:
        raise StatusConflict("The order has moved on")
    await store.add_event(tx, order, seq, "run_short", order.status, unavailable(shortage))
    tx.emit(OrderLineShort(**await _about(tx, order, seq, shortage), due_at=shortage.due_at))
    OUTCOMES.labels("line_short").inc()
    return msgspec.structs.replace(order, seq=seq, updated_at=tx.now)


async def choose_instead(tx: Tx, decision: Decide) -> Order:
    """The customer (or staff for them) chooses. Raises `OrderNotFound`, `ShortageNotFound`, `ShortageSettled`,
    `ChoiceNotOffered`, and `ItemSoldOut` for a substitute that is gone meanwhile.
    """
    place, wanted = decision.shop.store, decision.command
    order = await _held(tx, place.store_id, decision.order_id)
    if order.placed_by != tx.subject.subject_id and not tx.subject.may("orders.advance", place.store_id):
        raise OrderNotFound
    shortage = await _offered(tx, order, decision.shortage_id)
    if wanted.choice not in rules.choices(place, order, shortage):
        raise ChoiceNotOffered
    if (wanted.choice is Choice.SUBSTITUTE) != (wanted.substitute is not None):
        raise Invalid("substitute goes with SUBSTITUTE", errors=(FieldError("/substitute", "invalid", "which one?"),))
    if wanted.substitute is None:
        return await _settle(tx, place, order, shortage, wanted.choice)
    if wanted.substitute > len(shortage.substitutes):
        raise ChoiceNotOffered
    # Other lines may have come off since it was offered, so that the order's taxes are rounded otherwise.
    chosen = rules.offer(place, order, shortage.line, shortage.substitutes[wanted.substitute - 1], same_price=True)
    if chosen is None:
        raise ChoiceNotOffered("The order would cost more with that by now")
    if not rules.can_be_paid(place, order, shortage.line, chosen):
        raise ChoiceNotOffered("Nothing would be left to pay")
    await _take(tx, decision.shop, order, chosen)
    return await _settle(tx, place, order, shortage, wanted.choice, (wanted.substitute, chosen))


async def choose_by_deadline(tx: Tx, which: tuple[UUID, UUID, UUID]) -> bool:
    """Nobody chose in time (store, order, shortage): the line comes off, or the order where it is the only one; whether so."""
    store_id, order_id, shortage_id = which
    order = await _held(tx, store_id, order_id)
    found = await shortages.of_order(tx, store_id, order_id)
    shortage = next((each for each in found if each.shortage_id == shortage_id), None)
    if shortage is None or shortage.state is not ShortageState.OFFERED or tx.now < shortage.due_at:
        return False
    place = await merchants.find_store(tx, store_id)
    assert place is not None
    await _settle(tx, place, order, shortage, rules.by_default(place, order, shortage.line_id))
    OUTCOMES.labels("shortage_lapsed").inc()
    return True


async def _settle(
    tx: Tx, place: Store, order: Order, shortage: Shortage, choice: Choice, chosen: tuple[int, QuotedLine] | None = None
) -> Order:
    """Do what was chosen: lines, totals, money, history and fact in one transaction. `chosen` is which substitute."""
    if choice is Choice.CANCEL:
        return await cancel(tx, order, unavailable(shortage))
    state, event, new_line_id = ShortageState.REFUNDED, "take_off", None
    if chosen is None:
        after = rules.without(place, order, shortage.line_id)
    else:
        state, event, new_line_id = ShortageState.SUBSTITUTED, "substitute", tx.new_id(place.number)
        after = rules.replaced(place, order, shortage.line, chosen[1], new_line_id)
    refund, payment_id = await _give_back(tx, order, after, shortage)
    outcome = Outcome(
        state=state,
        before_minor=order.total_minor,
        after_minor=after.total_minor,
        chosen=None if chosen is None else chosen[0],
        new_line_id=new_line_id,
        refund_id=None if refund is None else refund.refund_id,
        refund_minor=0 if refund is None else refund.amount_minor,
    )
    if not await shortages.decide(tx, shortage, outcome):
        raise ShortageSettled(extra=_stands(order))
    seq = await store.change_lines(tx, order, totals_of(after, payment_id), after.lines)
    if seq is None:
        raise StatusConflict("The order has moved on", extra=_stands(order))
    await store.add_event(tx, order, seq, event, order.status, unavailable(shortage))
    tx.emit(OrderLineSettled(**await _about(tx, order, seq, shortage), state=state, total_minor=after.total_minor))
    OUTCOMES.labels(f"shortage_{state.lower()}").inc()
    return msgspec.structs.replace(after, seq=seq, updated_at=tx.now, payment_id=payment_id)


async def _part(tx: Tx, order: Order, line: OrderLine, qty: int, new_line_id: UUID) -> tuple[Order, OrderLine]:
    """Make the units that are out a line of their own. Raises `Invalid` for more than there are, `LinePartlyRefunded`, and
    `PaymentDisputed` where a bank has the money.
    """
    if qty > line.qty:
        said = f"There are only {line.qty} in this line"
        raise Invalid(said, errors=(FieldError("/qty", "invalid", said),))
    if qty < line.qty and order.payment_id is not None:
        await payments.hold(tx, (order.store_id, order.payment_id))  # no refund of the line begins meanwhile
        gone = await refunds.returned(tx, order.store_id, order.payment_id, failed=True)
        if any(part.line_id == line.line_id for part in gone):
            raise LinePartlyRefunded
    return rules.parted(order, line, qty, new_line_id)


async def _give_back(
    tx: Tx, before: Order, after: Order, shortage: Shortage
) -> tuple[payments.Refund | None, UUID | None]:
    """Settle the money of an order that costs less now: the refund that was asked for, and the order's payment.

    Unpaid online: another intent for what it costs now. Captured: the difference goes back, as far as there is anything
    left to give back. Only held: nothing to do, because what is captured later is what the order costs then
    (`moving.take_hold`); a capture that was asked for before gives the rest back when it arrives (`paying`).
    """
    if before.payment_id is None or after.total_minor == before.total_minor:
        return None, before.payment_id
    payment = await payments.read(tx, before.store_id, before.payment_id)
    assert payment is not None
    if before.status is OrderStatus.PLACED and before.pay_mode is PayMode.ONLINE:
        await payments.request_void(tx, (before.store_id, payment.payment_id))
        return None, await open_another(tx, before, after.total_minor, payment.provider_account)
    if payment.captured_minor == 0:
        return None, payment.payment_id
    gone = rules.given_up(before, after, shortage.line)
    return await give_back_part(tx, before, payment.payment_id, gone, unavailable(shortage)), payment.payment_id


async def _take(tx: Tx, shop: Shop, order: Order, offered: QuotedLine) -> None:
    """Make sure that a substitute is still there, and take it where it is counted. Raises `ItemSoldOut`."""
    modifiers = tuple(ids.show("mod", each.modifier_id) for each in offered.modifiers)
    wish = LineRequest(
        ids.show("prd", offered.product_id), offered.qty, ids.show("var", offered.variant_id), modifiers, offered.note
    )
    try:
        quote(shop.store, shop.menu, (wish,), order.fulfillment_type, tx.now)
    except DomainError as error:
        raise ItemSoldOut(f"{offered.name} can't be had any more") from error
    if not shop.menu.limited:
        return
    batch = BatchTx(tx.connection)
    items: Sequence[UUID] = (offered.product_id, *(each.modifier_id for each in offered.modifiers))
    need: dict[Slot, int] = {(order.store_id, item): offered.qty for item in items}
    if (await take_counted(batch, [need]))[0] is not None:
        raise ItemSoldOut(f"{offered.name} is sold out")
    await batch.write_facts()


async def _held(tx: Tx, store_id: UUID, order_id: UUID) -> Order:
    """The order with its lines, its row held to the end of the transaction. Raises `OrderNotFound`."""
    held = await store.lock(tx, store_id, order_id)
    order = None if held is None else await store.find(tx, store_id, order_id)
    if order is None:
        raise OrderNotFound
    return order


async def _offered(tx: Tx, order: Order, shortage_id: UUID) -> Shortage:
    found = await shortages.of_order(tx, order.store_id, order.order_id)
    shortage = next((each for each in found if each.shortage_id == shortage_id), None)
    if shortage is None:
        raise ShortageNotFound
    if shortage.state is not ShortageState.OFFERED:
        raise ShortageSettled(extra=_stands(order) | {"state": shortage.state})
    return shortage


def _missing(line: OrderLine, command: MarkUnavailable) -> tuple[str, tuple[UUID, ItemKind]]:
    """What is out: its name, and what the catalogue calls it. Raises `Invalid` for a choice that the line does not have."""
    if command.modifier_id is None:
        return line.name, (line.product_id, ItemKind.PRODUCT)
    for each in line.modifiers:
        if ids.show("mod", each.modifier_id) == command.modifier_id:
            return each.name, (each.modifier_id, ItemKind.MODIFIER)
    said = f"{line.name} was not ordered with that"
    raise Invalid(said, errors=(FieldError("/modifier_id", "invalid", said),))


async def _about(tx: Tx, order: Order, seq: int, shortage: Shortage) -> dict[str, Any]:
    said = await told(tx, order, seq, order.status)
    return said | {"shortage_id": shortage.shortage_id, "line_id": shortage.line_id}


def _stands(order: Order) -> dict[str, Any]:
    return {"order_status": order.status, "seq": order.seq}
