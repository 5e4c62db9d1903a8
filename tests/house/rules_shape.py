"""Rules about shape: which files a slice has, which names exist, who imports whom, where SQL and commits are."""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tests.house.source import Finding, FunctionNode, Module

ROOMS = {"model", "errors", "events", "states", "rules", "ports", "store", "actions", "reactions", "api", "pages"}
FORBIDDEN = {"util", "helper", "common", "manager", "service", "misc"}
FORBIDDEN_SUFFIX = re.compile(r"(?:Utils?|Helpers?|Manager|Service|Misc)$")
# What an adapter may know of a domain, beside its front door.
ADAPTERS_MAY = {"ports", "model", "states", "errors", "events"}
SQL = re.compile(
    r"^\s*(?:--[^\n]*\n\s*)*(?:select\b.+\bfrom\b|select\s+(?:set_config|pg_|1\b)|insert\s+into\b|update\s+\w+\s+set\b|"
    r"delete\s+from\b|with\s+(?:recursive\s+)?\w+\s*(?:\([^)]*\)\s*)?as\s*(?:not\s+)?(?:materialized\s*)?\(|"
    r"create\s+(?:table|index|unique|role|database|policy)\b|"
    r"alter\s+(?:table|role|database)\b|truncate\s+\w|set\s+local\b|listen\s+\w+$|lock\s+table\b)",
    re.IGNORECASE | re.DOTALL,
)
# These look at the database as a whole, from outside: they check, repair, measure, fill or move it.
SQL_ENTRYPOINTS = {"verify", "doctor", "bench", "database_setup", "seed", "torture"}
COMMITS = {"commit", "rollback"}
WRITES = {"run", "answer"}
FACES = {"api", "pages", "reactions"}


def slice_files(module: Module) -> Iterator[Finding]:
    """A slice is made of the files of one fixed vocabulary; a room may grow into a folder of the same name."""
    if module.floor == "domains" and module.path != "src/bottega/domains/__init__.py":
        if not module.slice:
            yield Finding(module.path, "a slice is a folder")
        elif module.room not in ROOMS | {"__init__"}:
            yield Finding(module.path, f"{module.room} is no room of a slice; the rooms are {', '.join(sorted(ROOMS))}")


def forbidden_names(module: Module) -> Iterator[Finding]:
    """utils, helpers, common, manager, service, misc do not exist: a name says whose noun it is."""
    for part in module.parts:
        words = set(PurePosixPath(part).stem.lower().split("_"))
        if words & (FORBIDDEN | {word + "s" for word in FORBIDDEN}):
            yield Finding(module.path, f"the name {part}")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef) and FORBIDDEN_SUFFIX.search(node.name):
            yield Finding(f"{module.path}:{node.name}", "the name of the class")


def import_inside_function(module: Module) -> Iterator[Finding]:
    """Imports stand at the top of a file, where the directions of the house can be seen."""
    for name, node in module.functions():
        if any(isinstance(inner, ast.Import | ast.ImportFrom) for inner in ast.walk(node)):
            yield Finding(f"{module.path}:{name}", "an import inside a function")


def type_checking_import(module: Module) -> Iterator[Finding]:
    """No import of our own code that only the type checker sees: it hides a direction."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for inner in ast.walk(node):
                if any(target.split(".")[0] == "bottega" for target in _targets(inner, module)):
                    yield Finding(module.path, "an import of our own code under TYPE_CHECKING")


def front_doors(module: Module) -> Iterator[Finding]:
    """A slice reaches another one only through its package; an adapter also its ports, model and errors."""
    if module.floor not in {"domains", "adapters"}:
        return
    for node in ast.walk(module.tree):
        for target in _targets(node, module):
            parts = target.split(".")
            if parts[:2] != ["bottega", "domains"] or len(parts) < 4 or parts[2] == module.slice:
                continue
            if parts[3] in ROOMS and not (module.floor == "adapters" and parts[3] in ADAPTERS_MAY):
                yield Finding(
                    f"{module.path}:{parts[2]}.{parts[3]}", f"imports a room of {parts[2]}, not its front door"
                )


def sql_place(module: Module) -> Iterator[Finding]:
    """SQL is in a slice's store, infra, schema and entrypoints that look from outside; the sandbox has its own."""
    if not module.is_source or module.floor in {"infra", "schema", "sandbox"} or module.room == "store":
        return
    if module.floor == "entrypoints" and PurePosixPath(module.parts[3]).stem in SQL_ENTRYPOINTS:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            yield Finding(module.path, f"SQL outside of a store: {' '.join(node.value.split())[:60]}")


def sql_is_literal(module: Module) -> Iterator[Finding]:
    """SQL is never assembled from strings (psycopg.sql composes where it must)."""
    if not module.is_source or module.floor == "sandbox":
        return
    for node in ast.walk(module.tree):
        pieces: list[ast.expr] = []
        if isinstance(node, ast.JoinedStr):
            pieces = node.values
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            pieces = [node.left]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            pieces = [node.func.value]
        first = pieces[0] if pieces else None
        text = first.value if isinstance(first, ast.Constant) else None
        if isinstance(text, str) and SQL.match(re.sub(r"\{.*?\}|%s", "x", text) + " x from y set z"):
            yield Finding(module.path, f"SQL assembled from strings: {' '.join(text.split())[:60]}")


def writing_place(module: Module) -> Iterator[Finding]:
    """`db.run` and `db.answer` are called by faces and runners; commit and rollback by infra alone."""
    if not module.is_source or module.floor in {"infra", "sandbox"}:
        return
    for node in ast.walk(module.tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        called, on = node.func.attr, ast.unparse(node.func.value).split(".")[-1]
        if called in COMMITS and module.floor != "entrypoints":
            yield Finding(module.path, f"{called}() outside of infra")
        if (
            called in WRITES
            and on in {"db", "_db", "database"}
            and module.floor == "domains"
            and module.room not in FACES
        ):
            yield Finding(module.path, f"db.{called} in {module.room}: only api, pages and reactions call it")


def collected_tests(module: Module) -> Iterator[Finding]:
    """Every function that is named like a test is one: pytest finds it, and no other of that name hides it."""
    if not module.is_test:
        return
    in_test_file = PurePosixPath(module.path).name.startswith("test_")
    scopes: list[tuple[str, list[ast.stmt], bool]] = [("", module.tree.body, in_test_file)]
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef):
            has_init = any(isinstance(inner, FunctionNode) and inner.name == "__init__" for inner in node.body)
            scopes.append((node.name + ".", node.body, in_test_file and node.name.startswith("Test") and not has_init))
    found: dict[int, str] = {}
    for prefix, body, collected in scopes:
        seen: set[str] = set()
        for node in body:
            if isinstance(node, FunctionNode) and node.name.startswith("test"):
                found[id(node)] = node.name
                if not collected or not node.name.startswith("test_"):
                    yield Finding(f"{module.path}:{prefix}{node.name}", "pytest does not collect it here")
                if node.name in seen:
                    yield Finding(f"{module.path}:{prefix}{node.name}", "a second test of this name hides the first")
                seen.add(node.name)
    for name, node in module.functions():
        if node.name.startswith("test_") and id(node) not in found:
            yield Finding(f"{module.path}:{name}", "a test inside of something that pytest does not open")


def _targets(node: ast.AST, module: Module) -> list[str]:
    """The dotted names that an import statement brings, relative ones resolved."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            package = list(module.parts[1:-1])
            base = ".".join([*package[: len(package) - node.level + 1], *([base] if base else [])])
        return [f"{base}.{alias.name}" for alias in node.names]
    return []
