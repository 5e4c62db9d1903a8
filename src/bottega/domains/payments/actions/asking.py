"""Beat two: ask the provider, with no transaction open, and hand the outcome to beat three.

Who asks in the request and who asks in the worker after a crash run the same code: claim the attempt (which leases it),
ask with the attempt's key, record. *Connection lost* leaves the attempt as intended, so it is asked again with the same
key; only a provider's clear no ends it.
"""

from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import msgspec

from bottega.domains.payments import store
from bottega.domains.payments.actions import recording
from bottega.domains.payments.actions.disputing import record_dispute
from bottega.domains.payments.errors import OnlineOff, PaymentNotFound, ProviderRefused, ProviderUnavailable
from bottega.domains.payments.model import Attempt, Operation, Payment, ProviderEvent, StoredEvent
from bottega.domains.payments.ports import PaymentProvider
from bottega.domains.payments.states import LIVE
from bottega.domains.payments.store import holds
from bottega.infra.telemetry import logger
from bottega.infra.transaction import Database
from bottega.kit.errors import DomainError
from bottega.kit.subject import Subject, system

_MAX_EVENT_TRIES = 12


class Desk:
    """Where payments meet the provider. One per process; `provider` None means that online payment is off."""

    def __init__(self, database: Database, provider: PaymentProvider | None) -> None:
        self._database = database
        self._provider = provider
        self._log = logger("payments")

    async def ask(self, merchant_id: UUID, store_id: UUID, payment_id: UUID, *, first: bool = False) -> Payment | None:
        """Carry out the next due attempt of a payment; the payment afterwards when it was opened.

        Raises `ProviderUnavailable` when the outcome is unknown: the worker asks again with the same key.
        """
        subject = system(merchant_id, "payments")
        claimed = await self._database.run(recording.claim_attempt, (store_id, payment_id, first), by=subject)
        if claimed is None:
            return None
        payment, attempt = claimed
        try:
            return await self._carry_out(payment, attempt)
        except ProviderUnavailable:
            await self._database.run(recording.record_unknown, attempt, by=subject)
            raise
        except ProviderRefused as error:
            self._log.warning("provider refused", operation=attempt.operation, code=error.code, detail=error.detail)
            await self._database.run(recording.record_refusal, (attempt, error.detail[:200]), by=subject)
            raise

    async def _carry_out(self, payment: Payment, attempt: Attempt) -> Payment | None:
        provider = self.provider
        subject = system(attempt.merchant_id, "payments")
        if attempt.operation is Operation.OPEN:
            intent = await provider.open_intent(payment, attempt.provider_key)
            return await self._database.run(recording.record_opened, (attempt, intent), by=subject)
        if attempt.operation is Operation.REFUND:
            refund = await provider.refund(payment, attempt)
            outcome = (attempt.store_id, attempt.payment_id, attempt, refund)
            await self._database.run(recording.record_refund, outcome, by=subject)
            return None
        if attempt.operation is Operation.CAPTURE:
            intent = await provider.capture_intent(payment, attempt)
            await self._database.run(recording.record_capture, (attempt, intent), by=subject)
            return None
        if payment.provider_ref is not None:
            intent = await provider.cancel_intent(payment.provider_ref, attempt.provider_key)
            await self._database.run(recording.record_intent, (payment.store_id, intent), by=subject)
        await self._database.run(recording.record_done, attempt, by=subject)
        return None

    @property
    def provider(self) -> PaymentProvider:
        """The provider. Raises `OnlineOff` where none is configured."""
        if self._provider is None:
            raise OnlineOff
        return self._provider

    async def receive(self, body: bytes, signature: str) -> ProviderEvent | None:
        """Verify a webhook's raw body and keep it, once; the event if it is new and about us. Raises `SignatureRefused`."""
        event = await self._addressed(self.provider.read_event(body, signature))
        if event is None or event.merchant_id is None:
            return None
        new = await self._database.run(recording.receive_event, event, by=system(event.merchant_id, "provider"))
        return event if new else None

    async def _addressed(self, event: ProviderEvent | None) -> ProviderEvent | None:
        """The event with whose it is: where its object does not carry our ids (a dispute), by the intent that it names."""
        if event is None or event.merchant_id is not None:
            return event
        async with self._database.read(None, role="bottega_relay") as tx:
            owners = await holds.owners(tx, event.account, event.intent_ref)
        if len(owners) != 1:
            return None  # another program's payment on the same account
        return msgspec.structs.replace(event, merchant_id=owners[0].merchant_id, store_id=owners[0].store_id)

    async def apply(self, merchant_id: UUID, account: str, event_id: str) -> None:
        """Apply a received event: read its object again at the provider, and move what that moves."""
        subject = system(merchant_id, "provider")
        event = await self._database.run(recording.claim_event, (account, event_id), by=subject)
        if event is None:
            return
        try:
            await self._apply(event)
        except PaymentNotFound:
            if event.tries < _MAX_EVENT_TRIES:
                return  # our own commit is not there yet; the event comes due again
            await self._database.run(recording.finish_event, (account, event_id, "PARKED"), by=subject)
            self._log.error("event parked", event_id=event_id, type=event.type)
        except ProviderUnavailable:
            self._log.warning("event waits for the provider", event_id=event_id)
        else:
            await self._database.run(recording.finish_event, (account, event_id, "APPLIED"), by=subject)

    async def _apply(self, event: StoredEvent) -> None:
        """Read what the event is about again, and record it. Of a refund or dispute, its intent first: news overtake news."""
        subject, run = system(event.merchant_id, "provider"), self._database.run
        if event.type.startswith("charge.dispute."):
            dispute = await self.provider.read_dispute(event.object_ref)
            await self._look(subject, event.store_id, dispute.intent_ref)
            await run(record_dispute, (event.store_id, dispute), by=subject)
        elif event.type.startswith("refund.") or event.type == "charge.refund.updated":
            refund = await self.provider.read_refund(event.object_ref)
            await self._look(subject, event.store_id, refund.intent_ref)
            await run(recording.record_refund_by_intent, (event.store_id, refund), by=subject)
        else:
            await self._look(subject, event.store_id, event.object_ref)

    async def _look(self, subject: Subject, store_id: UUID, intent_ref: str) -> None:
        """Read an intent at the provider and record what it says: what webhook, browser, sweep and staff all do."""
        intent = await self.provider.read_intent(intent_ref)
        await self._database.run(recording.record_intent, (store_id, intent), by=subject)

    async def look(self, subject: Subject, payment: Payment) -> None:
        """Somebody (the browser that is back from the provider, or staff) wants to know: ask the provider now.

        Raises `ProviderUnavailable`. A payment that has not been opened, or is settled, is not asked about.
        """
        if payment.provider_ref is not None and payment.status in LIVE:
            await self._look(subject, payment.store_id, payment.provider_ref)

    async def check(self, merchant_id: UUID, store_id: UUID, payment_id: UUID) -> None:
        """Ask the provider about an open payment ourselves: its event may have been lost for ever."""
        subject = system(merchant_id, "payments")
        ref = await self._database.run(recording.claim_check, (store_id, payment_id), by=subject)
        if ref is not None:
            await self._look(subject, store_id, ref)

    async def sweep(self) -> int:
        """Carry out everything that is due, for all merchants; how much there was. Safe to run in several processes."""
        if self._provider is None:
            return 0
        async with self._database.read(None, role="bottega_relay") as tx:
            attempts = await store.due_attempts(tx)
            events = await store.due_events(tx)
            checks = await store.due_checks(tx)
        for due in attempts:
            await self._quietly(self.ask(due.merchant_id, due.store_id, due.payment_id))
        for event in events:
            await self._quietly(self.apply(event.merchant_id, event.provider_account, event.event_id))
        for due in checks:
            await self._quietly(self.check(due.merchant_id, due.store_id, due.payment_id))
        return len(attempts) + len(events) + len(checks)

    async def _quietly(self, work: Coroutine[Any, Any, Any]) -> None:
        """One thing of a sweep: what can't be done now comes due again, and must not stop the others."""
        try:
            await work
        except DomainError as error:
            self._log.warning("left for later", code=error.code, detail=error.detail)
        except Exception as error:
            self._log.error("left for later", error=repr(error), exc_info=error)
