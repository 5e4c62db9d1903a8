"""The judge: what people were told, our books and the provider's, side by side. Values in, violations out.

Nothing here knows which faults there were. What must stay true: money is compared to the cent in both directions, and
every rule has been seen to fail in a test.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from bottega.entrypoints.rush import Acknowledged
from bottega.entrypoints.torture.books import Books, OurPayment, Theirs
from bottega.entrypoints.torture.model import Violation
from bottega.entrypoints.torture.witness import Shown

_SHOWN = 10
_NOT_PAID = frozenset({"PLACED", "PENDING", "CANCELLED", "FAILED", None})


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What people were told: orders that were taken, how some ended, refunds that were promised, what streams showed."""

    orders: dict[str, Acknowledged] = {}
    final: dict[str, str] = {}
    refunds: dict[str, int] = {}
    streams: Sequence[Shown] = ()
    errors: dict[str, int] = {}


def judge(books: Books, told: Told) -> list[Violation]:
    """Everything that must never be, and is."""
    rules: tuple[tuple[str, Iterable[Any]], ...] = (
        ("acknowledged orders that are not there", _lost(books, told)),
        ("acknowledged orders that cost something else", _changed(books, told)),
        ("keys that made another order than the acknowledged one", _doubled(books, told)),
        ("orders that did not stay at the end that people were told", _undone(books, told)),
        ("promised refunds that are not there", _unpaid_refunds(books, told)),
        ("orphan charges: money taken that no payment of ours knows", _orphans(books)),
        ("double charges: an order paid twice, or an intent charged twice", _double(books)),
        ("money of ours that the provider never took", _phantoms(books)),
        ("payments that differ from the provider's ledger", _different(books)),
        ("money kept for an order that is cancelled", _kept(books)),
        ("orders that went on without their money", _unpaid(books)),
        ("answers that nobody should get", (f"{name} x{count}" for name, count in sorted(told.errors.items()))),
        ("streams with a gap", _gaps(books, told)),
        ("streams that went backwards", _backwards(told)),
    )
    found = ((what, list(rows)) for what, rows in rules)
    return [Violation(what, len(rows), rows[:_SHOWN]) for what, rows in found if rows]


def difference(books: Books) -> int:
    """The provider's ledger minus ours, in minor units, without regard to currency: 0 is the only good answer.

    Added up as amounts, so that one payment's surplus does not hide another one's loss.
    """
    ours = _ours(books)
    total = sum(_apart(each, ours.pop(each.payment_intent, None)) for each in books.theirs)
    return total + sum(abs(_our_net(each)) for each in ours.values())


def totals(books: Books) -> tuple[dict[str, int], dict[str, int]]:
    """By currency, in minor units: what the provider charged, and what it gave back."""
    charged, returned = Counter[str](), Counter[str]()
    for each in books.theirs:
        charged[each.currency.upper()] += each.captured
        returned[each.currency.upper()] += each.refunded
    return dict(charged), dict(returned)


def _ours(books: Books) -> dict[str, OurPayment]:
    return {each.provider_ref: each for each in books.payments if each.provider_ref is not None}


def _net(theirs: Theirs) -> int:
    return theirs.captured - theirs.refunded


def _apart(theirs: Theirs, mine: OurPayment | None) -> int:
    """How far a payment's two sides are apart. Of money that was never ours, what a bank has taken back is gone as well."""
    if mine is not None and not mine.captured_minor:
        return max(0, _net(theirs) - theirs.disputed)
    return abs(_net(theirs) - _our_net(mine))


def _our_net(ours: OurPayment | None) -> int:
    return 0 if ours is None else ours.captured_minor - ours.refunded_minor


def _lost(books: Books, told: Told) -> Iterable[Any]:
    return (name for name in told.orders if name not in books.orders)


def _changed(books: Books, told: Told) -> Iterable[Any]:
    both = ((each, books.orders[name]) for name, each in told.orders.items() if name in books.orders)
    return ({each.order_id: (each.total, found.total_minor)} for each, found in both if each.total != found.total_minor)


def _doubled(books: Books, told: Told) -> Iterable[Any]:
    by_key: defaultdict[str, list[str]] = defaultdict(list)
    for name, each in books.orders.items():
        by_key[each.key].append(name)
    return ({each.key: by_key[each.key]} for name, each in told.orders.items() if set(by_key[each.key]) - {name})


def _undone(books: Books, told: Told) -> Iterable[Any]:
    both = ((name, status, books.orders[name].status) for name, status in told.final.items() if name in books.orders)
    return ({name: (status, found)} for name, status, found in both if status != found)


def _unpaid_refunds(books: Books, told: Told) -> Iterable[Any]:
    return (name for name, amount in told.refunds.items() if books.refunds.get(name) != amount)


def _orphans(books: Books) -> Iterable[Any]:
    ours = _ours(books)
    return (each for each in books.theirs if each.payment_intent not in ours and (_net(each) or each.held))


def _double(books: Books) -> Iterable[Any]:
    yield from (each for each in books.theirs if each.charges > 1)
    ours, paying = _ours(books), defaultdict[Any, list[str]](list)
    for each in books.theirs:
        if each.payment_intent in ours and _net(each) > 0:
            paying[ours[each.payment_intent].order_id].append(each.payment_intent)
    yield from ({str(order): intents} for order, intents in paying.items() if len(intents) > 1)


def _phantoms(books: Books) -> Iterable[Any]:
    theirs = {each.payment_intent for each in books.theirs}
    return (each for each in books.payments if each.captured_minor and each.provider_ref not in theirs)


def _different(books: Books) -> Iterable[Any]:
    ours = _ours(books)
    for theirs in books.theirs:
        mine = ours.get(theirs.payment_intent)
        sides = (theirs.captured, theirs.refunded, theirs.currency.upper())
        # It never counted here, and went back.
        returned = mine is not None and not mine.captured_minor and not _apart(theirs, mine)
        if mine is not None and not returned and sides != (mine.captured_minor, mine.refunded_minor, mine.currency):
            yield {"provider": theirs, "ours": mine}


def _kept(books: Books) -> Iterable[Any]:
    # What a customer's bank has taken back is not with us either.
    return _where(books, lambda mine, theirs: mine.order_status in _NOT_PAID and _net(theirs) > theirs.disputed)


def _unpaid(books: Books) -> Iterable[Any]:
    taken = {each.payment_intent: each.captured for each in books.theirs}
    for mine in books.payments:
        if mine.present and mine.order_status not in _NOT_PAID and not taken.get(mine.provider_ref or "", 0):
            yield mine


def _where(books: Books, wrong: Callable[[OurPayment, Theirs], bool]) -> Iterable[Any]:
    ours = _ours(books)
    for theirs in books.theirs:
        mine = ours.get(theirs.payment_intent)
        if mine is not None and wrong(mine, theirs):
            yield {"provider": theirs, "ours": mine}


def _gaps(books: Books, told: Told) -> Iterable[Any]:
    """Facts of a store's tickets behind the beginning of a stream that it never showed, nor a later snapshot covers."""
    for stream in told.streams:
        shown, fresh = set(stream.positions), max(stream.fresh, default=0)
        reached = max([fresh, *stream.positions], default=0)
        expected = (seq for seq in books.ticket_facts.get(stream.store_id, ()) if stream.first < seq <= reached)
        missed = [seq for seq in expected if seq not in shown and not any(seq <= at for at in stream.fresh[1:])]
        if missed:
            yield {stream.store_id: missed[:_SHOWN]}


def _backwards(told: Told) -> Iterable[Any]:
    return ({each.store_id: each.backwards[:_SHOWN]} for each in told.streams if each.backwards)
