"""Every SQL statement about payments, attempts, entries, refunds and provider events.

Locks: `lock` and `lock_by_ref` take the payment's row; everything that changes its totals or refunds goes through it.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from bottega.domains.payments.errors import LeaseLost
from bottega.domains.payments.model import (
    Attempt,
    Entry,
    EntryKind,
    NewPayment,
    Operation,
    Payment,
    ProviderEvent,
    Refund,
    RefundRequest,
)
from bottega.domains.payments.states import PaymentStatus, RefundStatus
from bottega.infra.db import Connection, ReadTx
from bottega.infra.transaction import Tx

READ: LiteralString = """
select merchant_id, store_id, payment_id, reference, provider, provider_account, provider_ref, client_secret, status,
  capture_mode, amount_minor, authorized_minor, captured_minor, refunded_minor, disputed_minor, currency, tender, receipt_ref,
  failure_code, version, created_at, updated_at
from payments where store_id = %(store_id)s and payment_id = %(payment_id)s
"""
LOCK: LiteralString = """
select merchant_id, store_id, payment_id, reference, provider, provider_account, provider_ref, client_secret, status,
  capture_mode, amount_minor, authorized_minor, captured_minor, refunded_minor, disputed_minor, currency, tender, receipt_ref,
  failure_code, version, created_at, updated_at
from payments where store_id = %(store_id)s and payment_id = %(payment_id)s for update
"""
LOCK_BY_REF: LiteralString = """
select merchant_id, store_id, payment_id, reference, provider, provider_account, provider_ref, client_secret, status,
  capture_mode, amount_minor, authorized_minor, captured_minor, refunded_minor, disputed_minor, currency, tender, receipt_ref,
  failure_code, version, created_at, updated_at
from payments where store_id = %(store_id)s and provider = 'STRIPE' and provider_ref = %(provider_ref)s for update
"""
INSERT_MANY: LiteralString = """
with new as materialized (select * from json_to_recordset(%s::json) as r (merchant_id uuid, store_id uuid, payment_id uuid,
  reference uuid, provider_account text, amount_minor bigint, currency text, provider_key text, created_at timestamptz)),
p as (insert into payments (merchant_id, store_id, payment_id, reference, provider, provider_account, status, capture_mode,
    amount_minor, currency, next_check_at, created_at, updated_at)
  select n.merchant_id, n.store_id, payment_id, reference, 'STRIPE', provider_account, 'REQUIRES_PAYMENT', s.capture_mode,
    amount_minor, n.currency, n.created_at + interval '45 seconds', n.created_at, n.created_at
  from new n join stores s on s.store_id = n.store_id),
a as (insert into payment_attempts (merchant_id, store_id, payment_id, attempt_no, operation, amount_minor, provider_key, state,
    next_try_at, created_at)
  select merchant_id, store_id, payment_id, 1, 'OPEN', amount_minor, provider_key, 'INTENDED',
    created_at + interval '5 seconds', created_at from new)
insert into payment_entries (merchant_id, store_id, payment_id, entry_no, kind, amount_minor, actor_kind, at)
select merchant_id, store_id, payment_id, 1, 'OPENED', amount_minor, 'SYSTEM', created_at from new
"""
INSERT_TILL: LiteralString = """
insert into payments (merchant_id, store_id, payment_id, reference, provider, status, amount_minor, captured_minor,
  currency, tender, receipt_ref, created_at, updated_at)
values (%(merchant_id)s, %(store_id)s, %(payment_id)s, %(reference)s, 'TILL', 'CAPTURED', %(amount)s, %(amount)s,
  %(currency)s, %(tender)s, %(receipt_ref)s, %(now)s, %(now)s)
"""
INSERT_ENTRY: LiteralString = """
insert into payment_entries (merchant_id, store_id, payment_id, entry_no, kind, amount_minor, provider_ref, note, actor_kind,
  actor_id, at)
select %(merchant_id)s, %(store_id)s, %(payment_id)s, coalesce(max(entry_no), 0) + 1, %(kind)s, %(amount)s, %(provider_ref)s,
  %(note)s, %(actor_kind)s, %(actor_id)s, %(now)s
from payment_entries where store_id = %(store_id)s and payment_id = %(payment_id)s
on conflict do nothing
"""
SET_STATUS: LiteralString = """
update payments p set status = %(status)s, failure_code = %(failure_code)s, version = version + 1, updated_at = %(now)s,
  authorized_minor = e.authorized, captured_minor = e.captured, refunded_minor = e.refunded, disputed_minor = e.disputed
from (select coalesce(sum(amount_minor) filter (where kind = 'AUTHORIZED'), 0) as authorized,
        coalesce(sum(amount_minor) filter (where kind = 'CAPTURED'), 0) as captured,
        coalesce(sum(amount_minor) filter (where kind = 'REFUNDED'), 0)
          - coalesce(sum(amount_minor) filter (where kind = 'REFUND_FAILED' and note = 'reversed'), 0) as refunded,
        coalesce(sum(amount_minor) filter (where kind = 'FUNDS_WITHDRAWN'), 0)
          - coalesce(sum(amount_minor) filter (where kind = 'FUNDS_REINSTATED'), 0) as disputed
      from payment_entries where store_id = %(store_id)s and payment_id = %(payment_id)s) as e
where p.store_id = %(store_id)s and p.payment_id = %(payment_id)s and p.version = %(version)s
"""
SET_PROVIDER: LiteralString = """
update payments set provider_ref = %(provider_ref)s, client_secret = %(client_secret)s, updated_at = %(now)s
where store_id = %(store_id)s and payment_id = %(payment_id)s
"""
INSERT_ATTEMPT: LiteralString = """
insert into payment_attempts (merchant_id, store_id, payment_id, attempt_no, operation, amount_minor, refund_id, provider_key,
  state, next_try_at, created_at)
values (%(merchant_id)s, %(store_id)s, %(payment_id)s, %(attempt_no)s, %(operation)s, %(amount)s, %(refund_id)s,
  %(provider_key)s, 'INTENDED', %(now)s, %(now)s)
"""
LAST_ATTEMPT: LiteralString = """
select coalesce(max(attempt_no), 0) from payment_attempts where store_id = %(store_id)s and payment_id = %(payment_id)s
"""
CLAIM_ATTEMPT: LiteralString = """
update payment_attempts set tries = tries + 1, next_try_at = now() + %(lease)s::interval
where (store_id, payment_id, attempt_no) in (
  select store_id, payment_id, attempt_no from payment_attempts a
  where state = 'INTENDED' and store_id = %(store_id)s and payment_id = %(payment_id)s
    and (next_try_at <= now() or (tries = 0 and %(first)s))
    and (operation not in ('CANCEL', 'CAPTURE') or not exists (
      select from payment_attempts o where o.store_id = a.store_id and o.payment_id = a.payment_id
        and o.attempt_no < a.attempt_no and o.operation in ('OPEN', 'CAPTURE') and o.state = 'INTENDED'))
  order by attempt_no limit 1 for update skip locked)
returning merchant_id, store_id, payment_id, attempt_no, operation, amount_minor, refund_id, provider_key, tries,
  tries > 1 and created_at < now() - interval '20 hours' as old
"""
PUT_OFF_ATTEMPT: LiteralString = """
update payment_attempts
set next_try_at = now() + least(power(2, least(tries, 10) - 1), 30) * (0.5 + random() / 2) * interval '1 second'
where store_id = %(store_id)s and payment_id = %(payment_id)s and attempt_no = %(attempt_no)s and state = 'INTENDED'
  and tries = %(tries)s
"""
FINISH_ATTEMPT: LiteralString = """
update payment_attempts set state = %(state)s, error_code = %(error_code)s, finished_at = %(now)s
where store_id = %(store_id)s and payment_id = %(payment_id)s and attempt_no = %(attempt_no)s and state = 'INTENDED'
  and tries = %(tries)s
"""
READ_ENTRIES: LiteralString = """
select entry_no, kind, amount_minor, provider_ref, note, actor_kind, actor_id, at from payment_entries
where store_id = %(store_id)s and payment_id = %(payment_id)s order by entry_no
"""
READ_REFUNDS: LiteralString = """
select store_id, refund_id, payment_id, amount_minor, reason, status, provider_ref, receipt_ref, created_at, tries, retry_at,
  given_up_at from refunds
where store_id = %(store_id)s and payment_id = %(payment_id)s order by refund_id
"""
UNDER_WAY: LiteralString = """
select coalesce(sum(amount_minor), 0) from refunds
where store_id = %(store_id)s and payment_id = %(payment_id)s
  and (status = 'PENDING' or (status = 'FAILED' and retry_at is not null))
"""
INSERT_REFUND: LiteralString = """
insert into refunds (merchant_id, store_id, refund_id, payment_id, amount_minor, reason, status, receipt_ref,
  requested_by, created_at, updated_at)
values (%(merchant_id)s, %(store_id)s, %(refund_id)s, %(payment_id)s, %(amount)s, %(reason)s, 'PENDING', %(receipt_ref)s,
  %(by)s, %(now)s, %(now)s)
"""
SET_REFUND: LiteralString = """
update refunds set status = %(status)s, provider_ref = coalesce(%(provider_ref)s, provider_ref),
  updated_at = %(now)s::timestamptz,
  retry_at = case when %(status)s = 'FAILED' then %(now)s::timestamptz + 5 * power(3, tries - 1) * interval '1 second' end,
  next_check_at = case when %(status)s <> 'FAILED' then %(now)s::timestamptz + interval '30 seconds' end, checks = 0
where store_id = %(store_id)s and refund_id = %(refund_id)s and status = %(before)s
"""
REFUND_BY_REF: LiteralString = """
select store_id, refund_id, payment_id, amount_minor, reason, status, provider_ref, receipt_ref, created_at, tries, retry_at,
  given_up_at from refunds
where store_id = %(store_id)s and payment_id = %(payment_id)s
  and (provider_ref = %(provider_ref)s or refund_id = %(refund_id)s::uuid)
"""
INSERT_EVENT: LiteralString = """
insert into provider_events (merchant_id, provider_account, event_id, type, object_ref, store_id, body, signature, state,
  next_try_at, received_at)
values (%(merchant_id)s, %(account)s, %(event_id)s, %(type)s, %(object_ref)s, %(store_id)s, %(body)s, %(signature)s, 'RECEIVED',
  %(now)s, %(now)s)
on conflict (provider_account, event_id) do nothing returning true
"""


async def lock(tx: Tx, store_id: UUID, payment_id: UUID) -> Payment | None:
    """The payment's row, held until the end of this transaction."""
    return await tx.row(LOCK, {"store_id": store_id, "payment_id": payment_id}, Payment)


async def lock_by_ref(tx: Tx, store_id: UUID, provider_ref: str) -> Payment | None:
    """The payment behind a provider's reference, held until the end of this transaction."""
    return await tx.row(LOCK_BY_REF, {"store_id": store_id, "provider_ref": provider_ref}, Payment)


async def read(tx: ReadTx, store_id: UUID, payment_id: UUID) -> Payment | None:
    """One payment."""
    return await tx.row(READ, {"store_id": store_id, "payment_id": payment_id}, Payment)


async def insert_many(connection: Connection, payments: Sequence[tuple[NewPayment, str]]) -> None:
    """Write payments to be opened, each with its first attempt and ledger line, in one statement."""
    rows = [msgspec.to_builtins(payment) | {"provider_key": key} for payment, key in payments]
    await connection.execute(INSERT_MANY, [msgspec.json.encode(rows).decode()])


async def insert_till(tx: Tx, payment_id: UUID, values: dict[str, Any]) -> None:
    """Write money taken at the counter."""
    await tx.execute(INSERT_TILL, {"merchant_id": tx.merchant_id, "payment_id": payment_id, "now": tx.now} | values)


async def add_entry(
    tx: Tx, payment: Payment, kind: EntryKind, amount: int = 0, provider_ref: str | None = None, note: str | None = None
) -> bool:
    """Append a ledger line; False when the same fact (kind and provider reference) stands there already."""
    values = _of(payment) | {
        "merchant_id": payment.merchant_id,
        "kind": kind,
        "amount": amount,
        "provider_ref": provider_ref,
        "note": note,
        "actor_kind": tx.subject.kind,
        "actor_id": tx.subject.subject_id,
        "now": tx.now,
    }
    return await tx.execute(INSERT_ENTRY, values) == 1


async def set_status(tx: Tx, payment: Payment, status: PaymentStatus, failure_code: str | None = None) -> bool:
    """Move a payment and recompute its totals from the ledger; False when somebody moved it since it was read."""
    values = {"status": status, "failure_code": failure_code, "version": payment.version, "now": tx.now}
    return await tx.execute(SET_STATUS, _of(payment) | values) == 1


async def set_provider(tx: Tx, payment: Payment, provider_ref: str, client_secret: str | None) -> None:
    """Write down under which reference the provider knows the payment."""
    values = {"provider_ref": provider_ref, "client_secret": client_secret, "now": tx.now}
    await tx.execute(SET_PROVIDER, _of(payment) | values)


async def add_attempt(
    tx: Tx, payment: Payment, operation: Operation, amount: int, refund_id: UUID | None, key_of: Any
) -> int:
    """Write down what we are about to ask; the attempt's number. The payment's row must be locked."""
    attempt_no = int(await tx.value(LAST_ATTEMPT, _of(payment))) + 1
    values = _of(payment) | {
        "merchant_id": payment.merchant_id,
        "attempt_no": attempt_no,
        "operation": operation,
        "amount": amount,
        "refund_id": refund_id,
        "provider_key": key_of(str(payment.payment_id), attempt_no),
        "now": tx.now,
    }
    await tx.execute(INSERT_ATTEMPT, values)
    return attempt_no


async def claim_attempt(tx: Tx, store_id: UUID, payment_id: UUID, *, first: bool, lease: timedelta) -> Attempt | None:
    """Take the next due attempt of a payment for `lease`; `first` takes a fresh one before its time.

    A CANCEL or CAPTURE waits for the OPEN before it, because what the provider is just opening could not be named to it,
    and a CANCEL for the CAPTURE, because only its outcome says whether there is a hold or money to give back.
    """
    values = {"store_id": store_id, "payment_id": payment_id, "first": first, "lease": lease}
    return await tx.row(CLAIM_ATTEMPT, values, Attempt)


async def put_off_attempt(tx: Tx, attempt: Attempt) -> None:
    """An attempt got no answer: it comes due again after 1 s, then later and later, unless somebody has taken it since."""
    values = {"store_id": attempt.store_id, "payment_id": attempt.payment_id, "attempt_no": attempt.attempt_no}
    await tx.execute(PUT_OFF_ATTEMPT, values | {"tries": attempt.tries})


async def finish_attempt(tx: Tx, attempt: Attempt, *, failed: str | None = None) -> None:
    """Write down that an attempt has its outcome. Raises `LeaseLost` when it has one, or when another has taken it since.

    The number of tries is the lease's token: who claimed the attempt last may write, whoever wakes up late may not.
    """
    values = {
        "store_id": attempt.store_id,
        "payment_id": attempt.payment_id,
        "attempt_no": attempt.attempt_no,
        "tries": attempt.tries,
        "state": "FAILED" if failed else "DONE",
        "error_code": failed,
        "now": tx.now,
    }
    if await tx.execute(FINISH_ATTEMPT, values) != 1:
        raise LeaseLost(f"attempt {attempt.attempt_no} of {attempt.payment_id} was taken by another")


async def entries(tx: ReadTx, store_id: UUID, payment_id: UUID) -> list[Entry]:
    """A payment's ledger."""
    return await tx.rows(READ_ENTRIES, {"store_id": store_id, "payment_id": payment_id}, Entry)


async def refunds(tx: ReadTx, store_id: UUID, payment_id: UUID) -> list[Refund]:
    """A payment's refunds, oldest first."""
    return await tx.rows(READ_REFUNDS, {"store_id": store_id, "payment_id": payment_id}, Refund)


async def under_way(tx: ReadTx, payment: Payment) -> int:
    """What is on its way back, in minor units; a refund that failed and will be tried again by itself is."""
    return int(await tx.value(UNDER_WAY, _of(payment)))


async def insert_refund(tx: Tx, payment: Payment, refund_id: UUID, amount: int, command: RefundRequest) -> None:
    """Write down a refund that we are about to ask for."""
    values = {
        "merchant_id": payment.merchant_id,
        "refund_id": refund_id,
        "amount": amount,
        "reason": command.reason,
        "receipt_ref": command.receipt_ref,
        "by": tx.subject.subject_id,
        "now": tx.now,
    }
    await tx.execute(INSERT_REFUND, _of(payment) | values)


async def set_refund(tx: Tx, refund: Refund, status: RefundStatus, provider_ref: str | None) -> bool:
    """Move a refund; False when it was moved since it was read."""
    values = {
        "store_id": refund.store_id,
        "refund_id": refund.refund_id,
        "status": status,
        "before": refund.status,
        "provider_ref": provider_ref,
        "now": tx.now,
    }
    return await tx.execute(SET_REFUND, values) == 1


async def refund_by_ref(tx: Tx, payment: Payment, provider_ref: str | None, refund_id: UUID | None) -> Refund | None:
    """A refund of the payment by the provider's reference or by our id."""
    values = {"provider_ref": provider_ref, "refund_id": refund_id}
    return await tx.row(REFUND_BY_REF, _of(payment) | values, Refund)


async def insert_event(tx: Tx, event: ProviderEvent) -> bool:
    """Keep a signed event; False when it came before."""
    values = {
        "merchant_id": event.merchant_id,
        "account": event.account,
        "event_id": event.event_id,
        "type": event.type,
        "object_ref": event.object_ref,
        "store_id": event.store_id,
        "body": event.body,
        "signature": event.signature,
        "now": tx.now,
    }
    return await tx.value(INSERT_EVENT, values) is not None


def _of(payment: Payment) -> dict[str, Any]:
    return {"store_id": payment.store_id, "payment_id": payment.payment_id}
