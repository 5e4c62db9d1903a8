"""The manager's page of payments: do the provider's ledger and ours agree, what differs, and what can be done about it."""

from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response

from bottega.domains import merchants
from bottega.domains.merchants import Store
from bottega.domains.payments.actions.differing import ask_reconciliation, resolve_difference
from bottega.domains.payments.actions.turns import Reconciler
from bottega.domains.payments.model.reconciliation import AskReconciliation, Difference, Mend, ResolveDifference
from bottega.domains.payments.states import DifferenceState
from bottega.domains.payments.store import differences, reconciling
from bottega.infra.web.context import Context
from bottega.infra.web.forms import in_words, posted, see_other, shows, staff_visitor, takes
from bottega.infra.web.pages import Look, Views, speaks
from bottega.infra.web.problem import AnyRequest
from bottega.kit import ids
from bottega.kit.clock import instant, utc_now
from bottega.kit.errors import DomainError
from bottega.kit.pagination import decode_cursor, encode_cursor
from bottega.kit.subject import Subject
from bottega.kit.text import clean

_VIEWS = Views(__file__)
_SEES, _DOES, _REFUNDS = "payments.read", "payments.reconcile", "payments.refund"
_PAGE = 25
_RUNS = 5
_STATES = {state.value.lower(): state for state in DifferenceState}


@shows("/manage/stores/{store_id:str}/payments")
async def payments_of_store(request: AnyRequest, store_id: str) -> Response[Any]:
    """The latest comparisons of a store, and its differences: those that stand open, or were mended or settled."""
    here, subject, place_id = await staff_visitor(request, store_id, _SEES)
    return await _page(request, here, subject, place_id)


@takes("/manage/stores/{store_id:str}/payments/compare")
async def compare(request: AnyRequest, store_id: str) -> Response[Any]:
    """Ask for a comparison of some days; a worker does it in a moment."""
    fields = await posted(request)
    here, subject, place_id = await staff_visitor(request, store_id, _DOES)
    async with here.database.read(subject.merchant_id) as tx:
        place = (await merchants.workplace(tx, subject, place_id, "payments")).store
    mend = Mend.REFUND if fields.text("give_back") and subject.may(_REFUNDS, place_id) else Mend.RECORD
    reconciler = here.part(Reconciler)
    since = _start(fields.text("from"), place) or reconciler.usual_start()
    command = AskReconciliation(
        store_id=place_id, since=since, until=_start(fields.text("to"), place, after=True), mend=mend
    )
    try:
        reconciler.check_on()
        await here.database.run(ask_reconciliation, command, by=subject)
    except DomainError as error:
        return await _page(request, here, subject, place_id, in_words(speaks(request), error))
    return see_other(f"/manage/stores/{store_id}/payments?done=asked")


@takes("/manage/stores/{store_id:str}/payments/differences/{difference_id:str}/resolve")
async def resolve(request: AnyRequest, store_id: str, difference_id: str) -> Response[Any]:
    """Settle a difference by hand, with a note."""
    fields = await posted(request)
    here, subject, place_id = await staff_visitor(request, store_id, _DOES)
    try:
        note = clean(fields.text("note"), "/note", max_length=200)
        if not note:
            return await _page(request, here, subject, place_id, speaks(request)("manage.difference_note_missing"))
        command = ResolveDifference(
            store_id=place_id, difference_id=ids.parse("dif", difference_id), note=note
        )  # fmt: skip
        await here.database.run(resolve_difference, command, by=subject)
    except DomainError as error:
        return await _page(request, here, subject, place_id, in_words(speaks(request), error))
    return see_other(f"/manage/stores/{store_id}/payments?done=resolved")


async def _page(
    request: AnyRequest, here: Context, subject: Subject, place_id: UUID, problem: str = ""
) -> Response[Any]:
    query, now = request.query_params, utc_now()
    shown = query.get("state", "") if query.get("state", "") in _STATES else "open"
    async with here.database.read(subject.merchant_id) as tx:
        work = await merchants.workplace(tx, subject, place_id, "payments")
        runs = await reconciling.listed(tx, place_id, None, _RUNS)
        before = _before(query.get("cursor", ""))
        found = await differences.listed(tx, place_id, _STATES[shown], before, _PAGE + 1)
    more = encode_cursor(found[_PAGE - 1].difference_id.hex) if len(found) > _PAGE else None
    waits, done = any(run.state == "ASKED" for run in runs), query.get("done", "")
    if done == "asked" and not waits:
        done = "done"
    values = {
        "workplace": work,
        "store": work.store,
        "runs": runs,
        "waits": waits,
        "compared": any(run.state == "DONE" for run in runs),
        "differences": [_row(each) for each in found[:_PAGE]],
        "states": list(_STATES),
        "shown": shown,
        "older": f"?{urlencode({'state': shown, 'cursor': more})}" if more else "",
        "newer": f"?{urlencode({'state': shown})}" if query.get("cursor") else "",
        "may": subject.may(_DOES, place_id),
        "may_refund": subject.may(_REFUNDS, place_id),
        "path": f"/manage/stores/{work.store.shown_id}/payments",
        "problem": problem,
        "done": done if done in ("asked", "done", "resolved") else "",
        "now": now,
    }
    look = Look(status=409 if problem else 200, cache="no-store")
    return _VIEWS.page(request, "manage_payments.html", values, look)


def _row(each: Difference) -> dict[str, Any]:
    return {
        "it": each,
        "id": ids.show("dif", each.difference_id),
        "order_path": f"/manage/orders/{ids.show('ord', each.reference)}" if each.reference else "",
    }


def _start(day: str, place: Store, *, after: bool = False) -> datetime | None:
    """When a day begins (or is over) at the store; None for what is no day."""
    try:
        parsed = date.fromisoformat(day)
        return instant(parsed + timedelta(days=1) if after else parsed, time(), place.timezone)
    except (ValueError, OverflowError):
        return None


def _before(cursor: str) -> UUID | None:
    """Where an older page goes on; a cursor that was not made here shows the newest."""
    try:
        return UUID(str(decode_cursor(cursor)[0])) if cursor else None
    except (DomainError, ValueError):
        return None


HANDLERS = [payments_of_store, compare, resolve]
