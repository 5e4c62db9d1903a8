"""`make lock`: pyproject.toml → requirements/{base,dev}.txt, every file by its hash, for every platform, no addresses.

uv does the resolving; it comes into a temporary environment, since nothing else here needs it. `--upgrade` takes the
newest versions; otherwise what is locked stays unless pyproject.toml demands more.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = ["--generate-hashes", "--no-emit-index-url", "--no-header", "--universal", "--python-version", "3.11"]


def main() -> None:
    """Write both lock files; dev first, and base within it, so that both name the same versions."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        subprocess.run([f"{folder}/bin/pip", "install", "--quiet", "uv"], check=True)
        _compile(folder, "dev.txt", "--extra", "dev")
        _compile(folder, "base.txt", "--constraint", "requirements/dev.txt")


def _compile(folder: str, name: str, *more: str) -> None:
    command = [f"{folder}/bin/uv", "pip", "compile", "--quiet", "pyproject.toml", *OPTIONS, *more]
    subprocess.run([*command, *sys.argv[1:], "--output-file", f"requirements/{name}"], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
