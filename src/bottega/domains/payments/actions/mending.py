"""Mending what differs between the ledgers: read again and record, as for a webhook; give back what nobody ordered.

Recording moves no money. Giving back does, so it is done only where somebody asked for it, and only for money that is
surely from here. What can't be mended stays a difference, for a person.
"""

from collections.abc import Sequence
from uuid import UUID

from bottega.domains.payments.actions import differing
from bottega.domains.payments.actions.asking import Desk
from bottega.domains.payments.actions.disputing import record_dispute
from bottega.domains.payments.model.reconciliation import Code, Finding, LedgerRefund, Mend, Picture
from bottega.domains.payments.ports import PaymentLedger
from bottega.domains.payments.rules import comparing
from bottega.domains.payments.states import DEAD, RefundStatus
from bottega.domains.payments.store import reconciling as kept
from bottega.infra.telemetry import logger
from bottega.infra.transaction import Database
from bottega.kit.errors import DomainError
from bottega.kit.subject import Subject, system

_STRAY = frozenset({Code.ORPHAN_CHARGE, Code.SECOND_CHARGE})
_OF_INTENT = frozenset(
    {Code.CAPTURED_THERE, Code.CAPTURED_HERE, Code.AMOUNT_DIFFERS, Code.CURRENCY_DIFFERS, Code.STATE_DIFFERS}
)
_OF_REFUND = frozenset({Code.REFUND_THERE, Code.REFUND_STATE_DIFFERS})
_OF_DISPUTE = frozenset({Code.DISPUTE_THERE, Code.DISPUTE_STATE_DIFFERS})


class Mender:
    """Mends as far as it was told to."""

    def __init__(self, database: Database, desk: Desk, ledger: PaymentLedger, how: Mend) -> None:
        self._database = database
        self._desk = desk
        self._ledger = ledger
        self._how = how

    async def mend(self, picture: Picture, findings: Sequence[Finding], place: kept.Place) -> bool:
        """Try to mend what differs about a payment; whether anything was tried. What fails is logged and stays."""
        if self._how is Mend.LIST:
            return False
        subject = system(place.merchant_id, "reconciliation")
        tried = False
        for finding in sorted(findings, key=lambda each: each.code in _OF_REFUND | _OF_DISPUTE):
            try:
                tried = await self._mend(picture, finding, place, subject) or tried
            except DomainError as error:
                tried = True
                logger("reconciliation").warning(
                    "not mended", code=finding.code, object=finding.object_ref, why=error.code, detail=error.detail
                )
            except Exception as error:  # what our own rules refuse is for a person, and must not end the comparison
                tried = True
                logger("reconciliation").error(
                    "not mended", code=finding.code, object=finding.object_ref, why=repr(error)
                )
        return tried

    async def _mend(self, picture: Picture, finding: Finding, place: kept.Place, subject: Subject) -> bool:
        if finding.code in _STRAY:
            return await self._give_back(picture, place)
        if picture.ours is None:
            return False
        payment = picture.ours.payment
        if finding.code in _OF_INTENT and comparing.is_of_ours(picture.charge.marks, payment):  # type: ignore[union-attr]
            intent = await self._desk.asked(self._desk.provider.read_intent, finding.object_ref)
            whose = (payment.store_id, payment.payment_id)
            now = await self._database.run(differing.adopt_intent, (*whose, intent), by=subject)
            if now.status in DEAD:
                # The money is not this payment's: it is written down to go back, once more where it did not arrive.
                failed = tuple(each for each in picture.refunds if each.status is RefundStatus.FAILED)
                await self._database.run(differing.adopt_failed_returns, (*whose, failed), by=subject)
                await self._desk.ask(payment.merchant_id, *whose, first=True)
            return True
        if finding.code in _OF_REFUND:
            said = next((each for each in picture.refunds if each.ref == finding.object_ref), None)
            return await self._record_refund(said, (payment.store_id, payment.payment_id), subject)
        if finding.code in _OF_DISPUTE:
            dispute = await self._desk.asked(self._desk.provider.read_dispute, finding.object_ref)
            await self._database.run(record_dispute, (payment.store_id, dispute), by=subject)
            return True
        return False

    async def _record_refund(self, said: LedgerRefund | None, whose: tuple[UUID, UUID], subject: Subject) -> bool:
        if said is None:
            return False
        await self._database.run(differing.adopt_refund, (*whose, said), by=subject)
        return True

    async def _give_back(self, picture: Picture, place: kept.Place) -> bool:
        charge = picture.charge
        if self._how is not Mend.REFUND or charge is None or not comparing.may_give_back(charge.marks, place.number):
            return False
        failed = sum(refund.status is RefundStatus.FAILED for refund in picture.refunds)
        await self._ledger.give_back(charge, comparing.orphan_key(charge, failed))
        logger("reconciliation").warning("gave back what nobody ordered", object=charge.ref)
        return True
