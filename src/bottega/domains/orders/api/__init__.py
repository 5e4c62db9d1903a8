"""The orders' JSON face: how orders look to clients (views), and the calls (placing, managing, checking payments)."""

from bottega.domains.orders.api import checking, managing, placing, shortages

HANDLERS = [*placing.HANDLERS, *managing.HANDLERS, *checking.HANDLERS, *shortages.HANDLERS]
HOT = placing.HOT
