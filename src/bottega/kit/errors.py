"""The ways the system says no: one base class, a few kinds, a stable code per refusal.

No HTTP here: `infra/web/problem.py` turns kinds into status codes. A refusal has a public message (`detail`, safe to
show), typed fields (`errors`, `extra`) and nothing private; private context goes to the log.
"""

from enum import StrEnum
from typing import Any, ClassVar

import msgspec


class Kind(StrEnum):
    """What sort of no it is; the web edge maps each kind to one status."""

    MALFORMED = "malformed"
    UNAUTHENTICATED = "unauthenticated"
    DECLINED = "declined"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    PRECONDITION = "precondition"
    TOO_LARGE = "too_large"
    WRONG_FORMAT = "wrong_format"
    REFUSED = "refused"
    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"


class FieldError(msgspec.Struct, frozen=True):
    """One thing wrong with one place of the input: an RFC 6901 pointer, a stable code, words for a person."""

    pointer: str
    code: str
    detail: str


class DomainError(Exception):
    """A refusal that the caller can act on. Subclasses set `kind`, `code` and `title`."""

    kind: ClassVar[Kind] = Kind.REFUSED
    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "The request was understood but refused"

    def __init__(
        self,
        detail: str = "",
        *,
        errors: tuple[FieldError, ...] = (),
        extra: dict[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = errors
        self.extra = extra or {}
        self.retry_after = retry_after


class NotFound(DomainError):
    """It is not there, or it is not yours: the answer is the same on purpose."""

    kind = Kind.NOT_FOUND
    code = "not_found"
    title = "There is nothing here under that id"


class Forbidden(DomainError):
    """Known, but not allowed to do this."""

    kind = Kind.FORBIDDEN
    code = "forbidden"
    title = "Your role does not allow this"


class Unauthenticated(DomainError):
    """No valid credentials came with the request."""

    kind = Kind.UNAUTHENTICATED
    code = "unauthenticated"
    title = "Sign in first"


class Unavailable(DomainError):
    """A part that is needed does not answer now; the same request may succeed later."""

    kind = Kind.UNAVAILABLE
    code = "unavailable"
    title = "Not available right now, try again shortly"


class Invalid(DomainError):
    """Understood, but some fields are not acceptable; `errors` names them."""

    kind = Kind.REFUSED
    code = "invalid"
    title = "Some fields are not acceptable"


class Malformed(DomainError):
    """It could not be read at all."""

    kind = Kind.MALFORMED
    code = "malformed"
    title = "The request could not be read"


class DuplicateKey(DomainError):
    """An object of the body names a field twice; readers would not agree which one counts."""

    kind = Kind.MALFORMED
    code = "duplicate_key"
    title = "A field stands twice in the body"


class IdempotencyKeyMissing(DomainError):
    """A request that creates or moves something came without an `Idempotency-Key`."""

    kind = Kind.MALFORMED
    code = "idempotency_key_missing"
    title = "This request needs an Idempotency-Key header"


class IdempotencyKeyInvalid(DomainError):
    """The key is empty, too long or has characters outside printable ASCII."""

    kind = Kind.MALFORMED
    code = "idempotency_key_invalid"
    title = "An Idempotency-Key is 1 to 255 printable characters"


class IdempotencyKeyReused(DomainError):
    """The same key came before with another body."""

    kind = Kind.REFUSED
    code = "idempotency_key_reused"
    title = "This Idempotency-Key was used with a different request"


class IdempotencyKeyInUse(DomainError):
    """The first request with this key is still running."""

    kind = Kind.CONFLICT
    code = "idempotency_key_in_use"
    title = "The first request with this Idempotency-Key is still running"


class TooLarge(DomainError):
    """The body is over the limit."""

    kind = Kind.TOO_LARGE
    code = "body_too_large"
    title = "The body is larger than this address takes"


class UnsupportedMediaType(DomainError):
    """The body is not JSON, says its Content-Type."""

    kind = Kind.WRONG_FORMAT
    code = "unsupported_media_type"
    title = "This address takes application/json"


class TooMany(DomainError):
    """A rate limit was reached."""

    kind = Kind.TOO_MANY
    code = "rate_limited"
    title = "Too many requests, slow down"


class PreconditionFailed(DomainError):
    """`If-Match` names a version that is no longer current."""

    kind = Kind.PRECONDITION
    code = "version_changed"
    title = "It has changed since you read it"
