"""The least that can answer: a bare ASGI application that sends the same bytes, on the same server with the same options."""

import asyncio
import os
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from bottega.entrypoints.web import listen, server_config

BODY, PORT = "BOTTEGA_BENCH_BODY", "BOTTEGA_BENCH_PORT"


def make(body: bytes) -> Any:
    """The application."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]

    async def app(scope: Any, _: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body, "more_body": False})

    return app


def main() -> None:
    """The process."""
    config = server_config(make(Path(os.environ[BODY]).read_bytes()))
    config.lifespan = "off"
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve([listen("127.0.0.1", int(os.environ[PORT]))]))


if __name__ == "__main__":
    main()
