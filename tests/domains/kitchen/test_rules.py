"""Tickets follow their orders forward only, and keep what was ticked."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bottega.domains.kitchen.rules import belongs_in_queue, lines_of, next_state, order_step, state_for, ticket_of
from bottega.domains.kitchen.states import TICKET, TicketState
from bottega.domains.merchants import PayMode
from bottega.domains.orders import OrderStatus
from bottega.kit import ids
from tests.simulators import values

S, T = OrderStatus, TicketState
FORWARD = [T.QUEUED, T.STARTED, T.DONE, T.CLOSED]


@given(st.sampled_from(S), st.sampled_from(T))
def test_an_order_never_puts_its_ticket_back(status: OrderStatus, state: TicketState) -> None:
    moved = state_for(status, state)

    if state in (T.CLOSED, T.CANCELLED):
        assert moved is state
    elif moved is not T.CANCELLED:
        assert FORWARD.index(moved) >= FORWARD.index(state)


@given(st.lists(st.sampled_from([S.PLACED, S.IN_PROGRESS, S.READY, S.COMPLETED, S.CANCELLED])))
def test_facts_in_any_order_leave_the_ticket_at_the_furthest(statuses: list[OrderStatus]) -> None:
    state = T.QUEUED
    for status in statuses:
        state = state_for(status, state)
    ends = [status for status in statuses if status in (S.COMPLETED, S.CANCELLED)]

    if ends:
        assert state is (T.CLOSED if ends[0] is S.COMPLETED else T.CANCELLED)
    else:
        assert state is (T.DONE if S.READY in statuses else T.STARTED if S.IN_PROGRESS in statuses else T.QUEUED)


@pytest.mark.parametrize("status", S)
def test_unpaid_online_orders_are_not_made(status: OrderStatus) -> None:
    assert belongs_in_queue(values.order(status, pay_mode=PayMode.ONLINE)) is (status not in (S.PLACED, S.CANCELLED))
    assert belongs_in_queue(values.order(status)) is (status is not S.CANCELLED)


def test_a_bump_goes_one_step_and_takes_the_order_along_when_it_is_behind() -> None:
    ticket = ticket_of(values.order(), "M", ids.new_id(7), values.NOW)

    assert [next_state(state) for state in T] == [T.STARTED, T.DONE, None, None, None]
    assert order_step(ticket, T.STARTED) is S.IN_PROGRESS
    assert order_step(msgspec.structs.replace(ticket, order_status=S.IN_PROGRESS), T.DONE) is S.READY
    assert order_step(msgspec.structs.replace(ticket, order_status=S.READY), T.DONE) is None
    assert order_step(msgspec.structs.replace(ticket, order_status=S.IN_PROGRESS), T.STARTED) is None


def test_bumps_are_moves_of_the_tickets_machine() -> None:
    for state in T:
        following = next_state(state)
        assert following is None or TICKET.move(state, following) is not None


def test_a_changed_order_keeps_the_ticks_of_the_lines_that_stay() -> None:
    kept, gone, new = values.line(1), values.line(2), values.line(3)
    order = values.order(lines=(kept, gone))
    ticked = tuple(msgspec.structs.replace(line, made=True) for line in lines_of(order))

    after = lines_of(msgspec.structs.replace(order, lines=(kept, new)), ticked)

    assert [(line.line_id, line.made) for line in after] == [(kept.line_id, True), (new.line_id, False)]
