"""The catalogue's JSON face: a store's whole menu with its ETag, and what is sold out."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import MediaType, Response, get, post

from bottega.domains.catalog import rules
from bottega.domains.catalog.actions.shops import Shop, Shops
from bottega.domains.catalog.actions.writing import SoldOutChange, set_availability
from bottega.domains.catalog.events import AvailabilityChanged
from bottega.domains.catalog.model import ItemKind, ModifierGroup, Product, SetAvailability
from bottega.infra.web.answers import kept, matches
from bottega.infra.web.body import Strict, claim, rendered
from bottega.infra.web.context import context, staff_at
from bottega.infra.web.hot import HotRoute, Reply
from bottega.infra.web.problem import AnyRequest
from bottega.kit import ids
from bottega.kit.clock import utc_now

_CACHE = "public, max-age=0, must-revalidate"


class VariantView(msgspec.Struct, frozen=True):
    """A sellable version of a product."""

    variant_id: str
    name: str
    price: int
    available: bool
    default: bool


class DaypartView(msgspec.Struct, frozen=True):
    """Between which local times something is sold."""

    from_: str = msgspec.field(name="from")
    to: str


class ProductView(msgspec.Struct, frozen=True, kw_only=True):
    """A product of the menu; `price` is its default variant's, in the menu's currency (minor units)."""

    product_id: str
    category_id: str
    name: str
    description: str
    image: str
    tags: tuple[str, ...]
    daypart: DaypartView | None
    price: int
    available: bool
    unavailable_until: datetime | None
    variants: list[VariantView]
    modifier_groups: list[str]


class ModifierView(msgspec.Struct, frozen=True):
    """A choice and what it adds (minor units)."""

    modifier_id: str
    name: str
    price_delta: int
    available: bool
    default: bool


class ModifierGroupView(msgspec.Struct, frozen=True):
    """A group of choices: at least `min`, at most `max`."""

    group_id: str
    name: str
    kind: str
    min: int
    max: int
    modifiers: list[ModifierView]


class CategoryView(msgspec.Struct, frozen=True):
    """A section of the menu."""

    category_id: str
    name: str
    product_ids: list[str]


class MenuView(msgspec.Struct, frozen=True):
    """The whole menu of a store at one version."""

    store_id: str
    version: int
    currency: str
    categories: list[CategoryView]
    products: list[ProductView]
    modifier_groups: list[ModifierGroupView]


class AvailabilityView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether something can be had."""

    available: bool
    until: datetime | None
    left: int | None
    product_id: str | None = None
    modifier_id: str | None = None


class _Rendered(msgspec.Struct):
    """The menu's bytes, good until something changes by itself (a sold-out mark ends, a daypart begins)."""

    etag: str
    reply: Reply
    unchanged: Reply
    until: float


def menu_view(shop: Shop, now: datetime) -> MenuView:
    """A shop's menu as clients see it at an instant."""
    menu = shop.menu.menu
    return MenuView(
        store_id=ids.show("sto", menu.store_id),
        version=menu.version,
        currency=shop.store.currency,
        categories=[
            CategoryView(
                ids.show("cat", category.category_id),
                category.name,
                [ids.show("prd", p.product_id) for p in menu.products if p.category_id == category.category_id],
            )
            for category in menu.categories
        ],
        products=[_product(product, shop, now) for product in menu.products],
        modifier_groups=[_group(group, now) for group in menu.groups],
    )


def _product(product: Product, shop: Shop, now: datetime) -> ProductView:
    available = product.available_at(now)
    daypart = DaypartView(product.sold_from, product.sold_to) if product.sold_from and product.sold_to else None
    return ProductView(
        product_id=ids.show("prd", product.product_id),
        category_id=ids.show("cat", product.category_id),
        name=product.name,
        description=product.description,
        image=product.image,
        tags=product.tags,
        daypart=daypart,
        price=product.default_variant.price,
        available=available and rules.in_daypart(product, now, shop.store.timezone),
        unavailable_until=None if available else product.until_at,
        variants=[
            VariantView(ids.show("var", v.variant_id), v.name, v.price, available, v.is_default)
            for v in product.variants
        ],
        modifier_groups=[ids.show("grp", group_id) for group_id in product.group_ids],
    )


def _group(group: ModifierGroup, now: datetime) -> ModifierGroupView:
    return ModifierGroupView(
        group_id=ids.show("grp", group.group_id),
        name=group.name,
        kind=group.kind,
        min=group.min_count,
        max=group.max_count,
        modifiers=[
            ModifierView(ids.show("mod", m.modifier_id), m.name, m.price_delta, m.available_at(now), m.is_default)
            for m in group.modifiers
        ],
    )


def _rendered(shop: Shop) -> _Rendered:
    now = utc_now()
    held = shop.rendered.get("menu")
    if isinstance(held, _Rendered) and held.until > now.timestamp():
        return held
    change = rules.next_change(shop.menu.menu, now)
    # Dayparts begin and end on the minute, so nothing is held past the next one.
    minute = (now.timestamp() // 60 + 1) * 60
    until = minute if change is None else min(minute, change.timestamp())
    body = msgspec.json.encode(menu_view(shop, now))
    etag = f'W/"{shop.menu.menu.version}-{hash(body) & 0xFFFFFFFF:x}"'
    headers = ((b"etag", etag.encode()), (b"cache-control", _CACHE.encode()))
    reply = Reply(200, ((b"content-type", b"application/json"), *headers), body)
    made = _Rendered(etag, reply, Reply(304, headers, b""), until)
    shop.rendered["menu"] = made
    return made


@get("/v1/stores/{store_id:str}/menu", summary="The menu of a store", tags=["Stores"])
async def menu(request: AnyRequest, store_id: str) -> Response[MenuView]:
    """Categories, products, variants, modifier groups, prices, availability. Send `If-None-Match` for a 304."""
    reply = await menu_hot(request, store_id, b"")
    headers = {name.decode(): value.decode() for name, value in reply.headers if name != b"content-type"}
    body: Any = reply.body or None
    return Response(body, status_code=reply.status, media_type=MediaType.JSON, headers=headers)


async def menu_hot(request: AnyRequest, store_id: str, _: bytes) -> Reply:
    """As `menu`, for the hot route."""
    made = _rendered(await context(request).part(Shops).by_text(store_id))
    return made.unchanged if matches(request, made.etag) else made.reply


@post("/v1/stores/{store_id:str}/products/{product_id:str}/availability", dto=Strict[SetAvailability], return_dto=None,
      status_code=200, summary="Sold out, or to be had again", tags=["Stores"])  # fmt: skip
async def product_availability(
    request: AnyRequest, store_id: str, product_id: str, data: SetAvailability
) -> Response[AvailabilityView]:
    """Until turned on, until END_OF_DAY, or with `left` to sell. Shows in the menu at once."""
    return await _set(request, store_id, ("prd", product_id, ItemKind.PRODUCT), data)


@post("/v1/stores/{store_id:str}/modifiers/{modifier_id:str}/availability", dto=Strict[SetAvailability], return_dto=None,
      status_code=200, summary="A choice is sold out, or to be had again", tags=["Stores"])  # fmt: skip
async def modifier_availability(
    request: AnyRequest, store_id: str, modifier_id: str, data: SetAvailability
) -> Response[AvailabilityView]:
    """As for products: oat milk can be sold out as well."""
    return await _set(request, store_id, ("mod", modifier_id, ItemKind.MODIFIER), data)


async def _set(
    request: AnyRequest, store_id: str, item: tuple[str, str, ItemKind], data: SetAvailability
) -> Response[AvailabilityView]:
    here, subject, parsed = await staff_at(request, store_id, "catalog.availability")
    prefix, text, kind = item
    change = SoldOutChange(parsed, ids.parse(prefix, text), kind, data)
    key = claim(request, "catalog.availability", change)
    answer = await here.database.answer(
        set_availability, change, by=subject, key=key, view=lambda fact: rendered(availability_view(fact))
    )
    here.part(Shops).drop(parsed)
    return kept(answer)  # type: ignore[return-value]


def availability_view(fact: AvailabilityChanged) -> AvailabilityView:
    """An availability as clients see it."""
    shown: dict[str, Any] = (
        {"product_id": ids.show("prd", fact.item_id)}
        if fact.item_kind is ItemKind.PRODUCT
        else {"modifier_id": ids.show("mod", fact.item_id)}
    )
    return AvailabilityView(available=fact.available, until=fact.until, left=fact.left, **shown)


HANDLERS = [menu, product_availability, modifier_availability]
HOT = [HotRoute("GET", "/v1/stores/{store_id}/menu", menu_hot)]
