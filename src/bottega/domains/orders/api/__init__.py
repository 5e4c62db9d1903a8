"""The orders' JSON face: how orders look to clients (views), and the calls (placing, managing)."""

from bottega.domains.orders.api import managing, placing, shortages

HANDLERS = [*placing.HANDLERS, *managing.HANDLERS, *shortages.HANDLERS]
HOT = placing.HOT
