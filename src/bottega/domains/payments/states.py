"""The state machines of a payment, of a refund and of a dispute, as data. Pure.

What a provider says of an intent moves a payment only while it is `LIVE`; after that refunds and disputes move it.
"""

from enum import StrEnum

from bottega.kit.machine import Machine, moves


class PaymentStatus(StrEnum):
    """Where a payment stands."""

    REQUIRES_PAYMENT = "REQUIRES_PAYMENT"
    REQUIRES_ACTION = "REQUIRES_ACTION"
    PROCESSING = "PROCESSING"
    AUTHORIZED = "AUTHORIZED"
    CAPTURED = "CAPTURED"
    FAILED = "FAILED"
    VOIDED = "VOIDED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"
    DISPUTED = "DISPUTED"


class DisputeStatus(StrEnum):
    """Where a dispute stands. A lost one can still be turned by the bank."""

    OPENED = "OPENED"
    WON = "WON"
    LOST = "LOST"


class RefundStatus(StrEnum):
    """Where a refund stands: asked for is not yet money back."""

    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


P = PaymentStatus
_OPEN = (P.REQUIRES_PAYMENT, P.REQUIRES_ACTION, P.PROCESSING)
LIVE = frozenset({*_OPEN, P.AUTHORIZED})
"""While a payment stands here, the provider's word of its intent may move it."""
DEAD = frozenset({P.FAILED, P.VOIDED})
"""Nothing was taken by a payment that stands here, and nothing will be."""
UNPAID = DEAD | {P.REQUIRES_PAYMENT, P.REQUIRES_ACTION}
"""Nothing is taken, held or on its way: whoever wants to pay otherwise may."""

PAYMENT: Machine[PaymentStatus] = Machine(
    "payment",
    frozenset({P.REQUIRES_PAYMENT, P.CAPTURED}),
    moves(
        ("challenge", (P.REQUIRES_PAYMENT, P.PROCESSING), P.REQUIRES_ACTION, "the customer's bank"),
        ("process", (P.REQUIRES_PAYMENT, P.REQUIRES_ACTION), P.PROCESSING, "the provider"),
        ("decline", (P.REQUIRES_ACTION, P.PROCESSING), P.REQUIRES_PAYMENT, "the customer's bank"),
        ("authorize", _OPEN, P.AUTHORIZED, "the provider"),
        ("capture", (*_OPEN, P.AUTHORIZED), P.CAPTURED, "the provider"),
        ("fail", (*_OPEN, P.AUTHORIZED), P.FAILED, "the provider; we, when the amount is not ours"),
        ("void", (*_OPEN, P.AUTHORIZED), P.VOIDED, "we or the provider"),
        ("refund_part", (P.CAPTURED,), P.PARTIALLY_REFUNDED, "the provider"),
        ("refund", (P.CAPTURED, P.PARTIALLY_REFUNDED), P.REFUNDED, "the provider"),
        ("reverse_refunds", (P.PARTIALLY_REFUNDED, P.REFUNDED), P.CAPTURED, "the provider"),
        ("reverse_refund", (P.REFUNDED,), P.PARTIALLY_REFUNDED, "the provider"),
        ("dispute", (P.CAPTURED, P.PARTIALLY_REFUNDED, P.REFUNDED), P.DISPUTED, "the customer's bank"),
        ("win_dispute", (P.DISPUTED,), P.CAPTURED, "the customer's bank"),
        ("win_rest", (P.DISPUTED,), P.PARTIALLY_REFUNDED, "the customer's bank"),
        ("win_nothing", (P.DISPUTED,), P.REFUNDED, "the customer's bank"),
    ),
)

R = RefundStatus
REFUND: Machine[RefundStatus] = Machine(
    "refund",
    frozenset({R.PENDING}),
    moves(
        ("succeed", (R.PENDING,), R.SUCCEEDED, "the provider"),
        ("fail", (R.PENDING, R.SUCCEEDED), R.FAILED, "the provider"),
        ("retry", (R.FAILED,), R.PENDING, "we, under a new number"),
    ),
)

D = DisputeStatus
DISPUTE: Machine[DisputeStatus] = Machine(
    "dispute",
    frozenset({D.OPENED}),
    moves(
        ("win", (D.OPENED, D.LOST), D.WON, "the customer's bank"),
        ("lose", (D.OPENED,), D.LOST, "the customer's bank"),
    ),
)


class DifferenceState(StrEnum):
    """What became of something that differed between the provider's ledger and ours."""

    OPEN = "OPEN"
    MENDED = "MENDED"
    RESOLVED = "RESOLVED"


F = DifferenceState
DIFFERENCE: Machine[DifferenceState] = Machine(
    "difference",
    frozenset({F.OPEN, F.MENDED}),
    moves(
        ("mend", (F.OPEN,), F.MENDED, "the next comparison"),
        ("resolve", (F.OPEN,), F.RESOLVED, "a manager, with a note"),
        ("reopen", (F.MENDED, F.RESOLVED), F.OPEN, "a comparison that finds it again, or otherwise"),
    ),
)
