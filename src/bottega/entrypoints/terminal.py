"""Talking to whoever started a command: data on stdout, everything else on stderr, exit codes that scripts can rely on.

Here: the two consoles, the codes, and the one exception by which a command gives up with words for a person. Nothing
here asks anything: a command without its options says what is missing. NO_COLOR and a stream that is no terminal turn
colours off (rich looks at both).
"""

from enum import IntEnum
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


class Exit(IntEnum):
    """The exit codes of every command; they never change their meaning."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    NOT_FOUND = 3
    AUTH = 4
    CONFLICT = 5


class CommandFailed(Exception):
    """A command gives up: what is wrong, what to do about it, and the exit code."""

    def __init__(self, said: str, mend: str = "", code: Exit = Exit.FAILURE) -> None:
        super().__init__(said)
        self.said = said
        self.mend = mend
        self.code = code


def say(text: str) -> None:
    """A short line of progress, for people."""
    err.print(Text.assemble(("· ", "dim"), text))


def warn(text: str) -> None:
    """Something that people should notice."""
    err.print(Text.assemble(("! ", "bold yellow"), text))


def complain(failure: CommandFailed) -> None:
    """What is wrong and what to do, for people."""
    err.print(Text.assemble(("✗ ", "bold red"), failure.said))
    if failure.mend:
        err.print(Text.assemble(("→ ", "bold"), failure.mend))


def show_json(value: Any) -> None:
    """One line of JSON on stdout, for programs; written out at once."""
    print(msgspec.json.encode(value).decode(), flush=True)
