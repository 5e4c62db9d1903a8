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


class PaymentAuthorized(_AboutPayment, frozen=True):
    """A customer's bank holds the money for us; it is taken later, or let go."""

    type: ClassVar[str] = "payment.authorized"

    provider: Provider


class HoldLost(_AboutPayment, frozen=True):
    """Money that was held for us is not any more, and was not taken: the hold expired, or capturing was refused."""

    type: ClassVar[str] = "payment.hold_lost"

    status: str
    code: str


class PaymentChanged(_AboutPayment, frozen=True):
    """The payment moved without money moving: a challenge, processing, a decline, a void."""

    type: ClassVar[str] = "payment.changed"

    status: str


class DisputeOpened(_AboutPayment, frozen=True):
    """A customer's bank has taken the payment up; `amount_minor` is what it is about."""

    type: ClassVar[str] = "payment.dispute_opened"

    dispute_id: UUID
    reason: str
    status: str


class DisputeClosed(_AboutPayment, frozen=True):
    """The bank has decided; `status` is where the payment stands now."""

    type: ClassVar[str] = "payment.dispute_closed"

    dispute_id: UUID
    won: bool
    status: str


class RefundRequested(_AboutPayment, frozen=True):
    """Money is on its way back."""

    type: ClassVar[str] = "payment.refund_requested"

    refund_id: UUID


class RefundAdopted(_AboutPayment, frozen=True):
    """Money went back without our asking (somebody did it at the provider), and was taken into our books."""

    type: ClassVar[str] = "payment.refund_adopted"

    refund_id: UUID


class PaymentRefunded(_AboutPayment, frozen=True):
    """Money is back with the customer."""

    type: ClassVar[str] = "payment.refunded"

    refund_id: UUID


class RefundFailed(_AboutPayment, frozen=True):
    """Money that was on its way back did not arrive; somebody has to look."""

    type: ClassVar[str] = "payment.refund_failed"

    refund_id: UUID
