"""Every SQL statement about differences between the provider's ledger and ours.

A difference is one row for each code and object: finding it again changes that row, so nothing is told twice.
"""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from bottega.domains.payments.model.reconciliation import Difference, Finding, Side, Verdict
from bottega.domains.payments.states import DifferenceState
from bottega.infra.db import ReadTx
from bottega.infra.transaction import Tx

OPEN: LiteralString = """
select d.store_id, d.difference_id, d.intent_ref, d.payment_id from stores s
join differences d on d.store_id = s.store_id and d.state = 'OPEN'
where (%(store_id)s::uuid is null or s.store_id = %(store_id)s::uuid)
  and (d.store_id, d.difference_id) > (%(after_store)s, %(after_id)s)
order by d.store_id, d.difference_id limit %(limit)s
"""
UPSERT: LiteralString = """
insert into differences as d (merchant_id, store_id, difference_id, code, state, payment_id, intent_ref, object_ref, there,
  here, found_at, seen_at, closed_at)
values (%(merchant_id)s, %(store_id)s, %(difference_id)s, %(code)s, %(state)s, %(payment_id)s, %(intent_ref)s, %(object_ref)s,
  %(there)s::jsonb, %(here)s::jsonb, %(now)s::timestamptz, %(now)s::timestamptz,
  case when %(state)s = 'MENDED' then %(now)s::timestamptz end)
on conflict (store_id, code, object_ref) do update set
  state = case when d.state = 'RESOLVED' and d.there is not distinct from excluded.there
    and d.here is not distinct from excluded.here then d.state else excluded.state end,
  closed_at = case when d.state = 'RESOLVED' and d.there is not distinct from excluded.there
    and d.here is not distinct from excluded.here then d.closed_at else excluded.closed_at end,
  payment_id = excluded.payment_id, intent_ref = excluded.intent_ref, there = excluded.there, here = excluded.here,
  seen_at = excluded.seen_at
"""
CLOSE_GONE: LiteralString = """
update differences set state = 'MENDED', closed_at = %(now)s, seen_at = %(now)s
where store_id = %(store_id)s and state = 'OPEN'
  and (intent_ref in (%(intent_ref)s, %(looked_at)s) or (intent_ref is null and payment_id = %(payment_id)s))
  and (code, object_ref) not in (select * from unnest(%(codes)s::text[], %(objects)s::text[]))
"""
COUNT: LiteralString = """
select store_id, count(*) filter (where state = 'MENDED') as mended, count(*) filter (where state = 'OPEN') as remaining
from differences where seen_at >= %(started)s and (%(store_id)s::uuid is null or store_id = %(store_id)s::uuid) group by 1
"""
LIST: LiteralString = """
select merchant_id, store_id, difference_id, code, state, payment_id, intent_ref, object_ref, there, here, found_at, seen_at,
  closed_at, note,
  (select reference from payments p where p.store_id = d.store_id and p.payment_id = d.payment_id) as reference
from differences d where store_id = %(store_id)s and (%(state)s::text is null or state = %(state)s)
  and (%(before)s::uuid is null or difference_id < %(before)s::uuid)
order by difference_id desc limit %(limit)s
"""
RESOLVE: LiteralString = """
update differences set state = 'RESOLVED', closed_at = %(now)s, closed_by = %(by)s, note = %(note)s
where store_id = %(store_id)s and difference_id = %(difference_id)s and state = 'OPEN'
"""
READ: LiteralString = """
select merchant_id, store_id, difference_id, code, state, payment_id, intent_ref, object_ref, there, here, found_at, seen_at,
  closed_at, note,
  (select reference from payments p where p.store_id = d.store_id and p.payment_id = d.payment_id) as reference
from differences d where store_id = %(store_id)s and difference_id = %(difference_id)s
"""
SEEN: LiteralString = """
select merchant_id, store_id, difference_id, code, state, payment_id, intent_ref, object_ref, there, here, found_at, seen_at,
  closed_at, note,
  (select reference from payments p where p.store_id = d.store_id and p.payment_id = d.payment_id) as reference
from differences d where seen_at >= %(since)s and state <> 'RESOLVED'
  and (%(store_id)s::uuid is null or store_id = %(store_id)s::uuid)
order by state desc, store_id, difference_id limit %(limit)s
"""
_ZERO = UUID(int=0)


class OpenOne(msgspec.Struct, frozen=True):
    """A difference that stands open."""

    store_id: UUID
    difference_id: UUID
    intent_ref: str | None
    payment_id: UUID | None


class _Counted(msgspec.Struct, frozen=True):
    store_id: UUID
    mended: int
    remaining: int


async def still_open(tx: ReadTx, store_id: UUID | None, after: OpenOne | None, limit: int) -> list[OpenOne]:
    """Differences that stand open, of a store or of all, in order, from after one (as the relay)."""
    last = (_ZERO, _ZERO) if after is None else (after.store_id, after.difference_id)
    values = {"store_id": store_id, "after_store": last[0], "after_id": last[1], "limit": limit}
    return await tx.rows(OPEN, values, OpenOne)


async def keep(tx: Tx, verdict: Verdict, finding: Finding, state: DifferenceState, difference_id: UUID) -> None:
    """Write down a finding, or what became of it; one that a person resolved stays so while nothing about it changes."""
    values = {
        "merchant_id": verdict.merchant_id,
        "store_id": verdict.store_id,
        "difference_id": difference_id,
        "code": finding.code,
        "state": state,
        "payment_id": verdict.suspect.payment_id,
        "intent_ref": verdict.suspect.intent_ref,
        "object_ref": finding.object_ref,
        "there": _json(finding.there),
        "here": _json(finding.here),
        "now": tx.now,
    }
    await tx.execute(UPSERT, values)


async def close_gone(tx: Tx, verdict: Verdict) -> int:
    """Close what stood open about a payment and differs no longer; how many."""
    values = {
        "store_id": verdict.store_id,
        "payment_id": verdict.suspect.payment_id,
        "intent_ref": verdict.suspect.intent_ref,
        "looked_at": verdict.looked_at,
        "codes": [each.code.value for each in verdict.open],
        "objects": [each.object_ref for each in verdict.open],
        "now": tx.now,
    }
    return await tx.execute(CLOSE_GONE, values)


async def counts(tx: ReadTx, started: datetime, store_id: UUID | None) -> dict[UUID, tuple[int, int]]:
    """Differences mended and remaining since a comparison began, by store (as the relay)."""
    found = await tx.rows(COUNT, {"started": started, "store_id": store_id}, _Counted)
    return {each.store_id: (each.mended, each.remaining) for each in found}


async def listed(
    tx: ReadTx, store_id: UUID, state: DifferenceState | None, before: UUID | None, limit: int
) -> list[Difference]:
    """The differences of a store, newest first, from before one; all states for None."""
    values = {"store_id": store_id, "state": state, "before": before, "limit": limit}
    return await tx.rows(LIST, values, Difference)


async def read(tx: ReadTx, store_id: UUID, difference_id: UUID) -> Difference | None:
    """One difference."""
    return await tx.row(READ, {"store_id": store_id, "difference_id": difference_id}, Difference)


async def resolve(tx: Tx, store_id: UUID, difference_id: UUID, note: str) -> bool:
    """A person has dealt with it; False when it does not stand open."""
    values = {"store_id": store_id, "difference_id": difference_id, "note": note}
    return await tx.execute(RESOLVE, values | {"by": tx.subject.subject_id, "now": tx.now}) == 1


def _json(side: Side | None) -> str | None:
    return None if side is None else msgspec.json.encode(side).decode()


async def seen(tx: ReadTx, since: datetime, store_id: UUID | None, limit: int) -> list[Difference]:
    """What a comparison that began then found open or mended, of a store or of all (as the relay)."""
    return await tx.rows(SEEN, {"since": since, "store_id": store_id, "limit": limit}, Difference)
