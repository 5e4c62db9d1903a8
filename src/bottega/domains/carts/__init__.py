"""Carts: what somebody has picked at one store and not ordered yet. One cart for each person and store.

Not here: prices (pricing; a cart is priced again each time it is looked at), orders. A cart holds nothing back from
others, and forgets nothing by itself: a line that can't be had any more stays until its owner decides.
"""

from bottega.domains.carts.actions import change_quantity, clear, put_item
from bottega.domains.carts.errors import CartFull, CartItemNotFound
from bottega.domains.carts.model import CartItem, ChangeQuantity, PricedCart, PricedLine, PutItem
from bottega.domains.carts.rules import chosen_item, priced, requests
from bottega.domains.carts.store import read_items

__all__ = [
    "CartFull",
    "CartItem",
    "CartItemNotFound",
    "ChangeQuantity",
    "PricedCart",
    "PricedLine",
    "PutItem",
    "change_quantity",
    "chosen_item",
    "clear",
    "priced",
    "put_item",
    "read_items",
    "requests",
]
