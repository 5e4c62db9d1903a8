"""Sending events: signed as Stripe signs, tried again with back-off, in order about one payment when nothing is amiss.

Also the endpoints (where to, which events, which secret). What becomes of a delivery by fault is decided in events.py;
a person holds, drops and repeats them through the verbs here.
"""

import asyncio
import hashlib
import hmac
import re
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from heapq import heappop, heappush

import msgspec

from bottega.sandbox.desk import Desk, created, listing
from bottega.sandbox.ids import new_id, token
from bottega.sandbox.params import Params
from bottega.sandbox.problems import Doc, invalid, missing_param
from bottega.sandbox.store import deliveries
from bottega.sandbox.transport import Transport

BACKOFF = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 240.0)
TIMEOUT = 10.0
AT_ONCE = 16
EVENT_NAME = re.compile(r"(v1\.)?[a-z0-9_]+(\.[a-z0-9_]+)+")
FORGED_ID = "evt_forged"


def signature(secret: str, at: int, body: bytes, scheme: str = "v1") -> str:
    """The `Stripe-Signature` header: HMAC-SHA256 over `at.body`."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},{scheme}={digest}"


def forge(variant: str, secret: str, at: int, body: bytes) -> tuple[bytes, str]:
    """A body and header that must be refused, each for a reason of its own."""
    other = msgspec.json.decode(body)
    other["id"] = f"{FORGED_ID}_{token(12)}"
    body = msgspec.json.encode(other)
    match variant:
        case "no_signature":
            return body, ""
        case "v0_only":
            return body, signature(secret, at, body, "v0")
        case "stale":
            return body, signature(secret, at - 3600, body)
        case "future":
            return body, signature(secret, at + 86_400, body)
        case "tampered":
            return body.replace(b'"amount":', b'"amount":1', 1) + b" ", signature(secret, at, body)
        case "truncated":
            return body[: len(body) // 2], signature(secret, at, body)
        case _:
            return body, signature("whsec_somebody_else", at, body)


class Sender:
    """Takes due deliveries from the table and posts them: lanes side by side, one lane's deliveries in order."""

    def __init__(self, desk: Callable[[], Desk]) -> None:
        """`desk` gives a fresh desk for each piece of work."""
        self._desk = desk
        self._heap: list[tuple[float, int]] = []
        self._lanes: dict[str, deque[int]] = {}
        self._lane_of: dict[int, str] = {}
        self._busy: set[int] = set()
        self._wake = asyncio.Event()
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._transport = Transport()

    def load(self) -> None:
        """Take up what was pending before a restart."""
        self.notice(deliveries.pending(self._desk().store))

    def notice(self, numbers: list[int]) -> None:
        """These deliveries are new, or may be sent again. Call it after their transaction has committed."""
        store = self._desk().store
        for number in numbers:
            row = deliveries.get(store, number)
            if row is None:
                continue
            lane = row["lane"]
            if self._lane_of.get(number, lane) != lane or row["state"] != "PENDING":
                self._leave(number)
            if row["state"] != "PENDING":
                continue
            if lane and number not in self._lane_of:
                self._lane_of[number] = lane
                self._lanes.setdefault(lane, deque()).append(number)
            if not lane or self._lanes[lane][0] == number:
                heappush(self._heap, (row["next_at"], number))
        self._wake.set()

    def poke(self) -> None:
        """The clock was moved: look again."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                self._wake.clear()
                while self._heap and self._heap[0][0] <= self._desk().clock.time():
                    _, number = heappop(self._heap)
                    if number not in self._busy:
                        self._busy.add(number)
                        task = asyncio.create_task(self._deliver(number))
                        running.add(task)
                        task.add_done_callback(running.discard)
                wait = self._heap[0][0] - self._desk().clock.time() if self._heap else 60.0
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), max(wait, 0.005))
        finally:
            for task in running:
                task.cancel()
            self._transport.close()

    async def _deliver(self, number: int) -> None:
        async with self._gate:
            try:
                await self._attempt(number)
            finally:
                self._busy.discard(number)

    async def _attempt(self, number: int) -> None:
        desk = self._desk()
        row = deliveries.get(desk.store, number)
        if row is None or row["state"] != "PENDING":
            self._leave(number)
            return
        status, answer = await self._post(desk, row["event"], row["endpoint"], row["note"])
        forged, ok = row["note"].startswith("forged"), 200 <= status < 300
        attempts: int = row["attempts"] + 1
        if ok or forged or attempts > len(BACKOFF):
            state = "DELIVERED" if ok else "REFUSED" if forged and status else "FAILED"
            deliveries.finish(desk.store, number, state, attempts, (answer, desk.clock.time()))
            self._leave(number)
        else:
            at = desk.clock.time() + BACKOFF[attempts - 1]
            deliveries.retry(desk.store, number, attempts, (answer, at))
            heappush(self._heap, (at, number))
            self._wake.set()

    async def _post(self, desk: Desk, event: str, endpoint: str, note: str) -> tuple[int, str]:
        # Signed with the world's time: the sandbox's clock may be days ahead, and a shop refuses the future.
        target, doc = desk.store.get("webhook_endpoint", endpoint), desk.store.get("event", event)
        if target is None or doc is None:
            return 0, "no such endpoint"
        body, at = msgspec.json.encode(doc), int(time.time())
        if note.startswith("forged"):
            body, header = forge(note.removeprefix("forged: "), target["secret"], at, body)
        else:
            header = signature(target["secret"], at, body)
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Stripe/1.0 (bottega sandbox)"}
        if header:
            headers["Stripe-Signature"] = header
        try:
            status, answer = await self._transport.post(target["url"], body, headers, TIMEOUT)
        except (OSError, TimeoutError) as problem:
            return 0, f"{type(problem).__name__}: {problem}"[:200]
        return status, f"{status} {answer[:160].decode('utf-8', 'replace')}".strip()

    def _leave(self, number: int) -> None:
        """The delivery no longer keeps those behind it in its lane waiting."""
        lane = self._lane_of.pop(number, None)
        if lane is None:
            return
        waiting = self._lanes[lane]
        was_first = waiting[0] == number
        waiting.remove(number)
        if not waiting:
            del self._lanes[lane]
        elif was_first:
            following = deliveries.get(self._desk().store, waiting[0])
            heappush(self._heap, (following["next_at"] if following else 0.0, waiting[0]))
            self._wake.set()


def change(desk: Desk, number: int, verb: str) -> bool:
    """By hand: hold, deliver, drop, resend or duplicate one delivery. False when there is no such delivery."""
    row = deliveries.get(desk.store, number)
    if row is None:
        return False
    now = desk.clock.time()
    if verb in ("duplicate", "resend"):
        note = f"by hand: {verb}"
        copy = deliveries.NewDelivery(row["event"], row["type"], row["subject"], row["endpoint"], now, note=note)
        desk.touched_webhooks.append(deliveries.add(desk.store, copy, now))
    elif verb == "deliver" or row["state"] in ("PENDING", "HELD"):
        wanted = {"hold": "HELD", "drop": "DROPPED", "deliver": "PENDING"}[verb]
        deliveries.move(desk.store, number, wanted, now)
        desk.touched_webhooks.append(number)
    return True


def hold_all(desk: Desk, hold: bool) -> None:
    """From now on hold every webhook back, or let all held ones go, in their order."""
    desk.store.set_meta("hold_webhooks", "1" if hold else "")
    if not hold:
        desk.touched_webhooks += deliveries.release(desk.store, desk.clock.time())


def create(desk: Desk, params: Params) -> Doc:
    """A new endpoint; its secret is in this answer only."""
    url = params.required("url")
    if not url.startswith(("http://", "https://")):
        raise invalid("Invalid URL: an explicit scheme (such as https) must be provided.", "url", "url_invalid")
    wanted = _wanted(params)
    if not wanted:
        raise missing_param("enabled_events")
    endpoint = created(
        desk, new_id("we"), "webhook_endpoint",
        api_version=params.text("api_version"), application=None, description=params.text("description"),
        enabled_events=wanted,
        metadata=params.metadata(), secret=f"whsec_{token(32)}", status="enabled", url=url,
    )  # fmt: skip
    desk.save(endpoint, parent="endpoints")
    return endpoint


def _wanted(params: Params) -> list[str]:
    wanted = params.texts("enabled_events")
    if wrong := [kind for kind in wanted if kind != "*" and not EVENT_NAME.fullmatch(kind)]:
        raise invalid(f"Invalid enabled_events: {wrong[0][:80]!r} is no event.", "enabled_events")
    return wanted


def ensure(desk: Desk, url: str, secret: str) -> None:
    """The endpoint given by the settings exists, once, with this URL and secret."""
    known = desk.store.get("webhook_endpoint", "we_settings")
    endpoint = known or created(
        desk, "we_settings", "webhook_endpoint",
        api_version=None, application=None, description="From the settings", enabled_events=["*"], metadata={},
    )  # fmt: skip
    endpoint |= {"url": url, "secret": secret, "status": "enabled" if url else "disabled"}
    desk.save(endpoint, parent="endpoints")


def _shown(endpoint: Doc) -> Doc:
    return {key: value for key, value in endpoint.items() if key != "secret"}


def retrieve(desk: Desk, params: Params, name: str) -> Doc:
    """By id, without the secret."""
    return _shown(desk.find("webhook_endpoint", name))


def update(desk: Desk, params: Params, name: str) -> Doc:
    """Its URL, its events, on or off."""
    endpoint = desk.find("webhook_endpoint", name)
    endpoint["url"] = params.text("url") or endpoint["url"]
    endpoint["enabled_events"] = _wanted(params) or endpoint["enabled_events"]
    endpoint["metadata"] = params.metadata(endpoint["metadata"])
    if "description" in params:
        endpoint["description"] = params.text("description")
    if "disabled" in params:
        endpoint["status"] = "disabled" if params.flag("disabled") else "enabled"
    desk.save(endpoint, parent="endpoints")
    return _shown(endpoint)


def delete(desk: Desk, params: Params, name: str) -> Doc:
    """Nothing is sent there any more."""
    desk.find("webhook_endpoint", name)
    desk.store.delete(name)
    return {"id": name, "object": "webhook_endpoint", "deleted": True}


def list_all(desk: Desk, params: Params) -> Doc:
    """Newest first."""
    found = listing(desk, "webhook_endpoint", params, "/v1/webhook_endpoints")
    found["data"] = [_shown(endpoint) for endpoint in found["data"]]
    return found
