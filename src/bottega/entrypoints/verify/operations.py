"""Operations and audit: privileged acts are written down, and nothing in the database itself is half-done."""

from bottega.entrypoints.verify.model import Invariant, Level

OPERATIONS = (
    Invariant(
        "operations.refunds_audited",
        "Every refund has an audit row that names its payment and amount",
        (41,),
        """
        select r.store_id, r.refund_id, r.payment_id, r.amount_minor from refunds r
        where r.refund_id >= %(floor)s and not exists (
          select from audit_log a where a.merchant_id = r.merchant_id and a.store_id = r.store_id
            and a.details ->> 'payment' = r.payment_id::text and (a.details ->> 'amount')::bigint = r.amount_minor)
        """,
    ),
    Invariant(
        "operations.audit_is_true",
        "An audit row about money names a payment with a refund of that amount",
        (41,),
        """
        select a.audit_id, a.store_id, a.action, a.actor_id, a.details from audit_log a
        where a.at >= %(since)s and a.details ? 'payment' and not exists (
          select from refunds r where r.store_id = a.store_id and r.payment_id::text = a.details ->> 'payment'
            and r.amount_minor = (a.details ->> 'amount')::bigint)
        """,
    ),
    Invariant(
        "operations.not_in_future",
        "Nothing was made more than 5 minutes from now",
        (44,),
        """
        select 'orders' as place, o.order_id as id, o.created_at as at
        from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
        where greatest(o.created_at, o.updated_at) > %(now)s + interval '5 minutes'
        union all
        select 'order_events', e.order_id, e.at from order_events e
        where e.order_id >= %(floor)s and e.at > %(now)s + interval '5 minutes'
        union all
        select 'payments', p.payment_id, p.created_at
        from stores s join payments p on p.store_id = s.store_id and p.payment_id >= %(floor)s
        where greatest(p.created_at, p.updated_at) > %(now)s + interval '5 minutes'
        union all
        select 'payment_entries', e.payment_id, e.at from payment_entries e
        where e.payment_id >= %(floor)s and e.at > %(now)s + interval '5 minutes'
        union all
        select 'refunds', r.refund_id, r.created_at from refunds r where r.created_at > %(now)s + interval '5 minutes'
        union all
        select 'tickets', t.ticket_id, t.opened_at from tickets t
        where t.order_id >= %(floor)s and t.opened_at > %(now)s + interval '5 minutes'
        union all
        select 'idempotency_keys', k.subject_id, k.created_at from idempotency_keys k
        where k.created_at > %(now)s + interval '5 minutes'
        union all
        select 'outbox', x.id, x.created_at from outbox x where x.created_at > %(now)s + interval '5 minutes'
        union all
        select 'log', l.id, l.created_at from log l
        where l.seq > %(log_floor)s and l.created_at > %(now)s + interval '5 minutes'
        union all
        select 'audit_log', a.audit_id, a.at from audit_log a where a.at > %(now)s + interval '5 minutes'
        """,
    ),
    Invariant(
        "operations.no_floats",
        "No column holds a floating-point number, and money is a bigint",
        (45,),
        """
        select c.relname as table, a.attname as column, format_type(a.atttypid, a.atttypmod) as type
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
          and (a.atttypid in ('float4'::regtype, 'float8'::regtype, 'money'::regtype)
               or (a.attname like '%%\\_minor' and a.atttypid <> 'bigint'::regtype))
        """,
        of_server=True,
    ),
    Invariant(
        "operations.no_prepared_transactions",
        "No transaction is left prepared: it would hold its locks for ever",
        (42,),
        """
        select gid, prepared, owner from pg_prepared_xacts where database = current_database()
        """,
        of_server=True,
    ),
    Invariant(
        "operations.indexes_valid",
        "Every index is valid and ready",
        (42,),
        """
        select i.indexrelid::regclass::text as index, i.indrelid::regclass::text as table from pg_index i
        join pg_class c on c.oid = i.indexrelid and c.relnamespace = 'public'::regnamespace
        where not (i.indisvalid and i.indisready)
        """,
        of_server=True,
    ),
    Invariant(
        "operations.constraints_valid",
        "Every constraint was checked against the rows that were there before it",
        (42,),
        """
        select conrelid::regclass::text as table, conname as constraint from pg_constraint
        where connamespace = 'public'::regnamespace and not convalidated
        """,
        of_server=True,
    ),
    Invariant(
        "operations.sequences_have_room",
        "No sequence has used half of its range",
        (42,),
        """
        select sequencename as sequence, last_value, max_value from pg_sequences
        where schemaname = 'public' and last_value > max_value / 2
        """,
        of_server=True,
    ),
    Invariant(
        "operations.no_long_transactions",
        "No transaction is older than a minute: it holds back the cleaning of every table",
        (42,),
        """
        select pid, usename, application_name, state, xact_start, left(query, 80) as query from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
          and xact_start < %(now)s - interval '60 seconds'
        """,
        Level.WARN,
        of_server=True,
    ),
)
