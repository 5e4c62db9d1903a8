"""The stores' JSON face: which there are, are they open, when would an order be ready; and pausing the intake."""

from datetime import datetime

import msgspec
from litestar import Response, get, post

from bottega.domains.merchants import actions, rules, store
from bottega.domains.merchants.errors import StoreNotFound
from bottega.domains.merchants.model import (
    Address,
    FulfillmentType,
    Hours,
    PayMode,
    SetCapture,
    SetDeadlines,
    SetIntake,
    Store,
    StoreStatus,
    TaxMode,
)
from bottega.infra.web.answers import json, kept
from bottega.infra.web.body import Strict, claim, rendered
from bottega.infra.web.context import context, staff_at
from bottega.infra.web.problem import AnyRequest
from bottega.kit import ids
from bottega.kit.clock import utc_now
from bottega.kit.pagination import DEFAULT_LIMIT, check_limit, decode_cursor, encode_cursor
from bottega.kit.subject import SubjectKind


class ReadyEstimateView(msgspec.Struct, frozen=True):
    """In how many minutes an order placed now will be ready."""

    min_minutes: int
    max_minutes: int


class StoreView(msgspec.Struct, frozen=True, kw_only=True):
    """A store as customers see it."""

    store_id: str
    slug: str
    name: str
    address: Address
    phone: str
    timezone: str
    currency: str
    locale: str
    tax_mode: TaxMode
    status: str
    open_until: datetime | None
    opens_at: datetime | None
    hours: tuple[Hours, ...]
    order_modes: tuple[FulfillmentType, ...]
    pay_modes: tuple[PayMode, ...]
    ready_estimate: ReadyEstimateView
    prep_minutes: int
    paused_until: datetime | None


class DeadlinesView(msgspec.Struct, frozen=True):
    """How long a store waits for its customers."""

    unpaid_minutes: int
    answer_seconds: int


class StoresView(msgspec.Struct, frozen=True):
    """A page of stores."""

    data: list[StoreView]
    next_cursor: str | None


def store_view(place: Store, now: datetime) -> StoreView:
    """A store as customers see it at an instant."""
    state = rules.opening(place, now)
    earliest, latest = rules.ready_window(place, now)
    return StoreView(
        store_id=ids.show("sto", place.store_id),
        slug=place.slug,
        name=place.name,
        address=place.address,
        phone=place.phone,
        timezone=place.timezone,
        currency=place.currency,
        locale=place.locale,
        tax_mode=place.tax_mode,
        status=state.status,
        open_until=state.open_until,
        opens_at=state.opens_at,
        hours=place.hours,
        order_modes=place.order_modes,
        pay_modes=place.pay_modes,
        ready_estimate=ReadyEstimateView(
            round((earliest - now).total_seconds() / 60), round((latest - now).total_seconds() / 60)
        ),
        prep_minutes=place.prep_minutes,
        paused_until=place.paused_until if state.status is StoreStatus.PAUSED else None,
    )


@get("/v1/stores", summary="All stores", tags=["Stores"])
async def list_stores(
    request: AnyRequest, limit: int = DEFAULT_LIMIT, cursor: str | None = None, merchant_id: str | None = None
) -> Response[StoresView]:
    """The merchant's stores; the installation's only merchant needs no naming."""
    check_limit(limit)
    here = context(request)
    subject = await here.gate.subject(request)
    place = decode_cursor(cursor) if cursor else [0]
    after = place[0] if isinstance(place[0], int) and 0 <= place[0] < 2**31 else 0
    if merchant_id is not None:
        merchant = ids.parse("mer", merchant_id)
    elif subject.kind is not SubjectKind.ANONYMOUS:
        merchant = subject.merchant_id
    else:
        async with here.database.read(None) as tx:
            homes = await store.merchant_homes(tx)
        if not homes:
            return json(StoresView([], None))  # type: ignore[return-value]
        merchant = homes[0].merchant_id
    async with here.database.read(merchant) as tx:
        found = await store.list_stores(tx, after, limit + 1)
    now = utc_now()
    more = encode_cursor(found[limit - 1].number) if len(found) > limit else None
    return json(StoresView([store_view(each, now) for each in found[:limit]], more))  # type: ignore[return-value]


@get("/v1/stores/{store_id:str}", summary="One store", tags=["Stores"])
async def get_store(request: AnyRequest, store_id: str) -> Response[StoreView]:
    """Open or closed, hours, timezone, currency, order modes, and the present ready-time estimate."""
    here = context(request)
    parsed = ids.parse("sto", store_id)
    merchant_id, _ = await here.owner_of(parsed)
    async with here.database.read(merchant_id) as tx:
        place = await store.find_store(tx, parsed)
    if place is None:
        raise StoreNotFound
    return json(store_view(place, utc_now()))  # type: ignore[return-value]


@post("/v1/stores/{store_id:str}/intake", dto=Strict[SetIntake], return_dto=None, status_code=200,
      summary="Pause or open the intake of orders", tags=["Stores"])  # fmt: skip
async def set_intake(request: AnyRequest, store_id: str, data: SetIntake) -> Response[StoreView]:
    """Staff pause orders (for `minutes`, or until opened again), or change the quoted preparation time."""
    here, subject, parsed = await staff_at(request, store_id, "stores.intake")
    key = claim(request, "stores.intake", parsed, data)
    answer = await here.database.answer(
        actions.set_intake,
        (parsed, data),
        by=subject,
        key=key,
        view=lambda place: rendered(store_view(place, utc_now())),
    )
    return kept(answer)  # type: ignore[return-value]


@post("/v1/stores/{store_id:str}/capture", dto=Strict[SetCapture], return_dto=None, status_code=200,
      summary="Decide when online payments are taken", tags=["Stores"])  # fmt: skip
async def set_capture(request: AnyRequest, store_id: str, data: SetCapture) -> Response[StoreView]:
    """At once (AUTOMATIC), or held first and taken when somebody starts the order (MANUAL). Open payments stay as they are."""
    here, subject, parsed = await staff_at(request, store_id, "stores.manage")
    key = claim(request, "stores.capture", parsed, data)
    answer = await here.database.answer(
        actions.set_capture,
        (parsed, data),
        by=subject,
        key=key,
        view=lambda place: rendered(store_view(place, utc_now())),
    )
    return kept(answer)  # type: ignore[return-value]


@post("/v1/stores/{store_id:str}/deadlines", dto=Strict[SetDeadlines], return_dto=None, status_code=200,
      summary="Decide how long to wait for payment and for answers", tags=["Stores"])  # fmt: skip
async def set_deadlines(request: AnyRequest, store_id: str, data: SetDeadlines) -> Response[DeadlinesView]:
    """When an unpaid online order is cancelled, and how long a customer is asked about what is out; `{}` only reads them."""
    here, subject, parsed = await staff_at(request, store_id, "stores.manage")
    key = claim(request, "stores.deadlines", parsed, data)
    answer = await here.database.answer(
        actions.set_deadlines,
        (parsed, data),
        by=subject,
        key=key,
        view=lambda place: rendered(DeadlinesView(place.unpaid_minutes, place.answer_seconds)),
    )
    return kept(answer)  # type: ignore[return-value]


HANDLERS = [list_stores, get_store, set_intake, set_capture, set_deadlines]
