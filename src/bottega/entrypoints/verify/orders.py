"""Orders: history, status and numbers agree, and every step was one that the state machines allow.

The allowed steps come as data from the machines themselves (`parameters.py`), so the code and the check can't drift apart.
"""

from bottega.entrypoints.verify.model import Invariant, Level

ORDERS = (
    Invariant(
        "orders.have_lines",
        "An order has lines, numbered from 1 without a gap, each with an id of its own",
        (9,),
        """
        select o.store_id, o.order_id, count(l.line_no) as lines, max(l.line_no) as last_line
        from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
        left join order_lines l on l.store_id = o.store_id and l.order_id = o.order_id
        group by 1, 2
        having count(l.line_no) = 0 or min(l.line_no) <> 1 or max(l.line_no) <> count(l.line_no)
          or count(distinct l.line_id) <> count(l.line_no)
        """,
    ),
    Invariant(
        "orders.history_dense",
        "The history of an order is numbered from 1 to the order's own number without a gap",
        (18,),
        """
        select o.store_id, o.order_id, o.seq, count(e.seq) as events, min(e.seq) as first_seq, max(e.seq) as last_seq
        from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
        left join order_events e on e.store_id = o.store_id and e.order_id = o.order_id
        group by 1, 2, o.seq
        having count(e.seq) <> o.seq or min(e.seq) <> 1 or max(e.seq) <> o.seq
        """,
    ),
    Invariant(
        "orders.history_legal",
        "Every step of an order is a move of its state machine, by that name, between those states",
        (18,),
        """
        with legal as materialized (
          select * from json_to_recordset(%(order_steps)s::json)
            as m (fulfillment_type text, pay_mode text, event text, from_status text, to_status text))
        select e.store_id, e.order_id, e.seq, o.fulfillment_type, o.pay_mode, e.event, e.from_status, e.to_status
        from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
        join order_events e on e.store_id = o.store_id and e.order_id = o.order_id
        left join legal m on m.fulfillment_type = o.fulfillment_type and m.pay_mode = o.pay_mode and m.event = e.event
          and coalesce(m.from_status, '') = coalesce(e.from_status, '') and m.to_status = e.to_status
        where m.event is null
        """,
    ),
    Invariant(
        "orders.history_chained",
        "Each step begins where the one before it ended, and the first one begins nowhere",
        (18,),
        """
        with chained as (
          select e.store_id, e.order_id, e.seq, e.from_status, e.to_status,
            lag(e.to_status) over (partition by e.store_id, e.order_id order by e.seq) as before
          from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
          join order_events e on e.store_id = o.store_id and e.order_id = o.order_id)
        select store_id, order_id, seq, before, from_status, to_status from chained where from_status is distinct from before
        """,
    ),
    Invariant(
        "orders.status_is_last_step",
        "An order stands where the last line of its history says",
        (18,),
        """
        select o.store_id, o.order_id, o.status, o.seq, e.to_status
        from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
        left join order_events e on e.store_id = o.store_id and e.order_id = o.order_id and e.seq = o.seq
        where e.to_status is distinct from o.status
        """,
    ),
    Invariant(
        "orders.history_signed",
        "Every step says who did it; times do not run backwards by more than 10 seconds",
        (19,),
        """
        with steps as (
          select e.store_id, e.order_id, e.seq, e.actor_kind, e.actor_id, e.at,
            max(e.at) over (partition by e.store_id, e.order_id order by e.seq
                            rows between unbounded preceding and 1 preceding) as latest
          from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
          join order_events e on e.store_id = o.store_id and e.order_id = o.order_id)
        select store_id, order_id, seq, actor_kind, actor_id, at, latest as earlier_step_at from steps
        where actor_id is null or actor_kind <> all(%(actor_kinds)s::text[]) or at < latest - interval '10 seconds'
        """,
    ),
    Invariant(
        "orders.times",
        "An order was made no later than its history begins, and is promised for no earlier than it was made",
        (19,),
        """
        select o.store_id, o.order_id, o.created_at, o.promised_at, e.at as first_at
        from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
        join order_events e on e.store_id = o.store_id and e.order_id = o.order_id and e.seq = 1
        where o.created_at > e.at or o.promised_at < o.created_at
        """,
    ),
    Invariant(
        "orders.numbers_gapless",
        "The orders of a store's day are numbered from 1 to its counter, each number once",
        (23,),
        """
        select c.store_id, c.business_date, c.last_number, n.highest, n.orders
        from order_counters c cross join lateral (select max(o.number) as highest, count(*) as orders from orders o
          where o.store_id = c.store_id and o.business_date = c.business_date) n
        where c.business_date >= (%(since)s::timestamptz at time zone 'UTC')::date - 1
          and (coalesce(n.highest, 0) <> c.last_number or n.orders <> c.last_number)
        """,
    ),
    Invariant(
        "orders.numbers",
        "An order's number is its alone at its store on its day, and none is beyond the counter",
        (23,),
        """
        with numbered as (
          select o.store_id, o.order_id, o.business_date, o.number,
            count(*) over (partition by o.store_id, o.business_date, o.number) as holders
          from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s)
        select n.store_id, n.order_id, n.business_date, n.number, n.holders, c.last_number
        from numbered n left join order_counters c on c.store_id = n.store_id and c.business_date = n.business_date
        where n.holders > 1 or n.number < 1 or n.number > coalesce(c.last_number, 0)
        """,
    ),
    Invariant(
        "orders.business_day",
        "An order's business day is the day it was placed on, or a neighbour of it",
        (23,),
        """
        select o.store_id, o.order_id, o.business_date, o.created_at
        from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
        where abs(o.business_date - (o.created_at at time zone 'UTC')::date) > 1
        """,
    ),
    Invariant(
        "orders.stuck",
        "No order waits too long: unpaid beyond twice the store's time (it is doubled during a challenge), a day elsewhere",
        (22,),
        """
        select o.store_id, o.order_id, o.status, o.pay_mode, o.updated_at
        from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
        where o.status = any(%(open_statuses)s::text[])
          and o.updated_at < %(now)s - case when o.status in ('PLACED', 'PENDING') and o.pay_mode = 'ONLINE'
            then (2 * s.unpaid_minutes + 10) * interval '1 minute' else interval '24 hours' end
        """,
        Level.WARN,
    ),
)
