"""Every SQL statement about lines that are out.

Whoever writes here holds the order's row (`store.lock`); `decide` is a compare-and-set on top of it, so what came of a
shortage is decided once even by somebody who does not.
"""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from bottega.domains.orders.model import Order, Shortage
from bottega.domains.orders.states import ShortageState
from bottega.infra.db import ReadTx
from bottega.infra.transaction import Tx

INSERT: LiteralString = """
insert into order_shortages (merchant_id, store_id, shortage_id, order_id, line_id, state, line, substitutes, missing, reason,
  reported_by, created_at, due_at, before_minor)
values (%(merchant_id)s, %(store_id)s, %(shortage_id)s, %(order_id)s, %(line_id)s, 'OFFERED', %(line)s::jsonb,
  %(substitutes)s::jsonb, %(missing)s, %(reason)s, %(reported_by)s, %(created_at)s, %(due_at)s, %(before_minor)s)
"""
OF_ORDER: LiteralString = """
select merchant_id, store_id, shortage_id, order_id, line_id, state, line, substitutes, missing, reason, reported_by,
  created_at, due_at, before_minor, chosen, new_line_id, decided_kind, decided_by, decided_at, after_minor, refund_id,
  refund_minor
from order_shortages where store_id = %(store_id)s and order_id = %(order_id)s order by created_at, shortage_id
"""
OPEN: LiteralString = """
select line_id, due_at from order_shortages
where store_id = %(store_id)s and order_id = %(order_id)s and state = 'OFFERED' order by due_at
"""
DECIDE: LiteralString = """
update order_shortages set state = %(state)s, chosen = %(chosen)s, new_line_id = %(new_line_id)s,
  decided_kind = %(kind)s, decided_by = %(by)s, decided_at = %(now)s, before_minor = %(before_minor)s,
  after_minor = %(after_minor)s, refund_id = %(refund_id)s, refund_minor = %(refund_minor)s
where store_id = %(store_id)s and shortage_id = %(shortage_id)s and state = 'OFFERED'
"""
CLOSE: LiteralString = """
update order_shortages set state = 'CANCELLED', decided_kind = %(kind)s, decided_by = %(by)s, decided_at = %(now)s
where store_id = %(store_id)s and order_id = %(order_id)s and state = 'OFFERED'
"""
DUE: LiteralString = """
select merchant_id, store_id, order_id, shortage_id from order_shortages
where state = 'OFFERED' and due_at <= now() order by due_at limit 100
"""


class Waiting(msgspec.Struct, frozen=True):
    """A line that waits for its customer to choose, at most until `due_at`."""

    line_id: UUID
    due_at: datetime


class DueShortage(msgspec.Struct, frozen=True):
    """A shortage whose time to choose is over."""

    merchant_id: UUID
    store_id: UUID
    order_id: UUID
    shortage_id: UUID


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a shortage; amounts in minor units."""

    state: ShortageState
    before_minor: int
    after_minor: int
    chosen: int | None = None
    new_line_id: UUID | None = None
    refund_id: UUID | None = None
    refund_minor: int = 0


async def insert(tx: Tx, shortage: Shortage) -> None:
    """Write a new shortage."""
    values: dict[str, Any] = {name: getattr(shortage, name) for name in shortage.__struct_fields__}
    values["line"] = msgspec.json.encode(shortage.line).decode()
    values["substitutes"] = msgspec.json.encode(shortage.substitutes).decode()
    await tx.execute(INSERT, values)


async def of_order(tx: ReadTx, store_id: UUID, order_id: UUID) -> list[Shortage]:
    """Everything of an order that was out, in the order in which it was reported."""
    return await tx.rows(OF_ORDER, {"store_id": store_id, "order_id": order_id}, Shortage)


async def waiting(tx: ReadTx, store_id: UUID, order_id: UUID) -> list[Waiting]:
    """The lines of an order that wait for their customer, the most urgent first."""
    return await tx.rows(OPEN, {"store_id": store_id, "order_id": order_id}, Waiting)


async def decide(tx: Tx, shortage: Shortage, outcome: Outcome) -> bool:
    """Compare and set what came of a shortage; False when that is decided already."""
    values: dict[str, Any] = {name: getattr(outcome, name) for name in outcome.__struct_fields__}
    values |= {"store_id": shortage.store_id, "shortage_id": shortage.shortage_id} | _decided(tx)
    return await tx.execute(DECIDE, values) == 1


async def close(tx: Tx, order: Order) -> None:
    """The order is cancelled: nobody has to choose any more."""
    await tx.execute(CLOSE, {"store_id": order.store_id, "order_id": order.order_id} | _decided(tx))


async def due(tx: ReadTx) -> list[DueShortage]:
    """Shortages of all stores whose time to choose is over (as the relay)."""
    return await tx.rows(DUE, {}, DueShortage)


def _decided(tx: Tx) -> dict[str, Any]:
    return {"kind": tx.subject.kind, "by": tx.subject.subject_id, "now": tx.now}
