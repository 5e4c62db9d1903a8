"""Facts on their way into the log: none is lost, none changes places with another of its aggregate, none is taken twice.

The ways that were not chosen are the twins: a cursor over the outbox, and several relays side by side.
"""

import asyncio
import contextlib
import functools
import random
from collections.abc import AsyncIterator
from typing import Any, ClassVar, LiteralString
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest

from bottega.infra import consumers, sequencer
from bottega.infra.consumers import Consumer
from bottega.infra.db import app_conninfo
from bottega.infra.sequencer import Sequencer
from bottega.infra.transaction import Tx
from tests.races.conftest import Arena, without
from tests.simulators.shop import eventually

WRITERS, COMMITS = 8, 40
CHANCES = 20  # so often a twin tries to be seen going wrong; once is mostly enough, on a busy machine not always
INSERT: LiteralString = """
insert into outbox (id, merchant_id, aggregatetype, aggregateid, type, version, payload, created_at)
values (gen_random_uuid(), %s, 'thing', %s, 'thing.happened', 1, json_build_object('store_id', null, 'n', %s::int), now())
"""
TAKEN = "create table taken (n int, aggregateid uuid); grant insert on taken to bottega_app"


class Happened(msgspec.Struct, frozen=True):
    """Something that these tests tell. No `Fact`, so that the reference of facts does not find it."""

    type: ClassVar[str] = "thing.happened"

    n: int


async def _write(arena: Arena) -> None:
    """Writers that each tell facts of one thing, one after the other; between telling and committing time passes."""

    async def writer(number: int) -> None:
        dice, thing = random.Random(number), uuid4()
        connection = await psycopg.AsyncConnection.connect(arena.url)
        async with connection:
            for n in range(COMMITS):
                await connection.execute(INSERT, [arena.merchant_id, thing, n])
                await asyncio.sleep(dice.random() * 0.01)
                await connection.commit()

    await asyncio.gather(*(writer(number) for number in range(WRITERS)))


def _told(arena: Arena) -> list[tuple[Any, ...]]:
    return arena.rows("select aggregateid, (payload->>'n')::int from log where type = 'thing.happened' order by seq")


async def _moved(arena: Arena, rounds: int = 1) -> bool:
    return len(_told(arena)) == rounds * WRITERS * COMMITS


def _inverted(rows: list[tuple[UUID, int]]) -> int:
    last: dict[UUID, int] = {}
    wrong = 0
    for thing, n in rows:
        wrong += n < last.get(thing, -1)
        last[thing] = max(n, last.get(thing, -1))
    return wrong


@contextlib.asynccontextmanager
async def _going(*work: Any) -> AsyncIterator[list["asyncio.Task[None]"]]:
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _relay(arena: Arena) -> str:
    return app_conninfo(arena.url, role="bottega_relay", name="race")


async def test_the_sequencer_loses_and_inverts_nothing_also_when_its_leader_dies(arena: Arena) -> None:
    relays = [Sequencer(_relay(arena)) for _ in range(2)]
    async with _going(*(relay.run() for relay in relays)) as tasks:
        writing = asyncio.create_task(_write(arena))
        await asyncio.sleep(0.15)
        leader = next((n for n, relay in enumerate(relays) if relay.leading), 0)
        tasks[leader].cancel()
        await writing

        await eventually(functools.partial(_moved, arena), what="every fact being in the log")

    assert _inverted(_told(arena)) == 0
    dense = arena.rows("select count(*) = max(seq) and max(seq) = (select seq from log_head) from log")
    assert dense == [(True,)]


async def test_twin_a_cursor_over_the_outbox_loses_facts(arena: Arena) -> None:
    seen = 0

    async def follow() -> None:
        nonlocal seen
        position = 0
        while True:
            rows = await asyncio.to_thread(arena.rows, "select n from outbox where n > %s order by n", position)
            seen += len(rows)
            position = rows[-1][0] if rows else position

    async with _going(follow()):
        for rounds in range(1, CHANCES + 1):
            await _write(arena)
            await asyncio.sleep(0.5)
            if seen < rounds * WRITERS * COMMITS:
                break

    assert seen < rounds * WRITERS * COMMITS


async def test_twin_several_relays_at_once_change_places(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencer, "TRY_LEAD", "select %s is not null")
    monkeypatch.setattr(sequencer, "_BATCH", 3)
    monkeypatch.setattr(
        sequencer, "MOVE",
        without(sequencer.MOVE, "select n from outbox order by n limit %s",
                "select n from outbox order by n limit %s for update skip locked"),
    )  # fmt: skip
    arena.weaken("grant update on outbox to bottega_relay")

    for rounds in range(1, CHANCES + 1):
        await _write(arena)
        async with _going(*(Sequencer(_relay(arena)).run() for _ in range(4))):
            await eventually(functools.partial(_moved, arena, rounds), what="every fact being in the log")
        if _inverted(_told(arena)):
            break

    assert _inverted(_told(arena)) > 0


async def _two_leaders(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What two consumers of one name took that both believe they lead; each has taken how often."""
    arena.weaken(TAKEN)
    monkeypatch.setattr(consumers, "TRY_LEAD", "select %s is not null or %s is not null")

    async def react(tx: Tx, fact: Happened) -> None:
        await tx.execute("insert into taken (n) values (%(n)s)", {"n": fact.n})

    await _write(arena)
    relay = Sequencer(_relay(arena))
    readers = [Consumer("twice", {Happened: react}, process.database, _relay(arena)) for process in arena.processes]
    async with _going(relay.run(), *(reader.run() for reader in readers)):

        async def done() -> bool:
            if len(_told(arena)) < WRITERS * COMMITS:
                return False
            return arena.rows("select position >= (select seq from log_head) from consumers") == [(True,)]

        await eventually(done, what="every fact being taken")
    return arena.rows("select n, count(*) from taken group by n order by n")


async def test_two_who_both_believe_they_lead_take_each_fact_once(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await _two_leaders(arena, monkeypatch) == [(n, WRITERS) for n in range(COMMITS)]


async def test_twin_without_the_fence_takes_facts_twice(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    guard = " and position = %(before)s"
    monkeypatch.setattr(consumers, "STEP", without(consumers.STEP, guard, " and %(before)s::bigint is not null"))

    taken = await _two_leaders(arena, monkeypatch)

    assert sum(count for _, count in taken) > WRITERS * COMMITS
