"""The search language of `/v1/…/search`: a line of text into a test of a document. Pure.

`field:'exact'`, `field~'part'`, `amount>100`, `metadata['key']:'value'`, `-` in front for "not", `null` for "isn't set";
clauses are joined by AND (or a space) or by OR, never by both. Words match whatever their case.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bottega.sandbox.problems import Doc, Refused, invalid

Test = Callable[[Doc], bool]
MOST_CLAUSES = 10
SHORTEST_PART = 3
# What may be asked of each kind of object: numbers are compared, texts are also searched for a part, the rest only match.
_NUMBERS = frozenset({"amount", "created"})
_TEXTS = frozenset({"description", "email", "name", "phone"})
_CARD = frozenset(
    f"payment_method_details.card.{name}" for name in ("brand", "exp_month", "exp_year", "fingerprint", "last4")
)
_INTENT = _NUMBERS | {"currency", "customer", "description", "status"}
_FIELDS: dict[str, frozenset[str]] = {
    "payment_intent": _INTENT,
    "charge": _INTENT | _CARD | {"billing_details.address.postal_code", "disputed", "refunded"},
    "customer": _TEXTS | {"created"},
}
_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_CLAUSE = re.compile(
    rf"\s*(?P<no>-?)(?P<field>[a-z0-9_.]+)(?:\[(?P<key>{_QUOTED})\])?\s*(?P<sign>>=|<=|[:~<>=])\s*"
    rf"(?P<value>{_QUOTED}|null\b|-?\d+(?![\w.]))",
    re.IGNORECASE | re.DOTALL,
)
_JOIN = re.compile(r"\s+(?:(?P<word>and|or)\s+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Clause:
    no: bool
    field: str
    key: str | None
    sign: str
    value: str | None


def compile_query(kind: str, text: str) -> Test:
    """The test that a query stands for, on documents of this kind. Refused with 400 when it makes no sense."""
    tests: list[Test] = []
    words: set[str] = set()
    place = 0
    text = text.strip()
    while True:
        found = _CLAUSE.match(text, place)
        if found is None:
            raise _wrong(f"We couldn't parse your search query at {text[place : place + 40]!r}.")
        tests.append(_test(kind, _clause(found)))
        place = found.end()
        if place == len(text):
            break
        join = _JOIN.match(text, place)
        if join is None:
            raise _wrong(f"We couldn't parse your search query at {text[place : place + 40]!r}.")
        words.add((join["word"] or "and").lower())
        place = join.end()
    if len(words) > 1:
        raise _wrong("AND and OR can't be combined in one search query.")
    if len(tests) > MOST_CLAUSES:
        raise _wrong(f"A search query can have up to {MOST_CLAUSES} clauses.")
    combine = any if words == {"or"} else all
    return lambda doc: combine(test(doc) for test in tests)


def _wrong(message: str) -> Refused:
    return invalid(message, "query")


def _clause(found: re.Match[str]) -> _Clause:
    key, value = found["key"], found["value"]
    return _Clause(
        found["no"] == "-", found["field"].lower(), _bare(key) if key else None, found["sign"],
        None if value.lower() == "null" else _bare(value),
    )  # fmt: skip


def _bare(text: str) -> str:
    """Without its quotes and backslashes."""
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text[0] in "'\"" else text


def _test(kind: str, clause: _Clause) -> Test:
    read = _reader(kind, clause)
    positive = _numeric(clause, read) if clause.field in _NUMBERS else _textual(clause, read)
    return (lambda doc: not positive(doc)) if clause.no else positive


def _reader(kind: str, clause: _Clause) -> Callable[[Doc], Any]:
    if clause.field == "metadata" and clause.key is not None:
        key = clause.key
        return lambda doc: doc["metadata"].get(key)
    if clause.key is not None or clause.field not in _FIELDS[kind]:
        raise _wrong(f"Field `{clause.field[:60]}` is an unsupported search field for resource `{kind}s`.")
    steps = clause.field.split(".")

    def read(doc: Doc) -> Any:
        value: Any = doc
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        return value

    return read


def _numeric(clause: _Clause, read: Callable[[Doc], Any]) -> Test:
    if clause.value is None or clause.sign == "~" or not re.fullmatch(r"-?\d{1,15}", clause.value, re.ASCII):
        raise _wrong(f"Field `{clause.field}` is a number: compare it with one by : < <= > or >=.")
    bound = int(clause.value)
    compare: dict[str, Callable[[int], bool]] = {
        ":": lambda n: n == bound, "=": lambda n: n == bound, "<": lambda n: n < bound, "<=": lambda n: n <= bound,
        ">": lambda n: n > bound, ">=": lambda n: n >= bound,
    }  # fmt: skip
    holds = compare[clause.sign]
    return lambda doc: holds(read(doc))


def _textual(clause: _Clause, read: Callable[[Doc], Any]) -> Test:
    if clause.sign not in (":", "~"):
        raise _wrong(f"Field `{clause.field}` can't be compared with {clause.sign}; only : matches it.")
    if clause.value is None:
        return lambda doc: read(doc) in (None, "")
    wanted = clause.value.casefold()
    if clause.sign == ":":
        return lambda doc: (value := read(doc)) is not None and str(value).casefold() == wanted
    if clause.field not in _TEXTS:
        raise _wrong(f"Field `{clause.field}` doesn't support substring search.")
    if len(wanted) < SHORTEST_PART:
        raise _wrong(f"A part to search for needs at least {SHORTEST_PART} characters.")
    return lambda doc: wanted in str(read(doc) or "").casefold()
