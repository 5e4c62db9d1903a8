"""Every SQL statement about disputes. What banks moved is in the payment's ledger, not here."""

from typing import LiteralString
from uuid import UUID

from bottega.domains.payments.model import Dispute, Payment, ProviderDispute
from bottega.domains.payments.states import DisputeStatus
from bottega.infra.db import ReadTx
from bottega.infra.transaction import Tx

READ_DISPUTES: LiteralString = """
select store_id, dispute_id, payment_id, provider_ref, amount_minor, reason, status, answer_by, opened_at, closed_at
from disputes where store_id = %(store_id)s and payment_id = %(payment_id)s order by dispute_id
"""
DISPUTE_BY_REF: LiteralString = """
select store_id, dispute_id, payment_id, provider_ref, amount_minor, reason, status, answer_by, opened_at, closed_at
from disputes where store_id = %(store_id)s and provider_ref = %(provider_ref)s
"""
LIVE_DISPUTES: LiteralString = """
select count(*) from disputes where store_id = %(store_id)s and payment_id = %(payment_id)s and status <> 'WON'
"""
INSERT_DISPUTE: LiteralString = """
insert into disputes (merchant_id, store_id, dispute_id, payment_id, provider_ref, amount_minor, reason, status, answer_by,
  opened_at)
values (%(merchant_id)s, %(store_id)s, %(dispute_id)s, %(payment_id)s, %(provider_ref)s, %(amount)s, %(reason)s, 'OPENED',
  %(answer_by)s, %(now)s)
"""
SET_DISPUTE: LiteralString = """
update disputes set status = %(status)s, closed_at = %(now)s
where store_id = %(store_id)s and dispute_id = %(dispute_id)s and status = %(before)s
"""


async def of_payment(tx: ReadTx, store_id: UUID, payment_id: UUID) -> list[Dispute]:
    """A payment's disputes, oldest first."""
    return await tx.rows(READ_DISPUTES, {"store_id": store_id, "payment_id": payment_id}, Dispute)


async def by_ref(tx: Tx, store_id: UUID, provider_ref: str) -> Dispute | None:
    """A dispute by the provider's reference."""
    return await tx.row(DISPUTE_BY_REF, {"store_id": store_id, "provider_ref": provider_ref}, Dispute)


async def live(tx: Tx, payment: Payment) -> int:
    """How many disputes of a payment are open or lost."""
    return int(await tx.value(LIVE_DISPUTES, {"store_id": payment.store_id, "payment_id": payment.payment_id}))


async def insert(tx: Tx, payment: Payment, dispute_id: UUID, said: ProviderDispute) -> None:
    """Write down that a customer's bank has taken a payment up. The payment's row must be locked."""
    values = {
        "merchant_id": payment.merchant_id,
        "store_id": payment.store_id,
        "dispute_id": dispute_id,
        "payment_id": payment.payment_id,
        "provider_ref": said.provider_ref,
        "amount": said.amount_minor,
        "reason": said.reason,
        "answer_by": said.answer_by,
        "now": tx.now,
    }
    await tx.execute(INSERT_DISPUTE, values)


async def close(tx: Tx, dispute: Dispute, status: DisputeStatus) -> bool:
    """Close a dispute; False when it was moved since it was read."""
    values = {
        "store_id": dispute.store_id,
        "dispute_id": dispute.dispute_id,
        "status": status,
        "before": dispute.status,
    }
    return await tx.execute(SET_DISPUTE, values | {"now": tx.now}) == 1
