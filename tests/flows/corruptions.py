"""One way to break each invariant, by SQL as nobody may run it: with triggers, keys and checks out of the way.

`MUTATIONS` names an invariant and the statements that break it in a traded shop (`:completed`, `:till`, `:paid` stand for
a row of it). They run in a transaction that is rolled
back, with `session_replication_role = replica`, so foreign keys are asleep.
"""

ROWS = {
    ":completed": "(select order_id from orders where status = 'COMPLETED' and pay_mode = 'ONLINE' limit 1)",
    ":till": "(select payment_id from payments where provider = 'TILL' limit 1)",
    ":paid": """(select payment_id from payments
      where status = 'CAPTURED' and capture_mode = 'AUTOMATIC' and provider = 'STRIPE' limit 1)""",
}
MONEY = {
    "money.order_sums": """
        update orders set subtotal_minor = subtotal_minor + 1, total_minor = total_minor + 1 where order_id = :completed
    """,
    "money.order_total": """
        alter table orders drop constraint orders_check1;
        update orders set total_minor = total_minor - 1 where order_id = :completed
    """,
    "money.line_totals": """
        alter table order_lines drop constraint order_lines_check;
        update order_lines set total_minor = total_minor + 1 where order_id = :completed and line_no = 1
    """,
    "money.line_tax": "update order_lines set tax_minor = tax_minor + 3 where order_id = :completed and line_no = 1",
    "money.one_currency": "update payments set currency = 'XXX' where payment_id = :paid",
    "money.kept_within_total": """
        update payments set amount_minor = amount_minor + 1, captured_minor = amount_minor + 1,
          updated_at = now() - interval '1 hour' where payment_id = :paid
    """,
    "money.paid_orders": "update orders set payment_id = null where order_id = :completed",
    "money.till_only_at_handover": """
        update orders set status = 'READY' where order_id = (select reference from payments where payment_id = :till)
    """,
    "money.cancelled_goes_back": """
        delete from refunds where payment_id = (select payment_id from payments where status = 'REFUNDED' limit 1);
        update orders set updated_at = updated_at - interval '1 hour';
        update payments set updated_at = updated_at - interval '1 hour'
    """,
    "money.payment_of_order": "update payments set reference = gen_random_uuid() where payment_id = :paid",
}
ORDERS = {
    "orders.have_lines": "delete from order_lines where order_id = :completed and line_no = 1",
    "orders.history_dense": "delete from order_events where order_id = :completed and seq = 2",
    "orders.history_legal": "update order_events set event = 'jump' where order_id = :completed and seq = 2",
    "orders.history_chained": "update order_events set from_status = 'READY' where order_id = :completed and seq = 3",
    "orders.status_is_last_step": "update orders set status = 'READY' where order_id = :completed",
    "orders.history_signed": "update order_events set actor_id = null where order_id = :completed and seq = 2",
    "orders.times": "update orders set promised_at = created_at - interval '1 minute' where order_id = :completed",
    "orders.numbers_gapless": "update order_counters set last_number = last_number + 1",
    "orders.numbers": "update orders set number = 999 where order_id = :completed",
    "orders.business_day": "update orders set business_date = business_date - 3 where order_id = :completed",
    "orders.stuck": "update orders set updated_at = now() - interval '1 hour' where status = 'PLACED' and pay_mode = 'ONLINE'",
}
SHORTAGES = {
    "shortages.fit_orders": """
        insert into order_lines select l.merchant_id, l.store_id, h.order_id, 7, h.line_id, l.product_id, l.variant_id, l.name,
          l.variant_name, l.category, l.qty, l.unit_minor, l.modifiers, l.note, l.discount_minor, l.tax_rate_ppm, l.tax_minor,
          l.total_minor
        from order_shortages h join order_lines l on l.store_id = h.store_id and l.order_id = h.order_id and l.line_no = 1
        where h.state = 'SUBSTITUTED'
    """,
    "shortages.lead_to_the_total": """
        update order_shortages set after_minor = after_minor - 1 where state = 'SUBSTITUTED'
    """,
    "shortages.in_history": "update order_events set event = 'take_off' where event = 'substitute'",
    "shortages.never_dearer": """
        update order_shortages set refund_minor = before_minor - after_minor + 1 where state = 'SUBSTITUTED'
    """,
    "shortages.paid_back": "update order_shortages set refund_minor = refund_minor + 1 where refund_id is not null",
    "shortages.overdue": "update order_shortages set due_at = now() - interval '1 hour' where state = 'OFFERED'",
}
PAYMENTS = {
    "payments.totals_from_entries": """
        update payment_entries set amount_minor = amount_minor - 1 where payment_id = :paid and kind = 'CAPTURED'
    """,
    "payments.begin_with_their_amount": """
        update payment_entries set amount_minor = amount_minor + 1 where payment_id = :paid and entry_no = 1
    """,
    "payments.till_receipts": "update payments set receipt_ref = null where payment_id = :till",
    "payments.within_amount": """
        alter table payments drop constraint payments_check1;
        update payments set captured_minor = amount_minor + 1 where payment_id = :paid
    """,
    "payments.within_hold": """
        alter table payments drop constraint payments_check;
        update payments set authorized_minor = captured_minor - 1 where capture_mode = 'MANUAL' and captured_minor > 0
    """,
    "payments.back_within_captured": "update payments set disputed_minor = captured_minor + 1 where payment_id = :paid",
    "payments.holds_end": """
        update orders set status = 'CANCELLED', updated_at = now() - interval '1 hour'
        where payment_id in (select payment_id from payments where status = 'AUTHORIZED');
        update payments set updated_at = now() - interval '1 hour'
    """,
    "payments.holds_old": "update payment_entries set at = now() - interval '7 days' where kind = 'AUTHORIZED'",
    "payments.wrong_money_goes_back": """
        delete from payment_attempts where operation = 'REFUND' and refund_id is null
    """,
    "payments.disputes_show": "update payments set status = 'CAPTURED' where status = 'DISPUTED'",
    "payments.disputes_told": "update payment_entries set note = 'other' where kind = 'FUNDS_WITHDRAWN'",
    "payments.disputes_paid_back": """
        update disputes set closed_at = now() - interval '2 days' where status = 'WON';
        update payments set disputed_minor = 1 where payment_id in (select payment_id from disputes where status = 'WON')
    """,
    "payments.disputes_keep_nothing_else": """
        update disputes set status = 'LOST', closed_at = now();
        update payments set disputed_minor = 1 where status = 'DISPUTED';
        update orders set status = 'CANCELLED' where order_id in (select reference from payments where status = 'DISPUTED')
    """,
    "payments.refunds_within_captured": "update refunds set amount_minor = amount_minor * 100 where status = 'SUCCEEDED'",
    "payments.refunded_by_refunds": "delete from refunds where status = 'SUCCEEDED'",
    "payments.status_fits_totals": "update payments set status = 'VOIDED' where payment_id = :paid",
    "payments.entries_dense": "delete from payment_entries where payment_id = :paid and entry_no = 1",
    "payments.entries_legal": "update payment_entries set amount_minor = -1 where payment_id = :paid and kind = 'CAPTURED'",
    "payments.one_live": """
        create temp table twin as select * from payments where payment_id = :paid;
        update twin set payment_id = gen_random_uuid(), provider_ref = 'pi_twin';
        insert into payments select * from twin;
        update payments set updated_at = now() - interval '1 hour'
    """,
    "payments.provider_refs_once": """
        drop index payments_provider_ref;
        update payments set provider_ref = 'pi_same' where provider = 'STRIPE'
    """,
    "payments.attempts_numbered": "update payment_attempts set attempt_no = attempt_no + 7 where payment_id = :paid",
    "payments.attempts_amounts": """
        update payment_attempts set amount_minor = amount_minor + 1 where payment_id = :paid and operation = 'OPEN'
    """,
    "payments.attempts_finished": "update payment_attempts set finished_at = null where payment_id = :paid",
    "payments.refunds_asked": "delete from payment_attempts where operation = 'REFUND'",
    "payments.refunds_waited_for": "update refunds set status = 'FAILED', retry_at = null, given_up_at = null",
    "payments.attempts_stuck": """
        update payment_attempts set state = 'INTENDED', finished_at = null, created_at = now() - interval '1 hour'
        where payment_id = :paid
    """,
    "payments.refunds_failed": "update refunds set status = 'FAILED', given_up_at = now()",
    "payments.provider_events_once": "update provider_events set applied_at = null",
    "payments.provider_events_stuck": """
        update provider_events set state = 'RECEIVED', applied_at = null, received_at = now() - interval '1 hour'
    """,
}
REFUNDS = {
    "refunds.parts_add_up": "update refund_lines set net_minor = net_minor + 1",
    "refunds.parts_of_lines": "update refund_lines set tax_rate_ppm = tax_rate_ppm + 1 where tax_minor > 0",
    "refunds.provider_refs": "update refunds set provider_ref = null where status = 'SUCCEEDED'",
    "refunds.units_were_bought": "update refund_lines set qty = 7 where qty > 0",
    "refunds.tax_was_charged": "update refund_lines set tax_minor = tax_minor + 1000, net_minor = 0",
    "refunds.of_their_order": "update refund_lines set order_id = :completed",
    "refunds.at_the_till": "update refunds set receipt_ref = null where payment_id = :till",
}
KITCHEN = {
    "kitchen.orders_have_tickets": "delete from tickets where order_id = :completed",
    "kitchen.no_unpaid_tickets": """
        update tickets set order_id = (select order_id from orders where pay_mode = 'ONLINE' and status = 'PLACED' limit 1)
        where ticket_id = (select ticket_id from tickets limit 1)
    """,
    "kitchen.one_ticket": """
        alter table tickets drop constraint tickets_store_id_order_id_station_key;
        create temp table twin as select * from tickets where order_id = :completed;
        update twin set ticket_id = gen_random_uuid();
        insert into tickets select * from twin
    """,
    "kitchen.tickets_follow": "update tickets set order_seq = order_seq - 1 where order_id = :completed",
    "kitchen.ticket_states": "update tickets set state = 'QUEUED' where order_id = :completed",
    "kitchen.ticket_times": "update tickets set closed_at = null where order_id = :completed",
    "kitchen.ticket_paid": "update tickets set paid = not paid where order_id = :completed",
    "kitchen.ticket_waits": """
        update order_shortages set due_at = due_at + interval '1 minute' where state = 'OFFERED'
    """,
    "kitchen.ticket_lines": """
        update tickets set lines = jsonb_set(lines, '{0,qty}', '7') where order_id = :completed
    """,
}
IDEMPOTENCY = {
    "idempotency.one_order_a_key": """
        drop index orders_once;
        update orders set (placed_by, idempotency_key) = (select placed_by, idempotency_key from orders
          where order_id = :completed) where store_id = (select store_id from orders where order_id = :completed)
    """,
    "idempotency.order_keys": "update orders set fingerprint = 'short' where order_id = :completed",
    "idempotency.keys_once": "update idempotency_keys set fingerprint = 'short'",
    "idempotency.no_running_keys": "update idempotency_keys set status = null, answer = null, finished_at = null",
    "idempotency.answers_whole": "update idempotency_keys set status = 503",
}
EVENTS = {
    "events.history_is_told": """
        insert into outbox (id, merchant_id, store_id, aggregatetype, aggregateid, type, version, payload, created_at)
        select gen_random_uuid(), merchant_id, store_id, aggregatetype, aggregateid, type, version, payload, created_at
        from log where aggregateid = :completed
    """,
    "events.told_is_history": """
        update log set payload = payload || '{"status": "READY"}' where aggregateid = :completed and type = 'order.placed'
    """,
    "events.about_their_noun": "update log set payload = '{}' where aggregatetype = 'payment'",
    "events.money_is_told": "update log set type = 'payment.changed' where type = 'payment.captured'",
    "events.log_dense": "delete from log where seq = 3",
    "events.ids_once": """
        insert into outbox (id, merchant_id, store_id, aggregatetype, aggregateid, type, version, payload, created_at)
        select id, merchant_id, store_id, 'other', aggregateid, 'other', version, payload, created_at from log where seq = 3
    """,
    "events.in_order": """
        update log set seq = -seq where aggregateid = :completed; update log set seq = 1000 + seq where seq < 0
    """,
    "events.cursors_in_log": "update consumers set position = 100000 where name = 'kitchen'",
    "events.parked_were_passed": "insert into parked_events values ('kitchen', 100000, 'broken', 5, now())",
    "events.outbox_waits": """
        insert into outbox (id, merchant_id, store_id, aggregatetype, aggregateid, type, version, payload, created_at)
        select gen_random_uuid(), merchant_id, store_id, 'other', aggregateid, 'other', version, payload,
          now() - interval '1 hour' from log where seq = 3
    """,
    "events.consumers_behind": """
        update log set logged_at = now() - interval '1 hour'; update consumers set position = 3 where name = 'kitchen'
    """,
    "events.parked": "insert into parked_events values ('kitchen', 3, 'broken', 5, now())",
}
TENANCY = {
    "tenancy.rows_of_orders": "update order_lines set merchant_id = gen_random_uuid() where order_id = :completed",
    "tenancy.rows_of_payments": "update payment_entries set merchant_id = gen_random_uuid() where payment_id = :paid",
    "tenancy.rows_of_the_shop": "update tax_rates set merchant_id = gen_random_uuid()",
    "tenancy.ids_say_whose": "update stores set number = number + 7",
    "tenancy.row_security": "alter table orders no force row level security",
    "tenancy.no_wide_policies": "create policy open on orders to bottega_app using (true)",
    "tenancy.keys_lead_with_owner": "create unique index hot on orders (order_id)",
    "tenancy.roles_are_plain": "alter table carts owner to bottega_app",
    "tenancy.auditor_reads_only": "drop policy audit on orders",
    "tenancy.no_borrowed_rights": "create function peek() returns bigint language sql security definer as 'select 1::bigint'",
    "tenancy.disabled_are_out": """
        update users set disabled_at = now() - interval '1 hour' where user_id in (select subject_id from sessions)
    """,
    "tenancy.roles_are_of_here": "update user_roles set store_id = gen_random_uuid() where store_id is not null",
}
PRIVACY = {
    "privacy.sealed": "update orders set contact_sealed = 'giulia@example.com, in the clear' where order_id = :completed",
    "privacy.passwords_hashed": "update users set password_hash = 'secret'",
    "privacy.no_card_numbers": "update order_lines set note = 'card 4242 4242 4242 4242' where order_id = :completed",
}
OPERATIONS = {
    "operations.refunds_audited": "delete from audit_log where details ? 'payment'",
    "operations.audit_is_true": "delete from refunds",
    "operations.not_in_future": "update tickets set opened_at = now() + interval '1 hour'",
    "operations.no_floats": "alter table refunds add column share_minor double precision",
    "operations.indexes_valid": "update pg_index set indisvalid = false where indexrelid = 'orders_once'::regclass",
    "operations.constraints_valid": "alter table carts add constraint late check (items is not null) not valid",
    "operations.sequences_have_room": "alter sequence home_numbers maxvalue 5",
}
EVERY = {
    **MONEY,
    **ORDERS,
    **SHORTAGES,
    **PAYMENTS,
    **REFUNDS,
    **KITCHEN,
    **IDEMPOTENCY,
    **EVENTS,
    **TENANCY,
    **PRIVACY,
    **OPERATIONS,
}


def _filled(statements: str) -> str:
    for name, row in ROWS.items():
        statements = statements.replace(name, row)
    return statements


MUTATIONS = {name: _filled(statements) for name, statements in EVERY.items()}
