"""Every SQL statement about carts."""

from typing import Any, LiteralString
from uuid import UUID

import msgspec

from bottega.domains.carts.model import CartItem
from bottega.infra.db import ReadTx
from bottega.infra.transaction import Tx
from bottega.kit import ids

OPEN: LiteralString = """
insert into carts (merchant_id, store_id, cart_id, subject_id)
values (%(merchant_id)s, %(store_id)s, %(cart_id)s, %(subject_id)s)
on conflict (store_id, subject_id) do nothing
"""
LOCK: LiteralString = """
select items::text from carts where store_id = %(store_id)s and subject_id = %(subject_id)s for update
"""
READ: LiteralString = """
select items::text from carts where store_id = %(store_id)s and subject_id = %(subject_id)s
"""
WRITE: LiteralString = """
update carts set items = %(items)s::jsonb, updated_at = %(now)s
where store_id = %(store_id)s and subject_id = %(subject_id)s
"""


async def read_items(tx: ReadTx, store_id: UUID, subject_id: UUID) -> list[CartItem]:
    """What somebody's cart at a store holds; nothing if there is no cart."""
    text = await tx.value(READ, {"store_id": store_id, "subject_id": subject_id})
    return [] if text is None else msgspec.json.decode(text, type=list[CartItem])


async def lock_items(tx: Tx, store_id: UUID) -> list[CartItem]:
    """The subject's cart at a store, made if there is none, held until the end of this transaction."""
    values = _whose(tx, store_id) | {"merchant_id": tx.merchant_id, "cart_id": tx.new_id(ids.home_of(store_id))}
    await tx.execute(OPEN, values)
    return msgspec.json.decode(await tx.value(LOCK, _whose(tx, store_id)), type=list[CartItem])


async def write_items(tx: Tx, store_id: UUID, items: list[CartItem]) -> None:
    """Put this into the subject's cart at a store."""
    document = msgspec.json.encode(items).decode()
    await tx.execute(WRITE, _whose(tx, store_id) | {"items": document, "now": tx.now})


def _whose(tx: Tx, store_id: UUID) -> dict[str, Any]:
    return {"store_id": store_id, "subject_id": tx.subject.subject_id}
