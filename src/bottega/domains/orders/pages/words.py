"""What the pages of one order say: an order put into words for its customer. Pure; the handlers stand beside it.

Whether an order is paid is never read from the address a browser comes back to: the page says so when the order does.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from bottega.domains.merchants import PayMode, Store, ready_window
from bottega.domains.orders.model import Order, OrderEvent
from bottega.domains.orders.rules.reasons import message_of
from bottega.domains.orders.states import CUSTOMER_CANCELS, FLAGGED_IN, OrderStatus
from bottega.domains.payments import DEAD, Payment, PaymentStatus, Provider, Refund, RefundStatus
from bottega.infra.crypto import Keyring
from bottega.infra.web.i18n import Translator
from bottega.kit import ids

_S = OrderStatus
_WAY = {
    PayMode.ONLINE: (_S.PLACED, _S.PAID, _S.IN_PROGRESS, _S.READY, _S.COMPLETED),
    PayMode.AT_STORE: (_S.PLACED, _S.IN_PROGRESS, _S.READY, _S.COMPLETED),
}
_FINAL = frozenset({_S.COMPLETED, _S.CANCELLED, _S.FAILED})
_LATE_BY = (timedelta(minutes=2), timedelta(minutes=5))


class Step(msgspec.Struct, frozen=True):
    """One station of an order: `state` is done, now or next; `at` is when it was reached."""

    status: OrderStatus
    state: str
    at: datetime | None


class Tracking(msgspec.Struct, frozen=True, kw_only=True):
    """What the tracking page says beside the order itself."""

    headline: str
    line: str
    steps: tuple[Step, ...]
    money_lines: tuple[str, ...]
    reason: str
    pay_path: str
    can_cancel: bool
    cancel_note: str
    final: bool
    confirming: bool


def tracking_path(keyring: Keyring, order_id: UUID) -> str:
    """The unguessable address of an order's page."""
    return f"/o/{ids.show('ord', order_id)}.{keyring.link_token(order_id)}"


def steps(order: Order, history: Sequence[OrderEvent]) -> tuple[Step, ...]:
    """The stations of an order with the times of those it has passed; a cancelled one shows only where it was."""
    reached = {event.to_status: event.at for event in history if event.from_status is not event.to_status}
    way = _WAY[order.pay_mode]
    if order.status is _S.CANCELLED:
        return tuple(Step(status, "done", reached[status]) for status in way if status in reached)
    here = way.index(order.status) if order.status in way else 0
    last = len(way) - 1
    return tuple(
        Step(
            status,
            "done" if place < here or here == last else "now" if place == here else "next",
            reached.get(status) if place <= here else None,
        )
        for place, status in enumerate(way)
    )


def window(order: Order, store: Store, now: datetime) -> tuple[datetime, datetime, bool]:
    """From when to when it should be ready, and whether that is later than was promised."""
    start, end = order.promised_at, order.promised_at + (ready_window(store, now)[1] - ready_window(store, now)[0])
    if end >= now:
        return start, end, False
    return now + _LATE_BY[0], now + _LATE_BY[1], True


def tracking(order: Order, history: Sequence[OrderEvent], money: "Money", store: Store, look: "Seen") -> Tracking:
    """Put an order into words for its customer."""
    t, payment = look.t, money.payment
    unpaid = is_unpaid(order, payment)
    declined = payment is not None and payment.failure_code is not None
    dead = payment is not None and payment.status in DEAD
    confirming = unpaid and look.paying and not (dead if look.confirmed else declined)
    headline = t(f"track.{order.status}")
    if unpaid and order.status is _S.PLACED:
        headline = t("checkout.confirming") if confirming else t("track.PLACED_unpaid")
    elif unpaid and order.status is _S.PAID:
        headline = t("track.PAID_unpaid")
    return Tracking(
        headline=headline,
        line="" if confirming else _line(order, money, store, look),
        steps=steps(order, history),
        reason=_reason(order, history, t),
        money_lines=_money_lines(order, money, t),
        pay_path=f"{look.path}/pay" if unpaid and look.own and not confirming else "",
        can_cancel=order.status in CUSTOMER_CANCELS,
        cancel_note=_cancel_note(payment, t),
        final=order.status in _FINAL,
        confirming=confirming,
    )


def is_unpaid(order: Order, payment: Payment | None) -> bool:
    """Whether an online order waits for its customer to pay: at first, or again because what was held for it is gone."""
    if order.pay_mode is not PayMode.ONLINE or not order.total_minor:
        return False
    lost = payment is not None and payment.captured_minor == 0 and payment.status is not PaymentStatus.AUTHORIZED
    return order.status is _S.PLACED or (order.status in FLAGGED_IN and lost)


class Money(msgspec.Struct, frozen=True):
    """The payment of an order and what of it goes back."""

    payment: Payment | None = None
    refunds: Sequence[Refund] = ()


class Seen(msgspec.Struct, frozen=True):
    """How an order is being looked at: in whose words, when, at which address, just after paying, by who placed it.

    `paying` comes back from the provider without a word on how it went; `confirmed` had the provider's yes in the browser,
    so that a card which was declined before says nothing any more.
    """

    t: Translator
    now: datetime
    path: str
    paying: bool = False
    own: bool = True
    confirmed: bool = False


def _line(order: Order, money: Money, store: Store, look: Seen) -> str:
    t = look.t
    if order.status is _S.READY:
        return t("track.when_ready")
    if order.status is _S.COMPLETED:
        return t("track.when_done")
    if order.status in _FINAL:
        return " ".join(_back(money, t)) or _not_taken(order, money.payment, t)
    if order.status is _S.PLACED and order.pay_mode is PayMode.ONLINE:
        return t("track.unpaid", amount=t.money(order.total_minor, order.currency))
    start, end, late = window(order, store, look.now)
    return t("track.when_late" if late else "track.when", window=t.window(start, end, store.timezone))


def _reason(order: Order, history: Sequence[OrderEvent], t: Translator) -> str:
    """Why an order was cancelled, where somebody said so."""
    last = history[-1] if history else None
    given = last.reason if last is not None and order.status is _S.CANCELLED else None
    return t("track.reason", reason=reason_in_words(t, given)) if given else ""


def reason_in_words(t: Translator, reason: str) -> str:
    """A reason of our own in the reader's language; what somebody typed, and what has no words here, as it is."""
    key, values = message_of(reason)
    return t(key, **values) if key and t.has(key) else reason


def _money_lines(order: Order, money: Money, t: Translator) -> tuple[str, ...]:
    """What was paid and what of it went back, or what is still to pay. Of a cancelled order the line on top says it."""
    amount, payment = t.money(order.total_minor, order.currency), money.payment
    if payment is not None and payment.captured_minor > 0:
        paid = t("track.paid", amount=t.money(payment.captured_minor, payment.currency))
        return () if order.status is _S.CANCELLED else (paid, *_back(money, t))
    if payment is not None and payment.status is PaymentStatus.AUTHORIZED and order.status not in _FINAL:
        return (t("track.held", amount=amount),)
    if order.status is not _S.PLACED and is_unpaid(order, payment):
        return (t("track.unpaid_again", amount=amount),)
    if order.pay_mode is PayMode.AT_STORE and order.status not in _FINAL:
        return (t("track.pay_at_store", amount=amount),)
    return ()


def _back(money: Money, t: Translator) -> tuple[str, ...]:
    """What could not be given back, what is on its way, what is there: a sum for each."""
    if money.payment is None:
        return ()
    done = "back_at_store" if money.payment.provider is Provider.TILL else "back_done"
    sums = {"back_failed": 0, "back_pending": 0, done: 0}
    for each in money.refunds:
        if each.status is RefundStatus.SUCCEEDED:
            sums[done] += each.amount_minor
        else:
            sums["back_failed" if each.given_up_at else "back_pending"] += each.amount_minor
    currency = money.payment.currency
    return tuple(t(f"track.{name}", amount=t.money(amount, currency)) for name, amount in sums.items() if amount)


def _cancel_note(payment: Payment | None, t: Translator) -> str:
    """What becomes of the money when the order is taken back now."""
    if payment is not None and payment.captured_minor > payment.refunded_minor:
        return t("track.cancel_back")
    held = payment is not None and payment.status is PaymentStatus.AUTHORIZED
    return t("track.cancel_held") if held else ""


def _not_taken(order: Order, payment: Payment | None, t: Translator) -> str:
    if order.pay_mode is not PayMode.ONLINE or (payment is not None and payment.captured_minor > 0):
        return t("track.when_cancelled")
    return t("track.not_taken_held" if payment is not None and payment.authorized_minor else "track.not_taken")
