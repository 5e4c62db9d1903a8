"""The catalogue: products, variants, modifier groups, and the menu that each store makes of them.

Not here: stock counts of goods (inventory), what an order costs (pricing). Every change that a customer could see
raises the store's menu version in the same transaction.
"""

from bottega.domains.catalog.actions.counting import take_counted
from bottega.domains.catalog.actions.shops import Shop, Shops
from bottega.domains.catalog.actions.writing import (
    OfferCatalogue,
    SoldOutChange,
    WrittenCatalogue,
    offer_catalogue,
    set_availability,
    write_catalogue,
)
from bottega.domains.catalog.errors import ItemNotFound
from bottega.domains.catalog.events import AvailabilityChanged, MenuChanged
from bottega.domains.catalog.model import (
    AvailabilityState,
    Choice,
    ChosenModifier,
    GroupKind,
    Item,
    ItemKind,
    Menu,
    MenuIndex,
    Modifier,
    ModifierGroup,
    NewCatalogue,
    Product,
    SetAvailability,
    Slot,
    StoreOffer,
    Variant,
)
from bottega.domains.catalog.rules import default_modifiers, in_daypart, next_change, sold_now
from bottega.domains.catalog.store import menu_version, read_menu

__all__ = [
    "AvailabilityChanged",
    "AvailabilityState",
    "Choice",
    "ChosenModifier",
    "GroupKind",
    "Item",
    "ItemKind",
    "ItemNotFound",
    "Menu",
    "MenuChanged",
    "MenuIndex",
    "Modifier",
    "ModifierGroup",
    "NewCatalogue",
    "OfferCatalogue",
    "Product",
    "SetAvailability",
    "Shop",
    "Shops",
    "Slot",
    "SoldOutChange",
    "StoreOffer",
    "Variant",
    "WrittenCatalogue",
    "default_modifiers",
    "in_daypart",
    "menu_version",
    "next_change",
    "offer_catalogue",
    "read_menu",
    "set_availability",
    "sold_now",
    "take_counted",
    "write_catalogue",
]
