"""The page on which people choose a store. What a store's own pages show is for the slices above."""

from typing import Any

from litestar import Response

from bottega.domains.merchants import rules, store
from bottega.infra.web.context import context
from bottega.infra.web.forms import shows
from bottega.infra.web.pages import Views
from bottega.infra.web.problem import AnyRequest
from bottega.kit.clock import utc_now

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


HANDLERS = [stores]
