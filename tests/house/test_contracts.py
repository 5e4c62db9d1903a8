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


def package(folder: Path, files: dict[str, str]) -> Path:
    """A package named bottega in `folder` with all floors and these files, each folder a package."""
    floors = ("kit", "infra", "infra/web", "domains", "adapters", "entrypoints", "schema", "sandbox")
    for name, text in {**{f"{floor}/__init__.py": "" for floor in floors}, **files}.items():
        path = folder / "bottega" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
        for parent in path.relative_to(folder).parents[:-1]:
            (folder / parent / "__init__.py").touch()
    return folder


def test_every_contract_can_break(tmp_path: Path) -> None:
    said = lint(package(tmp_path, BAD))

    assert re.search(r"Contracts: 0 kept, \d+ broken", said), said


def test_the_ladder_must_name_every_slice(tmp_path: Path) -> None:
    said = lint(package(tmp_path, {"domains/loyalty/__init__.py": ""}))

    assert "loyalty" in said
    assert "1 broken" in said
