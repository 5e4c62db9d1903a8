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


class ProviderUnavailable(Unavailable):
    """The payment provider does not answer; nothing was charged that we know of, and we will ask it."""

    code = "provider_unavailable"
    title = "The payment provider does not answer right now"


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
    """The stretch to compare ends before it begins, or is longer than 31 days."""

    kind = Kind.REFUSED
    code = "window_refused"
    title = "Compare a stretch of up to 31 days that begins before it ends"
