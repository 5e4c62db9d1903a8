"""How identity says no."""

from bottega.kit.errors import DomainError, Kind, Unauthenticated


class WrongLogin(Unauthenticated):
    """Name or password is wrong; the answer does not say which, and takes the same time."""

    code = "wrong_login"
    title = "That name and password do not go together"


class RefreshRefused(Unauthenticated):
    """The refresh token is unknown, expired or was used before (then its whole family is revoked)."""

    code = "refresh_refused"
    title = "Sign in again"


class GrantUnsupported(DomainError):
    """An OAuth grant type that is not offered."""

    kind = Kind.MALFORMED
    code = "unsupported_grant_type"
    title = "This grant type is not offered"


class MerchantNeeded(DomainError):
    """Several merchants live here; say which one."""

    kind = Kind.REFUSED
    code = "merchant_needed"
    title = "Say which merchant or store this is for"


class LoginTaken(DomainError):
    """Somebody of this merchant logs in with that already."""

    kind = Kind.CONFLICT
    code = "login_taken"
    title = "Somebody uses this login already"
