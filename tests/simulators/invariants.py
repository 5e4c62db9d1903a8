"""What `bottega verify` finds wrong with a database that has come to rest: nothing may be missing for a moment any more."""

from datetime import timedelta
from typing import Any

from bottega.entrypoints.verify import Scope, run


async def broken(database_url: str) -> dict[str, tuple[dict[str, Any], ...]]:
    """The invariants that don't hold, with rows at fault (or why they could not be asked)."""
    report = await run(database_url, scope=Scope(lag=timedelta()))
    return {each.name: each.rows or ({"error": each.error},) for each in report.broken}
