"""The facts that merchants tell."""

from typing import ClassVar
from uuid import UUID

from bottega.kit.fact import Fact


class StoreChanged(Fact, frozen=True):
    """Something that customers see of a store has changed: hours, intake, preparation time."""

    type: ClassVar[str] = "store.changed"
    aggregate: ClassVar[str] = "store"

    menu_version: int

    @property
    def subject_id(self) -> UUID:
        """The store."""
        assert self.store_id is not None
        return self.store_id
