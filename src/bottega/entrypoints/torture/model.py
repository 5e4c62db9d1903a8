"""A torture as values: what is asked for, one fault, what became of it all."""

from enum import StrEnum
from typing import Any

import msgspec


class Verb(StrEnum):
    """What is done to a process, to the database or to a link."""

    KILL = "kill"
    PAUSE = "pause"
    STOP = "immediate stop"
    KILL_BACKEND = "kill a backend"
    CUT = "cut"
    SLOW = "slow"
    BLACK_HOLE = "black hole"
    HALF_OPEN = "half open"
    CUT_MIDWAY = "cut midway"


class Fault(msgspec.Struct, frozen=True):
    """One fault of a plan: `at` seconds after the first customer, for `seconds`; `number` chooses where there is a choice."""

    at: float
    verb: Verb
    target: str
    seconds: float = 0.0
    number: int = 0

    @property
    def kind(self) -> str:
        """As it is counted."""
        return f"{self.verb} {self.target.rstrip(' 0123456789')}"


class Done(msgspec.Struct, frozen=True):
    """A fault that was carried out, and after how many seconds the next order was taken (None: not within patience).

    Counted from the blow where something died, from the healing where something hung.
    """

    fault: Fault
    recovered: float | None


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. `rate` is customers a second for `seconds`; with `payments` that many online orders instead.

    `provider` are the rules of the sandbox's fault plan: a probability by kind, or what else a rule may say.
    """

    seconds: float = 600.0
    seed: int = 1
    rate: float = 2.0
    payments: int = 0
    at_once: int = 40
    provider: dict[str, Any] = {}
    every: float = 3.3
    faults: tuple[Fault, ...] | None = None
    port: int = 0


class Recovery(msgspec.Struct, frozen=True):
    """Seconds until the next order was taken, over the faults of one kind."""

    count: int
    p50: float
    worst: float


class Violation(msgspec.Struct, frozen=True):
    """Something that must never be, with the first examples."""

    what: str
    count: int
    examples: list[Any] = []


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it. `violations` empty: everything held."""

    seed: int
    seconds: float
    faults: dict[str, int]
    provider_faults: dict[str, int]
    recovery: dict[str, Recovery]
    people: dict[str, int]
    acknowledged: int
    payments: int
    charged_minor: dict[str, int]
    returned_minor: dict[str, int]
    difference_minor: int
    settled_seconds: float | None
    stream_events: int
    restarts: int
    refusals: dict[str, int]
    checks: int
    warnings: list[str]
    violations: list[Violation]

    @property
    def clean(self) -> bool:
        """Whether everything held."""
        return not self.violations
