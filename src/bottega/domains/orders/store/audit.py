"""SQL about who did what with the money of an order, as the runner wrote it down."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

from bottega.domains.orders.model import AuditRow
from bottega.infra.db import ReadTx

OF_PAYMENTS: LiteralString = """
select action, actor_kind, actor_id, details, at from audit_log
where merchant_id = %(merchant_id)s and store_id = %(store_id)s and details ? 'payment'
  and details ->> 'payment' = any(%(payments)s)
order by audit_id
"""


async def of_payments(tx: ReadTx, store_id: UUID, payment_ids: Sequence[UUID]) -> list[AuditRow]:
    """The audit rows that name one of these payments, oldest first."""
    values = {"merchant_id": tx.merchant_id, "store_id": store_id, "payments": [str(each) for each in payment_ids]}
    return await tx.rows(OF_PAYMENTS, values, AuditRow)
