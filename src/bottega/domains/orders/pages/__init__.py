"""The pages of orders: checking out (`checkout`), following, paying and cancelling one (`following`); for managers the
list, one order (`managing`) and giving money back (`refunding`).
"""

from bottega.domains.orders.pages import checkout, following, managing, refunding

HANDLERS = [*checkout.HANDLERS, *following.HANDLERS, *managing.HANDLERS, *refunding.HANDLERS]
