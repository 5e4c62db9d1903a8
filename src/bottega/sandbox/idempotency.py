"""Idempotency keys with Stripe's semantics.

Kept per account and key, for at least a day: the answer of the first call from the moment its execution began, errors
and 500s included. Not kept: refused parameters, and collisions with a call that is still running.
"""

import hashlib
from dataclasses import dataclass, field

import msgspec

from bottega.sandbox.params import Tree
from bottega.sandbox.problems import Refused, invalid
from bottega.sandbox.store import Store, keys

KEPT_SECONDS = 86_400
MAX_KEY = 255


@dataclass(slots=True)
class Keys:
    """The stored answers, and which keys are being worked on right now."""

    store: Store
    running: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def claim(self, account: str, key: str, fingerprint: str, now: int) -> tuple[int, bytes, str] | None:
        """The stored answer (status, body, request id), or None when the caller shall execute and then `release`."""
        if len(key) > MAX_KEY:
            raise invalid("Idempotency keys can have up to 255 characters.")
        found = keys.find(self.store, account, key)
        if found and found[4] >= now - KEPT_SECONDS:
            first, status, body, request_id, _ = found
            if first != fingerprint:
                raise Refused(
                    400, "idempotency_error",
                    "Keys for idempotent requests can only be used with the same parameters they were first used with."
                    f" Try using a key other than '{key}' if you meant to execute a different request.",
                    stored=False,
                )  # fmt: skip
            return status, body, request_id
        if (account, key) in self.running:
            raise Refused(
                409, "invalid_request_error",
                "There is currently another in-progress request using this Idempotency Key. Please try again later.",
                stored=False, code="idempotency_key_in_use",
            )  # fmt: skip
        self.running.add((account, key))
        return None

    def keep(self, account: str, key: str, fingerprint: str, answer: tuple[int, bytes, str], now: int) -> None:
        """Store the answer, in the transaction that did the work."""
        keys.keep(self.store, (account, key, fingerprint, *answer, now))

    def release(self, account: str, key: str) -> None:
        """The call is over, whatever became of it."""
        self.running.discard((account, key))


def fingerprint_of(method: str, path: str, tree: Tree) -> str:
    """What makes two calls the same: the endpoint and the parameters, in whatever order they were sent."""
    return hashlib.sha256(f"{method} {path}\n".encode() + msgspec.json.encode(tree, order="sorted")).hexdigest()
