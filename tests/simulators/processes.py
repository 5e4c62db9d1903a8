"""Real processes of ours against one database: the sandbox, web processes and workers on free ports.

`Installation` starts them, waits until they answer, kills and restarts each by its pid, and tells what they logged.
Nothing is left behind: `stop()` ends every process by its pid, and each ends by itself when the test run dies.
"""

import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.simulators import http as clients
from tests.simulators.nursery import Child, Nursery

SOURCE = Path(__file__).resolve().parents[2] / "src"
WEBHOOK_SECRET = "whsec_tests"
PATIENCE = 60.0


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on right now, all different."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def until(condition: Callable[[], Any], seconds: float = PATIENCE, what: str = "it") -> Any:
    """Wait for a condition and give its value; fail when it never comes true."""
    ends = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < ends, f"{what} never became true"
        time.sleep(0.02)
    return value


@dataclass
class Role:
    """One process of ours. `url` is where it answers HTTP (empty for a worker)."""

    name: str
    role: str
    environment: dict[str, str]
    log: Path
    nursery: Nursery
    url: str = ""
    ready: str = ""
    arguments: Sequence[str] = ()
    process: Child | None = None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process is not None, f"{self.name} was never started"
        return self.process.pid

    @property
    def running(self) -> bool:
        """Whether it is alive."""
        return self.process is not None and self.process.poll() is None

    def start(self, *, wait: bool = True) -> None:
        """Start it; `wait` until it answers."""
        self.process = self.nursery.start(self.role, self.environment, arguments=self.arguments, log=self.log)
        if wait:
            self.wait()

    def wait(self) -> None:
        """Return when it answers as ready; fail with its log when it ends instead."""
        if not self.url:
            until(lambda: self._alive() and b"worker runs" in self.log.read_bytes(), what=f"{self.name} ready")
            return
        until(self._answers, what=f"{self.name} ready")

    def kill(self, sign: int = signal.SIGKILL) -> None:
        """Send it a signal by its pid; with a deadly one, wait until it is gone."""
        assert self.process is not None
        self.process.send_signal(sign)
        if sign in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            self.process.wait(15)

    def restart(self, sign: int = signal.SIGKILL) -> None:
        """End it with a signal and start it again at the same address."""
        if self.running:
            self.kill(sign)
        self.start()

    def stop(self) -> None:
        """End it, politely first."""
        if self.process is not None:
            self.process.stop()

    def tail(self, lines: int = 40) -> str:
        """The end of what it logged."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _alive(self) -> bool:
        assert self.running, f"{self.name} ended:\n{self.tail()}"
        return True

    def _answers(self) -> bool:
        self._alive()
        try:
            return clients.get(self.url + self.ready, timeout=2).status_code == 200
        except httpx.HTTPError:
            return False


@dataclass
class Installation:
    """A sandbox, web processes and workers that share a database."""

    database_url: str
    sandbox: Role
    web: list[Role]
    workers: list[Role]
    roles: list[Role] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.roles = [self.sandbox, *self.web, *self.workers]

    @property
    def url(self) -> str:
        """Where the first web process answers."""
        return self.web[0].url

    @property
    def urls(self) -> list[str]:
        """Where the web processes answer."""
        return [role.url for role in self.web]

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by name."""
        return {role.name: role.pid for role in self.roles}

    def start(self) -> None:
        """Start everything at once and wait until all of it is ready."""
        for role in self.roles:
            role.start(wait=False)
        for role in self.roles:
            role.wait()

    def stop(self) -> None:
        """End everything, the workers first; what it logged goes to stdout, which pytest shows for a failed test."""
        for role in reversed(self.roles):
            role.stop()
        print(self.logs())

    def logs(self) -> str:
        """The end of every log."""
        return "\n".join(f"--- {role.name}\n{role.tail()}" for role in self.roles)

    def control(self, path: str, body: Any = None, method: str | None = None) -> Any:
        """Use a hand of the sandbox (`faults`, `webhooks/hold`, `payment_intents/pi_…/complete`)."""
        verb = method or ("GET" if body is None else "POST")
        answer = clients.request(verb, f"{self.sandbox.url}/_sandbox/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()


def installation(
    database_url: str,
    folder: Path,
    *,
    nursery: Nursery,
    secret: str,
    web: int = 1,
    workers: int = 1,
    one_port: bool = False,
    settings: dict[str, str] | None = None,
) -> Installation:
    """An installation that is not started yet. `one_port`: all web processes share a port (the kernel spreads connections).

    `settings` are more BOTTEGA_… variables. The sandbox keeps its data in `folder`, so it can be restarted.
    """
    sandbox_port, *ports = free_ports(1 + (1 if one_port else web))
    ports = ports * web if one_port else ports
    sandbox_url = f"http://127.0.0.1:{sandbox_port}"
    shared = {
        "BOTTEGA_DATABASE_URL": database_url,
        "BOTTEGA_SECRET": secret,
        "BOTTEGA_PUBLIC_URL": f"http://127.0.0.1:{ports[0]}",
        "BOTTEGA_STRIPE_SECRET_KEY": "sk_test_tests",
        "BOTTEGA_STRIPE_PUBLISHABLE_KEY": "pk_test_tests",
        "BOTTEGA_STRIPE_WEBHOOK_SECRETS": WEBHOOK_SECRET,
        "BOTTEGA_STRIPE_API_BASE": sandbox_url,
        "BOTTEGA_STRIPE_JS_URL": f"{sandbox_url}/v3/",
        "BOTTEGA_RATE_LIMIT": "0",
        "BOTTEGA_DATABASE_CONNECTIONS": "6",
        **(settings or {}),
    }
    provider = Role(
        "sandbox", "sandbox", shared, folder / "sandbox.log", nursery, sandbox_url, "/_sandbox/health",
        ("--port", str(sandbox_port), "--data", str(folder / "sandbox.db"),
         "--webhook-url", f"http://127.0.0.1:{ports[0]}/v1/payments/webhook", "--webhook-secret", WEBHOOK_SECRET),
    )  # fmt: skip
    faces = [
        Role(
            f"web-{number}",
            "web",
            {**shared, "BOTTEGA_PORT": str(port)},
            folder / f"web-{number}.log",
            nursery,
            f"http://127.0.0.1:{port}",
            "/readyz",
        )
        for number, port in enumerate(ports, 1)
    ]
    hands = [
        Role(f"worker-{number}", "worker", shared, folder / f"worker-{number}.log", nursery)
        for number in range(1, workers + 1)
    ]
    return Installation(database_url, provider, faces, hands)
