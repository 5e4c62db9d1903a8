"""Bodies that nobody honest sends: every field of a good body replaced by everything that it must not be. Pure."""

import copy
import json
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]

# Written as JSON text, because half of it is not a Python value.
WRONG_NUMBERS = (
    "1.5", "1.0", "1e2", "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "2147483648", "9223372036854775807",
    "9223372036854775808", "18446744073709551615", "18446744073709551616", "-9223372036854775809", "1" + "0" * 400,
    "-1", "0", "-0", "0x10", "01", "+1",
)  # fmt: skip
WRONG_TYPES = ('"1"', '""', "true", "false", "null", "[]", "{}", "[null]", '{"a":1}', '[[[["x"]]]]')
WRONG_TEXTS = (
    r'"\u0000"', r'"a\u0000b"', r'"\ud800"', r'"\udc00\ud800"', r'"\u202eevil"', r'"\u2066evil"', r'"\u0007"',
    '"\U0001f9cb\U0001f468\u200d\U0001f469\u200d\U0001f467"', '"' + "x" * 5000 + '"', r'"\u0085"', r'"\u007f"', '"\x01"',
    '"../../etc/passwd"', "\"' or 1=1; drop table orders; --\"", '"{{7*7}}<script>alert(1)</script>"',
)  # fmt: skip
VALUES = WRONG_NUMBERS + WRONG_TYPES + WRONG_TEXTS
RAW_GARBAGE: tuple[bytes, ...] = (
    b"", b" ", b"\x00", b"null", b"true", b"1", b'"text"', b"[]", b"{", b"}", b"{]", b'{"a"', b'{"a":}', b"{,}", b"{}{}",
    b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00", b'{"a":"\xff"}', b'{"\xed\xa0\x80":1}', b"{'a':1}", b'{"a":1,}', b"nul",
    b"[" * 100_000, b'{"a":' * 40_000, b"[" * 33 + b"]" * 33, b'{"a":' * 1000 + b"1" + b"}" * 1000, b"9" * 5000,
    b"\x1f\x8b\x08\x00", b"<?xml version='1.0'?><a/>", b"a=1&b=2", b"--x\r\n\r\n--x--",
)  # fmt: skip

_HOLE = "the hole in which a hostile value goes"


def places(value: Any, at: Path = ()) -> Iterator[Path]:
    """Every place of a body that can be replaced, containers and leaves."""
    if at:
        yield at
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places(inner, (*at, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value[:1]):
            yield from places(inner, (*at, index))


def variants(body: dict[str, Any]) -> Iterator[tuple[Path, str, bytes]]:
    """Every (place, hostile value, body): one wrong value at one place of a good body."""
    for at in places(body):
        broken = copy.deepcopy(body)
        _put(broken, at, _HOLE)
        text = json.dumps(broken)
        for value in VALUES:
            yield at, value, text.replace(json.dumps(_HOLE), value).encode("utf-8", "surrogatepass")


def with_unknown_fields(body: dict[str, Any], names: tuple[str, ...]) -> Iterator[tuple[Path, str, bytes]]:
    """A field that is not there, put into every object of a good body."""
    for at in ((), *places(body)):
        if isinstance(_get(body, at), dict):
            for name in names:
                broken = copy.deepcopy(body)
                _get(broken, at)[name] = 1
                yield at, name, json.dumps(broken).encode()


def with_doubled_keys(body: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Bodies in which one key stands twice, written in several ways."""
    text = json.dumps(body)
    for name, value in body.items():
        again = json.dumps(value)
        yield name, f'{text[:-1]}, "{name}": {again}}}'.encode()
        yield name, f'{text[:-1]}, "{name}" :{again}}}'.encode()
        escaped = f"\\u{ord(name[0]):04x}{name[1:]}"
        yield name, f'{text[:-1]}, "{escaped}":{again}}}'.encode()


def _get(value: Any, at: Path) -> Any:
    for step in at:
        value = value[step]
    return value


def _put(value: Any, at: Path, new: Any) -> None:
    _get(value, at[:-1])[at[-1]] = new
