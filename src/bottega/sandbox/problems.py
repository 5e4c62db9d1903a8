"""How the provider says no: Stripe's error envelope with its HTTP status.

`stored` tells whether the refusal is kept for the idempotency key: refusals of the parameters are not (the call never
began), refusals found while executing are.
"""

from typing import Any

Doc = dict[str, Any]


class Refused(Exception):
    """A call that ends in an error envelope."""

    def __init__(self, status: int, kind: str, message: str, *, stored: bool = True, **fields: Any) -> None:
        """`kind` is Stripe's `type`; `fields` are code, param, decline_code, payment_intent and the like."""
        super().__init__(message)
        self.status = status
        self.stored = stored
        self.error: Doc = {"type": kind, "message": message, **{k: v for k, v in fields.items() if v is not None}}
        if code := self.error.get("code"):
            self.error.setdefault("doc_url", f"https://docs.stripe.com/error-codes/{code.replace('_', '-')}")


def invalid(message: str, param: str | None = None, code: str | None = None) -> Refused:
    """The parameters make no sense: 400, not stored."""
    return Refused(400, "invalid_request_error", message, stored=False, param=param, code=code)


def missing_param(param: str) -> Refused:
    """A required parameter isn't there."""
    return invalid(f"Missing required param: {param}.", param, "parameter_missing")


def not_found(kind: str, name: str, param: str = "id") -> Refused:
    """No such object on this account: 404 when the path names it (`id`), 400 when a parameter does."""
    message, status = f"No such {kind}: '{name}'", 404 if param == "id" else 400
    if param == "id" and kind in ("payment_intent", "setup_intent"):
        param = kind.removeprefix("payment_")
    return Refused(status, "invalid_request_error", message, stored=False, param=param, code="resource_missing")


def conflict(message: str, code: str | None, param: str | None = None, **fields: Any) -> Refused:
    """Understood, but the object's state or amount forbids it: 400, stored."""
    return Refused(400, "invalid_request_error", message, code=code, param=param, **fields)


def unauthorized(message: str, code: str | None = None) -> Refused:
    """No key or a wrong one: 401."""
    return Refused(401, "invalid_request_error", message, stored=False, code=code)
