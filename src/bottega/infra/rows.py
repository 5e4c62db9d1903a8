"""Rows on their way into the database in its own binary form: an array of composite values is one parameter.

A record is its number of fields and, for each, the number of its type, its length (-1: null) and its value, big-endian
(PostgreSQL's `record_recv` and `array_recv`; the numbers of built-in types never change). The server takes values as they
are: reading the same rows as JSON took it three times as long, and what many rows share is packed once.
"""

import struct
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from psycopg import adapters
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

BOOL, BYTEA, INT8, INT4, TEXT, DATE, TIMESTAMPTZ, UUID, JSONB = 16, 17, 20, 23, 25, 1082, 1184, 2950, 3802
"""The numbers of the types."""

_DAY_ZERO = date(2000, 1, 1).toordinal()
_INSTANT_ZERO = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_HEAD = struct.Struct(">ii").pack
_LENGTH = struct.Struct(">i").pack
_ARRAY = struct.Struct(">iiiii").pack


class Rows:
    """Records for one parameter, cast in the statement: `unnest(%s::placed_line[])`."""

    __slots__ = ("data",)

    def __init__(self, records: Sequence[bytes]) -> None:
        # One dimension, no null among the elements, the type as the statement says, counted from 1.
        parts = [_ARRAY(1, 0, 0, len(records), 1)]
        for record in records:
            parts += (_LENGTH(len(record)), record)
        self.data = b"".join(parts)


class _RowsDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Rows) -> Buffer:
        return obj.data


adapters.register_dumper(Rows, _RowsDumper)


def text(value: str) -> bytes:
    """A text field."""
    data = value.encode()
    return _HEAD(TEXT, len(data)) + data


word = lru_cache(maxsize=4096)(text)
"""A text field whose value is one of few: a currency, a kind, a name from the menu."""


def jsonb(document: bytes) -> bytes:
    """A jsonb field, from JSON."""
    return _HEAD(JSONB, len(document) + 1) + b"\x01" + document


def optional(kind: int, value: bytes | None) -> bytes:
    """A uuid or bytea field that may be null."""
    return _HEAD(kind, -1) if value is None else _HEAD(kind, len(value)) + value


def days(value: date) -> int:
    """A date as the server counts it."""
    return value.toordinal() - _DAY_ZERO


def microseconds(value: datetime) -> int:
    """An instant as the server counts it."""
    return (value - _INSTANT_ZERO) // _MICROSECOND
