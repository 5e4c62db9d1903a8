"""What orders do when a lower slice tells a fact, and when time is over."""

from functools import partial

from bottega.domains.orders.actions.paying import complete_payment, flag_payment, settle_dispute
from bottega.domains.orders.actions.running_short import choose_by_deadline
from bottega.domains.orders.store import shortages
from bottega.domains.payments import DisputeClosed, HoldLost, PaymentAuthorized, PaymentCaptured
from bottega.infra.consumers import Reaction
from bottega.infra.sweep import Job
from bottega.infra.transaction import Database
from bottega.kit.fact import Fact
from bottega.kit.subject import system

REACTIONS: dict[type[Fact], Reaction] = {
    PaymentCaptured: complete_payment,
    PaymentAuthorized: complete_payment,
    HoldLost: flag_payment,
    DisputeClosed: settle_dispute,
}


async def due_choices(database: Database) -> list[Job]:
    """What nobody chose in time, of all merchants, each to be settled by default. Raises `Unavailable`."""
    async with database.read(None, role="bottega_relay") as tx:
        due = await shortages.due(tx)
    return [Job(("choose", each.shortage_id), partial(_lapse, database, each)) for each in due]


async def _lapse(database: Database, due: shortages.DueShortage) -> bool:
    which = (due.store_id, due.order_id, due.shortage_id)
    return await database.run(choose_by_deadline, which, by=system(due.merchant_id, "deadline"))
