"""The facts that payments tell: about an amount and a reference, never about what the reference is."""

from typing import ClassVar
from uuid import UUID

from bottega.domains.payments.model import Provider
from bottega.kit.fact import Fact


class _AboutPayment(Fact, frozen=True):
    aggregate: ClassVar[str] = "payment"

    payment_id: UUID
    reference: UUID
    amount_minor: int
    currency: str

    @property
    def subject_id(self) -> UUID:
        """The payment."""
        return self.payment_id


class PaymentCaptured(_AboutPayment, frozen=True):
    """The money is ours."""

    type: ClassVar[str] = "payment.captured"

    provider: Provider


class PaymentChanged(_AboutPayment, frozen=True):
    """The payment moved without money moving: a challenge, processing, a decline, a void."""

    type: ClassVar[str] = "payment.changed"

    status: str


class RefundRequested(_AboutPayment, frozen=True):
    """Money is on its way back."""

    type: ClassVar[str] = "payment.refund_requested"

    refund_id: UUID


class PaymentRefunded(_AboutPayment, frozen=True):
    """Money is back with the customer."""

    type: ClassVar[str] = "payment.refunded"

    refund_id: UUID


class RefundFailed(_AboutPayment, frozen=True):
    """Money that was on its way back did not arrive; somebody has to look."""

    type: ClassVar[str] = "payment.refund_failed"

    refund_id: UUID
