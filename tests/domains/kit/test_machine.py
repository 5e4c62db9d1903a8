"""A state machine is refused when it is broken, and says what it allows."""

from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bottega.kit.machine import Machine, moves


class S(StrEnum):
    """Some states."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


def test_a_state_that_nothing_reaches_is_refused() -> None:
    with pytest.raises(ValueError, match="no move reaches"):
        Machine("broken", frozenset({S.A}), moves(("go", (S.A,), S.B, ""), ("lost", (S.C,), S.D, "")))


def test_two_moves_of_one_name_from_one_state_are_refused() -> None:
    with pytest.raises(ValueError, match="two moves go leave"):
        Machine("broken", frozenset({S.A}), moves(("go", (S.A,), S.B, ""), ("go", (S.A,), S.C, "")))


def test_two_ways_between_the_same_states_are_refused() -> None:
    with pytest.raises(ValueError, match="two moves go from"):
        Machine("broken", frozenset({S.A}), moves(("go", (S.A,), S.B, ""), ("walk", (S.A,), S.B, "")))


@given(st.lists(st.tuples(st.sampled_from(list(S)), st.sampled_from(list(S))), unique=True, min_size=1))
def test_a_machine_is_made_exactly_when_every_state_can_be_reached(edges: list[tuple[S, S]]) -> None:
    table = moves(*((f"m{number}", (source,), target, "") for number, (source, target) in enumerate(edges)))
    reached, named = {S.A}, {S.A, *(state for edge in edges for state in edge)}
    for _ in S:
        reached |= {target for source, target in edges if source in reached}

    if named - reached:
        with pytest.raises(ValueError, match="no move reaches"):
            Machine("drawn", frozenset({S.A}), table)
        return
    machine = Machine("drawn", frozenset({S.A}), table)
    assert {(a, b) for a in S for b in S if machine.move(a, b)} == set(edges)
    assert all(set(machine.targets(a)) == {b for source, b in edges if source is a} for a in machine.states)
    assert machine.terminal == {state for state in named if all(source is not state for source, _ in edges)}
    assert machine.mermaid().count("-->") == len(edges) + 1 + len(machine.terminal)
