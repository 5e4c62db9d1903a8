"""What people do about themselves: be added, open a session, log in, refresh, sign out.

Passwords are hashed with Argon2id outside of any transaction, at most two at a time: hashing is made to be slow, and
must not take a server down. Parameters: OWASP's minimum of 19 MiB, two passes, one lane.
"""

import asyncio
from datetime import timedelta
from functools import cache
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from bottega.domains.identity import store
from bottega.domains.identity.errors import LoginTaken, RefreshRefused, WrongLogin
from bottega.domains.identity.model import AddUser, Refreshed, User
from bottega.infra.crypto import Keyring, new_token, token_hash
from bottega.infra.transaction import Database, Tx
from bottega.kit import ids
from bottega.kit.clock import utc_now
from bottega.kit.subject import SubjectKind
from bottega.kit.text import canonical_email, canonical_phone, clean

SESSION_LASTS = {
    SubjectKind.GUEST: timedelta(days=2),
    SubjectKind.CUSTOMER: timedelta(days=30),
    SubjectKind.STAFF: timedelta(hours=16),
}
REFRESH_LASTS = timedelta(days=30)
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_HASHING = asyncio.Semaphore(2)


@cache
def _decoy() -> str:
    """The hash of somebody who is not there. Not made before the first login: most processes never see one."""
    return _HASHER.hash("somebody who is not there")


async def hash_password(password: str) -> str:
    """The Argon2id hash of a password."""
    async with _HASHING:
        return await asyncio.to_thread(_HASHER.hash, password)


def canonical_login(login: str) -> str:
    """What a person logs in with, as it is compared: e-mail, phone number or short name."""
    if "@" in login:
        return canonical_email(login, "/login")
    if any(char.isdigit() for char in login) and not any(char.isalpha() for char in login):
        return canonical_phone(login, "/login")
    return clean(login, "/login", max_length=100).casefold()


class People:
    """The verbs that need the installation's keys beside a transaction."""

    def __init__(self, keyring: Keyring, database: Database) -> None:
        self._keyring = keyring
        self._database = database

    async def add_user(self, tx: Tx, command: AddUser) -> UUID:
        """Add a user with roles. Raises `LoginTaken`, `Forbidden`."""
        if command.kind is not SubjectKind.CUSTOMER:
            tx.require("staff.manage")
        login = canonical_login(command.login)
        user_id = tx.new_id(ids.home_of(tx.merchant_id))
        sealed = self._keyring.seal(tx.merchant_id, f"users.login:{user_id}", login)
        index = self._keyring.blind_index(tx.merchant_id, login)
        if not await store.insert_user(tx, user_id, command, index, sealed):
            raise LoginTaken
        tx.note(user=str(user_id), kind=command.kind, roles=[role.role for role in command.roles])
        return user_id

    async def check_password(self, merchant_id: UUID, login: str, password: str) -> User:
        """The user who knows this password. Raises `WrongLogin`, after the same time whatever was wrong."""
        index = self._keyring.blind_index(merchant_id, canonical_login(login))
        async with self._database.read(merchant_id) as tx:
            user = await store.user_by_login(tx, index)
        async with _HASHING:
            good = await asyncio.to_thread(_verify, user.password_hash if user else None, password)
        if user is None or not good or user.disabled_at is not None:
            raise WrongLogin
        return user

    async def session_of(self, merchant_id: UUID, token: str) -> "SessionUser | None":
        """Whose browser session a cookie is, or None."""
        async with self._database.read(merchant_id) as tx:
            found = await store.session(tx, token_hash(token), utc_now())
            if found is None:
                return None
            user = None if found.kind is SubjectKind.GUEST else await store.user_by_id(tx, found.subject_id)
        if found.kind is not SubjectKind.GUEST and (user is None or user.disabled_at is not None):
            return None
        return found.kind, found.subject_id, user

    async def user(self, merchant_id: UUID, user_id: UUID) -> User | None:
        """A user by id."""
        async with self._database.read(merchant_id) as tx:
            return await store.user_by_id(tx, user_id)


SessionUser = tuple[SubjectKind, UUID, User | None]


async def open_session(tx: Tx, who: tuple[SubjectKind, UUID]) -> str:
    """Open a browser session; the secret that goes into the cookie."""
    kind, subject_id = who
    token = new_token()
    await store.insert_session(tx, token_hash(token), subject_id, kind, SESSION_LASTS[kind])
    return token


async def close_session(tx: Tx, token: str) -> None:
    """End a browser session for good."""
    await store.delete_session(tx, token_hash(token))


async def issue_refresh(tx: Tx, user_id: UUID) -> str:
    """A refresh token of a new family, for a user who has just logged in."""
    token = new_token()
    await store.insert_refresh(tx, token_hash(token), tx.new_id(0), user_id, REFRESH_LASTS)
    return token


async def refresh(tx: Tx, token: str) -> Refreshed:
    """Exchange a refresh token for its successor. A token used twice revokes its family (`user` is None then)."""
    used = await store.use_refresh(tx, token_hash(token))
    if used is None:
        await store.revoke_family(tx, token_hash(token))
        return Refreshed(None, "")
    user = await store.user_by_id(tx, used.user_id)
    if user is None or user.disabled_at is not None:
        raise RefreshRefused
    successor = new_token()
    await store.insert_refresh(tx, token_hash(successor), used.family_id, user.user_id, REFRESH_LASTS)
    return Refreshed(user, successor)


def _verify(password_hash: str | None, password: str) -> bool:
    """Whether it is the password; None takes as long as any other. The decoy is made for everybody, before it is needed:
    the time of a process's first login says nothing either.
    """
    decoy = _decoy()
    try:
        return _HASHER.verify(password_hash or decoy, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
