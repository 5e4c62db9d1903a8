"""What a worker looks for again and again, as sweeps: everything due at the provider, orders that nobody paid in
time, and lines that are out and about which nobody chose in time.

They run apart from each other, so that a provider that is away stops nothing else; in as many workers as there are.
"""

from functools import partial
from uuid import UUID

from bottega.domains import orders
from bottega.domains.payments import due_at_provider
from bottega.entrypoints.wiring import Parts
from bottega.infra.sweep import Job, Sweep
from bottega.infra.transaction import Database
from bottega.kit.subject import system


def make_sweeps(parts: Parts) -> list[Sweep]:
    """The sweeps of a worker."""
    return [
        # Most of such a job is waiting for the provider, with no connection held: a slow one must not mean a long queue.
        Sweep("payments", partial(due_at_provider, parts.database, parts.desk), slots=64),
        Sweep("unpaid", partial(_unpaid, parts.database), slots=3),
        Sweep("choices", partial(_choices, parts.database), slots=3),
    ]


async def _unpaid(database: Database) -> list[Job]:
    """The unpaid online orders of all merchants whose store's time is over, each to be expired."""
    async with database.read(None, role="bottega_relay") as tx:
        due = await orders.unpaid(tx)
    return [
        Job(("expire", each.order_id), partial(_expire, database, each.merchant_id, (each.store_id, each.order_id)))
        for each in due
    ]


async def _expire(database: Database, merchant_id: UUID, which: tuple[UUID, UUID]) -> bool:
    return await database.run(orders.expire, which, by=system(merchant_id, "expiry"))


async def _choices(database: Database) -> list[Job]:
    """The lines that are out, of all merchants, whose customers did not choose in time, each to be settled by default."""
    async with database.read(None, role="bottega_relay") as tx:
        due = await orders.due_shortages(tx)
    return [Job(("choose", each.shortage_id), partial(_choose, database, each)) for each in due]


async def _choose(database: Database, due: orders.DueShortage) -> bool:
    which = (due.store_id, due.order_id, due.shortage_id)
    return await database.run(orders.choose_by_deadline, which, by=system(due.merchant_id, "deadline"))
