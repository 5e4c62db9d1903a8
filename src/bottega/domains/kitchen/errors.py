"""How the kitchen says no."""

from bottega.kit.errors import DomainError, Kind, NotFound


class TicketNotFound(NotFound):
    """No such ticket, or not your store's."""

    code = "ticket_not_found"
    title = "There is no ticket under that id"


class TicketMoved(DomainError):
    """Somebody was faster; `ticket` in the answer is how it stands now."""

    kind = Kind.CONFLICT
    code = "ticket_moved"
    title = "Somebody has moved this ticket already"
