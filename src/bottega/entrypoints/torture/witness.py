"""A witness of the streams: follows each store's queue over every interruption and writes down what it was shown.

The judge compares it with the log: nothing between two positions may be missing, nothing may come twice or go backwards.
"""

import asyncio
from typing import Any

import httpx
import msgspec

from bottega.entrypoints.rush import Wire

Json = dict[str, Any]
_READ = httpx.Timeout(10, read=25)


class Shown(msgspec.Struct):
    """What a stream showed: `first` is where it began, `fresh` where it was told to begin anew (a snapshot)."""

    store_id: str
    first: int = 0
    positions: list[int] = []
    fresh: list[int] = []
    backwards: list[tuple[int, int]] = []


class Witness:
    """Follows one store's queue with a token of its own."""

    def __init__(self, wire: Wire, store_id: str, login: tuple[str, str]) -> None:
        self._wire = wire
        self._login = login
        self._token = ""
        self._position = ""
        self.shown = Shown(store_id)

    async def work(self) -> None:
        """Until cancelled."""
        path = f"{self._wire.plan.url}/v1/stores/{self.shown.store_id}/queue/stream"
        while True:
            if not self._token:
                login, password = self._login
                body = {"login": login, "password": password}
                signed = await self._wire.call("login", "POST", "/v1/login", body=body)
                self._token = signed.body["access_token"] if signed.good else ""
            headers = {"authorization": f"Bearer {self._token}", "accept": "text/event-stream"}
            if self._position:
                headers["last-event-id"] = self._position
            try:
                async with self._wire.http.stream("GET", path, headers=headers, timeout=_READ) as answer:
                    if answer.status_code == 401:
                        self._token = ""
                    elif answer.status_code == 200:
                        await self._read(answer)
            except httpx.HTTPError:
                self._wire.tally.counts["streams lost"] += 1
            await asyncio.sleep(0.2)

    async def _read(self, answer: httpx.Response) -> None:
        position, event = 0, ""
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "id":
                position = int(value)
            elif name == "event":
                event = value
            elif name == "data":
                self._take(position, event)

    def _take(self, position: int, event: str) -> None:
        shown = self.shown
        last = int(self._position or 0)
        self._position = str(position)
        if event == "snapshot":
            shown.first = shown.first or position
            shown.fresh.append(position)
        elif event == "ticket":
            if position <= last:
                shown.backwards.append((last, position))
            shown.positions.append(position)
