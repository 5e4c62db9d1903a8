"""A connection that answers in time or is lost.

A network that swallows everything sends no reset, and keepalives are answered by whatever stands in between (a proxy, a
balancer), so silence has to be noticed here. The server ends every statement of ours within 5 seconds; who has heard
nothing for `ANSWER_SECONDS` hangs up, and that looks like any other lost connection: the outcome is *unknown*.
"""

import asyncio
import contextlib
import os
import select
import socket
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

ANSWER_SECONDS = 8.0


class TimelyConnection(AsyncConnection[TupleRow]):
    """As psycopg's, but nothing on it waits longer than `answer_seconds` for the server."""

    answer_seconds = ANSWER_SECONDS

    async def wait(self, *args: Any, **options: Any) -> Any:
        """As psycopg's; hangs up when it takes too long, so the caller sees a connection that the server closed."""
        timer = asyncio.get_running_loop().call_later(self.answer_seconds, self._hang_up)
        try:
            return await super().wait(*args, **options)
        finally:
            timer.cancel()

    @property
    def is_over(self) -> bool:
        """Whether the server has hung up on us while nothing was asked: something can be read though nothing should come.

        A look at the socket, so it costs no question to the server.
        """
        if self.closed or self.broken:
            return True
        line = select.poll()
        line.register(self.pgconn.socket, select.POLLIN)
        return bool(line.poll(0))

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(self.pgconn.socket)) as line:
            line.shutdown(socket.SHUT_RDWR)
