"""The sandbox's own clock: real time plus an offset that only grows. Holds, retries and events live by it."""

import time

MAX_STEP = 366 * 86_400


class Clock:
    """Seconds since 1970. Advancing it lets seven days of a hold pass in a test of seven milliseconds."""

    def __init__(self, offset: float = 0.0) -> None:
        """`offset` is how far ahead of real time it already is, in seconds."""
        self.offset = offset

    def time(self) -> float:
        """Now, with fractions."""
        return time.time() + self.offset

    def now(self) -> int:
        """Now, in whole seconds, as Stripe writes times."""
        return int(self.time())

    def advance(self, seconds: float) -> None:
        """Move ahead, a year at most at a time; time never runs backwards here. Raises ValueError."""
        if not 0 <= seconds <= MAX_STEP:
            raise ValueError("the clock only moves ahead, a year at most at a time")
        self.offset += seconds
