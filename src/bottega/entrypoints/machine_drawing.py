"""A state machine drawn as an SVG, by a few rules that fit machines of a dozen states.

The longest way is a row, states that leave it stand below, moves are lines between them, ends have a heavy border.
Only geometry: colours and type are the page's. A table with the same content stands beside every drawing.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from bottega.kit.machine import Machine

_HEIGHT = 38
_GAP_X = 66
_GAP_Y = 44
_MARGIN = 16
_LETTER = 7.5
_LEAST = 72.0
Point = tuple[float, float]


class Box(msgspec.Struct, frozen=True):
    """A state: its upper left corner, and whether a machine begins or ends there."""

    state: str
    x: float
    y: float
    width: float
    begins: bool
    ends: bool


class Line(msgspec.Struct, frozen=True):
    """A move: an SVG path, its name, and where the name stands."""

    path: str
    name: str
    x: float
    y: float


class Drawing(msgspec.Struct, frozen=True):
    """Everything a template needs to draw a machine."""

    width: float
    height: float
    box_height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def draw(machine: Machine[Any]) -> Drawing:
    """Lay a machine out."""
    rows = _rows(machine)
    spans = [rows[move.target][0] - rows[source][0] for move in machine.moves for source in move.sources
             if _is_arc(rows, source, move.target)]  # fmt: skip
    arcs = max(map(abs, spans), default=0)
    top = _MARGIN + (10 + 13 * arcs if arcs else 0)
    widths = _widths(rows)
    lefts = [_MARGIN + sum(widths[:column]) + column * _GAP_X for column in range(len(widths))]
    boxes = {
        state: Box(
            str(state), lefts[column], top + row * (_HEIGHT + _GAP_Y), widths[column],
            state in machine.initial, state in machine.terminal,
        )
        for state, (column, row) in rows.items()
    }  # fmt: skip
    lines = tuple(
        _line(boxes[source], boxes[move.target], rows[source], rows[move.target], move.name)
        for move in machine.moves
        for source in sorted(move.sources)
    )
    width = max(box.x + box.width for box in boxes.values()) + _MARGIN
    height = max(box.y for box in boxes.values()) + _HEIGHT + _MARGIN
    return Drawing(width, height, _HEIGHT, tuple(boxes.values()), lines)


def _widths(rows: Mapping[str, tuple[int, int]]) -> list[float]:
    """How wide each column is: as its longest state."""
    count = max(column for column, _ in rows.values()) + 1
    return [
        max(_LEAST, max(len(state) for state, (column, _) in rows.items() if column == place) * _LETTER + 20)
        for place in range(count)
    ]


def _is_arc(rows: Mapping[str, tuple[int, int]], source: str, target: str) -> bool:
    return rows[source][1] == rows[target][1] and rows[target][0] != rows[source][0] + 1


def _rows(machine: Machine[Any]) -> dict[str, tuple[int, int]]:
    """Column and row of each state: the longest way stays on top, what leaves it goes below where it is left."""
    placed: dict[str, tuple[int, int]] = {state: (column, 0) for column, state in enumerate(_main_way(machine))}
    used: dict[int, int] = {}
    for state in sorted(machine.states - placed.keys()):
        columns = [placed[source][0] for source in machine.sources(state) if source in placed]
        column = -(-sum(columns) // len(columns)) if columns else 0
        used[column] = used.get(column, 0) + 1
        placed[state] = (column, used[column])
    return placed


def _main_way(machine: Machine[Any]) -> list[str]:
    """The longest way without repeats that prefers the order in which moves were declared."""
    best: list[str] = []

    def walk(way: list[str]) -> None:
        nonlocal best
        if len(way) > len(best):
            best = way
        for target in machine.targets(way[-1]):
            if target not in way:
                walk([*way, target])

    for state in sorted(machine.initial, reverse=True):
        walk([state])
    return best


def _line(source: Box, target: Box, at: tuple[int, int], to: tuple[int, int], name: str) -> Line:
    if at[1] == to[1] and to[0] == at[0] + 1:
        x, y = source.x + source.width, source.y + _HEIGHT / 2
        return Line(f"M{x} {y}L{target.x} {y}", name, (x + target.x) / 2, y - 7)
    if at[1] == to[1]:
        return _arc(source, target, to[0] - at[0], name)
    down = to[1] > at[1]
    x, y = source.x + source.width / 2, source.y + (_HEIGHT if down else 0)
    spread = max(-0.4, min(0.4, (at[0] - to[0]) * 0.16))
    to_x, to_y = target.x + target.width * (0.5 + spread), target.y + (0 if down else _HEIGHT)
    middle = (y + to_y) / 2
    return Line(f"M{x} {y}C{x} {middle} {to_x} {middle} {to_x} {to_y}", name, (x + to_x) / 2, middle + 4)


def _arc(source: Box, target: Box, columns: int, name: str) -> Line:
    """A line over the heads of what lies between; ways back start and end a little apart from ways on."""
    side = 0.62 if columns > 0 else 0.38
    x, to_x = source.x + source.width * side, target.x + target.width * (1 - side)
    lift = source.y - 8 - 17 * abs(columns)
    return Line(
        f"M{x} {source.y}C{x} {lift} {to_x} {lift} {to_x} {source.y}",
        name,
        (x + to_x) / 2,
        (source.y + 3 * lift) / 4 + 3,
    )
