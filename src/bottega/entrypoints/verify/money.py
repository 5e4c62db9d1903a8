"""Money: what an order costs adds up from its lines, and what was taken for it fits what it costs.

Amounts are recomputed in integers from what is stored below them; nothing is rounded again.
"""

from bottega.entrypoints.verify.model import Invariant

MONEY = (
    Invariant(
        "money.order_sums",
        "An order's subtotal, discount and tax are the sums of its lines'",
        (9,),
        """
        select o.store_id, o.order_id, o.subtotal_minor, o.discount_minor, o.tax_minor,
          sum(l.total_minor) as lines_minor, sum(l.discount_minor) as lines_discount, sum(l.tax_minor) as lines_tax
        from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
        left join order_lines l on l.store_id = o.store_id and l.order_id = o.order_id
        group by o.store_id, o.order_id
        having o.subtotal_minor <> coalesce(sum(l.total_minor), 0)
          or o.discount_minor <> coalesce(sum(l.discount_minor), 0) or o.tax_minor <> coalesce(sum(l.tax_minor), 0)
        """,
    ),
    Invariant(
        "money.order_total",
        "An order's total is subtotal - discount + fees, and + tax where tax is added",
        (9,),
        """
        select o.store_id, o.order_id, o.subtotal_minor, o.discount_minor, o.fees_minor, o.tax_minor, o.tax_included,
          o.total_minor
        from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
        where o.total_minor <> o.subtotal_minor - o.discount_minor + o.fees_minor
                               + case when o.tax_included then 0 else o.tax_minor end
          or o.discount_minor not between 0 and o.subtotal_minor or o.tax_minor < 0 or o.fees_minor < 0
        """,
    ),
    Invariant(
        "money.line_totals",
        "A line costs its quantity times its unit price, takes off no more than that, and the unit covers its modifiers",
        (9,),
        """
        select l.store_id, l.order_id, l.line_no, l.qty, l.unit_minor, l.modifiers, l.discount_minor, l.total_minor
        from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
        join order_lines l on l.store_id = o.store_id and l.order_id = o.order_id
        where l.total_minor <> l.qty * l.unit_minor or l.qty < 1 or l.discount_minor not between 0 and l.total_minor
          or (l.modifiers <> '[]' and l.unit_minor < (
                select coalesce(sum((m ->> 2)::bigint), 0) from jsonb_array_elements(l.modifiers) m))
        """,
    ),
    Invariant(
        "money.line_tax",
        "The tax of a line is its rate of what it costs, within the rounding of the line and of the order",
        (9,),
        """
        select l.store_id, l.order_id, l.line_no, l.total_minor, l.discount_minor, l.tax_rate_ppm, l.tax_minor
        from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
        join order_lines l on l.store_id = o.store_id and l.order_id = o.order_id
        where abs(l.tax_minor::numeric * (1000000 + case when o.tax_included then l.tax_rate_ppm else 0 end)
                  - (l.total_minor - l.discount_minor)::numeric * l.tax_rate_ppm)
              >= 2 * (1000000 + case when o.tax_included then l.tax_rate_ppm else 0 end)
        """,
    ),
    Invariant(
        "money.one_currency",
        "A payment is in the currency of its order",
        (3,),
        """
        select p.store_id, p.payment_id, p.currency, o.order_id, o.currency as order_currency
        from stores s join payments p on p.store_id = s.store_id and p.payment_id >= %(floor)s
        join orders o on o.store_id = p.store_id and o.order_id = p.reference
        where p.currency <> o.currency
        """,
    ),
    Invariant(
        "money.kept_within_total",
        "What was captured for an order, less what is back or on its way back, is at least nothing; less all that was asked "
        "back, failed or not, it is at most the order's total, apart from what a bank has taken up",
        (1,),
        """
        with kept as (
          select p.store_id, p.reference, max(p.updated_at) as moved_at,
            sum(p.captured_minor - r.back) as kept_minor,
            coalesce(sum(p.captured_minor - r.asked) filter (where p.status <> 'DISPUTED'), 0) as unasked_minor
          from stores s join payments p on p.store_id = s.store_id and p.payment_id >= %(floor)s
          cross join lateral (select coalesce(sum(r.amount_minor), 0) as asked,
              coalesce(sum(r.amount_minor) filter (where r.status <> 'FAILED'), 0) as back
            from refunds r where r.store_id = p.store_id and r.payment_id = p.payment_id) r
          where p.captured_minor > 0 group by 1, 2)
        select k.store_id, k.reference as order_id, k.kept_minor, k.unasked_minor, o.total_minor
        from kept k join orders o on o.store_id = k.store_id and o.order_id = k.reference
        where k.kept_minor < 0 or (k.unasked_minor > o.total_minor and k.moved_at < %(settled)s)
        """,
    ),
    Invariant(
        "money.paid_orders",
        "An order past paying has its own payment, captured over its total (at the store: when it is completed); until then "
        "it may be held, or lost with a line in the order's history that says so",
        (5,),
        """
        select o.store_id, o.order_id, o.status, o.pay_mode, o.total_minor, o.payment_id, p.status as payment_status,
          p.authorized_minor, p.captured_minor
        from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
        left join payments p on p.store_id = o.store_id and p.payment_id = o.payment_id
        where o.status = any(case when o.pay_mode = 'ONLINE' then %(paid_statuses)s::text[]
                                  else array['COMPLETED', 'DELIVERED'] end)
          and (p.payment_id is null or p.captured_minor < o.total_minor
               or o.total_minor > 0 and p.status not in ('CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED', 'DISPUTED'))
          and not (o.status = any(%(flagged_in)s::text[]) and p.payment_id is not null and (
            (p.status = 'AUTHORIZED' and p.authorized_minor >= o.total_minor)
            or exists (select from payment_entries e where e.store_id = p.store_id and e.payment_id = p.payment_id
                 and e.kind in ('VOIDED', 'CAPTURE_FAILED') and e.at >= %(settled)s)
            or 'payment_failed' = (select e.event from order_events e where e.store_id = o.store_id
                 and e.order_id = o.order_id and e.event = any(%(payment_flags)s::text[]) order by e.seq desc limit 1)))
        """,
    ),
    Invariant(
        "money.till_only_at_handover",
        "Money of the till is of orders that are completed: those paid at the store, and those whose online payment was lost",
        (5,),
        """
        select o.store_id, o.order_id, o.status, p.payment_id, p.captured_minor
        from stores s join payments p on p.store_id = s.store_id and p.payment_id >= %(floor)s
        join orders o on o.store_id = p.store_id and o.order_id = p.reference
        where p.provider = 'TILL' and (o.status not in ('COMPLETED', 'DELIVERED')
          or o.payment_id is distinct from p.payment_id
          or (o.pay_mode <> 'AT_STORE' and not exists (select from payments d where d.store_id = o.store_id
                and d.reference = o.order_id and d.provider <> 'TILL' and d.status in ('VOIDED', 'FAILED'))))
        """,
    ),
    Invariant(
        "money.cancelled_goes_back",
        "All that was captured for a cancelled order, and that no bank has taken up, has been asked back",
        (6,),
        """
        select p.store_id, o.order_id, p.payment_id, p.captured_minor, r.asked as refunds_minor
        from stores s join payments p on p.store_id = s.store_id and p.payment_id >= %(floor)s
        join orders o on o.store_id = p.store_id and o.order_id = p.reference
        cross join lateral (select coalesce(sum(r.amount_minor), 0) as asked from refunds r
                            where r.store_id = p.store_id and r.payment_id = p.payment_id) r
        where o.status in ('CANCELLED', 'FAILED') and p.captured_minor > r.asked + p.disputed_minor and p.status <> 'DISPUTED'
          and p.updated_at < %(settled)s and o.updated_at < %(settled)s
        """,
    ),
    Invariant(
        "money.payment_of_order",
        "Every payment is for an order of its store, and an order points at a payment that is its own",
        (5, 35),
        """
        select p.store_id, p.payment_id, p.reference, null::uuid as order_id
        from stores s join payments p on p.store_id = s.store_id and p.payment_id >= %(floor)s
        where not exists (select from orders o where o.store_id = p.store_id and o.order_id = p.reference)
        union all
        select o.store_id, o.payment_id, p.reference, o.order_id
        from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
        left join payments p on p.store_id = o.store_id and p.payment_id = o.payment_id
        where (o.payment_id is not null and p.reference is distinct from o.order_id)
          or (o.payment_id is null and o.pay_mode = 'ONLINE')
        """,
    ),
)
