"""The orders' JSON face: how orders look to clients (views), and the calls (placing, managing, refunding)."""

from bottega.domains.orders.api import managing, placing, refunding

HANDLERS = [*placing.HANDLERS, *managing.HANDLERS, *refunding.HANDLERS]
HOT = placing.HOT
