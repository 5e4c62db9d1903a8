"""Changing the lines of an order that nobody has started: priced again from the menu of now, with what is new told."""

from uuid import UUID

import msgspec

from bottega.domains import payments
from bottega.domains.catalog import Shop
from bottega.domains.merchants import PayMode, Store
from bottega.domains.orders import rules, store
from bottega.domains.orders.actions.moving import check_settled
from bottega.domains.orders.actions.paying import open_another
from bottega.domains.orders.actions.placing import lines_of, price_lines
from bottega.domains.orders.errors import OrderNotFound, StatusConflict, TooLateToChange
from bottega.domains.orders.events import OrderChanged
from bottega.domains.orders.model import ChangeOrder, Order, OrderLine, PlaceOrder
from bottega.domains.orders.rules.shortages import recounted
from bottega.domains.orders.states import OrderStatus
from bottega.domains.orders.store import shortages
from bottega.infra.transaction import Tx
from bottega.kit import ids
from bottega.kit.errors import PreconditionFailed


class ChangeLines(msgspec.Struct, frozen=True):
    """Which order gets which lines, priced by which shop; `seen` are the versions that it may stand at (If-Match), if any."""

    shop: Shop
    order_id: UUID
    command: ChangeOrder
    account: str
    seen: frozenset[int] | None = None


async def change_lines(tx: Tx, change: ChangeLines) -> Order:
    """Replace an order's lines. Raises `OrderNotFound`, `TooLateToChange`, `PreconditionFailed`, `WaitingForChoice`, and
    pricing's refusals.

    An unpaid online order gets a new payment for its new total; the old intent is voided. What was agreed on instead of
    something that was out keeps its price while it stays as it is.
    """
    place = change.shop.store
    order = await store.lock(tx, place.store_id, change.order_id)
    if order is None or (
        order.placed_by != tx.subject.subject_id and not tx.subject.may("orders.advance", place.store_id)
    ):
        raise OrderNotFound
    if order.status is not OrderStatus.PLACED:
        raise TooLateToChange(
            f"The order is {order.status} already", extra={"order_status": order.status, "seq": order.seq}
        )
    if change.seen is not None and order.seq not in change.seen:
        raise PreconditionFailed(extra={"seq": order.seq})
    await check_settled(tx, order)
    before = await store.find(tx, place.store_id, change.order_id)
    assert before is not None
    priced = price_lines(change.shop, _as_request(order, change), tx.now)
    lines = _keeping_ids(before.lines, lines_of(priced, place.number))
    after = await _as_agreed(tx, place, before, lines)
    rules.check_total(change.command.expected_total, after, order.pay_mode)
    payment_id = order.payment_id
    if order.pay_mode is PayMode.ONLINE and payment_id is not None and after.total_minor != order.total_minor:
        await payments.request_void(tx, (order.store_id, payment_id))
        payment_id = await open_another(tx, order, after.total_minor, change.account)
    totals = totals_of(msgspec.structs.replace(after, menu_version=priced.menu_version), payment_id)
    seq = await store.change_lines(tx, order, totals, after.lines)
    if seq is None:
        raise StatusConflict("The order has moved on")
    await store.add_event(tx, order, seq, "change", order.status, None)
    tx.emit(
        OrderChanged(
            store_id=order.store_id,
            order_id=order.order_id,
            seq=seq,
            number=rules.display_number(place.order_prefix, order.number),
            status=order.status,
            from_status=order.status,
            pay_mode=order.pay_mode,
            at=tx.now,
        )
    )
    changed = await store.find(tx, place.store_id, change.order_id)
    assert changed is not None
    return changed


def _as_request(order: Order, change: ChangeLines) -> PlaceOrder:
    return PlaceOrder(
        store_id=ids.show("sto", order.store_id),
        fulfillment_type=order.fulfillment_type,
        pay_mode=order.pay_mode,
        items=change.command.items,
    )


async def _as_agreed(tx: Tx, place: Store, before: Order, lines: list[OrderLine]) -> Order:
    """The order with its new lines; one that came instead of something that was out keeps the price that was agreed."""
    found = await shortages.of_order(tx, before.store_id, before.order_id)
    agreed = {each.new_line_id for each in found if each.new_line_id is not None}
    old = {line.line_id: line for line in before.lines if line.line_id in agreed}
    return recounted(place, before, [old.get(line.line_id, line) for line in lines])


def totals_of(after: Order, payment_id: UUID | None) -> dict[str, object]:
    """What changes in an order's row when its lines do (minor units)."""
    return {
        "subtotal_minor": after.subtotal_minor,
        "discount_minor": after.discount_minor,
        "tax_minor": after.tax_minor,
        "total_minor": after.total_minor,
        "menu_version": after.menu_version,
        "payment_id": payment_id,
    }


def _keeping_ids(before: tuple[OrderLine, ...], after: tuple[OrderLine, ...]) -> list[OrderLine]:
    """The new lines; one that says the same as an old one keeps its id, so the kitchen sees only what changed."""
    left = list(before)
    kept: list[OrderLine] = []
    for line in after:
        same = next((old for old in left if _saying(old) == _saying(line)), None)
        if same is not None:
            left.remove(same)
        kept.append(line if same is None else msgspec.structs.replace(line, line_id=same.line_id))
    return kept


def _saying(line: OrderLine) -> tuple[object, ...]:
    return line.product_id, line.variant_id, line.qty, tuple(each.modifier_id for each in line.modifiers), line.note
