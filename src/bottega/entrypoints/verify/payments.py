"""Payments: totals come from the ledger of entries, every question to the provider has a number and an outcome.

Amounts of the provider's own ledger are compared by reconciliation, which asks the provider; nothing here does.
"""

from bottega.entrypoints.verify.model import Invariant, Level

PAYMENTS = (
    Invariant(
        "payments.totals_from_entries",
        "What a payment says is authorized, captured, refunded and disputed is what its entries add up to",
        (4,),
        """
        select p.store_id, p.payment_id, p.authorized_minor, p.captured_minor, p.refunded_minor, p.disputed_minor,
          e.authorized, e.captured, e.refunded, e.disputed
        from stores s join payments p on p.store_id = s.store_id and p.payment_id >= %(floor)s
        join (select e.store_id, e.payment_id,
                coalesce(sum(e.amount_minor) filter (where e.kind = 'AUTHORIZED'), 0) as authorized,
                coalesce(sum(e.amount_minor) filter (where e.kind = 'FUNDS_WITHDRAWN'), 0)
                  - coalesce(sum(e.amount_minor) filter (where e.kind = 'FUNDS_REINSTATED'), 0) as disputed,
                coalesce(sum(e.amount_minor) filter (where e.kind = 'CAPTURED'), 0) as captured,
                coalesce(sum(e.amount_minor) filter (where e.kind = 'REFUNDED'), 0)
                  - coalesce(sum(e.amount_minor) filter (where e.kind = 'REFUND_FAILED' and e.note = 'reversed'), 0) as refunded
              from payment_entries e where e.payment_id >= %(floor)s group by 1, 2) e
          on e.store_id = p.store_id and e.payment_id = p.payment_id
        where p.captured_minor <> e.captured or p.refunded_minor <> e.refunded
          or p.authorized_minor <> e.authorized or p.disputed_minor <> e.disputed
        """,
    ),
    Invariant(
        "payments.begin_with_their_amount",
        "A payment's ledger begins with the amount that it was opened for; what the till takes begins with taking it",
        (2, 4),
        """
        select p.store_id, p.payment_id, p.provider, p.amount_minor, e.kind, e.amount_minor as first_minor
        from stores s join payments p on p.store_id = s.store_id and p.payment_id >= %(floor)s
        join payment_entries e on e.store_id = p.store_id and e.payment_id = p.payment_id and e.entry_no = 1
        where e.amount_minor <> p.amount_minor or e.kind <> case p.provider when 'TILL' then 'CAPTURED' else 'OPENED' end
        """,
    ),
    Invariant(
        "payments.till_receipts",
        "What the till took has a tender and a receipt; what a provider takes has neither",
        (5,),
        """
        select p.store_id, p.payment_id, p.provider, p.tender, p.receipt_ref
        from stores s join payments p on p.store_id = s.store_id and p.payment_id >= %(floor)s
        where num_nulls(p.tender, nullif(p.receipt_ref, '')) <> case p.provider when 'TILL' then 0 else 2 end
        """,
    ),
    Invariant(
        "payments.within_amount",
        "Captured is no more than the amount, refunded no more than captured",
        (2,),
        """
        select p.store_id, p.payment_id, p.amount_minor, p.captured_minor, p.refunded_minor
        from stores s join payments p on p.store_id = s.store_id and p.payment_id >= %(floor)s
        where p.captured_minor not between 0 and p.amount_minor or p.refunded_minor not between 0 and p.captured_minor
        """,
    ),
    Invariant(
        "payments.within_hold",
        "Where money is held first, no more is captured than was authorized; elsewhere nothing is held",
        (2,),
        """
        select p.store_id, p.payment_id, p.capture_mode, p.amount_minor, p.authorized_minor, p.captured_minor
        from stores s join payments p on p.store_id = s.store_id and p.payment_id >= %(floor)s
        where p.authorized_minor not between 0 and p.amount_minor
          or (p.capture_mode = 'MANUAL' and p.captured_minor > p.authorized_minor)
          or (p.capture_mode = 'AUTOMATIC' and p.captured_minor > 0 and p.authorized_minor > 0)
        """,
    ),
    Invariant(
        "payments.back_within_captured",
        "What went back by refunds and what banks took back come to no more than was captured",
        (2,),
        """
        select p.store_id, p.payment_id, p.captured_minor, p.refunded_minor, p.disputed_minor
        from stores s join payments p on p.store_id = s.store_id and p.payment_id >= %(floor)s
        where p.disputed_minor < 0 or p.refunded_minor + p.disputed_minor > p.captured_minor
        """,
    ),
    Invariant(
        "payments.holds_end",
        "A hold of an order that is being made has been asked for, one of an order that is over is being let go",
        (7, 27),
        """
        select p.store_id, p.payment_id, p.reference as order_id, o.status, p.authorized_minor, p.updated_at
        from stores s join payments p on p.store_id = s.store_id and p.payment_id >= %(floor)s
        join orders o on o.store_id = p.store_id and o.order_id = p.reference
        where p.status = 'AUTHORIZED' and o.status not in ('PLACED', 'PAID')
          and p.updated_at < %(settled)s and o.updated_at < %(settled)s
          and not exists (select from payment_attempts a where a.store_id = p.store_id and a.payment_id = p.payment_id
            and a.state = 'INTENDED' and a.operation in ('CAPTURE', 'CANCEL'))
        """,
    ),
    Invariant(
        "payments.holds_old",
        "No hold is older than 6 days: it expires soon",
        (22,),
        """
        select p.store_id, p.payment_id, p.reference as order_id, p.authorized_minor, e.at as held_at
        from payments p join payment_entries e on e.store_id = p.store_id and e.payment_id = p.payment_id
          and e.kind = 'AUTHORIZED'
        where p.status = 'AUTHORIZED' and e.at < %(now)s - interval '6 days'
        """,
        Level.WARN,
    ),
    Invariant(
        "payments.wrong_money_goes_back",
        "Money that a provider took or holds and that is not ours was asked to go back, and paid nothing",
        (1, 6),
        """
        select e.store_id, e.payment_id, e.entry_no, e.amount_minor, e.note, p.status, p.captured_minor
        from payment_entries e join payments p on p.store_id = e.store_id and p.payment_id = e.payment_id
        where e.payment_id >= %(floor)s and e.kind = 'MISMATCH'
          and (p.status not in ('FAILED', 'VOIDED') or p.captured_minor <> 0 or not exists (
            select from payment_attempts a where a.store_id = e.store_id and a.payment_id = e.payment_id
              and (a.operation = 'CANCEL' or (a.operation = 'REFUND' and a.refund_id is null))))
        """,
    ),
    Invariant(
        "payments.disputes_show",
        "A payment is disputed exactly while a dispute about it is open or lost",
        (2,),
        """
        select p.store_id, p.payment_id, p.status, d.live
        from stores s join payments p on p.store_id = s.store_id and p.payment_id >= %(floor)s
        left join (select store_id, payment_id, count(*) as live from disputes where status <> 'WON' group by 1, 2) d
          on d.store_id = p.store_id and d.payment_id = p.payment_id
        where (p.status = 'DISPUTED') <> (coalesce(d.live, 0) > 0)
        """,
    ),
    Invariant(
        "payments.disputes_told",
        "A dispute has its line in the ledger, is closed exactly when it is decided, and takes no more than it is about",
        (2, 3),
        """
        select d.store_id, d.dispute_id, d.payment_id, d.status, d.amount_minor, d.closed_at, e.opened, e.taken
        from disputes d cross join lateral (
          select count(*) filter (where kind = 'DISPUTE_OPENED' and provider_ref = d.provider_ref
              and amount_minor = d.amount_minor) as opened,
            coalesce(sum(amount_minor) filter (where kind = 'FUNDS_WITHDRAWN' and note = d.provider_ref), 0)
              - coalesce(sum(amount_minor) filter (where kind = 'FUNDS_REINSTATED' and note = d.provider_ref), 0) as taken
          from payment_entries x where x.store_id = d.store_id and x.payment_id = d.payment_id) e
        where e.opened <> 1 or e.taken not between 0 and d.amount_minor or (d.status = 'OPENED') <> (d.closed_at is null)
        """,
    ),
    Invariant(
        "payments.disputes_paid_back",
        "The money of a dispute that was won a day ago is back",
        (22,),
        """
        select d.store_id, d.dispute_id, d.payment_id, d.closed_at, p.disputed_minor
        from disputes d join payments p on p.store_id = d.store_id and p.payment_id = d.payment_id
        where d.status = 'WON' and d.closed_at < %(now)s - interval '1 day' and p.disputed_minor > 0
          and not exists (select from disputes o where o.store_id = d.store_id and o.payment_id = d.payment_id
            and o.status <> 'WON')
        """,
        Level.WARN,
    ),
    Invariant(
        "payments.disputes_keep_nothing_else",
        "A dispute that was lost over a part keeps nothing back of the rest that the customer is owed: give it by hand",
        (6,),
        """
        select p.store_id, p.payment_id, p.reference as order_id, o.status, p.captured_minor, p.refunded_minor, p.disputed_minor
        from (select store_id, payment_id from disputes group by 1, 2 having bool_or(status = 'LOST')
            and not bool_or(status = 'OPENED')) d
        join payments p on p.store_id = d.store_id and p.payment_id = d.payment_id and p.status = 'DISPUTED'
        join orders o on o.store_id = p.store_id and o.order_id = p.reference
          and p.captured_minor - p.refunded_minor - p.disputed_minor
            > case when o.status in ('CANCELLED', 'FAILED') then 0 else o.total_minor end
        """,
        Level.WARN,
    ),
    Invariant(
        "payments.refunds_within_captured",
        "Refunds that are done or under way come to no more than was captured, and those done to what is refunded",
        (2,),
        """
        select p.store_id, p.payment_id, p.captured_minor, p.refunded_minor, r.asked_minor, r.done_minor
        from payments p join (
          select store_id, payment_id, coalesce(sum(amount_minor) filter (where status <> 'FAILED'), 0) as asked_minor,
            coalesce(sum(amount_minor) filter (where status = 'SUCCEEDED'), 0) as done_minor
          from refunds group by 1, 2) r on r.store_id = p.store_id and r.payment_id = p.payment_id
        where r.asked_minor > p.captured_minor or r.done_minor <> p.refunded_minor
        """,
    ),
    Invariant(
        "payments.refunded_by_refunds",
        "Money that a payment gave back was given back by a refund",
        (2,),
        """
        select p.store_id, p.payment_id, p.refunded_minor
        from stores s join payments p on p.store_id = s.store_id and p.payment_id >= %(floor)s
        where p.refunded_minor > 0 and not exists (select from refunds r where r.store_id = p.store_id
          and r.payment_id = p.payment_id and r.status = 'SUCCEEDED')
        """,
    ),
    Invariant(
        "payments.status_fits_totals",
        "A payment's status is the one that its totals give it",
        (2, 4),
        """
        select p.store_id, p.payment_id, p.status, p.amount_minor, p.captured_minor, p.refunded_minor
        from stores s join payments p on p.store_id = s.store_id and p.payment_id >= %(floor)s
        where case
          when p.status in ('REQUIRES_PAYMENT', 'REQUIRES_ACTION', 'PROCESSING', 'AUTHORIZED', 'FAILED', 'VOIDED')
            then p.captured_minor <> 0 or (p.status = 'AUTHORIZED' and p.authorized_minor = 0)
          when p.status = 'DISPUTED' then p.captured_minor = 0
          when p.status = 'CAPTURED' then p.refunded_minor <> 0 or (p.captured_minor = 0 and p.amount_minor > 0)
          when p.status = 'PARTIALLY_REFUNDED' then p.refunded_minor not between 1 and p.captured_minor - 1
          when p.status = 'REFUNDED' then p.refunded_minor <> p.captured_minor or p.captured_minor = 0
          else false end
        """,
    ),
    Invariant(
        "payments.entries_dense",
        "A payment has entries, numbered from 1 without a gap",
        (3, 4),
        """
        select p.store_id, p.payment_id, count(e.entry_no) as entries, min(e.entry_no) as first_no, max(e.entry_no) as last_no
        from stores s join payments p on p.store_id = s.store_id and p.payment_id >= %(floor)s
        left join payment_entries e on e.store_id = p.store_id and e.payment_id = p.payment_id
        group by 1, 2 having count(e.entry_no) = 0 or min(e.entry_no) <> 1 or max(e.entry_no) <> count(e.entry_no)
        """,
    ),
    Invariant(
        "payments.entries_legal",
        "No entry takes or gives less than nothing, and none stands without its payment",
        (3,),
        """
        select e.store_id, e.payment_id, e.entry_no, e.kind, e.amount_minor
        from payment_entries e left join payments p on p.store_id = e.store_id and p.payment_id = e.payment_id
        where e.payment_id >= %(floor)s and (p.payment_id is null or e.amount_minor < 0)
        """,
    ),
    Invariant(
        "payments.one_live",
        "An order has one payment that is under way or holds money, apart from those that are being cancelled or sent back, "
        "or that a bank has taken up",
        (7,),
        """
        select p.store_id, p.reference as order_id, count(*) as live, array_agg(p.payment_id) as payments
        from stores s join payments p on p.store_id = s.store_id and p.payment_id >= %(floor)s
        where p.status not in ('REQUIRES_PAYMENT', 'FAILED', 'VOIDED', 'REFUNDED', 'DISPUTED')
          and p.updated_at < %(settled)s
          and not (p.captured_minor = 0 and exists (select from payment_attempts a where a.store_id = p.store_id
            and a.payment_id = p.payment_id and a.operation = 'CANCEL'))
          and not (p.captured_minor > 0 and p.captured_minor = (select coalesce(sum(r.amount_minor), 0) from refunds r
            where r.store_id = p.store_id and r.payment_id = p.payment_id))
        group by 1, 2 having count(*) > 1
        """,
    ),
    Invariant(
        "payments.provider_refs_once",
        "A provider's reference belongs to one payment, and money that a provider took has one",
        (8,),
        """
        select p.store_id, p.provider, p.provider_ref, array_agg(p.payment_id) as payments
        from stores s join payments p on p.store_id = s.store_id and p.payment_id >= %(floor)s
        where p.provider_ref is not null or (p.provider = 'STRIPE' and p.captured_minor > 0)
        group by 1, 2, 3 having count(*) > 1 or p.provider_ref is null
        """,
    ),
    Invariant(
        "payments.attempts_numbered",
        "The attempts of a payment are numbered from 1 without a gap, each with the key that its number gives",
        (2, 25),
        """
        select a.store_id, a.payment_id, count(*) as attempts, max(a.attempt_no) as last_no
        from payment_attempts a where a.payment_id >= %(floor)s
        group by 1, 2
        having min(a.attempt_no) <> 1 or max(a.attempt_no) <> count(*) or count(distinct a.provider_key) <> count(*)
          or bool_or(a.provider_key <> 'bottega-' || a.payment_id || '-' || a.attempt_no)
        """,
    ),
    Invariant(
        "payments.attempts_amounts",
        "What a provider was asked for is what the payment, its hold, or money that was never ours comes to",
        (2,),
        """
        select a.store_id, a.payment_id, a.attempt_no, a.operation, a.amount_minor, p.amount_minor as of_payment_minor,
          p.authorized_minor
        from payment_attempts a join payments p on p.store_id = a.store_id and p.payment_id = a.payment_id
        where a.payment_id >= %(floor)s and case a.operation
          when 'OPEN' then a.amount_minor <> p.amount_minor or a.refund_id is not null
          when 'CAPTURE' then a.amount_minor not between 1 and p.authorized_minor or a.refund_id is not null
          when 'CANCEL' then a.amount_minor <> 0 or a.refund_id is not null
          else a.refund_id is null and not exists (select from payment_entries e where e.store_id = a.store_id
            and e.payment_id = a.payment_id and e.kind = 'MISMATCH' and e.amount_minor >= a.amount_minor) end
        """,
    ),
    Invariant(
        "payments.attempts_finished",
        "An attempt has the instant of its end exactly when it has ended, and an error exactly when it failed",
        (2,),
        """
        select a.store_id, a.payment_id, a.attempt_no, a.state, a.finished_at, a.error_code
        from payment_attempts a
        where a.payment_id >= %(floor)s
          and ((a.state = 'INTENDED') <> (a.finished_at is null)
            or (a.state in ('FAILED', 'PARKED')) <> (a.error_code is not null))
        """,
    ),
    Invariant(
        "payments.refunds_asked",
        "A refund has an attempt over its amount for each of its tries (one that was made at the provider, for all but the "
        "first), and at most one of them is still to be answered",
        (2, 27),
        """
        select r.store_id, r.refund_id, r.payment_id, r.amount_minor, r.status, r.tries, count(a.attempt_no) as attempts
        from refunds r join payments p on p.store_id = r.store_id and p.payment_id = r.payment_id and p.provider <> 'TILL'
        left join payment_attempts a on a.store_id = r.store_id and a.payment_id = r.payment_id
          and a.refund_id = r.refund_id and a.operation = 'REFUND'
        where r.refund_id >= %(floor)s group by 1, 2
        having count(a.attempt_no) < r.tries - (r.reason = %(made_there)s)::int
          or count(a.attempt_no) filter (where a.state = 'INTENDED') > 1
          or bool_or(a.amount_minor <> r.amount_minor)
          or (r.status <> 'PENDING' and r.updated_at < %(settled)s and bool_or(a.state = 'INTENDED'))
        """,
    ),
    Invariant(
        "payments.refunds_waited_for",
        "A refund that failed is tried again at an instant, or waits for a person; one that is under way is asked about",
        (6, 22, 27),
        """
        select r.store_id, r.refund_id, r.payment_id, r.status, r.tries, r.retry_at, r.given_up_at
        from refunds r
        where r.refund_id >= %(floor)s and case
          when r.status = 'FAILED' then (r.retry_at is null) = (r.given_up_at is null)
          when r.status = 'PENDING' and r.next_check_at is null then not exists (
            select from payment_attempts a where a.store_id = r.store_id and a.payment_id = r.payment_id
              and a.refund_id = r.refund_id and a.state in ('INTENDED', 'PARKED'))
          else r.retry_at is not null end
        """,
    ),
    Invariant(
        "payments.attempts_stuck",
        "What we asked of the provider has an outcome within 10 minutes, and none is parked",
        (22, 27),
        """
        select store_id, payment_id, attempt_no, operation, state, tries, created_at, next_try_at from payment_attempts
        where (state = 'INTENDED' and created_at < %(now)s - interval '10 minutes')
          or (state = 'PARKED' and created_at >= %(since)s)
        """,
        Level.WARN,
    ),
    Invariant(
        "payments.refunds_failed",
        "No refund of a cancelled order has failed, and none of another one was given up, without another refund that gives "
        "the money back",
        (6,),
        """
        select p.store_id, p.payment_id, p.reference as order_id, o.status, p.captured_minor, f.lost_minor, g.given_minor
        from (select store_id, payment_id, coalesce(sum(amount_minor) filter (where given_up_at is not null), 0) as lost_minor,
                min(created_at) as first_at from refunds where status = 'FAILED' group by 1, 2) f
        join payments p on p.store_id = f.store_id and p.payment_id = f.payment_id
        join orders o on o.store_id = p.store_id and o.order_id = p.reference
        cross join lateral (select coalesce(sum(r.amount_minor), 0) as given_minor,
            coalesce(sum(r.amount_minor) filter (where r.created_at > f.first_at), 0) as later_minor from refunds r
          where r.store_id = p.store_id and r.payment_id = p.payment_id and r.status <> 'FAILED') g
        where g.given_minor + p.disputed_minor < p.captured_minor
          and (o.status in ('CANCELLED', 'FAILED') or g.later_minor < f.lost_minor
            or (f.lost_minor > 0 and p.captured_minor - g.given_minor - p.disputed_minor > o.total_minor))
        """,
        Level.WARN,
    ),
    Invariant(
        "payments.provider_events_once",
        "A provider's event is kept once, and is applied exactly when it has the instant of that",
        (8,),
        """
        select v.provider_account, v.event_id, min(v.state) as state, count(*) as times
        from provider_events v where v.received_at >= %(since)s
        group by 1, 2 having count(*) > 1 or bool_or((v.state in ('APPLIED', 'PARKED')) <> (v.applied_at is not null))
        """,
    ),
    Invariant(
        "payments.provider_events_stuck",
        "A provider's event is applied within 10 minutes, and none is parked",
        (8, 22),
        """
        select provider_account, event_id, type, object_ref, state, tries, received_at, next_try_at from provider_events
        where (state = 'RECEIVED' and received_at < %(now)s - interval '10 minutes')
          or (state = 'PARKED' and received_at >= %(since)s)
        """,
        Level.WARN,
    ),
)
