"""Tickets as values: an order as the people see it who make it. Pure."""

from datetime import datetime
from uuid import UUID

import msgspec

from bottega.domains.kitchen.states import TicketState


class TicketModifier(msgspec.Struct, frozen=True):
    """A choice as the kitchen reads it: SET (size, milk), ADD or REMOVE."""

    name: str
    kind: str


class TicketLine(msgspec.Struct, frozen=True):
    """One thing to make; `line_id` is the order line's and stays the same for the ticket's life.

    `short`: it is out, and the customer is asked what they want instead.
    """

    line_id: UUID
    qty: int
    name: str
    variant_name: str
    modifiers: tuple[TicketModifier, ...]
    note: str
    category: str
    made: bool = False
    short: bool = False


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """An order in the queue of its store. `version` rises with every change, so late news can be told from new."""

    merchant_id: UUID
    store_id: UUID
    ticket_id: UUID
    order_id: UUID
    state: TicketState
    version: int
    order_status: str
    order_seq: int
    number: str
    name: str
    fulfillment_type: str
    pay_mode: str
    paid: bool
    total_minor: int
    currency: str
    lines: tuple[TicketLine, ...]
    changed: bool = False
    waiting_until: datetime | None = None
    promised_at: datetime
    opened_at: datetime
    started_at: datetime | None = None
    done_at: datetime | None = None
    recalled_at: datetime | None = None
    closed_at: datetime | None = None


class TicketModifierView(msgspec.Struct, frozen=True):
    """A choice on a ticket: SET, ADD or REMOVE."""

    name: str
    kind: str


class TicketLineView(msgspec.Struct, frozen=True):
    """One thing to make."""

    line_id: str
    qty: int
    name: str
    variant_name: str
    modifiers: list[TicketModifierView]
    note: str
    category: str
    made: bool
    short: bool


class TicketView(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket of the queue. `total` is in the minor unit of `currency`.

    `waiting_until`: a line is out (`short`) and the customer can choose until then; the ticket can't be finished before.
    """

    ticket_id: str
    order_id: str
    store_id: str
    number: str
    state: str
    version: int
    order_status: str
    name: str
    fulfillment_type: str
    pay_mode: str
    paid: bool
    promised_at: datetime
    opened_at: datetime
    started_at: datetime | None
    done_at: datetime | None
    recalled_at: datetime | None
    waiting_until: datetime | None
    badges: list[str]
    lines: list[TicketLineView]
    total: int
    currency: str


class Bump(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Move a ticket on from where the barista sees it."""

    from_state: TicketState


class Undo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take a bump back: the ticket goes to `to_state` again; the order behind it does not move."""

    to_state: TicketState


class Made(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tick a line, or untick it."""

    made: bool


class OnTicket(msgspec.Struct, frozen=True):
    """Something done to one ticket of one store."""

    store_id: UUID
    ticket_id: UUID
    command: Bump | Undo | Made | None = None
    line_id: UUID | None = None
