"""Rules about the repository as a whole: what a front door promises, and what must never be committed."""

import ast
import re
from collections.abc import Iterator, Mapping

from tests.house.source import Finding, FunctionNode, Module

# Assembled here, so that this file does not find itself.
LEAKS: Mapping[str, re.Pattern[str]] = {
    "a path of a machine": re.compile(
        r"(?<![\w.])/(?:" + "|".join(["work/", "home/\\w+/", "Users/\\w+/", "root/\\.", "tmp/bash_jobs"]) + ")"
    ),
    "the address of a package registry": re.compile(
        "|".join(
            [
                "registry\\.npm" + "js",
                "npm" + "mirror\\.",
                "files\\.python" + "hosted",
                "pypi\\.org/" + "simple",
                "--(?:extra-)?index" + "-url",
            ]
        )
    ),
    "an address in a lock file": re.compile('"resolved"' + ":"),
    "a private key": re.compile("-----BEGIN [A-Z ]*PRIVATE" + " KEY-----"),
    "a live secret": re.compile(
        r"\b(?:sk|rk)_" + r"live_\w{8,}|\bwhsec_" + r"[A-Za-z0-9+/]{24,}|\bAKIA" + r"[0-9A-Z]{16}\b|\bghp_" + r"\w{20,}"
    ),
}


def stray_files(path: str) -> Iterator[Finding]:
    """What is not Python in a slice is a template."""
    parts = path.split("/")
    if parts[:3] == ["src", "bottega", "domains"] and not path.endswith(".py") and parts[4:5] != ["templates"]:
        yield Finding(path, "neither a room nor a template")


def leaks(path: str, text: str) -> Iterator[Finding]:
    """No path of a machine, no registry's address and no secret in a tracked file."""
    for number, line in enumerate(text.splitlines(), 1):
        for what, pattern in LEAKS.items():
            if pattern.search(line):
                yield Finding(path, f"line {number}: {what}")


def verbs_without_docstring(modules: Mapping[str, Module]) -> Iterator[Finding]:
    """Every function that a slice's front door exports has a docstring (units, shapes, errors)."""
    for module in modules.values():
        if not (module.slice and module.path.endswith(f"/{module.slice}/__init__.py")):
            continue
        for node in module.tree.body:
            if not isinstance(node, ast.ImportFrom):
                continue
            base = node.module or ""
            if node.level:
                base = f"{module.name}.{base}".rstrip(".")
            for alias in node.names:
                function = _function(modules, base, alias.name)
                if function is not None and not ast.get_docstring(function):
                    yield Finding(f"{module.path}:{alias.asname or alias.name}", "a public verb without a docstring")


def _function(modules: Mapping[str, Module], base: str, name: str) -> FunctionNode | None:
    """The definition behind `from base import name`, through packages that pass it on."""
    module = modules.get(base)
    if module is None:
        return None
    for node in module.tree.body:
        if isinstance(node, FunctionNode) and node.name == name:
            return node
        if isinstance(node, ast.ImportFrom) and any((alias.asname or alias.name) == name for alias in node.names):
            package = base.split(".") if module.path.endswith("__init__.py") else base.split(".")[:-1]
            start = package[: len(package) - node.level + 1] if node.level else []
            return _function(modules, ".".join([*start, *filter(None, [node.module])]), name)
    return None
