"""Events: what happened, as a snapshot of the object at that moment, kept thirty days and sent to every endpoint.

`emit` is the one way to make one. Here the fault plan decides what becomes of each delivery; sending is the work of
webhooks.py. An event is an object like the others (list, retrieve).
"""

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from bottega.sandbox.desk import API_VERSION, EVENTS_KEPT, PLATFORM, Desk, created, listing, subject_of
from bottega.sandbox.faults import Kind
from bottega.sandbox.ids import new_id
from bottega.sandbox.params import Params
from bottega.sandbox.problems import invalid, not_found
from bottega.sandbox.store import Doc, deliveries, public
from bottega.sandbox.store.deliveries import NewDelivery


def emit(desk: Desk, kind: str, doc: Doc, previous: Doc | None = None) -> Doc:
    """Record that `kind` happened to the object; deliveries are queued in the same transaction."""
    data: Doc = {"object": public(doc)}
    if previous:
        data["previous_attributes"] = previous
    endpoints = [e for e in desk.store.children("webhook_endpoint", "endpoints") if _wants(e, kind)]
    event = created(
        desk,
        new_id("evt"),
        "event",
        api_version=API_VERSION,
        data=data,
        pending_webhooks=len(endpoints),
        type=kind,
        request={"id": desk.request_id, "idempotency_key": desk.key},
    )
    if desk.account != PLATFORM:
        event["account"] = desk.account
    _keep(desk, event, subject_of(doc), endpoints)
    if endpoints and desk.faults.draw(Kind.WEBHOOK_TWIN, kind):
        _keep(desk, {**event, "id": new_id("evt")}, subject_of(doc), endpoints)
    return event


def _keep(desk: Desk, event: Doc, subject: str, endpoints: list[Doc]) -> None:
    desk.save(event, parent=subject)
    for endpoint in endpoints:
        _queue(desk, event, endpoint["id"], subject)


def _wants(endpoint: Doc, kind: str) -> bool:
    wanted: list[str] = endpoint["enabled_events"]
    return endpoint["status"] == "enabled" and ("*" in wanted or kind in wanted)


def _queue(desk: Desk, event: Doc, endpoint: str, subject: str) -> None:
    kind, plan = event["type"], desk.faults
    new = NewDelivery(event["id"], kind, subject, endpoint, desk.clock.time(), lane=subject)
    if _muted(desk, kind, subject):
        queue(desk, replace(new, state="DROPPED", note="lost by hand"))
        return
    if plan.draw(Kind.WEBHOOK_DROP, kind):
        queue(desk, replace(new, state="DROPPED", note="fault: dropped"))
        return
    if rule := plan.draw(Kind.WEBHOOK_REORDER, kind):
        # A lane of its own lets later events overtake this one.
        spread = plan.roll(Kind.WEBHOOK_REORDER, -plan.injected[Kind.WEBHOOK_REORDER])
        new = replace(new, lane="", at=new.at + spread * rule.seconds, note="fault: reordered")
    if rule := plan.draw(Kind.WEBHOOK_DELAY, kind):
        new = replace(new, lane="", at=new.at + rule.seconds, note="fault: delayed")
    queue(desk, new)
    if plan.draw(Kind.WEBHOOK_DUPLICATE, kind):
        queue(desk, replace(new, lane="", note="fault: duplicate"))
    if plan.draw(Kind.WEBHOOK_FORGE, kind):
        variant = FORGERIES[plan.injected[Kind.WEBHOOK_FORGE] % len(FORGERIES)]
        queue(desk, replace(new, lane="", note=f"forged: {variant}"))


def mute(desk: Desk, subject: str, on: bool = True) -> None:
    """Lose every webhook about one payment; `next`: about the one whose fate is decided next."""
    desk.store.set_meta(f"mute:{subject}", "1" if on else "")


def is_muted(desk: Desk, subject: str) -> bool:
    """Whether that is so."""
    return desk.store.meta(f"mute:{subject}") == "1"


def _muted(desk: Desk, kind: str, subject: str) -> bool:
    if kind in _DECIDE and is_muted(desk, "next") and not _had_charge(desk, subject):
        mute(desk, "next", on=False)
        mute(desk, subject)
    return is_muted(desk, subject)


def _had_charge(desk: Desk, subject: str) -> bool:
    """The payment's fate was being decided before somebody said `next`: a debit on its way."""
    return any(event["type"] == "charge.pending" for event in desk.store.children("event", subject)[:-1])


_DECIDE = frozenset({"charge.succeeded", "charge.pending", "charge.failed"})
FORGERIES = ("wrong_secret", "no_signature", "v0_only", "stale", "future", "tampered", "truncated")


def queue(desk: Desk, new: NewDelivery) -> int:
    """Add a delivery. Those in one lane go one after the other; while webhooks are held back it is held too."""
    now = desk.clock.time()
    if new.state == "PENDING" and desk.store.meta("hold_webhooks") == "1" and not new.note.startswith("forged"):
        new = replace(new, state="HELD")
    number = deliveries.add(desk.store, new, now)
    desk.touched_webhooks.append(number)
    return number


def retrieve(desk: Desk, params: Params, name: str) -> Doc:
    """An event not older than thirty days."""
    event = desk.find("event", name)
    if event["created"] < desk.now - EVENTS_KEPT:
        raise not_found("event", name)
    return event | {"pending_webhooks": _undelivered(desk, event)}


def _undelivered(desk: Desk, event: Doc) -> int:
    return deliveries.undelivered(desk.store, subject_of(event["data"]["object"]), event["id"])


def list_all(desk: Desk, params: Params) -> Doc:
    """Newest first, filtered by `type` (with a `*` if need be), `types[]`, `created` and `delivery_success`."""
    types = params.texts("types")
    if one := params.text("type"):
        if types:
            raise invalid("You may only specify one of: type, types.", "types")
        types = [one]
    exact, groups = frozenset(types), [kind for kind in types if "*" in kind]
    success = params.flag("delivery_success") if params.text("delivery_success") else None

    def keep(event: Doc) -> bool:
        kind = event["type"]
        if types and kind not in exact and not any(fnmatchcase(kind, group) for group in groups):
            return False
        return success is None or success == (_undelivered(desk, event) == 0)

    found = listing(desk, "event", params, "/v1/events", keep if types or success is not None else None)
    for event in found["data"]:
        event["pending_webhooks"] = _undelivered(desk, event)
    return found


def snapshot(before: Doc, after: Doc) -> dict[str, Any]:
    """What changed between two states of a document, as `previous_attributes` shows it."""
    return {k: v for k, v in public(before).items() if after.get(k) != v}
