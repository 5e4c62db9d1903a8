"""The one list of exceptions: reading it, and taking from the findings what it lets pass."""

import tomllib
from collections.abc import Iterable

from tests.house.source import ROOT, Finding

LIST = ROOT / "tests" / "house" / "exceptions.toml"


def listed() -> dict[tuple[str, str], str]:
    """Every exception: (rule, where) and its reason."""
    entries = tomllib.loads(LIST.read_text()).get("exception", [])
    return {(entry["rule"], entry["where"]): entry["reason"] for entry in entries}


def without_exceptions(rule: str, findings: Iterable[Finding]) -> list[str]:
    """What breaks the rule, as lines to read; also every exception to it that nothing needs any more."""
    allowed = {where for name, where in listed() if name == rule}
    found = list(findings)
    broken = [f"{finding.where}: {finding.what}" for finding in found if finding.where not in allowed]
    needless = allowed - {finding.where for finding in found}
    return broken + [f"exceptions.toml: {where} no longer needs its exception to {rule}" for where in sorted(needless)]
