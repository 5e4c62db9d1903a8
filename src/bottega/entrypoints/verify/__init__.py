"""The invariants: what is true of the data at any instant, as queries that must return no row, and running them.

Here: a module of checks for each noun, running them in one snapshot, showing the report. Not here: mending anything.
What must stay true: running them changes nothing and takes no lock that an order waits for.
"""

from bottega.entrypoints.verify.asking import Ask, ask, instant_of
from bottega.entrypoints.verify.model import Invariant, Level, Outcome, Report, Scope
from bottega.entrypoints.verify.printing import as_json, print_report
from bottega.entrypoints.verify.running import INVARIANTS, check, choose, run

__all__ = [
    "INVARIANTS",
    "Ask",
    "Invariant",
    "Level",
    "Outcome",
    "Report",
    "Scope",
    "as_json",
    "ask",
    "check",
    "choose",
    "instant_of",
    "print_report",
    "run",
]
