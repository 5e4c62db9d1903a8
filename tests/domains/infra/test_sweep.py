"""A sweep keeps moving: what is slow holds one slot, what fails is left aside and in the end parked."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from bottega.infra import fault_points
from bottega.infra.sweep import Job, Sweep
from bottega.kit.errors import Unavailable
from tests.house.source import modules
from tests.simulators.shop import eventually


class Yard:
    """Things that are due until they are done."""

    def __init__(self, *names: str) -> None:
        self.due = list(names)
        self.tried: list[str] = []
        self.at_once = 0
        self.most = 0

    async def find(self) -> list[Job]:
        return [Job(name, partial(self.do, name)) for name in self.due]

    async def do(self, name: str) -> bool | None:
        self.tried.append(name)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            return await self.work(name)
        finally:
            self.at_once -= 1

    async def work(self, name: str) -> bool | None:
        if name.startswith("poison"):
            raise ZeroDivisionError
        if name.startswith("away"):
            raise Unavailable
        if name.startswith("not yet"):
            return False
        await asyncio.sleep(30 if name.startswith("slow") else 0.001)
        self.due.remove(name)
        return None


async def _until(done: Callable[[], bool], sweep: Sweep) -> None:
    async def there() -> bool:
        return done()

    task = asyncio.create_task(sweep.run())
    try:
        await eventually(there, what="what can be done being done")
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_only_so_many_things_are_done_at_once() -> None:
    yard = Yard(*(f"thing {number}" for number in range(40)))

    await _until(lambda: not yard.due, Sweep("test", yard.find, slots=8))

    assert (yard.due, yard.most, len(yard.tried)) == ([], 8, 40)


async def test_slow_things_and_poison_keep_nobody_else_from_being_done() -> None:
    yard = Yard("slow 1", "slow 2", "poison", "a", "b", "c")

    await _until(lambda: yard.due == ["slow 1", "slow 2", "poison"], Sweep("test", yard.find, slots=3, pause=0.01))

    assert yard.tried.count("slow 1") == 1


async def test_poison_is_tried_later_and_later_and_then_parked() -> None:
    yard, now = Yard("poison", "a"), [0.0]
    sweep = Sweep("test", yard.find, clock=lambda: now[0])
    tries_at = []
    for _ in range(2000):
        before = yard.tried.count("poison")
        await sweep.once()
        if yard.tried.count("poison") > before:
            tries_at.append(now[0])
        now[0] += 1

    assert tries_at == [0, 2, 6, 14, 30, 62, 126, 254]
    assert yard.tried.count("a") == 1


async def test_what_waits_for_somebody_who_is_away_is_never_parked() -> None:
    yard = Yard("away")
    sweep = Sweep("test", yard.find, pause=0.001)

    await _until(lambda: yard.tried.count("away") > 10, sweep)


async def test_what_had_nothing_to_do_yet_is_left_alone_for_a_while() -> None:
    yard, looks = Yard("not yet"), []

    async def find() -> list[Job]:
        looks.append(1)
        return await yard.find()

    await _until(lambda: len(looks) > 20, Sweep("test", find, pause=0.001))

    assert yard.tried == ["not yet"]


async def test_a_sweep_outlives_not_being_able_to_look() -> None:
    yard, looks = Yard("a"), []

    async def find() -> list[Job]:
        looks.append(1)
        if len(looks) == 1:
            raise Unavailable
        if len(looks) == 2:
            raise ZeroDivisionError
        return await yard.find()

    await _until(lambda: not yard.due, Sweep("test", find, pause=0.001))


@pytest.mark.parametrize("text", ["nowhere=kill:1", "order.placed=melt:1", "order.placed=kill:often", "order.placed"])
def test_a_fault_point_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"fault point|expected"):
        fault_points.parse(text)


async def test_an_armed_point_strikes_where_it_is_told_and_nowhere_else() -> None:
    fault_points.arm("commit.before@expire=raise:2,order.placed=sleep:0")
    try:
        struck = []
        for detail in ("pay", "expire", "expire", "expire"):
            try:
                await fault_points.point("commit.before", detail)
            except fault_points.Injected:
                struck.append(detail)
        await fault_points.point("order.placed")
    finally:
        fault_points.arm("")

    assert struck == ["expire", "expire"]
    await fault_points.point("commit.before", "expire")


def test_every_point_of_the_code_is_listed_and_every_listed_one_is_somewhere() -> None:
    passed = {text for module in modules() if module.is_source for text in _points(module.path, module.text)}

    assert passed == set(fault_points.POINTS)


def _points(path: str, text: str) -> list[str]:
    pieces = [] if path.endswith("fault_points.py") else text.split('await point("')[1:]
    return [piece.partition('"')[0] for piece in pieces]
