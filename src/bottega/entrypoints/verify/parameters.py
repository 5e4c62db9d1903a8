"""What the checks are told: instants, how far back to look, and the state machines as data.

The machines come from the slices that own them, so a new move is known to the checks in the moment it is declared.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from bottega.domains.merchants import FulfillmentType, PayMode
from bottega.domains.orders import FLAGGED_IN, LIVE, PAYMENT_FLAGS, OrderStatus, machine_for
from bottega.domains.payments import MADE_THERE
from bottega.entrypoints.verify.model import Scope
from bottega.kit.subject import SubjectKind

EVERYTHING = datetime(1970, 1, 1, tzinfo=UTC)
# Where an order can stand without anybody having paid it.
_UNPAID = {OrderStatus.PLACED, OrderStatus.PENDING, OrderStatus.CANCELLED, OrderStatus.FAILED}


def parameters(scope: Scope, now: datetime, log_floor: int) -> dict[str, Any]:
    """The values behind the names in the checks' SQL; `log_floor` is the place in the log where the scope begins."""
    since = scope.since or EVERYTHING
    return {
        "now": now,
        "since": since,
        "settled": now - scope.lag,
        "floor": first_id(since),
        "log_floor": log_floor,
        "order_steps": msgspec.json.encode(order_steps()).decode(),
        "open_statuses": sorted(_statuses() - _terminal()),
        "live_statuses": sorted(LIVE),
        "paid_statuses": sorted(_statuses() - _UNPAID),
        "flagged_in": sorted(FLAGGED_IN),
        "payment_flags": sorted(PAYMENT_FLAGS),
        "made_there": MADE_THERE,
        "actor_kinds": sorted(set(SubjectKind) - {SubjectKind.ANONYMOUS}),
    }


def first_id(since: datetime) -> UUID:
    """The smallest id that could have been made at an instant: ids begin with the milliseconds of their making."""
    return UUID(int=int(since.timestamp() * 1000) << 80)


def order_steps() -> list[dict[str, str | None]]:
    """Every step that an order of each kind may take: to be placed, the moves of its machine, a change of its lines, and
    what is said of its payment where it stands.
    """
    steps: list[dict[str, str | None]] = []
    for fulfillment_type in FulfillmentType:
        for pay_mode in PayMode:
            machine = machine_for(fulfillment_type, pay_mode)
            edges: list[tuple[str, str | None, str]] = [("place", None, initial) for initial in machine.initial]
            edges += [(move.name, source, move.target) for move in machine.moves for source in move.sources]
            edges += [("change", initial, initial) for initial in machine.initial]
            edges += [
                (step, at, at) for at in machine.states & LIVE for step in ("run_short", "substitute", "take_off")
            ]
            if pay_mode is PayMode.ONLINE:
                edges += [(flag, status, status) for flag in PAYMENT_FLAGS for status in FLAGGED_IN]
            kind = {"fulfillment_type": fulfillment_type.value, "pay_mode": pay_mode.value}
            steps += [kind | {"event": name, "from_status": source, "to_status": to} for name, source, to in edges]
    return steps


def _statuses() -> set[OrderStatus]:
    return set(OrderStatus)


def _terminal() -> frozenset[OrderStatus]:
    machines = [machine_for(kind, pay_mode) for kind in FulfillmentType for pay_mode in PayMode]
    return frozenset[OrderStatus]().union(*(machine.terminal for machine in machines))
