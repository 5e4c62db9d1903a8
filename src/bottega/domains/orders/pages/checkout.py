"""Checking out: where and when, three fields, how to pay; then the order is placed once, however often it is sent."""

import secrets
from typing import Any

import msgspec
from litestar import Response

from bottega.domains import carts, merchants
from bottega.domains.carts import CartItem
from bottega.domains.catalog import Shop, Shops
from bottega.domains.merchants import FulfillmentType, PayMode, StoreStatus
from bottega.domains.orders import store
from bottega.domains.orders.actions.ordering import Ordering
from bottega.domains.orders.model import Contact, PlaceOrder
from bottega.domains.orders.pages.words import tracking_path
from bottega.infra.web.context import Context, context
from bottega.infra.web.forms import Fields, in_words, is_known, posted, see_other, shows, takes, visitor
from bottega.infra.web.i18n import Translator
from bottega.infra.web.pages import Look, Views, speaks
from bottega.infra.web.problem import AnyRequest
from bottega.kit import ids
from bottega.kit.clock import utc_now
from bottega.kit.errors import DomainError, IdempotencyKeyReused, Invalid
from bottega.kit.subject import Subject
from bottega.kit.text import canonical_email, canonical_phone

_VIEWS = Views(__file__)


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed and chosen; `key` makes the order one, however often the form is sent."""

    key: str
    fulfillment_type: FulfillmentType
    pay_mode: PayMode
    name: str = ""
    contact: str = ""


class Asked(msgspec.Struct, frozen=True):
    """Who checks out where, with what."""

    here: Context
    shop: Shop
    subject: Subject
    items: list[CartItem]

    @property
    def cart_path(self) -> str:
        """Where to go back to when the cart can't be ordered as it is."""
        return f"/s/{self.shop.store.slug}/cart"

    def pay_modes(self) -> list[PayMode]:
        """How one can pay here: online only where the installation has a payment provider."""
        online = bool(self.here.settings.stripe_secret_key)
        return [mode for mode in self.shop.store.pay_modes if online or mode is not PayMode.ONLINE]

    @property
    def usual_mode(self) -> PayMode:
        """The way of paying that is chosen until somebody chooses."""
        return next(iter(self.pay_modes()), PayMode.AT_STORE)


@shows("/s/{slug:str}/checkout")
async def checkout(request: AnyRequest, slug: str) -> Response[Any]:
    """The form; a cart that can't be ordered as it is leads back to the cart, which says why."""
    asked, now = await _asked(request, slug), utc_now()
    state = merchants.opening(asked.shop.store, now)
    if not carts.priced(asked.shop, asked.items, now).complete or state.status is not StoreStatus.OPEN:
        return see_other(asked.cart_path)
    form = Form(
        key=secrets.token_urlsafe(18),
        fulfillment_type=asked.shop.store.order_modes[0],
        pay_mode=next(
            (mode for mode in asked.pay_modes() if mode == request.query_params.get("pay")), asked.usual_mode
        ),
    )
    return _page(request, asked, form, {})


@takes("/s/{slug:str}/checkout")
async def order(request: AnyRequest, slug: str) -> Response[Any]:
    """Place the order and go on to paying or following it; or the form again with what is wrong."""
    fields = await posted(request)
    asked, t = await _asked(request, slug), speaks(request)
    form = _form(asked, fields)
    earlier = await _placed_before(asked, form.key)
    if earlier is not None:
        return see_other(earlier)
    if not asked.items:
        return see_other(asked.cart_path)
    errors = _wrong(form, t)
    if errors:
        return _page(request, asked, form, errors, status=422)
    try:
        placed = (await asked.here.part(Ordering).place(asked.subject, _request(asked, form, fields), form.key)).order
    except DomainError as error:
        if isinstance(error, IdempotencyKeyReused):
            form = msgspec.structs.replace(form, key=secrets.token_urlsafe(18))
        return _page(request, asked, form, {"": in_words(t, error)}, status=422)
    await asked.here.database.run(carts.clear, asked.shop.store.store_id, by=asked.subject)
    path = tracking_path(asked.here.keyring, placed.order_id)
    return see_other(f"{path}/pay" if placed.pay_mode is PayMode.ONLINE else path)


async def _asked(request: AnyRequest, slug: str) -> Asked:
    here = context(request)
    shop = await here.part(Shops).by_slug(slug)
    subject = await visitor(request)
    if not is_known(subject) or subject.merchant_id != shop.store.merchant_id:
        return Asked(here, shop, subject, [])
    async with here.database.read(subject.merchant_id) as tx:
        items = await carts.read_items(tx, shop.store.store_id, subject.subject_id)
    return Asked(here, shop, subject, items)


async def _placed_before(asked: Asked, key: str) -> str | None:
    """Where the order is that this form has placed already (a second click, a repeated post)."""
    if asked.items or not is_known(asked.subject):
        return None
    async with asked.here.database.read(asked.subject.merchant_id) as tx:
        owner = await store.find_by_key(tx, asked.shop.store.store_id, asked.subject.subject_id, key)
    return None if owner is None else tracking_path(asked.here.keyring, owner.order_id)


def _form(asked: Asked, fields: Fields) -> Form:
    place_ = asked.shop.store
    ways = {mode.value: mode for mode in place_.order_modes}
    pays = {mode.value: mode for mode in asked.pay_modes()}
    return Form(
        key=fields.text("key")[:64] or secrets.token_urlsafe(18),
        fulfillment_type=ways.get(fields.text("fulfillment_type"), place_.order_modes[0]),
        pay_mode=pays.get(fields.text("pay_mode"), asked.usual_mode),
        name=fields.text("name").strip()[:60],
        contact=fields.text("contact").strip()[:200],
    )


def _wrong(form: Form, t: Translator) -> dict[str, str]:
    """What is missing or mistyped, by field."""
    errors: dict[str, str] = {}
    if not form.name:
        errors["name"] = t("checkout.name_missing")
    if not form.contact:
        errors["contact"] = t("checkout.contact_missing")
    else:
        try:
            _contact(form)
        except Invalid:
            errors["contact"] = t("checkout.contact_wrong")
    return errors


def _contact(form: Form) -> Contact:
    if "@" in form.contact:
        return Contact(form.name, email=canonical_email(form.contact))
    return Contact(form.name, phone=canonical_phone(form.contact, "/contact"))


def _request(asked: Asked, form: Form, fields: Fields) -> PlaceOrder:
    seen = fields.text("expected_total")
    return PlaceOrder(
        store_id=ids.show("sto", asked.shop.store.store_id),
        fulfillment_type=form.fulfillment_type,
        pay_mode=form.pay_mode,
        items=carts.requests(asked.items),
        contact=_contact(form),
        expected_total=int(seen) if seen.isascii() and seen.isdigit() and len(seen) <= 15 else None,
    )


def _page(request: AnyRequest, asked: Asked, form: Form, errors: dict[str, str], status: int = 200) -> Response[Any]:
    now, place_ = utc_now(), asked.shop.store
    values = {
        "store": place_,
        "opening": merchants.opening(place_, now),
        "ready": merchants.ready_minutes(place_, now),
        "now": now,
        "cart": carts.priced(asked.shop, asked.items, now, form.fulfillment_type),
        "form": form,
        "pay_modes": asked.pay_modes(),
        "errors": {"name": "", "contact": "", **errors},
        "problem": errors.get("", ""),
    }
    return _VIEWS.page(request, "checkout.html", values, Look(status=status, cache="no-store"))


HANDLERS = [checkout, order]
