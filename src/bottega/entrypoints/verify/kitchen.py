"""The kitchen: tickets say what their orders say, as far as the kitchen has read the log.

A ticket follows its order through the log, so each check looks only at facts that the kitchen's cursor has passed: a
kitchen that is behind is not wrong (`events.consumers_behind` tells that), one that read a fact and did nothing is.
"""

from bottega.entrypoints.verify.model import Invariant

KITCHEN = (
    Invariant(
        "kitchen.orders_have_tickets",
        "Every order that belongs in the queue, and that the kitchen has read of, has a ticket",
        (20,),
        """
        with taken as materialized (
          select l.store_id, l.aggregateid as order_id, max(l.seq) as seq from log l
          where l.seq > %(log_floor)s and l.aggregatetype = 'order'
            and l.seq <= coalesce((select position from consumers where name = 'kitchen'), 0)
            and (l.payload ->> 'status' = any(%(paid_statuses)s::text[])
                 or (l.payload ->> 'pay_mode' = 'AT_STORE' and l.payload ->> 'status' = 'PLACED'))
            and not exists (select from parked_events k where k.consumer = 'kitchen' and k.seq = l.seq)
          group by 1, 2)
        select o.store_id, o.order_id, o.status, o.pay_mode, t.seq as log_seq
        from taken t join orders o on o.store_id = t.store_id and o.order_id = t.order_id
        where o.status <> 'CANCELLED' and not exists (
          select from tickets k where k.store_id = o.store_id and k.order_id = o.order_id)
        """,
    ),
    Invariant(
        "kitchen.no_unpaid_tickets",
        "No ticket stands for an online order that was never paid",
        (20,),
        """
        select t.store_id, t.ticket_id, t.order_id, o.status
        from stores s join tickets t on t.store_id = s.store_id and t.order_id >= %(floor)s
        join orders o on o.store_id = t.store_id and o.order_id = t.order_id
        where o.pay_mode = 'ONLINE' and not exists (select from order_events e where e.store_id = o.store_id
          and e.order_id = o.order_id and e.to_status = any(%(paid_statuses)s::text[]))
        """,
    ),
    Invariant(
        "kitchen.one_ticket",
        "An order has one ticket at a station",
        (20,),
        """
        select t.store_id, t.order_id, t.station, count(*) as tickets
        from stores s join tickets t on t.store_id = s.store_id and t.order_id >= %(floor)s
        group by 1, 2, 3 having count(*) > 1
        """,
    ),
    Invariant(
        "kitchen.tickets_follow",
        "A ticket is never ahead of its order, nor behind what the kitchen has read of it, and says the same of it",
        (20,),
        """
        with taken as materialized (
          select l.store_id, l.aggregateid as order_id, max((l.payload ->> 'seq')::int) as seq from log l
          where l.seq > %(log_floor)s and l.aggregatetype = 'order'
            and l.seq <= coalesce((select position from consumers where name = 'kitchen'), 0)
            and not exists (select from parked_events k where k.consumer = 'kitchen' and k.seq = l.seq)
          group by 1, 2)
        select t.store_id, t.ticket_id, t.order_id, t.order_seq, o.seq, t.order_status, o.status, r.seq as read_seq
        from stores s join tickets t on t.store_id = s.store_id and t.order_id >= %(floor)s
        join orders o on o.store_id = t.store_id and o.order_id = t.order_id
        left join taken r on r.store_id = t.store_id and r.order_id = t.order_id
        where t.order_seq > o.seq or t.order_seq < r.seq
          or (t.order_seq = o.seq and (t.order_status <> o.status or t.total_minor <> o.total_minor
                                       or t.currency <> o.currency or t.pay_mode <> o.pay_mode
                                       or t.fulfillment_type <> o.fulfillment_type or t.promised_at <> o.promised_at
                                       or t.name <> o.contact_name
                                       or t.number !~ ('(^|[^0-9])0*' || o.number || '$')))
        """,
    ),
    Invariant(
        "kitchen.ticket_states",
        "A ticket's state fits its order: closed with it, cancelled with it, not done before the order is ready",
        (20,),
        """
        select t.store_id, t.ticket_id, t.order_id, t.state, t.order_status
        from stores s join tickets t on t.store_id = s.store_id and t.order_id >= %(floor)s
        where (t.state = 'CLOSED') <> (t.order_status in ('COMPLETED', 'DELIVERED'))
          or (t.state = 'CANCELLED') <> (t.order_status in ('CANCELLED', 'FAILED'))
          or (t.order_status in ('PLACED', 'PAID') and t.state <> 'QUEUED')
          or (t.state = 'DONE' and t.order_status not in ('READY', 'OUT_FOR_DELIVERY'))
        """,
    ),
    Invariant(
        "kitchen.ticket_times",
        "A ticket has the instants that go with its state",
        (19, 20),
        """
        select t.store_id, t.ticket_id, t.state, t.started_at, t.done_at, t.closed_at
        from stores s join tickets t on t.store_id = s.store_id and t.order_id >= %(floor)s
        where (t.state = 'QUEUED' and t.started_at is not null) or (t.state = 'STARTED' and t.started_at is null)
          or (t.state = 'DONE' and t.done_at is null) or (t.state in ('CLOSED', 'CANCELLED')) <> (t.closed_at is not null)
        """,
    ),
    Invariant(
        "kitchen.ticket_paid",
        "A ticket says whether there is money behind its order, as soon as everybody has read that",
        (5, 20),
        """
        select t.store_id, t.ticket_id, t.order_id, t.paid, o.pay_mode, o.status, p.status as payment_status
        from stores s join tickets t on t.store_id = s.store_id and t.order_id >= %(floor)s and t.state <> 'CANCELLED'
        join orders o on o.store_id = t.store_id and o.order_id = t.order_id and o.seq = t.order_seq
        left join payments p on p.store_id = o.store_id and p.payment_id = o.payment_id
        where o.updated_at < %(settled)s and (p.updated_at is null or p.updated_at < %(settled)s)
          and t.paid <> (o.status in ('COMPLETED', 'DELIVERED') or (o.pay_mode = 'ONLINE' and coalesce(p.status, '') in (
            'AUTHORIZED', 'CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED', 'DISPUTED')))
          and not exists (select from outbox) and not exists (select from parked_events)
          and not exists (select from consumers c cross join log_head h where c.position < h.seq)
        """,
    ),
    Invariant(
        "kitchen.ticket_waits",
        "A ticket waits for its customer exactly while a line of its order is out, as soon as everybody has read that",
        (20,),
        """
        select t.store_id, t.ticket_id, t.order_id, t.waiting_until, h.due_at
        from stores s join tickets t on t.store_id = s.store_id and t.order_id >= %(floor)s
          and t.state not in ('CANCELLED', 'CLOSED')
        join orders o on o.store_id = t.store_id and o.order_id = t.order_id and o.seq = t.order_seq
        cross join lateral (select max(x.due_at) as due_at from order_shortages x where x.store_id = o.store_id
          and x.order_id = o.order_id and x.state = 'OFFERED') h
        where t.waiting_until is distinct from h.due_at and o.updated_at < %(settled)s
          and not exists (select from outbox) and not exists (select from parked_events)
          and not exists (select from consumers c cross join log_head l where c.position < l.seq)
        """,
    ),
    Invariant(
        "kitchen.ticket_lines",
        "A ticket that has its order's latest change shows that order's lines: the same ones, by name, as many of each",
        (20,),
        """
        with shown as (
          select t.store_id, t.order_id, t.ticket_id, (
              select string_agg(concat_ws(' ', x ->> 'line_id', x ->> 'qty', x ->> 'name', x ->> 'variant_name', x ->> 'note'),
                ',' order by x ->> 'line_id')
              from jsonb_array_elements(t.lines) x) as on_ticket, (
              select string_agg(concat_ws(' ', l.line_id, l.qty, l.name, l.variant_name, l.note), ',' order by l.line_id::text)
              from order_lines l where l.store_id = o.store_id and l.order_id = o.order_id) as on_order
          from stores s join tickets t on t.store_id = s.store_id and t.order_id >= %(floor)s
          join orders o on o.store_id = t.store_id and o.order_id = t.order_id and o.seq = t.order_seq)
        select store_id, order_id, ticket_id, on_ticket, on_order from shown where on_ticket is distinct from on_order
        """,
    ),
)
