"""Tenancy and access: no row of one merchant hangs on another's, and the database itself keeps them apart.

The checks of the catalogue look at PostgreSQL's own tables, so they also hold for tables that are made later.
"""

from bottega.entrypoints.verify.model import Invariant

TENANCY = (
    Invariant(
        "tenancy.rows_of_orders",
        "What belongs to an order is of its merchant, and the order of its store's",
        (35,),
        """
        select 'orders' as child, o.store_id, o.order_id as id, o.merchant_id, s.merchant_id as of_merchant
        from orders o left join stores s on s.store_id = o.store_id
        where o.order_id >= %(floor)s and s.merchant_id is distinct from o.merchant_id
        union all
        select 'order_lines', l.store_id, l.order_id, l.merchant_id, o.merchant_id
        from order_lines l left join orders o on o.store_id = l.store_id and o.order_id = l.order_id
        where l.order_id >= %(floor)s and o.merchant_id is distinct from l.merchant_id
        union all
        select 'order_events', e.store_id, e.order_id, e.merchant_id, o.merchant_id
        from order_events e left join orders o on o.store_id = e.store_id and o.order_id = e.order_id
        where e.order_id >= %(floor)s and o.merchant_id is distinct from e.merchant_id
        union all
        select 'order_shortages', h.store_id, h.order_id, h.merchant_id, o.merchant_id
        from order_shortages h left join orders o on o.store_id = h.store_id and o.order_id = h.order_id
        where h.order_id >= %(floor)s and o.merchant_id is distinct from h.merchant_id
        union all
        select 'tickets', t.store_id, t.ticket_id, t.merchant_id, o.merchant_id
        from tickets t left join orders o on o.store_id = t.store_id and o.order_id = t.order_id
        where t.order_id >= %(floor)s and o.merchant_id is distinct from t.merchant_id
        union all
        select 'order_counters', c.store_id, null, c.merchant_id, s.merchant_id
        from order_counters c left join stores s on s.store_id = c.store_id
        where s.merchant_id is distinct from c.merchant_id
        """,
    ),
    Invariant(
        "tenancy.rows_of_payments",
        "What belongs to a payment is of its merchant, and the payment of its store's",
        (35,),
        """
        select 'payments' as child, p.store_id, p.payment_id, p.merchant_id, s.merchant_id as of_merchant
        from payments p left join stores s on s.store_id = p.store_id
        where p.payment_id >= %(floor)s and s.merchant_id is distinct from p.merchant_id
        union all
        select 'payment_attempts', a.store_id, a.payment_id, a.merchant_id, p.merchant_id
        from payment_attempts a left join payments p on p.store_id = a.store_id and p.payment_id = a.payment_id
        where a.payment_id >= %(floor)s and p.merchant_id is distinct from a.merchant_id
        union all
        select 'payment_entries', e.store_id, e.payment_id, e.merchant_id, p.merchant_id
        from payment_entries e left join payments p on p.store_id = e.store_id and p.payment_id = e.payment_id
        where e.payment_id >= %(floor)s and p.merchant_id is distinct from e.merchant_id
        union all
        select 'refunds', r.store_id, r.payment_id, r.merchant_id, p.merchant_id
        from refunds r left join payments p on p.store_id = r.store_id and p.payment_id = r.payment_id
        where r.payment_id >= %(floor)s and p.merchant_id is distinct from r.merchant_id
        union all
        select 'refund_lines', l.store_id, l.refund_id, l.merchant_id, r.merchant_id
        from refund_lines l left join refunds r on r.store_id = l.store_id and r.refund_id = l.refund_id
        where l.refund_id >= %(floor)s and r.merchant_id is distinct from l.merchant_id
        union all
        select 'provider_events', v.store_id, null, v.merchant_id, s.merchant_id
        from provider_events v join stores s on s.store_id = v.store_id
        where v.received_at >= %(since)s and v.merchant_id <> s.merchant_id
        union all
        select 'disputes', d.store_id, d.payment_id, d.merchant_id, p.merchant_id
        from disputes d left join payments p on p.store_id = d.store_id and p.payment_id = d.payment_id
        where d.payment_id >= %(floor)s and p.merchant_id is distinct from d.merchant_id
        """,
    ),
    Invariant(
        "tenancy.rows_of_the_shop",
        "Menus, availability, carts, taxes and routes are of the merchant of their store and of their product",
        (35,),
        """
        select 'products' as child, p.product_id as id, p.merchant_id, c.merchant_id as of_merchant
        from products p left join categories c on c.category_id = p.category_id
        where c.merchant_id is distinct from p.merchant_id
        union all
        select 'variants', v.variant_id, v.merchant_id, p.merchant_id
        from variants v left join products p on p.product_id = v.product_id
        where p.merchant_id is distinct from v.merchant_id
        union all
        select 'modifiers', m.modifier_id, m.merchant_id, g.merchant_id
        from modifiers m left join modifier_groups g on g.group_id = m.group_id
        where g.merchant_id is distinct from m.merchant_id
        union all
        select t.child, t.store_id, t.merchant_id, s.merchant_id from (
          select 'offers' as child, store_id, merchant_id from offers
          union select 'variant_prices', store_id, merchant_id from variant_prices
          union select 'modifier_prices', store_id, merchant_id from modifier_prices
          union select 'availability', store_id, merchant_id from availability
          union select 'tax_rates', store_id, merchant_id from tax_rates
          union select 'carts', store_id, merchant_id from carts
          union select 'homes', store_id, merchant_id from homes where store_id is not null) as t
        left join stores s on s.store_id = t.store_id where s.merchant_id is distinct from t.merchant_id
        """,
    ),
    Invariant(
        "tenancy.ids_say_whose",
        "The last 32 bits of an id are the number of the store that owns it",
        (35,),
        """
        select x.kind, x.store_id, x.id, s.number from stores s join (
          select 'order' as kind, store_id, order_id as id from orders where order_id >= %(floor)s
          union all select 'payment', store_id, payment_id from payments where payment_id >= %(floor)s
          union all select 'ticket', store_id, ticket_id from tickets where ticket_id >= %(floor)s) x on x.store_id = s.store_id
        where ('x' || right(x.id::text, 8))::bit(32)::integer <> s.number
        """,
    ),
    Invariant(
        "tenancy.row_security",
        "Every table of a tenant has row-level security, forced, with a policy for all commands that checks what is written",
        (34,),
        """
        select c.relname as table, c.relrowsecurity as enabled, c.relforcerowsecurity as forced
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'merchant_id' and not a.attisdropped
        where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and c.relname <> 'homes'
          and not (c.relrowsecurity and c.relforcerowsecurity and 2 <= (
            select count(*) from pg_policies p where p.schemaname = 'public' and p.tablename = c.relname
              and p.roles = '{bottega_app}' and p.cmd = 'ALL' and position('app.merchant' in p.qual) > 0
              and position('app.merchant' in p.with_check) > 0))
        """,
        of_server=True,
    ),
    Invariant(
        "tenancy.no_wide_policies",
        "No policy shows the application, or everybody, more than one merchant",
        (34,),
        """
        select tablename as table, policyname as policy, roles, qual from pg_policies
        where schemaname = 'public' and permissive = 'PERMISSIVE' and roles && '{bottega_app,public}'
          and (position('app.merchant' in coalesce(qual, with_check)) = 0 or with_check is null)
        """,
        of_server=True,
    ),
    Invariant(
        "tenancy.keys_lead_with_owner",
        "Unique and foreign keys of tenant tables lead with the store or the merchant",
        (34,),
        """
        with tenant as (
          select c.oid, c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'merchant_id'
          where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and c.relname <> 'homes')
        select t.relname as table, i.indexrelid::regclass::text as key, a.attname as leads_with
        from tenant t join pg_index i on i.indrelid = t.oid and i.indisunique
        left join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]
        where coalesce(a.attname, '') not in ('merchant_id', 'store_id') and (t.relname, a.attname) not in (
          ('stores', 'slug'), ('stores', 'number'), ('merchants', 'number'), ('outbox', 'n'), ('log', 'seq'), ('log', 'id'),
          ('provider_events', 'provider_account'))
        union all
        select t.relname, c.conname, a.attname
        from tenant t join pg_constraint c on c.conrelid = t.oid and c.contype = 'f'
        join tenant f on f.oid = c.confrelid
        join pg_attribute a on a.attrelid = t.oid and a.attnum = c.conkey[1]
        where a.attname not in ('merchant_id', 'store_id')
        """,
        of_server=True,
    ),
    Invariant(
        "tenancy.roles_are_plain",
        "The roles of the processes can't log in, pass by row-level security, own or create anything",
        (36,),
        """
        select r.rolname as role, r.rolsuper, r.rolbypassrls, r.rolcanlogin, r.rolcreatedb, r.rolcreaterole,
          has_schema_privilege(r.oid, 'public', 'create') as creates,
          (select count(*) from pg_class c where c.relowner = r.oid) as owns
        from pg_roles r where r.rolname in ('bottega_app', 'bottega_batch', 'bottega_relay', 'bottega_auditor')
          and (r.rolsuper or r.rolbypassrls or r.rolcanlogin or r.rolcreatedb or r.rolcreaterole
               or has_schema_privilege(r.oid, 'public', 'create')
               or exists (select from pg_class c where c.relowner = r.oid)
               or exists (select from pg_auth_members m where m.member = r.oid))
        """,
        of_server=True,
    ),
    Invariant(
        "tenancy.auditor_reads_only",
        "The auditor sees every row of every table, and can write none",
        (34, 36),
        """
        select c.relname as table from pg_class c
        where c.relkind in ('r', 'p', 'v', 'm') and c.relnamespace = 'public'::regnamespace
          and (not has_table_privilege('bottega_auditor', c.oid, 'select')
               or has_table_privilege('bottega_auditor', c.oid, 'insert, update, delete, truncate')
               or (c.relrowsecurity and not exists (
                 select from pg_policies p where p.schemaname = 'public' and p.tablename = c.relname
                   and p.roles = '{bottega_auditor}' and p.cmd = 'SELECT' and p.qual = 'true')))
        """,
        of_server=True,
    ),
    Invariant(
        "tenancy.no_borrowed_rights",
        "Functions run as their caller, or with a pinned search path; views show what their reader may see",
        (36,),
        """
        select p.oid::regprocedure::text as name, 'function' as kind from pg_proc p
        where p.pronamespace = 'public'::regnamespace and p.prosecdef
          and not exists (select from unnest(p.proconfig) as setting where setting like 'search_path=%%pg_temp')
        union all
        select c.relname, 'view' from pg_class c
        where c.relkind = 'v' and c.relnamespace = 'public'::regnamespace
          and not coalesce('security_invoker=true' = any(c.reloptions) or 'security_invoker=on' = any(c.reloptions), false)
        """,
        of_server=True,
    ),
    Invariant(
        "tenancy.disabled_are_out",
        "Nobody who was disabled has a session or a refresh token that still works",
        (37,),
        """
        select u.merchant_id, u.user_id, u.disabled_at, 'session' as holds, x.expires_at
        from users u join sessions x on x.merchant_id = u.merchant_id and x.subject_id = u.user_id
        where u.disabled_at < %(settled)s and x.expires_at > %(now)s
        union all
        select u.merchant_id, u.user_id, u.disabled_at, 'refresh token', r.expires_at
        from users u join refresh_tokens r on r.merchant_id = u.merchant_id and r.user_id = u.user_id
        where u.disabled_at < %(settled)s and r.expires_at > %(now)s and r.used_at is null and r.revoked_at is null
        """,
    ),
    Invariant(
        "tenancy.roles_are_of_here",
        "A role is given to a user of its merchant, at a store of its merchant",
        (37,),
        """
        select r.merchant_id, r.user_id, r.role, r.store_id from user_roles r
        left join users u on u.merchant_id = r.merchant_id and u.user_id = r.user_id
        left join stores s on s.merchant_id = r.merchant_id and s.store_id = r.store_id
        where u.user_id is null or (r.store_id is not null and s.store_id is null)
        """,
    ),
)
