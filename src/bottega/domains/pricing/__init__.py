"""Pricing: what an order costs, decided by pure functions from the menu, the store's taxes, and discounts.

Not here: prices themselves (catalog), charging (payments). Totals are integers and always add up.
"""

from bottega.domains.pricing.errors import ItemSoldOut, PromoCodeUnknown, TotalChanged
from bottega.domains.pricing.model import Discount, DiscountKind, LineRequest, Quote, QuotedLine, QuotedModifier
from bottega.domains.pricing.rules import MAX_LINES, MAX_QTY, quote, taxes_again

__all__ = [
    "MAX_LINES",
    "MAX_QTY",
    "Discount",
    "DiscountKind",
    "ItemSoldOut",
    "LineRequest",
    "PromoCodeUnknown",
    "Quote",
    "QuotedLine",
    "QuotedModifier",
    "TotalChanged",
    "quote",
    "taxes_again",
]
