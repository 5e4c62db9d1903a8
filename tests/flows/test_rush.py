"""A rush against real processes: it plays, nothing goes wrong, every acknowledged order is there, and verify finds nothing."""

import random

import pytest

from bottega.entrypoints import verify
from bottega.entrypoints.rush import NoShop, Outcome, Plan, play
from bottega.entrypoints.rush.tally import Tally, percentile
from bottega.entrypoints.seed import SeedResult
from tests.simulators.processes import Installation

KEY = "pk_test_tests"
ANY_STAFF = ("BARISTA", "MANAGER", "MERCHANT_ADMIN")


def plan_for(running: Installation, seeded: SeedResult, **changes: object) -> Plan:
    """Five seconds of a rush at the three stores of the demo chain."""
    staff = tuple((each.login, each.password) for each in seeded.logins if each.role in ANY_STAFF)
    values: dict[str, object] = {
        "url": running.url, "sandbox": running.sandbox.url, "publishable_key": KEY, "staff": staff, "rate": 4.0,
        "seconds": 5.0, "pace": 0.3, "drain": 30.0,
    }  # fmt: skip
    return Plan(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture
def seeded(shop_template: tuple[str, SeedResult]) -> SeedResult:
    """What the seed said: stores and logins."""
    return shop_template[1]


def in_words(outcome: Outcome) -> str:
    """What to read when a rush was not clean."""
    return f"errors {outcome.errors}, missing {outcome.missing}, refusals {outcome.refusals}"


async def test_a_rush_ends_clean_and_verify_finds_nothing_broken(
    running: Installation, running_url: str, seeded: SeedResult
) -> None:
    outcome = await play(plan_for(running, seeded))
    report = await verify.run(running_url)

    assert outcome.clean, in_words(outcome)
    assert outcome.orders > 5
    assert outcome.completed > 0
    assert outcome.paid_online > 0
    assert {"order", "menu", "bump", "hand over"} <= outcome.latencies.keys()
    assert {"PLACED", "IN_PROGRESS", "READY"} <= outcome.stages.keys()
    assert not report.broken, report.broken


async def test_nobody_to_work_is_said_before_anything_is_ordered(running: Installation, seeded: SeedResult) -> None:
    with pytest.raises(NoShop, match="--login"):
        await play(plan_for(running, seeded, staff=()))


def test_expected_refusals_are_no_errors_and_others_are() -> None:
    tally = Tally()

    tally.refused("bump", 409, "ticket_moved")
    tally.refused("order", 422, "invalid")

    assert dict(tally.refusals) == {"ticket_moved": 1}
    assert dict(tally.errors) == {"order: 422 invalid": 1}


@pytest.mark.parametrize(
    ("count", "percent", "expected"), [(1, 99, 1), (100, 50, 50), (100, 99, 99), (1000, 99, 990), (3, 50, 2)]
)
def test_percentiles_are_nearest_ranks(count: int, percent: int, expected: int) -> None:
    values = [float(number) for number in range(1, count + 1)]
    random.Random(3).shuffle(values)

    assert percentile(values, percent) == expected
