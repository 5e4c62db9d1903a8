"""The facts that are told: their names, versions and fields, as a snapshot. Fields are only ever added.

Consumers live longer than versions of ours: a field that goes away, is renamed or becomes another thing breaks them. Write
the snapshot anew with `python -m pytest tests/contracts/test_facts.py --write-contracts`; it refuses to forget.
"""

import importlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bottega.kit.fact import Fact
from tests.house.source import modules

SNAPSHOT = Path(__file__).with_name("events.json")


def facts() -> dict[str, type[Fact]]:
    """Every fact that has a name, by its name."""
    for module in modules():
        if module.room == "events":
            importlib.import_module(module.name)
    found: dict[str, type[Fact]] = {}
    waiting = list(Fact.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.type and kind.__module__.startswith("bottega."):  # tests have facts of their own
            assert kind.type not in found, f"two facts are called {kind.type}"
            found[kind.type] = kind
    return found


def described(kind: type[Fact]) -> dict[str, Any]:
    """A fact as the snapshot keeps it: version, aggregate, and its JSON schema."""
    schema, parts = msgspec.json.schema_components([kind])
    return {"version": kind.version, "aggregate": kind.aggregate, "schema": schema[0], "parts": parts}


def all_described() -> dict[str, dict[str, Any]]:
    return json.loads(json.dumps({name: described(kind) for name, kind in sorted(facts().items())}, sort_keys=True))


def lost(before: Any, now: Any, at: str = "") -> list[str]:
    """What was in a schema and is not there, or is another thing, now. `required` may grow only with new fields."""
    if not isinstance(before, dict):
        return [] if before == now else [f"{at}: {before!r} became {now!r}"]
    if not isinstance(now, dict):
        return [f"{at}: became {now!r}"]
    found: list[str] = []
    for name, value in before.items():
        here = f"{at}/{name}"
        if name in ("description", "title", "version"):
            continue
        if name not in now:
            found.append(f"{here} is gone")
        elif name == "required":
            found += [f"{here}: {each} is not certain any more" for each in value if each not in now[name]]
        elif name == "enum":
            found += [f"{here}: {each} is gone" for each in value if each not in now[name]]
        else:
            found += lost(value, now[name], here)
    return found


def test_fields_are_only_added(request: pytest.FixtureRequest) -> None:
    now = all_described()
    before = json.loads(SNAPSHOT.read_text()) if SNAPSHOT.exists() else {}

    assert not lost(before, now), "facts are versioned by adding fields"

    if request.config.getoption("--write-contracts"):
        SNAPSHOT.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n")
    assert json.loads(SNAPSHOT.read_text()) == now, "write the snapshot anew, and read the difference"


def test_every_fact_says_what_it_is_about() -> None:
    for name, kind in facts().items():
        assert kind.aggregate, name
        assert kind.version >= 1, name
        assert kind.__doc__, name


def test_a_field_that_goes_away_or_changes_is_found() -> None:
    before = {"a": {"schema": {"properties": {"x": {"type": "integer"}, "y": {"enum": ["A", "B"]}}, "required": ["x"]}}}

    for now in (
        {}, {"a": {}}, {"a": {"schema": {"properties": {"x": {"type": "string"}, "y": {"enum": ["A", "B"]}},
        "required": ["x"]}}},
        {"a": {"schema": {"properties": {"x": {"type": "integer"}}, "required": ["x"]}}},
        {"a": {"schema": {"properties": {"x": {"type": "integer"}, "y": {"enum": ["A"]}}, "required": ["x"]}}},
        {"a": {"schema": {"properties": {"x": {"type": "integer"}, "y": {"enum": ["A", "B"]}}, "required": []}}},
    ):  # fmt: skip
        assert lost(before, now), now
    more = json.loads(json.dumps(before))
    more["a"]["schema"]["properties"]["z"] = {"type": "string"}
    assert not lost(before, more)
