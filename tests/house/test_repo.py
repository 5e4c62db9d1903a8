"""The repository: nothing of a machine or a registry in it, every public verb explained."""

import pytest

from tests.house.exceptions import without_exceptions
from tests.house.rules_repo import leaks, stray_files, verbs_without_docstring
from tests.house.source import ROOT, Finding, Module, modules, tracked

ORDERS = "src/bottega/domains/orders"


def test_no_path_address_or_secret_is_committed() -> None:
    found: list[Finding] = []
    for path in tracked():
        content = (ROOT / path).read_bytes()
        if b"\0" not in content[:8000]:
            found += leaks(path, content.decode(errors="replace"))

    assert not without_exceptions("leaks", found)


@pytest.mark.parametrize(
    "line",
    [
        "see /" + "work/notes.md",
        "cd /home/" + "anna/bottega",
        "open('/" + "Users/anna/x')",
        "https://registry.npm" + "js.org/preact",
        "pip install --index" + "-url x",
        '"resolved"' + ': "https://example"',
        "-----BEGIN RSA PRIVATE" + " KEY-----",
        "sk_" + "live_abcdefgh12345",
    ],
)
def test_a_leak_is_found(line: str) -> None:
    assert list(leaks("a.txt", line))


@pytest.mark.parametrize(
    "line", ["/v1/" + "work/orders", "https://example.com/" + "work/", "sk_test_1234", "the workshop"]
)
def test_an_innocent_line_passes(line: str) -> None:
    assert not list(leaks("a.txt", line))


def test_a_slice_holds_rooms_and_templates_only() -> None:
    assert not [finding for path in tracked() for finding in stray_files(path)]


def test_a_stray_file_in_a_slice_is_found() -> None:
    assert list(stray_files(f"{ORDERS}/orders.sql"))
    assert not list(stray_files(f"{ORDERS}/templates/cart.html"))


def test_every_public_verb_has_a_docstring() -> None:
    assert not without_exceptions("verbs_without_docstring", verbs_without_docstring({m.name: m for m in modules()}))


@pytest.mark.parametrize(
    "line", ["from .actions import place", "from bottega.domains.orders.actions import place as p"]
)
def test_a_public_verb_without_a_docstring_is_found_through_the_packages(line: str) -> None:
    written = [
        Module(f"{ORDERS}/__init__.py", line),
        Module(f"{ORDERS}/actions/__init__.py", "from .placing import place"),
        Module(f"{ORDERS}/actions/placing.py", "async def place(tx): ..."),
    ]

    assert len(list(verbs_without_docstring({module.name: module for module in written}))) == 1


def test_a_public_verb_with_a_docstring_passes() -> None:
    written = [
        Module(f"{ORDERS}/__init__.py", "from .actions import place"),
        Module(f"{ORDERS}/actions.py", 'async def place(tx):\n    """Turn a cart into an order."""'),
    ]

    assert not list(verbs_without_docstring({module.name: module for module in written}))
