"""The state machines of a payment and of a refund, as data. Pure."""

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


class RefundStatus(StrEnum):
    """Where a refund stands: asked for is not yet money back."""

    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


P = PaymentStatus
_OPEN = (P.REQUIRES_PAYMENT, P.REQUIRES_ACTION, P.PROCESSING)

PAYMENT: Machine[PaymentStatus] = Machine(
    "payment",
    frozenset({P.REQUIRES_PAYMENT, P.CAPTURED}),
    moves(
        ("challenge", (P.REQUIRES_PAYMENT, P.PROCESSING), P.REQUIRES_ACTION, "the customer's bank"),
        ("process", (P.REQUIRES_PAYMENT, P.REQUIRES_ACTION), P.PROCESSING, "the provider"),
        ("decline", (P.REQUIRES_ACTION, P.PROCESSING), P.REQUIRES_PAYMENT, "the customer's bank"),
        ("authorize", _OPEN, P.AUTHORIZED, "the provider"),
        ("capture", (*_OPEN, P.AUTHORIZED), P.CAPTURED, "the provider"),
        ("fail", _OPEN, P.FAILED, "the provider"),
        ("void", (*_OPEN, P.AUTHORIZED), P.VOIDED, "we or the provider"),
        ("refund_part", (P.CAPTURED,), P.PARTIALLY_REFUNDED, "the provider"),
        ("refund", (P.CAPTURED, P.PARTIALLY_REFUNDED), P.REFUNDED, "the provider"),
        ("dispute", (P.CAPTURED, P.PARTIALLY_REFUNDED), P.DISPUTED, "the customer's bank"),
        ("win_dispute", (P.DISPUTED,), P.CAPTURED, "the customer's bank"),
    ),
)

R = RefundStatus
REFUND: Machine[RefundStatus] = Machine(
    "refund",
    frozenset({R.PENDING}),
    moves(
        ("succeed", (R.PENDING,), R.SUCCEEDED, "the provider"),
        ("fail", (R.PENDING, R.SUCCEEDED), R.FAILED, "the provider"),
    ),
)


class DifferenceState(StrEnum):
    """What became of something that differed between the provider's ledger and ours."""

    OPEN = "OPEN"
    MENDED = "MENDED"
    RESOLVED = "RESOLVED"


D = DifferenceState
DIFFERENCE: Machine[DifferenceState] = Machine(
    "difference",
    frozenset({D.OPEN, D.MENDED}),
    moves(
        ("mend", (D.OPEN,), D.MENDED, "the next comparison"),
        ("resolve", (D.OPEN,), D.RESOLVED, "a manager, with a note"),
        ("reopen", (D.MENDED, D.RESOLVED), D.OPEN, "a comparison that finds it again, or otherwise"),
    ),
)
