"""`make check`: every quick check at once, two at a time, the output of those that fail. `--fix` mends instead.

Run by the project's python. What the checks are about stands in pyproject.toml, .importlinter and tests/house.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
WHERE = ("src", "tests", "tools")
# The longest first, so that the others run beside it.
CHECKS: dict[str, list[str]] = {
    "types": [str(BIN / "basedpyright"), "--level", "error"],
    "house": [sys.executable, "-m", "pytest", "-q", "--no-header", "tests/house"],
    "imports": [str(BIN / "lint-imports"), "--no-cache"],
    "lint": [sys.executable, "-m", "ruff", "check", *WHERE],
    "format": [sys.executable, "-m", "ruff", "format", "--check", *WHERE],
    "typescript": [sys.executable, "tools/bootstrap.py", "--npm", "run", "--silent", "check"],
}


def main() -> int:
    """Run the checks (or the mending) and say what failed; the exit code is the number of failures."""
    if "--fix" in sys.argv[1:]:
        subprocess.run([sys.executable, "-m", "ruff", "check", "--fix", "--quiet", *WHERE], cwd=ROOT, check=False)
        return subprocess.run([sys.executable, "-m", "ruff", "format", *WHERE], cwd=ROOT, check=False).returncode
    chosen = sys.argv[1:] or list(CHECKS)
    with ThreadPoolExecutor(max_workers=2) as pool:
        failed = [name for name, passed in zip(chosen, pool.map(_run, chosen), strict=True) if not passed]
    print(f"{len(chosen) - len(failed)} of {len(chosen)} checks pass" + (": " if failed else "") + ", ".join(failed))
    return len(failed)


def _run(name: str) -> bool:
    began = time.monotonic()
    ran = subprocess.run(
        CHECKS[name],
        cwd=ROOT,
        check=False,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    passed = ran.returncode == 0
    report = f"{'ok  ' if passed else 'FAIL'} {name:<10} {time.monotonic() - began:5.1f} s"
    print(report if passed else f"{report}\n{ran.stdout.rstrip()}", flush=True)
    return passed


if __name__ == "__main__":
    sys.exit(main())
