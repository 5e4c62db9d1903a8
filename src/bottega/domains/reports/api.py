"""The owner's questions over JSON: for one store's managers, and for the whole merchant."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.params import Parameter

from bottega.domains.merchants import Store, StoreNotFound, find_store
from bottega.domains.reports.actions import every_store, month_of, never_spent, top_spenders
from bottega.domains.reports.model import NeverSpent, TopSpenders
from bottega.domains.reports.rules import PERMISSION, after_of, cursor_of
from bottega.infra.db import ReadTx
from bottega.infra.web.answers import json
from bottega.infra.web.context import Context, context, staff_at
from bottega.infra.web.problem import AnyRequest
from bottega.kit import ids
from bottega.kit.clock import utc_now
from bottega.kit.pagination import DEFAULT_LIMIT, check_limit
from bottega.kit.subject import Subject

_PLACES = 10
_MONTH = Parameter(description="A month as 2026-09; left out, the last one that is over at the store.")


class SpenderView(msgspec.Struct, frozen=True):
    """Somebody who spent; who spent the same shares the rank. `kind` is CUSTOMER (registered) or GUEST."""

    rank: int
    currency: str
    subject_id: str
    kind: str
    name: str
    spent: int
    captured: int
    refunded: int
    payments: int


class TotalView(msgspec.Struct, frozen=True):
    """What moved in one currency; `unnamed` is what staff rang up for nobody known."""

    currency: str
    spent: int
    captured: int
    refunded: int
    people: int
    unnamed: int


class SpanView(msgspec.Struct, frozen=True):
    """The month at one store: its first instant, and the first of the next."""

    store_id: str
    timezone: str
    from_: datetime = msgspec.field(name="from")
    to: datetime


class TopSpendersView(msgspec.Struct, frozen=True):
    """Who spent the most in a month, by currency and rank. `cut`: more people share the last ranks than are shown."""

    month: str
    spans: list[SpanView]
    data: list[SpenderView]
    totals: list[TotalView]
    cut: bool


class SleeperView(msgspec.Struct, frozen=True):
    """A registered customer who never spent; `refunded` when they paid once and got all of it back."""

    subject_id: str
    name: str
    registered_at: datetime
    refunded: bool


class NeverSpentView(msgspec.Struct, frozen=True):
    """A page of them, the oldest account first. A page may be short and still have a next one."""

    data: list[SleeperView]
    next_cursor: str | None


@get("/v1/stores/{store_id:str}/reports/top-spenders", summary="Who spent the most at a store", tags=["Reports"])
async def store_top(
    request: AnyRequest, store_id: str, month: Annotated[str | None, _MONTH] = None, limit: int = _PLACES
) -> Response[TopSpendersView]:
    """By money that moved in that month on the store's clock: captured less given back, per currency.

    The first `limit` ranks (1 to 100) with everybody who shares one. The question "who spent the most" is rank 1.
    """
    here, subject, parsed = await staff_at(request, store_id, PERMISSION)
    async with here.database.read(subject.merchant_id) as tx:
        return await _top(tx, [await _at(tx, parsed)], month, limit)


@get("/v1/stores/{store_id:str}/reports/never-spent", summary="Registered customers who never spent at a store",
     tags=["Reports"])  # fmt: skip
async def store_never(
    request: AnyRequest, store_id: str, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Response[NeverSpentView]:
    """Customers with an account of whom this store kept nothing: they never paid here, or got all of it back."""
    here, subject, parsed = await staff_at(request, store_id, PERMISSION)
    return await _never(here, subject, parsed, limit, cursor)


@get("/v1/reports/top-spenders", summary="Who spent the most at all stores", tags=["Reports"])
async def all_top(
    request: AnyRequest, month: Annotated[str | None, _MONTH] = None, limit: int = _PLACES
) -> Response[TopSpendersView]:
    """As for one store, over all of the merchant's: each store's month is the one on its own clock."""
    here, subject = await _owner(request)
    async with here.database.read(subject.merchant_id) as tx:
        return await _top(tx, await every_store(tx), month, limit)


@get("/v1/reports/never-spent", summary="Registered customers who never spent anywhere", tags=["Reports"])
async def all_never(
    request: AnyRequest, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Response[NeverSpentView]:
    """Customers with an account of whom no store of the merchant kept anything."""
    here, subject = await _owner(request)
    return await _never(here, subject, None, limit, cursor)


async def _at(tx: ReadTx, store_id: UUID) -> Store:
    """The store. Raises `StoreNotFound`."""
    found = await find_store(tx, store_id)
    if found is None:
        raise StoreNotFound
    return found


async def _owner(request: AnyRequest) -> tuple[Context, Subject]:
    here = context(request)
    subject = await here.gate.known(request)
    subject.require(PERMISSION)
    return here, subject


async def _top(tx: ReadTx, places: Sequence[Store], month: str | None, limit: int) -> Response[TopSpendersView]:
    asked = month_of(month, places, utc_now())
    found = await top_spenders(tx, places, asked, check_limit(limit))
    return json(_top_view(found, places))  # type: ignore[return-value]


async def _never(
    here: Context, subject: Subject, store_id: UUID | None, limit: int, cursor: str | None
) -> Response[NeverSpentView]:
    async with here.database.read(subject.merchant_id) as tx:
        found = await never_spent(tx, store_id, after_of(cursor), check_limit(limit))
    return json(_never_view(found))  # type: ignore[return-value]


def _top_view(found: TopSpenders, places: Sequence[Store]) -> TopSpendersView:
    return TopSpendersView(
        month=str(found.month),
        spans=[
            SpanView(ids.show("sto", span.store_id), place.timezone, span.from_at, span.to_at)
            for span, place in zip(found.spans, places, strict=True)
        ],
        data=[
            SpenderView(
                each.rank, each.currency, ids.show("usr", each.subject_id), each.kind, each.name, each.spent_minor,
                each.captured_minor, each.refunded_minor, each.payments,
            )
            for each in found.spenders
        ],
        totals=[
            TotalView(
                each.currency, each.spent_minor, each.captured_minor, each.refunded_minor, each.people,
                each.unnamed_minor,
            )
            for each in found.totals
        ],
        cut=found.cut,
    )  # fmt: skip


def _never_view(found: NeverSpent) -> NeverSpentView:
    data = [
        SleeperView(ids.show("usr", each.user_id), each.name, each.created_at, each.refunded) for each in found.sleepers
    ]
    return NeverSpentView(data, cursor_of(found))


HANDLERS = [store_top, store_never, all_top, all_never]
