"""Lists in pages: an opaque cursor that says where the last page ended, and a limit of 1 to 100."""

import base64
import binascii

import msgspec

from bottega.kit.errors import Invalid, Malformed

DEFAULT_LIMIT = 25
MAX_LIMIT = 100


def check_limit(limit: int) -> int:
    """The limit itself, or `Invalid` outside 1 … 100."""
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid(f"limit is 1 to {MAX_LIMIT}")
    return limit


def encode_cursor(*position: str | int) -> str:
    """An opaque cursor for a sort position."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).rstrip(b"=").decode()


def decode_cursor(cursor: str) -> list[str | int]:
    """The sort position in a cursor. Raises `Malformed` for one that we never gave out."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        position = msgspec.json.decode(raw, type=list[str | int])
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise Malformed("That cursor was not made here") from error
    if not position:
        raise Malformed("That cursor was not made here")
    return position
