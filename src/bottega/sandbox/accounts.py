"""Whose key it is: the account of the call, as programs ask it to see that their key works."""

from bottega.sandbox.desk import Desk
from bottega.sandbox.params import Params
from bottega.sandbox.problems import Doc, Refused


def current(desk: Desk, params: Params) -> Doc:
    """The account of this key, or the connected one that the call names."""
    return {
        "id": desk.account, "object": "account", "business_profile": {"name": "Sandbox", "url": None},
        "capabilities": {"card_payments": "active", "transfers": "active"}, "charges_enabled": True, "country": "IT",
        "default_currency": "eur", "details_submitted": True, "email": None, "metadata": {}, "payouts_enabled": True,
        "settings": {"dashboard": {"display_name": "Sandbox", "timezone": "Etc/UTC"}}, "type": "standard",
    }  # fmt: skip


def retrieve(desk: Desk, params: Params, name: str) -> Doc:
    """The same by id; nothing is known of others."""
    if name != desk.account:
        message = f"The provided key does not have access to account '{name}' (or that account does not exist)."
        raise Refused(403, "invalid_request_error", message, stored=False, code="account_invalid")
    return current(desk, params)
