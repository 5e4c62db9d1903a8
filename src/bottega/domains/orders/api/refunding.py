"""Giving money back, for managers: what would go back, asking for it, asking once more for what did not arrive."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, post
from msgspec import Meta

from bottega.domains.orders.actions.refunding import preview, refund, try_again
from bottega.domains.orders.model import RefundOrder, RefundUnits, RefundWish, Returned
from bottega.domains.orders.rules.refunding import by_rate
from bottega.domains.payments import Desk
from bottega.infra.transaction import Answer
from bottega.infra.web.after import follow
from bottega.infra.web.answers import json, kept
from bottega.infra.web.body import Strict, claim, rendered
from bottega.infra.web.context import Context, owned
from bottega.infra.web.problem import AnyRequest
from bottega.kit import ids
from bottega.kit.errors import FieldError, Invalid
from bottega.kit.fields import Amount, LineId, Note, Quantity, Reference
from bottega.kit.subject import Subject
from bottega.kit.text import clean


class RefundLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many units of a line of the order."""

    line_id: LineId
    qty: Quantity


RefundLines = Annotated[tuple[RefundLine, ...], Meta(min_length=1, max_length=50)]


class PreviewBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What to give back: `amount` in minor units, or `lines` with their units, or neither for all that is left."""

    amount: Amount | None = None
    lines: RefundLines | None = None
    reason: Note = ""


class RefundBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Give money back: `amount` in minor units, or `lines` with their units, or neither for all that is left.

    `receipt_ref` is the till's receipt, for a payment that was taken there.
    """

    reason: Note
    amount: Amount | None = None
    lines: RefundLines | None = None
    receipt_ref: Reference | None = None


class RefundTaxView(msgspec.Struct, frozen=True):
    """What goes back at one rate of tax (in millionths)."""

    rate_ppm: int
    net: int
    tax: int
    total: int


class RefundPartView(msgspec.Struct, frozen=True):
    """What goes back of one line: whole units, or a share of its money (`qty` 0); without a line: fees and the like."""

    line_id: str | None
    name: str
    qty: int
    net: int
    tax: int
    total: int


class RefundPreviewView(msgspec.Struct, frozen=True, kw_only=True):
    """What would go back, in minor units of `currency`; `total` is `net` plus `tax`, also where prices contain the tax."""

    payment_id: str
    order_id: str
    currency: str
    net: int
    tax: int
    total: int
    left_afterwards: int
    taxes: list[RefundTaxView]
    lines: list[RefundPartView]


class RefundMadeView(msgspec.Struct, frozen=True, kw_only=True):
    """A refund with what it gives back: PENDING until the provider says that the money is back."""

    refund_id: str
    payment_id: str
    order_id: str
    amount: int
    currency: str
    status: str
    reason: str
    receipt_ref: str | None
    net: int
    tax: int
    taxes: list[RefundTaxView]
    lines: list[RefundPartView]
    created_at: datetime


@post("/v1/payments/{payment_id:str}/refunds", dto=Strict[RefundBody], return_dto=None, status_code=201,
      summary="Refund a payment", tags=["Payment"])  # fmt: skip
async def make_refund(request: AnyRequest, payment_id: str, data: RefundBody) -> Response[RefundMadeView]:
    """By amount, by lines, or all that is left; never more than was captured, never more of a line than was bought.

    The money is on its way (PENDING) until the provider says that it is back; what the till took is back at once.
    """
    here, subject, store_id, parsed = await owned(request, "pay", payment_id)
    subject.require("payments.refund", store_id)
    receipt = clean(data.receipt_ref, "/receipt_ref", max_length=100) if data.receipt_ref else ""
    command = RefundOrder(
        store_id=store_id,
        payment_id=parsed,
        wish=_wish(data.amount, data.lines),
        reason=_reason(data.reason),
        receipt_ref=receipt or None,
    )
    key = claim(request, "payments.refund", command)
    answer = await here.database.answer(refund, command, by=subject, key=key, view=_made)
    ask_soon(here, subject, store_id, parsed)
    return kept(answer)  # type: ignore[return-value]


@post("/v1/payments/{payment_id:str}/refunds/preview", dto=Strict[PreviewBody], return_dto=None, status_code=200,
      summary="What a refund would give back", tags=["Payment"])  # fmt: skip
async def preview_refund(request: AnyRequest, payment_id: str, data: PreviewBody) -> Response[RefundPreviewView]:
    """Net, tax by rate and total, line by line. Nothing is stored; refuses as the refund itself would."""
    here, subject, store_id, parsed = await owned(request, "pay", payment_id)
    subject.require("payments.refund", store_id)
    wish = _wish(data.amount, data.lines)
    async with here.database.read(subject.merchant_id) as tx:
        seen = await preview(tx, (store_id, parsed), wish)
    return json(preview_view(seen))  # type: ignore[return-value]


@post("/v1/payments/{payment_id:str}/refunds/{refund_id:str}/retry", status_code=201,
      summary="Try a failed refund again", tags=["Payment"])  # fmt: skip
async def retry_refund(request: AnyRequest, payment_id: str, refund_id: str) -> Response[RefundMadeView]:
    """Ask once more for a refund that has failed: the same money for the same lines, if that is still left."""
    here, subject, store_id, parsed = await owned(request, "pay", payment_id)
    subject.require("payments.refund", store_id)
    which = (store_id, parsed, ids.parse("ref", refund_id))
    key = claim(request, "payments.refund_retry", which)
    answer = await here.database.answer(try_again, which, by=subject, key=key, view=_made)
    ask_soon(here, subject, store_id, parsed)
    return kept(answer)  # type: ignore[return-value]


def ask_soon(here: Context, subject: Subject, store_id: UUID, payment_id: UUID) -> None:
    """Ask the provider right after the answer."""
    follow(here.part(Desk).ask(subject.merchant_id, store_id, payment_id, first=True))


def preview_view(seen: Returned) -> RefundPreviewView:
    """What would go back, as clients see it."""
    tax = sum(part.tax_minor for part in seen.parts)
    return RefundPreviewView(
        payment_id=ids.show("pay", seen.payment.payment_id),
        order_id=ids.show("ord", seen.order.order_id),
        currency=seen.payment.currency,
        net=seen.amount_minor - tax,
        tax=tax,
        total=seen.amount_minor,
        left_afterwards=seen.left_minor,
        taxes=_taxes(seen),
        lines=_parts(seen),
    )


def _made(returned: Returned) -> Answer:
    made = returned.refund
    assert made is not None
    tax = sum(part.tax_minor for part in returned.parts)
    view = RefundMadeView(
        refund_id=ids.show("ref", made.refund_id),
        payment_id=ids.show("pay", made.payment_id),
        order_id=ids.show("ord", returned.order.order_id),
        amount=made.amount_minor,
        currency=returned.payment.currency,
        status=made.status,
        reason=made.reason,
        receipt_ref=made.receipt_ref,
        net=made.amount_minor - tax,
        tax=tax,
        taxes=_taxes(returned),
        lines=_parts(returned),
        created_at=made.created_at,
    )
    return rendered(view, 201)


def _taxes(returned: Returned) -> list[RefundTaxView]:
    return [
        RefundTaxView(part.tax_rate_ppm, part.net_minor, part.tax_minor, part.amount_minor)
        for part in by_rate(returned.parts)
    ]


def _parts(returned: Returned) -> list[RefundPartView]:
    names = {line.line_id: line.name for line in returned.order.lines}
    return [
        RefundPartView(
            line_id=ids.show("lin", part.line_id) if part.line_id else None,
            name=names.get(part.line_id, "") if part.line_id else "",
            qty=part.qty,
            net=part.net_minor,
            tax=part.tax_minor,
            total=part.amount_minor,
        )
        for part in returned.parts
    ]


def _reason(text: str) -> str:
    reason = clean(text, "/reason", max_length=200)
    if not reason:
        raise Invalid("A refund has a reason", errors=(FieldError("/reason", "required", "A refund has a reason"),))
    return reason


def _wish(amount: int | None, lines: tuple[RefundLine, ...] | None) -> RefundWish:
    if amount is not None and lines is not None:
        detail = "A refund is by amount or by lines, not both"
        raise Invalid(detail, errors=(FieldError("/lines", "one_of", detail), FieldError("/amount", "one_of", detail)))
    units: list[RefundUnits] = []
    for index, line in enumerate(lines or ()):
        if not 1 <= line.qty <= 999:
            detail = "A quantity is 1 to 999"
            raise Invalid(detail, errors=(FieldError(f"/lines/{index}/qty", "invalid", detail),))
        units.append(RefundUnits(ids.parse("lin", line.line_id), line.qty))
    return RefundWish(amount, tuple(units))


HANDLERS = [make_refund, preview_refund, retry_refund]
