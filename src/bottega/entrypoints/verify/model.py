"""What a check is and what it found, as values.

Not here: the checks themselves (a module for each noun) and running them. What must stay true: a name never changes once
it is released, because alarms are set on it.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, LiteralString

import msgspec


class Level(StrEnum):
    """How bad a row is. BROKEN: the data is wrong. WARN: something waits for a person or for a process that is away."""

    BROKEN = "BROKEN"
    WARN = "WARN"


class Invariant(msgspec.Struct, frozen=True):
    """Something that is always true, as a query for the rows where it is not.

    `numbers` are those of the catalogue of invariants. `of_server` asks PostgreSQL's own catalogues, as the role that
    logged in; all others run as `bottega_auditor`, which sees every merchant's rows.
    """

    name: str
    sentence: str
    numbers: tuple[int, ...]
    sql: LiteralString
    level: Level = Level.BROKEN
    of_server: bool = False

    @property
    def group(self) -> str:
        """The noun that it is about."""
        return self.name.partition(".")[0]


class Scope(msgspec.Struct, frozen=True):
    """How far back to look: orders, payments and facts made since `since`; None is everything.

    What the worker does a moment later (paying, refunding, voiding) is given `lag` before it counts as missing.
    """

    since: datetime | None = None
    lag: timedelta = timedelta(seconds=60)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one check found. `found` counts rows up to 1,000; `rows` are the first 20; `error` if it could not be run."""

    name: str
    sentence: str
    numbers: tuple[int, ...]
    level: Level
    found: int
    rows: tuple[dict[str, Any], ...]
    milliseconds: float
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it holds."""
        return self.found == 0 and self.error is None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All outcomes, seen at one instant of the database."""

    at: datetime
    since: datetime | None
    milliseconds: float
    outcomes: tuple[Outcome, ...]

    @property
    def broken(self) -> tuple[Outcome, ...]:
        """What must never be: wrong data, and checks that could not be run."""
        return tuple(each for each in self.outcomes if not each.ok and (each.level is Level.BROKEN or each.error))

    @property
    def warnings(self) -> tuple[Outcome, ...]:
        """What somebody should look at."""
        return tuple(each for each in self.outcomes if not each.ok and each not in self.broken)

    def exit_code(self, *, strict: bool = False) -> int:
        """1 when something is broken (`strict`: or warns), else 0."""
        return int(bool(self.broken or (strict and self.warnings)))
