"""People as values: users, what they log in with, the tokens they get. Pure."""

from datetime import datetime
from uuid import UUID

import msgspec

from bottega.kit.fields import LoginName, MerchantId, Password, StoreId
from bottega.kit.subject import Role, SubjectKind


class User(msgspec.Struct, frozen=True):
    """Somebody with a login. `permission_version` rises when roles change, so tokens of before stop to count."""

    merchant_id: UUID
    user_id: UUID
    kind: SubjectKind
    name: str
    password_hash: str
    permission_version: int
    disabled_at: datetime | None
    roles: tuple[Role, ...]


class AddUser(msgspec.Struct, frozen=True, kw_only=True):
    """Command: add a user; `login` is an e-mail address, phone number or short name, unique in the merchant."""

    kind: SubjectKind
    name: str
    login: str
    password_hash: str
    roles: tuple[Role, ...] = ()


class LogIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Log in with a password; `merchant_id` or `store_id` where one installation serves several merchants."""

    login: LoginName
    password: Password
    merchant_id: MerchantId | None = None
    store_id: StoreId | None = None


class BecomeGuest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask for a guest's token."""

    merchant_id: MerchantId | None = None
    store_id: StoreId | None = None


class TokenRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An OAuth 2.0 token request (RFC 6749, sections 4.3, 4.4 and 6)."""

    grant_type: str
    username: str | None = None
    password: str | None = None
    refresh_token: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    scope: str | None = None
    merchant_id: str | None = None
    store_id: str | None = None


class TokenAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """An OAuth 2.0 token answer (RFC 6749, section 5.1) and whose it is."""

    access_token: str
    token_type: str
    expires_in: int
    subject_id: str
    refresh_token: str | None = None


class Session(msgspec.Struct, frozen=True):
    """A browser's session."""

    subject_id: UUID
    kind: SubjectKind
    expires_at: datetime


class Refreshed(msgspec.Struct, frozen=True):
    """What became of a refresh token: its user and family, or (user None) that it must not be believed."""

    user: User | None
    token: str
