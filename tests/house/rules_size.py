"""Rules about size: files, functions, parameters. The budgets are from the architecture."""

import ast
import statistics
from collections.abc import Iterable, Iterator

from tests.house.source import Finding, FunctionNode, Module

FILE, TEST_FILE, FUNCTION, FUNCTION_P95, PARAMETERS = 400, 500, 60, 30, 6


def file_budget(module: Module) -> Iterator[Finding]:
    """A file has at most 400 lines, a test file 500."""
    limit = TEST_FILE if module.is_test else FILE
    lines = len(module.text.splitlines())
    if lines > limit:
        yield Finding(module.path, f"{lines} lines, at most {limit}")


def function_budget(module: Module) -> Iterator[Finding]:
    """A function has at most 60 lines."""
    for name, node in module.functions():
        if length(node) > FUNCTION and not module.is_test:
            yield Finding(f"{module.path}:{name}", f"{length(node)} lines, at most {FUNCTION}")


def parameter_budget(module: Module) -> Iterator[Finding]:
    """A function takes at most 6 parameters besides self, cls and tx."""
    for name, node in module.functions():
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        counted = [argument.arg for argument in every if argument.arg not in {"self", "cls", "tx"}]
        if len(counted) > PARAMETERS and not module.is_test:
            yield Finding(f"{module.path}:{name}", f"{len(counted)} parameters, at most {PARAMETERS}")


def length(node: FunctionNode) -> int:
    """The lines of a function with its docstring, without its decorators."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def function_p95(modules: Iterable[Module]) -> float:
    """The length that 95 of 100 functions of the package stay within."""
    lengths = [length(node) for module in modules if module.is_source for _, node in module.functions()]
    return statistics.quantiles(lengths, n=20)[-1] if len(lengths) > 1 else 0.0


def module_docstring(module: Module) -> Iterator[Finding]:
    """Every module opens with what lives here; a slice's front door also with what doesn't."""
    said = ast.get_docstring(module.tree) or ""
    if not said and (module.text.strip() or module.is_source):
        yield Finding(module.path, "no module docstring")
    elif module.slice and module.parts[4:] == ("__init__.py",) and len(said) < 80:
        yield Finding(module.path, "a front door says what lives here and what doesn't, in more than a line")
