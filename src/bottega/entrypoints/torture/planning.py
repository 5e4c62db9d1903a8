"""The plan of faults: which, when, how long. Pure: a seed and a length give the same plan for ever.

A deck with every kind of fault on every part is shuffled and dealt, and shuffled again, so a plan that is long enough has
all of them, and a short one a fair sample.
"""

import random
from collections.abc import Iterator
from typing import Any

from bottega.entrypoints.torture.model import Fault, Verb

WEBS = ("web 1", "web 2")
WORKERS = ("worker 1", "worker 2")
PROVIDER = "provider"
DATABASE = "database"
PROCESSES = (*WEBS, *WORKERS, PROVIDER)
LINKS = ("web-database", "worker-database", "shop-provider", "provider-webhook", "client-web")
# How long each lasts, in seconds: a pause long enough that others take over, a hole longer than every timeout now and then.
_LASTS: dict[Verb, tuple[float, float]] = {
    Verb.PAUSE: (1.0, 8.0),
    Verb.CUT: (0.0, 2.0),
    Verb.SLOW: (1.0, 5.0),
    Verb.BLACK_HOLE: (1.0, 13.0),
    Verb.HALF_OPEN: (1.0, 6.0),
    Verb.CUT_MIDWAY: (2.0, 2.0),
}
FIRST = 1.0


def deck() -> list[tuple[Verb, str]]:
    """Every kind of fault on every part, once."""
    cards = [(verb, name) for name in PROCESSES for verb in (Verb.KILL, Verb.PAUSE)]
    cards += [(verb, DATABASE) for verb in (Verb.KILL, Verb.STOP, Verb.KILL_BACKEND, Verb.PAUSE)]
    links = (Verb.CUT, Verb.SLOW, Verb.BLACK_HOLE, Verb.HALF_OPEN, Verb.CUT_MIDWAY)
    return cards + [(verb, name) for name in LINKS for verb in links]


def faults_for(seed: int, seconds: float, every: float = 3.3) -> tuple[Fault, ...]:
    """The plan: on average a fault `every` seconds, the last one begins before `seconds`. They may overlap."""
    dice = random.Random(f"torture {seed}")  # noqa: S311 - a seed gives the same plan again
    return tuple(_dealt(dice, seconds, every))


def _dealt(dice: random.Random, seconds: float, every: float) -> Iterator[Fault]:
    at, cards = FIRST, list[tuple[Verb, str]]()
    while at < seconds:
        if not cards:
            cards = deck()
            dice.shuffle(cards)
        verb, target = cards.pop()
        shortest, longest = _LASTS.get(verb, (0.0, 0.0))
        lasts = dice.uniform(shortest, longest) * min(1.0, every / 3)
        yield Fault(round(at, 2), verb, target, round(lasts, 2), dice.randrange(1 << 16))
        at += dice.uniform(0.4, 1.6) * every


# One call in ten meets a fault of the provider, one webhook in ten each of theirs; refunds take their time or fail.
PROVIDER_FAULTS: dict[str, Any] = {
    "timeout_before": 0.01,
    "timeout_after": 0.015,
    "error_before": 0.01,
    "error_after": 0.01,
    "unavailable": 0.015,
    "rate_limit": 0.01,
    "lock_timeout": 0.01,
    "slow": 0.01,
    "slow_after": 0.005,
    "answer_cut": 0.01,
    "webhook_drop": 0.1,
    "webhook_duplicate": 0.1,
    "webhook_twin": 0.05,
    "webhook_reorder": 0.1,
    "webhook_delay": 0.05,
    "webhook_forge": 0.02,
    "decline": 0.05,
    "wrong_amount": 0.01,
    "refund_pending": 0.1,
    "refund_fails_later": 0.05,
    "hold_expires": {"probability": 0.05, "seconds": 2.0},
    "release_as_refund": 0.1,
}
# Every kind that often at once: three calls of four meet at least one. Silence and slowness are short here, for ten thousand.
ONE_IN_TEN: dict[str, Any] = {
    **dict.fromkeys(
        (
            "error_before", "error_after", "answer_cut", "unavailable", "rate_limit", "lock_timeout",
            "webhook_drop", "webhook_duplicate", "webhook_twin", "webhook_forge", "decline", "wrong_amount",
            "release_as_refund",
        ),
        0.1,
    ),
    **{
        kind: {"probability": 0.1, "seconds": seconds}
        for kind, seconds in (
            ("timeout_before", 2.0), ("timeout_after", 2.0), ("slow", 1.0), ("slow_after", 1.0), ("webhook_reorder", 1.0),
            ("webhook_delay", 5.0), ("refund_pending", 3.0), ("refund_fails_later", 3.0), ("dispute", 3.0),
            ("hold_expires", 1.0),
        )
    },
}  # fmt: skip
