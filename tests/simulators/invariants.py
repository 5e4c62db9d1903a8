"""What `bottega verify` finds wrong with a database that has come to rest: nothing may be missing for a moment any more."""

import asyncio
import time
from collections.abc import Container
from datetime import timedelta
from typing import Any

from bottega.entrypoints.verify import INVARIANTS, Scope, run

#: The invariants about money and what is asked of the provider for it.
MONEY = {each.name for each in INVARIANTS if each.group in ("money", "payments", "refunds", "shortages", "operations")}


async def broken(database_url: str) -> dict[str, tuple[dict[str, Any], ...]]:
    """The invariants that don't hold, with rows at fault (or why they could not be asked)."""
    report = await run(database_url, scope=Scope(lag=timedelta()))
    return {each.name: each.rows or ({"error": each.error},) for each in report.broken}


async def come_to_rest(database_url: str, names: Container[str] | None = None, seconds: float = 45.0) -> None:
    """Wait until everything (or what is in `names`) holds in a shop that still runs; fail with what is broken at last."""
    ends = time.monotonic() + seconds
    while found := {
        name: rows for name, rows in (await broken(database_url)).items() if names is None or name in names
    }:
        assert time.monotonic() < ends, f"this stays broken: {found}"
        await asyncio.sleep(0.5)
