"""What people do with their cart: put something in, change how many, empty it. Only its owner can."""

from uuid import UUID

from bottega.domains.carts import rules, store
from bottega.domains.carts.model import CartItem, ChangeQuantity, PutItem
from bottega.infra.transaction import Tx


async def put_item(tx: Tx, command: PutItem) -> list[CartItem]:
    """Put an item in, or replace the one with its id; the whole cart. Raises `CartFull`."""
    items = rules.put(await store.lock_items(tx, command.store_id), command.item)
    await store.write_items(tx, command.store_id, items)
    return items


async def change_quantity(tx: Tx, command: ChangeQuantity) -> list[CartItem]:
    """Another quantity for a line, 0 to take it out; the whole cart. Raises `CartItemNotFound`."""
    before = await store.lock_items(tx, command.store_id)
    items = rules.with_quantity(before, command.item_id, command.qty)
    await store.write_items(tx, command.store_id, items)
    return items


async def clear(tx: Tx, store_id: UUID) -> None:
    """Empty the cart at a store: its order was placed."""
    await store.lock_items(tx, store_id)
    await store.write_items(tx, store_id, [])
