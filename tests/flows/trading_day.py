"""A day at the demo chain in one process, through the real verbs: orders placed, paid, made, handed over, taken back.

The provider's answers are handed to the verbs that record them, as beat three gets them; the sequencer and the consumers
are the worker's own. Afterwards the database holds one of everything that the invariants speak about.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import msgspec
import psycopg

from bottega.domains import kitchen, merchants, orders, payments
from bottega.domains.catalog import Shop
from bottega.domains.identity import issue_refresh, open_session
from bottega.domains.kitchen.actions import bump, recall
from bottega.domains.kitchen.model import Bump, OnTicket
from bottega.domains.merchants import CaptureMode, FulfillmentType, PayMode, SetCapture
from bottega.domains.orders import (
    ChangeLines,
    Contact,
    MoveOrder,
    Order,
    Ordering,
    OrderLine,
    OrderStatus,
    PlaceOrder,
    Placing,
)
from bottega.domains.orders import Transition as Move
from bottega.domains.orders.model import ChangeOrder
from bottega.domains.payments import DisputeStatus, RefundStatus, Tender
from bottega.domains.payments.actions import recording, settling
from bottega.domains.payments.actions.disputing import record_dispute
from bottega.domains.payments.model import (
    FundsMove,
    IntentState,
    ProviderDispute,
    ProviderEvent,
    ProviderIntent,
    ProviderRefund,
    StoredEvent,
)
from bottega.domains.pricing import LineRequest
from bottega.entrypoints.wiring import Parts, make_consumers, make_parts
from bottega.infra.group_commit import GroupCommit
from bottega.infra.sequencer import Sequencer
from bottega.infra.settings import Settings
from bottega.infra.transaction import Answer, Claim
from bottega.kit import ids
from bottega.kit.subject import Subject, SubjectKind, system
from tests.conftest import SECRET

ALWAYS_OPEN = """
update stores set hours = (select jsonb_agg(jsonb_build_object('weekday', d, 'opens', '00:00', 'closes', '00:00'))
                           from generate_series(0, 6) d)
"""
CAUGHT_UP = """
select not exists (select from outbox) and 2 = (select count(*) from consumers c, log_head h where c.position = h.seq)
"""


class Day:
    """The chain with its parts open; each method is something that somebody does."""

    def __init__(self, parts: Parts, ordering: Ordering, shop: Shop) -> None:
        self.parts = parts
        self.ordering = ordering
        self.shop = shop
        self.merchant_id = shop.store.merchant_id
        self.store_id = shop.store.store_id
        self.system = system(self.merchant_id, "test")
        self._keys = 0

    def lines(self, count: int = 2, qty: int = 2) -> tuple[LineRequest, ...]:
        """The first things on the menu that are sold all day, as they come, with a note."""
        items = [shown for shown, item in self.shop.menu.items.items() if item.product.sold_from is None]
        return tuple(LineRequest(product_id=shown, qty=qty, note="extra hot please") for shown in items[:count])

    async def place(self, pay_mode: PayMode, **lines: int) -> Order:
        """A guest orders."""
        self._keys += 1
        request = PlaceOrder(
            store_id=ids.show("sto", self.store_id),
            fulfillment_type=FulfillmentType.PICKUP,
            pay_mode=pay_mode,
            items=self.lines(**lines),
            contact=Contact("Giulia", "+39 333 1234567", "giulia@example.com"),
        )
        guest = Subject(SubjectKind.GUEST, ids.new_id(self.shop.store.number), self.merchant_id)
        return (await self.ordering.place(guest, request, f"key {self._keys}")).order

    async def move(self, order: Order, source: OrderStatus, target: OrderStatus, **till: object) -> Order:
        """Staff move an order, with an idempotency key as the JSON face has it."""
        self._keys += 1
        command = MoveOrder(order.store_id, order.order_id, Move(to_status=target, expected_status=source, **till))
        key = Claim("orders.transition", f"{self.store_id} {self._keys}", bytes(16))
        await self.parts.database.answer(
            orders.transition, command, by=self.system, key=key, view=lambda moved: Answer(200, moved.status.encode())
        )
        return await self.order(order)

    async def order(self, order: Order) -> Order:
        """The order as it is now."""
        async with self.parts.database.read(self.merchant_id) as tx:
            found = await orders.find(tx, order.store_id, order.order_id)
        assert found is not None
        return found

    async def pay(self, order: Order) -> None:
        """The provider opens the intent, the customer pays it, the signed event comes and is applied."""
        run, payment_id = self.parts.database.run, order.payment_id
        assert payment_id is not None
        claimed = await run(recording.claim_attempt, (self.store_id, payment_id, True), by=self.system)
        assert claimed is not None
        intent = self._intent(order, payment_id, IntentState.REQUIRES_PAYMENT)
        await run(recording.record_opened, (claimed[1], intent), by=self.system)
        event = await self._event(intent.provider_ref, f"evt_{payment_id.hex}")
        await run(recording.record_intent, (self.store_id, self._intent(order, payment_id, IntentState.PROCESSING)),
                  by=self.system)  # fmt: skip
        paid = self._intent(order, payment_id, IntentState.SUCCEEDED)
        await run(settling.record_event, (event, [paid]), by=self.system)
        await self.catch_up()

    async def answer_refund(self, order: Order, status: RefundStatus) -> None:
        """The provider answers the refund that was asked for last."""
        assert order.payment_id is not None
        which = (self.store_id, order.payment_id, True)
        claimed = await self.parts.database.run(recording.claim_attempt, which, by=self.system)
        assert claimed is not None
        attempt = claimed[1]
        said = ProviderRefund(
            provider_ref=f"re_{attempt.refund_id}",
            intent_ref=f"pi_{order.payment_id.hex}",
            status=status,
            amount_minor=attempt.amount_minor,
        )
        outcome = (self.store_id, order.payment_id, attempt, said)
        await self.parts.database.run(recording.record_refund, outcome, by=self.system)

    async def answer_void(self, order: Order, payment_id: UUID) -> None:
        """The provider cancels an intent that nobody paid."""
        run = self.parts.database.run
        claimed = await run(recording.claim_attempt, (self.store_id, payment_id, True), by=self.system)
        assert claimed is not None
        opened = self._intent(order, payment_id, IntentState.REQUIRES_PAYMENT)
        await run(recording.record_opened, (claimed[1], opened), by=self.system)
        claimed = await run(recording.claim_attempt, (self.store_id, payment_id, True), by=self.system)
        assert claimed is not None
        gone = self._intent(order, payment_id, IntentState.CANCELED)
        await run(settling.record_answer, (claimed[1], gone), by=self.system)

    async def set_capture(self, mode: CaptureMode) -> None:
        """The store takes online payments at once, or holds them first."""
        await self.parts.database.run(merchants.set_capture, (self.store_id, SetCapture(mode)), by=self.system)

    async def hold(self, order: Order) -> None:
        """The provider opens the intent, and the customer's bank holds its amount."""
        await self.open(order)
        await self.said(order, IntentState.AUTHORIZED)
        await self.catch_up()

    async def open(self, order: Order) -> None:
        """The provider opens the intent."""
        run, payment_id = self.parts.database.run, order.payment_id
        assert payment_id is not None
        claimed = await run(recording.claim_attempt, (self.store_id, payment_id, True), by=self.system)
        assert claimed is not None
        opened = self._intent(order, payment_id, IntentState.REQUIRES_PAYMENT)
        await run(recording.record_opened, (claimed[1], opened), by=self.system)

    async def said(self, order: Order, state: IntentState, **other: object) -> None:
        """The provider says something of the order's intent."""
        assert order.payment_id is not None
        intent = msgspec.structs.replace(self._intent(order, order.payment_id, state), **other)
        await self.parts.database.run(recording.record_intent, (self.store_id, intent), by=self.system)

    async def answer_capture(self, order: Order) -> None:
        """The provider takes the hold that it was asked for."""
        assert order.payment_id is not None
        run, which = self.parts.database.run, (self.store_id, order.payment_id, True)
        claimed = await run(recording.claim_attempt, which, by=self.system)
        assert claimed is not None
        taken = self._intent(order, order.payment_id, IntentState.SUCCEEDED)
        await run(recording.record_capture, (claimed[1], taken), by=self.system)
        await self.catch_up()

    async def dispute(self, order: Order, status: DisputeStatus) -> None:
        """The customer's bank takes the payment up (or decides): its money goes, and comes back when that was for nothing."""
        assert order.payment_id is not None
        name, total = f"dp_{order.payment_id.hex}", order.total_minor
        funds = [FundsMove(f"txn_{name}_out", -total)]
        if status is DisputeStatus.WON:
            funds.append(FundsMove(f"txn_{name}_in", total))
        said = ProviderDispute(
            provider_ref=name, intent_ref=f"pi_{order.payment_id.hex}", status=status, amount_minor=total,
            reason="fraudulent", funds=tuple(funds),
        )  # fmt: skip
        await self.parts.database.run(record_dispute, (self.store_id, said), by=self.system)

    async def refund(self, order: Order, amount: int | None, line: OrderLine | None = None) -> None:
        """A manager asks for money to go back."""
        assert order.payment_id is not None
        receipt = "R-2" if order.pay_mode is PayMode.AT_STORE else None
        command = orders.RefundOrder(
            store_id=self.store_id,
            payment_id=order.payment_id,
            wish=orders.RefundWish(amount, () if line is None else (orders.RefundUnits(line.line_id, 1),)),
            reason="spilt",
            receipt_ref=receipt,
        )
        await self.parts.database.run(orders.refund, command, by=self.system)

    async def try_again(self, order: Order) -> None:
        """A manager asks once more for the order's refund that failed."""
        assert order.payment_id is not None
        async with self.parts.database.read(self.merchant_id) as tx:
            failed = (await payments.refunds(tx, self.store_id, order.payment_id))[-1]
        which = (self.store_id, order.payment_id, failed.refund_id)
        await self.parts.database.run(orders.try_again, which, by=self.system)

    async def cancel(self, order: Order) -> None:
        """The customer takes the order back."""
        command = orders.CancelOwn(order.store_id, order.order_id, orders.CancelOrder("changed my mind"))
        await self.parts.database.run(orders.cancel_own, command, by=self.system)

    async def change(self, order: Order, **lines: int) -> Order:
        """The customer orders something else instead."""
        change = ChangeLines(self.shop, order.order_id, ChangeOrder(self.lines(**lines)), "default")
        return await self.parts.database.run(orders.change_lines, change, by=self.system)

    async def run_short(self, order: Order) -> orders.Shortage:
        """The dearest line of an order is out."""
        line = max(order.lines, key=lambda each: each.unit_minor)
        report = orders.ReportShort(self.shop, order.order_id, line.line_id, orders.MarkUnavailable())
        await self.parts.database.run(orders.mark_unavailable, report, by=self.system)
        async with self.parts.database.read(self.merchant_id) as tx:
            return (await orders.shortages_of(tx, order.store_id, order.order_id))[-1]

    async def choose(self, order: Order, choice: orders.Choice) -> None:
        """The customer chooses what instead; of the substitutes the cheapest."""
        shortage = await self.run_short(order)
        cheapest = len(shortage.substitutes) if choice is orders.Choice.SUBSTITUTE else None
        wanted = orders.ChooseInstead(choice, cheapest)
        decision = orders.Decide(self.shop, order.order_id, shortage.shortage_id, wanted)
        await self.parts.database.run(orders.choose_instead, decision, by=self.system)

    async def ticket(self, order: Order) -> kitchen.Ticket:
        """The open ticket of an order."""
        async with self.parts.database.read(self.merchant_id) as tx:
            tickets = await kitchen.open_tickets(tx, self.store_id)
        return next(each for each in tickets if each.order_id == order.order_id)

    async def bump(self, order: Order) -> kitchen.Ticket:
        """The barista moves its ticket on."""
        ticket = await self.ticket(order)
        command = OnTicket(self.store_id, ticket.ticket_id, Bump(ticket.state))
        return await self.parts.database.run(bump, command, by=self.system)

    async def recall(self, order: Order) -> None:
        """The barista brings its finished ticket back."""
        command = OnTicket(self.store_id, (await self.ticket(order)).ticket_id)
        await self.parts.database.run(recall, command, by=self.system)

    async def catch_up(self) -> None:
        """Wait until everything that was told has been read by everybody."""
        async with await psycopg.AsyncConnection.connect(self.parts.pools.url, autocommit=True) as connection:
            async with asyncio.timeout(20):
                while True:
                    row = await (await connection.execute(CAUGHT_UP.encode())).fetchone()
                    if row is not None and row[0]:
                        return
                    await asyncio.sleep(0.01)

    def _intent(self, order: Order, payment_id: UUID, state: IntentState) -> ProviderIntent:
        return ProviderIntent(
            provider_ref=f"pi_{payment_id.hex}",
            client_secret=f"pi_{payment_id.hex}_secret_x",
            state=state,
            amount_minor=order.total_minor,
            captured_minor=order.total_minor if state is IntentState.SUCCEEDED else 0,
            currency=order.currency,
            failure_code=None,
            metadata={},
        )

    async def _event(self, intent_ref: str, event_id: str) -> StoredEvent:
        event = ProviderEvent(
            account="default",
            event_id=event_id,
            type="payment_intent.succeeded",
            intent_ref=intent_ref,
            refund_ref=None,
            merchant_id=self.merchant_id,
            store_id=self.store_id,
            body=b'{"id": "evt"}',
            signature="t=1,v1=2",
        )
        await self.parts.database.run(recording.receive_event, event, by=self.system)
        claimed = await self.parts.database.run(settling.claim_event, ("default", event_id), by=self.system)
        assert claimed is not None
        return claimed


@asynccontextmanager
async def opened_day(url: str, store: int = 0, *, worker: bool = True) -> AsyncIterator[Day]:
    """The chain at that database, open around the clock, with a worker unless the test wants to be it."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(ALWAYS_OPEN.encode())
        rows = await (await connection.execute("select store_id from stores order by number")).fetchall()
    parts = make_parts(Settings(database_url=url, secret=SECRET), "day")
    await parts.open()
    lane = GroupCommit(parts.pools, Placing(parts.shops, "default").place_many, parts.waker, once="orders_once")
    working = [Sequencer(parts.pools.relay_conninfo), *make_consumers(parts)] if worker else []
    tasks = [asyncio.create_task(each.run()) for each in working]
    try:
        shop = await parts.shops.get(rows[store][0])
        yield Day(parts, Ordering(parts.database, parts.shops, lane, parts.desk, parts.keyring), shop)
    finally:
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await lane.close()
        await parts.close()


async def hold(day: Day) -> None:
    """Money that is held first, disputes that are won and lost, and money that is not ours."""
    await day.set_capture(CaptureMode.MANUAL)
    taken = await day.place(PayMode.ONLINE)
    await day.hold(taken)
    await day.move(taken, OrderStatus.PAID, OrderStatus.IN_PROGRESS)
    await day.answer_capture(taken)
    for status in (DisputeStatus.OPENED, DisputeStatus.WON):
        await day.dispute(taken, status)
    lost = await day.place(PayMode.ONLINE)
    await day.hold(lost)
    await day.said(lost, IntentState.CANCELED, ended="hold_expired")
    await day.catch_up()
    await day.hold(await day.place(PayMode.ONLINE))
    await day.set_capture(CaptureMode.AUTOMATIC)
    kept = await day.place(PayMode.ONLINE)
    await day.pay(kept)
    for status in (DisputeStatus.OPENED, DisputeStatus.LOST):
        await day.dispute(kept, status)
    for held in (False, True):
        wrong = await day.place(PayMode.ONLINE)
        await (day.hold(wrong) if held else day.open(wrong))
        await day.said(wrong, IntentState.SUCCEEDED, amount_minor=wrong.total_minor + 1)


async def trade(day: Day) -> None:
    """Everything that happens at a store, once."""
    at_store = await day.place(PayMode.AT_STORE)
    await day.catch_up()
    await day.bump(at_store)
    await day.bump(at_store)
    await day.recall(at_store)
    await day.bump(at_store)
    paid = await day.move(at_store, OrderStatus.READY, OrderStatus.COMPLETED, tender=Tender.CASH, receipt_ref="R-1")
    await day.refund(paid, None, paid.lines[0])
    online = await day.place(PayMode.ONLINE)
    await day.pay(online)
    await day.move(online, OrderStatus.PAID, OrderStatus.IN_PROGRESS)
    await day.move(online, OrderStatus.IN_PROGRESS, OrderStatus.READY)
    await day.move(online, OrderStatus.READY, OrderStatus.COMPLETED)
    await day.refund(online, 100)
    await day.answer_refund(online, RefundStatus.SUCCEEDED)
    cancelled = await day.place(PayMode.ONLINE)
    await day.pay(cancelled)
    await day.cancel(cancelled)
    await day.answer_refund(cancelled, RefundStatus.FAILED)
    await day.try_again(cancelled)
    await day.answer_refund(cancelled, RefundStatus.SUCCEEDED)
    await hold(day)
    changed = await day.place(PayMode.ONLINE)
    assert changed.payment_id is not None
    await day.pay(await day.change(changed, count=3, qty=1))
    await day.answer_void(changed, changed.payment_id)
    short = await day.place(PayMode.ONLINE, count=3, qty=3)
    await day.pay(short)
    await day.choose(short, orders.Choice.SUBSTITUTE)
    await day.answer_refund(short, RefundStatus.SUCCEEDED)
    await day.choose(await day.place(PayMode.AT_STORE), orders.Choice.REFUND)
    await day.choose(await day.place(PayMode.AT_STORE), orders.Choice.CANCEL)
    await day.run_short(await day.place(PayMode.AT_STORE))
    await day.cancel(await day.place(PayMode.AT_STORE))
    await day.place(PayMode.ONLINE)
    await day.place(PayMode.AT_STORE, count=1)
    await day.parts.database.run(open_session, (SubjectKind.GUEST, ids.new_id(0)), by=day.system)
    async with day.parts.database.read(day.merchant_id) as tx:
        user = await tx.value("select user_id from users limit 1", {})
    await day.parts.database.run(open_session, (SubjectKind.STAFF, user), by=day.system)
    await day.parts.database.run(issue_refresh, user, by=day.system)
    await day.catch_up()
