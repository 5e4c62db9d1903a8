"""Every SQL statement about the catalogue: the menu as one document, what is sold out, and writing a catalogue."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from bottega.domains.catalog.model import ItemKind, Menu, Slot
from bottega.infra.db import Connection, ReadTx
from bottega.infra.transaction import Tx

READ_MENU: LiteralString = """
select json_build_object(
  'store_id', s.store_id, 'version', s.menu_version,
  'categories', (select coalesce(json_agg(json_build_object('category_id', c.category_id, 'name', c.name)
                                          order by c.position, c.name), '[]')
    from categories c where c.merchant_id = s.merchant_id and exists (
      select from offers o join products p on p.merchant_id = o.merchant_id and p.product_id = o.product_id
      where o.store_id = s.store_id and p.category_id = c.category_id and p.archived_at is null)),
  'products', (select coalesce(json_agg(json_build_object(
      'product_id', p.product_id, 'category_id', p.category_id, 'name', coalesce(o.name, p.name),
      'description', coalesce(o.description, p.description), 'image', p.image, 'tags', p.tags,
      'tax_category', p.tax_category, 'sold_from', to_char(o.sold_from, 'HH24:MI'), 'sold_to', to_char(o.sold_to, 'HH24:MI'),
      'sold_out', coalesce(a.sold_out, false), 'until_at', a.until_at, 'left_count', a.left_count,
      'variants', (select json_agg(json_build_object('variant_id', v.variant_id, 'name', v.name, 'price', vp.price_minor,
                                                     'is_default', v.is_default) order by v.position)
        from variants v join variant_prices vp on vp.store_id = o.store_id and vp.variant_id = v.variant_id
        where v.merchant_id = p.merchant_id and v.product_id = p.product_id),
      'group_ids', (select coalesce(json_agg(g.group_id order by g.position), '[]') from product_groups g
        where g.merchant_id = p.merchant_id and g.product_id = p.product_id)) order by p.position, p.name), '[]')
    from offers o
    join products p on p.merchant_id = o.merchant_id and p.product_id = o.product_id and p.archived_at is null
    left join availability a on a.store_id = o.store_id and a.item_id = p.product_id
    where o.store_id = s.store_id and exists (
      select from variants v join variant_prices vp on vp.store_id = o.store_id and vp.variant_id = v.variant_id
      where v.merchant_id = p.merchant_id and v.product_id = p.product_id)),
  'groups', (select coalesce(json_agg(json_build_object(
      'group_id', g.group_id, 'name', g.name, 'kind', g.kind, 'min_count', g.min_count, 'max_count', g.max_count,
      'modifiers', (select coalesce(json_agg(json_build_object(
          'modifier_id', m.modifier_id, 'name', coalesce(mp.name, m.name), 'price_delta', mp.delta_minor,
          'is_default', m.is_default, 'sold_out', coalesce(a.sold_out, false), 'until_at', a.until_at,
          'left_count', a.left_count) order by m.position), '[]')
        from modifiers m join modifier_prices mp on mp.store_id = s.store_id and mp.modifier_id = m.modifier_id
        left join availability a on a.store_id = s.store_id and a.item_id = m.modifier_id
        where m.merchant_id = g.merchant_id and m.group_id = g.group_id))), '[]')
    from modifier_groups g where g.merchant_id = s.merchant_id)
)::text as menu
from stores s where s.merchant_id = %(merchant_id)s and s.store_id = %(store_id)s
"""
READ_VERSION: LiteralString = """
select menu_version from stores where merchant_id = %(merchant_id)s and store_id = %(store_id)s
"""
BUMP_VERSION: LiteralString = """
update stores set menu_version = menu_version + 1
where merchant_id = %(merchant_id)s and store_id = %(store_id)s returning menu_version
"""
ON_MENU: LiteralString = """
select exists (
  select from offers where store_id = %(store_id)s and product_id = %(item_id)s and %(kind)s = 'PRODUCT'
  union all
  select from modifier_prices where store_id = %(store_id)s and modifier_id = %(item_id)s and %(kind)s = 'MODIFIER')
"""
WRITE_AVAILABILITY: LiteralString = """
insert into availability (merchant_id, store_id, item_id, item_kind, sold_out, until_at, left_count, set_by, set_at)
values (%(merchant_id)s, %(store_id)s, %(item_id)s, %(kind)s, %(sold_out)s, %(until_at)s, %(left_count)s, %(set_by)s,
  %(set_at)s)
on conflict (store_id, item_id) do update set sold_out = excluded.sold_out, until_at = excluded.until_at,
  left_count = excluded.left_count, set_by = excluded.set_by, set_at = excluded.set_at
"""
LOCK_LEFT: LiteralString = """
select a.merchant_id, a.store_id, a.item_id, a.item_kind, a.left_count
from availability a join json_to_recordset(%s::json) as w (store_id uuid, item_id uuid)
  on a.store_id = w.store_id and a.item_id = w.item_id
where a.left_count is not null and not a.sold_out
order by a.store_id, a.item_id for update of a
"""
TAKE_LEFT: LiteralString = """
update availability a set left_count = a.left_count - t.count
from json_to_recordset(%s::json) as t (store_id uuid, item_id uuid, count int)
where a.store_id = t.store_id and a.item_id = t.item_id
"""
BUMP_MANY: LiteralString = """
update stores s set menu_version = s.menu_version + 1
where s.store_id in (select (json_array_elements_text(%s::json))::uuid)
returning s.store_id, s.menu_version
"""
WRITE_CATALOGUE: LiteralString = """
with input as (select %(document)s::json as d),
c as (insert into categories (merchant_id, category_id, name, position)
  select %(merchant_id)s, r.id, r.name, r.position from input,
    json_to_recordset(d->'categories') as r (id uuid, name text, position int)),
g as (insert into modifier_groups (merchant_id, group_id, name, kind, min_count, max_count)
  select %(merchant_id)s, r.id, r.name, r.kind, r.min_count, r.max_count from input,
    json_to_recordset(d->'groups') as r (id uuid, name text, kind text, min_count int, max_count int)),
m as (insert into modifiers (merchant_id, modifier_id, group_id, name, is_default, position)
  select %(merchant_id)s, r.id, r.group_id, r.name, r.is_default, r.position from input,
    json_to_recordset(d->'modifiers') as r (id uuid, group_id uuid, name text, is_default bool, position int)),
p as (insert into products (merchant_id, product_id, category_id, name, description, image, tags, tax_category, position)
  select %(merchant_id)s, r.id, r.category_id, r.name, r.description, r.image,
    array(select json_array_elements_text(r.tags)), r.tax_category, r.position from input,
    json_to_recordset(d->'products') as r (id uuid, category_id uuid, name text, description text, image text, tags json,
      tax_category text, position int)),
v as (insert into variants (merchant_id, variant_id, product_id, name, sku, is_default, position)
  select %(merchant_id)s, r.id, r.product_id, r.name, r.sku, r.is_default, r.position from input,
    json_to_recordset(d->'variants') as r (id uuid, product_id uuid, name text, sku text, is_default bool, position int))
insert into product_groups (merchant_id, product_id, group_id, position)
select %(merchant_id)s, r.product_id, r.group_id, r.position from input,
  json_to_recordset(d->'product_groups') as r (product_id uuid, group_id uuid, position int)
"""
WRITE_OFFER: LiteralString = """
with input as (select %(document)s::json as d),
o as (insert into offers (merchant_id, store_id, product_id, name, sold_from, sold_to)
  select %(merchant_id)s, %(store_id)s, r.product_id, r.name, r.sold_from, r.sold_to from input,
    json_to_recordset(d->'offers') as r (product_id uuid, name text, sold_from time, sold_to time)),
v as (insert into variant_prices (merchant_id, store_id, variant_id, price_minor)
  select %(merchant_id)s, %(store_id)s, r.variant_id, r.price from input,
    json_to_recordset(d->'prices') as r (variant_id uuid, price bigint))
insert into modifier_prices (merchant_id, store_id, modifier_id, name, delta_minor)
select %(merchant_id)s, %(store_id)s, r.modifier_id, r.name, r.delta from input,
  json_to_recordset(d->'deltas') as r (modifier_id uuid, name text, delta bigint)
"""


async def read_menu(tx: ReadTx, store_id: UUID) -> Menu | None:
    """The whole menu of a store at its present version."""
    text = await tx.value(READ_MENU, _place(tx, store_id))
    return None if text is None else msgspec.json.decode(text, type=Menu)


async def menu_version(tx: ReadTx, store_id: UUID) -> int | None:
    """The present version of a store's menu."""
    return await tx.value(READ_VERSION, _place(tx, store_id))


async def bump_version(tx: Tx, store_id: UUID) -> int | None:
    """Raise the menu's version, which makes every copy out of date; None if there is no such store."""
    return await tx.value(BUMP_VERSION, _place(tx, store_id))


async def on_menu(tx: Tx, store_id: UUID, item_id: UUID, kind: ItemKind) -> bool:
    """Whether the store sells the product or modifier at all."""
    return bool(await tx.value(ON_MENU, {"store_id": store_id, "item_id": item_id, "kind": kind}))


async def write_availability(
    tx: Tx, store_id: UUID, item: tuple[UUID, ItemKind], sold_out: bool, until_at: datetime | None, left: int | None
) -> None:
    """Write down what staff say about one item."""
    item_id, kind = item
    values: dict[str, Any] = {
        "item_id": item_id,
        "kind": kind,
        "sold_out": sold_out,
        "until_at": until_at,
        "left_count": left,
        "set_by": tx.subject.subject_id,
        "set_at": tx.now,
    }
    await tx.execute(WRITE_AVAILABILITY, _place(tx, store_id) | values)


class Counted(msgspec.Struct, frozen=True):
    """An item of which only so many are left."""

    merchant_id: UUID
    store_id: UUID
    item_id: UUID
    item_kind: ItemKind
    left_count: int


async def lock_left(connection: Connection, slots: Iterable[Slot]) -> list[Counted]:
    """The counted ones among some items, locked in key order to the end of the transaction."""
    wanted = [{"store_id": store_id, "item_id": item_id} for store_id, item_id in sorted(set(slots))]
    cursor = await connection.execute(LOCK_LEFT, [msgspec.json.encode(wanted).decode()])
    return [Counted(row[0], row[1], row[2], ItemKind(row[3]), row[4]) for row in await cursor.fetchall()]


async def take_left(connection: Connection, taken: Mapping[Slot, int]) -> None:
    """Count items down; they must be locked."""
    rows = [{"store_id": store_id, "item_id": item_id, "count": count} for (store_id, item_id), count in taken.items()]
    await connection.execute(TAKE_LEFT, [msgspec.json.encode(rows).decode()])


async def bump_many(connection: Connection, store_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Raise the menu versions of some stores; the new ones."""
    wanted = sorted(str(store_id) for store_id in set(store_ids))
    cursor = await connection.execute(BUMP_MANY, [msgspec.json.encode(wanted).decode()])
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def write_catalogue(tx: Tx, document: dict[str, Any]) -> None:
    """Write a merchant's whole catalogue from rows prepared by the action."""
    await tx.execute(
        WRITE_CATALOGUE, {"merchant_id": tx.merchant_id, "document": msgspec.json.encode(document).decode()}
    )


async def write_offer(tx: Tx, store_id: UUID, document: dict[str, Any]) -> None:
    """Write what one store sells of it and for how much."""
    await tx.execute(WRITE_OFFER, _place(tx, store_id) | {"document": msgspec.json.encode(document).decode()})


def _place(tx: ReadTx, store_id: UUID) -> dict[str, Any]:
    return {"merchant_id": tx.merchant_id, "store_id": store_id}
