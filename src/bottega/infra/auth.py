"""The tokens that prove who is asking.

Tokens are JWTs with one algorithm fixed here (EdDSA, RFC 8037); nothing in a token chooses how it is checked.
"""

import time
from typing import Any

import jwt
import msgspec

from bottega.infra.crypto import Keyring
from bottega.kit.errors import Unauthenticated
from bottega.kit.subject import Claims, Subject, SubjectKind

_ALGORITHM = "EdDSA"
_ISSUER = "bottega"
_AUDIENCE = "bottega-api"
_NEVER_ISSUED = frozenset({SubjectKind.SYSTEM, SubjectKind.ANONYMOUS})
_LEEWAY = 30
_CACHE_SIZE = 50_000


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
            claims = msgspec.convert(decoded, Claims)
            if claims.kind in _NEVER_ISSUED:
                raise Unauthenticated("The access token is not valid")
            return claims
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("The access token has expired") from error
        except (jwt.PyJWTError, msgspec.ValidationError, ValueError, TypeError, RecursionError) as error:
            raise Unauthenticated("The access token is not valid") from error
