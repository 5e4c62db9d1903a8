"""Answers to the owner's questions as values. Pure.

Amounts are in the minor unit of their currency; amounts of different currencies are never added or compared.
"""

from datetime import datetime
from uuid import UUID

import msgspec


class Month(msgspec.Struct, frozen=True, order=True):
    """A calendar month, 1 to 12."""

    year: int
    month: int

    def __str__(self) -> str:
        """As clients write it: 2026-09."""
        return f"{self.year:04d}-{self.month:02d}"

    def before(self) -> "Month":
        """The month before."""
        return Month(self.year - 1, 12) if self.month == 1 else Month(self.year, self.month - 1)

    def after(self) -> "Month":
        """The month after."""
        return Month(self.year + 1, 1) if self.month == 12 else Month(self.year, self.month + 1)


class Span(msgspec.Struct, frozen=True):
    """A month of one store: from its first instant there up to, not with, the first of the next."""

    store_id: UUID
    from_at: datetime
    to_at: datetime


class Spender(msgspec.Struct, frozen=True):
    """Somebody who spent, with their place among those who spent in the same currency; equal sums share a place."""

    currency: str
    rank: int
    subject_id: UUID
    kind: str
    name: str
    captured_minor: int
    refunded_minor: int
    spent_minor: int
    payments: int


class Total(msgspec.Struct, frozen=True):
    """What moved in one currency in all: of how many people, and what of it staff rang up for nobody known."""

    currency: str
    captured_minor: int
    refunded_minor: int
    spent_minor: int
    people: int
    unnamed_minor: int


class TopSpenders(msgspec.Struct, frozen=True):
    """Who spent the most in a month: per currency, the first places with everybody who shares one.

    `cut` says that more people share the last places than one answer holds.
    """

    month: Month
    spans: tuple[Span, ...]
    spenders: list[Spender]
    totals: list[Total]
    cut: bool


class Sleeper(msgspec.Struct, frozen=True):
    """A registered customer of whom nothing was kept. `refunded`: they paid once, and got all of it back."""

    user_id: UUID
    name: str
    created_at: datetime
    refunded: bool


class NeverSpent(msgspec.Struct, frozen=True):
    """A page of registered customers who never spent, oldest account first; `after` is where the next page begins."""

    sleepers: list[Sleeper]
    after: UUID | None
