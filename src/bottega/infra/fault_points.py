"""Fault points: named places between the steps of work, where a test lets the process die, fail or hang.

Off unless `BOTTEGA_FAULT_POINTS` arms some, and then only those: `provider.answered=kill:1,commit.before@expire=sleep:0.5`.
A point may be armed for one detail only (`name@detail`). What it does: `kill` ends this process by SIGKILL at the n-th
passage, `raise` raises `Injected` at the first n passages, `sleep` waits so many seconds at each.

What must stay true: every point is in `POINTS` (a test compares), and a point that is not armed does nothing.
"""

import asyncio
import os
import signal
from collections.abc import Mapping
from enum import StrEnum

import msgspec

VARIABLE = "BOTTEGA_FAULT_POINTS"

POINTS: Mapping[str, str] = {
    "order.placed": "An order is committed; the provider has not been asked yet",
    "attempt.claimed": "An attempt is leased by this process; its question has not been sent (detail: the operation)",
    "provider.asking": "Right before a question goes to the provider (detail: the call)",
    "provider.answered": "The provider has answered; nothing of it is written down (detail: the call)",
    "attempt.recorded": "What came of an attempt is committed; nobody has been told (detail: the operation)",
    "event.kept": "A provider's event is committed; it has not been acknowledged",
    "event.claimed": "A provider's event is leased by this process; its object has not been read",
    "event.applied": "What an event's object says is committed, and the event with it",
    "check.claimed": "A payment or refund is leased to be asked about (detail: payment or refund)",
    "commit.before": "Everything of a transaction is written; COMMIT has not been sent (detail: the action)",
    "commit.after": "A transaction is committed; its caller does not know yet (detail: the action)",
    "log.moved": "Facts are in the log; nobody has been woken",
}
"""Every fault point, and where in the work it stands."""


class Fault(StrEnum):
    """What an armed point does."""

    KILL = "kill"
    RAISE = "raise"
    SLEEP = "sleep"


class Injected(Exception):
    """Raised by an armed point."""


class _Charge(msgspec.Struct):
    fault: Fault
    amount: float
    passages: int = 0


def parse(text: str) -> dict[str, _Charge]:
    """`name[@detail]=fault:amount`, separated by commas. Raises `ValueError` naming what is wrong."""
    charges: dict[str, _Charge] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        place, _, what = part.partition("=")
        fault, _, amount = what.partition(":")
        if place.partition("@")[0] not in POINTS:
            raise ValueError(f"{place!r} is no fault point; there are {', '.join(POINTS)}")
        try:
            charges[place] = _Charge(Fault(fault), float(amount or 1))
        except ValueError as error:
            raise ValueError(f"{part!r}: expected name=kill:n, name=raise:n or name=sleep:seconds") from error
    return charges


_charges = parse(os.environ.get(VARIABLE, ""))


def arm(text: str) -> None:
    """Arm these points in this process and disarm all others (a process arms what its environment says by itself)."""
    global _charges
    _charges = parse(text)


async def point(name: str, detail: str = "") -> None:
    """Pass a point; nothing happens unless it is armed."""
    if not _charges:
        return
    charge = _charges.get(f"{name}@{detail}") or _charges.get(name)
    if charge is None:
        return
    charge.passages += 1
    if charge.fault is Fault.SLEEP:
        await asyncio.sleep(charge.amount)
    elif charge.fault is Fault.KILL and charge.passages == charge.amount:
        os.kill(os.getpid(), signal.SIGKILL)
    elif charge.fault is Fault.RAISE and charge.passages <= charge.amount:
        raise Injected(f"{name} {detail}".strip())
