"""What the house rules look at: the tracked Python files with their syntax trees, and what a finding is."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent.parent
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Finding:
    """A broken rule: `where` stays the same when lines move (`path` or `path:name`), so an exception can name it."""

    where: str
    what: str


@dataclass(frozen=True)
class Module:
    """One Python file: its path from the root of the repository, with slashes, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text)

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the path."""
        return PurePosixPath(self.path).parts

    @property
    def is_source(self) -> bool:
        """Whether this is part of the package."""
        return self.path.startswith("src/bottega/")

    @property
    def is_test(self) -> bool:
        """Whether this belongs to the tests."""
        return self.path.startswith("tests/")

    @property
    def floor(self) -> str:
        """kit, infra, domains, adapters, entrypoints, schema, sandbox; empty outside of the package."""
        return self.parts[2] if self.is_source and len(self.parts) > 3 else ""

    @property
    def slice(self) -> str:
        """The slice that the file is in, or empty."""
        return self.parts[3] if self.floor == "domains" and len(self.parts) > 4 else ""

    @property
    def room(self) -> str:
        """The word of the slice's vocabulary that the file is, or is in: actions for actions.py and actions/place.py."""
        return PurePosixPath(self.parts[4]).stem if self.slice else ""

    @property
    def name(self) -> str:
        """The dotted name for imports."""
        parts = [*self.parts[1:-1], PurePosixPath(self.path).stem]
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def functions(self) -> Iterator[tuple[str, FunctionNode]]:
        """Every function with its qualified name."""
        yield from _functions(self.tree, "")


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, FunctionNode]]:
    for child in ast.iter_child_nodes(node):
        named = isinstance(child, FunctionNode | ast.ClassDef)
        if isinstance(child, FunctionNode):
            yield prefix + child.name, child
        yield from _functions(child, f"{prefix}{child.name}." if named else prefix)


@lru_cache
def tracked() -> tuple[str, ...]:
    """The paths of the files that git knows, or would add: what a commit would hold."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return tuple(name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file())


@lru_cache
def modules() -> tuple[Module, ...]:
    """The tracked Python files."""
    return tuple(Module(path, (ROOT / path).read_text()) for path in tracked() if path.endswith(".py"))
