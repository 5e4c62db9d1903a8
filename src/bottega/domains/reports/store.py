"""Every SQL statement of the reports: they read the ledger, the orders behind it and the people behind those.

The months are given as spans, one for each store, so that each is bounded on its own wall clock and the index
`payment_entries_money` finds what moved in it. What counts as money is said here once, in `TOP`, as in the payments'
totals: CAPTURED came in, REFUNDED went back, a refund that failed after it had succeeded came in again; what a bank takes
back in a dispute went back, and came in again when the dispute was won.
"""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from bottega.domains.reports.model import Span, Spender, Total
from bottega.infra.db import ReadTx

TOP: LiteralString = """
with entries as materialized (
  select e.store_id, e.payment_id, e.kind = 'CAPTURED' as came,
    case when e.kind in ('REFUND_FAILED', 'FUNDS_REINSTATED') then -e.amount_minor else e.amount_minor end as amount
  from payment_entries e
  where e.store_id = any(%(stores)s::uuid[]) and e.at >= %(from_at)s and e.at < %(to_at)s
    and e.kind in ('CAPTURED', 'REFUNDED', 'REFUND_FAILED', 'FUNDS_WITHDRAWN', 'FUNDS_REINSTATED')
    and (e.kind <> 'REFUND_FAILED' or e.note = 'reversed')
    and exists (
      select from json_to_recordset(%(spans)s::json) as s (store_id uuid, from_at timestamptz, to_at timestamptz)
      where s.store_id = e.store_id and e.at >= s.from_at and e.at < s.to_at)
), staff as materialized (
  select user_id from users where merchant_id = %(merchant_id)s and kind <> 'CUSTOMER'
), people as materialized (
  select p.currency, o.placed_by, o.placed_by in (select user_id from staff) as unnamed,
    coalesce(sum(e.amount) filter (where e.came), 0)::bigint as captured,
    coalesce(sum(e.amount) filter (where not e.came), 0)::bigint as refunded,
    (count(*) filter (where e.came))::int as payments
  from entries e
  join payments p on p.store_id = e.store_id and p.payment_id = e.payment_id
  join orders o on o.store_id = p.store_id and o.order_id = p.reference
  group by 1, 2
), ranked as (
  select *, rank() over (partition by currency order by captured - refunded desc)::int as place
  from people where not unnamed and captured > refunded
), totals as (
  select currency, sum(captured)::bigint as captured_minor, sum(refunded)::bigint as refunded_minor,
    sum(captured - refunded)::bigint as spent_minor,
    (count(*) filter (where not unnamed and captured > refunded))::int as people,
    coalesce(sum(captured - refunded) filter (where unnamed), 0)::bigint as unnamed_minor
  from people group by 1
), shown as (
  select r.currency, r.place as rank, r.placed_by as subject_id, coalesce(u.kind, 'GUEST') as kind,
    coalesce(u.name, (
      select o.contact_name from orders o where o.merchant_id = %(merchant_id)s and o.placed_by = r.placed_by
        and o.contact_name <> '' order by o.order_id desc limit 1), '') as name,
    r.captured as captured_minor, r.refunded as refunded_minor, r.captured - r.refunded as spent_minor, r.payments
  from (select * from ranked where place <= %(places)s order by currency, place, placed_by limit %(most)s) r
  left join users u on u.merchant_id = %(merchant_id)s and u.user_id = r.placed_by
)
select
  (select coalesce(json_agg(t order by t.currency), '[]') from totals t) as totals,
  (select coalesce(json_agg(s order by s.currency, s.rank, s.subject_id), '[]') from shown s) as spenders
"""
ROOM: LiteralString = """
select set_config('statement_timeout', '20s', true), set_config('work_mem', '64MB', true),
  set_config('plan_cache_mode', 'force_custom_plan', true)
"""
# `limit 1` and `offset 0` keep these look-ups what they are: a few index probes for each customer of the page, where the
# planner would rather gather everybody's money first.
CUSTOMERS: LiteralString = """
select u.user_id, u.name, u.created_at, k.kept,
  case when k.kept then false else coalesce((
    select true from orders o join payments p on p.store_id = o.store_id and p.reference = o.order_id
    where o.merchant_id = %(merchant_id)s and o.placed_by = u.user_id and p.captured_minor > 0
      and (%(store_id)s::uuid is null or o.store_id = %(store_id)s) limit 1), false) end as refunded
from (
  select user_id, name, created_at from users
  where merchant_id = %(merchant_id)s and kind = 'CUSTOMER' and user_id > %(after)s order by user_id limit %(limit)s) u
cross join lateral (
  select coalesce((
    select true from orders o join payments p on p.store_id = o.store_id and p.reference = o.order_id
    where o.merchant_id = %(merchant_id)s and o.placed_by = u.user_id
      and p.captured_minor > p.refunded_minor + p.disputed_minor
      and (%(store_id)s::uuid is null or o.store_id = %(store_id)s) limit 1), false) as kept offset 0) k
order by u.user_id
"""


class Found(msgspec.Struct, frozen=True):
    """What moved: the totals of each currency, and who is in the first places."""

    totals: list[Total]
    spenders: list[Spender]


class Customer(msgspec.Struct, frozen=True):
    """A registered customer: whether anything of their money was kept, else whether all of it went back."""

    user_id: UUID
    name: str
    created_at: datetime
    kept: bool
    refunded: bool


async def top(tx: ReadTx, spans: tuple[Span, ...], places: int, most: int) -> Found:
    """Who spent the most in these spans: everybody in the first `places` of each currency, at most `most` of them.

    For this statement alone there is more time and memory, and the plan is made for these very spans: a month holds ten
    movements here and a million there.
    """
    values = {
        "merchant_id": tx.merchant_id,
        "stores": [each.store_id for each in spans],
        "from_at": min(each.from_at for each in spans),
        "to_at": max(each.to_at for each in spans),
        "spans": msgspec.json.encode(spans).decode(),
        "places": places,
        "most": most,
    }
    await tx.value(ROOM, {})
    found = await tx.row(TOP, values, Found)
    return found or Found([], [])


async def customers(tx: ReadTx, store_id: UUID | None, after: UUID, limit: int) -> list[Customer]:
    """The next registered customers by id, with whether they ever spent anything at a store (None: at any)."""
    values = {"merchant_id": tx.merchant_id, "store_id": store_id, "after": after, "limit": limit}
    return await tx.rows(CUSTOMERS, values, Customer)
