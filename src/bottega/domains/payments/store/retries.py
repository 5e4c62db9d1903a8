"""SQL about trying again under a new number: an attempt that its key can't carry any further, and a refund that failed."""

from typing import LiteralString
from uuid import UUID

from bottega.domains.payments.model import Attempt, Payment, Refund
from bottega.domains.payments.store.due import DueRefund
from bottega.infra.db import ReadTx
from bottega.infra.transaction import Tx

LAST_REFUSAL: LiteralString = """
select error_code from payment_attempts
where store_id = %(store_id)s and payment_id = %(payment_id)s and refund_id = %(refund_id)s
order by attempt_no desc limit 1
"""
DUE_REFUNDS: LiteralString = """
select merchant_id, store_id, refund_id from refunds r where status = 'FAILED' and retry_at <= now()
  and not exists (select from payment_attempts a where a.store_id = r.store_id and a.payment_id = r.payment_id
    and a.refund_id = r.refund_id and a.state = 'INTENDED')
order by retry_at limit 64
"""
REFUND_PAYMENT: LiteralString = """
select payment_id from refunds where store_id = %(store_id)s and refund_id = %(refund_id)s
"""
DUE_REFUND: LiteralString = """
select store_id, refund_id, payment_id, amount_minor, reason, status, provider_ref, created_at, tries,
  retry_at, given_up_at from refunds r
where store_id = %(store_id)s and refund_id = %(refund_id)s and status = 'FAILED' and (retry_at <= now() or %(now_already)s)
  -- An answer that is still to come is of the try that failed: nobody shall take it for the next one's.
  and not exists (select from payment_attempts a where a.store_id = r.store_id and a.payment_id = r.payment_id
    and a.refund_id = r.refund_id and a.state = 'INTENDED')
"""
BEGIN_AGAIN: LiteralString = """
update refunds set status = 'PENDING', tries = tries + 1, retry_at = null, given_up_at = null, next_check_at = null, checks = 0,
  past_refs = past_refs || array_remove(array[provider_ref], null), provider_ref = null, updated_at = %(now)s
where store_id = %(store_id)s and refund_id = %(refund_id)s and status = 'FAILED'
"""
GIVE_UP: LiteralString = """
update refunds set retry_at = null, given_up_at = %(now)s
where store_id = %(store_id)s and refund_id = %(refund_id)s and status = 'FAILED'
"""
GIVEN_UP: LiteralString = """
select store_id, refund_id, payment_id, amount_minor, reason, status, provider_ref, created_at, tries,
  retry_at, given_up_at from refunds
where merchant_id = %(merchant_id)s and store_id = %(store_id)s and status = 'FAILED' and given_up_at is not null
order by given_up_at desc limit 200
"""
IS_PAST: LiteralString = """
select exists (select from refunds where store_id = %(store_id)s and payment_id = %(payment_id)s
  and %(provider_ref)s = any (past_refs))
"""
RETURNS_ASKED: LiteralString = """
select count(*) from payment_attempts
where store_id = %(store_id)s and payment_id = %(payment_id)s and operation = 'REFUND' and refund_id is null
"""
PUSH_BACK: LiteralString = """
update payment_attempts set next_try_at = now() + %(seconds)s * (0.5 + random() / 2) * interval '1 second'
where store_id = %(store_id)s and payment_id = %(payment_id)s and attempt_no = %(attempt_no)s and tries = 0
"""


async def due_refunds(tx: ReadTx) -> list[DueRefund]:
    """Failed refunds of all merchants that are to be tried again (as the relay)."""
    return await tx.rows(DUE_REFUNDS, {}, DueRefund)


async def payment_of_refund(tx: Tx, store_id: UUID, refund_id: UUID) -> UUID | None:
    """Whose refund it is."""
    return await tx.value(REFUND_PAYMENT, {"store_id": store_id, "refund_id": refund_id})


async def due_refund(tx: Tx, store_id: UUID, refund_id: UUID, *, now_already: bool) -> Refund | None:
    """A failed refund whose time to be tried again has come (`now_already`: whenever that is)."""
    values = {"store_id": store_id, "refund_id": refund_id, "now_already": now_already}
    return await tx.row(DUE_REFUND, values, Refund)


async def last_refusal(tx: Tx, refund: Refund) -> str | None:
    """Why the provider refused a refund's last attempt; None when it took it."""
    values = {"store_id": refund.store_id, "payment_id": refund.payment_id, "refund_id": refund.refund_id}
    return await tx.value(LAST_REFUSAL, values)


async def begin_again(tx: Tx, refund: Refund) -> None:
    """The refund is under way again; what the provider called it before is kept apart, so that late news of it is known."""
    await tx.execute(BEGIN_AGAIN, {"store_id": refund.store_id, "refund_id": refund.refund_id, "now": tx.now})


async def give_up(tx: Tx, refund: Refund) -> None:
    """The refund is not tried again by itself; a person has to look."""
    await tx.execute(GIVE_UP, {"store_id": refund.store_id, "refund_id": refund.refund_id, "now": tx.now})


async def given_up(tx: ReadTx, store_id: UUID) -> list[Refund]:
    """A store's failed refunds that wait for a person, newest first."""
    return await tx.rows(GIVEN_UP, {"merchant_id": tx.merchant_id, "store_id": store_id}, Refund)


async def is_past(tx: Tx, payment: Payment, provider_ref: str) -> bool:
    """Whether that is the provider's name of an earlier try of one of the payment's refunds."""
    values = {"store_id": payment.store_id, "payment_id": payment.payment_id, "provider_ref": provider_ref}
    return bool(await tx.value(IS_PAST, values))


async def push_back(tx: Tx, of: Attempt | Payment, attempt_no: int, seconds: float) -> None:
    """A new attempt in place of another one waits a little before it is asked."""
    values = {"store_id": of.store_id, "payment_id": of.payment_id, "attempt_no": attempt_no}
    await tx.execute(PUSH_BACK, values | {"seconds": seconds})


async def returns_asked(tx: Tx, payment: Payment) -> int:
    """How often the provider was asked, or is about to be, to give back money that was never this payment's."""
    values = {"store_id": payment.store_id, "payment_id": payment.payment_id}
    return int(await tx.value(RETURNS_ASKED, values))
