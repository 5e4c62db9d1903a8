"""The breaker: told at once while the other side is silent, one probe at a time, back when it answers."""

import pytest

from bottega.infra.breaker import Breaker, State


class Time:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _breaker(time: Time, **changed: float) -> Breaker:
    return Breaker("test", limit=4, cool_down=1.0, longest=8.0, clock=time, dice=lambda: 1.0, **changed)


def _silence(breaker: Breaker, times: int, *, hung: bool = False) -> None:
    for _ in range(times):
        ticket = breaker.enter()
        assert ticket is not None
        breaker.unanswered(ticket, hung=hung)


def test_some_silence_between_answers_opens_nothing() -> None:
    breaker = _breaker(Time())
    for _ in range(5):
        _silence(breaker, 3)
        breaker.answered(breaker.enter() or 0)

    assert (breaker.state, breaker.wait) == (State.CLOSED, 0.0)


@pytest.mark.parametrize(("times", "hung"), [(4, False), (2, True)], ids=["unanswered", "hung"])
def test_silence_in_a_row_opens_it_and_calls_that_hung_count_twice(times: int, hung: bool) -> None:
    breaker = _breaker(Time())

    _silence(breaker, times, hung=hung)

    assert (breaker.state, breaker.enter()) == (State.OPEN, None)
    assert breaker.wait == pytest.approx(1.0)


def test_after_a_while_one_probe_goes_and_its_answer_closes_it() -> None:
    time = Time()
    breaker = _breaker(time)
    _silence(breaker, 4)
    time.now += 1.1

    probe, another = breaker.enter(), breaker.enter()
    assert probe is not None
    breaker.answered(probe)

    assert another is None
    assert (breaker.state, breaker.wait) == (State.CLOSED, 0.0)


def test_a_probe_without_an_answer_opens_it_for_twice_as_long_up_to_a_limit() -> None:
    time = Time()
    breaker = _breaker(time)
    _silence(breaker, 4)
    pauses = []
    for _ in range(5):
        time.now += breaker.wait
        _silence(breaker, 1)
        pauses.append(breaker.wait)

    assert pauses == pytest.approx([2.0, 4.0, 8.0, 8.0, 8.0])


def test_what_was_asked_before_it_opened_says_nothing_about_now() -> None:
    time = Time()
    breaker = _breaker(time)
    early = breaker.enter()
    assert early is not None
    _silence(breaker, 4)
    breaker.answered(early)
    assert breaker.state is State.OPEN
    time.now += 1.1
    probe = breaker.enter()
    assert probe is not None

    breaker.unanswered(early)

    assert breaker.state is State.HALF_OPEN
    breaker.answered(probe)
    assert breaker.state is State.CLOSED


def test_a_probe_that_we_gave_up_leaves_its_place_to_the_next() -> None:
    time = Time()
    breaker = _breaker(time)
    _silence(breaker, 4)
    time.now += 1.1
    breaker.abandoned(breaker.enter() or 0)

    assert breaker.enter() is not None


def test_pauses_have_jitter() -> None:
    pauses = set()
    for throw in (0.0, 0.5, 1.0):
        breaker = Breaker("test", limit=1, cool_down=2.0, clock=Time(), dice=lambda throw=throw: throw)
        _silence(breaker, 1)
        pauses.add(breaker.wait)

    assert pauses == {1.0, 1.5, 2.0}
