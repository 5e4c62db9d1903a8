"""The facts, for docs/reference/events.md: what is in each, which module tells it, who reacts, which streams show it."""

import ast
import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

import msgspec

from bottega.domains import kitchen, live, orders
from bottega.infra.log import Entry
from bottega.kit.fact import Fact

SOURCE = Path(inspect.getfile(orders)).parents[2]
CONSUMERS = {"orders": orders.REACTIONS, "kitchen": kitchen.REACTIONS}
SAMPLE_ID = UUID("0190c3f2-7a41-8000-8000-000000000001")
INTRO = """A fact says what happened. An action tells it with `tx.emit`; it is written to `outbox` in the same transaction, and
the sequencer moves it into `log`, where every fact has a position: dense, from 1, without gaps
([decision 7](../decisions/0007-outbox-sequencer-log.md)). Facts of one aggregate never change places. A consumer reads the
log from a cursor of its own; the reaction and the step of the cursor are one transaction, so a fact takes effect once.

A fact is versioned by adding fields. Its payload is JSON in the log: ids as UUIDs, money in minor units, instants in RFC
3339 UTC. Beside the fields below, every row of the log has `seq`, `id`, `merchant_id`, `store_id`, `aggregatetype`,
`aggregateid`, `version` and `created_at`. `streams` names what browsers see of it (`stream`: `event`)."""


def facts() -> list[type[Fact]]:
    """Every kind of fact that has a type, by type."""
    return sorted({kind for kind in _subclasses(Fact) if kind.type}, key=lambda kind: kind.type)


def sections(table: Callable[..., str]) -> Iterator[str]:
    """A section for each aggregate, with a summary in front."""
    told = tellers()
    found = facts()
    rows = [
        (f"[`{kind.type}`](#{_anchor(kind)})", kind.aggregate, _places(told, kind), _reactors(kind), _streams(kind))
        for kind in found
    ]
    yield table(("fact", "aggregate", "told by", "consumers", "streams"), rows)
    for kind in found:
        fields = [(f"`{field.name}`", f"`{_type(field.type)}`") for field in msgspec.structs.fields(kind)]
        doc = " ".join((kind.__doc__ or "").split())
        yield (
            f"## {kind.type}\n\n{doc} Version {kind.version}, `{kind.__name__}` of {kind.__module__.split('.')[2]}.\n\n"
            + table(("field", "type"), fields)
        )


def tellers() -> dict[str, list[str]]:
    """For each fact's class name the modules that make one, directly or through a table in events.py."""
    through: dict[str, set[str]] = {}
    for path in SOURCE.glob("domains/*/events.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
                names = {inner.id for inner in ast.walk(node.value) if isinstance(inner, ast.Name)}
                through[node.target.id] = names
    found: dict[str, list[str]] = {}
    for path in sorted(SOURCE.glob("domains/*/actions*")) + sorted(SOURCE.glob("domains/*/actions/*.py")):
        if not path.is_file():
            continue
        tree = ast.parse(path.read_text("utf-8"))
        used = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        tables = {
            node.value.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name)
        }
        for name in tables & through.keys():
            used |= through[name]
        for name in used:
            found.setdefault(name, []).append(str(path.relative_to(SOURCE / "domains")))
    return found


def _places(told: dict[str, list[str]], kind: type[Fact]) -> str:
    return ", ".join(f"`{place}`" for place in told.get(kind.__name__, [])) or "nobody yet"


def _reactors(kind: type[Fact]) -> str:
    return ", ".join(
        f"{name}: `{reactions[kind].__name__}`" for name, reactions in CONSUMERS.items() if kind in reactions
    )


def _streams(kind: type[Fact]) -> str:
    """What the live streams make of a sample of this fact."""
    fact = sample(kind)
    entry = Entry(1, SAMPLE_ID, SAMPLE_ID, SAMPLE_ID, SAMPLE_ID, kind.type, 1, msgspec.json.encode(fact).decode(),
                  datetime(2026, 1, 1, tzinfo=UTC))  # fmt: skip
    shown = {f"{topic.partition(':')[0]}: `{event}`" for topic, event, _ in live.route(entry)}
    return ", ".join(sorted(shown))


def sample(kind: Any) -> Any:
    """Some value of a type; enough to see where a fact goes."""
    plain: dict[Any, Any] = {str: "", int: 1, bool: True, UUID: SAMPLE_ID, datetime: datetime(2026, 1, 1, tzinfo=UTC)}
    if kind in plain:
        return plain[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return sample(next(each for each in arguments if each is not NoneType))
    if origin is Literal:
        return arguments[0]
    if origin in (tuple, list, frozenset):
        return origin()
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind(**{field.name: sample(field.type) for field in msgspec.structs.fields(kind)})
    raise TypeError(f"no sample of {kind}")


def _type(kind: Any) -> str:
    if kind is NoneType:
        return "null"
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(_type(each) for each in get_args(kind))
    return {"str": "text", "int": "integer", "bool": "boolean", "UUID": "id", "datetime": "instant"}.get(
        getattr(kind, "__name__", ""), getattr(kind, "__name__", str(kind))
    )


def _anchor(kind: type[Fact]) -> str:
    return kind.type.replace(".", "")


def _subclasses(kind: type) -> Iterator[type]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)
