"""Answers: JSON bytes, kept answers with their replay mark, and ETags."""

import re
from typing import Any

import msgspec
from litestar import MediaType, Response

from bottega.infra.transaction import Answer
from bottega.infra.web.problem import AnyRequest

_VERSION = re.compile(r'(?:W/)?"?(\d{1,9})(?:-[A-Z_]*)?"?', re.ASCII)
_NO_STORE = {"Cache-Control": "no-store"}
_REPLAYED = {"Cache-Control": "no-store", "Idempotency-Replayed": "true"}


def json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    """A value as JSON."""
    return Response(
        msgspec.json.encode(value),
        status_code=status,
        media_type=MediaType.JSON,
        headers=_NO_STORE if headers is None else headers,
    )


def kept(answer: Answer) -> Response[bytes]:
    """An answer that belongs to an idempotency key, marked when it is a repeat."""
    return Response(
        answer.body,
        status_code=answer.status,
        media_type=MediaType.JSON,
        headers=_REPLAYED if answer.replayed else _NO_STORE,
    )


def matches(request: AnyRequest, etag: str) -> bool:
    """Whether `If-None-Match` names this ETag (weak comparison, RFC 9110 section 13.1.2)."""
    header = request.headers.get("if-none-match")
    if header is None:
        return False
    return header.strip() == "*" or etag.removeprefix("W/") in {
        part.strip().removeprefix("W/") for part in header.split(",")
    }


def not_modified(etag: str, cache: str) -> Response[None]:
    """304: what the caller has is still right."""
    return Response(None, status_code=304, headers={"ETag": etag, "Cache-Control": cache})


def expected_versions(request: AnyRequest) -> frozenset[int] | None:
    """The versions that `If-Match` names (`"7"`, or an ETag that begins with it; one or several); None: any will do."""
    header = request.headers.get("if-match")
    if header is None or header.strip() == "*":
        return None
    found = (_VERSION.fullmatch(part.strip()) for part in header.split(","))
    return frozenset(int(each[1]) for each in found if each is not None)
