"""The judge can fail: each thing that must never be is planted into books that are right, and is named."""

import uuid
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from bottega.entrypoints.rush import Acknowledged
from bottega.entrypoints.torture.books import Books, OurOrder, OurPayment, Theirs
from bottega.entrypoints.torture.judging import Told, difference, judge, totals
from bottega.entrypoints.torture.witness import Shown

ORDER, STORE = uuid.uuid4(), "sto_a"
PAID = OurPayment("pi_1", uuid.uuid4(), ORDER, "EUR", "PARTIALLY_REFUNDED", 900, 900, 200, "COMPLETED", True)
TAKEN = Theirs("pi_1", "eur", 900, 200, 0, 0, 1)
BOOKS = Books(
    payments=[PAID],
    orders={"ord_1": OurOrder("COMPLETED", 900, "key-1")},
    refunds={"ref_1": 200},
    theirs=[TAKEN],
    ticket_facts={STORE: [3, 5, 8, 9]},
)
TOLD = Told(
    orders={"ord_1": Acknowledged("ord_1", "token", "key-1", 900, "ONLINE", "PLACED")},
    final={"ord_1": "COMPLETED"},
    refunds={"ref_1": 200},
    streams=[Shown(STORE, first=3, positions=[5, 8], fresh=[3])],
)
other = msgspec.structs.replace
Planted = Callable[[], tuple[Books, Told]]

PLANTS: dict[str, tuple[Planted, int]] = {
    "acknowledged orders that are not there": (lambda: (other(BOOKS, orders={}), TOLD), 0),
    "acknowledged orders that cost something else": (
        lambda: (other(BOOKS, orders={"ord_1": OurOrder("COMPLETED", 901, "key-1")}), TOLD),
        0,
    ),
    "keys that made another order": (
        lambda: (other(BOOKS, orders=BOOKS.orders | {"ord_2": OurOrder("COMPLETED", 900, "key-1")}), TOLD),
        0,
    ),
    "did not stay at the end": (
        lambda: (other(BOOKS, orders={"ord_1": OurOrder("CANCELLED", 900, "key-1")}), TOLD),
        0,
    ),
    "promised refunds": (lambda: (other(BOOKS, refunds={}), TOLD), 0),
    "orphan charges": (lambda: (other(BOOKS, theirs=[TAKEN, other(TAKEN, payment_intent="pi_9")]), TOLD), 700),
    "orphan charges: money taken": (
        lambda: (other(BOOKS, theirs=[TAKEN, Theirs("pi_9", "eur", 0, 0, 0, 500, 0)]), TOLD),
        0,
    ),
    "double charges": (lambda: (other(BOOKS, theirs=[other(TAKEN, charges=2)]), TOLD), 0),
    "double charges: an order paid twice": (
        lambda: (
            other(BOOKS, payments=[PAID, other(PAID, provider_ref="pi_2", present=False)],
                  theirs=[TAKEN, other(TAKEN, payment_intent="pi_2")]),
            TOLD,
        ),
        0,
    ),
    "money of ours that the provider never took": (lambda: (other(BOOKS, theirs=[]), TOLD), 700),
    "differ from the provider's ledger": (lambda: (other(BOOKS, theirs=[other(TAKEN, refunded=201)]), TOLD), 1),
    "money kept for an order that is cancelled": (
        lambda: (other(BOOKS, payments=[other(PAID, order_status="CANCELLED")]), TOLD),
        0,
    ),
    "orders that went on without their money": (
        lambda: (other(BOOKS, payments=[other(PAID, captured_minor=0, refunded_minor=0)], theirs=[]), TOLD),
        0,
    ),
    "answers that nobody should get": (lambda: (BOOKS, other(TOLD, errors={"order: 500 unforeseen": 1})), 0),
    "streams with a gap": (lambda: (BOOKS, other(TOLD, streams=[Shown(STORE, 3, [8], [3])])), 0),
    "streams that went backwards": (lambda: (BOOKS, other(TOLD, streams=[Shown(STORE, 3, [5, 8], [3], [(8, 5)])])), 0),
}  # fmt: skip


def test_right_books_are_left_in_peace() -> None:
    assert judge(BOOKS, TOLD) == []
    assert difference(BOOKS) == 0
    assert totals(BOOKS) == ({"EUR": 900}, {"EUR": 200})


@pytest.mark.parametrize("what", PLANTS)
def test_what_must_never_be_is_named(what: str) -> None:
    planted, wrong_by = PLANTS[what]
    books, told = planted()

    found = {each.what: each.count for each in judge(books, told)}

    assert any(what in name for name in found), found
    assert difference(books) == wrong_by


def test_a_surplus_here_does_not_hide_a_loss_there() -> None:
    mine, theirs = other(PAID, provider_ref="pi_2"), other(TAKEN, payment_intent="pi_2", refunded=0)
    books = other(BOOKS, payments=[PAID, mine], theirs=[other(TAKEN, refunded=400), theirs])

    assert difference(books) == 400


@pytest.mark.parametrize(
    ("positions", "fresh", "_case"),
    [
        ([5, 8], [3], "what comes after the end of the stream is not asked for"),
        ([8], [3, 6], "what a later snapshot tells need not be shown"),
        ([5, 8, 9], [3], "everything"),
    ],
)
def test_streams_without_a_gap(positions: list[int], fresh: list[int], _case: str) -> None:
    streams: list[Any] = [Shown(STORE, 3, positions, fresh)]

    assert judge(BOOKS, other(TOLD, streams=streams)) == []
