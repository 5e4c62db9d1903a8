"""The hands under /_sandbox: faults, clock, ledger, deliveries, and what a bank or a bored person might do. JSON.

The dashboard's buttons post here too (a form with `back` is answered by a redirect). Nothing here is part of Stripe's
API, and a program under test shouldn't call it; its tests may.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import msgspec

from bottega.sandbox import confirming, direct, disputes, events, faults, intents, ledger, refunds, setups, webhooks
from bottega.sandbox.currencies import exponent
from bottega.sandbox.desk import Desk, subject_of
from bottega.sandbox.params import Params, decode
from bottega.sandbox.problems import Refused
from bottega.sandbox.store import Doc, books, deliveries, public
from bottega.sandbox.store.deliveries import NewDelivery
from bottega.sandbox.web import Request, Response, json, redirect
from bottega.sandbox.world import World

Body = dict[str, Any]
DELIVERY_VERBS = frozenset({"hold", "deliver", "drop", "resend", "duplicate"})


def serve(world: World, request: Request) -> Response:
    """Answer a call under /_sandbox/."""
    parts = request.path.removeprefix("/_sandbox/").strip("/").split("/")
    if foreign(request):
        return json({"error": "other sites may not post here"}, 403)
    try:
        if request.method == "GET":
            return _read(world, request, parts)
        body = _body(request)
        back = body.pop("back", None)
        answer = _change(world, request.method, parts, body)
    except Refused as refusal:
        return json({"error": refusal.error}, refusal.status)
    except (ValueError, TypeError, OverflowError) as problem:
        return json({"error": str(problem)}, 400)
    if answer is None:
        return json({"error": f"nothing at {request.path}"}, 404)
    if isinstance(back, str) and back.startswith("/") and not back.startswith("//"):
        return redirect(back)
    return json(answer)


def foreign(request: Request) -> bool:
    """A page of another site is trying to post through the visitor's browser."""
    origin = request.headers.get("origin", "")
    return request.method != "GET" and bool(origin) and origin.split("://")[-1] != request.headers.get("host", "")


def _body(request: Request) -> Body:
    if not request.body:
        return {}
    if request.headers.get("content-type", "").startswith("application/json"):
        body = msgspec.json.decode(request.body)
        if not isinstance(body, dict):
            raise ValueError("an object is expected")
        return cast("Body", body)
    return decode(request.body)


def _read(world: World, request: Request, parts: list[str]) -> Response:
    limit = min(int(request.argument("limit", "1000")), 10_000)
    match parts:
        case ["health"]:
            return json({"status": "ok", "mail_port": int(world.store.meta("mail_port", "0"))})
        case ["ledger"]:
            after = int(request.argument("after", "0"))
            found = books.entries(world.store, after, limit, request.argument("payment_intent"))
            last = found[-1]["seq"] if found else after
            return json({"entries": found, "next_after": last if len(found) == limit else None,
                         "balances": books.balances(world.store)})  # fmt: skip
        case ["reconciliation"]:
            rows = ledger.totals(world.store, request.argument("after"), limit)
            following = rows[-1]["payment_intent"] if len(rows) == limit else None
            return json({"payments": rows, "next_after": following})
        case ["faults"]:
            return json({**world.faults.as_dict(), "kinds": {str(k): text for k, text in faults.DESCRIPTIONS.items()}})
        case ["clock"]:
            return json({"now": world.clock.time(), "offset": world.clock.offset})
        case ["deliveries"]:
            return json(
                {
                    "deliveries": deliveries.newest(
                        world.store, limit, request.argument("state"), request.argument("subject")
                    )
                }
            )
        case _:
            return json({"error": f"nothing at {request.path}"}, 404)


def _change(world: World, method: str, parts: list[str], body: Body) -> Any:
    match parts:
        case ["faults"]:
            return _faults(world, method, body)
        case ["faults", "next"]:
            return _order(world, body)
        case ["faults", kind]:
            known, rule = faults.rule_of(kind, body)
            return world.set_fault(known, rule)
        case ["clock"]:
            world.advance(float(body.get("advance", 0)))
            return {"now": world.clock.time(), "offset": world.clock.offset}
        case ["reset"]:
            world.work(_reset)
            return {"status": "ok"}
        case ["deliveries", number, verb] if verb in DELIVERY_VERBS and number.isdecimal():
            done = world.work(lambda desk: webhooks.change(desk, int(number), verb))
            return {"status": "ok"} if done else None
        case ["webhooks", ("hold" | "deliver") as verb]:
            world.work(lambda desk: webhooks.hold_all(desk, verb == "hold"))
            return {"status": "ok", "holding": verb == "hold"}
        case ["webhooks", "mute"]:
            subject, on = str(body.get("subject", "next")), str(body.get("on", "1")) not in ("", "0", "False", "false")
            world.work(lambda desk: events.mute(desk, subject, on))
            return {"subject": subject, "muted": on}
        case ["webhooks", "forge"]:
            return _forge(world, body)
        case [_, name, _]:
            return _by_hand(world, (parts[0], parts[2]), name, body)
        case _:
            return None


def _reset(desk: Desk) -> None:
    endpoint = desk.store.get("webhook_endpoint", "we_settings")
    desk.store.wipe()
    if endpoint:
        desk.save(endpoint, parent="endpoints")


def _faults(world: World, method: str, body: Body) -> Doc:
    """`{seed, rules: {kind: probability | {probability, seconds, limit, only}}}`; DELETE: none.

    A form sends `kind[percent]` and `kind[seconds]`.
    """
    if method == "DELETE":
        world.set_faults(world.faults.seed, {})
        return world.faults.as_dict()
    rules = body.get("rules")
    if rules is None:
        rules = {kind: _of_form(fields) for kind, fields in body.items() if isinstance(fields, dict)}
    world.set_faults(int(body.get("seed") or world.faults.seed), faults.rules_of(rules))
    return world.faults.as_dict()


def _of_form(fields: Doc) -> Doc:
    seconds = {"seconds": float(fields["seconds"])} if fields.get("seconds") else {}
    return {"probability": float(fields.get("percent") or 0) / 100, **seconds}


def _order(world: World, body: Body) -> Doc:
    """The next ones of a kind happen for sure: `{kind, times?, seconds?, only?}`. A form's seconds are its own."""
    kind = str(body.get("kind", ""))
    form = body.get(kind)
    seconds = body.get("seconds") or (form.get("seconds") if isinstance(form, dict) else None)
    fields = {"probability": 1.0, "only": str(body.get("only", ""))}
    known, rule = faults.rule_of(kind, {**fields, **({"seconds": float(seconds)} if seconds else {})})
    times = int(body.get("times", 1))
    if not 1 <= times <= 10_000:
        raise ValueError("times: between 1 and 10000")
    world.faults.order(known, rule, times)
    return world.faults.as_dict()


def _forge(world: World, body: Body) -> Doc:
    """Send forged copies of an event: `{event, variant?}`."""

    def action(desk: Desk) -> list[int]:
        event = desk.store.get("event", str(body.get("event", "")))
        if event is None:
            raise ValueError("no such event")
        variants = [str(body["variant"])] if "variant" in body else list(events.FORGERIES)
        for endpoint in desk.store.children("webhook_endpoint", "endpoints"):
            for variant in variants:
                subject = subject_of(event["data"]["object"])
                new = NewDelivery(event["id"], event["type"], subject, endpoint["id"], desk.clock.time())
                events.queue(desk, replace(new, note=f"forged: {variant}"))
        return list(desk.touched_webhooks)

    return {"deliveries": world.work(action)}


ByHand = Callable[[Desk, str, Body], Doc | None]


def _intent(desk: Desk, name: str) -> Doc:
    return desk.find("payment_intent", name)


def _setup(desk: Desk, name: str) -> Doc:
    return desk.find("setup_intent", name)


def _expire(desk: Desk, name: str, body: Body) -> Doc:
    intents.expire_hold(desk, name)
    return _intent(desk, name)


def _amount(desk: Desk, body: Body, kind: str, name: str) -> int | None:
    """`amount` in the minor unit, or a form's `units` in the major one. None: all of it."""
    if not body.get("units"):
        return int(body["amount"]) if body.get("amount") else None
    units, digits = str(body["units"]), exponent(desk.find(kind, name)["currency"])
    whole, _, rest = units.partition(".")
    if not re.fullmatch(r"\d{1,10}", whole, re.ASCII) or not re.fullmatch(rf"\d{{0,{digits}}}", rest, re.ASCII):
        raise ValueError(f"an amount with up to {digits} decimals is expected")
    return int(whole + rest.ljust(digits, "0"))


def _part(desk: Desk, body: Body, kind: str, name: str, param: str) -> Params:
    amount = _amount(desk, body, kind, name)
    return Params({} if amount is None else {param: str(amount)})


def _refund(desk: Desk, name: str, body: Body) -> Doc:
    return refunds.create(desk, Params({"charge": name, **_part(desk, body, "charge", name, "amount").tree}))


BY_HAND: dict[tuple[str, str], ByHand] = {
    ("payment_intents", "expire"): _expire,
    ("payment_intents", "tamper"): lambda desk, name, body: intents.tamper(
        desk, name, int(body["amount"]) if body.get("amount") else None, body.get("currency")
    ),
    ("payment_intents", "complete"): lambda desk, name, _: confirming.answer_challenge(desk, _intent(desk, name), True),
    ("payment_intents", "fail"): lambda desk, name, _: confirming.answer_challenge(desk, _intent(desk, name), False),
    ("setup_intents", "complete"): lambda desk, name, _: setups.answer_challenge(desk, _setup(desk, name), True),
    ("setup_intents", "fail"): lambda desk, name, _: setups.answer_challenge(desk, _setup(desk, name), False),
    ("payment_intents", "capture"): lambda desk, name, body: intents.capture(
        desk, _part(desk, body, "payment_intent", name, "amount_to_capture"), name
    ),
    ("payment_intents", "cancel"): lambda desk, name, _: intents.cancel(desk, Params({}), name),
    ("refunds", "fail"): lambda desk, name, _: refunds.fail(desk, name),
    ("refunds", "succeed"): lambda desk, name, _: refunds.settle(desk, name),
    ("charges", "refund"): _refund,
    ("charges", "cancel"): _refund,
    ("charges", "expire"): lambda desk, name, _: direct.expire(desk, name),
    ("charges", "capture"): lambda desk, name, body: direct.capture(
        desk, _part(desk, body, "charge", name, "amount"), name
    ),
    ("charges", "dispute"): lambda desk, name, body: disputes.open_dispute(
        desk,
        name,
        str(body.get("reason", "fraudulent")),
        _amount(desk, body, "charge", name),
        inquiry=bool(body.get("inquiry")),
    ),
    ("disputes", "escalate"): lambda desk, name, _: disputes.escalate(desk, name),
    ("disputes", "win"): lambda desk, name, _: disputes.settle(desk, name, won=True),
    ("disputes", "lose"): lambda desk, name, _: disputes.settle(desk, name, won=False),
}


def _by_hand(world: World, what: tuple[str, str], name: str, body: Body) -> Doc | None:
    verb = BY_HAND.get(what)
    if verb is None:
        return None
    desk = world.desk(world.store.account_of(name))
    doc = world.work(lambda at: verb(at, name, body), desk)
    return {"status": "nothing to do"} if doc is None else public(doc)
