"""Every SQL statement about merchants and stores."""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from bottega.domains.merchants.model import CaptureMode, Home, Intake, Merchant, OpenStore, Store
from bottega.infra.db import ReadTx
from bottega.infra.transaction import Tx

NEXT_NUMBER: LiteralString = "select nextval('home_numbers')::integer"
INSERT_HOME: LiteralString = """
insert into homes (number, merchant_id, store_id, slug)
values (%(number)s, %(merchant_id)s, %(store_id)s, %(slug)s)
"""
INSERT_MERCHANT: LiteralString = """
insert into merchants (merchant_id, number, name) values (%(merchant_id)s, %(number)s, %(name)s)
"""
INSERT_STORE: LiteralString = """
insert into stores (merchant_id, store_id, number, slug, name, address, phone, timezone, currency, locale, tax_mode,
  tax_rounding, tax_per, order_prefix, order_modes, pay_modes, hours, prep_minutes, capture_mode)
values (%(merchant_id)s, %(store_id)s, %(number)s, %(slug)s, %(name)s, %(address)s::jsonb, %(phone)s, %(timezone)s,
  %(currency)s, %(locale)s, %(tax_mode)s, %(tax_rounding)s, %(tax_per)s, %(order_prefix)s, %(order_modes)s,
  %(pay_modes)s, %(hours)s::jsonb, %(prep_minutes)s, %(capture_mode)s)
"""
INSERT_TAX_RATES: LiteralString = """
insert into tax_rates (merchant_id, store_id, tax_category, fulfillment_type, name, rate_ppm)
select %(merchant_id)s, %(store_id)s, r.tax_category, r.fulfillment_type, r.name, r.rate_ppm
from json_to_recordset(%(rates)s::json) as r (tax_category text, fulfillment_type text, name text, rate_ppm integer)
"""
READ_HOME: LiteralString = "select number, merchant_id, store_id, slug from homes where number = %(number)s"
READ_SLUG: LiteralString = "select number, merchant_id, store_id, slug from homes where slug = %(slug)s"
READ_MERCHANT_HOMES: LiteralString = """
select number, merchant_id, store_id, slug from homes where store_id is null order by number limit 2
"""
READ_MERCHANT: LiteralString = "select merchant_id, number, name from merchants where merchant_id = %(merchant_id)s"
READ_STORES: LiteralString = """
select s.merchant_id, s.store_id, s.number, s.slug, s.name, s.address, s.phone, s.timezone, s.currency, s.locale,
  s.tax_mode, s.tax_rounding, s.tax_per, s.order_prefix, s.order_modes, s.pay_modes, s.hours, s.intake, s.paused_until,
  s.prep_minutes, s.warn_seconds, s.late_seconds, s.unpaid_minutes, s.answer_seconds, s.menu_version, s.capture_mode,
  coalesce((select json_agg(r) from (select tax_category, fulfillment_type, name, rate_ppm from tax_rates t
            where t.store_id = s.store_id order by 1, 2) as r), '[]') as tax_rates
from stores s
where (%(store_id)s::uuid is null or s.store_id = %(store_id)s) and s.number > %(after)s
order by s.number limit %(limit)s
"""
UPDATE_INTAKE: LiteralString = """
update stores set intake = coalesce(%(intake)s, intake),
  paused_until = case when %(intake)s::text is null then paused_until else %(paused_until)s::timestamptz end,
  prep_minutes = coalesce(%(prep_minutes)s, prep_minutes), menu_version = menu_version + 1
where merchant_id = %(merchant_id)s and store_id = %(store_id)s returning menu_version
"""
SET_CAPTURE: LiteralString = """
update stores set capture_mode = %(capture_mode)s where merchant_id = %(merchant_id)s and store_id = %(store_id)s
"""
SET_DEADLINES: LiteralString = """
update stores set unpaid_minutes = coalesce(%(unpaid_minutes)s, unpaid_minutes),
  answer_seconds = coalesce(%(answer_seconds)s, answer_seconds)
where merchant_id = %(merchant_id)s and store_id = %(store_id)s
"""


async def next_number(tx: Tx) -> int:
    """A home number nobody has."""
    return int(await tx.value(NEXT_NUMBER, {}))


async def insert_merchant(tx: Tx, merchant: Merchant) -> None:
    """Write a merchant and its home."""
    await tx.execute(INSERT_HOME, {**_home(merchant.number, merchant.merchant_id), "store_id": None, "slug": None})
    await tx.execute(INSERT_MERCHANT, msgspec.to_builtins(merchant, builtin_types=(UUID,)))


async def insert_store(tx: Tx, store_id: UUID, number: int, command: OpenStore) -> None:
    """Write a store, its home and its taxes."""
    await tx.execute(INSERT_HOME, {**_home(number, tx.merchant_id), "store_id": store_id, "slug": command.slug})
    values: dict[str, Any] = msgspec.to_builtins(command)
    identity = {"merchant_id": tx.merchant_id, "store_id": store_id}
    await tx.execute(
        INSERT_STORE,
        values
        | identity
        | {
            "number": number,
            "address": msgspec.json.encode(command.address).decode(),
            "hours": msgspec.json.encode(command.hours).decode(),
            "order_modes": list(command.order_modes),
            "pay_modes": list(command.pay_modes),
        },
    )
    await tx.execute(INSERT_TAX_RATES, identity | {"rates": msgspec.json.encode(command.tax_rates).decode()})


async def find_home(tx: ReadTx, number: int) -> Home | None:
    """Whose a home number is."""
    return await tx.row(READ_HOME, {"number": number}, Home)


async def find_slug(tx: ReadTx, slug: str) -> Home | None:
    """Whose a store's short name is."""
    return await tx.row(READ_SLUG, {"slug": slug}, Home)


async def merchant_homes(tx: ReadTx) -> list[Home]:
    """The first two merchants of the installation: one means that it needs no choosing."""
    return await tx.rows(READ_MERCHANT_HOMES, {}, Home)


async def find_merchant(tx: ReadTx, merchant_id: UUID) -> Merchant | None:
    """One merchant."""
    return await tx.row(READ_MERCHANT, {"merchant_id": merchant_id}, Merchant)


async def find_store(tx: ReadTx, store_id: UUID) -> Store | None:
    """One store with its taxes."""
    return await tx.row(READ_STORES, {"store_id": store_id, "after": 0, "limit": 1}, Store)


async def list_stores(tx: ReadTx, after: int, limit: int) -> list[Store]:
    """The merchant's stores behind a number, in order."""
    return await tx.rows(READ_STORES, {"store_id": None, "after": after, "limit": limit}, Store)


async def update_intake(
    tx: Tx, store_id: UUID, intake: Intake | None, paused_until: datetime | None, prep_minutes: int | None
) -> int | None:
    """Change what staff decide about the intake; the new menu version, or None if there is no such store."""
    values = {
        "merchant_id": tx.merchant_id,
        "store_id": store_id,
        "intake": intake,
        "paused_until": paused_until,
        "prep_minutes": prep_minutes,
    }
    return await tx.value(UPDATE_INTAKE, values)


async def set_capture(tx: Tx, store_id: UUID, mode: CaptureMode) -> bool:
    """Decide when online payments are taken; False if there is no such store."""
    values = {"merchant_id": tx.merchant_id, "store_id": store_id, "capture_mode": mode}
    return await tx.execute(SET_CAPTURE, values) == 1


async def set_deadlines(tx: Tx, store_id: UUID, unpaid_minutes: int | None, answer_seconds: int | None) -> bool:
    """Change how long a store waits for payment and for answers; False if there is no such store."""
    values = {
        "merchant_id": tx.merchant_id,
        "store_id": store_id,
        "unpaid_minutes": unpaid_minutes,
        "answer_seconds": answer_seconds,
    }
    return await tx.execute(SET_DEADLINES, values) == 1


def _home(number: int, merchant_id: UUID) -> dict[str, Any]:
    return {"number": number, "merchant_id": merchant_id}
