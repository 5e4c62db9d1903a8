"""A kitchen that reads late of what happened: its tickets still end where their orders are, with the lines they have."""

from datetime import timedelta

from bottega.domains.kitchen import TicketState
from bottega.domains.merchants import PayMode
from bottega.domains.orders import OrderStatus
from bottega.entrypoints.verify import Scope, run
from tests.conftest import Shop
from tests.flows.trading_day import opened_day

KITCHEN = ["kitchen", "operations"]
NOW = Scope(lag=timedelta(0))


async def test_a_bump_that_overtakes_a_change_of_the_lines_takes_the_change_along(shop: Shop) -> None:
    async with opened_day(shop.url) as day:
        order = await day.place(PayMode.AT_STORE, count=1)
        await day.catch_up()
    async with opened_day(shop.url, worker=False) as day:
        changed = await day.change(order, count=3)
        bumped = await day.bump(order)
    async with opened_day(shop.url) as day:
        await day.catch_up()
        ticket = await day.ticket(order)

    assert bumped.changed
    assert [line.line_id for line in ticket.lines] == [line.line_id for line in changed.lines]
    assert len(ticket.lines) == 3
    assert (await run(shop.url, KITCHEN, scope=NOW)).outcomes
    assert not (await run(shop.url, KITCHEN, scope=NOW)).broken


async def test_a_ticket_that_opens_late_has_the_instants_of_its_state(shop: Shop) -> None:
    async with opened_day(shop.url, worker=False) as day:
        ready, closed = await day.place(PayMode.AT_STORE), await day.place(PayMode.ONLINE)
        for order in (ready,):
            await day.move(order, OrderStatus.PLACED, OrderStatus.IN_PROGRESS)
            await day.move(order, OrderStatus.IN_PROGRESS, OrderStatus.READY)
    async with opened_day(shop.url) as day:
        await day.catch_up()
        ticket = await day.ticket(ready)
        await day.pay(closed)

    assert ticket.state is TicketState.DONE
    assert ticket.done_at is not None
    assert not (await run(shop.url, KITCHEN, scope=NOW)).broken


async def test_every_note_of_one_transaction_is_in_the_audit_log(shop: Shop) -> None:
    async def act(tx, _):
        tx.note(None, order="first")
        tx.note(None, order="second")

    async with opened_day(shop.url, worker=False) as day:
        await shop.database.run(act, None, by=day.system)
    async with shop.database.read(shop.seeded.merchant_id) as tx:
        count = await tx.value("select count(*) from audit_log where action = 'act'", {})

    assert count == 2
