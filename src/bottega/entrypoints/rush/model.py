"""A rush as values: what is played, what became of it."""

from typing import Any

import msgspec


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is played. `rate` is customers a second; `staff` are logins with passwords, each works where it may.

    Without `sandbox` and `publishable_key` (where a browser would confirm a card) everybody pays at the store.
    `patience` is how long a call is repeated while the server is away; `drain` how long the baristas may take to finish.
    `pace` stretches what a barista takes for a step, and `hands` is how many tickets one of them has under way at a time.
    """

    url: str = "http://127.0.0.1:8000"
    rate: float = 3.0
    seconds: float = 60.0
    seed: int = 1
    stores: int = 3
    staff: tuple[tuple[str, str], ...] = ()
    sandbox: str = ""
    publishable_key: str = ""
    patience: float = 30.0
    drain: float = 20.0
    pace: float = 1.0
    hands: int = 1


class Acknowledged(msgspec.Struct):
    """An order that the server said it has: whose it is, what it was then, and where it stood when last seen."""

    order_id: str
    token: str
    key: str
    total: int
    pay_mode: str
    status: str
    history: list[dict[str, Any]] = []


class Latency(msgspec.Struct, frozen=True):
    """How long one sort of call took, in milliseconds, without repeats."""

    calls: int
    p50_ms: float
    p99_ms: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a rush. `refusals` are expected (sold out, somebody was faster), `errors` never are.

    `missing` are acknowledged orders that are not there any more; `stages` the median seconds in each status.
    """

    seconds: float
    customers: int
    orders: int
    paid_online: int
    declined: int
    challenged: int
    cancelled: int
    completed: int
    retries: int
    replays: int
    latencies: dict[str, Latency]
    stages: dict[str, float]
    refusals: dict[str, int]
    errors: dict[str, int]
    missing: list[str]
    left_open: int

    @property
    def clean(self) -> bool:
        """Whether nothing went wrong that never should."""
        return not self.errors and not self.missing
