"""Passwords that can be read out and typed on a tablet: three short words and a number, about 33 bits of chance.

Enough against guessing through the login, which is slow and limited; a password for keeps is chosen by its owner.
"""

import secrets
from functools import cache
from importlib import resources


def new_password() -> str:
    """A fresh password like `basil-river-lamp-482`."""
    chosen = [secrets.choice(words()) for _ in range(3)]
    return "-".join([*chosen, str(100 + secrets.randbelow(900))])


@cache
def words() -> tuple[str, ...]:
    """The words that passwords are made of."""
    return tuple((resources.files("bottega.entrypoints.seed") / "words.txt").read_text("utf-8").split())
