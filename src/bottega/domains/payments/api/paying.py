"""The payments' JSON face: the provider's webhook, a payment with its ledger.

Not here: asking for a refund, which is about an order's lines (orders).
"""

from datetime import datetime

import msgspec
from litestar import Response, get, post

from bottega.domains.payments import store
from bottega.domains.payments.actions.asking import Desk
from bottega.domains.payments.errors import PaymentNotFound
from bottega.domains.payments.model import Dispute, Entry, Payment, Refund
from bottega.domains.payments.store.disputes import of_payment as disputes_of
from bottega.infra.telemetry import OUTCOMES
from bottega.infra.web.after import follow, under_way
from bottega.infra.web.answers import json
from bottega.infra.web.context import context, owned
from bottega.infra.web.problem import AnyRequest
from bottega.kit import ids
from bottega.kit.errors import DomainError

_AT_ONCE = 4
"""News that a web process applies at a time. In a burst they would keep the next acknowledgements waiting, so the workers
find what is more, as they find what a dead process left."""


class RefundView(msgspec.Struct, frozen=True):
    """A refund."""

    refund_id: str
    payment_id: str
    amount: int
    status: str
    reason: str
    receipt_ref: str | None
    created_at: datetime


class EntryView(msgspec.Struct, frozen=True):
    """One line of a payment's ledger."""

    no: int
    kind: str
    amount: int
    provider_ref: str | None
    note: str | None
    actor: str
    at: datetime


class DisputeView(msgspec.Struct, frozen=True):
    """A payment that a customer's bank has taken up. `answer_by` is until when evidence can be given."""

    dispute_id: str
    provider_ref: str
    amount: int
    reason: str
    status: str
    answer_by: datetime | None
    opened_at: datetime
    closed_at: datetime | None


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """A payment with its append-only events. `authorized` is what was held, `disputed` what banks took back and keep."""

    payment_id: str
    order_id: str
    provider: str
    provider_ref: str | None
    status: str
    refund_status: str | None
    capture_mode: str
    amount: int
    authorized: int
    captured: int
    refunded: int
    disputed: int
    currency: str
    tender: str | None
    receipt_ref: str | None
    failure_code: str | None
    created_at: datetime
    events: list[EntryView]
    refunds: list[RefundView]
    disputes: list[DisputeView]


class Received(msgspec.Struct, frozen=True):
    """The provider's event is kept."""

    received: bool


@post("/v1/payments/webhook", status_code=200, summary="The provider's signed events", tags=["Payment"])
async def webhook(request: AnyRequest) -> Response[Received]:
    """Verified on the raw body, kept once, answered at once, applied right after. Forged, stale or future-dated: 400."""
    desk = context(request).part(Desk)
    try:
        event = await desk.receive(await request.body(), request.headers.get("stripe-signature", ""))
    except DomainError as error:
        OUTCOMES.labels(f"webhook_{error.code}").inc()
        raise
    OUTCOMES.labels("webhook_received" if event else "webhook_repeated").inc()
    if event is not None and event.merchant_id is not None and under_way() < _AT_ONCE:
        follow(desk.apply(event.merchant_id, event.account, event.event_id))
    return json(Received(received=True))  # type: ignore[return-value]


@get("/v1/payments/{payment_id:str}", summary="A payment with its ledger", tags=["Payment"])
async def get_payment(request: AnyRequest, payment_id: str) -> Response[PaymentView]:
    """For staff who may see payments."""
    here, subject, store_id, parsed = await owned(request, "pay", payment_id)
    subject.require("payments.read", store_id)
    async with here.database.read(subject.merchant_id) as tx:
        payment = await store.read(tx, store_id, parsed)
        if payment is None:
            raise PaymentNotFound
        entries = await store.entries(tx, store_id, parsed)
        refunds = await store.refunds(tx, store_id, parsed)
        disputes = await disputes_of(tx, store_id, parsed)
    return json(payment_view(payment, entries, refunds, disputes))  # type: ignore[return-value]


def refund_view(made: Refund) -> RefundView:
    """A refund as clients see it."""
    return RefundView(
        refund_id=ids.show("ref", made.refund_id),
        payment_id=ids.show("pay", made.payment_id),
        amount=made.amount_minor,
        status=made.status,
        reason=made.reason,
        receipt_ref=made.receipt_ref,
        created_at=made.created_at,
    )


def dispute_view(dispute: Dispute) -> DisputeView:
    """A dispute as staff see it."""
    return DisputeView(
        dispute_id=ids.show("dsp", dispute.dispute_id),
        provider_ref=dispute.provider_ref,
        amount=dispute.amount_minor,
        reason=dispute.reason,
        status=dispute.status,
        answer_by=dispute.answer_by,
        opened_at=dispute.opened_at,
        closed_at=dispute.closed_at,
    )


def payment_view(payment: Payment, entries: list[Entry], refunds: list[Refund], disputes: list[Dispute]) -> PaymentView:
    """A payment as staff see it."""
    return PaymentView(
        payment_id=ids.show("pay", payment.payment_id),
        order_id=ids.show("ord", payment.reference),
        provider=payment.provider,
        provider_ref=payment.provider_ref,
        status=payment.status,
        refund_status=refunds[-1].status if refunds else None,
        capture_mode=payment.capture_mode,
        amount=payment.amount_minor,
        authorized=payment.authorized_minor,
        captured=payment.captured_minor,
        refunded=payment.refunded_minor,
        disputed=payment.disputed_minor,
        currency=payment.currency,
        tender=payment.tender,
        receipt_ref=payment.receipt_ref,
        failure_code=payment.failure_code,
        created_at=payment.created_at,
        events=[
            EntryView(
                each.entry_no, each.kind, each.amount_minor, each.provider_ref, each.note, each.actor_kind, each.at
            )
            for each in entries
        ],
        refunds=[refund_view(each) for each in refunds],
        disputes=[dispute_view(each) for each in disputes],
    )


HANDLERS = [webhook, get_payment]
