"""The provider's side in tests: what it knows of our payments, and its signed events, genuine but sent as we like."""

import hashlib
import hmac
import json
import time
import uuid
from typing import Any

import httpx

from tests.simulators import http as clients
from tests.simulators.processes import WEBHOOK_SECRET, Installation

KEY = {"authorization": "Bearer sk_test_tests"}


async def intents(running: Installation, payment_id: str) -> list[dict[str, Any]]:
    """Every intent that was opened for one of our payments (its UUID)."""
    async with clients.AsyncClient(base_url=running.sandbox.url, timeout=10, headers=KEY) as http:
        found = (await http.get("/v1/payment_intents", params={"limit": 100})).json()["data"]
    return [each for each in found if each["metadata"].get("payment_id") == payment_id]


async def refunds(running: Installation, intent: str) -> list[dict[str, Any]]:
    """The refunds of an intent."""
    async with clients.AsyncClient(base_url=running.sandbox.url, timeout=10, headers=KEY) as http:
        return (await http.get("/v1/refunds", params={"payment_intent": intent, "limit": 100})).json()["data"]


async def read(running: Installation, intent: str) -> dict[str, Any]:
    """An intent as it is."""
    async with clients.AsyncClient(base_url=running.sandbox.url, timeout=10, headers=KEY) as http:
        return (await http.get(f"/v1/payment_intents/{intent}")).json()


def event(kind: str, intent: dict[str, Any]) -> bytes:
    """The body of an event about an intent, with an id of its own."""
    body = {"id": f"evt_{uuid.uuid4().hex}", "object": "event", "type": kind, "data": {"object": intent}}
    return json.dumps(body).encode()


def signature(body: bytes, secret: str = WEBHOOK_SECRET) -> str:
    """The provider's signature of a body, of now."""
    stamp = int(time.time())
    mark = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={mark}"


async def deliver(url: str, body: bytes, secret: str = WEBHOOK_SECRET) -> httpx.Response:
    """Post an event to a web process, signed now."""
    async with clients.AsyncClient(base_url=url, timeout=10) as http:
        return await http.post(
            "/v1/payments/webhook",
            content=body,
            headers={"stripe-signature": signature(body, secret), "content-type": "application/json"},
        )
