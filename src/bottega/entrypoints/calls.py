"""What Litestar can't know of each call: its short name, who may make it, whether it takes a key, how it says no.

One line per call of the API; `description.py` puts it into the OpenAPI document. What must stay true: every call of the
application is here and no other, and every refusal that a call names is one of the code. Tests compare both ways.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from bottega.domains.catalog import ItemNotFound
from bottega.domains.identity import GrantUnsupported, MerchantNeeded, RefreshRefused, WrongLogin
from bottega.domains.kitchen.errors import TicketMoved, TicketNotFound
from bottega.domains.merchants import StoreClosed, StoreNotFound, StoreOffline, StorePaused
from bottega.domains.orders import errors as orders
from bottega.domains.payments import (
    AuthenticationFailed,
    AuthenticationRequired,
    CaptureTooLarge,
    DifferenceNotFound,
    DifferenceNotOpen,
    NothingToRefund,
    OnlineOff,
    PaymentDeclined,
    PaymentDisputed,
    PaymentNotFound,
    PaymentSuspected,
    PaymentTryAgain,
    ProviderKeySpent,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
    RefundNotFailed,
    RefundReceiptMissing,
    RefundReceiptUnexpected,
    RefundTooLarge,
    SignatureRefused,
    WindowRefused,
)
from bottega.domains.pricing import errors as pricing
from bottega.infra.web.gate import CrossSite
from bottega.kit.errors import (
    DomainError,
    DuplicateKey,
    Forbidden,
    IdempotencyKeyInUse,
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    Invalid,
    Malformed,
    NotFound,
    PreconditionFailed,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)

Refusal = type[DomainError]


class Who(StrEnum):
    """Who may make a call."""

    ANYBODY = "Anybody"
    SOMEBODY = "Anybody with a token or a session, for what is theirs; staff for their store"
    STAFF = "Staff of the store"
    PROVIDER = "The payment provider, by its signature"


class Call(msgspec.Struct, frozen=True):
    """One call: its name in clients, who may make it, the permission it needs, its key, its own refusals."""

    name: str
    who: Who
    refusals: tuple[Refusal, ...] = ()
    permission: str = ""
    key: bool = False
    body: bool = False
    reads_token: bool = False
    """Needs no token, but refuses a broken one."""
    etag: bool = False
    """Answers with an ETag, and 304 to who has it."""


KEY: tuple[Refusal, ...] = (
    IdempotencyKeyMissing, IdempotencyKeyInvalid, IdempotencyKeyReused, IdempotencyKeyInUse,
)  # fmt: skip
_ITEMS: tuple[Refusal, ...] = (
    pricing.NothingOrdered, pricing.TooManyLines, pricing.QuantityOutOfRange, pricing.ItemNotOnMenu,
    pricing.ItemSoldOut, pricing.ItemNotServedNow, pricing.ModifierRequired, pricing.ModifierTooMany,
    pricing.ModifierTwice, pricing.TotalChanged, pricing.TotalTooLarge,
)  # fmt: skip
_SUBSTITUTE: tuple[Refusal, ...] = (
    pricing.TooManyLines, pricing.ItemNotOnMenu, pricing.ItemSoldOut, pricing.ItemNotServedNow, pricing.ModifierRequired,
    pricing.ModifierTooMany, pricing.ModifierTwice,
)  # fmt: skip
_ONLINE: tuple[Refusal, ...] = (orders.NothingToPayOnline, orders.AmountNotPayableOnline)
_PLACE: tuple[Refusal, ...] = (
    NotFound, StoreClosed, StorePaused, StoreOffline, *_ITEMS, pricing.PromoCodeUnknown,
    orders.FulfillmentNotOffered, orders.PayModeNotOffered, orders.SchedulingNotOffered, *_ONLINE,
)  # fmt: skip
_ORDER: tuple[Refusal, ...] = (NotFound, orders.OrderNotFound)
_CHANGE: tuple[Refusal, ...] = (
    *_ORDER, orders.TooLateToChange, orders.WaitingForChoice, orders.StatusConflict, PreconditionFailed, StoreClosed,
    StorePaused, StoreOffline, *_ITEMS, *_ONLINE,
)  # fmt: skip
_TICKET: tuple[Refusal, ...] = (NotFound, TicketNotFound, TicketMoved)
_MOVES: tuple[Refusal, ...] = (orders.StatusConflict, orders.MoveNotAllowed)
_LOGIN: tuple[Refusal, ...] = (MerchantNeeded, WrongLogin, NotFound)
_TILL: tuple[Refusal, ...] = (
    orders.TillDetailsMissing, orders.TillDetailsUnexpected, orders.PaidOnlineOnly, orders.PaymentNotCaptured,
    CaptureTooLarge,
)  # fmt: skip
_UNANSWERED: tuple[Refusal, ...] = (ProviderUnavailable, ProviderTimeout, ProviderKeySpent)
_DECLINED: tuple[Refusal, ...] = (
    PaymentDeclined, PaymentSuspected, PaymentTryAgain, AuthenticationRequired, AuthenticationFailed,
)  # fmt: skip
_STORE: tuple[Refusal, ...] = (NotFound,)
_REFUND: tuple[Refusal, ...] = (
    NotFound, PaymentNotFound, NothingToRefund, PaymentDisputed, RefundTooLarge, orders.RefundLineUnknown,
    orders.RefundLineTooLarge,
)  # fmt: skip


def _staff(name: str, permission: str, refusals: tuple[Refusal, ...] = _STORE, *, body: bool = True) -> Call:
    return Call(name, Who.STAFF, refusals, permission, key=True, body=body)


_AT = "/v1/stores/{store_id}"
_TICKETS = f"{_AT}/tickets/{{ticket_id}}"

CALLS: Mapping[str, Call] = {
    "GET /v1/stores": Call("list_stores", Who.ANYBODY, (NotFound,), reads_token=True),
    f"GET {_AT}": Call("get_store", Who.ANYBODY, (NotFound, StoreNotFound)),
    f"GET {_AT}/menu": Call("get_menu", Who.ANYBODY, (NotFound, StoreNotFound), etag=True),
    f"POST {_AT}/intake": _staff("set_intake", "stores.intake"),
    f"POST {_AT}/capture": _staff("set_capture", "stores.manage", (NotFound, StoreNotFound)),
    f"POST {_AT}/deadlines": _staff("set_deadlines", "stores.manage", (NotFound, StoreNotFound)),
    f"POST {_AT}/products/{{product_id}}/availability": _staff(
        "set_product_availability", "catalog.availability", (NotFound, ItemNotFound)
    ),
    f"POST {_AT}/modifiers/{{modifier_id}}/availability": _staff(
        "set_modifier_availability", "catalog.availability", (NotFound, ItemNotFound)
    ),
    "POST /v1/guests": Call("become_guest", Who.ANYBODY, (MerchantNeeded, NotFound, StoreNotFound), body=True),
    "POST /v1/login": Call("log_in", Who.ANYBODY, _LOGIN, body=True),
    "POST /v1/token": Call("get_token", Who.ANYBODY, (*_LOGIN, GrantUnsupported, RefreshRefused), body=True),
    "POST /v1/logout": Call("log_out", Who.SOMEBODY, (CrossSite,)),
    "GET /v1/me": Call("who_am_i", Who.SOMEBODY),
    "POST /v1/orders": Call("place_order", Who.SOMEBODY, _PLACE, key=True, body=True),
    "POST /v1/quotes": Call("get_quote", Who.ANYBODY, _PLACE, body=True, reads_token=True),
    "GET /v1/orders": Call("list_orders", Who.SOMEBODY, (NotFound,)),
    "GET /v1/orders/{order_id}": Call("get_order", Who.SOMEBODY, _ORDER, etag=True),
    "PATCH /v1/orders/{order_id}": Call("change_order", Who.SOMEBODY, _CHANGE, body=True),
    "POST /v1/orders/{order_id}/cancel": Call(
        "cancel_order", Who.SOMEBODY, (*_ORDER, orders.TooLateToCancel, *_MOVES), key=True, body=True
    ),
    "POST /v1/orders/{order_id}/transition": _staff(
        "move_order", "orders.advance", (*_ORDER, *_MOVES, orders.WaitingForChoice, *_TILL)
    ),
    "POST /v1/orders/{order_id}/lines/{line_id}/unavailable": _staff(
        "mark_line_unavailable",
        "orders.advance",
        (
            *_ORDER,
            orders.LineNotFound,
            orders.TooLateToMark,
            orders.LinePartlyRefunded,
            PaymentDisputed,
            orders.StatusConflict,
            orders.SubstituteTooDear,
            *_SUBSTITUTE,
            ItemNotFound,
        ),
    ),
    "POST /v1/orders/{order_id}/shortages/{shortage_id}/choice": Call(
        "choose_instead",
        Who.SOMEBODY,
        (
            *_ORDER,
            orders.ShortageNotFound,
            orders.ShortageSettled,
            orders.ChoiceNotOffered,
            orders.StatusConflict,
            pricing.ItemSoldOut,
        ),
        key=True,
        body=True,
    ),
    "POST /v1/orders/{order_id}/payment": Call(
        "open_payment",
        Who.SOMEBODY,
        (*_ORDER, orders.NothingToPay, OnlineOff, *_UNANSWERED, ProviderRefused),
        key=True,
    ),
    "POST /v1/orders/{order_id}/payment/check": Call(
        "check_payment", Who.SOMEBODY, (*_ORDER, orders.NothingToPay, OnlineOff, *_UNANSWERED, *_DECLINED)
    ),
    "GET /v1/orders/{order_id}/stream": Call("follow_order", Who.SOMEBODY, _ORDER),
    "POST /v1/payments/webhook": Call("receive_event", Who.PROVIDER, (SignatureRefused, OnlineOff)),
    "GET /v1/payments/{payment_id}": Call(
        "get_payment", Who.STAFF, (NotFound, PaymentNotFound), permission="payments.read"
    ),
    "POST /v1/payments/{payment_id}/refunds": _staff(
        "refund_payment", "payments.refund", (*_REFUND, RefundReceiptMissing, RefundReceiptUnexpected)
    ),
    "POST /v1/payments/{payment_id}/refunds/preview": Call(
        "preview_refund", Who.STAFF, _REFUND, permission="payments.refund", body=True
    ),
    "POST /v1/payments/{payment_id}/refunds/{refund_id}/retry": _staff(
        "retry_refund",
        "payments.refund",
        (NotFound, PaymentNotFound, PaymentDisputed, RefundTooLarge, orders.RefundLineTooLarge, RefundNotFailed),
        body=False,
    ),
    f"GET {_AT}/reconciliations": Call(
        "list_reconciliations", Who.STAFF, (*_STORE, Malformed), permission="payments.read"
    ),
    f"POST {_AT}/reconciliations": Call(
        "reconcile",
        Who.STAFF,
        (NotFound, OnlineOff, WindowRefused),
        permission="payments.reconcile",
        key=True,
        body=True,
    ),
    f"GET {_AT}/differences": Call("list_differences", Who.STAFF, (*_STORE, Malformed), permission="payments.read"),
    f"POST {_AT}/differences/{{difference_id}}/resolve": _staff(
        "resolve_difference", "payments.reconcile", (NotFound, DifferenceNotFound, DifferenceNotOpen)
    ),
    f"GET {_AT}/queue": Call("get_queue", Who.STAFF, _STORE, permission="kitchen.work"),
    f"GET {_AT}/queue/stream": Call("follow_queue", Who.STAFF, _STORE, permission="kitchen.work"),
    f"GET {_AT}/screen/stream": Call("follow_screen", Who.ANYBODY, _STORE),
    f"GET {_AT}/tickets/recent": Call("list_recent_tickets", Who.STAFF, _STORE, permission="kitchen.work"),
    f"POST {_TICKETS}/bump": _staff(
        "bump_ticket", "kitchen.work", (*_TICKET, orders.MoveNotAllowed, orders.WaitingForChoice, CaptureTooLarge)
    ),
    f"POST {_TICKETS}/undo": _staff("undo_bump", "kitchen.work", _TICKET),
    f"POST {_TICKETS}/recall": _staff("recall_ticket", "kitchen.work", _TICKET, body=False),
    f"POST {_TICKETS}/acknowledge": _staff("acknowledge_ticket", "kitchen.work", _TICKET, body=False),
    f"POST {_TICKETS}/lines/{{line_id}}/made": _staff("mark_line_made", "kitchen.work", _TICKET),
    f"GET {_AT}/reports/top-spenders": Call(
        "list_top_spenders", Who.STAFF, (*_STORE, Malformed, Invalid), permission="reports.read"
    ),
    f"GET {_AT}/reports/never-spent": Call(
        "list_never_spent", Who.STAFF, (*_STORE, Malformed, Invalid), permission="reports.read"
    ),
    "GET /v1/reports/top-spenders": Call("list_all_top_spenders", Who.STAFF, permission="reports.read"),
    "GET /v1/reports/never-spent": Call("list_all_never_spent", Who.STAFF, permission="reports.read"),
    "GET /healthz": Call("is_alive", Who.ANYBODY),
    "GET /readyz": Call("is_ready", Who.ANYBODY),
    "GET /metrics": Call("get_metrics", Who.ANYBODY),
}


def refusals_of(address: str, call: Call) -> list[Refusal]:
    """Every refusal that a call can answer, its own first, then what follows from its kind; each once."""
    method, _, path = address.partition(" ")
    found = list(call.refusals)
    if not path.startswith("/v1/"):
        return found
    if NotFound in found:
        found.append(StoreNotFound)  # ids say whose they are: one of a store that isn't there is found out first
    if call.who in (Who.SOMEBODY, Who.STAFF):
        found.append(Unauthenticated)
        if method != "GET":
            found.append(CrossSite)
    elif call.reads_token:
        found.append(Unauthenticated)
    if call.permission:
        found.append(Forbidden)
    if call.key:
        found += KEY
    if call.body:
        found += (Malformed, DuplicateKey, Invalid, TooLarge, UnsupportedMediaType)
    elif method == "GET" and "{" not in path:
        found += (Malformed, Invalid)
    if call.who is Who.PROVIDER:
        found.append(TooLarge)
    else:
        found.append(TooMany)
    return [*dict.fromkeys((*found, Unavailable))]
