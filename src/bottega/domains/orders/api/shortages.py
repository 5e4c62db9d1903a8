"""Lines that are out: staff say so, customers choose what instead."""

from typing import Any
from uuid import UUID

from litestar import Response, post

from bottega.domains.catalog import Shops
from bottega.domains.orders.actions.running_short import Decide, ReportShort, choose_instead, mark_unavailable
from bottega.domains.orders.api.managing import read_order
from bottega.domains.orders.api.views import OrderView, order_view
from bottega.domains.orders.model import ChooseInstead, MarkUnavailable, Order
from bottega.domains.payments import Desk
from bottega.infra.transaction import Action, Answer, Claim
from bottega.infra.web.after import follow
from bottega.infra.web.answers import json, kept
from bottega.infra.web.body import Strict, claim, rendered
from bottega.infra.web.context import Context, owned
from bottega.infra.web.problem import AnyRequest
from bottega.kit import ids
from bottega.kit.subject import Subject


@post("/v1/orders/{order_id:str}/lines/{line_id:str}/unavailable", dto=Strict[MarkUnavailable], return_dto=None,
      status_code=200, summary="A line is out: ask its customer", tags=["Ordering"])  # fmt: skip
async def mark_line_unavailable(
    request: AnyRequest, order_id: str, line_id: str, data: MarkUnavailable
) -> Response[OrderView]:
    """Staff say that a line of a live order can't be made. Its customer is offered a substitute, their money, or a cancel."""
    here, subject, store_id, parsed = await owned(request, "ord", order_id)
    subject.require("orders.advance", store_id)
    report = ReportShort(await here.part(Shops).get(store_id), parsed, ids.parse("lin", line_id), data)
    key = claim(request, "orders.mark_unavailable", parsed, report.line_id, data)
    return await _answered(here, subject, (store_id, parsed), (mark_unavailable, report, key))


@post("/v1/orders/{order_id:str}/shortages/{shortage_id:str}/choice", dto=Strict[ChooseInstead], return_dto=None,
      status_code=200, summary="Choose instead of a line that is out", tags=["Ordering"])  # fmt: skip
async def choose(request: AnyRequest, order_id: str, shortage_id: str, data: ChooseInstead) -> Response[OrderView]:
    """The customer, or staff for them: one of the substitutes, the line's money, or no order at all. The first one counts."""
    here, subject, store_id, parsed = await owned(request, "ord", order_id)
    decision = Decide(await here.part(Shops).get(store_id), parsed, ids.parse("sho", shortage_id), data)
    key = claim(request, "orders.choose_instead", parsed, decision.shortage_id, data)
    return await _answered(here, subject, (store_id, parsed), (choose_instead, decision, key))


async def _answered(
    here: Context, subject: Subject, place: tuple[UUID, UUID], asked: tuple[Action[Any, Order], Any, Claim]
) -> Response[OrderView]:
    """Do it once; the provider is asked for the money right after, and the answer is the order as it stands then."""
    store_id, order_id = place
    action, command, key = asked
    shop = await here.part(Shops).get(store_id)

    def view(order: Order) -> Answer:
        return rendered(order_view(here, order, shop.store.order_prefix, None))

    answer = await here.database.answer(action, command, by=subject, key=key, view=view)
    if answer.replayed:
        return kept(answer)  # type: ignore[return-value]
    shown = await read_order(here, subject, store_id, order_id)
    if shown.payment is not None:
        payment_id = ids.parse("pay", shown.payment.payment_id)
        follow(here.part(Desk).ask(subject.merchant_id, store_id, payment_id, first=True))
    return json(shown)  # type: ignore[return-value]


HANDLERS = [mark_line_unavailable, choose]
