"""How pricing says no: each broken rule of the menu has a code of its own."""

from bottega.kit.errors import DomainError, Kind


class NothingOrdered(DomainError):
    """An order without lines."""

    code = "nothing_ordered"
    title = "There is nothing in this order"


class TooManyLines(DomainError):
    """Over 50 lines, or over 20 modifiers on a line."""

    code = "too_many_lines"
    title = "That is more than one order can hold"


class QuantityOutOfRange(DomainError):
    """A quantity below 1 or above 999."""

    code = "quantity_out_of_range"
    title = "A quantity is 1 to 999"


class ItemNotOnMenu(DomainError):
    """A product, variant or modifier that this store does not sell (another store's, for instance)."""

    code = "item_not_on_menu"
    title = "This store does not sell that"


class ItemSoldOut(DomainError):
    """Sold out at this store; `errors` names every line that is short."""

    kind = Kind.CONFLICT
    code = "item_sold_out"
    title = "Something in this order is sold out"


class ItemNotServedNow(DomainError):
    """Sold only at another time of day."""

    kind = Kind.CONFLICT
    code = "item_not_served_now"
    title = "Something in this order is not served at this hour"


class ModifierRequired(DomainError):
    """A group of choices has fewer than its minimum."""

    code = "modifier_required"
    title = "A choice is missing"


class ModifierTooMany(DomainError):
    """A group of choices has more than its maximum."""

    code = "modifier_too_many"
    title = "Too many choices of one kind"


class ModifierTwice(DomainError):
    """The same modifier was named twice on a line."""

    code = "modifier_twice"
    title = "The same choice was made twice"


class PromoCodeUnknown(DomainError):
    """No such promotion code."""

    code = "promo_code_unknown"
    title = "That code is not known here"


class TotalChanged(DomainError):
    """The total differs from the one the customer agreed to; `total` in the answer is the present one."""

    kind = Kind.CONFLICT
    code = "total_changed"
    title = "The price has changed since you saw it"


class TotalTooLarge(DomainError):
    """The total is beyond what can be charged."""

    code = "total_too_large"
    title = "That is more than one order can cost"
