"""What is counted while a rush is played: calls with their latencies, refusals, errors, and every acknowledged order."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

from bottega.entrypoints.rush.model import Acknowledged, Latency

EXPECTED = frozenset(
    {
        "idempotency_key_in_use", "item_not_on_menu", "item_not_served_now", "item_sold_out", "move_not_allowed",
        "payment_not_captured", "rate_limited", "status_conflict", "store_closed", "store_paused", "ticket_moved",
        "too_late_to_cancel", "total_changed", "waiting_for_choice",
    }
)  # fmt: skip
"""Refusals that a busy shop gives to people who did nothing wrong."""


class Tally:
    """The numbers of one rush."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.acknowledged: dict[str, Acknowledged] = {}
        self.final: dict[str, str] = {}  # orders of which somebody was told that they are at their end, and at which
        self.in_flight = 0
        self.queues: dict[str, int] = {}
        self._latencies: defaultdict[str, list[float]] = defaultdict(list)

    def took(self, call: str, seconds: float) -> None:
        """One call was answered."""
        self._latencies[call].append(seconds)

    def refused(self, call: str, status: int, code: str) -> None:
        """A call was refused; whether that may happen is decided here."""
        if code in EXPECTED:
            self.refusals[code] += 1
        else:
            self.errors[f"{call}: {status} {code}"] += 1

    def failed(self, call: str, why: str) -> None:
        """A call was given up."""
        self.errors[f"{call}: {why}"] += 1

    def latencies(self) -> dict[str, Latency]:
        """Medians and 99th percentiles by call."""
        return {
            call: Latency(len(found), percentile(found, 50) * 1000, percentile(found, 99) * 1000)
            for call, found in sorted(self._latencies.items())
        }

    def stages(self) -> dict[str, float]:
        """Median seconds that orders spent in each status, from their histories."""
        spent: defaultdict[str, list[float]] = defaultdict(list)
        for order in self.acknowledged.values():
            for step, after in zip(order.history, order.history[1:], strict=False):
                passed = datetime.fromisoformat(after["at"]) - datetime.fromisoformat(step["at"])
                spent[step["to_status"]].append(passed.total_seconds())
        return {status: percentile(found, 50) for status, found in sorted(spent.items())}


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` of 100 values stay within (nearest rank); 0 for none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * percent // 100) - 1))]
