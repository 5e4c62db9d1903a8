"""The board's own parts: its unit tests, run by node, and what its files may weigh."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from bottega.infra.web.pages import STATIC, manifest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("name", "limit"), [("board.js", 60.0), ("board.css", 20.0), ("board-worker.js", 5.0)])
def test_the_boards_files_stay_within_their_budgets(name: str, limit: float) -> None:
    size = len(gzip.compress((STATIC / manifest()[name]).read_bytes(), 9)) / 1000
    assert size <= limit, f"{name} weighs {size:.1f} kB"


def test_reducers_lanes_and_answers_pass_their_own_tests() -> None:
    command = [sys.executable, "tools/bootstrap.py", "--npm", "run", "--silent", "test"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
