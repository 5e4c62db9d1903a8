"""The pages on which people choose a store: customers at `/`, managers at `/manage`.

What a store's own pages show is for the slices above; the frame of the manager's pages is here, because all of them stand
in it: `templates/manage_layout.html` with what `merchants.workplace` says.
"""

from typing import Any

from litestar import Response

from bottega.domains.merchants import rules, store
from bottega.domains.merchants.actions import managed
from bottega.infra.web.context import context
from bottega.infra.web.forms import see_other, shows, visitor
from bottega.infra.web.pages import Look, Views
from bottega.infra.web.problem import AnyRequest
from bottega.kit.clock import utc_now
from bottega.kit.errors import Unauthenticated
from bottega.kit.subject import SubjectKind

_MOST = 100
_VIEWS = Views(__file__)


@shows("/")
async def stores(request: AnyRequest) -> Response[Any]:
    """The stores of the installation's first merchant: are they open, how long do they take."""
    database, now = context(request).database, utc_now()
    async with database.read(None) as tx:
        homes = await store.merchant_homes(tx)
    merchant, places = None, []
    if homes:
        async with database.read(homes[0].merchant_id) as tx:
            merchant = await store.find_merchant(tx, homes[0].merchant_id)
            places = await store.list_stores(tx, 0, _MOST)
    entries = [
        {"store": place, "opening": rules.opening(place, now), "ready": rules.ready_minutes(place, now)}
        for place in places
    ]
    return _VIEWS.page(request, "stores.html", {"merchant": merchant, "stores": entries, "now": now})


@shows("/manage")
async def manage(request: AnyRequest) -> Response[Any]:
    """The stores that somebody manages; who manages one goes straight to its orders."""
    subject = await visitor(request)
    if subject.kind is not SubjectKind.STAFF:
        raise Unauthenticated
    async with context(request).database.read(subject.merchant_id) as tx:
        places = await managed(tx, subject)
    if len(places) == 1:
        return see_other(f"/manage/stores/{places[0].shown_id}/orders")
    return _VIEWS.page(request, "manage.html", {"stores": places}, Look(cache="no-store"))


HANDLERS = [stores, manage]
