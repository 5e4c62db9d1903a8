"""How carts say no."""

from bottega.kit.errors import DomainError, NotFound


class CartItemNotFound(NotFound):
    """That line is not in this cart (any more)."""

    code = "cart_item_not_found"
    title = "That is not in the cart"


class CartFull(DomainError):
    """As many lines as one order can hold."""

    code = "cart_full"
    title = "The cart holds as many different things as one order can"
