"""Why something happened to an order without anybody's typing it. Values in, values out.

A reason stands in history, refunds and audit as one English sentence, whoever gave it. What we give ourselves is told here,
so that a page can say it in its reader's language (`orders/pages/words.py`); what people typed stays as they typed it.
"""

import re
from enum import StrEnum

from bottega.domains.orders.model import OrderLine, Shortage

_UNAVAILABLE = re.compile(r"(?P<what>.+?) is not available(?: \((?P<said>.*)\))?")
_CODE = re.compile(r"[a-z]+(?:_[a-z]+)+")


class Reason(StrEnum):
    """What we say ourselves; the value is what is written down."""

    NOT_PAID = "not paid in time"
    CANCELLED = "order cancelled"
    PAID_TOO_LATE = "paid after the order was cancelled or changed"
    PAID_TOO_LITTLE = "less than the order costs"
    COSTS_LESS = "the order costs less by now"
    DISPUTE_WON = "dispute of a cancelled order won"


def counted(line: OrderLine) -> str:
    """How many of what: a line's number and name."""
    return f"{line.qty} \N{MULTIPLICATION SIGN} {line.name}"


def unavailable(shortage: Shortage) -> str:
    """What history, refund and customer are told: what was out, of which line, and what staff said about it."""
    line = shortage.line
    what = line.name if line.qty == 1 else counted(line)
    if shortage.missing != line.name:
        what = f"{what}: {shortage.missing}"
    return f"{what} is not available{f' ({shortage.reason})' if shortage.reason else ''}"[:200]


def message_of(reason: str) -> tuple[str, dict[str, str]]:
    """Under which key of the messages a reason of our own stands, and what goes into it; an empty key for what people typed.

    A provider's code (`hold_expired`) is a key too, where there is a message for it.
    """
    own = next((each for each in Reason if each.value == reason), None)
    if own is not None:
        return f"reason.{own.name}", {}
    found = _UNAVAILABLE.fullmatch(reason)
    if found is not None:
        said = found["said"]
        return ("reason.unavailable_said", {"what": found["what"], "said": said}) if said else (
            "reason.unavailable", {"what": found["what"]})  # fmt: skip
    return (f"reason.{reason}", {}) if _CODE.fullmatch(reason) else ("", {})
