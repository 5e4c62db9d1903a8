"""The provider's own faults during a torture: set in the sandbox, set again when it was killed, counted over its lives."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from bottega.entrypoints.torture.installation import Installation
from bottega.entrypoints.torture.model import Orders

_LOOK_SECONDS = 0.5
_PATH = "/_sandbox/faults"


class _Plan:
    """A new process of the sandbox counts from nothing, and throws the same dice again: it gets others."""

    def __init__(self, http: httpx.AsyncClient, orders: Orders) -> None:
        self._http = http
        self._orders = orders
        self._lives = 0
        self._earlier: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()

    @property
    def injected(self) -> Counter[str]:
        """What was done so far, by kind."""
        return self._earlier + self._seen

    async def look(self) -> None:
        """Count what was done, and set the plan where it begins, or begins again."""
        found: dict[str, Any] = (await self._http.get(_PATH)).raise_for_status().json()
        now = Counter[str](found["injected"])
        if found["rules"] and self._lives and now >= self._seen:
            self._seen = now
            return
        self._earlier, self._seen = self.injected, Counter()
        wanted = {"seed": self._orders.seed + 1000 * self._lives, "rules": self._orders.provider}
        (await self._http.post(_PATH, json=wanted)).raise_for_status()
        self._lives += 1

    async def keep(self) -> None:
        """For ever; a provider that is away is waited for."""
        while True:
            with contextlib.suppress(httpx.HTTPError):
                await self.look()
            await asyncio.sleep(_LOOK_SECONDS)

    async def end(self) -> None:
        """No fault any more, and no webhook held back. The provider may be on its way up."""
        while True:
            with contextlib.suppress(httpx.HTTPError):
                await self.look()
                (await self._http.request("DELETE", _PATH)).raise_for_status()
                (await self._http.post("/_sandbox/webhooks/deliver", json={})).raise_for_status()
                return
            await asyncio.sleep(_LOOK_SECONDS)


@asynccontextmanager
async def provider_faults(made: Installation, orders: Orders) -> AsyncGenerator[Counter[str]]:
    """The provider's own plan for the time of a block; what it did is counted afterwards."""
    injected: Counter[str] = Counter()
    async with httpx.AsyncClient(base_url=made.provider_url, timeout=10, trust_env=False) as http:
        plan = _Plan(http, orders)
        if orders.provider:
            await plan.look()
        keeping = asyncio.create_task(plan.keep()) if orders.provider else None
        try:
            yield injected
        finally:
            if keeping is not None:
                keeping.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await keeping
                await plan.end()
            injected.update(plan.injected)
