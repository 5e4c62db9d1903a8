"""The import contracts are kept, and every one of them breaks on a small bad package."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.house.source import ROOT

# One bad import for each contract; modules that exist but do nothing are made from the names alone.
BAD = {
    "kit/text.py": "from bottega.infra import db\nimport asyncio",  # floors, pure kit
    "sandbox/provider.py": "from bottega.kit import money",  # sandbox out
    "entrypoints/demo.py": "from bottega.sandbox import provider",  # sandbox in
    "domains/catalog/actions.py": "from bottega.domains import orders",  # ladder
    "domains/orders/store.py": "from bottega.domains.orders import actions",  # rooms
    "domains/orders/rules.py": "import psycopg",  # pure rooms
    "domains/orders/actions.py": "import stripe",  # verbs
    "adapters/stripe.py": "from bottega.domains.orders import actions",  # adapters
    "infra/db.py": "from bottega.infra import log",  # cycles
    "infra/log.py": "from bottega.infra import db",
    "kit/money.py": "",
    "schema/__init__.py": "",
}


def lint(folder: Path) -> str:
    """What import-linter says in `folder`, with its own copy of nothing: the contracts are the repository's."""
    ran = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--config", str(ROOT / ".importlinter")],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
    )
    return ran.stdout + ran.stderr


def test_every_contract_is_kept() -> None:
    said = lint(ROOT / "src")

    assert re.search(r"Contracts: \d+ kept, 0 broken", said), said


def test_every_contract_can_break(tmp_path: Path) -> None:
    for name, text in BAD.items():
        path = tmp_path / "bottega" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
        for folder in path.relative_to(tmp_path).parents[:-1]:
            (tmp_path / folder / "__init__.py").touch()

    said = lint(tmp_path)

    assert re.search(r"Contracts: 0 kept, \d+ broken", said), said


def test_the_ladder_must_name_every_slice(tmp_path: Path) -> None:
    for folder in (
        "bottega",
        "bottega/domains",
        "bottega/domains/loyalty",
        "bottega/kit",
        "bottega/infra",
        "bottega/adapters",
        "bottega/entrypoints",
        "bottega/schema",
        "bottega/sandbox",
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()

    said = lint(tmp_path)

    assert "loyalty" in said
    assert "ladder of slices: calls run downhill BROKEN" in " ".join(said.split())
