"""The orders' JSON face: how orders look to clients (views), and the calls (placing, managing, checking payments)."""

from bottega.domains.orders.api import checking, managing, placing

HANDLERS = [*placing.HANDLERS, *managing.HANDLERS, *checking.HANDLERS]
HOT = placing.HOT
