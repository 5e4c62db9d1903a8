"""What one piece of work holds in its hands: the store, the clock, the faults, whose account it is, who asked.

Every verb of the provider takes a desk first. Loading, saving and expanding documents lives here; what they mean
doesn't. All work on a desk is synchronous and inside one transaction.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from bottega.sandbox.clock import Clock
from bottega.sandbox.faults import FaultPlan
from bottega.sandbox.params import Params
from bottega.sandbox.problems import invalid, not_found
from bottega.sandbox.store import Doc, Narrow, Store, jobs, public

PLATFORM = "acct_sandbox"
API_VERSION = "2026-10-28.endive"

KINDS: dict[str, str] = {
    "pi": "payment_intent",
    "seti": "setup_intent",
    "ch": "charge",
    "re": "refund",
    "pm": "payment_method",
    "cus": "customer",
    "card": "payment_method",
    "txn": "balance_transaction",
    "dp": "dispute",
    "issfr": "radar.early_fraud_warning",
    "evt": "event",
    "tok": "token",
    "we": "webhook_endpoint",
}
MAX_LIST = 100


@dataclass(slots=True)
class Desk:
    """`request_id` and `key` are those of the call that caused the work, None for what happens by itself."""

    store: Store
    clock: Clock
    faults: FaultPlan
    account: str = PLATFORM
    request_id: str | None = None
    key: str | None = None
    touched_webhooks: list[int] = field(default_factory=list[int])

    @property
    def now(self) -> int:
        """The sandbox's time in whole seconds."""
        return self.clock.now()

    def find(self, kind: str, name: str, param: str = "id") -> Doc:
        """A document of this account; otherwise refused in Stripe's words, with `param` the one that named it."""
        doc = self.store.get(kind, name)
        if doc is None or self.store.account_of(name) != self.account:
            raise not_found(kind, name, param)
        return doc

    def save(self, doc: Doc, parent: str = "") -> None:
        """Keep a document under this account. Give the same parent every time."""
        self.store.put(doc, self.account, parent)

    def later(self, kind: str, target: str, seconds: float) -> None:
        """Have the job of this kind done to the target, `seconds` of sandbox time from now."""
        jobs.add(self.store, self.clock.time() + seconds, kind, target, self.account)


def subject_of(doc: Doc) -> str:
    """Whose story it belongs to: the payment intent if there is one, else the charge, else the object itself.

    Charges, refunds, disputes and their balance transactions are children of it; deliveries about it keep their order.
    """
    return (
        doc["id"] if doc["object"] == "payment_intent" else doc.get("payment_intent") or doc.get("charge") or doc["id"]
    )


def created(desk: Desk, name: str, kind: str, /, **fields: Any) -> Doc:
    """A new document with what every Stripe object begins with."""
    return {"id": name, "object": kind, "created": desk.now, "livemode": False, **fields}


def page_size(params: Params) -> int:
    """How many a list or a search shows: `limit`, ten when it isn't sent."""
    limit = params.integer("limit")
    if limit is None:
        return 10
    if limit < 1:
        raise invalid("This value must be greater than or equal to 1.", "limit", "parameter_invalid_integer")
    if limit > MAX_LIST:
        message = f"This value must be less than or equal to {MAX_LIST} (it currently is '{limit}')."
        raise invalid(message, "limit", "parameter_invalid_integer")
    return limit


def listing(desk: Desk, kind: str, params: Params, url: str, keep: Callable[[Doc], bool] | None = None) -> Doc:
    """A Stripe list, newest first: `limit`, `starting_after`, `ending_before`, `created[...]` and equality filters.

    Filters are read from `FILTERS`, and `keep` may ask for more; rows that don't match are skipped while walking, so
    `has_more` is exact.
    """
    limit = page_size(params)
    wanted = {name: value for name in FILTERS.get(kind, ()) if (value := params.text(name))}
    parent = wanted.get("customer" if kind == "payment_method" else "payment_intent", "")
    narrow = Narrow(kind, desk.account, _created_bounds(desk, kind, params), parent)
    after, before = _cursor(desk, params, kind, "starting_after"), _cursor(desk, params, kind, "ending_before")
    if after and before:
        raise invalid("You cannot use both starting_after and ending_before.", "ending_before")
    found: list[Doc] = []
    # One more than is shown tells whether there are more; a filter may skip many, so then take larger bites.
    bite = 200 if wanted or keep else limit + 1
    while len(found) <= limit:
        batch = desk.store.page(narrow, after, before, bite)
        for place, doc in batch:
            after, before = (after, place) if before else (place, before)
            if all(doc.get(name) == value for name, value in wanted.items()) and (keep is None or keep(doc)):
                found.append(doc)
        if len(batch) < bite:
            break
    data = [public(doc) for doc in found[:limit]]
    if params.text("ending_before"):
        data.reverse()
    return {"object": "list", "url": url, "has_more": len(found) > limit, "data": data}


FILTERS: dict[str, tuple[str, ...]] = {
    "payment_intent": ("customer",),
    "setup_intent": ("customer", "payment_method"),
    "charge": ("customer", "payment_intent", "transfer_group"),
    "refund": ("charge", "payment_intent"),
    "dispute": ("charge", "payment_intent"),
    "radar.early_fraud_warning": ("charge", "payment_intent"),
    "payment_method": ("allow_redisplay", "customer", "type"),
    "customer": ("email",),
    "balance_transaction": ("type", "currency", "source"),
}
EVENTS_KEPT = 30 * 86_400


def _cursor(desk: Desk, params: Params, kind: str, name: str) -> int:
    cursor = params.text(name)
    if cursor is None:
        return 0
    place = desk.store.place(cursor)
    if not place:
        raise not_found(kind, cursor, name)
    return place


def _created_bounds(desk: Desk, kind: str, params: Params) -> tuple[int, int]:
    low, high = (desk.now - EVENTS_KEPT if kind == "event" else 0), 1 << 62
    if "created" not in params:
        return low, high
    if isinstance(params.tree["created"], str):
        exact = params.integer("created") or 0
        return max(low, exact), exact
    table = params.table("created")
    for name, shift in (("gte", 0), ("gt", 1)):
        value = table.integer(name) if table else None
        low = low if value is None else max(low, value + shift)
    for name, shift in (("lte", 0), ("lt", -1)):
        value = table.integer(name) if table else None
        high = high if value is None else min(high, value + shift)
    return low, high


def expand(desk: Desk, doc: Doc, paths: list[str]) -> Doc:
    """Replace ids by their documents along each dotted path (`latest_charge.balance_transaction`, `data.charge`)."""
    for path in paths:
        _expand(desk, doc, path.split("."), path)
    return doc


def _expand(desk: Desk, doc: Doc, steps: list[str], path: str) -> None:
    if len(steps) > 4:
        raise invalid("You can expand up to four levels deep.", "expand")
    name, rest = steps[0], steps[1:]
    if name == "data" and doc.get("object") in ("list", "search_result"):
        for item in doc["data"]:
            if rest:
                _expand(desk, item, rest, path)
        return
    if doc.get("object") == "charge" and name == "refunds":
        found = [r for r in desk.store.children("refund", subject_of(doc)) if r["charge"] == doc["id"]]
        url = f"/v1/charges/{doc['id']}/refunds"
        doc["refunds"] = {"object": "list", "url": url, "has_more": False, "data": [public(r) for r in found[::-1]]}
        return
    if name not in doc:
        raise invalid(f"This property cannot be expanded ({path}).", "expand")
    value = doc[name]
    if isinstance(value, str):
        loaded = desk.store.get(KINDS.get(value.split("_")[0], ""), value)
        if loaded is None:
            raise invalid(f"This property cannot be expanded ({path}).", "expand")
        doc[name] = value = public(loaded)
    if rest and isinstance(value, dict):
        _expand(desk, cast("Doc", value), rest, path)
