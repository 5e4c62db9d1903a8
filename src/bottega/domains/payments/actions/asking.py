"""Beat two: ask the provider, with no transaction open, and hand the outcome to beat three.

Who asks in the request and who asks in the worker after a crash run the same code: claim the attempt (which leases it),
ask with the attempt's key, record under the lease. *Connection lost* leaves the attempt as intended, so it is asked again
with the same key; only a provider's clear no ends it. Where the provider keeps a failure of its own for our key, or may
have forgotten the key, we first read what it did; only if that is nothing a new attempt with a new key takes over.

No connection of the database is held while the provider is asked. A provider that does not answer opens the breaker:
from then on everybody is told so at once, until a probe gets through.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from math import ceil
from typing import ParamSpec, TypeVar
from uuid import UUID

import msgspec

from bottega.domains.payments.actions import recording, settling
from bottega.domains.payments.actions.settling import News
from bottega.domains.payments.errors import (
    LeaseLost,
    OnlineOff,
    PaymentNotFound,
    ProviderKeySpent,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)
from bottega.domains.payments.model import (
    Attempt,
    Operation,
    Payment,
    ProviderEvent,
    ProviderIntent,
    ProviderRefund,
    RetryRefund,
    StoredEvent,
)
from bottega.domains.payments.ports import PaymentProvider
from bottega.domains.payments.states import LIVE
from bottega.domains.payments.store import holds
from bottega.infra.breaker import Breaker
from bottega.infra.fault_points import point
from bottega.infra.telemetry import OUTCOMES, logger
from bottega.infra.transaction import Database
from bottega.kit.errors import Unavailable
from bottega.kit.subject import Subject, system

P = ParamSpec("P")
R = TypeVar("R")
_QUICK = 1.0


class Desk:
    """Where payments meet the provider. One per process; `provider` None means that online payment is off."""

    def __init__(self, database: Database, provider: PaymentProvider | None) -> None:
        self._database = database
        self._provider = provider
        self._log = logger("payments")
        self.breaker = Breaker(f"provider.{provider.account}" if provider else "provider")

    @property
    def provider(self) -> PaymentProvider:
        """The provider. Raises `OnlineOff` where none is configured."""
        if self._provider is None:
            raise OnlineOff
        return self._provider

    async def close(self) -> None:
        """Let go of the provider; nothing can be asked afterwards."""
        if self._provider is not None:
            await self._provider.close()

    async def asked(self, call: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """The provider's answer to a call of its port. Raises `ProviderUnavailable` at once while the breaker is open.

        A call that got no answer quickly is made once more: it carries its own key, or only reads.
        """
        began = time.monotonic()
        try:
            return await self._guarded(call, *args, **kwargs)
        except ProviderUnavailable as error:
            is_final = isinstance(error, ProviderKeySpent) or error.retry_after is not None
            if is_final or time.monotonic() - began > _QUICK:
                raise
        await asyncio.sleep(random.uniform(0.05, 0.2))  # noqa: S311 - jitter, not a secret
        return await self._guarded(call, *args, **kwargs)

    async def _guarded(self, call: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        name = getattr(call, "__name__", "call")
        await point("provider.asking", name)
        ticket = self.breaker.enter()
        if ticket is None:
            raise self._away()
        try:
            answer = await call(*args, **kwargs)
        except (ProviderKeySpent, ProviderRefused):
            self.breaker.answered(ticket)
            raise
        except ProviderUnavailable as error:
            self.breaker.unanswered(ticket, hung=isinstance(error, ProviderTimeout))
            OUTCOMES.labels("provider_unanswered").inc()
            raise
        except BaseException:
            self.breaker.abandoned(ticket)
            raise
        self.breaker.answered(ticket)
        await point("provider.answered", name)
        return answer

    def _away(self) -> ProviderUnavailable:
        return ProviderUnavailable(retry_after=max(1, ceil(self.breaker.wait)))

    async def ask(self, merchant_id: UUID, store_id: UUID, payment_id: UUID, *, first: bool = False) -> Payment | None:
        """Carry out the next due attempt of a payment; the payment afterwards when it was opened.

        Raises `ProviderUnavailable` when the outcome is unknown: the worker asks again with the same key.
        """
        if self.breaker.wait > 0:
            raise self._away()
        subject = system(merchant_id, "payments")
        claimed = await self._database.run(recording.claim_attempt, (store_id, payment_id, first), by=subject)
        if claimed is None:
            return None
        payment, attempt = claimed
        await point("attempt.claimed", attempt.operation)
        try:
            opened = await self._once(payment, attempt)
        except LeaseLost as error:
            self._lost(error)
            return None
        except ProviderUnavailable:
            await self._database.run(recording.record_unknown, attempt, by=subject)
            raise
        except ProviderRefused as error:
            self._log.warning("provider refused", operation=attempt.operation, code=error.code, detail=error.detail)
            await self._refused(attempt, error, subject)
            raise
        except Unavailable:
            raise  # the database is away: the lease lapses, and somebody asks again with the same key
        except Exception as error:
            if await self._database.run(settling.fault_attempt, (attempt, repr(error)), by=subject):
                self._log.error("attempt parked", payment=str(payment_id), operation=attempt.operation)
            raise
        await point("attempt.recorded", attempt.operation)
        return opened

    async def _refused(self, attempt: Attempt, error: ProviderRefused, subject: Subject) -> None:
        try:
            await self._database.run(recording.record_refusal, (attempt, error.detail[:200]), by=subject)
        except LeaseLost as lost:
            self._lost(lost)

    async def _once(self, payment: Payment, attempt: Attempt) -> Payment | None:
        """Ask for an attempt, or read what has become of it where asking again can't help."""
        if not attempt.old:
            try:
                return await self._carry_out(payment, attempt)
            except ProviderKeySpent:
                self._log.warning("provider failed for good under a key", operation=attempt.operation)
        done = await self._look(payment, attempt)
        if done is not None:
            return await self._record(attempt, done)
        subject = system(attempt.merchant_id, "payments")
        await self._database.run(settling.replace_attempt, attempt, by=subject)
        return await self.ask(attempt.merchant_id, attempt.store_id, attempt.payment_id, first=attempt.attempt_no == 1)

    async def _carry_out(self, payment: Payment, attempt: Attempt) -> Payment | None:
        provider = self.provider
        if attempt.operation is Operation.OPEN:
            return await self._record(attempt, await self.asked(provider.open_intent, payment, attempt.provider_key))
        if attempt.operation is Operation.REFUND:
            return await self._record(attempt, await self.asked(provider.refund, payment, attempt))
        if attempt.operation is Operation.CAPTURE:
            return await self._record(attempt, await self.asked(provider.capture_intent, payment, attempt))
        if payment.provider_ref is None:
            return await self._record(attempt, None)
        key = attempt.provider_key
        return await self._record(attempt, await self.asked(provider.cancel_intent, payment.provider_ref, key))

    async def _look(self, payment: Payment, attempt: Attempt) -> ProviderIntent | ProviderRefund | None:
        """What the provider did for an attempt, read by other means than its key; None when it did nothing."""
        if attempt.operation is Operation.OPEN:
            return await self.asked(self.provider.find_intent, payment)
        if attempt.operation is Operation.REFUND:
            return await self.asked(self.provider.find_refund, payment, attempt)
        if payment.provider_ref is None:
            return None
        intent = await self.asked(self.provider.read_intent, payment.provider_ref)
        return intent if intent.is_over else None

    async def _record(self, attempt: Attempt, done: ProviderIntent | ProviderRefund | None) -> Payment | None:
        """Beat three of an attempt; the payment when it was opened. Raises `LeaseLost`."""
        subject = system(attempt.merchant_id, "payments")
        if isinstance(done, ProviderRefund):
            outcome = (attempt.store_id, attempt.payment_id, attempt, done)
            await self._database.run(recording.record_refund, outcome, by=subject)
        elif attempt.operation is Operation.OPEN and done is not None:
            return await self._database.run(recording.record_opened, (attempt, done), by=subject)
        elif attempt.operation is Operation.CAPTURE and done is not None:
            await self._database.run(recording.record_capture, (attempt, done), by=subject)
        else:
            await self._database.run(settling.record_answer, (attempt, done), by=subject)
        return None

    async def receive(self, body: bytes, signature: str) -> ProviderEvent | None:
        """Verify a webhook's raw body and keep it, once; the event if it is new and about us. Raises `SignatureRefused`."""
        event = await self._addressed(self.provider.read_event(body, signature))
        if event is None or event.merchant_id is None:
            return None
        new = await self._database.run(recording.receive_event, event, by=system(event.merchant_id, "provider"))
        await point("event.kept")
        return event if new else None

    async def _addressed(self, event: ProviderEvent | None) -> ProviderEvent | None:
        """The event with whose it is: where its object does not carry our ids, by the intent that it names."""
        if event is None or event.merchant_id is not None:
            return event
        async with self._database.read(None, role="bottega_relay") as tx:
            owners = await holds.owners(tx, event.account, event.intent_ref)
        if len(owners) != 1:
            return None  # another program's payment on the same account
        return msgspec.structs.replace(event, merchant_id=owners[0].merchant_id, store_id=owners[0].store_id)

    async def apply(self, merchant_id: UUID, account: str, event_id: str) -> None:
        """Apply a received event: read its object again at the provider, and move what that moves."""
        if self.breaker.wait > 0:
            raise self._away()
        subject = system(merchant_id, "provider")
        event = await self._database.run(settling.claim_event, (account, event_id), by=subject)
        if event is None:
            return
        await point("event.claimed")
        try:
            said = await self._read(event)
            await self._database.run(settling.record_event, (event, said), by=subject)
        except ProviderUnavailable:
            await self._database.run(settling.put_off_event, event, by=subject)
            raise
        except LeaseLost as error:  # mostly because it was done with another event about the same object
            OUTCOMES.labels("lease_lost").inc()
            self._log.info("lease lost", detail=str(error))
        except Unavailable:
            raise
        except Exception as error:
            if await self._database.run(settling.fault_event, event, by=subject):
                self._log.error("event parked", event_id=event_id, type=event.type, error=repr(error))
            if not isinstance(error, PaymentNotFound):  # that one is to be expected: our own commit is not there yet
                raise
        else:
            await point("event.applied")

    async def _read(self, event: StoredEvent) -> list[News]:
        """What an event is about, as it is now. Of a refund or dispute, its intent first: news overtake news."""
        read = self.provider.read_intent
        if event.type.startswith("charge.dispute."):
            dispute = await self.asked(self.provider.read_dispute, event.object_ref)
            return [await self.asked(read, dispute.intent_ref), dispute]
        if event.type.startswith("refund.") or event.type == "charge.refund.updated":
            refund = await self.asked(self.provider.read_refund, event.object_ref)
            return [await self.asked(read, refund.intent_ref), refund]
        return [await self.asked(read, event.object_ref)]

    async def look(self, subject: Subject, payment: Payment) -> None:
        """Somebody (the browser that is back from the provider, or staff) wants to know: ask the provider now.

        Raises `ProviderUnavailable`. A payment that has not been opened, or is settled, is not asked about.
        """
        if payment.provider_ref is not None and payment.status in LIVE:
            intent = await self.asked(self.provider.read_intent, payment.provider_ref)
            await self._database.run(recording.record_intent, (payment.store_id, intent), by=subject)

    async def check(self, merchant_id: UUID, store_id: UUID, payment_id: UUID) -> None:
        """Ask the provider about an open payment ourselves: its event may have been lost for ever."""
        if self.breaker.wait > 0:
            raise self._away()
        subject = system(merchant_id, "payments")
        check = await self._database.run(settling.claim_check, (store_id, payment_id), by=subject)
        if check is None or check.provider_ref is None:
            return
        await point("check.claimed", "payment")
        try:
            intent = await self.asked(self.provider.read_intent, check.provider_ref)
            await self._database.run(settling.record_checked, (check, intent), by=subject)
        except ProviderUnavailable:
            await self._database.run(settling.check_again, check, by=subject)
            raise
        except LeaseLost as error:
            self._lost(error)

    async def check_refund(self, merchant_id: UUID, store_id: UUID, refund_id: UUID) -> None:
        """Ask the provider about a refund ourselves: it may have succeeded, or failed, without our hearing of it."""
        if self.breaker.wait > 0:
            raise self._away()
        subject = system(merchant_id, "payments")
        check = await self._database.run(settling.claim_refund_check, (store_id, refund_id), by=subject)
        if check is None or check.provider_ref is None:
            return
        await point("check.claimed", "refund")
        try:
            refund = await self.asked(self.provider.read_refund, check.provider_ref)
            await self._database.run(settling.record_refund_checked, (check, refund), by=subject)
        except ProviderUnavailable:
            await self._database.run(settling.check_again, check, by=subject)
            raise
        except LeaseLost as error:
            self._lost(error)

    async def retry_refund(self, merchant_id: UUID, store_id: UUID, refund_id: UUID) -> None:
        """Ask once more for a refund that failed, if it is time; when that has been often enough, a person has to look."""
        command = RetryRefund(store_id, refund_id)
        payment_id = await self._database.run(settling.retry_refund, command, by=system(merchant_id, "payments"))
        if payment_id is not None:
            await self.ask(merchant_id, store_id, payment_id, first=True)

    def _lost(self, error: LeaseLost) -> None:
        """Somebody else has it now, and asks with the same key: there is nothing to be done and nothing is lost."""
        OUTCOMES.labels("lease_lost").inc()
        self._log.warning("lease lost", detail=str(error))
