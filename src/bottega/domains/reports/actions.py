"""The owner's questions: gather what moved, and say who. Only readings; nothing is changed here."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from bottega.domains.merchants import Store, list_stores
from bottega.domains.reports import rules, store
from bottega.domains.reports.model import Month, NeverSpent, Sleeper, TopSpenders
from bottega.infra.db import ReadTx
from bottega.kit.subject import NOBODY

MOST = 500
"""Spenders in one answer: a place can be shared by any number of people."""

_TOGETHER = 1000
_MOST_LOOKED_AT = 20_000


async def every_store(tx: ReadTx) -> list[Store]:
    """All stores of the merchant, in order."""
    found = await list_stores(tx, 0, _TOGETHER)
    while found and len(found) % _TOGETHER == 0:
        more = await list_stores(tx, found[-1].number, _TOGETHER)
        if not more:
            break
        found += more
    return found


def month_of(text: str | None, places: Sequence[Store], now: datetime) -> Month:
    """The month that was asked for, else the last one that is over at all of these stores. Raises `Invalid`."""
    if text:
        return rules.parse_month(text)
    return rules.last_month(now, [place.timezone for place in places] or ["UTC"])


async def top_spenders(tx: ReadTx, places: Sequence[Store], month: Month, ranks: int) -> TopSpenders:
    """Who spent the most at these stores in a month: the first `ranks` places of each currency, with all who share one.

    A movement belongs to the month in which it happened, on the wall clock of the store where it did: what is given
    back in May lessens May, whenever it was bought. Money that staff rang up for nobody known counts in the totals.
    """
    spans = tuple(rules.span(month, place) for place in places)
    found = await store.top(tx, spans, ranks, MOST + 1)
    cut = len(found.spenders) > MOST
    return TopSpenders(month, spans, found.spenders[:MOST], found.totals, cut)


async def never_spent(tx: ReadTx, store_id: UUID | None, after: UUID | None, limit: int) -> NeverSpent:
    """Registered customers of whom nothing was kept, at one store or (None) anywhere; a page of at most `limit`.

    Where nearly everybody has spent, one call looks at so many customers and no more: the page is short then, and the
    next one begins where it ended.
    """
    found: list[Sleeper] = []
    position = after or NOBODY
    for _ in range(_MOST_LOOKED_AT // _TOGETHER):
        seen = await store.customers(tx, store_id, position, _TOGETHER)
        for each in seen:
            if each.kept:
                continue
            if len(found) == limit:
                return NeverSpent(found, found[-1].user_id)
            found.append(Sleeper(each.user_id, each.name, each.created_at, each.refunded))
        if len(seen) < _TOGETHER:
            return NeverSpent(found, None)
        position = seen[-1].user_id
    return NeverSpent(found, position)
