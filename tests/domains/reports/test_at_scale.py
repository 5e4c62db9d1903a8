"""The reports with many orders: quick, by their indexes, and the same answers as adding up without any.

15,000 orders in the suite; `make races` takes 1,000,000.
"""

import asyncio
import time
from collections.abc import Awaitable
from typing import TypeVar

import psycopg
import pytest
from psycopg import sql

from bottega.domains import merchants
from bottega.domains.merchants import Store
from bottega.domains.reports import Month, never_spent, top_spenders
from bottega.domains.reports.store import TOP
from bottega.entrypoints.seed import SeedResult
from bottega.infra.db import ReadTx
from tests.conftest import opened
from tests.simulators.long import times

ORDERS = times(15_000, 1_000_000)
MONTH = Month(2026, 6)
T = TypeVar("T")
# A year of orders over all stores, two thirds of them of registered customers, every twentieth given back. Foreign keys
# are not checked while filling, as when a backup is loaded.
FILL = """
set session_replication_role = replica;
insert into users (merchant_id, user_id, kind, name, login_index, login_sealed, password_hash)
  select merchant_id, md5('c' || n)::uuid, 'CUSTOMER', 'Customer ' || n, decode(md5('c' || n), 'hex'), '', ''
  from merchants, generate_series(0, {total} / 10) as n;
create temp table past as
  select s.merchant_id, s.store_id, s.currency, n,
    timestamptz '2027-01-01' - make_interval(secs => 31536000.0 * n / {total}) as at,
    md5('o' || n)::uuid as order_id, md5('p' || n)::uuid as payment_id, 200 + n * 31 % 4000 as amount,
    case when n % 3 = 0 then md5('g' || n)::uuid else md5('c' || (n * 7919::bigint % ({total} / 11)))::uuid end as subject
  from generate_series(1, {total}) as n
  join (select merchant_id, store_id, currency, row_number() over () - 1 as place, count(*) over () as stores from stores) s
    on s.place = n % s.stores;
insert into orders (merchant_id, store_id, order_id, number, business_date, status, seq, fulfillment_type, pay_mode, currency,
    subtotal_minor, discount_minor, tax_minor, tax_included, total_minor, menu_version, payment_id, placed_by, contact_name,
    idempotency_key, fingerprint, promised_at, created_at, updated_at)
  select merchant_id, store_id, order_id, n, at::date, 'COMPLETED', 4, 'PICKUP', 'AT_STORE', currency, amount, 0, 0, true,
    amount, 2, payment_id, subject, 'Giulia', n::text, '', at, at, at from past;
insert into payments (merchant_id, store_id, payment_id, reference, provider, status, amount_minor, captured_minor,
    refunded_minor, currency, tender, receipt_ref, created_at, updated_at)
  select merchant_id, store_id, payment_id, order_id, 'TILL', 'CAPTURED', amount, amount,
    case when n % 20 = 0 then amount else 0 end, currency, 'CARD', n::text, at, at from past;
insert into payment_entries (merchant_id, store_id, payment_id, entry_no, kind, amount_minor, provider_ref, actor_kind, at)
  select merchant_id, store_id, payment_id, 1, 'CAPTURED', amount, n::text, 'STAFF', at from past;
insert into payment_entries (merchant_id, store_id, payment_id, entry_no, kind, amount_minor, provider_ref, actor_kind, at)
  select merchant_id, store_id, payment_id, 2, 'REFUNDED', amount, n::text, 'STAFF', at + interval '10 min' from past
  where n % 20 = 0;
drop table past;
"""
PLAIN = """
select o.placed_by, sum(case e.kind when 'CAPTURED' then e.amount_minor else -e.amount_minor end) as spent
from payment_entries e join payments p using (store_id, payment_id) join stores s using (store_id)
join orders o on o.order_id = p.reference
where s.store_id = %s and to_char(e.at at time zone s.timezone, 'YYYY-MM') = '2026-06' group by 1
"""


@pytest.fixture(scope="module")
def filled(module_shop_url: str) -> str:
    """The demo chain after a year."""
    began = time.monotonic()
    with psycopg.connect(module_shop_url, autocommit=True) as db:
        db.execute(sql.SQL(FILL).format(total=sql.Literal(ORDERS)))
        db.execute("vacuum analyze")
    print(f"{ORDERS} orders filled in {time.monotonic() - began:.0f} s")
    return module_shop_url


async def _quickest(asked: list[Awaitable[T]]) -> tuple[T, float]:
    """The answer, and the seconds of the quickest of a few: the machine has other work too."""
    took: list[float] = []
    for each in asked:
        began = time.perf_counter()
        answer = await each
        took.append(time.perf_counter() - began)
    return answer, min(took)


async def _stores(tx: ReadTx) -> list[Store]:
    return await merchants.list_stores(tx, 0, 100)


async def test_a_month_and_a_page_are_quick_and_right(filled: str, shop_template: tuple[str, SeedResult]) -> None:
    async with opened(filled) as database, database.read(shop_template[1].merchant_id) as tx:
        places = await _stores(tx)
        one, one_took = await _quickest([top_spenders(tx, places[:1], MONTH, 3) for _ in range(3)])
        every, every_took = await _quickest([top_spenders(tx, places, MONTH, 3) for _ in range(3)])
        never, never_took = await _quickest([never_spent(tx, None, None, 25) for _ in range(3)])
    print(
        f"{ORDERS} orders: a store's month {one_took:.3f} s ({sum(each.people for each in one.totals)} people), all stores' "
        f"{every_took:.3f} s ({sum(each.people for each in every.totals)} people), a page of those who never spent "
        f"{never_took:.3f} s"
    )

    with psycopg.connect(filled) as db:
        plain = dict(db.execute(PLAIN, [places[0].store_id]).fetchall())
    best = sorted({spent for spent in plain.values() if spent > 0}, reverse=True)
    assert one.spenders[0].spent_minor == best[0]
    assert {each.subject_id: each.spent_minor for each in one.spenders} == {
        who: spent for who, spent in plain.items() if spent >= one.spenders[-1].spent_minor
    }
    assert one.totals[0].spent_minor == sum(plain.values())
    assert {each.currency for each in every.totals} == {place.currency for place in places}
    assert len(never.sleepers) == 25
    assert one_took < 2.0
    assert every_took < 6.0
    assert never_took < 0.5


def test_a_month_is_found_by_its_index(filled: str, shop_template: tuple[str, SeedResult]) -> None:
    async def explained() -> str:
        async with opened(filled) as database, database.read(shop_template[1].merchant_id) as tx:
            places = await _stores(tx)
            values = {
                "merchant_id": shop_template[1].merchant_id, "stores": [places[0].store_id], "places": 1, "most": 1,
                "from_at": "2026-06-01", "to_at": "2026-06-02",
                "spans": f'[{{"store_id": "{places[0].store_id}", "from_at": "2026-06-01", "to_at": "2026-06-02"}}]',
            }  # fmt: skip
            cursor = await tx.connection.execute(b"explain " + TOP.encode(), values)
            return "\n".join(row[0] for row in await cursor.fetchall())

    assert "payment_entries_money" in asyncio.run(explained())
