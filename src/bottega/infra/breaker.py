"""A circuit breaker: who asks something that does not answer is told so at once, until one probe gets through again.

Closed: every call may go. After `limit` calls in a row without an answer (a call that hung counts twice) it opens: no
call goes for a while, with jitter, so that the other side is not met by everybody at the same instant. Then half-open:
one probe goes; its answer closes the breaker, its silence opens it for twice as long, up to `longest`.

In the memory of one process. Says nothing about what a call was for. A result counts only for the state in which its
call was let through: what was asked before it opened neither closes nor keeps it open.
"""

import random
import time
from collections.abc import Callable
from enum import StrEnum

from bottega.infra.telemetry import BREAKER_OPEN, BREAKER_OPENED, logger


class State(StrEnum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """One breaker for one other side. `name` is what metrics and logs call it."""

    def __init__(
        self,
        name: str,
        *,
        limit: int = 8,
        cool_down: float = 0.5,
        longest: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self._limit = limit
        self._first = cool_down
        self._longest = longest
        self._clock = clock
        self._dice = dice
        self._failures = 0
        self._pause = cool_down
        self._opens_at = 0.0
        self._era = 0
        self._probing = False
        self._state = State.CLOSED
        self._log = logger("breaker")

    @property
    def state(self) -> State:
        """Where it stands now."""
        if self._state is State.OPEN and self._clock() >= self._opens_at:
            return State.HALF_OPEN
        return self._state

    @property
    def wait(self) -> float:
        """Seconds until a call may go; 0 when one may go now."""
        state = self.state
        if state is State.CLOSED or (state is State.HALF_OPEN and not self._probing):
            return 0.0
        return max(self._opens_at - self._clock(), 0.1)

    def enter(self) -> int | None:
        """A ticket for a call, to be handed back with its result; None when no call may go now."""
        if self.wait > 0:
            return None
        if self.state is State.HALF_OPEN and self._state is State.OPEN:
            self._turn(State.HALF_OPEN)
        self._probing = self._state is State.HALF_OPEN
        return self._era

    def answered(self, ticket: int) -> None:
        """The other side answered, whatever it said."""
        if ticket != self._era:
            return
        self._failures = 0
        self._probing = False
        if self._state is not State.CLOSED:
            self._pause = self._first
            self._turn(State.CLOSED)

    def unanswered(self, ticket: int, *, hung: bool = False) -> None:
        """The other side did not answer, or said that it can't now."""
        if ticket != self._era:
            return
        self._failures += 2 if hung else 1
        if self._state is State.HALF_OPEN:
            self._pause = min(self._pause * 2, self._longest)
        elif self._failures < self._limit:
            return
        self._opens_at = self._clock() + self._pause * (0.5 + self._dice() / 2)
        self._turn(State.OPEN)

    def abandoned(self, ticket: int) -> None:
        """The call was given up by us: it says nothing, and the next one may probe."""
        if ticket == self._era:
            self._probing = False

    def _turn(self, state: State) -> None:
        if state is State.OPEN:
            BREAKER_OPENED.labels(self.name).inc()
        log = self._log.info if state is State.HALF_OPEN else self._log.warning
        log(f"breaker {state}", name=self.name, failures=self._failures)
        self._state = state
        self._era += 1
        self._failures = 0
        self._probing = False
        BREAKER_OPEN.labels(self.name).set(0 if state is State.CLOSED else 1)
