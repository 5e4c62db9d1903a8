"""docs/reference is what the code says: the pages are written by tools/reference.py, and stale ones fail here."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import reference

from bottega.entrypoints.reference import HOW, MACHINES, refusals
from bottega.infra import settings
from bottega.infra.web import problem
from bottega.kit import errors
from bottega.kit.fact import Fact
from bottega.kit.machine import Machine
from tests.house.source import ROOT, modules

REFERENCE = ROOT / "docs" / "reference"
LINK = re.compile(r"(?:\[[^\]]*\]\(|<img src=\")([^)#\s\"]+)")


@pytest.mark.parametrize("name", list(reference.PAGES))
def test_a_page_is_what_the_code_says(name: str) -> None:
    wanted = reference.PAGES[name]()

    assert (REFERENCE / name).read_text("utf-8") == wanted, (
        f"docs/reference/{name} is stale: run `make docs`\n{reference.difference(name, wanted)}"
    )


def test_a_stale_page_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "PAGES", {"settings.md": lambda: "# Settings\n\nanother one\n"})

    assert list(reference.stale()) == ["settings.md"]
    assert "+another one" in reference.difference("settings.md", "# Settings\n\nanother one\n")


def error_codes() -> set[str]:
    """The code of every refusal of the code, and those that the web edge says by itself."""
    import_rooms("errors")
    classes = {kind.code for kind in subclasses(errors.DomainError) if kind.__module__.startswith("bottega.")}
    return classes | {code for code, _ in problem._TITLES.values()} | {"internal"}


def import_rooms(room: str) -> list:
    """That room of every slice, imported."""
    return [importlib.import_module(module.name) for module in modules() if module.room == room]


def subclasses(kind: type) -> Iterator[type]:
    """A class's subclasses, all the way down."""
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


def slices() -> set[str]:
    """The slices that exist."""
    return {module.slice for module in modules() if module.slice}


def undocumented(text: str, names: set[str]) -> list[str]:
    """The names that a page doesn't hold as whole words."""
    return sorted(name for name in names if not re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text))


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("settings.md", lambda: {settings.environment_name(name) for name in settings.Settings.__struct_fields__}),
        ("errors.md", error_codes),
        ("events.md", lambda: {kind.type for kind in subclasses(Fact) if kind.type}),
        ("slices.md", slices),
    ],
    ids=["settings", "errors", "events", "slices"],
)
def test_the_reference_names_all_of_them(page: str, names) -> None:
    missing = undocumented((REFERENCE / page).read_text("utf-8"), names())

    assert not missing, f"docs/reference/{page} lacks {', '.join(missing)}"


def test_what_a_page_lacks_is_found() -> None:
    assert undocumented("| `sold_out` | `order_closed_early` |", {"sold_out", "order_closed"}) == ["order_closed"]


def test_every_refusal_of_the_code_is_among_those_shown() -> None:
    assert {entry.code for entry in refusals()} == error_codes()


def test_every_machine_of_the_code_is_among_those_shown() -> None:
    rooms = import_rooms("states")
    declared = {value.name for room in rooms for value in vars(room).values() if isinstance(value, Machine)}

    assert {machine.name for machine, _ in MACHINES} == declared


def test_every_move_says_how_it_is_made_and_no_other() -> None:
    assert set(HOW) == {(machine.name, move.name) for machine, _ in MACHINES for move in machine.moves}


def documents() -> list[Path]:
    """Every Markdown page of the repository that people read."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_inside_the_repository_lead_somewhere(path: Path) -> None:
    targets = [target for target in LINK.findall(path.read_text("utf-8")) if "://" not in target]

    broken = [target for target in targets if not (path.parent / target).exists()]

    assert not broken


def test_every_file_that_a_page_names_exists() -> None:
    named = re.compile(r"`((?:src/bottega|tests|tools|docs)/[\w/.-]+\.(?:py|sql|toml|md))`")
    howto = [path for path in documents() if "reference" not in path.parts]

    missing = {
        f"{path.name}: {name}"
        for path in howto
        for name in named.findall(path.read_text())
        if not (ROOT / name).exists()
    }

    assert not missing
