"""SQL for looking at payments: all of a reference, what was asked of the provider, refunds that wait for a person."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

from bottega.domains.payments.model import AskedAttempt, FailedRefund, Payment
from bottega.infra.db import ReadTx

OF_REFERENCE: LiteralString = """
select merchant_id, store_id, payment_id, reference, provider, provider_account, provider_ref, client_secret, status,
  capture_mode, amount_minor, authorized_minor, captured_minor, refunded_minor, disputed_minor, currency, tender, receipt_ref,
  failure_code, version, created_at, updated_at
from payments where store_id = %(store_id)s and reference = %(reference)s order by payment_id desc
"""
MANY: LiteralString = """
select merchant_id, store_id, payment_id, reference, provider, provider_account, provider_ref, client_secret, status,
  capture_mode, amount_minor, authorized_minor, captured_minor, refunded_minor, disputed_minor, currency, tender, receipt_ref,
  failure_code, version, created_at, updated_at
from payments where store_id = %(store_id)s and payment_id = any(%(payments)s)
"""
ATTEMPTS: LiteralString = """
select payment_id, attempt_no, operation, amount_minor, state, error_code, tries, next_try_at, created_at, finished_at
from payment_attempts where store_id = %(store_id)s and payment_id = %(payment_id)s order by attempt_no
"""
FAILED_FOR_GOOD: LiteralString = """
select r.refund_id, r.payment_id, p.reference, r.amount_minor, p.currency, r.reason, r.given_up_at
from refunds r join payments p on p.store_id = r.store_id and p.payment_id = r.payment_id
where r.store_id = %(store_id)s and r.status = 'FAILED' and r.given_up_at is not null
  and (%(reference)s::uuid is null or p.reference = %(reference)s)
  and r.amount_minor <= p.captured_minor - (select coalesce(sum(o.amount_minor), 0) from refunds o
    where o.store_id = r.store_id and o.payment_id = r.payment_id
      and (o.status <> 'FAILED' or (o.retry_at is not null and o.refund_id <> r.refund_id)))
order by r.refund_id desc limit 50
"""


async def of_reference(tx: ReadTx, store_id: UUID, reference: UUID) -> list[Payment]:
    """Every payment of one reference, the newest first."""
    return await tx.rows(OF_REFERENCE, {"store_id": store_id, "reference": reference}, Payment)


async def many(tx: ReadTx, store_id: UUID, payment_ids: Sequence[UUID]) -> dict[UUID, Payment]:
    """Payments of a store by their id."""
    found = await tx.rows(MANY, {"store_id": store_id, "payments": list(payment_ids)}, Payment)
    return {payment.payment_id: payment for payment in found}


async def attempts(tx: ReadTx, store_id: UUID, payment_id: UUID) -> list[AskedAttempt]:
    """What was asked of the provider about a payment, and what came of it."""
    return await tx.rows(ATTEMPTS, {"store_id": store_id, "payment_id": payment_id}, AskedAttempt)


async def failed_refunds(tx: ReadTx, store_id: UUID, reference: UUID | None = None) -> list[FailedRefund]:
    """Refunds of a store (or of one reference) that failed, whose money is still here, newest first: somebody has to look."""
    return await tx.rows(FAILED_FOR_GOOD, {"store_id": store_id, "reference": reference}, FailedRefund)
