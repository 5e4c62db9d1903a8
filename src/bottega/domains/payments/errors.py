"""How payments say no."""

from bottega.kit.errors import DomainError, Kind, NotFound, Unavailable


class PaymentNotFound(NotFound):
    """No such payment, or not yours."""

    code = "payment_not_found"
    title = "There is no payment under that id"


class PaymentDeclined(DomainError):
    """The bank said no; another card may work."""

    kind = Kind.DECLINED
    code = "payment_declined"
    title = "The payment was declined, try another card"


class PaymentSuspected(DomainError):
    """The bank or the provider suspects fraud. Never tried again by itself; what the customer is told names no suspicion."""

    kind = Kind.DECLINED
    code = "payment_refused"
    title = "The payment was declined, please pay another way"


class PaymentTryAgain(DomainError):
    """The bank could not decide right now; the same card may work in a moment."""

    kind = Kind.DECLINED
    code = "payment_try_again"
    title = "The bank could not answer, try again in a moment"


class AuthenticationRequired(DomainError):
    """The customer's bank asks for 3-D Secure: the challenge has to be answered in the browser."""

    kind = Kind.DECLINED
    code = "authentication_required"
    title = "The bank asks the customer to confirm this payment"


class AuthenticationFailed(DomainError):
    """The 3-D Secure challenge was failed or given up; the customer may try again or take another card."""

    kind = Kind.DECLINED
    code = "authentication_failed"
    title = "The bank could not confirm that it was the customer"


class ProviderUnavailable(Unavailable):
    """The payment provider does not answer; nothing was charged that we know of, and we will ask it."""

    code = "provider_unavailable"
    title = "The payment provider does not answer right now"


class ProviderTimeout(ProviderUnavailable):
    """The provider got the request and did not answer in time: the outcome is unknown, and is asked for with the same key."""

    code = "provider_timeout"
    title = "The payment provider did not answer in time"


class ProviderKeySpent(ProviderUnavailable):
    """The provider keeps an answer of its own failure for our key; only reading what it did helps."""

    code = "provider_key_spent"
    title = "The payment provider failed, we will look at what it did"


class LeaseLost(Exception):
    """Somebody else has taken what we were working on since; what we would write now is theirs to write."""


class ProviderRefused(DomainError):
    """The provider understood the request and refused it for good."""

    kind = Kind.REFUSED
    code = "provider_refused"
    title = "The payment provider refused"


class OnlineOff(DomainError):
    """No provider is configured here."""

    kind = Kind.REFUSED
    code = "online_payment_off"
    title = "Online payment is not offered here"


class RefundTooLarge(DomainError):
    """More than is left of what was captured."""

    kind = Kind.CONFLICT
    code = "refund_too_large"
    title = "That is more than is left to refund"


class NothingToRefund(DomainError):
    """Nothing was captured, or all of it is on its way back."""

    kind = Kind.CONFLICT
    code = "nothing_to_refund"
    title = "There is nothing left to refund"


class RefundReceiptMissing(DomainError):
    """Money taken at the till is given back at the till, and the till prints a receipt about it."""

    code = "refund_receipt_missing"
    title = "Giving money back at the till needs receipt_ref"


class RefundReceiptUnexpected(DomainError):
    """Money taken online goes back the way it came; no till has a receipt about it."""

    code = "refund_receipt_unexpected"
    title = "This payment was not taken at the till"


class RefundNotFailed(DomainError):
    """Only a refund that has failed, and is not under way again, can be tried again."""

    kind = Kind.CONFLICT
    code = "refund_not_failed"
    title = "There is nothing to try again"


class PaymentDisputed(NothingToRefund):
    """The customer's bank has taken the money back to look into it; it can't be refunded as well."""

    code = "payment_disputed"
    title = "This payment is disputed; its money is with the customer's bank"


class CaptureTooLarge(DomainError):
    """More than the customer's bank holds for us."""

    kind = Kind.CONFLICT
    code = "capture_too_large"
    title = "That is more than is held"


class SignatureRefused(DomainError):
    """A provider event with a forged, stale or future-dated signature; nothing was stored."""

    kind = Kind.MALFORMED
    code = "signature_refused"
    title = "The signature of this event is not good"


class DifferenceNotFound(NotFound):
    """No such difference, or not at this store."""

    code = "difference_not_found"
    title = "There is no difference under that id"


class DifferenceNotOpen(DomainError):
    """It was mended or resolved meanwhile; `state` says which."""

    kind = Kind.CONFLICT
    code = "difference_not_open"
    title = "That difference is settled already"


class WindowRefused(DomainError):
    """The stretch to compare ends before it begins, is longer than 31 days, or lies in another age."""

    kind = Kind.REFUSED
    code = "window_refused"
    title = "Compare a stretch of up to 31 days that begins before it ends"
