"""Facts: what happened, as frozen structs named in the past tense, versioned by adding fields. Pure."""

from typing import ClassVar
from uuid import UUID

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened. Subclasses set `type` and `aggregate`, and say in `subject_id` to whom."""

    type: ClassVar[str] = ""
    aggregate: ClassVar[str] = ""
    version: ClassVar[int] = 1

    store_id: UUID | None

    @property
    def subject_id(self) -> UUID:
        """The id of the aggregate that the fact is about; facts of one aggregate stay in order."""
        raise NotImplementedError
