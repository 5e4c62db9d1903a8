"""Refunds: what they are of. Their amounts against what was captured are the payments' matter, in `payments`."""

from bottega.entrypoints.verify.model import Invariant

REFUNDS = (
    Invariant(
        "refunds.parts_add_up",
        "What a refund is of, net and tax of each part, adds up to its amount",
        (2, 9),
        """
        select r.store_id, r.refund_id, r.payment_id, r.amount_minor, sum(l.net_minor + l.tax_minor) as parts_minor
        from refunds r left join refund_lines l on l.store_id = r.store_id and l.refund_id = r.refund_id
        where r.refund_id >= %(floor)s group by 1, 2
        having coalesce(sum(l.net_minor + l.tax_minor), 0) <> r.amount_minor
          and (count(l.refund_id) > 0 or r.created_at < %(settled)s)
        """,
    ),
    Invariant(
        "refunds.parts_of_lines",
        "A part of a refund is of a line that the order has or had, at that line's rate; what no line stands for has no tax",
        (9,),
        """
        select l.store_id, l.refund_id, l.part_no, l.order_id, l.line_id, l.tax_rate_ppm, o.tax_rate_ppm as of_line_ppm
        from refund_lines l
        left join order_lines o on o.store_id = l.store_id and o.order_id = l.order_id and o.line_id = l.line_id
        where l.refund_id >= %(floor)s and case
          when l.line_id is null then l.tax_minor <> 0
          when o.line_id is not null then l.tax_rate_ppm <> o.tax_rate_ppm
          else not exists (select from order_shortages h where h.store_id = l.store_id and h.order_id = l.order_id
            and h.line_id = l.line_id and (h.line ->> 'tax_rate_ppm')::int = l.tax_rate_ppm) end
        """,
    ),
    Invariant(
        "refunds.units_were_bought",
        "No more units of a line went back, or are on their way, than were bought",
        (2,),
        """
        select l.store_id, l.order_id, l.line_id, o.qty, sum(l.qty) as returned
        from refund_lines l join refunds r on r.store_id = l.store_id and r.refund_id = l.refund_id
          and (r.status <> 'FAILED' or r.retry_at is not null)
        join order_lines o on o.store_id = l.store_id and o.order_id = l.order_id and o.line_id = l.line_id
        where l.refund_id >= %(floor)s group by 1, 2, 3, 4 having sum(l.qty) > o.qty
        """,
    ),
    Invariant(
        "refunds.tax_was_charged",
        "No more tax of a line went back than was charged on it, unless the order was put together anew since",
        (9,),
        """
        select o.store_id, o.order_id, o.line_id, o.tax_minor, sum(l.tax_minor) as returned_minor
        from refund_lines l join refunds r on r.store_id = l.store_id and r.refund_id = l.refund_id
          and (r.status <> 'FAILED' or r.retry_at is not null)
        join order_lines o on o.store_id = l.store_id and o.order_id = l.order_id and o.line_id = l.line_id
        where l.refund_id >= %(floor)s and not exists (select from order_events e where e.store_id = o.store_id
          and e.order_id = o.order_id and e.event in ('substitute', 'take_off'))
        group by 1, 2, 3, 4 having sum(l.tax_minor) > o.tax_minor
        """,
    ),
    Invariant(
        "refunds.of_their_order",
        "A refund is of the order that its payment is for",
        (35,),
        """
        select l.store_id, l.refund_id, l.order_id, p.reference
        from refund_lines l left join refunds r on r.store_id = l.store_id and r.refund_id = l.refund_id
        left join payments p on p.store_id = r.store_id and p.payment_id = r.payment_id
        where l.refund_id >= %(floor)s and p.reference is distinct from l.order_id
        """,
    ),
    Invariant(
        "refunds.provider_refs",
        "A refund that arrived by a provider has the provider's reference, and that is of no other refund",
        (8,),
        """
        select r.store_id, p.provider, r.provider_ref, array_agg(r.refund_id) as refunds
        from refunds r join payments p on p.store_id = r.store_id and p.payment_id = r.payment_id
        where r.refund_id >= %(floor)s
          and (r.provider_ref is not null or (p.provider <> 'TILL' and r.status = 'SUCCEEDED'))
        group by 1, 2, 3 having count(*) > 1 or r.provider_ref is null
        """,
    ),
    Invariant(
        "refunds.at_the_till",
        "What the till took it gave back at once, with a receipt and without asking a provider; nobody else has receipts",
        (5,),
        """
        select r.store_id, r.refund_id, r.payment_id, p.provider, r.status, r.receipt_ref
        from refunds r join payments p on p.store_id = r.store_id and p.payment_id = r.payment_id
        where r.refund_id >= %(floor)s and ((p.provider = 'TILL') <> (r.receipt_ref is not null)
          or (p.provider = 'TILL' and (r.status <> 'SUCCEEDED' or exists (select from payment_attempts a
            where a.store_id = r.store_id and a.payment_id = r.payment_id and a.refund_id = r.refund_id))))
        """,
    ),
)
