"""`/v1/…/search`: newest first, a page at a time, what a query (query.py) asks for.

At Stripe a change may take a minute to be found, and longer on a bad day; here it is found at once, unless the fault
`search_late` hides what is younger. A program must not read back its own writes this way.
"""

import base64

from bottega.sandbox.desk import Desk, page_size
from bottega.sandbox.faults import Kind
from bottega.sandbox.params import Params
from bottega.sandbox.problems import Doc, invalid
from bottega.sandbox.query import compile_query
from bottega.sandbox.store import Narrow, public

_BITE = 500


def _search(desk: Desk, params: Params, kind: str) -> Doc:
    matches = compile_query(kind, params.required("query"))
    limit = page_size(params)
    counted = "total_count" in params.texts("expand")
    late = desk.faults.draw(Kind.SEARCH_LATE, f"{kind}s")
    youngest = desk.now - int(late.seconds) if late else 1 << 62
    narrow = Narrow(kind, desk.account, (0, youngest))
    found: list[tuple[int, Doc]] = []
    after, total = _place(params), 0
    while batch := desk.store.page(narrow, after, 0, _BITE):
        after = batch[-1][0]
        fitting = [(place, doc) for place, doc in batch if not doc.get("_deleted") and matches(doc)]
        total += len(fitting)
        found += fitting[: limit + 1 - len(found)]
        if len(found) > limit and not counted:
            break
    more = len(found) > limit
    answer: Doc = {
        "object": "search_result", "url": f"/v1/{kind}s/search", "has_more": more,
        "next_page": _token(found[limit - 1][0]) if more else None, "data": [public(doc) for _, doc in found[:limit]],
    }  # fmt: skip
    return answer | ({"total_count": total} if counted else {})


def _token(place: int) -> str:
    return base64.urlsafe_b64encode(f"after:{place}".encode()).decode()


def _place(params: Params) -> int:
    page = params.text("page")
    if page is None:
        return 0
    try:
        word, _, place = base64.b64decode(page, b"-_", validate=True).decode("ascii").partition(":")
        if word == "after" and place.isdecimal() and len(place) < 19:
            return int(place)
    except ValueError:
        pass
    raise invalid("Invalid page: give the `next_page` of an earlier answer.", "page")


def intents(desk: Desk, params: Params) -> Doc:
    """Payment intents by amount, created, currency, customer, description, metadata and status."""
    return _search(desk, params, "payment_intent")


def charges(desk: Desk, params: Params) -> Doc:
    """Charges by the same and by the card's face, `disputed` and `refunded`."""
    return _search(desk, params, "charge")


def customers(desk: Desk, params: Params) -> Doc:
    """Customers by created, description, email, metadata, name and phone."""
    return _search(desk, params, "customer")
