"""The catalogue of docs/reliability.md: every row is there, and every test that a row names exists and is collected."""

import re
from collections.abc import Iterator, Mapping

from tests.house.source import ROOT, FunctionNode, Module, modules

ROWS = (*range(1, 32), 41, 42, 43, *range(50, 56), 59, 60, 64)
# Named already, and on their way: a file that is not there yet may be named; one that is there has what is named.
AWAITED = {"tests/domains/infra/test_lost_connections.py", "tests/flows/test_torture.py"}
ROW = re.compile(r"^\| (?P<number>\d+) \| (?P<fault>[^|]+) \| (?P<holds>[^|]+) \| (?P<tests>[^|]+) \|$", re.MULTILINE)
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows(text: str) -> list[re.Match[str]]:
    """The rows of the catalogue's tables."""
    return list(ROW.finditer(text))


def unknown(row: re.Match[str], known: Mapping[str, Module]) -> Iterator[str]:
    """What a row names that is no test, or that it names nothing."""
    named = NAMED.findall(row["tests"])
    if not named:
        yield f"row {row['number']} names no test"
    for path, name in named:
        module = known.get(path)
        found = module is not None and any(
            isinstance(node, FunctionNode) and node.name == name for node in module.tree.body
        )
        if not found and not (module is None and path in AWAITED):
            yield f"row {row['number']}: {path}::{name}"


def _text() -> str:
    return (ROOT / "docs/reliability.md").read_text("utf-8")


def test_every_row_of_the_catalogue_is_there_once_and_in_order() -> None:
    assert [int(row["number"]) for row in rows(_text())] == list(ROWS)


def test_every_test_that_a_row_names_exists() -> None:
    known = {module.path: module for module in modules()}

    assert [what for row in rows(_text()) for what in unknown(row, known)] == []


def test_a_row_that_names_no_test_or_one_that_is_not_there_is_found() -> None:
    known = {"tests/a.py": Module("tests/a.py", "async def test_one() -> None: ...")}
    text = "| 1 | f | h | `tests/a.py::test_one` |\n| 2 | f | h | `tests/a.py::test_two` |\n| 3 | f | h | by hand |\n"

    found = [what for row in rows(text) for what in unknown(row, known)]

    assert found == ["row 2: tests/a.py::test_two", "row 3 names no test"]
