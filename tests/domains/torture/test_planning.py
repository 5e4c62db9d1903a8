"""The plan of faults: repeatable, dense enough, and with everything in it."""

from collections import Counter

import pytest

from bottega.entrypoints.torture.planning import DATABASE, LINKS, PROCESSES, deck, faults_for


@pytest.mark.parametrize("seed", [1, 2, 77])
def test_ten_minutes_have_150_faults_or_more_and_every_kind_of_them(seed: int) -> None:
    plan = faults_for(seed, 600)

    assert len(plan) >= 150
    assert {(each.verb, each.target) for each in plan} == set(deck())
    assert max(each.at for each in plan) < 600


def test_a_seed_gives_the_same_plan_for_ever() -> None:
    first, again, other = faults_for(7, 120), faults_for(7, 120), faults_for(8, 120)

    assert first == again
    assert first != other
    assert [(each.at, str(each.verb), each.target) for each in first[:3]] == [
        (1.0, "kill", "worker 1"),
        (3.51, "pause", "worker 1"),
        (8.09, "pause", "database"),
    ]


def test_every_part_is_hit_the_same_number_of_times_within_a_deck() -> None:
    plan = faults_for(3, 600)[: len(deck())]

    hits = Counter(each.target for each in plan)
    assert hits == {**dict.fromkeys(PROCESSES, 2), DATABASE: 4, **dict.fromkeys(LINKS, 5)}
