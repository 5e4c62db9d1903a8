"""The provider's API under /v1: who asks, which verb, which fault strikes, what the key remembers, what is answered.

The order matters: a key is claimed before any fault that takes time, so that a retry meanwhile finds it in use; the
verb and the stored answer share one transaction, so that a crash keeps both or neither.
"""

import asyncio
import base64
from dataclasses import dataclass, replace

import msgspec

from bottega.sandbox import accepted
from bottega.sandbox.desk import API_VERSION, KINDS, PLATFORM, Desk, expand
from bottega.sandbox.faults import Kind
from bottega.sandbox.idempotency import fingerprint_of
from bottega.sandbox.ids import new_id
from bottega.sandbox.params import Params, decode
from bottega.sandbox.problems import Doc, Refused, invalid, not_found, unauthorized
from bottega.sandbox.routes import FOR_BROWSERS, Verb, match
from bottega.sandbox.store import public
from bottega.sandbox.web import Request, Response
from bottega.sandbox.world import World

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Stripe-Version, Stripe-Account",
}


@dataclass(slots=True)
class Call:
    """One call on its way: what was asked, by whom, and what it will be remembered by."""

    request: Request
    verb: Verb
    names: tuple[str, ...]
    params: Params
    desk: Desk
    browser: bool
    request_id: str
    fingerprint: str


async def serve(world: World, request: Request) -> Response:
    """Answer one call. Never raises a refusal; a fault may keep the client waiting until it hangs up."""
    request_id = new_id("req")
    if request.method == "OPTIONS":
        return Response(204, headers=dict(CORS))
    try:
        call = _understand(world, request, request_id)
        return await _with_key(world, call)
    except Refused as refusal:
        return _answer(refusal.status, msgspec.json.encode({"error": refusal.error}), request_id)


def _understand(world: World, request: Request, request_id: str) -> Call:
    browser = _authenticate(world, request)
    route, verb, names = match(request.method, request.path)
    params = Params(decode(request.query.encode() if request.method == "GET" else request.body))
    accepted.check(route, params.tree)
    account = request.headers.get("stripe-account") or PLATFORM
    if browser:
        account = _check_browser(world, verb, names, params, account)
    desk = world.desk(account)
    desk.request_id, desk.key = request_id, request.headers.get("idempotency-key")
    fingerprint = fingerprint_of(request.method, request.path, params.tree)
    return Call(request, verb, names, params, desk, browser, request_id, fingerprint)


def _authenticate(world: World, request: Request) -> bool:
    """Whether it is a browser's (publishable) key; refused when it is no key of ours."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode().partition(":")[0]
        except ValueError:
            given = ""
    elif scheme.lower() != "bearer":
        given = ""
    if not given:
        raise unauthorized("You did not provide an API key. Provide it in the Authorization header (Bearer or Basic).")
    settings = world.settings
    if given.startswith("pk_") and (given == settings.publishable_key or not settings.publishable_key):
        return True
    if given.startswith(("sk_", "rk_")) and (given == settings.secret_key or not settings.secret_key):
        return False
    raise unauthorized(f"Invalid API Key provided: {given[:8]}****{given[-4:]}", "api_key_invalid")


def _check_browser(world: World, verb: Verb, names: tuple[str, ...], params: Params, account: str) -> str:
    """A publishable key may do little, and only with the client secret. Returns whose account it is."""
    if verb not in FOR_BROWSERS:
        raise Refused(
            403, "invalid_request_error", "This API call cannot be made with a publishable API key. Use a secret key.",
            stored=False, code="secret_key_required",
        )  # fmt: skip
    if not names:
        return account
    kind = KINDS.get(names[0].partition("_")[0], "payment_intent")
    secret, intent = params.required("client_secret"), world.store.get(kind, names[0])
    if intent is None or intent.get("client_secret") != secret:
        raise not_found(kind, names[0])
    return world.store.account_of(names[0])


async def _with_key(world: World, call: Call) -> Response:
    key = call.desk.key if call.request.method == "POST" else None
    if key is None:
        return await _with_faults(world, call, None)
    account = call.desk.account
    stored = world.keys.claim(account, key, call.fingerprint, call.desk.now)
    if stored is not None:
        status, body, first = stored
        headers = {"Idempotent-Replayed": "true", "Original-Request": first, "Idempotency-Key": key}
        return _answer(status, body, call.request_id, headers)
    try:
        return await _with_faults(world, call, key)
    finally:
        world.keys.release(account, key)


async def _with_faults(world: World, call: Call, key: str | None) -> Response:
    plan, subject = world.faults, f"{call.request.method} {call.request.path}"
    if call.browser or plan.quiet:
        return _execute(world, call, key)
    if plan.draw(Kind.RATE_LIMIT, subject):
        raise Refused(429, "invalid_request_error", "Request rate limit exceeded.", stored=False, code="rate_limit")
    if plan.draw(Kind.LOCK_TIMEOUT, subject):
        message = "This object cannot be accessed right now because another API request is accessing it."
        raise Refused(429, "invalid_request_error", message, stored=False, code="lock_timeout")
    if plan.draw(Kind.UNAVAILABLE, subject):
        raise Refused(503, "api_error", "The service is temporarily unavailable.", stored=False)
    if rule := plan.draw(Kind.SLOW, subject):
        await asyncio.sleep(rule.seconds)
    if rule := plan.draw(Kind.TIMEOUT_BEFORE, subject):
        return await _silence(call, rule.seconds)
    if plan.draw(Kind.ERROR_BEFORE, subject):
        return _broken(world, call, key)
    after = plan.draw(Kind.ERROR_AFTER, subject)
    response = _execute(world, call, None if after else key)
    if after:
        return _broken(world, call, key)
    if rule := plan.draw(Kind.SLOW_AFTER, subject):
        await asyncio.sleep(rule.seconds)
    if plan.draw(Kind.ANSWER_CUT, subject):
        return replace(response, cut=True)
    if rule := plan.draw(Kind.TIMEOUT_AFTER, subject):
        if key is not None:
            world.keys.release(call.desk.account, key)
        return await _silence(call, rule.seconds)
    return response


async def _silence(call: Call, seconds: float) -> Response:
    try:
        async with asyncio.timeout(seconds):
            await call.request.gone()
    except TimeoutError:
        pass
    return Response(504)


def _broken(world: World, call: Call, key: str | None) -> Response:
    """A 500 of ours. With a key it sticks: the same key gets it again."""
    error = {"type": "api_error", "message": "An unknown error occurred."}
    body = msgspec.json.encode({"error": error})
    if key is not None:
        stored = (500, body, call.request_id)
        world.keys.keep(call.desk.account, key, call.fingerprint, stored, call.desk.now)
    return _answer(500, body, call.request_id)


def _execute(world: World, call: Call, key: str | None) -> Response:
    """The verb and the key's stored answer, in one transaction. A refusal of the parameters undoes everything."""
    desk = call.desk

    def action(desk: Desk) -> tuple[int, bytes]:
        try:
            doc = expand(desk, public(call.verb(desk, call.params, *call.names)), call.params.texts("expand"))
            status, answer = 200, _for_browser(doc) if call.browser else doc
        except Refused as refusal:
            if not refusal.stored:
                raise
            status, answer = refusal.status, {"error": refusal.error}
        body = msgspec.json.encode(answer)
        if key is not None:
            world.keys.keep(desk.account, key, call.fingerprint, (status, body, call.request_id), desk.now)
        return status, body

    if call.request.method == "GET":
        status, body = action(desk)
    else:
        status, body = world.work(action, desk)
    headers = {"Idempotency-Key": key} if key else {}
    if version := call.request.headers.get("stripe-version"):
        headers["Stripe-Version"] = version
    return _answer(status, body, call.request_id, headers)


def _for_browser(doc: Doc) -> Doc:
    """What a browser has no business seeing is left out."""
    return {k: v for k, v in doc.items() if k not in ("metadata", "customer", "transfer_data", "application")}


def _answer(status: int, body: bytes, request_id: str, headers: dict[str, str] | None = None) -> Response:
    return Response(
        status, body, headers={"Request-Id": request_id, "Stripe-Version": API_VERSION, **CORS, **(headers or {})}
    )


def refuse_body(request_id: str) -> Response:
    """The body was too large."""
    refusal = invalid("The request body is too large.")
    return _answer(413, msgspec.json.encode({"error": refusal.error}), request_id)
