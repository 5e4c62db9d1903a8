"""docs/reference names every setting, error code, event, slice and state machine. A page that isn't there yet passes."""

import importlib
import re
from collections.abc import Iterator

import msgspec
import pytest

from bottega.infra import settings
from bottega.kit import errors
from tests.house.source import ROOT, modules

REFERENCE = ROOT / "docs" / "reference"


def error_codes() -> set[str]:
    """The code of every refusal of the code."""
    import_rooms("errors")
    return {kind.code for kind in subclasses(errors.DomainError) if kind.__module__.startswith("bottega.")}


def event_types() -> set[str]:
    """The type of every fact: a struct of a slice's events with a `type` of its own."""
    return {
        value.type
        for module in import_rooms("events")
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, msgspec.Struct)
        and isinstance(getattr(value, "type", None), str)
        if value.type
    }


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
        ("events.md", event_types),
        ("slices.md", slices),
    ],
    ids=["settings", "errors", "events", "slices"],
)
def test_the_reference_names_all_of_them(page: str, names) -> None:
    path = REFERENCE / page
    if path.exists():
        missing = undocumented(path.read_text(), names())

        assert not missing, f"docs/reference/{page} lacks {', '.join(missing)}"


def test_what_a_page_lacks_is_found() -> None:
    assert undocumented("| `sold_out` | `order_closed_early` |", {"sold_out", "order_closed"}) == ["order_closed"]


def test_there_is_something_to_document() -> None:
    assert {"not_found"} <= error_codes()
