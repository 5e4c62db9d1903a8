"""Work that goes on right after an answer was sent. It is a shortcut, never the only way: a sweep finds what is left."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from bottega.infra.telemetry import logger
from bottega.kit.errors import DomainError

_log = logger("after")
_running: set[asyncio.Task[None]] = set()


def under_way() -> int:
    """How much of it this process has not done yet; who can leave more of it to the sweep asks first."""
    return len(_running)


def follow(work: Coroutine[Any, Any, Any]) -> None:
    """Start the work now without waiting for it; what fails is logged and left for the sweep."""

    async def guarded() -> None:
        try:
            await work
        except DomainError as error:
            _log.warning("left for the sweep", code=error.code, detail=error.detail)
        except Exception as error:
            _log.error("left for the sweep", error=repr(error), exc_info=error)

    task = asyncio.create_task(guarded())
    _running.add(task)
    task.add_done_callback(_running.discard)
