"""How merchants and stores say no."""

from bottega.kit.errors import DomainError, Kind, NotFound


class StoreNotFound(NotFound):
    """No such store."""

    code = "store_not_found"
    title = "There is no store under that id"


class StoreClosed(DomainError):
    """Outside its opening hours."""

    kind = Kind.REFUSED
    code = "store_closed"
    title = "The store is closed right now"


class StorePaused(DomainError):
    """Its staff paused the intake of orders."""

    kind = Kind.REFUSED
    code = "store_paused"
    title = "The store takes no orders for a moment"


class StoreOffline(DomainError):
    """It takes no online orders until its staff turn them on again."""

    kind = Kind.REFUSED
    code = "store_offline"
    title = "The store takes no online orders right now"
