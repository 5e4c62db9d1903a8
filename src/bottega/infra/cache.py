"""A cache in front of the database that knows when it is out of date.

Each value carries a version. It is believed for a short time, then one cheap question asks for the present version, and
only a changed one is loaded again; news from the log drops it at once. Many askers of one key cause one load.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Slot(Generic[V]):
    __slots__ = ("believed_until", "stale", "value", "version")

    def __init__(self, value: V, version: int, believed_until: float) -> None:
        self.value = value
        self.version = version
        self.believed_until = believed_until
        self.stale = False


class VersionedCache(Generic[K, V]):
    """`load(key)` gives (value, version); `current(key)` gives the present version. Both may raise: nothing is kept then."""

    def __init__(
        self,
        load: Callable[[K], Awaitable[tuple[V, int]]],
        current: Callable[[K], Awaitable[int | None]],
        *,
        believe_seconds: float = 1.0,
        capacity: int = 5000,
    ) -> None:
        self._load = load
        self._current = current
        self._believe = believe_seconds
        self._capacity = capacity
        self._slots: dict[K, _Slot[V]] = {}
        self._locks: dict[K, asyncio.Lock] = {}

    async def get(self, key: K, *, version: int | None = None) -> V:
        """The value; with `version`, the value of at least that version."""
        slot = self._slots.get(key)
        now = time.monotonic()
        if (
            slot is not None
            and not slot.stale
            and slot.believed_until >= now
            and (version is None or slot.version >= version)
        ):
            return slot.value
        async with self._locks.setdefault(key, asyncio.Lock()):
            slot = self._slots.get(key)
            fresh = slot is not None and not slot.stale and (version is None or slot.version >= version)
            if slot is not None and fresh and slot.believed_until >= time.monotonic():
                return slot.value
            if slot is not None and fresh and await self._current(key) == slot.version:
                slot.believed_until = time.monotonic() + self._believe
                return slot.value
            value, loaded = await self._load(key)
            if len(self._slots) >= self._capacity:
                self._slots.pop(next(iter(self._slots)))
            self._slots[key] = _Slot(value, loaded, time.monotonic() + self._believe)
            return value

    def confirm(self, key: K, version: int) -> None:
        """Somebody has just read that this is the present version: what is kept of it need not be asked about."""
        slot = self._slots.get(key)
        if slot is not None and slot.version == version and not slot.stale:
            slot.believed_until = time.monotonic() + self._believe

    def drop(self, key: K) -> None:
        """The value has changed; load it again before the next use."""
        slot = self._slots.get(key)
        if slot is not None:
            slot.stale = True
