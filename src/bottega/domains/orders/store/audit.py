"""SQL about who did what with the money of an order, as the runner wrote it down."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

from bottega.domains.orders.model import AuditRow
from bottega.infra.db import ReadTx

OF_MONEY: LiteralString = """
select action, actor_kind, actor_id, details, at from audit_log
where merchant_id = %(merchant_id)s and store_id = %(store_id)s and (details ? 'payment' or details ? 'refund')
  and coalesce(details ->> 'payment', details ->> 'refund') = any(%(things)s)
order by audit_id
"""


async def of_money(tx: ReadTx, store_id: UUID, ids: Sequence[UUID]) -> list[AuditRow]:
    """The audit rows that name one of these payments or refunds, oldest first."""
    values = {"merchant_id": tx.merchant_id, "store_id": store_id, "things": [str(each) for each in ids]}
    return await tx.rows(OF_MONEY, values, AuditRow)
