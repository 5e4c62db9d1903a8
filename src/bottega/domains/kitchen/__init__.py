"""The kitchen: the queue of a store as tickets, and what the people there do with them.

Not here: the order's own status (orders), stations and routing (later). The queue is a projection of the orders' facts
plus the tickets' own moves; it can be rebuilt from the log.
"""

from bottega.domains.kitchen.events import TicketChanged, TicketOpened
from bottega.domains.kitchen.model import Ticket
from bottega.domains.kitchen.reactions import REACTIONS
from bottega.domains.kitchen.rules import ticket_view
from bottega.domains.kitchen.states import TICKET, TicketState
from bottega.domains.kitchen.store import log_position, open_tickets, queue_lengths, recent

__all__ = [
    "REACTIONS",
    "TICKET",
    "Ticket",
    "TicketChanged",
    "TicketOpened",
    "TicketState",
    "log_position",
    "open_tickets",
    "queue_lengths",
    "recent",
    "ticket_view",
]
