"""The provider's ledger behind `payments.ports.PaymentLedger`, through the official `stripe` SDK: lists, page by page.

What must stay true: a page at a time is in memory, and every read carries what tells whose it is (the intent's metadata,
expanded). A page that does not come is asked for again a few times, because one lost answer must not end a long walk.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from bottega.adapters.stripe import DISPUTE_STATES, INTENT_STATES, REFUND_STATES, asked, client, ours, theirs
from bottega.domains.payments.errors import ProviderRefused, ProviderUnavailable
from bottega.domains.payments.model import IntentState
from bottega.domains.payments.model.reconciliation import LedgerCharge, LedgerDispute, LedgerRefund, Marks, Window
from bottega.domains.payments.states import DisputeStatus, RefundStatus

T = TypeVar("T")
_PAGE = 100
_TRIES = 5


class StripeLedger:
    """The ledger of one account of Stripe, or of anything that speaks its API."""

    def __init__(self, secret_key: str, account: str, api_base: str = "") -> None:
        self._account = account
        self._http, self._client = client(secret_key, api_base)

    async def close(self) -> None:
        """Close the connections to the provider."""
        await self._http.close_async()

    @property
    def account(self) -> str:
        """Our name for the account."""
        return self._account

    def charges(self, window: Window) -> AsyncIterator[list[LedgerCharge]]:
        """The intents of a window with their latest charge."""
        return self._pages(self._client.v1.payment_intents.list_async, window, "data.latest_charge", _charge)

    def bare_charges(self, window: Window) -> AsyncIterator[list[LedgerCharge]]:
        """Charges that took money without an intent."""
        return self._pages(self._client.v1.charges.list_async, window, None, _bare)

    def refunds(self, window: Window) -> AsyncIterator[list[LedgerRefund]]:
        """The refunds of a window."""
        return self._pages(self._client.v1.refunds.list_async, window, "data.payment_intent", _refund)

    def disputes(self, window: Window) -> AsyncIterator[list[LedgerDispute]]:
        """The disputes of a window."""
        return self._pages(self._client.v1.disputes.list_async, window, "data.payment_intent", _dispute)

    async def read_charge(self, ref: str) -> LedgerCharge | None:
        """One intent, or one charge without an intent."""
        intents, charges = self._client.v1.payment_intents, self._client.v1.charges
        expand: Any = {"expand": ["latest_charge"]}
        try:
            if ref.startswith("ch_"):
                return _bare(await _again(lambda: charges.retrieve_async(ref)))
            return _charge(await _again(lambda: intents.retrieve_async(ref, expand)))
        except ProviderRefused:
            return None

    async def refunds_of(self, ref: str) -> tuple[LedgerRefund, ...]:
        """The refunds of an intent."""
        return await self._all_of(self._client.v1.refunds.list_async, ref, _refund)

    async def disputes_of(self, ref: str) -> tuple[LedgerDispute, ...]:
        """The disputes of an intent."""
        return await self._all_of(self._client.v1.disputes.list_async, ref, _dispute)

    async def give_back(self, charge: LedgerCharge, key: str) -> None:
        """Refund what is left, or let go of a hold."""
        options: Any = {"idempotency_key": key}
        is_bare = charge.ref.startswith("ch_")
        if charge.state is IntentState.AUTHORIZED and not is_bare:
            await asked(self._client.v1.payment_intents.cancel_async(charge.ref, {}, options))
            return
        named = {"charge": charge.ref} if is_bare else {"payment_intent": charge.ref}
        marks = {name: str(value) for name, value in _marked(charge.marks).items() if value is not None}
        held = charge.amount_minor if charge.state is IntentState.AUTHORIZED else charge.captured_minor
        amount = theirs(held - charge.refunded_minor, charge.currency)
        params: Any = {**named, "amount": amount, "metadata": marks}
        await asked(self._client.v1.refunds.create_async(params, options))

    async def _pages(
        self, ask: Callable[[Any], Awaitable[Any]], window: Window, expand: str | None, read: Callable[[Any], T | None]
    ) -> AsyncIterator[list[T]]:
        params: dict[str, Any] = {"limit": _PAGE, "created": {"gte": max(0, int(window.since.timestamp()))}}
        if window.until is not None:
            params["created"]["lt"] = int(window.until.timestamp()) + 1
        if expand is not None:
            params["expand"] = [expand]
        while True:
            page = await _again(lambda: ask(params))
            found: Sequence[Any] = page.data
            yield [each for each in map(read, found) if each is not None]
            if not page.has_more or not found:
                return
            params["starting_after"] = found[-1].id

    async def _all_of(
        self, ask: Callable[[Any], Awaitable[Any]], ref: str, read: Callable[[Any], T | None]
    ) -> tuple[T, ...]:
        named = "charge" if ref.startswith("ch_") else "payment_intent"
        params: dict[str, Any] = {"limit": _PAGE, named: ref, "expand": ["data.payment_intent"]}
        found: list[T] = []
        while True:
            page = await _again(lambda: ask(params))
            found += [each for each in map(read, page.data) if each is not None]
            if not page.has_more or not page.data:
                return tuple(found)
            params["starting_after"] = page.data[-1].id


async def _again(ask: Callable[[], Awaitable[Any]]) -> Any:
    """An answer to a question that changes nothing, asked up to five times."""
    for attempt in range(1, _TRIES + 1):
        try:
            return await asked(ask())
        except ProviderUnavailable:
            if attempt == _TRIES:
                raise
            await asyncio.sleep(random.uniform(0.5, 1.0) * 2**attempt / 4)  # noqa: S311 - jitter, not a secret
    raise AssertionError("unreachable")


def _charge(intent: Any) -> LedgerCharge:
    charge = intent.latest_charge if _is_object(intent.latest_charge) else None
    currency = intent.currency.upper()
    back = charge.amount_refunded if charge is not None and charge.captured else 0
    return LedgerCharge(
        ref=intent.id,
        created_at=_at(intent.created),
        state=INTENT_STATES.get(intent.status, IntentState.PROCESSING),
        amount_minor=ours(intent.amount, currency),
        captured_minor=ours(intent.amount_received or 0, currency),
        refunded_minor=ours(back, currency),
        currency=currency,
        disputed=charge is not None and bool(charge.disputed),
        marks=_marks(intent.metadata),
    )


def _bare(charge: Any) -> LedgerCharge | None:
    if charge.payment_intent is not None or charge.status == "failed":
        return None
    currency = charge.currency.upper()
    held = IntentState.CANCELED if charge.refunded else IntentState.AUTHORIZED  # letting go of it is a refund as well
    return LedgerCharge(
        ref=charge.id,
        created_at=_at(charge.created),
        state=IntentState.SUCCEEDED if charge.captured else held,
        amount_minor=ours(charge.amount, currency),
        captured_minor=ours(charge.amount_captured, currency),
        refunded_minor=ours(charge.amount_refunded, currency) if charge.captured else 0,
        currency=currency,
        disputed=bool(charge.disputed),
        marks=_marks(charge.metadata),
    )


def _refund(refund: Any) -> LedgerRefund:
    intent, metadata = refund.payment_intent, _plain(refund.metadata)
    return LedgerRefund(
        ref=refund.id,
        intent_ref=_id_of(intent) or _id_of(refund.charge),
        created_at=_at(refund.created),
        status=REFUND_STATES.get(refund.status, RefundStatus.PENDING),
        amount_minor=ours(refund.amount, refund.currency.upper()),
        currency=refund.currency.upper(),
        refund_id=_uuid(metadata.get("refund_id")),
        marks=_marks(intent.metadata if _is_object(intent) else refund.metadata),
    )


def _dispute(dispute: Any) -> LedgerDispute:
    intent = dispute.payment_intent
    return LedgerDispute(
        ref=dispute.id,
        intent_ref=_id_of(intent) or _id_of(dispute.charge),
        created_at=_at(dispute.created),
        status=DISPUTE_STATES.get(dispute.status, DisputeStatus.OPENED),
        amount_minor=ours(dispute.amount, dispute.currency.upper()),
        currency=dispute.currency.upper(),
        marks=_marks(intent.metadata if _is_object(intent) else None),
    )


def _marks(metadata: Any) -> Marks:
    said = _plain(metadata)
    return Marks(_uuid(said.get("merchant_id")), _uuid(said.get("store_id")), _uuid(said.get("payment_id")))


def _marked(marks: Marks) -> dict[str, UUID | None]:
    return {"merchant_id": marks.merchant_id, "store_id": marks.store_id, "payment_id": marks.payment_id}


def _plain(metadata: Any) -> dict[str, str]:
    return metadata.to_dict() if metadata else {}


def _is_object(value: Any) -> bool:
    return value is not None and not isinstance(value, str)


def _id_of(value: Any) -> str:
    return value.id if _is_object(value) else value or ""


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _uuid(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        return None
