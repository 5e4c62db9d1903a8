"""What the reference is made of, read from the code: the state machines, the refusals, and what people call the moves.

Both the pages under `/docs` and `tools/reference.py` (which writes docs/reference) take it from here. Not here: how it
looks. What must stay true: every machine and every refusal of the code is in these lists; every move says how it is
made. Tests in tests/house compare.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from bottega.domains import carts, catalog, identity, kitchen, live, merchants, orders, payments, pricing, reports
from bottega.infra.web.gate import CrossSite
from bottega.infra.web.problem import STATUS
from bottega.kit.errors import DomainError
from bottega.kit.machine import Machine

# Named so that every slice is imported, and with it every refusal it defines.
SLICES = (merchants, identity, catalog, pricing, carts, payments, orders, kitchen, live, reports)
WEB_EDGE = "web edge"
EVERYWHERE = "everywhere"
# What infra/web/problem.py says by itself, without a class of a refusal.
_EDGE = (
    (405, "method_not_allowed", "This address does not take that method", "The address exists, but not for this verb."),
    (500, "internal", "Something went wrong on our side", "A bug. The log has it under the `request_id`."),
)

MACHINES: tuple[tuple[Machine[Any], str], ...] = (
    (orders.ONLINE, "Picked up or had in the store, paid online. `status` of the order."),
    (orders.AT_STORE, "Picked up or had in the store, paid at the counter. `status` of the order."),
    (orders.DELIVERY, "Brought to the customer. Declared for the delivery slice; no store offers it yet."),
    (orders.SHIPPING, "Sent by a carrier. Declared for the shop's checkout; no store offers it yet."),
    (
        payments.PAYMENT,
        "`payment.status` of an order. Apart from the order's own status, and moved by the provider's word. "
        "Money taken at the till begins as CAPTURED.",
    ),
    (
        payments.DISPUTE,
        "`disputes` of a payment: the customer's bank has taken the money up. While one is open or lost, the payment is "
        "DISPUTED.",
    ),
    (payments.REFUND, "`payment.refund_status` of an order: money on its way back is not yet money back."),
    (payments.DIFFERENCE, "What became of something that differs between the provider's ledger and ours."),
    (
        orders.SHORTAGE,
        "`state` of a line that turned out not to be there (`shortages` of an order). Its order waits for it before it is "
        "READY.",
    ),
    (
        kitchen.TICKET,
        "`state` of a ticket in the queue. It goes back and forth as people at the counter need it; the order behind "
        "it only goes forward.",
    ),
)

_TRANSITION = "`POST /v1/orders/{order_id}/transition` with `to_status` %s, or "
_FROM_PROVIDER = "what the provider says of the intent, read again after its webhook"
_FROM_DISPUTE = "what the provider says of the dispute, read again after its webhook"
_NOT_YET = "no call yet"
HOW: Mapping[tuple[str, str], str] = {
    **{
        (machine.name, name): text
        for machine in (orders.ONLINE, orders.AT_STORE, orders.DELIVERY)
        for name, text in {
            "pay": "the payment of the order is captured; nobody can ask for it",
            "start": _TRANSITION % "IN_PROGRESS" + "a ticket's `bump` from QUEUED",
            "finish": _TRANSITION % "READY" + "a ticket's `bump` from STARTED",
            "hand_over": "`POST /v1/orders/{order_id}/transition` with `to_status` COMPLETED; paid at the store, also "
            "`receipt_ref` and `tender`",
            "cancel": "`POST /v1/orders/{order_id}/cancel` for the customer; `transition` to CANCELLED for staff; an online "
            "order that nobody pays, by itself after the store's `unpaid_minutes`",
            "send_out": _NOT_YET,
            "deliver": _NOT_YET,
        }.items()
        if name in {move.name for move in machine.moves}
    },
    **{(orders.SHIPPING.name, move.name): _NOT_YET for move in orders.SHIPPING.moves},
    **{(payments.PAYMENT.name, move.name): _FROM_PROVIDER for move in payments.PAYMENT.moves},
    (payments.PAYMENT.name, "fail"): "the provider refused to open the intent or to capture it; or what it holds is "
    "another amount than ours, and goes back",
    (
        payments.PAYMENT.name,
        "void",
    ): "the order was cancelled before it was captured, or the provider voided the intent: a "
    "hold that nobody captured in time",
    (payments.PAYMENT.name, "authorize"): "where the store's `capture_mode` is MANUAL: " + _FROM_PROVIDER,
    (payments.PAYMENT.name, "capture"): _FROM_PROVIDER
    + "; what is held is captured when the order goes IN_PROGRESS, for "
    "what it costs then",
    (payments.PAYMENT.name, "refund_part"): "a refund of a part succeeded",
    (payments.PAYMENT.name, "refund"): "refunds of the whole amount succeeded",
    (payments.PAYMENT.name, "reverse_refund"): "a refund that had succeeded failed later, others stand",
    (payments.PAYMENT.name, "reverse_refunds"): "every refund that had succeeded failed later",
    **{
        (payments.PAYMENT.name, name): _FROM_DISPUTE + text
        for name, text in {
            "dispute": "; opened, or lost",
            "win_dispute": "; won, nothing had been refunded",
            "win_rest": "; won, a part had been refunded before",
            "win_nothing": "; won, all had been refunded before",
        }.items()
    },
    **{(payments.DISPUTE.name, move.name): _FROM_DISPUTE for move in payments.DISPUTE.moves},
    (payments.REFUND.name, "succeed"): "the provider's answer to our refund, or its webhook",
    (payments.REFUND.name, "fail"): "the provider's answer to our refund, or its webhook",
    (payments.DIFFERENCE.name, "mend"): "a comparison that mended it, or no longer finds it",
    (
        payments.DIFFERENCE.name,
        "resolve",
    ): "`POST /v1/stores/{store_id}/differences/{difference_id}/resolve` with a note",
    (payments.DIFFERENCE.name, "reopen"): "a comparison finds it again after it was mended, or otherwise than resolved",
    (orders.SHORTAGE.name, "substitute"): "`POST /v1/orders/{order_id}/shortages/{shortage_id}/choice` with SUBSTITUTE",
    (orders.SHORTAGE.name, "take_off"): "the same with REFUND; by itself after the store's `answer_seconds`",
    (orders.SHORTAGE.name, "cancel"): "the same with CANCEL; by itself where it was the only line; with its order",
    (
        payments.REFUND.name,
        "retry",
    ): "by itself after a while, a few times, with a new attempt; then a person has to look",
    (kitchen.TICKET.name, "start"): "`POST …/tickets/{ticket_id}/bump` with `from_state` QUEUED",
    (kitchen.TICKET.name, "finish"): "`POST …/tickets/{ticket_id}/bump` with `from_state` STARTED",
    (kitchen.TICKET.name, "undo_start"): "`POST …/tickets/{ticket_id}/undo` with `to_state` QUEUED",
    (kitchen.TICKET.name, "reopen"): "`POST …/tickets/{ticket_id}/undo` with `to_state` STARTED, or `…/recall`",
    (kitchen.TICKET.name, "close"): "follows the order: COMPLETED",
    (kitchen.TICKET.name, "cancel"): "follows the order: CANCELLED",
}
"""How each move is made: (machine, move) and words."""


class RefusalEntry(msgspec.Struct, frozen=True):
    """One way of saying no: its stable code, its HTTP status, whose it is, and words."""

    code: str
    status: int
    slice: str
    title: str
    meaning: str


def refusals() -> list[RefusalEntry]:
    """Every refusal that an answer can carry as its `code`: by status, then by code. The web edge's own are among them."""
    found = {kind.code: _entry(kind) for kind in _subclasses(DomainError) if kind.__module__.startswith("bottega.")}
    for status, code, title, meaning in _EDGE:
        found.setdefault(code, RefusalEntry(code, status, WEB_EDGE, title, meaning))
    return sorted(found.values(), key=lambda entry: (entry.status, entry.code))


def _entry(kind: type[DomainError]) -> RefusalEntry:
    meaning = " ".join((kind.__doc__ or kind.title).split())
    return RefusalEntry(kind.code, STATUS[kind.kind], _owner(kind), kind.title, meaning)


def _owner(kind: type) -> str:
    parts = kind.__module__.split(".")
    return parts[2] if parts[1] == "domains" else WEB_EDGE if kind is CrossSite else EVERYWHERE


def _subclasses(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)
