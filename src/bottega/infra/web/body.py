"""Bodies read strictly: JSON decoded straight into a struct, without coercion, and refusals that name the place.

Not JSON at all is 400; JSON of the wrong shape is 422 with an RFC 6901 pointer. Unknown fields, floats, strings for
numbers, NaN and integers out of range are of the wrong shape. Typed decoding bounds the depth; lone surrogates and text
that is not UTF-8 are no JSON of ours, nor is an object that names a field twice.
"""

import json
import re
from collections.abc import Generator
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from litestar.dto import AbstractDTO
from litestar.dto.data_structures import DTOFieldDefinition
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition
from msgspec import inspect

from bottega.infra.transaction import Answer, Claim, fingerprint
from bottega.infra.web.problem import AnyRequest
from bottega.kit.errors import (
    DuplicateKey,
    FieldError,
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    Invalid,
    Malformed,
    UnsupportedMediaType,
)

T = TypeVar("T")
_PLAIN = (inspect.StrType, inspect.IntType, inspect.BoolType, inspect.NoneType, inspect.EnumType)
_AT = re.compile(r"^(?P<detail>.*?)(?: - at `(?:key )?\$(?P<path>[^`]*)`)?$", re.DOTALL)
_JSON = re.compile(r"\s*application/([\w.-]+\+)?json\s*(;|$)", re.IGNORECASE)
_KEY = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,253}[\x21-\x7e]|[\x21-\x7e]")


def decode(body: bytes, into: type[T]) -> T:
    """A body as a struct. Raises `Malformed` or `Invalid`."""
    try:
        decoded = msgspec.json.decode(body or b"null", type=into)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Malformed(f"The body is not JSON that can be read: {error}"[:200]) from error
    if not _says_once(body, decoded, into) and _says_twice(body):
        raise DuplicateKey
    return decoded


def _says_once(body: bytes, decoded: Any, into: Any) -> bool:
    """Whether it is sure at a glance that no key is doubled: what was decoded has as many colons as what was sent.

    A doubled key is lost when the body is decoded, and its colon with it. That holds while nothing is escaped and nothing
    in the type has a second way to be written; where a client sends a default, a second look is taken.
    """
    return b"\\" not in body and _is_kept_whole(into) and msgspec.json.encode(decoded).count(b":") == body.count(b":")


@lru_cache(maxsize=1024)
def _is_kept_whole(kind: Any) -> bool:
    """Whether values of a type are written in one way only, and no field is written that was not sent."""
    return _has_one_form(inspect.type_info(kind))


def _has_one_form(info: inspect.Type) -> bool:
    if isinstance(info, inspect.Metadata):
        return _has_one_form(info.type)
    if isinstance(info, inspect.StructType):
        config: Any = info.cls.__struct_config__
        return config.omit_defaults and all(_has_one_form(field.type) for field in info.fields)
    if isinstance(info, inspect.UnionType):
        return all(_has_one_form(each) for each in info.types)
    if isinstance(info, (inspect.VarTupleType, inspect.ListType)):
        return _has_one_form(info.item_type)
    return isinstance(info, _PLAIN)


def _says_twice(body: bytes) -> bool:
    """Whether an object in a body that was decoded names a key twice.

    As `_says_once`, but exact for every type; a body with a backslash is read once more, pair by pair.
    """
    if b"\\" not in body:
        return body.count(b":") != msgspec.json.encode(msgspec.json.decode(body)).count(b":")
    doubled = False

    def see(pairs: list[tuple[str, Any]]) -> None:
        nonlocal doubled
        doubled = doubled or len({name for name, _ in pairs}) != len(pairs)

    json.loads(body, object_pairs_hook=see)
    return doubled


def _invalid(message: str) -> Invalid:
    match = _AT.match(message)
    assert match is not None
    path = match["path"] or ""
    pointer = re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", path).replace(".", "/")
    if "`" in match["detail"] and "unknown field" in match["detail"]:
        name = match["detail"].split("`")[1]
        return Invalid(
            f"There is no field {name} here",
            errors=(FieldError(f"{pointer}/{name}", "unknown_field", match["detail"]),),
        )
    return Invalid(match["detail"], errors=(FieldError(pointer or "/", "invalid", match["detail"]),))


class Strict(AbstractDTO[T]):
    """`dto=Strict[Command]` on a handler: its `data` is decoded by `decode`.

    A body that says it is something else than JSON is refused; forms in particular, which any site can post.
    """

    def decode_bytes(self, value: bytes) -> Any:
        """The body as the struct that this class was made for. Raises `UnsupportedMediaType`."""
        if not _JSON.match(self.asgi_connection.headers.get("content-type", "application/json")):
            raise UnsupportedMediaType
        return decode(value, self.model_type)

    def decode_builtins(self, value: Any) -> Any:
        """Forms are not taken."""
        raise UnsupportedMediaType

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Generator[DTOFieldDefinition, None, None]:
        """None: the struct describes itself."""
        yield from ()

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: Any
    ) -> Reference | Schema:
        """The struct's own schema; there is no transfer model in between."""
        return schema_creator.for_field_definition(FieldDefinition.from_annotation(cls.model_type))

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        """Never: structs are decoded whole."""
        return False


def idempotency_key(request: AnyRequest) -> str:
    """The request's key, quoted or bare. Raises `IdempotencyKeyMissing`, `IdempotencyKeyInvalid`."""
    raw = request.headers.get("idempotency-key")
    if raw is None:
        raise IdempotencyKeyMissing
    key = raw.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if len(key) > 255 or not _KEY.fullmatch(key):
        raise IdempotencyKeyInvalid
    return key


def claim(request: AnyRequest, route: str, *parts: Any) -> Claim:
    """The request's idempotency key for a route, with the fingerprint of what it asks."""
    return Claim(route, idempotency_key(request), fingerprint(*parts))


def rendered(value: Any, status: int = 200) -> Answer:
    """A view as the answer that is sent, and kept for a repeat of its key."""
    return Answer(status, msgspec.json.encode(value))
