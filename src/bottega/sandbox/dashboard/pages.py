"""Gathers what each page of the dashboard shows. Changes nothing: its buttons post to /_sandbox (controls.py)."""

from typing import Any

from bottega.sandbox import events
from bottega.sandbox.currencies import exponent, shown
from bottega.sandbox.faults import DEFAULT_SECONDS, DESCRIPTIONS, GROUPS, Kind
from bottega.sandbox.store import Doc, books, deliveries
from bottega.sandbox.templates import page
from bottega.sandbox.web import Request, Response, json
from bottega.sandbox.world import World

SHOWN = 60
DELIVERY_STATES = ("PENDING", "HELD", "FAILED", "DELIVERED", "DROPPED", "REFUSED")
METHOD_NAMES = {
    "sepa_debit": "SEPA debit", "us_bank_account": "US bank account", "bacs_debit": "Bacs debit",
    "apple_pay": "Apple Pay", "google_pay": "Google Pay", "paypal": "PayPal",
}  # fmt: skip
FAULT_TITLES = {"calls": "Calls to the API", "webhooks": "Webhooks", "money": "Money"}


def serve(world: World, request: Request) -> Response:
    """A page of the dashboard."""
    if request.method != "GET":
        return json({"error": "only GET here"}, 405)
    match request.path.strip("/").split("/"):
        case [""]:
            return _payments(world)
        case ["payments", name]:
            return _payment(world, name)
        case ["webhooks"]:
            return _webhooks(world, request.argument("state"))
        case ["refunds"]:
            refunds, disputes = world.store.newest("refund", SHOWN), world.store.newest("dispute", SHOWN)
            return _page(world, "refunds.html", "refunds", refunds=refunds, disputes=disputes)
        case ["faults"]:
            return _faults(world)
        case _:
            return _page(world, "missing.html", "", status=404)


def _page(world: World, template: str, here: str, *, status: int = 200, **values: Any) -> Response:
    counts = deliveries.counts(world.store)
    return page(
        template, status=status, here=here, counts=counts, holding=world.store.meta("hold_webhooks") == "1",
        losing=events.is_muted(world.desk(), "next"), next_lost=world.faults.ordered(Kind.WEBHOOK_DROP),
        faults_on=len(world.faults.rules), ahead=world.clock.offset, now=world.clock.time(), **values,
    )  # fmt: skip


def _newest(world: World) -> list[Doc]:
    """Intents, and what was charged without one."""
    bare = [_as_intent(c) for c in world.store.newest("charge", SHOWN) if c["payment_intent"] is None]
    return sorted(world.store.newest("payment_intent", SHOWN) + bare, key=lambda i: -i["created"])[:SHOWN]


def _as_intent(charge: Doc) -> Doc:
    """A charge that has no intent, as if it were one of its own."""
    gone = charge.get("_voided")
    status = "canceled" if gone else charge["status"] if charge["captured"] else "requires_capture"
    return charge | {
        "status": charge["status"] if charge["status"] == "failed" else status, "latest_charge": charge["id"],
        "amount_received": charge["amount_captured"], "last_payment_error": None,
        "capture_method": "automatic" if charge["captured"] else "manual",
    }  # fmt: skip


def _payments(world: World) -> Response:
    intents = _newest(world)
    setups = [s for s in world.store.newest("setup_intent", SHOWN) if s["status"] == "requires_action"]
    methods = {i["id"]: _face(world, i) for i in intents}
    captured = [
        (currency, accounts.get("card_network", 0), accounts.get("holds_network", 0))
        for currency, accounts in books.balances(world.store).items()
    ]
    return _page(
        world, "payments.html", "payments", intents=intents, setups=setups, faces=methods, captured=captured,
        notes={i["id"]: _note(world, i) for i in intents},
        target=world.settings.webhook_url, address=world.store.meta("base_url"),
    )  # fmt: skip


def _note(world: World, intent: Doc) -> str:
    """What happened after it was paid."""
    charge = world.store.get("charge", intent["latest_charge"] or "") or {}
    disputes = world.store.children("dispute", intent["id"]) if charge.get("disputed") else []
    if disputes:
        return f"Dispute {disputes[-1]['status']}" if disputes[-1]["status"] in ("won", "lost") else "Disputed"
    if refunded := charge.get("amount_refunded", 0):
        return f"{shown(refunded, intent['currency'])} refunded"
    return ""


def _face(world: World, intent: Doc) -> str:
    """`visa ·· 4242`, or what else it was paid with."""
    charge = world.store.get("charge", intent["latest_charge"] or "") or {}
    method = world.store.get("payment_method", intent["payment_method"] or "")
    details = method or charge.get("payment_method_details")
    if not details:
        return ""
    kind: str = details["type"]
    face: Doc = details.get(kind) or {}
    name = METHOD_NAMES.get(kind, kind.replace("_", " ").capitalize())
    if wallet := face.get("wallet"):
        name = METHOD_NAMES.get(wallet["type"], name)
    elif kind == "card":
        name = face["brand"].capitalize() + (" debit" if face["funding"] == "debit" else "")
    return f"{name} ·· {face['last4']}" if "last4" in face else name


def _payment(world: World, name: str) -> Response:
    intent = world.store.get("payment_intent", name)
    charge = None if intent else world.store.get("charge", name)
    bare = charge is not None and charge["payment_intent"] is None
    if charge is not None and bare:
        intent = _as_intent(charge)
    if intent is None:
        return _page(world, "missing.html", "payments", status=404)
    store = world.store
    entries = [e for e in books.entries(store, 0, 500, name) if e["account"] in ("card_network", "holds_network")]
    return _page(
        world, "payment.html", "payments", intent=intent, face=_face(world, intent),
        charge=store.get("charge", intent["latest_charge"] or ""), charges=store.children("charge", name),
        refunds=store.children("refund", name), disputes=store.children("dispute", name), entries=entries,
        events=store.children("event", name), deliveries=deliveries.newest(store, 200, subject=name),
        back=f"/payments/{name}", muted=events.is_muted(world.desk(), name),
        verbs=f"{'charges' if bare else 'payment_intents'}/{name}", step=10.0 ** -exponent(intent["currency"]),
    )  # fmt: skip


def _webhooks(world: World, state: str) -> Response:
    state = state if state in DELIVERY_STATES else ""
    endpoints = world.store.children("webhook_endpoint", "endpoints")
    return _page(
        world, "webhooks.html", "webhooks", deliveries=deliveries.newest(world.store, SHOWN, state), state=state,
        states=DELIVERY_STATES, endpoints=[e for e in endpoints if e["url"]],
        back=f"/webhooks?state={state}" if state else "/webhooks",
    )  # fmt: skip


def _faults(world: World) -> Response:
    return _page(
        world, "faults.html", "faults", plan=world.faults, texts=DESCRIPTIONS, seconds=DEFAULT_SECONDS,
        groups=[(FAULT_TITLES[name], kinds) for name, kinds in GROUPS.items()],
    )  # fmt: skip
