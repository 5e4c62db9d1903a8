"""Comparing the provider's ledger with ours, in both directions, and mending what the provider's word can mend.

First looks are cheap and page by page: whatever seems off in a list becomes a suspect. A second look reads everything
about the suspect's payment again, there and here, and only what it finds counts: news that was under way during the
first look has arrived by then. Mending asks the same idempotent verbs as a webhook, then looks a third time.

What must stay true: memory does not grow with the ledger (a page, two stretches of references, a few suspects); nothing
is held across a call to the provider; running it twice, or twice at once, does no harm.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from bottega.domains.payments.actions import differing
from bottega.domains.payments.actions.mending import Mender
from bottega.domains.payments.model.reconciliation import (
    Counts,
    Finding,
    LedgerCharge,
    LedgerDispute,
    LedgerRefund,
    Marks,
    Ours,
    Outcome,
    Picture,
    Suspect,
    Verdict,
    Window,
)
from bottega.domains.payments.ports import PaymentLedger
from bottega.domains.payments.rules import comparing
from bottega.domains.payments.store import differences
from bottega.domains.payments.store import reconciling as kept
from bottega.infra.telemetry import logger
from bottega.infra.transaction import Database
from bottega.kit import ids
from bottega.kit.clock import utc_now
from bottega.kit.subject import system

T = TypeVar("T", LedgerCharge, LedgerRefund, LedgerDispute)
Seen = Mapping[str, Marks]
_RELAY = "bottega_relay"
_STRETCH = 2_000
_SUSPECTS = 100
_ROWS = 500
_UNMARKED = 1_000


class Comparison:
    """One run of comparing: use once. `settle` is how many seconds news may be under way before a second look."""

    def __init__(
        self, database: Database, ledger: PaymentLedger, mender: Mender, window: Window, settle: float
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._mender = mender
        self._window = window
        self._settle = settle
        self._places: dict[UUID, kept.Place] = {}
        self._suspects: dict[Suspect, None] = {}
        self._noted_at = 0.0
        self._there: dict[UUID, int] = {}
        self._here: dict[UUID, int] = {}
        self._unmarked: dict[str, Finding] = {}

    async def run(self) -> Outcome:
        """Look at everything, there and here. Raises `ProviderUnavailable` when a list does not come in the end."""
        started = utc_now()
        async with self._database.read(None, role=_RELAY) as tx:
            self._places = await kept.places(tx)
        await self._suspect_what_was_open()
        await self._meet(self._ledger.charges(self._window), self._charges_there, self._payments_here)
        await self._meet(self._ledger.refunds(self._window), self._refunds_there, self._refunds_here)
        async for page in self._ledger.disputes(self._window):
            await self._disputes_there(page)
        async for page in self._ledger.bare_charges(self._window):
            for charge in page:
                if self._is_wanted(charge.marks) and comparing.looks_off(self._ledger.account, charge, None):
                    await self._suspect(Suspect(charge.ref, None, None))
        await self._look_again()
        async with self._database.read(None, role=_RELAY) as tx:
            counted = await differences.counts(tx, started, self._window.store_id)
        stores = {
            store_id: Counts(self._there.get(store_id, 0), self._here.get(store_id, 0), *counted.get(store_id, (0, 0)))
            for store_id in {*self._there, *self._here, *counted}
        }
        return Outcome(
            started=started,
            since=self._window.since,
            until=self._window.until,
            stores=stores,
            unmarked=tuple(self._unmarked.values()),
        )

    async def _suspect_what_was_open(self) -> None:
        """What differed the last time is looked at again, however long ago it is, and what a bank has not decided: that
        takes months, and lists show only what was begun in the window."""
        after: differences.OpenOne | None = None
        while True:
            async with self._database.read(None, role=_RELAY) as tx:
                found = await differences.still_open(tx, self._window.store_id, after, _ROWS)
            for each in found:
                await self._suspect(Suspect(each.intent_ref, each.store_id, each.payment_id))
            if len(found) < _ROWS:
                break
            after = found[-1]
        async with self._database.read(None, role=_RELAY) as tx:
            undecided = await kept.undecided(tx, self._window.store_id, self._ledger.account)
        for suspect in undecided:
            await self._suspect(suspect)

    async def _meet(
        self,
        pages: AsyncIterator[list[T]],
        there: Callable[[list[T]], Awaitable[None]],
        here: Callable[[datetime | None, datetime | None, Seen], Awaitable[None]],
    ) -> None:
        """Walk the provider's list, newest first, and ours alongside, stretch by stretch: what is ours and was not seen
        in its stretch, or in the one after it (we write first, then ask), is suspect."""
        now: dict[str, Marks] = {}
        before: dict[str, Marks] = {}
        high = self._window.until
        async for page in pages:
            await there(page)
            now |= {each.ref: each.marks for each in page}
            if len(now) >= _STRETCH:
                low = page[-1].created_at
                await here(low, high, before | now)
                now, before, high = {}, now, low
        await here(self._window.since, high, before | now)

    async def _charges_there(self, page: list[LedgerCharge]) -> None:
        known = await self._ours([charge.marks for charge in page])
        for charge in page:
            marks = charge.marks
            if not self._is_wanted(marks):
                continue
            if marks.store_id in self._places:
                _count(self._there, marks.store_id)
            ours = known.get(marks.payment_id) if marks.payment_id is not None else None
            if comparing.looks_off(self._ledger.account, charge, ours):
                await self._suspect(Suspect(charge.ref, marks.store_id, marks.payment_id))

    async def _payments_here(self, low: datetime | None, high: datetime | None, seen: Seen) -> None:
        after: kept.OurObject | None = None
        while True:
            async with self._database.read(None, role=_RELAY) as tx:
                rows = await kept.our_payments(
                    tx, self._window, self._ledger.account, ids_between(low, high), after, _ROWS
                )
            for row in rows:
                _count(self._here, row.store_id)
                marks = Marks(row.merchant_id, row.store_id, row.payment_id)
                if row.provider_ref is None or seen.get(row.provider_ref) != marks:
                    await self._suspect(Suspect(row.provider_ref, row.store_id, row.payment_id))
            if len(rows) < _ROWS:
                return
            after = rows[-1]

    async def _refunds_there(self, page: list[LedgerRefund]) -> None:
        known = await self._ours([refund.marks for refund in page])
        for refund in page:
            marks = refund.marks
            ours = known.get(marks.payment_id) if marks.payment_id is not None else None
            same = ours is not None and any(
                (each.provider_ref, each.status, each.amount_minor) == (refund.ref, refund.status, refund.amount_minor)
                for each in ours.refunds
            )
            if not same and self._is_wanted(marks) and refund.intent_ref:
                await self._suspect(Suspect(refund.intent_ref, marks.store_id, marks.payment_id))

    async def _refunds_here(self, low: datetime | None, high: datetime | None, seen: Seen) -> None:
        after: kept.OurObject | None = None
        while True:
            async with self._database.read(None, role=_RELAY) as tx:
                rows = await kept.our_refunds(
                    tx, self._window, self._ledger.account, ids_between(low, high), after, _ROWS
                )
            for row in rows:
                if row.provider_ref not in seen:
                    await self._suspect(Suspect(None, row.store_id, row.payment_id))
            if len(rows) < _ROWS:
                return
            after = rows[-1]

    async def _disputes_there(self, page: list[LedgerDispute]) -> None:
        known = await self._ours([dispute.marks for dispute in page])
        for dispute in page:
            marks = dispute.marks
            ours = known.get(marks.payment_id) if marks.payment_id is not None else None
            same = ours is not None and any(
                (each.provider_ref, each.status, each.amount_minor)
                == (dispute.ref, dispute.status, dispute.amount_minor)
                for each in ours.disputes
            )
            if not same and self._is_wanted(marks) and dispute.intent_ref:
                await self._suspect(Suspect(dispute.intent_ref, marks.store_id, marks.payment_id))

    def _is_wanted(self, marks: Marks) -> bool:
        return self._window.store_id is None or marks.store_id == self._window.store_id

    async def _ours(self, marked: list[Marks]) -> dict[UUID, Ours]:
        wanted = [
            (marks.store_id, marks.payment_id)
            for marks in marked
            if marks.store_id is not None and marks.payment_id is not None and self._is_wanted(marks)
        ]
        if not wanted:
            return {}
        async with self._database.read(None, role=_RELAY) as tx:
            return await kept.ours(tx, wanted)

    async def _suspect(self, suspect: Suspect) -> None:
        self._suspects.setdefault(suspect)
        self._noted_at = time.monotonic()
        if len(self._suspects) >= _SUSPECTS:
            await self._look_again()

    async def _look_again(self) -> None:
        suspects, self._suspects = list(self._suspects), {}
        if suspects:
            await asyncio.sleep(max(0.0, self._noted_at + self._settle - time.monotonic()))
        for suspect in suspects:
            await self._second_look(suspect)

    async def _second_look(self, suspect: Suspect) -> None:
        picture = await self._picture(suspect)
        place = self._place_of(picture, suspect)
        findings = comparing.compare(picture)
        if place is None:
            room = _UNMARKED - len(self._unmarked)
            self._unmarked |= {each.object_ref: each for each in findings[: max(0, room)]}
            return
        left = findings
        if findings and await self._mender.mend(picture, findings, place):
            picture = await self._picture(suspect)
            left = comparing.compare(picture)
        mended = tuple(each for each in findings if (each.code, each.object_ref) not in {_key(one) for one in left})
        verdict = Verdict(
            suspect=_named(picture, suspect),
            merchant_id=place.merchant_id,
            store_id=place.store_id,
            open=left,
            mended=mended,
            looked_at=suspect.intent_ref,
        )
        subject = system(place.merchant_id, "reconciliation")
        await self._database.run(differing.keep_verdict, verdict, by=subject)
        for finding in left:
            logger("reconciliation").error("ledgers differ", code=finding.code, object=finding.object_ref)

    async def _picture(self, suspect: Suspect) -> Picture:
        """Everything about a payment, read now: first the provider's side, so that ours is never the older one."""
        ours = await self._our_side(suspect)
        ref = suspect.intent_ref or (ours.payment.provider_ref if ours is not None else None)
        charge = None if ref is None else await self._ledger.read_charge(ref)
        known = ours.payment.provider_ref if ours is not None else None
        if charge is None and known is not None and known != ref:  # the reference stood here once, and was put right
            ref, charge = known, await self._ledger.read_charge(known)
        if charge is None or ref is None:
            return Picture(account=self._ledger.account, charge=None, ours=ours)
        refunds = await self._ledger.refunds_of(ref)
        disputes = await self._ledger.disputes_of(ref)
        marks = charge.marks
        ours = await self._our_side(suspect) or await self._our_side(Suspect(ref, marks.store_id, marks.payment_id))
        return Picture(
            account=self._ledger.account, charge=charge, refunds=refunds, disputes=disputes, ours=ours
        )  # fmt: skip

    async def _our_side(self, suspect: Suspect) -> Ours | None:
        async with self._database.read(None, role=_RELAY) as tx:
            if suspect.store_id is not None and suspect.payment_id is not None:
                found = await kept.ours(tx, [(suspect.store_id, suspect.payment_id)])
                if suspect.payment_id in found:
                    return found[suspect.payment_id]
            named = None if suspect.intent_ref is None else await kept.by_ref(tx, suspect.intent_ref)
            if named is None or named.store_id is None or named.payment_id is None:
                return None
            return (await kept.ours(tx, [(named.store_id, named.payment_id)])).get(named.payment_id)

    def _place_of(self, picture: Picture, suspect: Suspect) -> kept.Place | None:
        """The store that a payment belongs to: ours says so, else its marks, if that store is here and its merchant's."""
        if picture.ours is not None:
            return self._places.get(picture.ours.payment.store_id)
        marks = picture.charge.marks if picture.charge is not None else Marks()
        place = self._places.get(marks.store_id or suspect.store_id or ids.new_id(0))
        return place if place is not None and marks.merchant_id in (None, place.merchant_id) else None


def ids_between(low: datetime | None, high: datetime | None) -> tuple[UUID, UUID]:
    """The ids that were made from one instant until another: an id begins with its milliseconds."""
    first = 0 if low is None else max(0, int(low.timestamp() * 1000))
    last = (1 << 48) - 1 if high is None else max(0, int(high.timestamp() * 1000))
    return UUID(int=first << 80), UUID(int=last << 80)


def _named(picture: Picture, suspect: Suspect) -> Suspect:
    """The payment under all names that are known by now."""
    payment = picture.ours.payment if picture.ours is not None else None
    ref = picture.charge.ref if picture.charge is not None else suspect.intent_ref
    if payment is None:
        marked = picture.charge.marks.payment_id if picture.charge is not None else None
        return Suspect(ref, suspect.store_id, marked or suspect.payment_id)
    return Suspect(ref or payment.provider_ref, payment.store_id, payment.payment_id)


def _key(finding: Finding) -> tuple[str, str]:
    return finding.code, finding.object_ref


def _count(where: dict[UUID, int], store_id: UUID | None) -> None:
    if store_id is not None:
        where[store_id] = where.get(store_id, 0) + 1
