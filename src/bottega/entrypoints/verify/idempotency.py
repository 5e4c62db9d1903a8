"""Idempotency: a key stands for one thing, with the body that it came with and the answer that it got."""

from bottega.entrypoints.verify.model import Invariant

IDEMPOTENCY = (
    Invariant(
        "idempotency.one_order_a_key",
        "One subject's key at one store has placed one order",
        (25, 26),
        """
        select o.store_id, o.placed_by, o.idempotency_key, array_agg(o.order_id) as orders
        from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
        group by 1, 2, 3 having count(*) > 1
        """,
    ),
    Invariant(
        "idempotency.order_keys",
        "Every order has the key it was placed with, and the fingerprint of the body (16 bytes)",
        (26,),
        """
        select o.store_id, o.order_id, o.idempotency_key, octet_length(o.fingerprint) as fingerprint_bytes
        from stores s join orders o on o.store_id = s.store_id and o.order_id >= %(floor)s
        where octet_length(o.fingerprint) <> 16 or length(o.idempotency_key) not between 1 and 255
        """,
    ),
    Invariant(
        "idempotency.keys_once",
        "A key of one subject on one route is kept once, with a fingerprint of 16 bytes",
        (25,),
        """
        select merchant_id, subject_id, route, key, count(*) as times, min(octet_length(fingerprint)) as fingerprint_bytes
        from idempotency_keys where created_at >= %(since)s
        group by 1, 2, 3, 4
        having count(*) > 1 or bool_or(octet_length(fingerprint) <> 16) or bool_or(length(key) not between 1 and 255)
        """,
    ),
    Invariant(
        "idempotency.no_running_keys",
        "No key is committed without its answer: the claim and the answer are one transaction",
        (25,),
        """
        select merchant_id, subject_id, route, key, created_at from idempotency_keys
        where created_at >= %(since)s and status is null
        """,
    ),
    Invariant(
        "idempotency.answers_whole",
        "An answer that is kept is whole: status, body and instant, and never a failure of ours",
        (25,),
        """
        select merchant_id, subject_id, route, key, status, finished_at from idempotency_keys
        where created_at >= %(since)s and status is not null
          and (status not between 200 and 499 or answer is null or finished_at is null or finished_at < created_at)
        """,
    ),
)
