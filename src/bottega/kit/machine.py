"""State machines as data: named moves, many sources, one target. Refused at import if a state can't be reached.

A machine decides nothing by itself and calls nothing back; a move becomes one compare-and-set UPDATE in a store.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S", bound=StrEnum)


@dataclass(frozen=True)
class Move(Generic[S]):
    """One named way between states; `who` says in words who may make it (for the documents)."""

    name: str
    sources: frozenset[S]
    target: S
    who: str = ""


@dataclass(frozen=True)
class Machine(Generic[S]):
    """A whole machine; checked when it is made, so a broken one fails the import."""

    name: str
    initial: frozenset[S]
    moves: tuple[Move[S], ...]
    _by_edge: dict[tuple[S, S], Move[S]] = field(default_factory=dict, repr=False)
    _targets: dict[S, tuple[S, ...]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        seen: set[tuple[str, S]] = set()
        for move in self.moves:
            for source in move.sources:
                if (move.name, source) in seen:
                    raise ValueError(f"{self.name}: two moves {move.name} leave {source}")
                if (source, move.target) in self._by_edge:
                    raise ValueError(f"{self.name}: two moves go from {source} to {move.target}")
                seen.add((move.name, source))
                self._by_edge[source, move.target] = move
                self._targets[source] = (*self.targets(source), move.target)
        unreachable = self.states - self._reachable()
        if unreachable:
            raise ValueError(f"{self.name}: no move reaches {sorted(unreachable)}")

    @property
    def states(self) -> frozenset[S]:
        """Every state that some move or the beginning names."""
        named = {state for move in self.moves for state in (*move.sources, move.target)}
        return frozenset(named) | self.initial

    @property
    def terminal(self) -> frozenset[S]:
        """States that nothing leaves."""
        return self.states - {source for source, _ in self._by_edge}

    def move(self, source: S, target: S) -> Move[S] | None:
        """The move from one state to another, or None where the machine has none."""
        return self._by_edge.get((source, target))

    def targets(self, source: S) -> tuple[S, ...]:
        """Where one can go from here, in declared order."""
        return self._targets.get(source, ())

    def sources(self, target: S) -> frozenset[S]:
        """From where one can come here."""
        return frozenset(source for source, to in self._by_edge if to == target)

    def mermaid(self) -> str:
        """The machine as a Mermaid state diagram."""
        lines = ["stateDiagram-v2", *(f"    [*] --> {state}" for state in sorted(self.initial))]
        for move in self.moves:
            lines += [f"    {source} --> {move.target}: {move.name}" for source in sorted(move.sources)]
        lines += [f"    {state} --> [*]" for state in sorted(self.terminal)]
        return "\n".join(lines)

    def _reachable(self) -> frozenset[S]:
        found: set[S] = set(self.initial)
        frontier: list[S] = list(self.initial)
        while frontier:
            for target in self.targets(frontier.pop()):
                if target not in found:
                    found.add(target)
                    frontier.append(target)
        return frozenset(found)


def moves(*items: tuple[str, Iterable[S], S, str]) -> tuple[Move[S], ...]:
    """Shorthand for a table of `(name, sources, target, who)`."""
    return tuple(Move(name, frozenset(sources), target, who) for name, sources, target, who in items)
