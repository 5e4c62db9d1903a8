"""Pages that take forms: routes that refuse with a page instead of a document, posts that are the browser's own.

Not here: what is in a form (the slices). A post is believed when the browser itself says that it comes from this origin
(`Sec-Fetch-Site`, which no page can forge), else by the form token of its session; so a page that was opened before the
session began still works.
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from bottega.infra.web.context import Context, context, staff_at
from bottega.infra.web.gate import CrossSite, session_cookie
from bottega.infra.web.i18n import Translator
from bottega.infra.web.pages import error_page, wants_fragment
from bottega.infra.web.problem import STATUS, AnyRequest, framework_refusal, request_id_of, unforeseen
from bottega.kit.errors import DomainError, Kind
from bottega.kit.subject import Subject, SubjectKind

AnyHandler = Callable[..., Any]


def see_other(path: str) -> Response[None]:
    """Go on to another page with GET, after a post."""
    return Response(None, status_code=303, headers={"Location": path, "Cache-Control": "no-store"})


def refused(request: AnyRequest, error: DomainError) -> Response[Any]:
    """A refusal as a page; who is not known yet is sent to sign in first."""
    if error.kind is Kind.UNAUTHENTICATED and not wants_fragment(request):
        return see_other(f"/staff/login?next={request.url.path}")
    return error_page(request, STATUS[error.kind], request_id_of(request))


def _framework(request: AnyRequest, error: HTTPException) -> Response[Any]:
    return error_page(request, error.status_code, request_id_of(request))


def _unforeseen(request: AnyRequest, error: Exception) -> Response[Any]:
    return error_page(request, unforeseen(request, error).status_code or 500, request_id_of(request))


def no_such_address(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """A refusal before any handler: a page for a browser that asked for one, else a document."""
    reads_pages = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1/")
    return _framework(request, error) if reads_pages else framework_refusal(request, error)


_HANDLERS: dict[Any, Any] = {DomainError: refused, HTTPException: _framework, Exception: _unforeseen}


def shows(path: str) -> Callable[[AnyHandler], HTTPRouteHandler]:
    """Decorator: a page at an address."""
    return get(path, include_in_schema=False, exception_handlers=_HANDLERS)


def takes(path: str) -> Callable[[AnyHandler], HTTPRouteHandler]:
    """Decorator: what becomes of a form posted to an address."""
    return post(path, include_in_schema=False, exception_handlers=_HANDLERS)


class Fields:
    """A posted form: text fields, each with its values in order."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        self._values = values

    def text(self, name: str, default: str = "") -> str:
        """The first value of a field."""
        return next(iter(self._values.get(name, ())), default)

    def number(self, name: str, default: int) -> int:
        """A whole number of up to six digits; the default for anything else."""
        text = self.text(name).strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else default

    def all_of(self, prefix: str) -> list[str]:
        """Every value that is not empty of the fields whose name starts with the prefix, in the form's order."""
        return [value for name, values in self._values.items() if name.startswith(prefix) for value in values if value]


async def posted(request: AnyRequest) -> Fields:
    """The form of a request that is the browser's own. Raises `CrossSite`."""
    form = await request.form()
    fields = Fields({name: [each for each in form.getall(name) if isinstance(each, str)] for name in form})
    site = request.headers.get("sec-fetch-site")
    if site in ("cross-site", "same-site"):
        raise CrossSite  # also without a session: nobody shall be signed in as somebody else by another site
    if site != "same-origin":
        context(request).gate.check_form(request, fields.text("csrf_token"))
    return fields


async def visitor(request: AnyRequest) -> Subject:
    """Who looks at a page; forms on the page get the token of the visitor's session."""
    gate = context(request).gate
    cookie = gate.cookie(request)
    if cookie is not None:
        request.scope.setdefault("state", {})["form_token"] = gate.form_token(cookie)
    return await gate.subject(request)


async def staff_visitor(request: AnyRequest, store_id: str, permission: str) -> tuple[Context, Subject, UUID]:
    """As `visitor`, for a page about one store (`sto_…`) that needs a permission there: context, subject, store.

    Raises `Unauthenticated` (which sends the browser to sign in), `NotFound`, `Forbidden`.
    """
    await visitor(request)
    return await staff_at(request, store_id, permission)


def keep_session(response: Response[Any], request: AnyRequest, subject: Subject, token: str, seconds: int) -> None:
    """Give the browser the cookie of a session that was opened."""
    name, value, secure = session_cookie(request, subject.merchant_id, token)
    response.set_cookie(name, value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")


def is_known(subject: Subject) -> bool:
    """Whether the visitor has a session at all."""
    return subject.kind is not SubjectKind.ANONYMOUS


def in_words(t: Translator, error: DomainError, **values: object) -> str:
    """A refusal in the reader's language, by its code; what has no words of its own gets the general ones."""
    key = f"refusal.{error.code}"
    return t(key if t.has(key) else "refusal.general", **values)
