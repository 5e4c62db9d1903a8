"""The orders' JSON face: how orders look to clients (views), and the calls (placing, managing, checking, refunding)."""

from bottega.domains.orders.api import checking, managing, placing, refunding, shortages

HANDLERS = [
    *placing.HANDLERS,
    *managing.HANDLERS,
    *checking.HANDLERS,
    *refunding.HANDLERS,
    *shortages.HANDLERS,
]
HOT = placing.HOT
