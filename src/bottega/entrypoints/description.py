"""The OpenAPI document: what Litestar generates from the handlers, completed with what it can't know (`calls.py`).

Added here: short operation ids, who may call, the `Idempotency-Key` header, every refusal with its code as an RFC 9457
problem, the streams' media types, what structs say of themselves, and that bodies take no unknown field.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from litestar import Litestar

from bottega.domains.identity.model import TokenRequest
from bottega.entrypoints.calls import CALLS, Call, Refusal, Who, refusals_of
from bottega.entrypoints.samples import example
from bottega.infra.web.problem import PROBLEM_TYPE, STATUS
from bottega.kit.errors import FieldError
from bottega.kit.pagination import MAX_LIMIT

Json = dict[str, Any]

ABOUT = """One ordering engine for every shop that makes or sells things.

Money is an integer in the currency's minor unit. Instants are RFC 3339 in UTC. Ids are names with a prefix (`ord_…`).
Every refusal is an RFC 9457 problem with a stable `code`; `/docs/errors` explains each. Calls that create or move
something take an `Idempotency-Key`: a repeat gets the first answer, marked `Idempotency-Replayed: true`."""
_REASONS = {
    400: "It could not be read", 401: "Sign in first", 402: "The payment was declined", 403: "Not your role",
    404: "Not there, or not yours", 409: "Conflict with how things are now", 412: "It has changed since you read it",
    413: "The body is too large", 415: "Only JSON is read here", 422: "Understood, but refused",
    429: "Too many requests", 503: "Try again shortly",
}  # fmt: skip
_KEY_HEADER: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "names this request; a repeat gets the first answer",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    "example": "6f1c2b1e-latte",
}
_IF_NONE_MATCH: Json = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "ETags that you have; when one is still right, the answer is an empty 304",
    "schema": {"type": "string"},
}
_IF_MATCH: Json = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "the order's ETag, or its `seq` in quotes; when the order has changed since you read it, the answer is 412",
    "schema": {"type": "string"},
}
_HEADERS: Json = {
    name: {"description": words, "schema": {"type": kind}}
    for name, kind, words in (
        ("X-Request-Id", "string", "The id of this request in the logs; yours if you sent one"),
        ("RateLimit", "string", "What is left of the limit, and when it begins anew"),
        ("RateLimit-Policy", "string", "The limit that holds for you"),
        ("Retry-After", "integer", "After how many seconds to try again"),
        ("Idempotency-Replayed", "string", "`true` when this is the first answer again"),
        ("ETag", "string", "Names this version"),
    )
}
_TAGS = {
    "Stores": "Where to order: stores, their menus, what is sold out.",
    "Ordering": "Quotes and orders: place, follow, change, cancel, move on.",
    "Payment": "Paying online, refunds, the provider's events.",
    "Kitchen": "The queue of a store and its tickets.",
    "Live": "The same, as it happens: Server-Sent Events, and WebSocket on the same path.",
    "People": "Guests, log-in, tokens.",
    "Running it": "For operators: alive, ready, metrics.",
}
_BEARER: Json = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
_COOKIE: Json = {"type": "apiKey", "in": "cookie", "name": "__Host-bottega"}
_PROBLEM: Json = {
    "type": "object",
    "title": "Problem",
    "description": "An RFC 9457 problem. Some refusals add fields of their own, such as the present `order_status`.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "Where the code is explained"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "Words for a person"},
        "code": {"type": "string", "description": "Stable; decide by it"},
        "request_id": {"type": "string"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
    },
}


def document(app: Litestar) -> Json:
    """The OpenAPI 3.1 document of the application. Raises `KeyError` for a call that `calls.py` does not know."""
    made: Json = app.openapi_schema.to_schema()
    made["info"] = {"title": "bottega", "version": "1", "description": ABOUT, "license": {"name": "MIT"}}
    schemas: Json = made["components"]["schemas"]
    schemas["Problem"] = _PROBLEM
    schemas["FieldError"] = msgspec.json.schema_components([FieldError])[1]["FieldError"]
    schemas["TokenRequest"] = msgspec.json.schema_components([TokenRequest])[1]["TokenRequest"]
    _tell_structs(schemas)
    made["tags"] = [{"name": name, "description": words} for name, words in _TAGS.items()]
    made["components"]["headers"] = _HEADERS
    made["components"]["securitySchemes"] = {"bearer": _BEARER, "session": _COOKIE}
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            address = f"{method.upper()} {path}"
            _complete(operation, address, CALLS[address], schemas)
    return made


def _complete(operation: Json, address: str, call: Call, schemas: Json) -> None:
    operation["operationId"] = call.name
    operation["x-who"] = call.who + (f" (permission `{call.permission}`)" if call.permission else "")
    if call.who in (Who.SOMEBODY, Who.STAFF):
        operation["security"] = [{"bearer": []}, {"session": []}]
    elif call.who is Who.ANYBODY and address.split(" ")[1].startswith("/v1/"):
        operation["security"] = [{}, {"bearer": []}, {"session": []}]
    if call.key:
        operation.setdefault("parameters", []).append(_KEY_HEADER)
    if call.etag:
        operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
        operation["responses"]["304"] = {"description": "What you have is still right"}
    if call.name == "change_order":
        operation.setdefault("parameters", []).append(_IF_MATCH)
    for parameter in operation.get("parameters", ()):
        if parameter["name"] == "limit":
            parameter["schema"] |= {"minimum": 1, "maximum": MAX_LIMIT}
    if call.name == "get_token":
        shape = {"schema": {"$ref": "#/components/schemas/TokenRequest"}}
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": shape, "application/x-www-form-urlencoded": shape},
        }
    for parameter in operation.get("parameters", ()):
        for empty in ("deprecated", "allowEmptyValue", "allowReserved"):
            parameter.pop(empty, None)
    answers: Json = operation["responses"]
    answers.pop("400", None)
    for status, answer in answers.items():
        if status != "304":
            answer["description"] = "Created" if status == "201" else "Done" if status == "204" else "The answer"
    if "/stream" in address:
        _stream(answers)
    answers |= _refusals(refusals_of(address, call))
    for status, answer in answers.items():
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in _headers_of(status, call)}
    _add_examples(operation, schemas)


def _headers_of(status: str, call: Call) -> list[str]:
    """The headers that an answer of a call has."""
    names = ["X-Request-Id"]
    if call.who is not Who.PROVIDER:
        names += ["RateLimit", "RateLimit-Policy"]
    if status in ("429", "503"):
        names.append("Retry-After")
    if status < "300" and call.key:
        names.append("Idempotency-Replayed")
    if call.etag and status < "400":
        names.append("ETag")
    return names


def _stream(answers: Json) -> None:
    words = "Events: each with `event`, `id` (the log position to resume from) and JSON `data`"
    answers["200"] = {"description": words, "content": {"text/event-stream": {"schema": {"type": "string"}}}}


def _refusals(refusals: Iterable[Refusal]) -> Json:
    by_status: dict[int, list[Refusal]] = {}
    for refusal in refusals:
        by_status.setdefault(STATUS[refusal.kind], []).append(refusal)
    return {
        str(status): {
            "description": f"{_REASONS[status]}: " + ", ".join(f"`{each.code}`" for each in found),
            "x-codes": [each.code for each in found],
            "content": {PROBLEM_TYPE: {"schema": _problem_of([each.code for each in found])}},
        }
        for status, found in sorted(by_status.items())
    }


def _problem_of(codes: list[str]) -> Json:
    """The schema of a problem with one of these codes."""
    told: Json = {"type": "object", "properties": {"code": {"enum": codes}}}
    return {"allOf": [{"$ref": "#/components/schemas/Problem"}, told]}


def _add_examples(operation: Json, schemas: Json) -> None:
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for body in bodies:
        for media, shape in body.get("content", {}).items():
            if media == "application/json" and "$ref" in shape.get("schema", {}):
                shape["example"] = example(shape["schema"], schemas)


def _tell_structs(schemas: Json) -> None:
    """Describe our structs by themselves: docstrings, bounds, what may be left out, that no unknown field is taken."""
    kinds = {kind.__name__: kind for kind in _subclasses(msgspec.Struct) if kind.__module__.startswith("bottega.")}
    ours = [kinds[name] for name in schemas if name in kinds]
    schemas |= msgspec.json.schema_components(ours, ref_template="#/components/schemas/{name}")[1]
    for schema in schemas.values():
        for field in schema.get("properties", {}).values():
            _tell_integers(field)


def _tell_integers(schema: Json) -> None:
    """Integers are of 64 bits; where nothing narrower is said, that is said."""
    if schema.get("type") == "integer":
        schema.setdefault("format", "int64")
    for each in (*schema.get("anyOf", ()), *(schema[name] for name in ("items",) if name in schema)):
        _tell_integers(each)


def _subclasses(kind: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)
