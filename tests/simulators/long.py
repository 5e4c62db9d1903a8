"""How much of something a test does: enough to notice in the suite, the whole number of docs/reliability.md by command.

`make races` sets LONG_TESTS=1. Nothing is skipped either way: the same test runs, only longer.
"""

import os

LONG = os.environ.get("LONG_TESTS") == "1"


def times(short: int, long: int) -> int:
    """`short` in the suite, `long` by `make races`."""
    return long if LONG else short
