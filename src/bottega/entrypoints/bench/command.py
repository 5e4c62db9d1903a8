"""Running the measurements: which, how long, and where the results go."""

import resource
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bottega.entrypoints.bench import growing, placing, reading, streaming
from bottega.entrypoints.bench.report import Results, machine, present, save
from bottega.entrypoints.bench.world import open_world
from bottega.entrypoints.terminal import CommandFailed, Exit, err, out, say, show_json

MEASUREMENTS = "abcd"
_OPEN_FILES = 20_000
_SPARE_FILES = 500


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for; `seconds` is the length of one round of (a)."""

    only: str = "a,b,c,d"
    rounds: int = 3
    seconds: float = 4.0
    connections: int = 5000
    stores: int = 20
    as_json: bool = False
    folder: Path = Path("bench-results")


def run(options: Options) -> Results:
    """Measure, print a table on stderr (or JSON on stdout), write the JSON. Raises `CommandFailed` for wrong options."""
    chosen = _chosen(options)
    began, at = time.monotonic(), datetime.now(UTC)
    rounds, seconds = options.rounds, options.seconds
    say(f"starting a server and a chain of {options.stores} stores in a temporary folder")
    with open_world(options.stores) as world:
        with world.connect() as connection:
            results = Results(
                at=at, seconds=0, rounds=rounds, machine=machine(str(connection.info.server_version // 10_000))
            )
        if "a" in chosen:
            say("(a) orders over HTTP and through pgbench")
            results = _with(results, placing=placing.measure(world, rounds=rounds, seconds=seconds))
        if "b" in chosen:
            say("(b) menus, and a bare application")
            results = _with(results, reading=reading.measure(world, rounds=rounds, seconds=seconds / 2))
        if "d" in chosen:
            say("(d) orders among a hundred thousand and a million others")
            results = _with(results, growing=growing.measure(world, rounds=2 * rounds, seconds=seconds / 4))
        if "c" in chosen:
            say(f"(c) {options.connections} streams")
            measured = streaming.measure(
                world, rounds=min(2, rounds), seconds=2 * seconds, connections=options.connections
            )
            results = _with(results, streaming=measured)
        after = msgspec.structs.replace(results.machine, load_after=machine("").load_before)
        results = _with(results, seconds=time.monotonic() - began, machine=after)
    path = save(results, options.folder)
    if options.as_json:
        show_json(results)
    else:
        present(results, out)
    err.print(f"written to {path}")
    return results


def _chosen(options: Options) -> set[str]:
    chosen = {each.strip() for each in options.only.split(",") if each.strip()}
    if not chosen or not chosen <= set(MEASUREMENTS):
        raise CommandFailed("--only names measurements by their letters.", "For example: --only a,b", Exit.USAGE)
    if not (1 <= options.rounds <= 20 and 1 <= options.seconds <= 60):
        raise CommandFailed("A run has 1 to 20 rounds of 1 to 60 seconds.", code=Exit.USAGE)
    if not 1 <= options.stores <= 1000:
        raise CommandFailed("A chain here has 1 to 1000 stores.", code=Exit.USAGE)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if not 1 <= options.connections <= most - _SPARE_FILES:
        raise CommandFailed(f"--connections goes from 1 to {most - _SPARE_FILES} here (open files).", code=Exit.USAGE)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return chosen


def _with(results: Results, **changes: object) -> Results:
    return msgspec.structs.replace(results, **changes)
