"""Ids say what they are, whose they are and when they were made, and read back only as themselves."""

import subprocess
import sys
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bottega.kit import ids
from bottega.kit.errors import NotFound

homes = st.integers(0, ids.MAX_HOME)


@given(homes, st.integers(0, 2**48 - 1))
def test_an_id_carries_its_home_and_its_moment(home: int, millis: int) -> None:
    made = ids.new_id(home, millis)

    assert (ids.home_of(made), ids.millis_of(made)) == (home, millis)
    assert (made.version, made.variant) == (8, "specified in RFC 4122")


@given(st.uuids(), st.sampled_from(["ord", "pay", "prd"]))
def test_what_is_shown_reads_back(value: UUID, prefix: str) -> None:
    text = ids.show(prefix, value)

    assert len(text) == len(prefix) + 27
    assert ids.parse(prefix, text) == value


@given(homes, st.lists(st.integers(0, 2**48 - 1), min_size=2, max_size=20))
def test_ids_and_their_texts_sort_by_time(home: int, stamps: list[int]) -> None:
    made = [ids.new_id(home, at) for at in sorted(set(stamps))]

    assert made == sorted(made)
    assert [ids.show("ord", each) for each in made] == sorted(ids.show("ord", each) for each in made)


@given(st.text(max_size=40))
def test_anything_else_names_nothing(text: str) -> None:
    with pytest.raises(NotFound):
        ids.parse("ord", text)


def test_a_foreign_prefix_a_wrong_letter_and_a_number_too_large_name_nothing() -> None:
    text = ids.show("ord", ids.new_id(1))
    for wrong in (text.replace("ord", "pay"), text[:-1] + "u", text + "0", "ord_8" + text[5:], text.upper()):
        with pytest.raises(NotFound):
            ids.parse("ord", wrong)


def test_a_hundred_thousand_ids_of_one_millisecond_are_all_different() -> None:
    assert len({ids.new_id(1, 5) for _ in range(100_000)}) == 100_000


def test_processes_that_were_forked_make_different_ids() -> None:
    program = """
import os
from bottega.kit.ids import new_id
for _ in range(4):
    if os.fork() == 0:
        os.write(1, f'{new_id(7, 1_000_000)}\\n'.encode())
        os._exit(0)
for _ in range(4):
    os.wait()
print(new_id(7, 1_000_000))
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert len(said) == len(set(said)) == 5
