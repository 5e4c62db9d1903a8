"""The documents that every installation serves: the API, the errors, the state machines. They need no internet.

Rendered from the code that runs, so they can't disagree with it. Not here: what they say (`description.py`,
`reference.py`), the Markdown of the repository (docs/, tools/reference.py).
"""

from functools import lru_cache
from itertools import groupby
from typing import Any

import msgspec
from litestar import Litestar, Response

from bottega.entrypoints.api_view import Group, groups
from bottega.entrypoints.description import ABOUT, document
from bottega.entrypoints.machine_drawing import Drawing, draw
from bottega.entrypoints.reference import HOW, MACHINES, RefusalEntry, refusals
from bottega.infra.web.forms import shows
from bottega.infra.web.pages import Look, Views
from bottega.infra.web.problem import AnyRequest
from bottega.kit.machine import Machine

_VIEWS = Views(__file__)
_LOOK = Look(cache="private, max-age=300")


class MoveRow(msgspec.Struct, frozen=True):
    """A move of a machine, in words."""

    name: str
    sources: tuple[str, ...]
    target: str
    who: str
    how: str


class MachineView(msgspec.Struct, frozen=True):
    """A machine as its page shows it."""

    anchor: str
    title: str
    about: str
    drawing: Drawing
    begins: tuple[str, ...]
    ends: tuple[str, ...]
    moves: tuple[MoveRow, ...]


@lru_cache(maxsize=1)
def described(app: Litestar) -> dict[str, Any]:
    """The OpenAPI document of an application; made once."""
    return document(app)


@lru_cache(maxsize=1)
def _groups(app: Litestar) -> tuple[Group, ...]:
    return groups(described(app))


@lru_cache(maxsize=1)
def _machines() -> tuple[MachineView, ...]:
    return tuple(_machine(machine, about) for machine, about in MACHINES)


def _machine(machine: Machine[Any], about: str) -> MachineView:
    return MachineView(
        anchor=machine.name.replace(" ", "-"),
        title=machine.name[0].upper() + machine.name[1:],
        about=about,
        drawing=draw(machine),
        begins=tuple(sorted(machine.initial)),
        ends=tuple(sorted(machine.terminal)),
        moves=tuple(
            MoveRow(move.name, tuple(sorted(move.sources)), move.target, move.who, HOW[machine.name, move.name])
            for move in machine.moves
        ),
    )


@lru_cache(maxsize=1)
def _by_status() -> tuple[tuple[int, tuple[RefusalEntry, ...]], ...]:
    return tuple((status, tuple(found)) for status, found in groupby(refusals(), key=lambda entry: entry.status))


@shows("/docs")
async def api(request: AnyRequest) -> Response[Any]:
    """Every call with its fields, an example, and how it says no."""
    values = {"groups": _groups(request.app), "about": ABOUT, "at": "api"}
    return _VIEWS.page(request, "docs.html", values, _LOOK)


@shows("/docs/errors")
async def errors(request: AnyRequest) -> Response[Any]:
    """Every code; a problem's `type` leads to its row."""
    return _VIEWS.page(request, "docs_errors.html", {"by_status": _by_status(), "at": "errors"}, _LOOK)


@shows("/docs/states")
async def states(request: AnyRequest) -> Response[Any]:
    """Every state machine: drawn, and as a table."""
    return _VIEWS.page(request, "docs_states.html", {"machines": _machines(), "at": "states"}, _LOOK)


HANDLERS = [api, errors, states]
