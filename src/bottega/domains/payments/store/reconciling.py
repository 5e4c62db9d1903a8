"""Every SQL statement about comparing the provider's ledger with ours: our side of it, comparisons, turns.

Our side is read as the relay, for all merchants at once; what is written down belongs to one merchant at a time.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from bottega.domains.payments.model import Dispute, Payment, Refund
from bottega.domains.payments.model.reconciliation import (
    AskReconciliation,
    Counts,
    Ours,
    Reconciliation,
    Suspect,
    Window,
)
from bottega.infra.db import ReadTx
from bottega.infra.transaction import Tx

PAYMENTS_BY_ID: LiteralString = """
select p.merchant_id, p.store_id, p.payment_id, p.reference, p.provider, p.provider_account, p.provider_ref, p.client_secret,
  p.status, p.capture_mode, p.amount_minor, p.authorized_minor, p.captured_minor, p.refunded_minor, p.disputed_minor,
  p.currency, p.tender, p.receipt_ref, p.failure_code, p.version, p.created_at, p.updated_at
from unnest(%(stores)s::uuid[], %(payments)s::uuid[]) as wanted (store_id, payment_id)
join payments p on p.store_id = wanted.store_id and p.payment_id = wanted.payment_id
where p.provider = 'STRIPE'
"""
ID_BY_REF: LiteralString = """
select null as intent_ref, store_id, payment_id from payments where provider = 'STRIPE' and provider_ref = %(ref)s limit 1
"""
REFUNDS_BY_ID: LiteralString = """
select r.store_id, r.refund_id, r.payment_id, r.amount_minor, r.reason, r.status, r.provider_ref, r.created_at
from unnest(%(stores)s::uuid[], %(payments)s::uuid[]) as wanted (store_id, payment_id)
join refunds r on r.store_id = wanted.store_id and r.payment_id = wanted.payment_id
order by r.refund_id
"""
DISPUTES_BY_ID: LiteralString = """
select d.store_id, d.dispute_id, d.payment_id, d.provider_ref, d.amount_minor, d.reason, d.status, d.answer_by, d.opened_at,
  d.closed_at
from unnest(%(stores)s::uuid[], %(payments)s::uuid[]) as wanted (store_id, payment_id)
join disputes d on d.store_id = wanted.store_id and d.payment_id = wanted.payment_id
order by d.dispute_id
"""
OUR_PAYMENTS: LiteralString = """
select p.merchant_id, p.store_id, p.payment_id, p.provider_ref from stores s
join payments p on p.store_id = s.store_id and p.payment_id >= %(low)s and p.payment_id < %(high)s
where (%(store_id)s::uuid is null or s.store_id = %(store_id)s::uuid)
  and (p.store_id, p.payment_id) > (%(after_store)s, %(after_id)s)
  and p.provider = 'STRIPE' and p.provider_account = %(account)s
  and (p.provider_ref is not null or p.captured_minor > 0)
order by p.store_id, p.payment_id limit %(limit)s
"""
OUR_REFUNDS: LiteralString = """
select r.merchant_id, r.store_id, r.payment_id, r.refund_id, r.provider_ref from stores s
join refunds r on r.store_id = s.store_id and r.refund_id >= %(low)s and r.refund_id < %(high)s
join payments p on p.store_id = r.store_id and p.payment_id = r.payment_id
where (%(store_id)s::uuid is null or s.store_id = %(store_id)s::uuid)
  and (r.store_id, r.refund_id) > (%(after_store)s, %(after_id)s)
  and p.provider = 'STRIPE' and p.provider_account = %(account)s
  and (r.provider_ref is not null or r.status = 'SUCCEEDED')
order by r.store_id, r.refund_id limit %(limit)s
"""
UNDECIDED: LiteralString = """
select distinct p.provider_ref as intent_ref, p.store_id, p.payment_id from disputes d
join payments p on p.store_id = d.store_id and p.payment_id = d.payment_id
where d.status = 'OPENED' and (%(store_id)s::uuid is null or d.store_id = %(store_id)s::uuid)
  and p.provider = 'STRIPE' and p.provider_account = %(account)s
"""
STORES: LiteralString = "select merchant_id, store_id, number from stores"
INSERT_DONE: LiteralString = """
insert into reconciliations (merchant_id, store_id, reconciliation_id, trigger, mend, state, since, until, there, here, mended,
  remaining, asked_at, next_try_at, finished_at)
values (%(merchant_id)s, %(store_id)s, %(reconciliation_id)s, %(trigger)s, %(mend)s, 'DONE', %(since)s, %(until)s, %(there)s,
  %(here)s, %(mended)s, %(remaining)s, %(started)s, %(now)s, %(now)s)
"""
INSERT_ASKED: LiteralString = """
insert into reconciliations (merchant_id, store_id, reconciliation_id, trigger, mend, state, since, until, asked_by, asked_at,
  next_try_at)
values (%(merchant_id)s, %(store_id)s, %(reconciliation_id)s, 'STAFF', %(mend)s, 'ASKED', %(since)s, %(until)s, %(by)s, %(now)s,
  %(now)s)
"""
DUE: LiteralString = """
select merchant_id, store_id, reconciliation_id from reconciliations
where state = 'ASKED' and next_try_at <= now() order by next_try_at limit 5
"""
CLAIM: LiteralString = """
update reconciliations set tries = tries + 1, next_try_at = now() + %(lease)s::interval
where store_id = %(store_id)s and reconciliation_id = %(reconciliation_id)s and state = 'ASKED' and next_try_at <= now()
returning merchant_id, store_id, reconciliation_id, trigger, mend, state, since, until, there, here, mended, remaining,
  asked_at, finished_at, tries
"""
FINISH: LiteralString = """
update reconciliations set state = %(state)s, there = %(there)s, here = %(here)s, mended = %(mended)s,
  remaining = %(remaining)s, finished_at = %(now)s
where store_id = %(store_id)s and reconciliation_id = %(reconciliation_id)s and state = 'ASKED'
"""
FIRST_TURN: LiteralString = """
insert into reconciliation_turns (provider_account, next_at) values (%(account)s, now() + %(lease)s::interval)
on conflict (provider_account) do nothing
"""
TAKE_TURN: LiteralString = """
update reconciliation_turns set next_at = now() + %(lease)s::interval
where provider_account = %(account)s and next_at <= now() returning true
"""
END_TURN: LiteralString = """
update reconciliation_turns set next_at = now() + %(pause)s::interval where provider_account = %(account)s
"""
READ: LiteralString = """
select merchant_id, store_id, reconciliation_id, trigger, mend, state, since, until, there, here, mended, remaining, asked_at,
  finished_at
from reconciliations where store_id = %(store_id)s and reconciliation_id = %(reconciliation_id)s
"""
LIST: LiteralString = """
select merchant_id, store_id, reconciliation_id, trigger, mend, state, since, until, there, here, mended, remaining, asked_at,
  finished_at
from reconciliations where store_id = %(store_id)s and (%(before)s::uuid is null or reconciliation_id < %(before)s::uuid)
order by reconciliation_id desc limit %(limit)s
"""
_ZERO = UUID(int=0)


class OurObject(msgspec.Struct, frozen=True):
    """A payment or refund of ours that the provider should know; `refund_id` for a refund."""

    merchant_id: UUID
    store_id: UUID
    payment_id: UUID
    provider_ref: str | None
    refund_id: UUID | None = None


class Place(msgspec.Struct, frozen=True):
    """A store: whose, and its number, which its ids end with."""

    merchant_id: UUID
    store_id: UUID
    number: int


class DueOne(msgspec.Struct, frozen=True):
    """A comparison that somebody asked for."""

    merchant_id: UUID
    store_id: UUID
    reconciliation_id: UUID


class Claimed(Reconciliation, frozen=True, kw_only=True):
    """A comparison that is to be made now, for the how many-th time."""

    tries: int


async def ours(tx: ReadTx, wanted: Sequence[tuple[UUID, UUID]]) -> dict[UUID, Ours]:
    """What we have of payments (store, payment), by their ids (as the relay)."""
    which = {"stores": [each[0] for each in wanted], "payments": [each[1] for each in wanted]}
    payments = await tx.rows(PAYMENTS_BY_ID, which, Payment)
    refunds: dict[UUID, list[Refund]] = {}
    for refund in await tx.rows(REFUNDS_BY_ID, which, Refund):
        refunds.setdefault(refund.payment_id, []).append(refund)
    disputes: dict[UUID, list[Dispute]] = {}
    for dispute in await tx.rows(DISPUTES_BY_ID, which, Dispute):
        disputes.setdefault(dispute.payment_id, []).append(dispute)
    return {
        each.payment_id: Ours(
            payment=each,
            refunds=tuple(refunds.get(each.payment_id, ())),
            disputes=tuple(disputes.get(each.payment_id, ())),
        )
        for each in payments
    }


async def by_ref(tx: ReadTx, ref: str) -> Suspect | None:
    """Which payment of any store has this provider's reference (as the relay)."""
    return await tx.row(ID_BY_REF, {"ref": ref}, Suspect)


async def places(tx: ReadTx) -> dict[UUID, Place]:
    """Every store, by its id (as the relay)."""
    return {each.store_id: each for each in await tx.rows(STORES, {}, Place)}


async def undecided(tx: ReadTx, store_id: UUID | None, account: str) -> list[Suspect]:
    """Payments with a dispute that is open here, of a store or of all (as the relay)."""
    return await tx.rows(UNDECIDED, {"store_id": store_id, "account": account}, Suspect)


async def our_payments(
    tx: ReadTx, window: Window, account: str, ids_between: tuple[UUID, UUID], after: OurObject | None, limit: int
) -> list[OurObject]:
    """Payments of an account that the provider should know, with ids of a range, in order, from after one (as the relay)."""
    last = (_ZERO, _ZERO) if after is None else (after.store_id, after.payment_id)
    return await tx.rows(OUR_PAYMENTS, _range(window, account, ids_between, last, limit), OurObject)


async def our_refunds(
    tx: ReadTx, window: Window, account: str, ids_between: tuple[UUID, UUID], after: OurObject | None, limit: int
) -> list[OurObject]:
    """As `our_payments`, for refunds."""
    last = (_ZERO, _ZERO) if after is None else (after.store_id, after.refund_id or _ZERO)
    return await tx.rows(OUR_REFUNDS, _range(window, account, ids_between, last, limit), OurObject)


def _range(
    window: Window, account: str, ids_between: tuple[UUID, UUID], last: tuple[UUID, UUID], limit: int
) -> dict[str, Any]:
    return {
        "store_id": window.store_id,
        "account": account,
        "low": ids_between[0],
        "high": ids_between[1],
        "after_store": last[0],
        "after_id": last[1],
        "limit": limit,
    }


async def insert_done(tx: Tx, place: Place, made: dict[str, Any], counted: Counts) -> None:
    """Write down a comparison that was made (`reconciliation_id`, `trigger`, `mend`, `since`, `until`, `started`)."""
    whose = {"merchant_id": place.merchant_id, "store_id": place.store_id, "now": tx.now}
    await tx.execute(INSERT_DONE, whose | made | msgspec.to_builtins(counted))


async def insert_asked(tx: Tx, reconciliation_id: UUID, asked: AskReconciliation) -> None:
    """Write down that somebody wants a comparison."""
    values = {
        "merchant_id": tx.merchant_id,
        "store_id": asked.store_id,
        "reconciliation_id": reconciliation_id,
        "mend": asked.mend,
        "since": asked.since,
        "until": asked.until,
        "by": tx.subject.subject_id,
        "now": tx.now,
    }
    await tx.execute(INSERT_ASKED, values)


async def due(tx: ReadTx) -> list[DueOne]:
    """Comparisons of all merchants that somebody waits for (as the relay)."""
    return await tx.rows(DUE, {}, DueOne)


async def claim(tx: Tx, store_id: UUID, reconciliation_id: UUID, lease: timedelta) -> Claimed | None:
    """Take a comparison that is due, for a while; None when another has it."""
    values = {"store_id": store_id, "reconciliation_id": reconciliation_id, "lease": lease}
    return await tx.row(CLAIM, values, Claimed)


async def finish(tx: Tx, store_id: UUID, reconciliation_id: UUID, counted: Counts | None) -> None:
    """A comparison that was asked for is made; None: it failed for good."""
    values = {"store_id": store_id, "reconciliation_id": reconciliation_id, "state": "DONE" if counted else "FAILED"}
    await tx.execute(FINISH, values | msgspec.to_builtins(counted or Counts()) | {"now": tx.now})


async def take_turn(tx: Tx, account: str, lease: timedelta) -> bool:
    """Take the turn to compare all stores of an account, if it is time; nobody else has it for the lease.

    The first turn of all comes after a lease: a shop that has just been opened has nothing to compare.
    """
    values = {"account": account, "lease": lease}
    if await tx.value(TAKE_TURN, values):
        return True
    await tx.execute(FIRST_TURN, values)
    return False


async def end_turn(tx: Tx, account: str, pause: timedelta) -> None:
    """The next turn comes after the pause."""
    await tx.execute(END_TURN, {"account": account, "pause": pause})


async def read(tx: ReadTx, store_id: UUID, reconciliation_id: UUID) -> Reconciliation | None:
    """One comparison."""
    return await tx.row(READ, {"store_id": store_id, "reconciliation_id": reconciliation_id}, Reconciliation)


async def listed(tx: ReadTx, store_id: UUID, before: UUID | None, limit: int) -> list[Reconciliation]:
    """The comparisons of a store, newest first, from before one."""
    return await tx.rows(LIST, {"store_id": store_id, "before": before, "limit": limit}, Reconciliation)
