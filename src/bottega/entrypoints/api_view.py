"""The OpenAPI document as its page shows it: calls by tag, with their fields as flat rows that a person can read.

Values in, values out; the look is in templates/docs.html.
"""

import json
from typing import Any

import msgspec

Json = dict[str, Any]
# The order in which a newcomer meets them; a tag that is not named here comes after.
_TAGS = ("Stores", "People", "Ordering", "Payment", "Live", "Kitchen", "Running it")
_DEPTH = 4


class Field(msgspec.Struct, frozen=True):
    """One row: `path` from the top of the body (`lines[].name`), its type in words, the values it may have."""

    path: str
    type: str
    required: bool
    values: tuple[str, ...] = ()
    meaning: str = ""


class Body(msgspec.Struct, frozen=True):
    """A request's body or an answer: what it is, its fields, an example as JSON text."""

    status: str
    name: str
    about: str
    media: str
    fields: tuple[Field, ...]
    example: str


class CallView(msgspec.Struct, frozen=True, kw_only=True):
    """One call. `refusals` are (status, codes)."""

    name: str
    method: str
    path: str
    summary: str
    about: str
    who: str
    parameters: tuple[Field, ...]
    request: Body | None
    answers: tuple[Body, ...]
    refusals: tuple[tuple[str, tuple[str, ...]], ...]


class Group(msgspec.Struct, frozen=True):
    """The calls under one tag."""

    name: str
    anchor: str
    calls: tuple[CallView, ...]


def groups(document: Json) -> tuple[Group, ...]:
    """Every call of the document, by tag."""
    by_tag: dict[str, list[CallView]] = {}
    schemas: Json = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            by_tag.setdefault(operation["tags"][0], []).append(_call(path, method, operation, schemas))
    order = sorted(by_tag, key=lambda tag: (_TAGS.index(tag) if tag in _TAGS else len(_TAGS), tag))
    return tuple(Group(tag, tag.lower().replace(" ", "-"), tuple(by_tag[tag])) for tag in order)


def _call(path: str, method: str, operation: Json, schemas: Json) -> CallView:
    answers: Json = operation["responses"]
    request: Json = operation.get("requestBody", {})
    return CallView(
        name=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        about=operation.get("description", ""),
        who=operation.get("x-who", ""),
        parameters=tuple(_parameter(each, schemas) for each in operation.get("parameters", ())),
        request=_body("", request, schemas) if request else None,
        answers=tuple(_body(status, each, schemas) for status, each in answers.items() if status < "300"),
        refusals=tuple((status, tuple(each["x-codes"])) for status, each in answers.items() if "x-codes" in each),
    )


def _parameter(parameter: Json, schemas: Json) -> Field:
    schema: Json = parameter["schema"]
    kind, values = _type(schema, schemas)
    where = {"path": "in the path", "query": "in the query", "header": "header"}[parameter["in"]]
    words = parameter.get("description", "")
    return Field(
        parameter["name"], kind, parameter.get("required", False), values, f"{where}; {words}" if words else where
    )


def _body(status: str, body: Json, schemas: Json) -> Body:
    content: Json = body.get("content", {})
    media = next(iter(content), "")
    shape: Json = content.get(media, {})
    schema: Json = shape.get("schema", {})
    named = _resolved(schema, schemas)
    sample = json.dumps(shape["example"], indent=2, ensure_ascii=False) if "example" in shape else ""
    title = str(named.get("title", "")).rpartition("_")[2]
    is_object = named.get("type") == "object"
    about = named.get("description", "") if is_object else body.get("description", "")
    return Body(status, title, about, media, tuple(_fields(named, schemas, "", 0)), sample)


def _fields(schema: Json, schemas: Json, prefix: str, depth: int) -> list[Field]:
    rows: list[Field] = []
    required: list[str] = schema.get("required", [])
    properties: Json = schema.get("properties", {})
    for name, each in properties.items():
        kind, values = _type(each, schemas)
        rows.append(Field(prefix + name, kind, name in required, values, each.get("description", "")))
        inner, is_list = _inside(each, schemas)
        if inner is not None and depth < _DEPTH:
            rows += _fields(inner, schemas, f"{prefix}{name}{'[]' if is_list else ''}.", depth + 1)
    return rows


def _inside(schema: Json, schemas: Json) -> tuple[Json | None, bool]:
    """The object that a field holds, or a list of, if any."""
    found = _resolved(_not_null(_resolved(schema, schemas)), schemas)
    if found.get("type") == "array":
        item = _resolved(found["items"], schemas)
        return (item if "properties" in item else None), True
    return (found if "properties" in found else None), False


def _type(schema: Json, schemas: Json) -> tuple[str, tuple[str, ...]]:
    """A type in words, and the values it may have."""
    found = _resolved(schema, schemas)
    if found.get("oneOf") or found.get("anyOf"):
        kind, values = _type(_not_null(found), schemas)
        return f"{kind} or null", values
    if "enum" in found:
        return "one of", tuple(str(value) for value in found["enum"])
    if found.get("type") == "array":
        kind, values = _type(found["items"], schemas)
        return f"list of {kind}", values
    if found.get("format") == "date-time":
        return "instant", ()
    return {"string": "text", "boolean": "true or false", "number": "number", "integer": "integer"}.get(
        str(found.get("type")), "object"
    ), ()


def _not_null(schema: Json) -> Json:
    branches: list[Json] = schema.get("oneOf") or schema.get("anyOf") or [schema]
    return next((each for each in branches if each.get("type") != "null"), schema)


def _resolved(schema: Json, schemas: Json) -> Json:
    return schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
