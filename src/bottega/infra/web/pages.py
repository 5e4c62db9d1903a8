"""The HTML side of the web edge: templates, the assets' hashed names, and the headers every page is sent with.

Lives here: `Views`, with which a slice renders the templates that lie beside it on top of the shared layout and macros;
the content policy. Not here: what a page says and shows (the slices), words (`i18n.py`), forms and refusals of pages
(`forms.py`). What must stay true: templates escape everything and fail on an unknown name; no inline script and no
inline style anywhere, so the policy needs no nonce; a foreign origin gets into the policy only on the page that asked.
"""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, FunctionLoader, StrictUndefined
from litestar import MediaType, Request, Response

from bottega.infra.web.i18n import LANGUAGES, Translator, choose, translator
from bottega.infra.web.icons import icon
from bottega.infra.web.illustrations import illustration

HERE = Path(__file__).parent
STATIC = HERE / "static"
STATIC_PATH = "/static"
LANGUAGE_COOKIE = "bottega_lang"


class AssetsMissing(RuntimeError):
    """The browser's files were not built; `make` builds them."""


@lru_cache(maxsize=1)
def manifest() -> Mapping[str, str]:
    """The build's list of asset names and their hashed files."""
    try:
        return json.loads((STATIC / "manifest.json").read_text("utf-8"))
    except FileNotFoundError as error:
        raise AssetsMissing(f"{STATIC / 'manifest.json'} is not there: build the browser's files first") from error


def asset(name: str) -> str:
    """The address of a built file. Raises `KeyError` for one that the build does not know."""
    return f"{STATIC_PATH}/{manifest()[name]}"


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """How one answer is sent, apart from its content."""

    status: int = 200
    script_origins: tuple[str, ...] = ()
    """Foreign origins whose script and frames this page may load."""
    cache: str = "private, no-cache"
    headers: dict[str, str] = msgspec.field(default_factory=dict[str, str])


PLAIN = Look()


def content_policy(origins: tuple[str, ...] = ()) -> str:
    """The Content-Security-Policy of a page that may load scripts and frames of these origins beside its own."""
    foreign = "".join(f" {origin}" for origin in origins)
    frames = foreign or " 'none'"
    return (
        f"default-src 'none'; script-src 'self'{foreign}; style-src 'self'; font-src 'self'; img-src 'self' data:; "
        f"connect-src 'self'{foreign}; frame-src{frames}; manifest-src 'self'; worker-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def page_headers(look: Look) -> dict[str, str]:
    """The headers a page is sent with."""
    return {
        "Content-Security-Policy": content_policy(look.script_origins),
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": look.cache,
        "Vary": "Accept-Language, Cookie, HX-Request",
        **look.headers,
    }


def speaks(request: Request[Any, Any, Any]) -> Translator:
    """The reader's translator: `?lang=`, else the cookie that an earlier choice left, else what the browser says."""
    wanted = request.query_params.get("lang", "") or request.cookies.get(LANGUAGE_COOKIE, "")
    return translator(choose(request.headers.get("accept-language", ""), wanted))


def wants_fragment(request: Request[Any, Any, Any]) -> bool:
    """Whether htmx asked for a part of the page (a boosted or restored whole page is not a part)."""
    headers = request.headers
    return (
        headers.get("hx-request") == "true"
        and headers.get("hx-boosted") != "true"
        and headers.get("hx-history-restore-request") != "true"
    )


def _beside(root: Path) -> FunctionLoader:
    """Templates of the slices under a root by `slice/name.html`, so that one may show what a lower one knows to show."""

    def find(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        slice_name, slash, rest = name.partition("/")
        path = root / slice_name / "templates" / rest
        if not slash or ".." in name or not path.is_file():
            return None
        return path.read_text("utf-8"), str(path), lambda: True

    return FunctionLoader(find)


class Views:
    """The templates of one slice (the `templates/` folder beside its `pages`), of those below it, and the shared."""

    def __init__(self, pages_file: str | None = None) -> None:
        folders: list[BaseLoader] = [FileSystemLoader(HERE / "templates")]
        if pages_file is not None:
            here = Path(pages_file).parent
            here = here.parent if here.name == "pages" else here
            folders = [FileSystemLoader(here / "templates"), *folders, _beside(here.parent)]
        self._environment = Environment(
            loader=ChoiceLoader(folders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def html(self, request: Request[Any, Any, Any], template: str, values: Mapping[str, Any]) -> str:
        """The template as text, for one reader."""
        t = speaks(request)
        state = request.scope.get("state", {})
        frame = {
            "asset": asset,
            "icon": icon,
            "art": illustration,
            "languages": LANGUAGES,
            "t": t,
            "money": t.money,
            "delta": t.delta,
            "csrf_token": state.get("form_token", ""),
            "here": request.url.path,
            "fragment": wants_fragment(request),
        }
        return self._environment.get_template(template).render({**frame, **values})

    def page(
        self, request: Request[Any, Any, Any], template: str, values: Mapping[str, Any], look: Look = PLAIN
    ) -> Response[str]:
        """The template as an answer with all headers. Keeps a language chosen with `?lang=` in a cookie."""
        response = Response(
            self.html(request, template, values),
            status_code=look.status,
            media_type=MediaType.HTML,
            headers=page_headers(look),
        )
        wanted = request.query_params.get("lang", "")
        if wanted in LANGUAGES:
            response.set_cookie(LANGUAGE_COOKIE, wanted, max_age=365 * 86400, samesite="lax", httponly=True, path="/")
        return response


_SHARED = Views()
_KNOWN = (400, 403, 404, 429, 500, 503)


def error_page(request: Request[Any, Any, Any], status: int, request_id: str = "") -> Response[str]:
    """The page for a refusal or a failure, in the reader's words and without any private detail."""
    kind = status if status in _KNOWN else 500 if status >= 500 else 400
    return _SHARED.page(request, "error.html", {"kind": kind, "request_id": request_id}, Look(status=status))
