"""Form bodies with nested brackets (`metadata[order]=1`, `expand[]=latest_charge`) into typed parameters.

Reading is strict: a wrong type is refused by name. Knows nothing of any particular endpoint.
"""

from collections.abc import Iterable
from typing import Any, cast
from urllib.parse import parse_qsl

from bottega.sandbox.problems import invalid, missing_param

Tree = dict[str, Any]
MAX_FIELDS = 1000
MAX_DEPTH = 8
MAX_INTEGER = 99_999_999_999


def decode(form: bytes) -> Tree:
    """The nested tree of a urlencoded form. Lists become dicts with the keys 0, 1, 2…; `Params.texts` reads them."""
    try:
        pairs = parse_qsl(
            form.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=bool(form),
            max_num_fields=MAX_FIELDS,
            errors="strict",
        )
    except ValueError as problem:
        raise invalid(f"Invalid request body: {problem}") from problem
    tree: Tree = {}
    for name, value in pairs:
        if "\x00" in name or "\x00" in value:
            raise invalid("Invalid null byte in the request.")
        _place(tree, name, value)
    return tree


def _place(tree: Tree, name: str, value: str) -> None:
    head, *rest = name.replace("]", "").split("[")
    path = [head, *rest]
    if len(path) > MAX_DEPTH:
        raise invalid("Parameters are nested too deeply.", head)
    here = tree
    for step in path[:-1]:
        below: Tree | str = here.setdefault(step or str(len(here)), {})
        if isinstance(below, str):
            raise invalid(f"Invalid object: {name}", head)
        here = below
    last = path[-1] if path[-1] else str(len(here))
    here[last] = value


class Params:
    """One level of the tree. `path` is the name shown in refusals: `payment_method_data[card]`."""

    def __init__(self, tree: Tree, path: str = "") -> None:
        """`path` is empty at the top."""
        self.tree = tree
        self.path = path

    def __contains__(self, name: str) -> bool:
        """Whether the parameter was sent at all, be it empty."""
        return name in self.tree

    def _at(self, name: str) -> str:
        return f"{self.path}[{name}]" if self.path else name

    def text(self, name: str, choices: Iterable[str] | None = None, limit: int = 5000) -> str | None:
        """A string, None when it's absent or empty."""
        value = self.tree.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise invalid(f"Invalid string: {self._at(name)}", self._at(name))
        if len(value) > limit:
            raise invalid(f"Invalid string: {self._at(name)} is longer than {limit} characters", self._at(name))
        if choices is not None and value not in choices:
            allowed = ", ".join(sorted(choices))
            raise invalid(f"Invalid {self._at(name)}: must be one of {allowed}", self._at(name))
        return value

    def required(self, name: str) -> str:
        """A string that must be there."""
        value = self.text(name)
        if value is None and name in self.tree:
            message = f"You passed an empty string for '{self._at(name)}'. Leave it out, or give it a value."
            raise invalid(message, self._at(name), "parameter_invalid_empty")
        if value is None:
            raise missing_param(self._at(name))
        return value

    def email(self, name: str) -> str | None:
        """An address of a mailbox."""
        value = self.text(name)
        if value is not None and not all(value.partition("@")):
            raise invalid(f"Invalid email address: {value[:80]}", self._at(name), "email_invalid")
        return value

    def integer(self, name: str) -> int | None:
        """A whole number in minor units or seconds; `10.5`, `1e3` and `NaN` are refused."""
        value = self.text(name)
        if value is None:
            return None
        digits = value[1:] if value.startswith("-") else value
        if not (digits.isascii() and digits.isdigit()) or len(digits) > 15 or abs(int(value)) > MAX_INTEGER:
            raise invalid(f"Invalid integer: {value[:40]}", self._at(name), "parameter_invalid_integer")
        return int(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """`true` or `false`."""
        value = self.text(name)
        if value is None:
            return default
        if value not in ("true", "false"):
            raise invalid(f"Invalid boolean: {value[:40]}", self._at(name))
        return value == "true"

    def table(self, name: str) -> "Params | None":
        """The level below, None when it wasn't sent."""
        value = self.tree.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, dict):
            raise invalid(f"Invalid object: {self._at(name)}", self._at(name))
        return Params(cast("Tree", value), self._at(name))

    def texts(self, name: str) -> list[str]:
        """A list of strings, empty when it wasn't sent."""
        below = self.table(name)
        return [] if below is None else [below.required(key) for key in below.tree]

    def plain(self, name: str) -> Tree | None:
        """The level below as it was sent, for fields that are only kept and shown again (shipping, address)."""
        below = self.table(name)
        return None if below is None else below.tree

    def metadata(self, before: dict[str, str] | None = None) -> dict[str, str]:
        """Merged into what was there before; an empty value takes a key away, an empty `metadata` all of them."""
        if self.tree.get("metadata") == "":
            return {}
        merged = dict(before or {})
        below = self.table("metadata")
        for key in below.tree if below else ():
            value = below.text(key, limit=500) if below else None
            if len(key) > 40:
                raise invalid("Metadata keys can have up to 40 characters.", f"metadata[{key[:40]}]")
            if value is None:
                merged.pop(key, None)
            else:
                merged[key] = value
        if len(merged) > 50:
            raise invalid("Metadata can have up to 50 keys.", "metadata")
        return merged
