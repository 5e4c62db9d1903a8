"""Every SQL statement of live: the facts of one store that a listener has missed, and where the log begins and ends."""

from typing import LiteralString
from uuid import UUID

from bottega.infra.db import ReadTx
from bottega.infra.log import Entry

MISSED: LiteralString = """
select seq, id, merchant_id, store_id, aggregateid, type, version, payload::text as payload, created_at
from log where store_id = %(store_id)s and seq > %(position)s order by seq limit %(limit)s
"""
REACHES: LiteralString = "select %(position)s between floor_seq and seq from log_head"


async def missed(tx: ReadTx, store_id: UUID, position: int, limit: int) -> list[Entry]:
    """The facts of a store behind a position, in order."""
    return await tx.rows(MISSED, {"store_id": store_id, "position": position, "limit": limit}, Entry)


async def log_reaches(tx: ReadTx, position: int) -> bool:
    """Whether the log can continue from that position: it is not of the future, and what follows is still there."""
    return bool(await tx.value(REACHES, {"position": position}))
