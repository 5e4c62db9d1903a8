"""The facts that the kitchen tells. Each carries the whole ticket, so a screen needs nothing else."""

from typing import ClassVar
from uuid import UUID

from bottega.domains.kitchen.model import Ticket
from bottega.kit.fact import Fact


class _AboutTicket(Fact, frozen=True):
    aggregate: ClassVar[str] = "ticket"

    ticket: Ticket

    @property
    def subject_id(self) -> UUID:
        """The ticket."""
        return self.ticket.ticket_id


class TicketOpened(_AboutTicket, frozen=True):
    """An order has come into the queue."""

    type: ClassVar[str] = "ticket.opened"


class TicketChanged(_AboutTicket, frozen=True):
    """A ticket has moved, or what is on it has changed."""

    type: ClassVar[str] = "ticket.changed"
