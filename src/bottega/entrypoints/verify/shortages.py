"""Lines that were out: what was decided is what became of order, history and money, and nobody paid more for it."""

from bottega.entrypoints.verify.model import Invariant, Level

SHORTAGES = (
    Invariant(
        "shortages.fit_orders",
        "A line that waits for its customer is on a live order; one that was settled is on none; a cancel cancelled",
        (9, 18),
        """
        select h.store_id, h.order_id, h.shortage_id, h.line_id, h.state, o.status, l.line_no
        from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
        join order_shortages h on h.store_id = o.store_id and h.order_id = o.order_id
        left join order_lines l on l.store_id = h.store_id and l.order_id = h.order_id and l.line_id = h.line_id
        where (h.state = 'OFFERED' and (l.line_id is null or o.status <> all(%(live_statuses)s::text[])))
          or (h.state in ('SUBSTITUTED', 'REFUNDED') and l.line_id is not null)
          or (h.state = 'CANCELLED' and o.status <> 'CANCELLED')
          or h.line ->> 'line_id' <> h.line_id::text
          or (h.state = 'SUBSTITUTED') <> (h.chosen is not null)
          or h.chosen not between 1 and jsonb_array_length(h.substitutes)
          or num_nulls(h.decided_kind, h.decided_by) <> case h.state when 'OFFERED' then 2 else 0 end
        """,
    ),
    Invariant(
        "shortages.lead_to_the_total",
        "What an order cost after each line that was out is what it cost before the next, and in the end what it costs",
        (9,),
        """
        select h.store_id, h.order_id, h.shortage_id, h.after_minor, h.next_minor, o.total_minor, h.new_line_id
        from (select x.*, lead(x.before_minor) over (partition by x.store_id, x.order_id order by x.decided_at) as next_minor
              from order_shortages x where x.order_id >= %(floor)s and x.state in ('SUBSTITUTED', 'REFUNDED')) h
        join orders o on o.store_id = h.store_id and o.order_id = h.order_id
        where not exists (select from order_events e where e.store_id = h.store_id and e.order_id = h.order_id
            and e.event = 'change')
          and (h.after_minor <> coalesce(h.next_minor, o.total_minor)
            or (h.state = 'SUBSTITUTED' and not exists (select from order_lines l where l.store_id = h.store_id
                and l.order_id = h.order_id and l.line_id = h.new_line_id)
              and not exists (select from order_shortages g where g.store_id = h.store_id and g.order_id = h.order_id
                and g.line_id = h.new_line_id)))
        """,
    ),
    Invariant(
        "shortages.in_history",
        "Each line that was out stands in its order's history, and so does what came of it, once",
        (18,),
        """
        with said as (
          select h.store_id, h.order_id, count(*) as short, count(*) filter (where h.state = 'SUBSTITUTED') as substituted,
            count(*) filter (where h.state = 'REFUNDED') as refunded
          from order_shortages h where h.order_id >= %(floor)s group by 1, 2),
        written as (
          select e.store_id, e.order_id, count(*) filter (where e.event = 'run_short') as short,
            count(*) filter (where e.event = 'substitute') as substituted,
            count(*) filter (where e.event = 'take_off') as refunded
          from order_events e where e.order_id >= %(floor)s and e.event in ('run_short', 'substitute', 'take_off')
          group by 1, 2)
        select store_id, order_id, a.short, b.short as short_steps, a.substituted, b.substituted as substitute_steps,
          a.refunded, b.refunded as take_off_steps
        from said a full join written b using (store_id, order_id)
        where (a.short, a.substituted, a.refunded) is distinct from (b.short, b.substituted, b.refunded)
        """,
    ),
    Invariant(
        "shortages.never_dearer",
        "What came instead of a line never made the order dearer, and no more went back than it got cheaper by",
        (1, 9),
        """
        select h.store_id, h.order_id, h.shortage_id, h.state, h.before_minor, h.after_minor, h.refund_minor
        from order_shortages h
        where h.order_id >= %(floor)s and h.state in ('SUBSTITUTED', 'REFUNDED')
          and (h.after_minor is null or h.after_minor > h.before_minor
               or h.refund_minor not between 0 and h.before_minor - h.after_minor)
        """,
    ),
    Invariant(
        "shortages.paid_back",
        "What was given back for a line is a refund of that amount, of a payment of its order",
        (1, 6),
        """
        select h.store_id, h.order_id, h.shortage_id, h.refund_id, h.refund_minor, r.amount_minor, p.reference
        from order_shortages h
        left join refunds r on r.store_id = h.store_id and r.refund_id = h.refund_id
        left join payments p on p.store_id = r.store_id and p.payment_id = r.payment_id
        where h.order_id >= %(floor)s and (h.refund_id is not null or h.refund_minor > 0)
          and (r.amount_minor is distinct from h.refund_minor or p.reference is distinct from h.order_id)
        """,
    ),
    Invariant(
        "shortages.overdue",
        "Nobody waits for a choice for more than a minute after its time is over: is a worker running?",
        (22,),
        """
        select h.store_id, h.order_id, h.shortage_id, h.due_at from order_shortages h
        where h.state = 'OFFERED' and h.due_at < %(now)s - interval '60 seconds'
        """,
        Level.WARN,
    ),
)
