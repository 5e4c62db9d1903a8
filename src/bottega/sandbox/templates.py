"""Rendering the sandbox's own pages, and handing out its static files. Knows no page in particular."""

import mimetypes
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2

from bottega.sandbox.currencies import shown
from bottega.sandbox.web import Response, html, json

HERE = Path(__file__).parent
_ENV = jinja2.Environment(
    loader=jinja2.FileSystemLoader([HERE / "elements" / "templates", HERE / "dashboard" / "templates"]),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_STATIC = {
    path.name: path
    for folder in ("static", "fonts")
    for path in sorted((HERE / "elements" / folder).glob("*.*"))
    if not path.name.startswith(".")
}
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "font-src 'self'; base-uri 'none'; form-action 'self'"
)


def clock_time(seconds: float) -> str:
    """`09:41:07`, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")


def day_time(seconds: float) -> str:
    """`20 Nov 09:41`, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%d %b %H:%M").lstrip("0")


def words(text: str) -> str:
    """`requires_action` as `Requires action`."""
    return text.replace("_", " ").capitalize()


_FILTERS: dict[str, Callable[..., str]] = {
    "money": shown,
    "clock": clock_time,
    "day": day_time,
    "words": words,
}
_ENV.filters.update(_FILTERS)


def page(template: str, *, framed: bool = False, status: int = 200, **values: Any) -> Response:
    """A page of ours. Only what is made to be framed may be framed by others."""
    ancestors = "" if framed else "; frame-ancestors 'none'"
    headers = {
        "Content-Security-Policy": CSP + ancestors,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return html(_ENV.get_template(template).render(values), status, headers)


def _font_faces() -> bytes:
    """The rules for the fonts that the frontend build has copied beside us; without them the system's faces serve."""
    rule = "@font-face { font-family: %s; src: url(/static/%s); font-weight: 100 900; font-display: swap; }"
    fonts = [(name, path) for name, path in _STATIC.items() if path.suffix == ".woff2"]
    return "\n".join(rule % (path.stem.capitalize(), name) for name, path in fonts).encode()


def static(name: str) -> Response:
    """One of the files in elements/static and elements/fonts."""
    path = _STATIC.get(name)
    if path is None:
        return json({"error": f"no file {name[:80]!r}"}, 404)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    keep = "max-age=86400" if path.suffix == ".woff2" else "no-cache"
    headers = {"Cache-Control": keep, "X-Content-Type-Options": "nosniff"}
    body = path.read_bytes() + (_font_faces() if name == "tokens.css" else b"")
    return Response(200, body, f"{kind}; charset=utf-8" if kind.startswith("text/") else kind, headers)
