"""SQL about what is due: attempts, provider events, payments and refunds to be asked about, refunds to be tried again.

Taking something leases it: it comes due again later by itself, and every claim raises a number that goes with it, the
lease's token. What is written in the end names the token, so that whoever woke up late writes nothing (`LeaseLost`).
"""

from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from bottega.domains.payments.errors import LeaseLost
from bottega.domains.payments.model import Attempt, StoredEvent
from bottega.infra.db import ReadTx
from bottega.infra.transaction import Tx

DUE_ATTEMPTS: LiteralString = """
select distinct merchant_id, store_id, payment_id from (
  select merchant_id, store_id, payment_id from payment_attempts a
  where state = 'INTENDED' and next_try_at <= now()
    and (operation not in ('CANCEL', 'CAPTURE') or not exists (
      select from payment_attempts o where o.store_id = a.store_id and o.payment_id = a.payment_id
        and o.attempt_no < a.attempt_no and o.operation in ('OPEN', 'CAPTURE') and o.state = 'INTENDED'))
  order by next_try_at limit 64) as first
"""
FAULT_ATTEMPT: LiteralString = """
update payment_attempts set faults = faults + 1,
  next_try_at = now() + least(power(2, least(faults, 10)), 300) * interval '1 second',
  state = case when faults + 1 >= %(most)s then 'PARKED' else state end,
  error_code = case when faults + 1 >= %(most)s then %(error)s end,
  finished_at = case when faults + 1 >= %(most)s then %(now)s::timestamptz end
where store_id = %(store_id)s and payment_id = %(payment_id)s and attempt_no = %(attempt_no)s and state = 'INTENDED'
  and tries = %(tries)s
returning state = 'PARKED'
"""
DUE_EVENTS: LiteralString = """
select distinct on (provider_account, object_ref)
  provider_account, event_id, merchant_id, store_id, type, object_ref, tries from (
    select provider_account, event_id, merchant_id, store_id, type, object_ref, tries, received_at from provider_events
    where state = 'RECEIVED' and next_try_at <= now() order by next_try_at limit 128) as first
order by provider_account, object_ref, received_at
"""
# One reading of an object answers everything that was told of it before, so what else waits about it goes along: it is
# not read about meanwhile, and done with this one. Nobody waits for a row here, so two who do this never stand crosswise.
CLAIM_EVENT: LiteralString = """
with this as (
  update provider_events set tries = tries + 1, next_try_at = now() + %(lease)s::interval
  where provider_account = %(account)s and event_id = %(event_id)s and state = 'RECEIVED' and next_try_at <= now()
  returning provider_account, event_id, merchant_id, store_id, type, object_ref, tries),
others as materialized (
  select o.provider_account, o.event_id from provider_events o join this using (provider_account, object_ref)
  where o.state = 'RECEIVED' and o.event_id <> this.event_id for update of o skip locked),
waiting as (
  update provider_events w set next_try_at = greatest(w.next_try_at, now() + %(lease)s::interval)
  from others where w.provider_account = others.provider_account and w.event_id = others.event_id)
select this.*, array(select event_id from others) as others from this
"""
PUT_OFF_EVENT: LiteralString = """
update provider_events
set next_try_at = now() + least(power(2, least(tries, 10) - 1), 30) * (0.5 + random() / 2) * interval '1 second'
where provider_account = %(account)s and event_id = %(event_id)s and state = 'RECEIVED' and tries = %(tries)s
"""
FAULT_EVENT: LiteralString = """
update provider_events set faults = faults + 1,
  next_try_at = now() + least(power(2, least(faults, 5)), 20) * interval '1 second',
  state = case when faults + 1 >= %(most)s then 'PARKED' else state end,
  applied_at = case when faults + 1 >= %(most)s then %(now)s::timestamptz end
where provider_account = %(account)s and event_id = %(event_id)s and state = 'RECEIVED' and tries = %(tries)s
returning state = 'PARKED'
"""
FINISH_EVENT: LiteralString = """
update provider_events set state = 'APPLIED', applied_at = %(now)s
where provider_account = %(account)s and event_id = %(event_id)s and state = 'RECEIVED' and tries = %(tries)s
"""
FINISH_OTHERS: LiteralString = """
update provider_events set state = 'APPLIED', applied_at = %(now)s
where provider_account = %(account)s and event_id in (
  select event_id from provider_events
  where provider_account = %(account)s and event_id = any(%(others)s) and state = 'RECEIVED' for update skip locked)
"""
DUE_CHECKS: LiteralString = """
select merchant_id, store_id, payment_id from payments p
where status in ('REQUIRES_PAYMENT', 'REQUIRES_ACTION', 'PROCESSING', 'AUTHORIZED') and next_check_at <= now()
  -- What is to be asked for anyway tells how the payment stands; with a slow provider, looking must not delay doing.
  and not exists (select from payment_attempts a
    where a.store_id = p.store_id and a.payment_id = p.payment_id and a.state = 'INTENDED')
order by next_check_at limit 64
"""
CLAIM_CHECK: LiteralString = """
update payments set checks = checks + 1, next_check_at = now() + case when created_at > now() - interval '30 minutes'
    then interval '30 seconds' else least(60 * power(2, least(greatest(checks - 59, 0), 10)), 3600) * interval '1 second' end
where store_id = %(store_id)s and payment_id = %(payment_id)s and next_check_at <= now()
  and status in ('REQUIRES_PAYMENT', 'REQUIRES_ACTION', 'PROCESSING', 'AUTHORIZED')
returning store_id, payment_id, provider_ref, checks
"""
HOLD_CHECK: LiteralString = """
select true from payments where store_id = %(store_id)s and payment_id = %(payment_id)s and checks = %(checks)s for update
"""
CHECK_SOON: LiteralString = """
update payments set next_check_at = now() + (1 + random() * 4) * interval '1 second'
where store_id = %(store_id)s and payment_id = %(payment_id)s and checks = %(checks)s
"""
DUE_REFUND_CHECKS: LiteralString = """
select merchant_id, store_id, refund_id from refunds where next_check_at <= now() order by next_check_at limit 64
"""
CLAIM_REFUND_CHECK: LiteralString = """
update refunds set checks = checks + 1, next_check_at = case
    when status = 'PENDING' then now() + least(30 * power(2, least(checks, 10)), 3600) * interval '1 second'
    when status = 'SUCCEEDED' and checks < 4 then now() + 30 * power(16, checks + 1) * interval '1 second' end
where store_id = %(store_id)s and refund_id = %(refund_id)s and next_check_at <= now()
returning store_id, refund_id, provider_ref, checks
"""
HOLD_REFUND_CHECK: LiteralString = """
select true from refunds where store_id = %(store_id)s and refund_id = %(refund_id)s and checks = %(checks)s
"""
REFUND_CHECK_SOON: LiteralString = """
update refunds set next_check_at = now() + (1 + random() * 4) * interval '1 second'
where store_id = %(store_id)s and refund_id = %(refund_id)s and checks = %(checks)s
"""


class DuePayment(msgspec.Struct, frozen=True):
    """A payment with something to ask of the provider."""

    merchant_id: UUID
    store_id: UUID
    payment_id: UUID


class DueRefund(msgspec.Struct, frozen=True):
    """A refund to be asked about or to be tried again."""

    merchant_id: UUID
    store_id: UUID
    refund_id: UUID


class PaymentCheck(msgspec.Struct, frozen=True):
    """A payment that we have taken to ask about; `checks` is the token."""

    store_id: UUID
    payment_id: UUID
    provider_ref: str | None
    checks: int


class RefundCheck(msgspec.Struct, frozen=True):
    """A refund that we have taken to ask about; `checks` is the token."""

    store_id: UUID
    refund_id: UUID
    provider_ref: str | None
    checks: int


async def due_attempts(tx: ReadTx) -> list[DuePayment]:
    """Payments of all merchants with something to ask now (as the relay)."""
    return await tx.rows(DUE_ATTEMPTS, {}, DuePayment)


async def fault_attempt(tx: Tx, attempt: Attempt, error: str, most: int) -> bool:
    """Something of ours failed over an attempt: it comes due later and later, and is parked after `most`; whether it is."""
    values = _attempt(attempt) | {"error": error, "most": most, "now": tx.now}
    return bool(await tx.value(FAULT_ATTEMPT, values))


async def due_events(tx: ReadTx) -> list[StoredEvent]:
    """Events of all merchants that wait to be applied (as the relay)."""
    return await tx.rows(DUE_EVENTS, {}, StoredEvent)


async def claim_event(tx: Tx, account: str, event_id: str, lease: timedelta) -> StoredEvent | None:
    """Take a due event for `lease`."""
    return await tx.row(CLAIM_EVENT, {"account": account, "event_id": event_id, "lease": lease}, StoredEvent)


async def put_off_event(tx: Tx, event: StoredEvent) -> None:
    """The provider does not answer: the event comes due again soon, then later and later."""
    await tx.execute(PUT_OFF_EVENT, _event(event))


async def fault_event(tx: Tx, event: StoredEvent, most: int) -> bool:
    """An event can't be applied: it comes due later and later, and is parked after `most` times; whether it is."""
    return bool(await tx.value(FAULT_EVENT, _event(event) | {"most": most, "now": tx.now}))


async def finish_event(tx: Tx, event: StoredEvent) -> None:
    """An event is applied, and what else had been told of its object. Raises `LeaseLost`."""
    if await tx.execute(FINISH_EVENT, _event(event) | {"now": tx.now}) != 1:
        raise LeaseLost(f"event {event.event_id} was taken by another")
    if event.others:
        others = {"account": event.provider_account, "others": list(event.others), "now": tx.now}
        await tx.execute(FINISH_OTHERS, others)


async def due_checks(tx: ReadTx) -> list[DuePayment]:
    """Open payments of all merchants whose news may have been lost (as the relay)."""
    return await tx.rows(DUE_CHECKS, {}, DuePayment)


async def claim_check(tx: Tx, store_id: UUID, payment_id: UUID) -> PaymentCheck | None:
    """Take an open payment to ask about; again every half minute while it is young, then later and later."""
    return await tx.row(CLAIM_CHECK, {"store_id": store_id, "payment_id": payment_id}, PaymentCheck)


async def hold_check(tx: Tx, check: PaymentCheck) -> None:
    """The payment's row, if nobody has asked about it since. Raises `LeaseLost`."""
    if await tx.value(HOLD_CHECK, _values(check)) is None:
        raise LeaseLost(f"payment {check.payment_id} was asked about by another")


async def check_soon(tx: Tx, check: PaymentCheck) -> None:
    """Nobody answered: the payment is asked about again in seconds."""
    await tx.execute(CHECK_SOON, _values(check))


async def due_refund_checks(tx: ReadTx) -> list[DueRefund]:
    """Refunds of all merchants whose news may have been lost (as the relay)."""
    return await tx.rows(DUE_REFUND_CHECKS, {}, DueRefund)


async def claim_refund_check(tx: Tx, store_id: UUID, refund_id: UUID) -> RefundCheck | None:
    """Take a refund to ask about: later and later while it is under way, and a few times after it succeeded."""
    return await tx.row(CLAIM_REFUND_CHECK, {"store_id": store_id, "refund_id": refund_id}, RefundCheck)


async def hold_refund_check(tx: Tx, check: RefundCheck) -> None:
    """Whether nobody has asked about the refund since. Raises `LeaseLost`."""
    if await tx.value(HOLD_REFUND_CHECK, _values(check)) is None:
        raise LeaseLost(f"refund {check.refund_id} was asked about by another")


async def refund_check_soon(tx: Tx, check: RefundCheck) -> None:
    """Nobody answered: the refund is asked about again in seconds."""
    await tx.execute(REFUND_CHECK_SOON, _values(check))


def _attempt(attempt: Attempt) -> dict[str, Any]:
    names = ("store_id", "payment_id", "attempt_no", "tries")
    return {name: getattr(attempt, name) for name in names}


def _event(event: StoredEvent) -> dict[str, Any]:
    return {"account": event.provider_account, "event_id": event.event_id, "tries": event.tries}


def _values(check: PaymentCheck | RefundCheck) -> dict[str, Any]:
    return msgspec.structs.asdict(check)
