"""Serves the script, the frames and the challenge. The challenge's answer is the one change made here."""

from urllib.parse import urlencode, urlsplit

from bottega.sandbox import confirming, setups
from bottega.sandbox.controls import foreign
from bottega.sandbox.desk import KINDS
from bottega.sandbox.params import Params, decode
from bottega.sandbox.problems import Refused
from bottega.sandbox.store import Doc
from bottega.sandbox.templates import page, static
from bottega.sandbox.web import Request, Response, json, redirect
from bottega.sandbox.world import World


def serve(world: World, request: Request) -> Response:
    """Answer under /v3, /elements, /3ds and /static."""
    parts = request.path.strip("/").split("/")
    match request.method, parts:
        case "GET", ["v3"] | ["v3", _]:
            return static("stripe.js")
        case "GET", ["static", name]:
            return static(name)
        case "GET", ["elements", ("card" | "controller") as which]:
            return page("card.html" if which == "card" else "controller.html", framed=True)
        case "GET", ["3ds", name]:
            return _challenge(world, request, name)
        case "POST", ["3ds", name, "answer"] if not foreign(request):
            return _answered(world, request, name)
        case _:
            return json({"error": f"nothing at {request.path}"}, 404)


def _find(world: World, name: str, secret: str) -> Doc | None:
    intent = world.store.get(KINDS.get(name.partition("_")[0], ""), name)
    return intent if intent is not None and secret and intent.get("client_secret") == secret else None


def _challenge(world: World, request: Request, name: str) -> Response:
    secret = request.argument("client_secret")
    intent = _find(world, name, secret)
    if intent is None:
        return page("challenge.html", framed=True, status=404, intent=None, waiting=False, merchant="", last4="",
                    secret="")  # fmt: skip
    method = world.store.get("payment_method", intent["payment_method"] or "") or {}
    return page(
        "challenge.html", framed=True, intent=intent, secret=secret, merchant=world.settings.merchant,
        waiting=intent["status"] == "requires_action", last4=method.get("card", {}).get("last4", "····"),
    )  # fmt: skip


def _answered(world: World, request: Request, name: str) -> Response:
    try:
        params = Params(decode(request.body))
        passed = params.text("outcome", {"complete", "fail"}) == "complete"
        intent = _find(world, name, params.required("client_secret"))
    except Refused as refusal:
        return json({"error": refusal.error}, refusal.status)
    if intent is None:
        return json({"error": "no such payment"}, 404)
    desk = world.desk(world.store.account_of(name))
    kind: str = intent["object"]
    answer = setups.answer_challenge if kind == "setup_intent" else confirming.answer_challenge
    after = world.work(lambda at: answer(at, at.find(kind, name), passed), desk)
    back = after.get("_return_url")
    if not back or params.flag("framed"):
        return json({"status": after["status"]})
    outcome = "succeeded" if after["status"] in ("succeeded", "requires_capture") else "failed"
    query = {kind: name, f"{kind}_client_secret": after["client_secret"], "redirect_status": outcome}
    return redirect(f"{back}{'&' if urlsplit(back).query else '?'}{urlencode(query)}")
