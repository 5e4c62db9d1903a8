"""Names and secrets of the provider's objects: a prefix and 24 letters and digits, as Stripe writes them."""

import secrets

_ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LETTERS = bytes(_ALPHABET[byte % 62] for byte in range(256))


def token(length: int = 24) -> str:
    """Unguessable letters and digits. The slight bias of the modulo doesn't matter for names of a sandbox."""
    return secrets.token_bytes(length).translate(_LETTERS).decode()


def new_id(prefix: str) -> str:
    """`pi` gives `pi_3fG…`."""
    return f"{prefix}_{token()}"
