"""Names and secrets of the provider's objects: a prefix and 24 letters and digits, as Stripe writes them."""

import secrets

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def token(length: int = 24) -> str:
    """Unguessable letters and digits. The slight bias of the modulo doesn't matter for names of a sandbox."""
    return "".join(_ALPHABET[byte % 62] for byte in secrets.token_bytes(length))


def new_id(prefix: str) -> str:
    """`pi` gives `pi_3fG…`."""
    return f"{prefix}_{token()}"
