"""The payment provider behind `payments.ports.PaymentProvider`, through the official `stripe` SDK.

The same code talks to Stripe and to the sandbox (`api_base`). Timeouts are ours (2 s to connect, 10 s to read, 12 s in
all) because the SDK's default is 80 s; it repeats nothing by itself, whoever asks knows when to. Webhook signatures are
checked by the SDK and, because it accepts timestamps of the future, once more by us.
"""

import asyncio
import json
import re
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import msgspec
import stripe

from bottega.domains.merchants import CaptureMode
from bottega.domains.payments.errors import (
    ProviderKeySpent,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
    SignatureRefused,
)
from bottega.domains.payments.model import (
    Attempt,
    FundsMove,
    IntentState,
    Payment,
    ProviderDispute,
    ProviderEvent,
    ProviderIntent,
    ProviderRefund,
)
from bottega.domains.payments.states import DisputeStatus, RefundStatus
from bottega.kit.money import exponent

TIMEOUT = httpx.Timeout(10.0, connect=2.0)
_DEADLINE = 12.0
_PAGES = 2  # of the newest; an intent that we do not find was never shown to a customer, so nobody can pay it
_TOLERANCE = 300
_FUTURE = 60
INTENT_STATES = {
    "requires_payment_method": IntentState.REQUIRES_PAYMENT,
    "requires_confirmation": IntentState.REQUIRES_PAYMENT,
    "requires_action": IntentState.REQUIRES_ACTION,
    "processing": IntentState.PROCESSING,
    "requires_capture": IntentState.AUTHORIZED,
    "succeeded": IntentState.SUCCEEDED,
    "canceled": IntentState.CANCELED,
}
REFUND_STATES = {"succeeded": RefundStatus.SUCCEEDED, "failed": RefundStatus.FAILED, "canceled": RefundStatus.FAILED}
DISPUTE_STATES = {
    "won": DisputeStatus.WON, "warning_closed": DisputeStatus.WON, "prevented": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
}  # fmt: skip
# Reasons for a cancellation that are the provider's own: the time of a hold ran out.
_EXPIRED = {"automatic", "expired"}
# Without a minor unit in ISO 4217, yet Stripe counts them in hundredths.
_IN_HUNDREDTHS = {"ISK", "UGX"}
_NAME = re.compile(r"[\x21-\x7e]{1,255}")
_EVENTS = {"event", "v2.core.event"}
_THINGS = {"payment_intent", "charge", "refund", "dispute"}
_TRANSIENT = {"lock_timeout", "idempotency_key_in_use", "rate_limit"}


def client(secret_key: str, api_base: str) -> tuple[stripe.HTTPXClient, stripe.StripeClient]:
    """Connections to Stripe, to be closed in the end, and the SDK on them. It tries nothing again: we do, with our keys."""
    http = stripe.HTTPXClient(timeout=TIMEOUT, allow_sync_methods=False)
    addresses: Any = {"api": api_base} if api_base else {}
    return http, stripe.StripeClient(secret_key, base_addresses=addresses, http_client=http, max_network_retries=0)


class StripeProvider:
    """Stripe, or anything that speaks its API."""

    def __init__(self, secret_key: str, webhook_secrets: tuple[str, ...], account: str, api_base: str = "") -> None:
        self._secrets = webhook_secrets
        self.account = account
        self._http, self._client = client(secret_key, api_base)

    async def close(self) -> None:
        """Close the connections to the provider."""
        await self._http.close_async()

    async def open_intent(self, payment: Payment, key: str) -> ProviderIntent:
        """Open an intent; our ids go along as metadata, so that its events say whose they are."""
        metadata = {
            "merchant_id": str(payment.merchant_id),
            "store_id": str(payment.store_id),
            "payment_id": str(payment.payment_id),
        }
        params: Any = {
            "amount": theirs(payment.amount_minor, payment.currency),
            "currency": payment.currency.lower(),
            "automatic_payment_methods": {"enabled": True},
            "metadata": metadata,
        }
        if payment.capture_mode is CaptureMode.MANUAL:
            params["capture_method"] = "manual"
        options: Any = {"idempotency_key": key}
        return _intent(await asked(self._client.v1.payment_intents.create_async(params, options)))

    async def read_intent(self, provider_ref: str) -> ProviderIntent:
        """The intent as it is now."""
        return _intent(await asked(self._client.v1.payment_intents.retrieve_async(provider_ref)))

    async def find_intent(self, payment: Payment) -> ProviderIntent | None:
        """By our id in the metadata, among the intents made since then (the search API may lag behind)."""
        since = int(payment.created_at.timestamp()) - 60
        params: dict[str, Any] = {"created": {"gte": since}, "limit": 100}
        for _ in range(_PAGES):
            # As plain JSON: making the SDK's objects of a hundred intents takes longer than all else that is done here.
            page: Any = (await asked(self._client.raw_request_async("get", "/v1/payment_intents", **params))).data
            for each in page["data"]:
                if each["metadata"].get("payment_id") == str(payment.payment_id):
                    return await self.read_intent(each["id"])
            if not page["has_more"]:
                break
            params["starting_after"] = page["data"][-1]["id"]
        return None

    async def find_refund(self, payment: Payment, attempt: Attempt) -> ProviderRefund | None:
        """By our id in the metadata, among the intent's refunds; one that failed only if it is this very attempt's."""
        params: Any = {"payment_intent": payment.provider_ref, "limit": 100}
        page = await asked(self._client.v1.refunds.list_async(params))
        name = None if attempt.refund_id is None else str(attempt.refund_id)
        for each in page.data:
            marks = _metadata(each)
            is_this = marks.get("attempt") == str(attempt.attempt_no)
            if marks.get("refund_id") == name and (is_this or each.status not in ("failed", "canceled")):
                return _refund(each)
        return None

    async def capture_intent(self, payment: Payment, attempt: Attempt) -> ProviderIntent:
        """Take the attempt's amount of what is held; when it was taken already or the hold is gone, the intent as it is."""
        assert payment.provider_ref is not None
        params: Any = {"amount_to_capture": theirs(attempt.amount_minor, payment.currency)}
        options: Any = {"idempotency_key": attempt.provider_key}
        call = self._client.v1.payment_intents.capture_async(payment.provider_ref, params, options)
        try:
            return _intent(await asked(call))
        except ProviderRefused:
            intent = await self.read_intent(payment.provider_ref)
            if intent.state is IntentState.AUTHORIZED:
                raise
            return intent

    async def cancel_intent(self, provider_ref: str, key: str) -> ProviderIntent:
        """Void an intent; when it is too late for that, the intent as it is."""
        options: Any = {"idempotency_key": key}
        try:
            return _intent(await asked(self._client.v1.payment_intents.cancel_async(provider_ref, {}, options)))
        except ProviderRefused:
            return await self.read_intent(provider_ref)

    async def refund(self, payment: Payment, attempt: Attempt) -> ProviderRefund:
        """Give back the attempt's amount."""
        assert payment.provider_ref is not None
        params: Any = {
            "payment_intent": payment.provider_ref,
            "amount": theirs(attempt.amount_minor, payment.currency),
            "metadata": {
                "merchant_id": str(payment.merchant_id),
                "store_id": str(payment.store_id),
                "attempt": str(attempt.attempt_no),
            },
        }
        if attempt.refund_id is not None:
            params["metadata"]["refund_id"] = str(attempt.refund_id)
        options: Any = {"idempotency_key": attempt.provider_key}
        return _refund(await asked(self._client.v1.refunds.create_async(params, options)))

    async def read_refund(self, provider_ref: str) -> ProviderRefund:
        """The refund as it is now."""
        return _refund(await asked(self._client.v1.refunds.retrieve_async(provider_ref)))

    async def read_dispute(self, provider_ref: str) -> ProviderDispute:
        """The dispute as it is now; an inquiry counts as open, and as won once it is closed."""
        return _dispute(await asked(self._client.v1.disputes.retrieve_async(provider_ref)))

    def read_event(self, body: bytes, signature: str) -> ProviderEvent | None:
        """The event of a signed body, or None when it is not about one of our payments. Raises `SignatureRefused`."""
        self._verify(body, signature)
        event = _event(body)
        if event is None:
            return None
        thing = event.data.object
        metadata = thing.metadata or {}
        merchant_id, store_id = _uuid(metadata.get("merchant_id")), _uuid(metadata.get("store_id"))
        is_intent = thing.object == "payment_intent"
        intent_ref = thing.id if is_intent else thing.payment_intent
        is_dispute, is_refund = thing.object == "dispute", thing.object == "refund"
        is_named = merchant_id is not None and store_id is not None
        may_be_ours = is_named or is_dispute or is_refund  # the latter two may be of our payment without saying so
        if not intent_ref or not may_be_ours:
            return None  # another program's payment on the same account
        if not all(_NAME.fullmatch(text) for text in (event.id, event.type, thing.id, intent_ref)):
            raise SignatureRefused("The body is signed but is not an event")
        return ProviderEvent(
            account=self.account,
            event_id=event.id,
            type=event.type,
            intent_ref=intent_ref,
            refund_ref=thing.id if is_refund else None,
            dispute_ref=thing.id if is_dispute else None,
            merchant_id=merchant_id if is_named else None,
            store_id=store_id if is_named else None,
            body=body,
            signature=signature[:500],
        )

    def _verify(self, body: bytes, signature: str) -> None:
        stamps = [part[2:] for part in signature.split(",") if part.startswith("t=")]
        if len(stamps) != 1 or not signature.isascii() or not stamps[0].isdigit() or len(stamps[0]) > 12:
            raise SignatureRefused
        if int(stamps[0]) > time.time() + _FUTURE:
            raise SignatureRefused("The signature is dated in the future")
        for secret in self._secrets:
            try:
                text = body.decode("utf-8")
                stripe.WebhookSignature.verify_header(text, signature, secret, _TOLERANCE)
            except (stripe.SignatureVerificationError, UnicodeDecodeError, ValueError):
                continue
            return
        raise SignatureRefused


class _Object(msgspec.Struct):
    id: str
    object: str
    payment_intent: str | None = None
    metadata: dict[str, str] | None = None


class _Data(msgspec.Struct):
    object: _Object


class _Event(msgspec.Struct):
    id: str
    type: str
    data: _Data


class _AnyObject(msgspec.Struct):
    object: str = ""


class _AnyData(msgspec.Struct):
    object: _AnyObject = msgspec.field(default_factory=_AnyObject)


class _AnyEvent(msgspec.Struct):
    id: str
    type: str
    object: str
    data: _AnyData | None = None


def _event(body: bytes) -> _Event | None:
    """The event in a body, or None for one about something else than payments, which may look otherwise (a balance has no
    id, a thin event no object): refused, it would come again for days. Raises `SignatureRefused` for what is no event."""
    try:
        return msgspec.json.decode(body, type=_Event)
    except (msgspec.MsgspecError, RecursionError) as error:
        with suppress(msgspec.MsgspecError, RecursionError):
            other = msgspec.json.decode(body, type=_AnyEvent)
            if other.object in _EVENTS and (other.data or _AnyData()).object.object not in _THINGS:
                return None
        raise SignatureRefused("The body is signed but is not an event") from error


async def asked(call: Any) -> Any:
    """The answer of an SDK call. No answer, a 5xx, 429 or a lock is `ProviderUnavailable`; a clear no is `ProviderRefused`."""
    try:
        async with asyncio.timeout(_DEADLINE):
            return await call
    except stripe.CardError as error:
        raise ProviderRefused(error.code or "card_error") from error
    except stripe.RateLimitError as error:
        raise ProviderUnavailable(retry_after=_retry_after(error)) from error
    except stripe.APIConnectionError as error:
        raise _silence(error.__cause__) from error
    except stripe.StripeError as error:
        status = error.http_status or 0
        if status >= 500 and (error.headers or {}).get("idempotent-replayed") == "true":
            raise ProviderKeySpent from error
        if status == 503 or error.code in _TRANSIENT:
            raise ProviderUnavailable(retry_after=_retry_after(error)) from error
        if status >= 500 or status == 409:
            raise ProviderUnavailable from error
        raise ProviderRefused(error.code or type(error).__name__) from error
    except (httpx.HTTPError, OSError, json.JSONDecodeError) as error:
        raise _silence(error) from error


def _retry_after(error: stripe.StripeError) -> int:
    """Seconds that the provider wants us to wait, or 2."""
    said = str((error.headers or {}).get("retry-after", ""))
    return min(int(said), 60) if said.isdigit() else 2


def _metadata(answer: Any) -> dict[str, str]:
    return answer.metadata.to_dict() if answer.metadata else {}


def _silence(error: BaseException | None) -> type[ProviderUnavailable]:
    """Whether the provider got the request and did not answer, or could not be reached at all."""
    unheard = isinstance(error, httpx.TimeoutException | TimeoutError) and not isinstance(error, httpx.ConnectTimeout)
    return ProviderTimeout if unheard else ProviderUnavailable


def theirs(amount: int, currency: str) -> int:
    """An amount in the minor unit of ISO 4217 as Stripe counts it. Raises `ProviderRefused` where it can't be said."""
    if currency in _IN_HUNDREDTHS:
        return amount * 100
    if exponent(currency) == 3 and amount % 10:
        raise ProviderRefused(f"{currency} is taken in tens of its smallest unit")
    return amount


def ours(amount: int, currency: str) -> int:
    """An amount of Stripe's in the minor unit of ISO 4217. What is no whole unit stays Stripe's: it will match nothing."""
    return amount // 100 if currency in _IN_HUNDREDTHS and amount % 100 == 0 else amount


def _intent(answer: Any) -> ProviderIntent:
    currency = answer.currency.upper()
    failure = answer.last_payment_error
    ended = getattr(answer, "cancellation_reason", None)
    return ProviderIntent(
        provider_ref=answer.id,
        client_secret=answer.client_secret,
        state=INTENT_STATES.get(answer.status, IntentState.PROCESSING),
        amount_minor=ours(answer.amount, currency),
        captured_minor=ours(answer.amount_received or 0, currency),
        currency=currency,
        failure_code=_failure_code(failure),
        metadata=_metadata(answer),
        charge_ref=getattr(failure, "charge", None),
        ended="hold_expired" if ended in _EXPIRED else ended,
    )


def _dispute(answer: Any) -> ProviderDispute:
    currency = answer.currency.upper()
    due = getattr(answer.evidence_details, "due_by", None)
    moves = [(each.id, ours(abs(each.amount), currency) * (1 if each.amount > 0 else -1))
             for each in answer.balance_transactions if each.amount]  # fmt: skip
    return ProviderDispute(
        provider_ref=answer.id,
        intent_ref=answer.payment_intent or "",
        status=DISPUTE_STATES.get(answer.status, DisputeStatus.OPENED),
        amount_minor=ours(answer.amount, currency),
        reason=answer.reason or "general",
        answer_by=None if due is None else datetime.fromtimestamp(due, UTC),
        funds=tuple(FundsMove(*move) for move in moves),
    )


def _failure_code(failure: Any) -> str | None:
    """Why the last try failed; the SDK's objects have only the fields that were sent."""
    return getattr(failure, "decline_code", None) or getattr(failure, "code", None)


def _refund(answer: Any) -> ProviderRefund:
    return ProviderRefund(
        provider_ref=answer.id,
        intent_ref=answer.payment_intent or "",
        status=REFUND_STATES.get(answer.status, RefundStatus.PENDING),
        amount_minor=ours(answer.amount, answer.currency.upper()),
        failure_code=getattr(answer, "failure_reason", None),
        refund_id=_metadata(answer).get("refund_id"),
    )


def _uuid(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        return None
