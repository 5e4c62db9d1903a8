"""Ids: 128 bits, time-ordered, each says whose it is. UUID version 8 (RFC 9562, section 5.8).

Layout, most significant bit first: 48 bits of Unix milliseconds, 4 bits version (8), 12 random bits, 2 bits variant,
30 random bits, 32 bits *home number* (the store's for what a store owns, the merchant's for the rest).
Shown as a prefix and 26 characters of lower-case Crockford base32. Ids are names, never secrets.
"""

import os
import random
import time
from uuid import UUID, SafeUUID

from bottega.kit.errors import NotFound

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_DECODE = {char: value for value, char in enumerate(ALPHABET)}
_PAIRS = [high + low for high in ALPHABET for low in ALPHABET]
_THREES = [pair + low for pair in _PAIRS for low in ALPHABET]
_random = random.Random()  # noqa: S311 - names, not secrets
_noise = _random.getrandbits
_new, _set = UUID.__new__, object.__setattr__
_FIXED = 8 << 76 | 2 << 62
_RANDOM = 0xFFF << 64 | 0x3FFF_FFFF << 32
MAX_HOME = 2**32 - 1
# Without this two processes forked from one that had imported us would give the same ids in the same millisecond.
os.register_at_fork(after_in_child=_random.seed)


def new_id(home: int, millis: int | None = None) -> UUID:
    """A fresh id of the home number `home` (0 … 2^32-1), stamped with `millis` (Unix milliseconds; now if None)."""
    assert 0 <= home <= MAX_HOME, "a home number has 32 bits"
    stamp = time.time_ns() // 1_000_000 if millis is None else millis
    # Seeded from the system once a process: a system call for each id cost as much as the rest of it. And made without
    # `__init__`, whose checks of its six ways to be called cost more than all of this; an order has five ids.
    value = _new(UUID)
    _set(value, "int", (stamp & 0xFFFF_FFFF_FFFF) << 80 | _FIXED | (_noise(76) & _RANDOM) | home)
    _set(value, "is_safe", SafeUUID.unknown)
    return value


def home_of(value: UUID) -> int:
    """The home number an id carries: which store (or merchant) it belongs to."""
    return value.int & MAX_HOME


def millis_of(value: UUID) -> int:
    """The Unix milliseconds at which the id was made."""
    return value.int >> 80


def show(prefix: str, value: UUID) -> str:
    """The outside form: `ord_01h…`; 26 characters of Crockford base32 behind the prefix."""
    # Three characters at a time, in halves of which one fits a machine word: an order shows some twenty ids.
    number, threes = value.int, _THREES
    high, low = number >> 60, number & 0xFFF_FFFF_FFFF_FFFF
    return (
        f"{prefix}_{_PAIRS[high >> 60]}"
        f"{threes[high >> 45 & 32767]}{threes[high >> 30 & 32767]}{threes[high >> 15 & 32767]}{threes[high & 32767]}"
        f"{threes[low >> 45]}{threes[low >> 30 & 32767]}{threes[low >> 15 & 32767]}{threes[low & 32767]}"
    )


def parse(prefix: str, text: str) -> UUID:
    """Read `show`'s form back. Raises `NotFound` for anything else: a foreign or broken id names nothing here."""
    head, _, tail = text.partition("_")
    if head != prefix or len(tail) != 26 or tail[0] > "7":
        raise NotFound(f"That is not a {prefix}_ id")
    number = 0
    for char in tail:
        digit = _DECODE.get(char)
        if digit is None:
            raise NotFound(f"That is not a {prefix}_ id")
        number = number << 5 | digit
    return UUID(int=number)
