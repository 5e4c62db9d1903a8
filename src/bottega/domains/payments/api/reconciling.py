"""Comparing the ledgers in JSON: a store's comparisons, what differs, asking for a comparison, settling a difference."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import Parameter

from bottega.domains.payments.actions.differing import ask_reconciliation, resolve_difference
from bottega.domains.payments.actions.turns import Reconciler
from bottega.domains.payments.model.reconciliation import (
    EXPLANATIONS,
    AskReconciliation,
    Difference,
    Mend,
    Reconciliation,
    ResolveDifference,
    Side,
)
from bottega.domains.payments.states import DifferenceState
from bottega.domains.payments.store import differences, reconciling
from bottega.infra.web.answers import json, kept
from bottega.infra.web.body import Strict, claim, rendered
from bottega.infra.web.context import staff_at
from bottega.infra.web.problem import AnyRequest
from bottega.kit import ids
from bottega.kit.errors import Invalid, Malformed
from bottega.kit.fields import Note
from bottega.kit.pagination import DEFAULT_LIMIT, check_limit, decode_cursor, encode_cursor
from bottega.kit.text import clean

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class ReconciliationBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Compare what was made `since` (usual reach if left out) `until` (now if left out): up to 31 days.

    `mend`: LIST only looks, RECORD also writes down what the provider says, REFUND also gives back what nobody ordered.
    """

    since: Instant | None = None
    until: Instant | None = None
    mend: Mend = Mend.RECORD


class ResolveBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a person has dealt with a difference."""

    note: Note


class ReconciliationView(msgspec.Struct, frozen=True, kw_only=True):
    """A comparison: payments looked at `there` (at the provider) and `here`, differences mended and remaining."""

    reconciliation_id: str
    store_id: str
    trigger: str
    mend: str
    state: str
    since: datetime
    until: datetime | None
    there: int
    here: int
    mended: int
    remaining: int
    asked_at: datetime
    finished_at: datetime | None


class ReconciliationsView(msgspec.Struct, frozen=True):
    """A page of comparisons, newest first."""

    data: list[ReconciliationView]
    next_cursor: str | None


class SideView(msgspec.Struct, frozen=True):
    """How something stands on one side; the amount in minor units."""

    state: str
    amount: int
    currency: str


class DifferenceView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that differs. `object_ref` is the provider's name of it (ours where it has none)."""

    difference_id: str
    store_id: str
    code: str
    explanation: str
    state: str
    payment_id: str | None
    intent_ref: str | None
    object_ref: str
    there: SideView | None
    here: SideView | None
    found_at: datetime
    seen_at: datetime
    closed_at: datetime | None
    note: str | None


class DifferencesView(msgspec.Struct, frozen=True):
    """A page of differences, newest first."""

    data: list[DifferenceView]
    next_cursor: str | None


@get("/v1/stores/{store_id:str}/reconciliations", summary="Comparisons with the provider's ledger", tags=["Payment"])
async def list_reconciliations(
    request: AnyRequest, store_id: str, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Response[ReconciliationsView]:
    """The comparisons of a store, newest first: by turns, at a command, or asked for by staff."""
    here, subject, parsed = await staff_at(request, store_id, "payments.read")
    check_limit(limit)
    async with here.database.read(subject.merchant_id) as tx:
        found = await reconciling.listed(tx, parsed, _before(cursor), limit + 1)
    more = encode_cursor(found[limit - 1].reconciliation_id.hex) if len(found) > limit else None
    return json(ReconciliationsView([reconciliation_view(each) for each in found[:limit]], more))  # type: ignore[return-value]


@post("/v1/stores/{store_id:str}/reconciliations", dto=Strict[ReconciliationBody], return_dto=None, status_code=202,
      summary="Compare with the provider's ledger now", tags=["Payment"])  # fmt: skip
async def reconcile(request: AnyRequest, store_id: str, data: ReconciliationBody) -> Response[ReconciliationView]:
    """A worker does it within seconds; the comparison then says DONE. Giving money back needs the permission to refund."""
    here, subject, parsed = await staff_at(request, store_id, "payments.reconcile")
    if data.mend is Mend.REFUND:
        subject.require("payments.refund", parsed)
    reconciler = here.part(Reconciler)
    reconciler.check_on()
    since = data.since or reconciler.usual_start()
    command = AskReconciliation(store_id=parsed, since=since, until=data.until, mend=data.mend)
    key = claim(request, "payments.reconcile", parsed, data)
    answer = await here.database.answer(
        ask_reconciliation, command, by=subject, key=key, view=lambda made: rendered(reconciliation_view(made), 202)
    )
    return kept(answer)  # type: ignore[return-value]


@get("/v1/stores/{store_id:str}/differences", summary="What differs from the provider's ledger", tags=["Payment"])
async def list_differences(
    request: AnyRequest,
    store_id: str,
    wanted: Annotated[str | None, Parameter(query="state")] = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Response[DifferencesView]:
    """The differences of a store, newest first; `state`: OPEN, MENDED or RESOLVED."""
    here, subject, parsed = await staff_at(request, store_id, "payments.read")
    check_limit(limit)
    if wanted is not None and wanted not in DifferenceState.__members__:
        raise Invalid("state is OPEN, MENDED or RESOLVED")
    state = None if wanted is None else DifferenceState(wanted)
    async with here.database.read(subject.merchant_id) as tx:
        found = await differences.listed(tx, parsed, state, _before(cursor), limit + 1)
    more = encode_cursor(found[limit - 1].difference_id.hex) if len(found) > limit else None
    return json(DifferencesView([difference_view(each) for each in found[:limit]], more))  # type: ignore[return-value]


@post("/v1/stores/{store_id:str}/differences/{difference_id:str}/resolve", dto=Strict[ResolveBody], return_dto=None,
      status_code=200, summary="Settle a difference by hand", tags=["Payment"])  # fmt: skip
async def resolve(
    request: AnyRequest, store_id: str, difference_id: str, data: ResolveBody
) -> Response[DifferenceView]:
    """With a note that says how. It stays settled until it differs otherwise."""
    here, subject, parsed = await staff_at(request, store_id, "payments.reconcile")
    note = clean(data.note, "/note", max_length=200)
    if not note:
        raise Invalid("Say how it was settled")
    command = ResolveDifference(store_id=parsed, difference_id=ids.parse("dif", difference_id), note=note)
    key = claim(request, "payments.difference", command)
    answer = await here.database.answer(
        resolve_difference, command, by=subject, key=key, view=lambda made: rendered(difference_view(made))
    )
    return kept(answer)  # type: ignore[return-value]


def reconciliation_view(made: Reconciliation) -> ReconciliationView:
    """A comparison as clients see it."""
    return ReconciliationView(
        reconciliation_id=ids.show("rec", made.reconciliation_id),
        store_id=ids.show("sto", made.store_id),
        trigger=made.trigger,
        mend=made.mend,
        state=made.state,
        since=made.since,
        until=made.until,
        there=made.there,
        here=made.here,
        mended=made.mended,
        remaining=made.remaining,
        asked_at=made.asked_at,
        finished_at=made.finished_at,
    )


def difference_view(found: Difference) -> DifferenceView:
    """A difference as clients see it."""
    return DifferenceView(
        difference_id=ids.show("dif", found.difference_id),
        store_id=ids.show("sto", found.store_id),
        code=found.code,
        explanation=EXPLANATIONS[found.code],
        state=found.state,
        payment_id=None if found.payment_id is None else ids.show("pay", found.payment_id),
        intent_ref=found.intent_ref,
        object_ref=found.object_ref,
        there=_side(found.there),
        here=_side(found.here),
        found_at=found.found_at,
        seen_at=found.seen_at,
        closed_at=found.closed_at,
        note=found.note,
    )


def _side(side: Side | None) -> SideView | None:
    return None if side is None else SideView(side.state, side.amount_minor, side.currency)


def _before(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(str(decode_cursor(cursor)[0]))
    except ValueError as error:
        raise Malformed("That cursor was not made here") from error


HANDLERS = [list_reconciliations, reconcile, list_differences, resolve]
