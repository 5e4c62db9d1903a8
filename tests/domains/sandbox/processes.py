"""A real sandbox process on a free port, and a shop's webhook endpoint that listens to it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import stripe

from tests.simulators import http as clients

SOURCE = Path(__file__).resolve().parents[3] / "src"
SECRET = "whsec_test_secret"
ENVIRON = {**os.environ, "PYTHONPATH": str(SOURCE), "BOTTEGA_SANDBOX_WEBHOOK_SECRET": SECRET}


@dataclass
class Sandbox:
    """A running sandbox and how to reach it."""

    process: subprocess.Popen[str]
    url: str
    mail: tuple[str, int] | None

    @property
    def client(self) -> stripe.StripeClient:
        return self.client_of()

    def client_of(self, account: str | None = None, retries: int = 0) -> stripe.StripeClient:
        return stripe.StripeClient(
            "sk_test_tests", base_addresses={"api": self.url}, stripe_account=account, max_network_retries=retries
        )

    def control(self, path: str, body: Any = None, method: str | None = None) -> Any:
        verb = method or ("GET" if body is None else "POST")
        answer = clients.request(verb, f"{self.url}/_sandbox/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def page(self, path: str) -> str:
        return clients.get(self.url + path, timeout=10).text

    def stop(self, kill: bool = False) -> None:
        self.process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()


def start(*options: str, data: str = ":memory:", port: int = 0) -> Sandbox:
    process = subprocess.Popen(
        [sys.executable, "-m", "bottega.sandbox", "--port", str(port), "--data", data, *options],
        stdout=subprocess.PIPE, env=ENVIRON, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("sandbox ready "), f"no ready line but {line!r}"
    url, *rest = line.split()[2:]
    mail = rest[0].removeprefix("mail=").split(":") if rest else None
    return Sandbox(process, url, (mail[0], int(mail[1])) if mail else None)


@dataclass
class Shop:
    """A webhook endpoint that keeps what it was sent. `answers` are statuses to give first; then 200."""

    server: ThreadingHTTPServer = field(init=False)
    received: list[tuple[bytes, str]] = field(default_factory=list[tuple[bytes, str]])
    answers: list[int] = field(default_factory=list[int])

    def __post_init__(self) -> None:
        shop = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                shop.received.append((body, self.headers.get("Stripe-Signature", "")))
                self.send_response(shop.answers.pop(0) if shop.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/v1/payments/webhook"

    def events(self, about: str = "") -> list[Any]:
        """The genuine events about an object, in the order they came."""
        found = []
        for body, header in list(self.received):
            try:
                event = stripe.Webhook.construct_event(body, header, SECRET)
            except (ValueError, stripe.SignatureVerificationError):
                continue
            subject = json.loads(body)["data"]["object"]
            if about in ("", subject["id"], subject.get("payment_intent")):
                found.append(event)
        return found

    def types(self, about: str = "") -> list[str]:
        return [event.type for event in self.events(about)]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def until(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Wait for it to become true; fail when it doesn't."""
    ends = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < ends, "it never became true"
        time.sleep(0.01)
    return value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
