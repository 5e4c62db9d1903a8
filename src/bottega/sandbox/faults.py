"""The fault plan: which kinds of trouble happen, how often, and the seeded dice that decide.

Plain data: a rule per kind. The n-th draw of a kind depends on the seed, the kind and n only, so the same calls in the
same order meet the same faults. A person may also order the very next one (`order`). Whoever makes the trouble (api,
events, charges, refunds) asks `draw` and acts on it; nothing here acts.
"""

import hashlib
from collections import Counter
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, cast

import msgspec


class Kind(StrEnum):
    """Every kind of trouble the sandbox can make."""

    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    ANSWER_CUT = "answer_cut"
    UNAVAILABLE = "unavailable"
    RATE_LIMIT = "rate_limit"
    LOCK_TIMEOUT = "lock_timeout"
    SLOW = "slow"
    SLOW_AFTER = "slow_after"
    SEARCH_LATE = "search_late"
    WEBHOOK_DROP = "webhook_drop"
    WEBHOOK_DUPLICATE = "webhook_duplicate"
    WEBHOOK_TWIN = "webhook_twin"
    WEBHOOK_REORDER = "webhook_reorder"
    WEBHOOK_DELAY = "webhook_delay"
    WEBHOOK_FORGE = "webhook_forge"
    DECLINE = "decline"
    WRONG_AMOUNT = "wrong_amount"
    DISPUTE = "dispute"
    REFUND_PENDING = "refund_pending"
    REFUND_FAILS_LATER = "refund_fails_later"
    HOLD_EXPIRES = "hold_expires"
    RELEASE_AS_REFUND = "release_as_refund"


DESCRIPTIONS: dict[Kind, str] = {
    Kind.TIMEOUT_BEFORE: "No answer, nothing done",
    Kind.TIMEOUT_AFTER: "No answer, but done (charged)",
    Kind.ERROR_BEFORE: "500 that sticks to its key, nothing done",
    Kind.ERROR_AFTER: "500 that sticks to its key, but done",
    Kind.ANSWER_CUT: "Answer cut off half-way, but done",
    Kind.UNAVAILABLE: "503, nothing done, try again",
    Kind.RATE_LIMIT: "429 rate_limit",
    Kind.LOCK_TIMEOUT: "429 lock_timeout",
    Kind.SLOW: "Slow before the work",
    Kind.SLOW_AFTER: "Slow after the work: the webhook comes first",
    Kind.SEARCH_LATE: "Search doesn't find yet what is new",
    Kind.WEBHOOK_DROP: "Webhook never sent",
    Kind.WEBHOOK_DUPLICATE: "Webhook sent twice",
    Kind.WEBHOOK_TWIN: "Two events tell the same fact",
    Kind.WEBHOOK_REORDER: "Webhook overtaken by later ones",
    Kind.WEBHOOK_DELAY: "Webhook late",
    Kind.WEBHOOK_FORGE: "Forged webhooks beside the genuine one",
    Kind.DECLINE: "Bank declines",
    Kind.WRONG_AMOUNT: "Another amount is taken than was asked",
    Kind.DISPUTE: "Paid, then disputed",
    Kind.REFUND_PENDING: "Refund pending before it succeeds",
    Kind.REFUND_FAILS_LATER: "Refund succeeds, then fails",
    Kind.HOLD_EXPIRES: "Hold expires early",
    Kind.RELEASE_AS_REFUND: "A released hold looks like a refund, as before March 2025",
}

DEFAULT_SECONDS: dict[Kind, float] = {
    Kind.TIMEOUT_BEFORE: 90.0,
    Kind.TIMEOUT_AFTER: 90.0,
    Kind.SLOW: 5.0,
    Kind.SLOW_AFTER: 5.0,
    Kind.SEARCH_LATE: 60.0,
    Kind.WEBHOOK_REORDER: 1.0,
    Kind.WEBHOOK_DELAY: 10.0,
    Kind.DISPUTE: 5.0,
    Kind.REFUND_PENDING: 5.0,
    Kind.REFUND_FAILS_LATER: 5.0,
    Kind.HOLD_EXPIRES: 30.0,
}

GROUPS: dict[str, tuple[Kind, ...]] = {
    "calls": (
        Kind.TIMEOUT_BEFORE, Kind.TIMEOUT_AFTER, Kind.ERROR_BEFORE, Kind.ERROR_AFTER, Kind.ANSWER_CUT,
        Kind.UNAVAILABLE, Kind.RATE_LIMIT, Kind.LOCK_TIMEOUT, Kind.SLOW, Kind.SLOW_AFTER,
        Kind.SEARCH_LATE,
    ),
    "webhooks": (
        Kind.WEBHOOK_DROP, Kind.WEBHOOK_DUPLICATE, Kind.WEBHOOK_TWIN, Kind.WEBHOOK_REORDER, Kind.WEBHOOK_DELAY,
        Kind.WEBHOOK_FORGE,
    ),
    "money": (
        Kind.DECLINE, Kind.DISPUTE, Kind.WRONG_AMOUNT, Kind.REFUND_PENDING, Kind.REFUND_FAILS_LATER,
        Kind.HOLD_EXPIRES, Kind.RELEASE_AS_REFUND,
    ),
}  # fmt: skip


@dataclass(slots=True)
class Rule:
    """One kind's trouble: how likely, how long, how many times at most, and only on what (a piece of the subject).

    The subject of a call is `POST /v1/payment_intents`, of a webhook its type, of the rest the object's id.
    """

    probability: float
    seconds: float = 0.0
    limit: int | None = None
    only: str = ""


@dataclass(slots=True)
class Order:
    """By hand: the next `times` of a kind happen for sure, whatever the dice say. `only` as in a rule."""

    kind: Kind
    rule: Rule
    times: int


@dataclass(slots=True)
class FaultPlan:
    """The rules in force, the dice, what was ordered by hand, and a count of what has been done."""

    seed: int = 0
    rules: dict[Kind, Rule] = field(default_factory=dict[Kind, Rule])
    orders: list[Order] = field(default_factory=list[Order])
    drawn: Counter[Kind] = field(default_factory=Counter[Kind])
    injected: Counter[Kind] = field(default_factory=Counter[Kind])

    def draw(self, kind: Kind, subject: str = "") -> Rule | None:
        """The rule if this kind of trouble happens now, None if it doesn't."""
        if self.orders and (ordered := self._ordered(kind, subject)):
            return ordered
        rule = self.rules.get(kind)
        if rule is None or (rule.only and rule.only not in subject):
            return None
        self.drawn[kind] += 1
        if rule.limit is not None and self.injected[kind] >= rule.limit:
            return None
        if self.roll(kind, self.drawn[kind]) >= rule.probability:
            return None
        self.injected[kind] += 1
        return rule

    def order(self, kind: Kind, rule: Rule, times: int = 1) -> None:
        """Make the next ones happen. Kept in memory only, and gone with the next plan."""
        self.orders.append(Order(kind, rule, times))

    def _ordered(self, kind: Kind, subject: str) -> Rule | None:
        for order in self.orders:
            if order.kind == kind and order.rule.only in subject:
                order.times -= 1
                if order.times < 1:
                    self.orders.remove(order)
                self.injected[kind] += 1
                return order.rule
        return None

    def ordered(self, kind: Kind) -> int:
        """How many of a kind are still to come by hand."""
        return sum(order.times for order in self.orders if order.kind == kind)

    def roll(self, kind: Kind, number: int) -> float:
        """The number-th roll of a kind's dice, in [0, 1)."""
        digest = hashlib.blake2b(f"{self.seed}:{kind}:{number}".encode(), digest_size=6).digest()
        return int.from_bytes(digest) / (1 << 48)

    @property
    def quiet(self) -> bool:
        """No trouble is planned."""
        return not self.rules and not self.orders

    def replace(self, seed: int, rules: dict[Kind, Rule]) -> None:
        """A new plan: the dice and the counts begin again."""
        self.seed = seed
        self.rules = rules
        self.orders.clear()
        self.drawn.clear()
        self.injected.clear()

    def as_dict(self) -> dict[str, Any]:
        """The plan and its counts, as JSON."""
        return {
            "seed": self.seed,
            "rules": {str(kind): asdict(rule) for kind, rule in self.rules.items()},
            "ordered": {str(order.kind): self.ordered(order.kind) for order in self.orders},
            "injected": {str(kind): count for kind, count in self.injected.items()},
        }


def rule_of(kind: str, value: Any) -> tuple[Kind, Rule]:
    """A rule from JSON: a bare probability or {probability, seconds, limit, only}. Raises ValueError, saying what."""
    if kind not in set(Kind):
        raise ValueError(f"unknown fault kind {kind!r}; known: {', '.join(Kind)}")
    known = Kind(kind)
    fields = cast("dict[str, Any]", value) if isinstance(value, dict) else {"probability": value}
    try:
        rule = msgspec.convert({"seconds": DEFAULT_SECONDS.get(known, 0.0), **fields}, Rule, strict=True)
    except msgspec.ValidationError as problem:
        raise ValueError(f"{kind}: {problem}") from problem
    if not 0 <= rule.probability <= 1 or not 0 <= rule.seconds <= 10_000_000:
        raise ValueError(f"{kind}: the probability must be between 0 and 1, the seconds not negative")
    return known, rule


def rules_of(values: Any) -> dict[Kind, Rule]:
    """Rules by kind; those with probability 0 are left out. Raises ValueError.

    `all`, `calls`, `webhooks` and `money` stand for their kinds; what is said of a kind itself wins.
    """
    if not isinstance(values, dict):
        raise ValueError("rules: an object of kinds is expected")
    given = cast("dict[str, Any]", values)
    spread = {"all": tuple(Kind), **GROUPS}
    wide = {str(kind): given[name] for name, kinds in spread.items() if name in given for kind in kinds}
    narrow = {kind: value for kind, value in given.items() if kind not in spread}
    rules = (rule_of(kind, value) for kind, value in {**wide, **narrow}.items())
    return {kind: rule for kind, rule in rules if rule.probability > 0}


def parse(text: str) -> dict[Kind, Rule]:
    """`timeout_after=0.1:5,webhooks=0.3` as rules. Raises ValueError."""
    values: dict[str, Any] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        kind, _, rest = part.partition("=")
        probability, _, seconds = rest.partition(":")
        try:
            fields: dict[str, Any] = {"probability": float(probability)}
            if seconds:
                fields["seconds"] = float(seconds)
        except ValueError:
            raise ValueError(f"{part!r}: expected kind=probability[:seconds]") from None
        values[kind] = fields
    return rules_of(values)
