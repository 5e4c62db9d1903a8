"""The facts that the catalogue tells."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from bottega.domains.catalog.model import ItemKind
from bottega.kit.fact import Fact


class AvailabilityChanged(Fact, frozen=True):
    """Something of a store's menu is sold out, or is to be had again."""

    type: ClassVar[str] = "catalog.availability_changed"
    aggregate: ClassVar[str] = "menu"

    item_id: UUID
    item_kind: ItemKind
    available: bool
    until: datetime | None
    left: int | None
    menu_version: int

    @property
    def subject_id(self) -> UUID:
        """The menu, which has the store's id."""
        assert self.store_id is not None
        return self.store_id


class MenuChanged(Fact, frozen=True):
    """What a store sells, or for how much, has changed."""

    type: ClassVar[str] = "catalog.menu_changed"
    aggregate: ClassVar[str] = "menu"

    menu_version: int

    @property
    def subject_id(self) -> UUID:
        """The menu, which has the store's id."""
        assert self.store_id is not None
        return self.store_id
