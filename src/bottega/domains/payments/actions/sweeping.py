"""What is due at the provider, for all merchants, as jobs for a sweep: whoever runs it, in as many copies as wished.

Kinds take turns, so that many of one kind don't keep the others waiting. While the provider is away nothing is found
(one thing when it is time for a probe): what is due stays due, and costs nobody anything.
"""

from functools import partial
from itertools import chain, zip_longest

from bottega.domains.payments.actions.asking import Desk
from bottega.domains.payments.errors import OnlineOff
from bottega.domains.payments.store import due, retries
from bottega.infra.breaker import State
from bottega.infra.sweep import Job
from bottega.infra.transaction import Database


async def due_at_provider(database: Database, desk: Desk) -> list[Job]:
    """Everything that is due and can be done now. Raises `Unavailable` when the database is away."""
    try:
        _ = desk.provider
    except OnlineOff:
        return []
    if desk.breaker.wait > 0:
        return []
    async with database.read(None, role="bottega_relay") as tx:
        attempts = await due.due_attempts(tx)
        events = await due.due_events(tx)
        checks = await due.due_checks(tx)
        refunds = await due.due_refund_checks(tx)
        failed = await retries.due_refunds(tx)
    kinds: tuple[list[Job], ...] = (
        [Job(("ask", x.payment_id), partial(desk.ask, x.merchant_id, x.store_id, x.payment_id)) for x in attempts],
        [
            Job(
                ("event", x.provider_account, x.object_ref),
                partial(desk.apply, x.merchant_id, x.provider_account, x.event_id),
            )
            for x in events
        ],
        [Job(("check", x.payment_id), partial(desk.check, x.merchant_id, x.store_id, x.payment_id)) for x in checks],
        [
            Job(("refund", x.refund_id), partial(desk.check_refund, x.merchant_id, x.store_id, x.refund_id))
            for x in refunds
        ],
        [
            Job(("retry", x.refund_id), partial(desk.retry_refund, x.merchant_id, x.store_id, x.refund_id))
            for x in failed
        ],
    )
    jobs = [job for job in chain.from_iterable(zip_longest(*kinds)) if job is not None]
    return jobs if desk.breaker.state is State.CLOSED else jobs[:1]
