"""Each rule of the house is kept, and each has been seen red."""

import tomllib
from collections.abc import Callable, Iterator

import pytest

from tests.house import rules_shape, rules_size
from tests.house.exceptions import LIST, listed, without_exceptions
from tests.house.samples import GREEN, RED
from tests.house.source import Finding, Module, modules

Rule = Callable[[Module], Iterator[Finding]]
RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        rules_size.file_budget,
        rules_size.function_budget,
        rules_size.parameter_budget,
        rules_size.module_docstring,
        rules_shape.slice_files,
        rules_shape.forbidden_names,
        rules_shape.import_inside_function,
        rules_shape.type_checking_import,
        rules_shape.front_doors,
        rules_shape.sql_place,
        rules_shape.sql_is_literal,
        rules_shape.writing_place,
        rules_shape.collected_tests,
    )
}


@pytest.mark.parametrize("name", RULES)
def test_the_rule_is_kept(name: str) -> None:
    rule = RULES[name]
    broken = without_exceptions(name, (finding for module in modules() for finding in rule(module)))

    assert not broken, f"{rule.__doc__}\n" + "\n".join(broken)


@pytest.mark.parametrize("name", RULES)
def test_the_rule_finds_each_bad_example(name: str) -> None:
    for sample in RED[name]:
        assert list(RULES[name](sample)), f"{name} is blind to {sample.path}:\n{sample.text[:200]}"


@pytest.mark.parametrize("name", RULES)
def test_the_rule_leaves_good_neighbours_alone(name: str) -> None:
    for sample in GREEN[name]:
        assert not list(RULES[name](sample)), sample.text[:200]


def test_nearly_all_functions_fit_on_a_screen() -> None:
    assert rules_size.function_p95(modules()) <= rules_size.FUNCTION_P95


def test_the_measure_of_long_functions_can_fail() -> None:
    long = "def f():\n" + "    x = 1\n" * 50

    assert rules_size.function_p95([Module("src/bottega/kit/a.py", long), Module("src/bottega/kit/b.py", long)]) > 30


def test_the_list_of_exceptions_holds_what_it_says_and_only_known_rules() -> None:
    known = {*RULES, "leaks", "verbs_without_docstring", "tenant_tables", "documented"}

    assert tomllib.loads(LIST.read_text())["count"] == len(listed())
    assert {rule for rule, _ in listed()} <= known
    assert all(len(reason) > 20 for reason in listed().values())


def test_an_exception_that_nothing_needs_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.house.exceptions.listed", lambda: {("file_budget", "src/gone.py"): "it was long once"})

    assert without_exceptions("file_budget", []) == [
        "exceptions.toml: src/gone.py no longer needs its exception to file_budget"
    ]
    assert without_exceptions("file_budget", [Finding("src/gone.py", "500 lines")]) == []
