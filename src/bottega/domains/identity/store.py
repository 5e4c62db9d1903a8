"""Every SQL statement about users, sessions and refresh tokens."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from bottega.domains.identity.model import AddUser, Session, User
from bottega.infra.db import ReadTx
from bottega.infra.transaction import Tx
from bottega.kit.subject import SubjectKind

INSERT_USER: LiteralString = """
insert into users (merchant_id, user_id, kind, name, login_index, login_sealed, password_hash)
values (%(merchant_id)s, %(user_id)s, %(kind)s, %(name)s, %(login_index)s, %(login_sealed)s, %(password_hash)s)
on conflict (merchant_id, login_index) do nothing returning user_id
"""
INSERT_ROLES: LiteralString = """
insert into user_roles (merchant_id, user_id, role, store_id)
select %(merchant_id)s, %(user_id)s, r.role, r.store_id
from json_to_recordset(%(roles)s::json) as r (role text, store_id uuid)
"""
READ_USER: LiteralString = """
select u.merchant_id, u.user_id, u.kind, u.name, u.password_hash, u.permission_version, u.disabled_at,
  coalesce((select json_agg(json_build_object('role', r.role, 'store_id', r.store_id)) from user_roles r
            where r.merchant_id = u.merchant_id and r.user_id = u.user_id), '[]') as roles
from users u
where u.merchant_id = %(merchant_id)s
  and (u.user_id = %(user_id)s::uuid or u.login_index = %(login_index)s::bytea)
"""
INSERT_SESSION: LiteralString = """
insert into sessions (merchant_id, token_hash, subject_id, kind, created_at, seen_at, expires_at)
values (%(merchant_id)s, %(token_hash)s, %(subject_id)s, %(kind)s, %(now)s, %(now)s, %(expires_at)s)
"""
READ_SESSION: LiteralString = """
select subject_id, kind, expires_at from sessions
where merchant_id = %(merchant_id)s and token_hash = %(token_hash)s and expires_at > %(now)s
"""
DELETE_SESSION: LiteralString = """
delete from sessions where merchant_id = %(merchant_id)s and token_hash = %(token_hash)s
"""
INSERT_REFRESH: LiteralString = """
insert into refresh_tokens (merchant_id, token_hash, family_id, user_id, created_at, expires_at)
values (%(merchant_id)s, %(token_hash)s, %(family_id)s, %(user_id)s, %(now)s, %(expires_at)s)
"""
USE_REFRESH: LiteralString = """
update refresh_tokens set used_at = %(now)s
where merchant_id = %(merchant_id)s and token_hash = %(token_hash)s and used_at is null and revoked_at is null
  and expires_at > %(now)s
returning family_id, user_id
"""
REVOKE_FAMILY: LiteralString = """
update refresh_tokens set revoked_at = coalesce(revoked_at, %(now)s)
where merchant_id = %(merchant_id)s and family_id = (
  select family_id from refresh_tokens where merchant_id = %(merchant_id)s and token_hash = %(token_hash)s)
"""

READ_NAMES: LiteralString = """
select user_id, name from users where merchant_id = %(merchant_id)s and user_id = any(%(users)s)
"""


class Named(msgspec.Struct, frozen=True):
    """Somebody's name."""

    user_id: UUID
    name: str


class UsedRefresh(msgspec.Struct, frozen=True):
    """A refresh token that was good until now."""

    family_id: UUID
    user_id: UUID


async def insert_user(tx: Tx, user_id: UUID, command: AddUser, login_index: bytes, login_sealed: bytes) -> bool:
    """Write a user with roles; False when the login is taken."""
    identity = {"merchant_id": tx.merchant_id, "user_id": user_id}
    values: dict[str, Any] = {
        "kind": command.kind,
        "name": command.name,
        "password_hash": command.password_hash,
        "login_index": login_index,
        "login_sealed": login_sealed,
    }
    if await tx.value(INSERT_USER, identity | values) is None:
        return False
    await tx.execute(INSERT_ROLES, identity | {"roles": msgspec.json.encode(command.roles).decode()})
    return True


async def user_by_login(tx: ReadTx, login_index: bytes) -> User | None:
    """The user with that login."""
    return await tx.row(READ_USER, {"merchant_id": tx.merchant_id, "user_id": None, "login_index": login_index}, User)


async def user_by_id(tx: ReadTx, user_id: UUID) -> User | None:
    """The user with that id."""
    return await tx.row(READ_USER, {"merchant_id": tx.merchant_id, "user_id": user_id, "login_index": None}, User)


async def names_of(tx: ReadTx, user_ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of those of these people who have a login."""
    found = await tx.rows(READ_NAMES, {"merchant_id": tx.merchant_id, "users": list(user_ids)}, Named)
    return {each.user_id: each.name for each in found}


async def insert_session(tx: Tx, token_hash: bytes, subject_id: UUID, kind: SubjectKind, lasts: timedelta) -> datetime:
    """Write a browser session; when it ends."""
    expires_at = tx.now + lasts
    values = {
        "merchant_id": tx.merchant_id,
        "token_hash": token_hash,
        "subject_id": subject_id,
        "kind": kind,
        "now": tx.now,
        "expires_at": expires_at,
    }
    await tx.execute(INSERT_SESSION, values)
    return expires_at


async def session(tx: ReadTx, token_hash: bytes, now: datetime) -> Session | None:
    """The session of a cookie, if it is still good."""
    return await tx.row(READ_SESSION, {"merchant_id": tx.merchant_id, "token_hash": token_hash, "now": now}, Session)


async def delete_session(tx: Tx, token_hash: bytes) -> None:
    """End a session."""
    await tx.execute(DELETE_SESSION, {"merchant_id": tx.merchant_id, "token_hash": token_hash})


async def insert_refresh(tx: Tx, token_hash: bytes, family_id: UUID, user_id: UUID, lasts: timedelta) -> None:
    """Write a refresh token."""
    values = {
        "merchant_id": tx.merchant_id,
        "token_hash": token_hash,
        "family_id": family_id,
        "user_id": user_id,
        "now": tx.now,
        "expires_at": tx.now + lasts,
    }
    await tx.execute(INSERT_REFRESH, values)


async def use_refresh(tx: Tx, token_hash: bytes) -> UsedRefresh | None:
    """Use a refresh token up; None when it is not good any more."""
    values = {"merchant_id": tx.merchant_id, "token_hash": token_hash, "now": tx.now}
    return await tx.row(USE_REFRESH, values, UsedRefresh)


async def revoke_family(tx: Tx, token_hash: bytes) -> None:
    """Revoke every token that came from the same login as this one."""
    await tx.execute(REVOKE_FAMILY, {"merchant_id": tx.merchant_id, "token_hash": token_hash, "now": tx.now})
