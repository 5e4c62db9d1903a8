"""What must be true of a database at any moment, whatever was killed: each query gives the rows at fault, so none."""

from typing import LiteralString

import psycopg

INVARIANTS: dict[str, LiteralString] = {
    "the log is dense from 1 to its head": """
        select seq from generate_series(1, (select seq from log_head)) as seq
        where not exists (select from log where log.seq = seq.seq)
        union all select seq from log where seq > (select seq from log_head)""",
    "facts of an order are in the order of its history": """
        select a.seq from log a join log b on a.aggregateid = b.aggregateid and a.seq < b.seq
        where a.aggregatetype = 'order' and b.aggregatetype = 'order'
          and (a.payload->>'seq')::int >= (b.payload->>'seq')::int""",
    "each event of an order's history was told once": """
        select e.order_id, e.seq from order_events e
        where 1 <> (select count(*) from (select payload from log where aggregateid = e.order_id and aggregatetype = 'order'
            union all select payload from outbox where aggregateid = e.order_id and aggregatetype = 'order') f
          where (f.payload->>'seq')::int = e.seq)""",
    "an order stands where its history ends": """
        select o.order_id from orders o join lateral (select to_status, seq from order_events e
          where (e.store_id, e.order_id) = (o.store_id, o.order_id) order by seq desc limit 1) last on true
        where (last.to_status, last.seq) <> (o.status, o.seq)""",
    "a history has no gaps and each step begins where the last one ended": """
        select order_id, seq from (select order_id, seq, from_status, lag(to_status) over w as before,
            row_number() over w as place from order_events window w as (partition by store_id, order_id order by seq)) h
        where seq <> place or from_status is distinct from before""",
    "an order is placed once per key": """
        select idempotency_key from orders group by store_id, placed_by, idempotency_key having count(*) > 1""",
    "every order has lines that add up": """
        select o.order_id from orders o left join order_lines l using (store_id, order_id)
        group by o.store_id, o.order_id, o.subtotal_minor having coalesce(sum(l.total_minor), -1) <> o.subtotal_minor""",
    "paid orders have the money and no payment has more back than came": """
        select o.order_id from orders o left join payments p on (p.store_id, p.payment_id) = (o.store_id, o.payment_id)
        where (o.status = 'PAID' or (o.pay_mode = 'ONLINE' and o.status in ('IN_PROGRESS', 'READY', 'COMPLETED'))
               or (o.status = 'COMPLETED'))
          and coalesce(p.captured_minor, 0) <> o.total_minor
        union all select payment_id from payments where refunded_minor > captured_minor""",
    "a payment's totals are those of its ledger": """
        select p.payment_id from payments p left join lateral (select
            coalesce(sum(amount_minor) filter (where kind = 'CAPTURED'), 0) as captured,
            coalesce(sum(amount_minor) filter (where kind = 'REFUNDED'), 0)
              - coalesce(sum(amount_minor) filter (where kind = 'REFUND_FAILED' and note = 'reversed'), 0) as refunded
          from payment_entries e where (e.store_id, e.payment_id) = (p.store_id, p.payment_id)) e on true
        where (p.captured_minor, p.refunded_minor) <> (e.captured, e.refunded)""",
    "refunds asked for are within what was captured": """
        select p.payment_id from payments p join refunds r using (store_id, payment_id) where r.status <> 'FAILED'
        group by p.store_id, p.payment_id, p.captured_minor having sum(r.amount_minor) > p.captured_minor""",
    "an order has one ticket, opened once": """
        select aggregateid from log where type = 'ticket.opened' group by aggregateid having count(*) > 1
        union all select order_id from tickets group by store_id, order_id, station having count(*) > 1""",
    "no fact is parked": "select seq from parked_events",
    "numbers of a store and day are dense from 1": """
        select store_id, business_date, count(*), max(number) from orders group by 1, 2
        having count(*) <> max(number) or min(number) <> 1""",
}


def broken(database_url: str, *, but: tuple[str, ...] = ()) -> dict[str, list[tuple[object, ...]]]:
    """The invariants that don't hold, with the first rows at fault; read in one snapshot."""
    found: dict[str, list[tuple[object, ...]]] = {}
    with psycopg.connect(database_url) as connection:
        connection.execute("set transaction isolation level repeatable read read only")
        for name, query in INVARIANTS.items():
            rows = connection.execute(query).fetchmany(5)
            if rows and name not in but:
                found[name] = rows
    return found
