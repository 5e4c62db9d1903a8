"""Measurement (b): reading a store's menu against a bare application that sends the same bytes."""

import statistics

import msgspec

from bottega.entrypoints.bench import bare, load
from bottega.entrypoints.bench.world import World, free_port, get, started, wait_until_up
from bottega.kit import ids

CONNECTIONS = 64


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured: reads a second on both sides, in alternating rounds."""

    menus_per_second: float
    bare_per_second: float
    ratio: float
    web_rounds: list[float]
    bare_rounds: list[float]
    bytes_each: int
    failures: int


def measure(world: World, *, rounds: int, seconds: float) -> Reading:
    """Run it."""
    path = f"/v1/stores/{ids.show('sto', world.stores[0])}/menu"
    port = free_port()
    with world.web() as web:
        body = get(web.port, path)
        (world.folder / "menu.json").write_bytes(body)
        environment = {bare.BODY: str(world.folder / "menu.json"), bare.PORT: str(port)}
        with started(world.folder, "bottega.entrypoints.bench.bare", environment) as process:
            wait_until_up(process, port, path)
            request = load.request("GET", path, {})
            ours: list[load.Outcome] = []
            theirs: list[load.Outcome] = []
            for _ in range(rounds):
                theirs.append(load.run(load.Task(port, [request], CONNECTIONS, seconds)))
                ours.append(load.run(load.Task(web.port, [request], CONNECTIONS, seconds)))
    mine, other = statistics.median(each.rate for each in ours), statistics.median(each.rate for each in theirs)
    return Reading(
        menus_per_second=mine,
        bare_per_second=other,
        ratio=mine / other,
        web_rounds=[each.rate for each in ours],
        bare_rounds=[each.rate for each in theirs],
        bytes_each=len(body),
        failures=sum(each.failures + sum(each.statuses.values()) - each.good for each in (*ours, *theirs)),
    )
