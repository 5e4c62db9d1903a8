"""What the judge looks at, gathered at the end: our database by its owner, the provider's ledger by its own hand.

Every statement of torture that asks about the business is here.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, LiteralString, TypeVar

import httpx
import msgspec
import psycopg
from psycopg.rows import dict_row

from bottega.kit import ids

T = TypeVar("T")

UNSETTLED: LiteralString = """
select (select count(*) from orders where status = any(%(open)s)) as "orders not at their end",
  (select count(*) from payments where status in ('REQUIRES_PAYMENT', 'REQUIRES_ACTION', 'PROCESSING', 'AUTHORIZED'))
    as "payments under way",
  (select count(*) from payment_attempts where state = 'INTENDED') as "attempts without an outcome",
  (select count(*) from refunds where status = 'PENDING' or (status = 'FAILED' and retry_at is not null))
    as "refunds pending",
  (select count(*) from provider_events where state = 'RECEIVED') as "events not applied",
  (select count(*) from outbox) as "facts not in the log",
  (select count(*) from consumers, log_head where position < seq) as "consumers behind"
"""
OUR_PAYMENTS: LiteralString = """
select p.provider_ref, p.payment_id, p.reference as order_id, upper(p.currency) as currency, p.status, p.amount_minor,
  p.captured_minor, p.refunded_minor, o.status as order_status, o.payment_id = p.payment_id as present
from payments p left join orders o on o.store_id = p.store_id and o.order_id = p.reference
where p.provider <> 'TILL'
"""
OUR_ORDERS: LiteralString = "select order_id, status, total_minor, idempotency_key from orders"
OUR_REFUNDS: LiteralString = "select refund_id, amount_minor, status from refunds"
TICKET_FACTS: LiteralString = """
select store_id, seq from log where type like 'ticket.%' order by seq
"""


class OurPayment(msgspec.Struct, frozen=True):
    """A payment with a provider, and how its order stands. `present`: it is the order's payment, not an earlier one."""

    provider_ref: str | None
    payment_id: Any
    order_id: Any
    currency: str
    status: str
    amount_minor: int
    captured_minor: int
    refunded_minor: int
    order_status: str | None
    present: bool | None


class OurOrder(msgspec.Struct, frozen=True):
    """An order as it stands; ids in their outside form."""

    status: str
    total_minor: int
    key: str


class Theirs(msgspec.Struct, frozen=True):
    """A row of the provider's ledger: one intent that moved money, in minor units."""

    payment_intent: str
    currency: str
    captured: int
    refunded: int
    disputed: int
    held: int
    charges: int


class Books(msgspec.Struct, frozen=True):
    """Both sides."""

    payments: Sequence[OurPayment]
    orders: dict[str, OurOrder]
    refunds: dict[str, int]
    theirs: Sequence[Theirs]
    ticket_facts: dict[str, list[int]]


async def unsettled(url: str, open_statuses: Sequence[str]) -> dict[str, int]:
    """What is still under way, by words; empty when all is at its end. Raises `psycopg.Error` while the database is away."""
    connecting = psycopg.AsyncConnection[dict[str, Any]].connect(
        url, autocommit=True, connect_timeout=5, row_factory=dict_row
    )
    async with await connecting as connection:
        row = await (await connection.execute(UNSETTLED, {"open": list(open_statuses)})).fetchone()
    assert row is not None
    return {name: count for name, count in row.items() if count}


async def gather(database_url: str, provider_url: str) -> Books:
    """Read both sides. Nothing may be moving any more."""
    theirs = await _ledger(provider_url)
    connecting = psycopg.AsyncConnection[dict[str, Any]].connect(database_url, autocommit=True, row_factory=dict_row)
    async with await connecting as connection:
        payments = msgspec.convert(await (await connection.execute(OUR_PAYMENTS)).fetchall(), list[OurPayment])
        orders = await (await connection.execute(OUR_ORDERS)).fetchall()
        refunds = await (await connection.execute(OUR_REFUNDS)).fetchall()
        facts = await (await connection.execute(TICKET_FACTS)).fetchall()
    told: dict[str, list[int]] = {}
    for each in facts:
        told.setdefault(ids.show("sto", each["store_id"]), []).append(each["seq"])
    return Books(
        payments=payments,
        orders={
            ids.show("ord", each["order_id"]): OurOrder(each["status"], each["total_minor"], each["idempotency_key"])
            for each in orders
        },
        refunds={ids.show("ref", each["refund_id"]): each["amount_minor"] for each in refunds},
        theirs=theirs,
        ticket_facts=told,
    )


async def _ledger(provider_url: str) -> list[Theirs]:
    found: list[Theirs] = []
    async with httpx.AsyncClient(base_url=provider_url, timeout=30, trust_env=False) as http:
        after: str | None = ""
        while after is not None:
            answer = await http.get("/_sandbox/reconciliation", params={"after": after, "limit": 5000})
            page = answer.raise_for_status().json()
            found += msgspec.convert(page["payments"], list[Theirs])
            after = page["next_after"]
            await asyncio.sleep(0)
    return found
