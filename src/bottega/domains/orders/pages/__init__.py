"""The pages of one order: checking out (`checkout`), following, paying and cancelling it (`following`)."""

from bottega.domains.orders.pages import checkout, following

HANDLERS = [*checkout.HANDLERS, *following.HANDLERS]
