"""Following an order at its unguessable address; and for who placed it: paying it, taking it back."""

from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar import Response

from bottega.domains import carts, merchants, payments
from bottega.domains.carts import CartFull, CartItem, PutItem
from bottega.domains.catalog import Shop, Shops
from bottega.domains.merchants import PayMode
from bottega.domains.orders import store
from bottega.domains.orders.actions.moving import CancelOwn, cancel_own
from bottega.domains.orders.actions.paying import OpenPayment, reopen_payment
from bottega.domains.orders.actions.running_short import Decide, choose_instead
from bottega.domains.orders.errors import (
    ChoiceNotOffered,
    NothingToPay,
    OrderNotFound,
    ShortageSettled,
    TooLateToCancel,
)
from bottega.domains.orders.model import CancelOrder, Order, OrderLine
from bottega.domains.orders.pages import shortages as alternatives
from bottega.domains.orders.pages.words import Money, Seen, is_unpaid, tracking, tracking_path
from bottega.domains.orders.rules import display_number
from bottega.domains.orders.states import OrderStatus
from bottega.domains.orders.store import shortages
from bottega.domains.payments import Desk, Payment, ProviderRefused, ProviderUnavailable
from bottega.domains.pricing import ItemSoldOut
from bottega.infra.settings import Settings
from bottega.infra.web.after import follow as after
from bottega.infra.web.context import Context, context
from bottega.infra.web.forms import in_words, posted, see_other, shows, takes, visitor
from bottega.infra.web.pages import Look, Views, speaks, wants_fragment
from bottega.infra.web.problem import AnyRequest
from bottega.kit import ids
from bottega.kit.clock import utc_now
from bottega.kit.subject import Subject, system

_VIEWS = Views(__file__)
_EVENTS = "state status payment reset"
_ASKED, _CONFIRMED = "1", "ok"  # what `paying` says: came back from the provider; with its yes
_DECLINES = {
    "card_declined": "declined", "insufficient_funds": "too_little", "expired_card": "card_expired",
    "incorrect_cvc": "wrong_cvc", "processing_error": "bank_away", "authentication_required": "not_recognised",
    "payment_intent_authentication_failure": "not_recognised", "validation_error": "check_card", "failed": "failed",
}  # fmt: skip
"""What the provider calls the trouble with a card, and our words for it."""
_STRIPE = "js.stripe.com"
_STRIPE_ORIGINS = ("https://api.stripe.com", "https://hooks.stripe.com", "https://*.js.stripe.com")


class Followed(msgspec.Struct, frozen=True):
    """An order that somebody has the address of; `own` when they placed it."""

    here: Context
    shop: Shop
    order: Order
    subject: Subject
    own: bool
    path: str

    def shown(self) -> dict[str, Any]:
        """What every page of an order needs."""
        place = self.shop.store
        return {
            "store": place,
            "order": self.order,
            "number": display_number(place.order_prefix, self.order.number),
            "path": self.path,
            "own": self.own,
            "now": utc_now(),
        }


@shows("/o/{token:str}")
async def follow(request: AnyRequest, token: str) -> Response[Any]:
    """Where the order stands; asked again by the page itself whenever something happens.

    A browser that comes back from the provider is believed nothing, but the provider is asked right away.
    """
    followed = await _followed(request, token)
    if "paying" in request.query_params and followed.own and not wants_fragment(request):
        after(_look(followed))
    return await _tracking_page(request, followed)


@shows("/o/{token:str}/pay")
async def pay(request: AnyRequest, token: str) -> Response[Any]:
    """The provider's card form for an order that waits to be paid."""
    followed = await _followed(request, token)
    order, settings = followed.order, followed.here.settings
    async with followed.here.database.read(order.merchant_id) as tx:
        waits = is_unpaid(order, await _payment(tx, order))
    if not waits or not followed.own:
        return see_other(followed.path)
    try:
        secret = await _secret(followed)
    except (NothingToPay, ProviderRefused):
        return see_other(followed.path)
    except ProviderUnavailable:
        secret = ""
    provider = {"script": settings.stripe_js_url, "key": settings.stripe_publishable_key, "client_secret": secret}
    look = Look(cache="no-store", script_origins=provider_origins(settings))
    words = {code: speaks(request)(f"checkout.{name}") for code, name in _DECLINES.items()}
    at_store = PayMode.AT_STORE in followed.shop.store.pay_modes and order.status is OrderStatus.PLACED
    values = {**followed.shown(), "provider": provider, "words": words, "at_store": at_store}
    return _VIEWS.page(request, "pay.html", values, look)


@takes("/o/{token:str}/cancel")
async def cancel(request: AnyRequest, token: str) -> Response[Any]:
    """Take the order back while nobody makes it."""
    await posted(request)
    followed = await _followed(request, token)
    command = CancelOwn(followed.order.store_id, followed.order.order_id, CancelOrder())
    try:
        await followed.here.database.run(cancel_own, command, by=followed.subject)
    except TooLateToCancel as error:
        return await _tracking_page(request, await _followed(request, token), in_words(speaks(request), error))
    return see_other(followed.path)


@takes("/o/{token:str}/at-store")
async def pay_at_store(request: AnyRequest, token: str) -> Response[Any]:
    """Take an unpaid order back and have its items in the cart again, to be ordered anew and paid at the store.

    A repeat finds the order taken back and the same items in the cart: each keeps its line's id.
    """
    await posted(request)
    followed = await _followed(request, token)
    order, run = followed.order, followed.here.database.run
    if not followed.own:
        raise OrderNotFound
    if order.status not in (OrderStatus.PLACED, OrderStatus.CANCELLED):
        return see_other(followed.path)
    await run(cancel_own, CancelOwn(order.store_id, order.order_id, CancelOrder()), by=followed.subject)
    with suppress(CartFull):
        for line in order.lines:
            await run(carts.put_item, PutItem(order.store_id, _again(line)), by=followed.subject)
    return see_other(f"/s/{followed.shop.store.slug}/checkout?pay={PayMode.AT_STORE}")


@takes("/o/{token:str}/shortages/{shortage_id:str}")
async def choose(request: AnyRequest, token: str, shortage_id: str) -> Response[Any]:
    """Choose what comes instead of a line that is out."""
    wanted = alternatives.chosen((await posted(request)).text("choice"))
    followed = await _followed(request, token)
    if not followed.own:
        raise OrderNotFound
    order = followed.order
    try:
        if wanted is None:
            raise ChoiceNotOffered
        decision = Decide(followed.shop, order.order_id, ids.parse("sho", shortage_id), wanted)
        decided = await followed.here.database.run(choose_instead, decision, by=followed.subject)
    except (ShortageSettled, ChoiceNotOffered, ItemSoldOut) as error:
        return await _tracking_page(request, await _followed(request, token), in_words(speaks(request), error))
    if decided.payment_id is not None:
        after(followed.here.part(Desk).ask(order.merchant_id, order.store_id, decided.payment_id, first=True))
    return see_other(followed.path)


async def _followed(request: AnyRequest, token: str) -> Followed:
    """The order of an address. Raises `OrderNotFound` for an address that we did not make."""
    here = context(request)
    shown_id, _, link = token.partition(".")
    order_id = ids.parse("ord", shown_id)
    if not here.keyring.check_link_token(order_id, link):
        raise OrderNotFound
    merchant_id, store_id = await here.owner_of(order_id)
    async with here.database.read(merchant_id) as tx:
        order = await store.find(tx, store_id, order_id)
    if order is None:
        raise OrderNotFound
    subject = await visitor(request)
    own = subject.subject_id == order.placed_by and subject.merchant_id == merchant_id
    shop = await here.part(Shops).get(store_id)
    return Followed(here, shop, order, subject, own, tracking_path(here.keyring, order_id))


async def _tracking_page(request: AnyRequest, followed: Followed, problem: str = "") -> Response[Any]:
    order, place = followed.order, followed.shop.store
    async with followed.here.database.read(order.merchant_id) as tx:
        events = await store.history(tx, order.store_id, order.order_id)
        payment = await _payment(tx, order)
        taken = payment is not None and payment.captured_minor > 0
        back = await payments.refunds(tx, order.store_id, payment.payment_id) if payment and taken else []
        found = await shortages.of_order(tx, order.store_id, order.order_id)
    paying = request.query_params.get("paying", "")
    seen = Seen(speaks(request), utc_now(), followed.path, bool(paying), followed.own, paying == _CONFIRMED)
    values = {
        **followed.shown(),
        "view": tracking(order, events, Money(payment, back), place, seen),
        "short": alternatives.in_words(order, found, payment, place, seen),
        "opening": merchants.opening(place, seen.now),
        "problem": problem,
        "paying": paying if paying in (_ASKED, _CONFIRMED) else "",
        "stream": f"{followed.path}/stream",
        "events": _EVENTS,
    }
    look = Look(status=409 if problem else 200, cache="no-store")
    return _VIEWS.page(request, "track_parts.html" if wants_fragment(request) else "track.html", values, look)


def _again(line: OrderLine) -> CartItem:
    """A line of an order as a line of a cart."""
    return CartItem(
        item_id=line.shown_id,
        product_id=ids.show("prd", line.product_id),
        variant_id=ids.show("var", line.variant_id),
        modifier_ids=tuple(ids.show("mod", each.modifier_id) for each in line.modifiers),
        qty=line.qty,
        note=line.note,
        name=line.name,
        unit_minor=line.unit_minor,
    )


async def _look(followed: Followed) -> None:
    order, here = followed.order, followed.here
    async with here.database.read(order.merchant_id) as tx:
        payment = await _payment(tx, order)
    if payment is not None and here.settings.stripe_secret_key:
        await here.part(Desk).look(system(order.merchant_id, "provider"), payment)


async def _payment(tx: Any, order: Order) -> Payment | None:
    return None if order.payment_id is None else await payments.read(tx, order.store_id, order.payment_id)


async def _secret(followed: Followed) -> str:
    """What the card form confirms the payment with; a payment that has failed for good is opened anew."""
    here, order = followed.here, followed.order
    command = OpenPayment(order.store_id, order.order_id, here.settings.stripe_account)
    current = await here.database.run(reopen_payment, command, by=followed.subject)
    assert current.payment_id is not None
    async with here.database.read(order.merchant_id) as tx:
        payment = await _payment(tx, current)
    if payment is not None and payment.client_secret:
        return payment.client_secret
    opened = await here.part(Desk).ask(order.merchant_id, order.store_id, current.payment_id, first=True)
    return (opened.client_secret or "") if opened is not None else ""


def provider_origins(settings: Settings) -> tuple[str, ...]:
    """Where the provider's script and frames come from."""
    address = urlsplit(settings.stripe_js_url)
    own = f"{address.scheme}://{address.netloc}"
    return (own, *_STRIPE_ORIGINS) if address.hostname == _STRIPE else (own,)


HANDLERS = [follow, pay, cancel, pay_at_store, choose]
