"""The pages on which staff sign in, choose where they work, and sign out."""

from typing import Any
from uuid import UUID

from litestar import Response

from bottega.domains import merchants
from bottega.domains.identity.actions import SESSION_LASTS, People, close_session, open_session
from bottega.domains.identity.rules import staff_subject
from bottega.infra.web.context import context
from bottega.infra.web.forms import in_words, keep_session, posted, see_other, shows, takes, visitor
from bottega.infra.web.pages import Look, Views, speaks
from bottega.infra.web.problem import AnyRequest
from bottega.kit.clock import utc_now
from bottega.kit.errors import DomainError, Unauthenticated
from bottega.kit.subject import SubjectKind

_VIEWS = Views(__file__)
_PRIVATE = Look(cache="no-store")
_LOGIN = "/staff/login"
_WORK = "/staff"


@shows(_LOGIN)
async def login(request: AnyRequest) -> Response[Any]:
    """The sign-in form; `?next=` is where to go on."""
    await visitor(request)
    values = {"next": _safe(request.query_params.get("next", "")), "login": "", "problem": ""}
    return _VIEWS.page(request, "login.html", values, _PRIVATE)


@takes(_LOGIN)
async def sign_in(request: AnyRequest) -> Response[Any]:
    """Open a session for who knows the password, in place of the one that was there."""
    here, fields = context(request), await posted(request)
    name, password = fields.text("login").strip(), fields.text("password")
    go_on = _safe(fields.text("next"))
    try:
        user = await here.part(People).check_password(await _merchant(request), name, password)
        if user.kind is not SubjectKind.STAFF:
            raise Unauthenticated
    except DomainError as error:
        t = speaks(request)
        problem = t("staff.missing") if not (name and password) else in_words(t, error)
        values = {"next": go_on, "login": name[:200], "problem": problem}
        return _VIEWS.page(request, "login.html", values, Look(status=422, cache="no-store"))
    subject = staff_subject(user.merchant_id, user.user_id, user.roles, user.name, user.permission_version)
    token = await here.database.run(open_session, (SubjectKind.STAFF, user.user_id), by=subject)
    response = see_other(go_on)
    keep_session(response, request, subject, token, int(SESSION_LASTS[SubjectKind.STAFF].total_seconds()))
    return response


@takes("/staff/logout")
async def sign_out(request: AnyRequest) -> Response[Any]:
    """End the session for good."""
    here = context(request)
    await posted(request)
    subject, cookie = await visitor(request), here.gate.cookie(request)
    if cookie is not None and subject.kind is not SubjectKind.ANONYMOUS:
        await here.database.run(close_session, cookie.partition(".")[2], by=subject)
        here.gate.forget(cookie)
    return see_other(_LOGIN)


@shows(_WORK)
async def work(request: AnyRequest) -> Response[Any]:
    """The stores at which the signed-in person works, with their screens."""
    subject = await visitor(request)
    if subject.kind is not SubjectKind.STAFF:
        raise Unauthenticated
    async with context(request).database.read(subject.merchant_id) as tx:
        places = await merchants.list_stores(tx, 0, 100)
        managed = await merchants.managed(tx, subject)
    mine = [place for place in places if subject.may("kitchen.work", place.store_id)]
    values = {
        "name": subject.name,
        "stores": mine,
        "manages": {place.store_id for place in managed},
        "now": utc_now(),
    }
    return _VIEWS.page(request, "work.html", values, _PRIVATE)


async def _merchant(request: AnyRequest) -> UUID:
    async with context(request).database.read(None) as tx:
        homes = await merchants.merchant_homes(tx)
    if not homes:
        raise Unauthenticated
    return homes[0].merchant_id


def _safe(path: str) -> str:
    """An address of this site to go on to; anything else leads to the choice of stores."""
    good = path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path and path.isprintable()
    return path if good and path != _LOGIN else _WORK


HANDLERS = [login, sign_in, sign_out, work]
