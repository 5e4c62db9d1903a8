"""SQL about what refunds give back of an order. How the money moves is in the payments' store."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

import msgspec

from bottega.domains.orders.model import Order, RefundPart, ReturnedPart
from bottega.infra.db import ReadTx
from bottega.infra.transaction import Tx

ADD_PARTS: LiteralString = """
insert into refund_lines (merchant_id, store_id, refund_id, part_no, order_id, line_id, qty, tax_rate_ppm, net_minor, tax_minor)
select %(merchant_id)s, %(store_id)s, %(refund_id)s, p.n, %(order_id)s, p.line_id, p.qty, p.tax_rate_ppm, p.net_minor,
  p.tax_minor
from json_to_recordset(%(parts)s::json) as p (n int, line_id uuid, qty int, tax_rate_ppm int, net_minor bigint,
  tax_minor bigint)
"""
RETURNED: LiteralString = """
select p.refund_id, p.line_id, p.qty, p.tax_rate_ppm, p.net_minor, p.tax_minor
from refund_lines p join refunds r on r.store_id = p.store_id and r.refund_id = p.refund_id
where r.store_id = %(store_id)s and r.payment_id = %(payment_id)s
  and (r.status <> 'FAILED' or r.retry_at is not null or %(failed)s)
order by p.refund_id, p.part_no
"""


async def add_parts(tx: Tx, order: Order, refund_id: UUID, parts: Sequence[RefundPart]) -> None:
    """Write down which parts of an order a refund gives back."""
    rows = [msgspec.to_builtins(part) | {"n": number} for number, part in enumerate(parts, 1)]
    place = {"merchant_id": order.merchant_id, "store_id": order.store_id, "order_id": order.order_id}
    await tx.execute(ADD_PARTS, place | {"refund_id": refund_id, "parts": msgspec.json.encode(rows).decode()})


async def returned(tx: ReadTx, store_id: UUID, payment_id: UUID, *, failed: bool = False) -> list[ReturnedPart]:
    """The parts of a payment that went back or are on their way; with `failed` also those that did not arrive."""
    return await tx.rows(RETURNED, {"store_id": store_id, "payment_id": payment_id, "failed": failed}, ReturnedPart)
