"""The state machine of a ticket, as data. Pure.

A ticket goes back and forth as people at the counter need it (undo, recall); the order behind it only goes forward.
"""

from enum import StrEnum

from bottega.kit.machine import Machine, moves


class TicketState(StrEnum):
    """Where a ticket stands on the board."""

    QUEUED = "QUEUED"
    STARTED = "STARTED"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    CLOSED = "CLOSED"


T = TicketState

TICKET: Machine[TicketState] = Machine(
    "ticket",
    frozenset({T.QUEUED}),
    moves(
        ("start", (T.QUEUED,), T.STARTED, "barista"),
        ("finish", (T.STARTED,), T.DONE, "barista"),
        ("undo_start", (T.STARTED,), T.QUEUED, "barista, within moments"),
        ("reopen", (T.DONE,), T.STARTED, "barista: undo or recall"),
        ("close", (T.QUEUED, T.STARTED, T.DONE), T.CLOSED, "the order was handed over"),
        ("cancel", (T.QUEUED, T.STARTED, T.DONE), T.CANCELLED, "the order was cancelled"),
    ),
)
