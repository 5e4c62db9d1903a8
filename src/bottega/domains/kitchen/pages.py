"""The screens of a store: the shell of the kitchen board (a device app) and the pick-up screen on the wall.

The board needs a sign-in. The wall hangs where everybody sees it and shows numbers to everybody; names it shows only
where somebody of the store has signed in. What the board does is the app's own.
"""

from typing import Any

import msgspec
from litestar import Response, get
from markupsafe import Markup

from bottega.domains.catalog import Shop, Shops
from bottega.domains.kitchen import store
from bottega.domains.kitchen.model import Ticket
from bottega.infra.web.context import context
from bottega.infra.web.forms import shows, visitor
from bottega.infra.web.pages import STATIC, Look, Views, asset, manifest, speaks, wants_fragment
from bottega.infra.web.problem import AnyRequest
from bottega.kit import ids
from bottega.kit.clock import utc_now
from bottega.kit.subject import Subject

_VIEWS = Views(__file__)
_PRIVATE = Look(cache="no-store")
_EVENTS = "snapshot ticket reset"


@shows("/tv/{slug:str}")
async def wall(request: AnyRequest, slug: str) -> Response[Any]:
    """The pick-up screen: almost there, ready."""
    shop = await context(request).part(Shops).by_slug(slug)
    staff = _belongs(await visitor(request), shop)
    async with context(request).database.read(shop.store.merchant_id) as tx:
        tickets = await store.open_tickets(tx, shop.store.store_id)
    values = {
        "store": shop.store,
        "making": [each for each in tickets if _is_wanted(each) and each.order_status != "READY"],
        "ready": [each for each in tickets if _is_wanted(each) and each.order_status == "READY"],
        "names": staff.may("kitchen.work", shop.store.store_id),
        "stream": f"/v1/stores/{ids.show('sto', shop.store.store_id)}/screen/stream",
        "events": _EVENTS,
        "now": utc_now(),
    }
    return _VIEWS.page(request, "wall_parts.html" if wants_fragment(request) else "wall.html", values, _PRIVATE)


@shows("/kitchen/{slug:str}")
async def board(request: AnyRequest, slug: str) -> Response[Any]:
    """The shell of the kitchen board, with what the app has to know at its start."""
    shop, subject = await _at(request, slug)
    place = shop.store
    boot = {
        "store_id": ids.show("sto", place.store_id),
        "store_slug": place.slug,
        "store_name": place.name,
        "locale": speaks(request).locale,
        "currency": place.currency,
        "timezone": place.timezone,
        "csrf_token": request.scope.get("state", {}).get("form_token", ""),
        "staff_name": subject.name,
        "thresholds": {"warn_seconds": place.warn_seconds, "late_seconds": place.late_seconds},
        "static": {name: asset(name) for name in manifest()},
        "login_url": f"/staff/login?next=/kitchen/{place.slug}",
    }
    # "<" is written as an escape, so no text can end the script element.
    written = Markup(msgspec.json.encode(boot).decode().replace("<", "\\u003c"))  # noqa: S704 escaped above
    return _VIEWS.page(request, "board.html", {"boot": written, "store": place}, _PRIVATE)


@get("/kitchen-worker.js", include_in_schema=False, sync_to_thread=True)
def worker() -> Response[bytes]:
    """The board's service worker. Its address never changes, because its scope and its updates hang on it."""
    script = (STATIC / manifest()["board-worker.js"]).read_bytes()
    return Response(script, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


async def _at(request: AnyRequest, slug: str) -> tuple[Shop, Subject]:
    """A store and who works there. Raises `Unauthenticated` (the page leads to the sign-in), `Forbidden`."""
    shop = await context(request).part(Shops).by_slug(slug)
    subject = _belongs(await visitor(request), shop)
    subject.require("kitchen.work", shop.store.store_id)
    return shop, subject


def _belongs(subject: Subject, shop: Shop) -> Subject:
    """The subject; without any grants where the store is another merchant's."""
    same = subject.merchant_id == shop.store.merchant_id
    return subject if same else msgspec.structs.replace(subject, grants=frozenset())


def _is_wanted(ticket: Ticket) -> bool:
    return ticket.closed_at is None and (ticket.paid or ticket.pay_mode == "AT_STORE")


HANDLERS = [wall, board, worker]
