"""The JSON face of identity: guests' tokens, log-in, OAuth 2.0 tokens, log-out, and who am I."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post

from bottega.domains import merchants
from bottega.domains.identity import actions, rules
from bottega.domains.identity.actions import People
from bottega.domains.identity.errors import GrantUnsupported, MerchantNeeded, RefreshRefused, WrongLogin
from bottega.domains.identity.model import BecomeGuest, LogIn, TokenAnswer, TokenRequest
from bottega.infra.web.answers import json
from bottega.infra.web.body import Strict, decode
from bottega.infra.web.context import Context, context
from bottega.infra.web.problem import AnyRequest
from bottega.kit import ids
from bottega.kit.errors import Invalid, Malformed
from bottega.kit.subject import Subject, SubjectKind

_GUEST_SECONDS = 24 * 3600
_ACCESS_SECONDS = 600


class RoleView(msgspec.Struct, frozen=True):
    """A role, and the store it holds at (null: all stores)."""

    role: str
    store_id: str | None


class MeView(msgspec.Struct, frozen=True):
    """Who is asking."""

    subject_id: str
    kind: str
    name: str
    roles: list[RoleView]


async def merchant_of(here: Context, merchant_id: str | None, store_id: str | None) -> UUID:
    """The merchant that a request names, directly or by a store; the only one of the installation needs no naming."""
    named = None if merchant_id is None else ids.parse("mer", merchant_id)
    if store_id is not None:
        parsed = ids.parse("sto", store_id)
        owner, found = await here.owner_of(parsed)
        if found != parsed or named not in (None, owner):
            raise merchants.StoreNotFound
        return owner
    if named is not None:
        return named
    async with here.database.read(None) as tx:
        homes = await merchants.merchant_homes(tx)
    if len(homes) != 1:
        raise MerchantNeeded
    return homes[0].merchant_id


@post(
    "/v1/guests", dto=Strict[BecomeGuest], return_dto=None, status_code=201, summary="A guest's token", tags=["People"]
)
async def guests(request: AnyRequest, data: BecomeGuest) -> Response[TokenAnswer]:
    """Order without an account: a token for a day, for somebody who has no name yet."""
    here = context(request)
    merchant_id = await merchant_of(here, data.merchant_id, data.store_id)
    async with here.database.read(merchant_id) as tx:
        if await merchants.find_merchant(tx, merchant_id) is None:
            raise merchants.StoreNotFound("There is no merchant under that id")
    subject = Subject(SubjectKind.GUEST, ids.new_id(ids.home_of(merchant_id)), merchant_id)
    return json(_answer(here, subject, _GUEST_SECONDS), 201)  # type: ignore[return-value]


@post(
    "/v1/login", dto=Strict[LogIn], return_dto=None, status_code=200, summary="Log in with a password", tags=["People"]
)
async def login(request: AnyRequest, data: LogIn) -> Response[TokenAnswer]:
    """An access token for ten minutes and a refresh token. 401 `wrong_login` whatever was wrong."""
    here = context(request)
    merchant_id = await merchant_of(here, data.merchant_id, data.store_id)
    return json(await _log_in(here, merchant_id, data.login, data.password))  # type: ignore[return-value]


@post("/v1/token", status_code=200, summary="OAuth 2.0 token", tags=["People"])
async def token(request: AnyRequest) -> Response[TokenAnswer]:
    """Grants `password`, `refresh_token` and `client_credentials`, as a form (RFC 6749) or as JSON."""
    here = context(request)
    data = await _token_request(request)
    if data.grant_type == "refresh_token":
        if not data.refresh_token:
            raise Invalid("refresh_token is missing")
        merchant_id = await merchant_of(here, data.merchant_id, data.store_id)
        return json(await _refresh(here, merchant_id, data.refresh_token))  # type: ignore[return-value]
    pairs = {
        "password": (data.username, data.password),
        "client_credentials": (data.client_id, data.client_secret),
    }
    if data.grant_type not in pairs:
        raise GrantUnsupported
    name, secret = pairs[data.grant_type]
    if not name or not secret:
        raise Invalid("name and secret are missing")
    merchant_id = await merchant_of(here, data.merchant_id, data.store_id)
    return json(await _log_in(here, merchant_id, name, secret))  # type: ignore[return-value]


@post("/v1/logout", status_code=204, summary="End the browser session", tags=["People"])
async def logout(request: AnyRequest) -> None:
    """The session's cookie stops to count at once."""
    here = context(request)
    subject = await here.gate.known(request)
    cookie = here.gate.cookie(request)
    if cookie is not None:
        await here.database.run(actions.close_session, cookie.partition(".")[2], by=subject)
        here.gate.forget(cookie)


@get("/v1/me", summary="Who am I", tags=["People"])
async def me(request: AnyRequest) -> Response[MeView]:
    """The subject of the token or session."""
    subject = await context(request).gate.known(request)
    roles = [RoleView(each.role, ids.show("sto", each.store_id) if each.store_id else None) for each in subject.roles]
    return json(MeView(ids.show("usr", subject.subject_id), subject.kind, subject.name, roles))  # type: ignore[return-value]


async def _log_in(here: Context, merchant_id: UUID, name: str, password: str) -> TokenAnswer:
    if len(name) > 254 or len(password) > 1000:
        raise WrongLogin
    try:
        user = await here.part(People).check_password(merchant_id, name, password)
    except Invalid as error:
        raise WrongLogin from error
    subject = rules.subject_of(user)
    refresh = await here.database.run(actions.issue_refresh, user.user_id, by=subject)
    return msgspec.structs.replace(_answer(here, subject, _ACCESS_SECONDS), refresh_token=refresh)


async def _refresh(here: Context, merchant_id: UUID, refresh_token: str) -> TokenAnswer:
    asker = Subject(SubjectKind.ANONYMOUS, ids.new_id(0), merchant_id)
    refreshed = await here.database.run(actions.refresh, refresh_token, by=asker)
    if refreshed.user is None:
        raise RefreshRefused
    answer = _answer(here, rules.subject_of(refreshed.user), _ACCESS_SECONDS)
    return msgspec.structs.replace(answer, refresh_token=refreshed.token)


async def _token_request(request: AnyRequest) -> TokenRequest:
    if request.headers.get("content-type", "").startswith("application/json"):
        return decode(await request.body(), TokenRequest)
    form: dict[str, Any] = dict((await request.form()).items())
    try:
        return msgspec.convert(form, TokenRequest)
    except msgspec.ValidationError as error:
        raise Malformed(str(error)) from error


def _answer(here: Context, subject: Subject, seconds: int) -> TokenAnswer:
    access, lifetime = here.gate.tokens.issue(subject, seconds=seconds)
    return TokenAnswer(access, "Bearer", lifetime, ids.show("usr", subject.subject_id))


HANDLERS = [guests, login, token, logout, me]
