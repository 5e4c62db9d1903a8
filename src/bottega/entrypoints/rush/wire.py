"""Calls to the server as a patient client makes them: the same key again while it does not know what became of one.

A lost connection, a 502 to 504 and a 429 mean *not now*; the call is repeated until an answer comes or patience ends. What
the server answers then is counted, and given back.
"""

import asyncio
import random
import time
from typing import Any, cast

import httpx
import msgspec

from bottega.entrypoints.rush.model import Plan
from bottega.entrypoints.rush.tally import Tally

_LATER = frozenset({429, 502, 503, 504})


class GaveUp(Exception):
    """No answer within the plan's patience."""


class Reply(msgspec.Struct, frozen=True):
    """An answer: status, headers, and its JSON (None for no body)."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def good(self) -> bool:
        """Whether it is a success."""
        return self.status < 400


class Wire:
    """The connections of a rush."""

    def __init__(self, plan: Plan, tally: Tally, chooser: random.Random) -> None:
        self.plan = plan
        self.tally = tally
        self._chooser = chooser
        limits = httpx.Limits(max_connections=400, max_keepalive_connections=100)
        self.http = httpx.AsyncClient(timeout=httpx.Timeout(15, pool=60), limits=limits, trust_env=False)

    async def close(self) -> None:
        """Hang up."""
        await self.http.aclose()

    async def call(self, name: str, method: str, path: str, **details: Any) -> Reply:
        """One call, repeated while the server is away. `details`: token, key, body, form, headers, url, expects.

        Refusals are counted under `name` (unless the caller `expects` their status) and given back. Raises `GaveUp`.
        """
        until = time.monotonic() + self.plan.patience
        for attempt in range(1_000_000):
            began = time.perf_counter()
            try:
                answer = await self._send(method, path, details)
            except httpx.HTTPError as error:
                reason, wait = type(error).__name__, 0.2
            else:
                if answer.status_code not in _LATER:
                    self.tally.took(name, time.perf_counter() - began)
                    return self._reply(name, answer, details.get("expects", frozenset()))
                reason, wait = str(answer.status_code), float(answer.headers.get("retry-after", "1"))
            self.tally.counts["retries"] += 1
            if reason == "429":  # asked to be slower, not refused: wait as long as it says, however long that is
                until += wait
                await asyncio.sleep(wait)
                continue
            if time.monotonic() >= until:
                self.tally.failed(name, f"no answer ({reason})")
                raise GaveUp(name)
            await asyncio.sleep(min(wait, 0.1 * 2**attempt, 2.0) * self._chooser.uniform(0.8, 1.2))
        raise AssertionError("unreachable")

    async def _send(self, method: str, path: str, details: dict[str, Any]) -> httpx.Response:
        headers = dict(details.get("headers", {}))
        if details.get("token"):
            headers["authorization"] = f"Bearer {details['token']}"
        if details.get("key"):
            headers["idempotency-key"] = details["key"]
        base = details.get("url", self.plan.url)
        return await self.http.request(
            method, base + path, json=details.get("body"), data=details.get("form"), headers=headers
        )

    def _reply(self, name: str, answer: httpx.Response, expects: frozenset[int]) -> Reply:
        body: Any = None
        if answer.content:
            try:
                body = msgspec.json.decode(answer.content)
            except msgspec.DecodeError:
                body = {"code": "not_json"}
        if answer.status_code >= 400 and answer.status_code not in expects:
            code = cast("dict[str, Any]", body).get("code", "unknown") if isinstance(body, dict) else "unknown"
            self.tally.refused(name, answer.status_code, code)
        if answer.headers.get("idempotency-replayed") == "true":
            self.tally.counts["replays"] += 1
        return Reply(answer.status_code, dict(answer.headers), body)
