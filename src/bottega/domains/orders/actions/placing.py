"""Placing orders, many at once: gather, decide in arrival order, write.

A batch takes its stores' counters in key order, prices again where a menu has changed since the quote, and writes
everything in one statement. Each placement gets an outcome of its own, and a store's numbers have no gaps. Keys are taken
for new; where one is not, the unique constraint says so, and the batch is done again with a look at the keys first.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from bottega.domains import merchants
from bottega.domains.catalog import Shop, Shops, Slot, take_counted
from bottega.domains.merchants import PayMode
from bottega.domains.orders import rules, store
from bottega.domains.orders.events import OrderPlaced
from bottega.domains.orders.model import Order, OrderLine, Placed, Placement, PlaceOrder
from bottega.domains.orders.states import OrderStatus
from bottega.domains.orders.store import batch
from bottega.domains.payments import NewPayment, open_many
from bottega.domains.pricing import ItemSoldOut, Quote, quote
from bottega.infra.db import ReadTx
from bottega.infra.group_commit import BatchTx
from bottega.infra.telemetry import OUTCOMES
from bottega.kit import ids
from bottega.kit.clock import business_date
from bottega.kit.errors import DomainError, FieldError, IdempotencyKeyReused
from bottega.kit.subject import Subject
from bottega.kit.text import clean

_PLACED = OUTCOMES.labels("order_placed")


def prepare(subject: Subject, shop: Shop, request: PlaceOrder, key: tuple[str, bytes], now: datetime) -> Placement:
    """Check and price a request against the shop at hand, and give it its id. `key` is the key and the body's fingerprint.

    Raises what makes an order impossible: another merchant's store, a closed store, sold-out or foreign items, broken
    modifier rules, a changed total.
    """
    if shop.store.merchant_id != subject.merchant_id:
        raise merchants.StoreNotFound
    name = clean(request.contact.name, "/contact/name", max_length=60) if request.contact else ""
    return Placement(
        subject=subject,
        store=shop.store,
        request=request,
        key=key[0],
        fingerprint=key[1],
        quote=price(shop, request, now),
        contact_name=name,
        contact_sealed=None,
        order_id=ids.new_id(shop.store.number),
        now=now,
        limited=shop.menu.limited,
    )


def price(shop: Shop, request: PlaceOrder, now: datetime) -> Quote:
    """What the request would cost right now; raises what `prepare` raises, apart from the store being another's."""
    priced = price_lines(shop, request, now)
    rules.check_total(request.expected_total, priced, request.pay_mode)
    return priced


def price_lines(shop: Shop, request: PlaceOrder, now: datetime) -> Quote:
    """As `price`, whatever total the customer agreed to."""
    shop.check_open(now)
    rules.check_placement(shop.store, request)
    return quote(shop.store, shop.menu, request.items, request.fulfillment_type, now)


class Placing:
    """The batch verb with what it needs at hand: the shops, and the account that online payments go to."""

    def __init__(self, shops: Shops, provider_account: str) -> None:
        self._shops = shops
        self._account = provider_account

    async def place_many(self, tx: BatchTx, placements: Sequence[Placement]) -> list[Placed | DomainError]:
        """Place orders, one outcome each. The same key twice in a batch is one order."""
        first = _first_of_each_key(placements)
        unique = [placement for i, placement in enumerate(placements) if first[i] == i]
        outcomes = dict(zip((i for i, at in enumerate(first) if at == i), await self._place(tx, unique), strict=True))
        answers: list[Placed | DomainError] = []
        for i, placement in enumerate(placements):
            outcome = outcomes[first[i]]
            if first[i] != i and isinstance(outcome, Placed):
                same = placement.fingerprint == placements[first[i]].fingerprint
                outcome = Placed(outcome.order, outcome.quote, replayed=True) if same else IdempotencyKeyReused()
            answers.append(outcome)
        return answers

    async def _place(self, tx: BatchTx, placements: Sequence[Placement]) -> list[Placed | DomainError]:
        known = await _known(tx, placements) if tx.careful else {}
        slots = [(p.store.store_id, business_date(p.now, p.store.timezone)) for p in placements]
        new = [i for i in range(len(placements)) if i not in known]
        versions, next_number = await self._gather(tx, [(placements[i].store.merchant_id, *slots[i]) for i in new])
        outcomes: list[Placed | DomainError | None] = [None] * len(placements)
        for i, earlier in known.items():
            outcomes[i] = await _earlier(tx, placements[i], earlier)
        counted: list[int] = []
        for i in new:
            placement, slot = placements[i], slots[i]
            next_number[slot] += 1
            try:
                priced, limited = await self._at_version(placement, versions[slot[0]])
            except DomainError as error:
                outcomes[i] = error
                continue
            outcomes[i] = Placed(_order(placement, priced, next_number[slot], slot[1]), priced)
            if limited:
                counted.append(i)
        if counted:
            await _take_counted(tx, outcomes, counted)
        if any(isinstance(outcomes[i], DomainError) for i in new):
            await _close_gaps(tx, outcomes, {i: (placements[i].store.merchant_id, *slots[i]) for i in new})
        await self._write(tx, placements, outcomes)
        return [outcome for outcome in outcomes if outcome is not None]

    async def _gather(
        self, tx: BatchTx, wanted: Sequence[tuple[UUID, UUID, date]]
    ) -> tuple[dict[UUID, int], dict[tuple[UUID, date], int]]:
        """For orders of (merchant, store, day): the stores' menu versions, and the last numbers before theirs."""
        counts = list(Counter(wanted).items())
        found = await batch.gather(tx.connection, [_numbers(i, *slot, n) for i, (slot, n) in enumerate(counts)])
        versions: dict[UUID, int] = {}
        before: dict[tuple[UUID, date], int] = {}
        for each in found:
            (_, store_id, day), n = counts[each.i]
            versions[store_id] = each.menu_version
            before[store_id, day] = each.last_number - n
            self._shops.confirm(store_id, each.menu_version)
        return versions, before

    async def _write(
        self,
        tx: BatchTx,
        placements: Sequence[Placement],
        outcomes: list[Placed | DomainError | None],
    ) -> None:
        """Write what was decided. When another process took one of the keys meanwhile, the batch begins anew, carefully."""
        new: list[batch.NewOrder] = []
        opened: list[NewPayment] = []
        for outcome, placement in zip(outcomes, placements, strict=True):
            if isinstance(outcome, Placed) and outcome.quote is not None:
                order = outcome.order
                new.append(_new(order, outcome.quote, placement))
                if order.payment_id is not None:
                    opened.append(_payment(order, order.payment_id, self._account))
        if not new:
            return
        await batch.write(tx.connection, new)
        if opened:
            await open_many(tx, opened)
        _PLACED.inc(len(new))

    async def _at_version(self, placement: Placement, version: int) -> tuple[Quote, bool]:
        """The placement's quote, made again when the menu has changed since; and whether the menu counts anything."""
        if placement.quote.menu_version == version:
            return placement.quote, placement.limited
        shop = await self._shops.get(placement.store.store_id, version=version)
        return price(shop, placement.request, placement.now), shop.menu.limited


def as_placed(order: Order) -> Order:
    """An order as it was answered when it was placed, whatever happened to it since."""
    return msgspec.structs.replace(order, status=OrderStatus.PLACED, seq=1, updated_at=order.created_at)


async def _close_gaps(
    tx: BatchTx, outcomes: list[Placed | DomainError | None], slots: dict[int, tuple[UUID, UUID, date]]
) -> None:
    """The numbers of those that are refused go to the next ones: nobody shall ask where number 42 has gone."""
    unused = Counter[tuple[UUID, UUID, date]]()
    for i, slot in slots.items():
        outcome = outcomes[i]
        if not isinstance(outcome, Placed):
            unused[slot] += 1
        elif unused[slot]:
            order = msgspec.structs.replace(outcome.order, number=outcome.order.number - unused[slot])
            outcomes[i] = msgspec.structs.replace(outcome, order=order)
    left_over = [(slot, n) for slot, n in unused.items() if n]
    await batch.give_back(tx.connection, [_numbers(i, *slot, n) for i, (slot, n) in enumerate(left_over)])


async def _take_counted(tx: BatchTx, outcomes: list[Placed | DomainError | None], counted: list[int]) -> None:
    """Take what is counted for the placements that may want some; those that come too late are refused."""
    needs: list[dict[Slot, int]] = []
    for i in counted:
        outcome = outcomes[i]
        assert isinstance(outcome, Placed)
        needs.append(_needs(outcome.order))
    for i, need, short in zip(counted, needs, await take_counted(tx, needs), strict=True):
        if short is not None:
            outcome = outcomes[i]
            assert isinstance(outcome, Placed)
            outcomes[i] = _short(outcome.order, short, need[short])


def _needs(order: Order) -> dict[Slot, int]:
    needs: dict[Slot, int] = {}
    for line in order.lines:
        for item in (line.product_id, *(each.modifier_id for each in line.modifiers)):
            needs[order.store_id, item] = needs.get((order.store_id, item), 0) + line.qty
    return needs


def _short(order: Order, slot: Slot, wanted: int) -> ItemSoldOut:
    found: list[FieldError] = []
    for index, line in enumerate(order.lines):
        if slot[1] == line.product_id or str(slot[1]) in {each.modifier_id for each in line.modifiers}:
            detail = f"Not enough of {line.name} is left for {wanted}"
            found.append(FieldError(f"/items/{index}", ItemSoldOut.code, detail))
    return ItemSoldOut(found[0].detail, errors=tuple(found))


async def _known(tx: BatchTx, placements: Sequence[Placement]) -> dict[int, batch.Known]:
    """The orders that exist already under the placements' keys, by the placement's place."""
    keys: list[dict[str, Any]] = [
        {"i": i, "store_id": each.store.store_id, "placed_by": each.subject.subject_id, "key": each.key}
        for i, each in enumerate(placements)
    ]
    return {each.i: each for each in await batch.known(tx.connection, keys)}


async def _earlier(tx: BatchTx, placement: Placement, known: batch.Known) -> Placed | DomainError:
    if bytes.fromhex(known.fingerprint) != placement.fingerprint:
        return IdempotencyKeyReused()
    order = await store.find(_reading(tx, placement), placement.store.store_id, known.order_id)
    assert order is not None
    return Placed(as_placed(order), replayed=True)


def _reading(tx: BatchTx, placement: Placement) -> ReadTx:
    return ReadTx(tx.connection, placement.subject.merchant_id)


def _first_of_each_key(placements: Sequence[Placement]) -> list[int]:
    seen: dict[tuple[UUID, UUID, str], int] = {}
    return [
        seen.setdefault((placement.store.store_id, placement.subject.subject_id, placement.key), i)
        for i, placement in enumerate(placements)
    ]


def _numbers(i: int, merchant_id: UUID, store_id: UUID, day: date, n: int) -> dict[str, Any]:
    return {"i": i, "merchant_id": merchant_id, "store_id": store_id, "business_date": day, "n": n}


def _order(placement: Placement, priced: Quote, number: int, day: date) -> Order:
    shop, request = placement.store, placement.request
    _, latest = merchants.ready_window(shop, placement.now)
    return Order(
        merchant_id=shop.merchant_id,
        store_id=shop.store_id,
        order_id=placement.order_id,
        number=number,
        business_date=day,
        status=OrderStatus.PLACED,
        seq=1,
        fulfillment_type=request.fulfillment_type,
        pay_mode=request.pay_mode,
        currency=priced.currency,
        subtotal_minor=priced.subtotal_minor,
        discount_minor=priced.discount_minor,
        tax_minor=priced.tax_minor,
        tax_included=priced.tax_included,
        fees_minor=priced.fees_minor,
        total_minor=priced.total_minor,
        menu_version=priced.menu_version,
        payment_id=ids.new_id(shop.number) if request.pay_mode is PayMode.ONLINE else None,
        placed_by=placement.subject.subject_id,
        contact_name=placement.contact_name,
        requested_for=None,
        promised_at=latest,
        created_at=placement.now,
        updated_at=placement.now,
        lines=lines_of(priced, shop.number),
        contact_sealed=placement.contact_sealed,
    )


def lines_of(priced: Quote, home: int) -> tuple[OrderLine, ...]:
    """The lines of a quote as an order keeps them, each with an id of its own."""
    return tuple(
        OrderLine(
            line_no=line_no,
            line_id=ids.new_id(home),
            product_id=line.product_id,
            variant_id=line.variant_id,
            name=line.name,
            variant_name=line.variant_name,
            category=line.category,
            qty=line.qty,
            unit_minor=line.unit_minor,
            modifiers=line.modifiers,
            note=line.note,
            discount_minor=line.discount_minor,
            tax_rate_ppm=line.tax_rate_ppm,
            tax_minor=line.tax_minor,
            total_minor=line.total_minor,
        )
        for line_no, line in enumerate(priced.lines, start=1)
    )


def _new(order: Order, quoted: Quote, placement: Placement) -> batch.NewOrder:
    fact = OrderPlaced(
        store_id=order.store_id,
        order_id=order.order_id,
        seq=1,
        number=rules.display_number(placement.store.order_prefix, order.number),
        status=order.status,
        from_status=None,
        pay_mode=order.pay_mode,
        at=order.created_at,
        fulfillment_type=order.fulfillment_type,
        placed_by=order.placed_by,
        total_minor=order.total_minor,
        currency=order.currency,
    )
    return batch.NewOrder(
        order, quoted, placement.key, placement.fingerprint, placement.subject.kind, ids.new_id(0), fact
    )


def _payment(order: Order, payment_id: UUID, account: str) -> NewPayment:
    return NewPayment(
        merchant_id=order.merchant_id,
        store_id=order.store_id,
        payment_id=payment_id,
        reference=order.order_id,
        provider_account=account,
        amount_minor=order.total_minor,
        currency=order.currency,
        created_at=order.created_at,
    )
