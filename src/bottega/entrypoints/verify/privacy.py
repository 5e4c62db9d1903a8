"""Privacy: personal data is sealed, and no text anywhere looks like the number of a card."""

from bottega.entrypoints.verify.model import Invariant

PRIVACY = (
    Invariant(
        "privacy.sealed",
        "Personal data is sealed by a version that we know, and a login has its blind index",
        (38,),
        """
        select 'users.login' as place, merchant_id, user_id as id, octet_length(login_sealed) as bytes from users
        where octet_length(login_sealed) < 30 or get_byte(login_sealed, 0) <> 1 or octet_length(login_index) <> 16
        union all
        select 'orders.contact', o.merchant_id, o.order_id, octet_length(o.contact_sealed)
        from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
        where octet_length(o.contact_sealed) < 30 or get_byte(o.contact_sealed, 0) <> 1
        """,
    ),
    Invariant(
        "privacy.passwords_hashed",
        "Passwords are Argon2id hashes, and bearer secrets are kept as SHA-256 only",
        (38,),
        """
        select 'users' as place, merchant_id, user_id as id from users where password_hash not like '$argon2id$%%'
        union all
        select 'sessions', merchant_id, subject_id from sessions where octet_length(token_hash) <> 32
        union all
        select 'refresh_tokens', merchant_id, user_id from refresh_tokens where octet_length(token_hash) <> 32
        """,
    ),
    Invariant(
        "privacy.no_card_numbers",
        "No text that people or providers gave us looks like a card number (13 to 19 digits that pass Luhn's check)",
        (39,),
        r"""
        with texts as (
          select 'orders' as place, o.order_id::text as id, concat_ws(' ', o.contact_name, o.idempotency_key) as said
          from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
          union all
          select 'order_lines', l.order_id::text, l.note
          from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
          join order_lines l on l.store_id = o.store_id and l.order_id = o.order_id where l.note <> ''
          union all
          select 'order_events', e.order_id::text, e.reason from order_events e
          where e.order_id >= %(floor)s and e.reason is not null
          union all
          select 'payments', p.payment_id::text, concat_ws(' ', p.receipt_ref, p.failure_code, p.provider_ref)
          from stores s join payments p on p.store_id = s.store_id and p.payment_id >= %(floor)s
          where p.receipt_ref is not null or p.failure_code is not null or p.provider_ref is not null
          union all
          select 'payment_entries', e.payment_id::text, e.note from payment_entries e
          where e.payment_id >= %(floor)s and e.note is not null
          union all
          select 'payment_attempts', a.payment_id::text, a.error_code from payment_attempts a
          where a.payment_id >= %(floor)s and a.error_code is not null
          union all
          select 'refunds', r.refund_id::text, r.reason from refunds r where r.refund_id >= %(floor)s
          union all
          select 'tickets', t.ticket_id::text, t.name from tickets t where t.order_id >= %(floor)s and t.name <> ''
          union all
          select 'carts', c.cart_id::text, c.items::text from carts c where c.updated_at >= %(since)s
          union all
          select 'audit_log', a.audit_id::text, a.details::text from audit_log a where a.at >= %(since)s
          union all
          select 'parked_events', k.seq::text, k.error from parked_events k where k.parked_at >= %(since)s
          union all
          select 'provider_events', v.event_id, encode(v.body, 'escape') from provider_events v
          where v.received_at >= %(since)s
          union all
          select 'idempotency_keys', k.route, concat_ws(' ', k.key, encode(k.answer, 'escape')) from idempotency_keys k
          where k.created_at >= %(since)s
          union all
          select 'users', u.user_id::text, u.name from users u
        ), suspects as (
          select t.place, t.id, regexp_replace(m[1], '[ -]', '', 'g') as digits
          from texts t cross join regexp_matches(
            regexp_replace(t.said, '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}', '', 'gi'),
            '\m((?:3[4-7]|[456][0-9]|2[2-7])(?:[ -]?[0-9]){11,17})\M', 'g') as m
          where t.said ~ '[0-9](?:[ -]?[0-9]){12}'
        )
        select place, id, left(digits, 6) || '...' || right(digits, 4) as looks_like from suspects
        where 0 = (select sum(case when (length(digits) - i) %% 2 = 0 then d when d * 2 > 9 then d * 2 - 9 else d * 2 end) %% 10
                   from (select i, substr(digits, i, 1)::int as d from generate_series(1, length(digits)) i) as each_digit)
        """,
    ),
)
