"""Refusals as RFC 9457 problem details: the one place where kinds of refusal become HTTP status codes.

Private context never gets in; what we did not foresee is a 500 with a request id and nothing else.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from litestar import Request, Response
from litestar.exceptions import HTTPException
from psycopg import errors as pg

from bottega.infra.telemetry import logger
from bottega.infra.web.methods import allowed_methods
from bottega.kit.errors import DomainError, Kind, Unavailable

STATUS: Mapping[Kind, int] = {
    Kind.MALFORMED: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.DECLINED: 402,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.PRECONDITION: 412,
    Kind.TOO_LARGE: 413,
    Kind.WRONG_FORMAT: 415,
    Kind.REFUSED: 422,
    Kind.TOO_MANY: 429,
    Kind.UNAVAILABLE: 503,
}
PROBLEM_TYPE = "application/problem+json"
_TITLES = {
    404: ("not_found", "There is nothing at this address"),
    405: ("method_not_allowed", "This address does not take that method"),
    413: ("body_too_large", "The body is larger than this address takes"),
    415: ("unsupported_media_type", "This address takes application/json"),
}
_GONE = "client disconnected prematurely"
# The last one is what a process reads that was paused in the middle of a transaction: its connection was closed meanwhile.
_DATABASE_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, pg.IdleInTransactionSessionTimeout)
_log = logger("web")

AnyRequest = Request[Any, Any, Any]


def document(status: int, code: str, title: str, detail: str, request_id: str) -> dict[str, Any]:
    """The members that every problem has."""
    return {
        "type": f"/docs/errors#{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }


def request_id_of(request: AnyRequest) -> str:
    """The id under which this request stands in the logs."""
    return str(request.scope.get("state", {}).get("request_id", ""))


def refusal(request: AnyRequest, error: DomainError) -> Response[bytes]:
    """A domain's refusal as an answer."""
    status = STATUS[error.kind]
    body = document(status, error.code, error.title, error.detail, request_id_of(request))
    if error.errors:
        body["errors"] = [msgspec.to_builtins(each) for each in error.errors]
    # The members of RFC 9457 stay what they are: `status` is the HTTP status, whatever else a refusal has to say.
    body = {name: _shown(value) for name, value in error.extra.items()} | body
    headers: dict[str, str] = {}
    if error.retry_after is not None or status in (429, 503):
        headers["Retry-After"] = str(error.retry_after or 1)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return _answer(status, body, headers)


def framework_refusal(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """A refusal of the framework itself (no route, wrong method, bad query) as a problem."""
    status = error.status_code
    if status >= 500:
        # A client that goes away while it sends is no failure of ours; nobody reads this answer.
        if error.detail != _GONE:
            return unforeseen(request, error)
        status = 400
    code, title = _TITLES.get(status, ("malformed", "The request could not be read"))
    body = document(status, code, title, title, request_id_of(request))
    found: list[Any] = error.extra if isinstance(error.extra, list) else []
    if found:
        body["errors"] = [
            {"pointer": f"/{each.get('key', '')}", "code": "invalid", "detail": str(each.get("message", ""))}
            for each in found
        ]
    headers = {"Allow": ", ".join(allowed_methods(request.app, request.url.path))} if status == 405 else {}
    return _answer(status, body, headers)


def unforeseen(request: AnyRequest, error: Exception) -> Response[bytes]:
    """What nobody foresaw: a lost database is a 503, anything else a 500 that the log explains."""
    if isinstance(error, _DATABASE_AWAY):
        return refusal(request, Unavailable("The database is not reachable right now", retry_after=1))
    request_id = request_id_of(request)
    _log.error("unforeseen", request_id=request_id, path=request.url.path, error=repr(error), exc_info=error)
    title = "Something went wrong on our side"
    return _answer(500, document(500, "internal", title, title, request_id), {})


def _shown(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _answer(status: int, body: dict[str, Any], headers: dict[str, str]) -> Response[bytes]:
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type=PROBLEM_TYPE,
        headers={"Cache-Control": "no-store", **headers},
    )
