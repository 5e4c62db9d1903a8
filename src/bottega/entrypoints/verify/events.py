"""Events: what happened was told once, in order, and everybody who reads is where the log can carry them.

`log_floor` is the place in the log before which the scope does not look (0 for everything).
"""

from bottega.entrypoints.verify.model import Invariant, Level

EVENTS = (
    Invariant(
        "events.history_is_told",
        "Every line of an order's history was told once, in the outbox or in the log",
        (28,),
        """
        with told as (
          select store_id, aggregateid, (payload ->> 'seq')::int as step from log
          where seq > %(log_floor)s and aggregatetype = 'order'
          union all
          select store_id, aggregateid, (payload ->> 'seq')::int from outbox where aggregatetype = 'order')
        select e.store_id, e.order_id, e.seq, e.event, count(t.step) as times
        from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
        join order_events e on e.store_id = o.store_id and e.order_id = o.order_id
        left join told t on t.store_id = e.store_id and t.aggregateid = e.order_id and t.step = e.seq
        group by e.store_id, e.order_id, e.seq having count(t.step) <> 1
        """,
    ),
    Invariant(
        "events.told_is_history",
        "What is told of an order stands in its history, with the same statuses and the same merchant",
        (28,),
        """
        with told as (
          select store_id, aggregateid, merchant_id, type, payload from log
          where seq > %(log_floor)s and aggregatetype = 'order'
          union all
          select store_id, aggregateid, merchant_id, type, payload from outbox where aggregatetype = 'order')
        select t.store_id, t.aggregateid as order_id, t.type, t.payload ->> 'seq' as seq, t.payload ->> 'status' as status,
          e.to_status
        from told t left join order_events e on e.store_id = t.store_id and e.order_id = t.aggregateid
          and e.seq = (t.payload ->> 'seq')::int
        where e.to_status is distinct from t.payload ->> 'status' or e.merchant_id <> t.merchant_id
          or (t.type = 'order.placed') <> (e.event = 'place') or (t.type = 'order.paid') <> (e.event = 'pay')
          or (t.type = 'order.cancelled') <> (e.from_status <> 'CANCELLED' and e.to_status = 'CANCELLED')
          or coalesce(e.from_status, '') <> coalesce(t.payload ->> 'from_status', '')
        """,
    ),
    Invariant(
        "events.about_their_noun",
        "What a fact says names the order, payment or ticket that it is about, and its store",
        (28,),
        """
        select l.seq, l.store_id, l.aggregatetype, l.aggregateid, l.type, l.payload from log l
        where l.seq > %(log_floor)s and l.aggregatetype in ('order', 'payment', 'ticket')
          and ((case l.aggregatetype when 'order' then l.payload ->> 'order_id' when 'payment' then l.payload ->> 'payment_id'
                  else l.payload #>> '{ticket,ticket_id}' end) is distinct from l.aggregateid::text
            or l.payload ->> 'store_id' is distinct from l.store_id::text)
        """,
    ),
    Invariant(
        "events.money_is_told",
        "Every capture and every refund that arrived was told, once for each time that it did",
        (28,),
        """
        with told as (
          select store_id, aggregateid, type, payload ->> 'refund_id' as refund_id from log
          where seq > %(log_floor)s and type in ('payment.captured', 'payment.refunded')
          union all
          select store_id, aggregateid, type, payload ->> 'refund_id' from outbox
          where type in ('payment.captured', 'payment.refunded'))
        select e.store_id, e.payment_id, null::uuid as refund_id, 'payment.captured' as type, count(t.type) as times
        from payment_entries e left join told t on t.store_id = e.store_id and t.aggregateid = e.payment_id
          and t.type = 'payment.captured'
        where e.payment_id >= %(floor)s and e.kind = 'CAPTURED' group by 1, 2 having count(t.type) <> 1
        union all
        select r.store_id, r.payment_id, r.refund_id, 'payment.refunded', count(t.type)
        from refunds r left join told t on t.store_id = r.store_id and t.aggregateid = r.payment_id
          and t.type = 'payment.refunded' and t.refund_id = r.refund_id::text
        where r.payment_id >= %(floor)s and r.status = 'SUCCEEDED' group by r.store_id, r.refund_id
        having count(t.type) not between 1 and r.tries
        """,
    ),
    Invariant(
        "events.log_dense",
        "The log is dense from where its archive ends to its head",
        (29,),
        """
        select h.seq as head, greatest(%(log_floor)s, h.floor_seq) as beginning, count(l.seq) as entries, max(l.seq) as last
        from (select) as there left join log_head h on true left join log l on l.seq > greatest(%(log_floor)s, h.floor_seq)
        group by h.seq, h.floor_seq
        having h.seq is null or count(l.seq) <> h.seq - greatest(%(log_floor)s, h.floor_seq)
          or (count(l.seq) > 0 and max(l.seq) <> h.seq) or exists (select from log x where x.seq <= h.floor_seq)
        """,
    ),
    Invariant(
        "events.ids_once",
        "An event is in the log once, and no longer in the outbox then",
        (29, 32),
        """
        select id, count(*) as times from (
          select id from log where seq > %(log_floor)s union all select id from outbox) as every
        group by id having count(*) > 1
        """,
    ),
    Invariant(
        "events.in_order",
        "The facts of one order, and of one ticket, stand in the log in the order in which they happened",
        (30,),
        """
        with versions as (
          select seq, store_id, aggregateid, type, version, lag(version) over (
            partition by store_id, aggregateid order by seq) as before
          from (select seq, store_id, aggregateid, type,
                  case aggregatetype when 'order' then (payload ->> 'seq')::int
                                     else (payload #>> '{ticket,version}')::int end as version
                from log where seq > %(log_floor)s and aggregatetype in ('order', 'ticket')) as each_fact)
        select seq, store_id, aggregateid, type, before, version from versions where version <= before
        """,
    ),
    Invariant(
        "events.cursors_in_log",
        "Everybody who reads the log is between its beginning and its head",
        (31,),
        """
        select c.name, c.position, h.seq as head from consumers c, log_head h where c.position not between 0 and h.seq
        """,
    ),
    Invariant(
        "events.parked_were_passed",
        "An event is parked for somebody who reads, at a place in the log that they have passed",
        (32,),
        """
        select k.consumer, k.seq, c.position from parked_events k left join consumers c on c.name = k.consumer
        where c.position is null or c.position < k.seq
        """,
    ),
    Invariant(
        "events.outbox_waits",
        "No fact waits in the outbox for more than a minute: is a worker running?",
        (28,),
        """
        select n, id, type, store_id, created_at from outbox where created_at < %(now)s - interval '60 seconds' order by n
        """,
        Level.WARN,
    ),
    Invariant(
        "events.consumers_behind",
        "Nobody who reads the log is more than a minute behind",
        (31,),
        """
        select c.name, c.position, h.seq as head, l.logged_at as next_since
        from consumers c cross join log_head h join log l on l.seq = c.position + 1
        where l.logged_at < %(now)s - interval '60 seconds'
        """,
        Level.WARN,
    ),
    Invariant(
        "events.parked",
        "No event is parked, waiting for a person",
        (32,),
        """
        select k.consumer, k.seq, l.type, k.error, k.tries, k.parked_at
        from parked_events k left join log l on l.seq = k.seq
        """,
        Level.WARN,
    ),
)
