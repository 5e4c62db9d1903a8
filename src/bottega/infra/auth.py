"""Who is asking: subjects, what they may do, and the tokens that prove it.

Tokens are JWTs with one algorithm fixed here (EdDSA, RFC 8037); nothing in a token chooses how it is checked. What a role
may do is not known here: a domain expands roles to grants.
"""

import time
from enum import StrEnum
from typing import Any
from uuid import UUID

import jwt
import msgspec

from bottega.infra.crypto import Keyring
from bottega.kit.errors import Forbidden, Unauthenticated

_ALGORITHM = "EdDSA"
_ISSUER = "bottega"
_AUDIENCE = "bottega-api"
_LEEWAY = 30
_CACHE_SIZE = 50_000


class SubjectKind(StrEnum):
    """What sort of subject acts."""

    ANONYMOUS = "ANONYMOUS"
    GUEST = "GUEST"
    CUSTOMER = "CUSTOMER"
    STAFF = "STAFF"
    SERVICE = "SERVICE"
    SYSTEM = "SYSTEM"


class Role(msgspec.Struct, frozen=True):
    """A role at one store, or at all stores of the merchant (`store_id` None)."""

    role: str
    store_id: UUID | None = None


class Subject(msgspec.Struct, frozen=True):
    """Somebody who acts for one merchant, with what they may do where. A grant with store None holds everywhere."""

    kind: SubjectKind
    subject_id: UUID
    merchant_id: UUID
    roles: tuple[Role, ...] = ()
    grants: frozenset[tuple[str, UUID | None]] = frozenset()
    permission_version: int = 0
    name: str = ""

    def may(self, permission: str, store_id: UUID | None = None) -> bool:
        """Whether this subject holds the permission at that store."""
        if self.kind is SubjectKind.SYSTEM:
            return True
        return (permission, None) in self.grants or (store_id is not None and (permission, store_id) in self.grants)

    def require(self, permission: str, store_id: UUID | None = None) -> None:
        """Raise `Forbidden` (or `Unauthenticated` for nobody) unless the permission is held."""
        if self.kind is SubjectKind.ANONYMOUS:
            raise Unauthenticated
        if not self.may(permission, store_id):
            raise Forbidden(f"This needs the permission {permission} at that store")


class Claims(msgspec.Struct, frozen=True):
    """What an access token says."""

    sub: UUID
    mid: UUID
    kind: SubjectKind
    exp: int
    roles: tuple[Role, ...] = ()
    pv: int = 0
    name: str = ""


class Tokens:
    """Makes and checks access tokens. Checked tokens are remembered until they expire, so the signature costs once."""

    def __init__(self, keyring: Keyring) -> None:
        self._private = keyring.signing_key
        self._public = keyring.signing_key.public_key()
        self._checked: dict[str, Claims] = {}

    def issue(self, subject: Subject, *, seconds: int = 600) -> tuple[str, int]:
        """A signed access token for `seconds`, and its lifetime."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(subject.subject_id),
            "mid": str(subject.merchant_id),
            "kind": subject.kind.value,
            "iat": now,
            "nbf": now,
            "exp": now + seconds,
            "pv": subject.permission_version,
            "roles": msgspec.to_builtins(subject.roles),
            "name": subject.name,
        }
        return jwt.encode(claims, self._private, algorithm=_ALGORITHM, headers={"typ": "at+jwt"}), seconds

    def check(self, token: str) -> Claims:
        """The claims of a good token. Raises `Unauthenticated` for anything else."""
        claims = self._checked.get(token)
        if claims is not None:
            if claims.exp + _LEEWAY < time.time():
                del self._checked[token]
                raise Unauthenticated("The access token has expired")
            return claims
        claims = self._verify(token)
        if len(self._checked) >= _CACHE_SIZE:
            self._checked.clear()
        self._checked[token] = claims
        return claims

    def _verify(self, token: str) -> Claims:
        if len(token) > 8192:
            raise Unauthenticated("The access token is not valid")
        try:
            if jwt.get_unverified_header(token).get("typ") != "at+jwt":
                raise Unauthenticated("That is not an access token")
            decoded = jwt.decode(
                token,
                self._public,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                leeway=_LEEWAY,
                options={"require": ["exp", "iat", "nbf", "sub", "aud", "iss"]},
            )
            return msgspec.convert(decoded, Claims)
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("The access token has expired") from error
        except (jwt.PyJWTError, msgspec.ValidationError, ValueError, TypeError, RecursionError) as error:
            raise Unauthenticated("The access token is not valid") from error


NOBODY = UUID(int=0)


def anonymous(merchant_id: UUID = NOBODY) -> Subject:
    """Somebody who has not said who they are."""
    return Subject(SubjectKind.ANONYMOUS, NOBODY, merchant_id)


def system(merchant_id: UUID, name: str = "") -> Subject:
    """The installation itself, acting for one merchant (reactions, sweepers)."""
    return Subject(SubjectKind.SYSTEM, NOBODY, merchant_id, name=name)
