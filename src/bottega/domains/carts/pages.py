"""The pages on which people browse one store's menu, choose, and keep a cart. Handlers come below what they show.

Not here: what things cost (pricing), placing the order (orders). What is shown is worked out from the menu at hand, so
a page never disagrees with the order that follows from it.
"""

import base64
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec
from litestar import Response

from bottega.domains.carts import rules
from bottega.domains.carts.actions import change_quantity, put_item
from bottega.domains.carts.errors import CartItemNotFound
from bottega.domains.carts.model import CartItem, ChangeQuantity, PutItem
from bottega.domains.carts.store import read_items
from bottega.domains.catalog import Item, ItemNotFound, MenuIndex, Shop, Shops, default_modifiers, in_daypart
from bottega.domains.identity import open_session
from bottega.domains.merchants import Store, opening, ready_minutes
from bottega.domains.pricing import LineRequest
from bottega.infra.web.context import context
from bottega.infra.web.forms import (
    Fields,
    in_words,
    is_known,
    keep_session,
    posted,
    see_other,
    shows,
    takes,
    visitor,
)
from bottega.infra.web.pages import Look, Views, speaks, wants_fragment
from bottega.infra.web.problem import AnyRequest
from bottega.kit import ids
from bottega.kit.clock import utc_now
from bottega.kit.errors import DomainError
from bottega.kit.subject import Subject, SubjectKind

_GUEST_SECONDS = 2 * 86400
_VIEWS = Views(__file__)


class ShelfItem(msgspec.Struct, frozen=True, kw_only=True):
    """A product as a card of the menu shows it. `price` in minor units; with `from_price` it is the lowest of several."""

    id: str
    name: str
    description: str
    image: str
    tags: tuple[str, ...]
    price: int
    from_price: bool
    available: bool
    sold_out: bool
    until: datetime | None
    served: tuple[str, str] | None


class Shelf(msgspec.Struct, frozen=True):
    """A section of the menu."""

    name: str
    products: tuple[ShelfItem, ...]


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to choose: a variant with its `price`, or a modifier with its difference."""

    id: str
    name: str
    price: int
    chosen: bool
    available: bool


class OptionGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A group of modifiers with its rule; `field` is its name in the form."""

    field: str
    name: str
    min: int
    max: int
    choices: tuple[Option, ...]
    missing: bool = False

    @property
    def chosen_count(self) -> int:
        """How many are chosen."""
        return sum(choice.chosen for choice in self.choices)


class Chosen(msgspec.Struct, frozen=True):
    """What somebody chose so far, by shown ids; None means nothing yet, so the defaults stand."""

    variant_id: str | None = None
    modifier_ids: tuple[str, ...] | None = None
    qty: int = 1
    note: str = ""


def shelves(menu: MenuIndex, now: datetime, timezone: str) -> list[Shelf]:
    """The menu as sections of cards, in the menu's order; sections without products are left out."""
    by_category: dict[object, list[ShelfItem]] = {}
    for shown_id, item in menu.items.items():
        by_category.setdefault(item.product.category_id, []).append(_card(shown_id, item, now, timezone))
    return [
        Shelf(category.name, tuple(by_category[category.category_id]))
        for category in menu.menu.categories
        if category.category_id in by_category
    ]


def _card(shown_id: str, item: Item, now: datetime, timezone: str) -> ShelfItem:
    product = item.product
    prices = [variant.price for variant in product.variants]
    stocked = product.available_at(now)
    served = (product.sold_from, product.sold_to) if product.sold_from and product.sold_to else None
    return ShelfItem(
        id=shown_id,
        name=product.name,
        description=product.description,
        image=product.image,
        tags=telling_tags(product.tags),
        price=min(prices),
        from_price=min(prices) != max(prices),
        available=stocked and in_daypart(product, now, timezone),
        sold_out=not stocked,
        until=None if stocked else product.until_at,
        served=served,
    )


def telling_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """What a card has room for: every warning, and the two tags that tell most (a vegan thing is vegetarian anyway)."""
    warnings = [tag for tag in tags if tag.startswith("CONTAINS_")]
    others = [tag for tag in tags if tag not in warnings and not (tag == "VEGETARIAN" and "VEGAN" in tags)]
    return (*others[:2], *warnings)


def sizes(item: Item, chosen: Chosen) -> list[Option]:
    """The variants of a product, the chosen or else the default one marked."""
    default = ids.show("var", item.product.default_variant.variant_id)
    marked = chosen.variant_id if chosen.variant_id in item.variants else default
    return [
        Option(id=shown, name=variant.name, price=variant.price, chosen=shown == marked, available=True)
        for shown, variant in item.variants.items()
    ]


def groups(item: Item, chosen: Chosen, now: datetime) -> list[OptionGroup]:
    """The modifier groups of a product in the order of making, with what is chosen or stands by default."""
    marked = set(default_modifiers(item, now) if chosen.modifier_ids is None else chosen.modifier_ids)
    answer: list[OptionGroup] = []
    for place, group in enumerate(item.groups):
        options = tuple(
            Option(
                id=shown,
                name=choice.modifier.name,
                price=choice.modifier.price_delta,
                chosen=shown in marked and choice.modifier.available_at(now),
                available=choice.modifier.available_at(now),
            )
            for shown, choice in item.choices.items()
            if choice.group.group_id == group.group_id
        )
        count = sum(option.chosen for option in options)
        answer.append(
            OptionGroup(
                field=f"g-{place}",
                name=group.name,
                min=group.min_count,
                max=group.max_count,
                choices=options,
                missing=chosen.modifier_ids is not None and count < group.min_count,
            )
        )
    return answer


def one_price(variants: Sequence[Option], option_groups: Sequence[OptionGroup]) -> int:
    """What one of it costs as chosen (minor units)."""
    base = next((variant.price for variant in variants if variant.chosen), variants[0].price)
    return max(0, base + sum(each.price for group in option_groups for each in group.choices if each.chosen))


def item_page(shop: Shop, product_id: str, chosen: Chosen, now: datetime) -> dict[str, object]:
    """Everything that the page of one product shows."""
    item = shop.menu.items[product_id]
    variants, option_groups = sizes(item, chosen), groups(item, chosen, now)
    return {
        "store": shop.store,
        "product": _card(product_id, item, now, shop.store.timezone),
        "tags": item.product.tags,
        "variants": variants,
        "groups": option_groups,
        "base_price": item.product.default_variant.price,
        "qty": chosen.qty,
        "note": chosen.note,
        "total": one_price(variants, option_groups) * chosen.qty,
        "now": now,
    }


@shows("/s/{slug:str}")
async def menu(request: AnyRequest, slug: str) -> Response[Any]:
    """The menu of a store."""
    shop, now = await _shop(request, slug), utc_now()
    cart = rules.priced(shop, await _items(request, shop), now)
    added = shop.menu.items.get(request.query_params.get("added", ""))
    t = speaks(request)
    values = {
        **about_store(shop.store, now),
        "sections": shelves(shop.menu, now, shop.store.timezone),
        "cart": cart,
        "notice": t("item.added_count", name=added.product.name, count=cart.count) if added else "",
    }
    return _VIEWS.page(request, "menu.html", values)


@shows("/s/{slug:str}/p/{product_id:str}")
async def item(request: AnyRequest, slug: str, product_id: str) -> Response[Any]:
    """One product with its choices; with `?line=` a line of the cart to be changed."""
    shop, now = await _shop(request, slug), utc_now()
    _on_menu(shop, product_id)
    line = request.query_params.get("line", "")
    items = await _items(request, shop)
    known = next((each for each in items if each.item_id == line and each.product_id == product_id), None)
    chosen = Chosen(known.variant_id, known.modifier_ids, known.qty, known.note) if known else Chosen()
    values = {**item_page(shop, product_id, chosen, now), "line": known, "problem": ""}
    return _VIEWS.page(request, "item.html", values)


@shows("/s/{slug:str}/cart")
async def cart(request: AnyRequest, slug: str) -> Response[Any]:
    """The cart; with `?undo=` the offer to put back what was just taken out."""
    shop = await _shop(request, slug)
    return _cart_page(request, shop, await _items(request, shop), _undo_of(request.query_params.get("undo", "")))


@takes("/s/{slug:str}/cart/items")
async def add(request: AnyRequest, slug: str) -> Response[Any]:
    """Put a chosen product into the cart, or (`undo`) back into it."""
    shop = await _shop(request, slug)
    fields = await posted(request)
    undone = _undo_of(fields.text("undo"))
    if undone is None:
        return await _choose(request, shop, fields, None)
    with suppress(DomainError):  # what can't be had any more stays out
        back = rules.chosen_item(shop, rules.requests([undone])[0], _new_item_id(shop), utc_now())
        await _put(request, shop, back)
    return await _after_change(request, shop)


@takes("/s/{slug:str}/cart/items/{item_id:str}")
async def change(request: AnyRequest, slug: str, item_id: str) -> Response[Any]:
    """Replace a line of the cart by another choice."""
    return await _choose(request, await _shop(request, slug), await posted(request), item_id)


@takes("/s/{slug:str}/cart/items/{item_id:str}/qty")
async def quantity(request: AnyRequest, slug: str, item_id: str) -> Response[Any]:
    """Another quantity for a line; 0 takes it out, and offers it back."""
    shop = await _shop(request, slug)
    fields = await posted(request)
    qty = fields.number("qty", 1)
    subject = await visitor(request)
    before = await _items(request, shop)
    gone = next((each for each in before if each.item_id == item_id and qty == 0), None)
    if before:
        with suppress(CartItemNotFound):  # taken out in another tab: what is left is shown
            command = ChangeQuantity(shop.store.store_id, item_id, qty)
            await context(request).database.run(change_quantity, command, by=subject)
    return await _after_change(request, shop, gone)


async def _choose(request: AnyRequest, shop: Shop, fields: Fields, item_id: str | None) -> Response[Any]:
    """Put the form's choice into the cart and go on; the page again if the menu's rules refuse it."""
    now, product_id = utc_now(), fields.text("product_id")
    product = _on_menu(shop, product_id)
    qty = min(max(fields.number("qty", 1), 1), rules.MAX_EACH)
    note = fields.text("note").strip()
    wanted = LineRequest(product_id, qty, fields.text("variant_id") or None, tuple(fields.all_of("g-")), note)
    try:
        choice = rules.chosen_item(shop, wanted, item_id or _new_item_id(shop), now)
        response = see_other(f"/s/{shop.store.slug}/cart" if item_id else f"/s/{shop.store.slug}?added={product_id}")
        return await _put(request, shop, choice, response)
    except DomainError as error:
        known = tuple(each for each in wanted.modifier_ids or () if each in product.choices)
        values = {
            **item_page(shop, product_id, Chosen(wanted.variant_id, known, qty, note[:200]), now),
            "line": None if item_id is None else {"item_id": item_id},
            "problem": in_words(speaks(request), error),
        }
        return _VIEWS.page(request, "item.html", values, Look(status=422))


async def _put(request: AnyRequest, shop: Shop, what: CartItem, response: Response[Any] | None = None) -> Any:
    """Put an item into the visitor's cart; the response gets the cookie when a session has to be opened for it."""
    database, store = context(request).database, shop.store
    subject = await visitor(request)
    if not is_known(subject) or subject.merchant_id != store.merchant_id:
        subject = Subject(SubjectKind.GUEST, ids.new_id(ids.home_of(store.merchant_id)), store.merchant_id)
        token = await database.run(open_session, (SubjectKind.GUEST, subject.subject_id), by=subject)
        if response is not None:
            keep_session(response, request, subject, token, _GUEST_SECONDS)
    await database.run(put_item, PutItem(store.store_id, what), by=subject)
    return response


async def _items(request: AnyRequest, shop: Shop) -> list[CartItem]:
    subject = await visitor(request)
    if not is_known(subject) or subject.merchant_id != shop.store.merchant_id:
        return []
    async with context(request).database.read(subject.merchant_id) as tx:
        return await read_items(tx, shop.store.store_id, subject.subject_id)


async def _after_change(request: AnyRequest, shop: Shop, gone: CartItem | None = None) -> Response[Any]:
    if not wants_fragment(request):
        undo = f"?undo={_undo_token(gone)}" if gone else ""
        return see_other(f"/s/{shop.store.slug}/cart{undo}")
    return _cart_page(request, shop, await _items(request, shop), gone)


def _cart_page(request: AnyRequest, shop: Shop, items: list[CartItem], gone: CartItem | None) -> Response[Any]:
    now, t = utc_now(), speaks(request)
    priced, part = rules.priced(shop, items, now), wants_fragment(request)
    total = t.money(priced.total_minor, priced.currency)
    offer = gone if gone and gone.product_id in shop.menu.items else None
    values = {
        **about_store(shop.store, now),
        "cart": priced,
        "undo": {"token": _undo_token(offer), "name": shop.menu.items[offer.product_id].product.name}
        if offer
        else None,
        "say": t("cart.said", count=priced.count, total=total) if part else "",
    }
    return _VIEWS.page(request, "cart_list.html" if part else "cart.html", values)


async def _shop(request: AnyRequest, slug: str) -> Shop:
    return await context(request).part(Shops).by_slug(slug)


def about_store(store: Store, now: datetime) -> dict[str, object]:
    """What every page of a store says about it: open or not, and how long things take."""
    return {"store": store, "opening": opening(store, now), "ready": ready_minutes(store, now), "now": now}


def _on_menu(shop: Shop, product_id: str) -> Item:
    item = shop.menu.items.get(product_id)
    if item is None:
        raise ItemNotFound
    return item


def _new_item_id(shop: Shop) -> str:
    return ids.show("lin", ids.new_id(shop.store.number))


def _undo_token(item: CartItem) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(item)).decode()


def _undo_of(token: str) -> CartItem | None:
    """The line that a token was made of. It is only an offer: putting it in counts by today's menu like any other."""
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(token.encode()), type=CartItem) if token else None
    except (ValueError, msgspec.MsgspecError):
        return None


HANDLERS = [menu, item, cart, add, change, quantity]
