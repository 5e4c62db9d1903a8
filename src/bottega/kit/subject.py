"""Who acts: subjects with their roles and grants, and what a token says of them. Pure.

What a role may do is not known here: a domain expands roles to grants.
"""

from enum import StrEnum
from uuid import UUID

import msgspec

from bottega.kit.errors import Forbidden, Unauthenticated


class SubjectKind(StrEnum):
    """What sort of subject acts."""

    ANONYMOUS = "ANONYMOUS"
    GUEST = "GUEST"
    CUSTOMER = "CUSTOMER"
    STAFF = "STAFF"
    SERVICE = "SERVICE"
    SYSTEM = "SYSTEM"


class Role(msgspec.Struct, frozen=True):
    """A role at one store, or at all stores of the merchant (`store_id` None)."""

    role: str
    store_id: UUID | None = None


class Subject(msgspec.Struct, frozen=True):
    """Somebody who acts for one merchant, with what they may do where. A grant with store None holds everywhere."""

    kind: SubjectKind
    subject_id: UUID
    merchant_id: UUID
    roles: tuple[Role, ...] = ()
    grants: frozenset[tuple[str, UUID | None]] = frozenset()
    permission_version: int = 0
    name: str = ""

    def may(self, permission: str, store_id: UUID | None = None) -> bool:
        """Whether this subject holds the permission at that store."""
        if self.kind is SubjectKind.SYSTEM:
            return True
        return (permission, None) in self.grants or (store_id is not None and (permission, store_id) in self.grants)

    def require(self, permission: str, store_id: UUID | None = None) -> None:
        """Raise `Forbidden` (or `Unauthenticated` for nobody) unless the permission is held."""
        if self.kind is SubjectKind.ANONYMOUS:
            raise Unauthenticated
        if not self.may(permission, store_id):
            raise Forbidden(f"This needs the permission {permission} at that store")


class Claims(msgspec.Struct, frozen=True):
    """What an access token says."""

    sub: UUID
    mid: UUID
    kind: SubjectKind
    exp: int
    roles: tuple[Role, ...] = ()
    pv: int = 0
    name: str = ""


NOBODY = UUID(int=0)


def anonymous(merchant_id: UUID = NOBODY) -> Subject:
    """Somebody who has not said who they are."""
    return Subject(SubjectKind.ANONYMOUS, NOBODY, merchant_id)


def system(merchant_id: UUID, name: str = "") -> Subject:
    """The installation itself, acting for one merchant (reactions, sweepers)."""
    return Subject(SubjectKind.SYSTEM, NOBODY, merchant_id, name=name)
