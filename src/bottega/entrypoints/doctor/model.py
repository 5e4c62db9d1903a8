"""What a look finds: a named check, its state, what was seen, and how to mend it."""

from enum import StrEnum

import msgspec

from bottega.entrypoints.data_folder import DataFolder
from bottega.infra.settings import Settings


class State(StrEnum):
    """How a check came out. A warning is worth mending, a failure must be."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


class Check(msgspec.Struct, frozen=True):
    """One look. `mend` is empty where nothing has to be done."""

    name: str
    state: State
    said: str
    mend: str = ""


class Patient(msgspec.Struct, frozen=True):
    """What is examined: the settings as the shop would have them, its folder if it has one, whether it runs."""

    settings: Settings
    folder: DataFolder | None
    runs: bool


def ok(name: str, said: str) -> Check:
    """Nothing to do."""
    return Check(name, State.OK, said)


def warning(name: str, said: str, mend: str) -> Check:
    """Orders go through, but somebody should look."""
    return Check(name, State.WARNING, said, mend)


def failed(name: str, said: str, mend: str) -> Check:
    """Orders suffer."""
    return Check(name, State.FAILED, said, mend)


def skipped(name: str, said: str) -> Check:
    """It can't be seen now."""
    return Check(name, State.SKIPPED, said)
