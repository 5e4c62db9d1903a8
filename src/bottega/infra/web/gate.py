"""The gate: who is asking, from a bearer token or a browser session, and whether a browser's post is really its own.

Not here: what a role may do, and where sessions are kept; both are handed in. Tokens and sessions of staff are checked
against their present permissions at most five seconds after these changed.
"""

import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from litestar.connection import ASGIConnection

from bottega.infra.auth import Tokens
from bottega.infra.crypto import Keyring
from bottega.kit.errors import Forbidden, Unauthenticated
from bottega.kit.subject import Claims, Subject, SubjectKind, anonymous

COOKIE = "__Host-bottega"
PLAIN_COOKIE = "bottega"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_BELIEVE = 5.0
_CAPACITY = 50_000

K = TypeVar("K", bound=Hashable)
Connection = ASGIConnection[Any, Any, Any, Any]


class CrossSite(Forbidden):
    """A browser posted without the form token of its session."""

    code = "cross_site"
    title = "This form was not sent from our own page; reload it and try again"


class Found(msgspec.Struct):
    """A subject that was looked up, and until when it is believed."""

    subject: Subject | None
    until: float


class Gate:
    """Finds the subject of a request. `expand` makes one of claims, `of_session` of a cookie, `present` asks again."""

    def __init__(
        self,
        tokens: Tokens,
        keyring: Keyring,
        expand: Callable[[Claims], Subject],
        of_session: Callable[[UUID, str], Awaitable[Subject | None]],
        present: Callable[[UUID, UUID], Awaitable[Subject | None]],
    ) -> None:
        self.tokens = tokens
        self._keyring = keyring
        self._expand = expand
        self._of_session = of_session
        self._present = present
        self._subjects: dict[str, Subject] = {}
        # Two memories, because what names a session is a secret, and what names a member of staff is not.
        self._sessions: dict[str, Found] = {}
        self._staff: dict[tuple[UUID, UUID], Found] = {}

    async def subject(self, connection: Connection) -> Subject:
        """Who is asking; the anonymous subject when nobody says. Raises `Unauthenticated` for bad credentials."""
        authorization = connection.headers.get("authorization")
        if authorization is not None:
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() != "bearer" or not token:
                raise Unauthenticated("Authorization is: Bearer and an access token")
            return await self._of_token(token.strip())
        cookie = self.cookie(connection)
        if cookie is None:
            return anonymous()
        return await self._of_cookie(connection, cookie)

    async def known(self, connection: Connection) -> Subject:
        """As `subject`, but somebody. Raises `Unauthenticated`."""
        subject = await self.subject(connection)
        if subject.kind is SubjectKind.ANONYMOUS:
            raise Unauthenticated
        return subject

    def cookie(self, connection: Connection) -> str | None:
        """The value of the session cookie, under the secure name or (plain http, not localhost) the other."""
        return connection.cookies.get(COOKIE) or connection.cookies.get(PLAIN_COOKIE)

    def form_token(self, cookie: str) -> str:
        """The token that forms of this session carry."""
        return self._keyring.form_token(cookie)

    def check_form(self, connection: Connection, posted: str | None = None) -> None:
        """Raise `CrossSite` unless an unsafe browser request carries its session's form token (header or field)."""
        cookie = self.cookie(connection)
        if cookie is None or connection.headers.get("authorization") is not None:
            return
        token = connection.headers.get("x-csrf-token") or posted
        if token is None or not self._keyring.check_form_token(cookie, token):
            raise CrossSite

    def forget(self, cookie: str) -> None:
        """A session ended."""
        self._sessions.pop(cookie, None)

    async def _of_token(self, token: str) -> Subject:
        claims = self.tokens.check(token)
        subject = self._subjects.get(token)
        if subject is None:
            subject = self._expand(claims)
            if len(self._subjects) >= _CAPACITY:
                self._subjects.clear()
            self._subjects[token] = subject
        if subject.kind is SubjectKind.STAFF:
            who = (subject.merchant_id, subject.subject_id)
            present = await _remembered(self._staff, who, lambda: self._present(*who))
            if present is None or present.permission_version != subject.permission_version:
                raise Unauthenticated("Your permissions have changed; sign in again")
            return present
        return subject

    async def _of_cookie(self, connection: Connection, cookie: str) -> Subject:
        merchant, _, token = cookie.partition(".")
        try:
            merchant_id = UUID(merchant)
        except ValueError:
            return anonymous()
        if connection.scope["type"] == "http" and connection.scope["method"] not in _SAFE:
            is_form = "form" in connection.headers.get("content-type", "")
            if not is_form:  # a form carries the token as a field, which its page checks
                self.check_form(connection)
        subject = await _remembered(self._sessions, cookie, lambda: self._of_session(merchant_id, token))
        return subject or anonymous(merchant_id)


async def _remembered(
    memory: dict[K, Found], key: K, look_up: Callable[[], Awaitable[Subject | None]]
) -> Subject | None:
    now = time.monotonic()
    found = memory.get(key)
    if found is None or found.until < now:
        if len(memory) >= _CAPACITY:
            memory.clear()
        found = memory[key] = Found(await look_up(), now + _BELIEVE)
    return found.subject


def session_cookie(connection: Connection, merchant_id: UUID, token: str) -> tuple[str, str, bool]:
    """Name, value and secureness of a session cookie for this browser.

    `__Host-` needs a secure origin; https and localhost are, a demo opened from a phone over plain http is not.
    """
    host = connection.headers.get("host", "").rsplit(":", 1)[0]
    secure = connection.url.scheme == "https" or host in ("localhost", "127.0.0.1", "[::1]")
    secure = secure or connection.headers.get("x-forwarded-proto") == "https"
    return (COOKIE if secure else PLAIN_COOKIE), f"{merchant_id}.{token}", secure
