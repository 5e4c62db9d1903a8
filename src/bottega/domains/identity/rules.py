"""What each role may do: the one table of permissions, and how roles become grants. Pure."""

from collections.abc import Mapping
from uuid import UUID

from bottega.domains.identity.model import User
from bottega.kit.subject import Claims, Role, Subject, SubjectKind

PERMISSIONS: Mapping[str, str] = {
    "orders.read": "See the store's orders",
    "orders.advance": "Start, finish and hand over orders, take payment at the counter",
    "orders.cancel": "Cancel an order that has been started",
    "orders.place_for_others": "Place orders at the till",
    "kitchen.work": "See the queue, bump, undo and recall tickets",
    "catalog.availability": "Mark products and modifiers as sold out",
    "catalog.manage": "Change the catalogue and prices",
    "stores.intake": "Pause the intake of orders, change the quoted time",
    "stores.manage": "Open and change stores",
    "payments.read": "See payments and their events",
    "payments.refund": "Refund payments",
    "payments.reconcile": "Compare the provider's ledger with ours, settle what differs",
    "reports.read": "See who spent how much, and who never did",
    "staff.manage": "Add staff and change their roles",
}

_BARISTA = frozenset(
    {"orders.read", "orders.advance", "orders.cancel", "kitchen.work", "catalog.availability", "stores.intake"}
)
_MANAGER = _BARISTA | {
    "orders.place_for_others",
    "payments.read",
    "payments.refund",
    "payments.reconcile",
    "reports.read",
    "catalog.manage",
    "staff.manage",
}

ROLES: Mapping[str, frozenset[str]] = {
    "BARISTA": _BARISTA,
    "DRIVER": frozenset[str](),
    "MANAGER": frozenset(_MANAGER),
    "MERCHANT_ADMIN": frozenset(PERMISSIONS),
    "PLATFORM_ADMIN": frozenset(PERMISSIONS),
}


def grants_of(roles: tuple[Role, ...]) -> frozenset[tuple[str, UUID | None]]:
    """Roles as grants: each permission at the role's store, or everywhere where the role names none."""
    return frozenset((permission, role.store_id) for role in roles for permission in ROLES.get(role.role, frozenset()))


def subject_of_claims(claims: Claims) -> Subject:
    """The subject that a checked access token speaks of."""
    return Subject(
        kind=claims.kind,
        subject_id=claims.sub,
        merchant_id=claims.mid,
        roles=claims.roles,
        grants=grants_of(claims.roles) if claims.roles else frozenset(),
        permission_version=claims.pv,
        name=claims.name,
    )


def staff_subject(
    merchant_id: UUID, user_id: UUID, roles: tuple[Role, ...], name: str, permission_version: int
) -> Subject:
    """A member of staff as a subject."""
    return Subject(SubjectKind.STAFF, user_id, merchant_id, roles, grants_of(roles), permission_version, name)


def subject_of(user: User) -> Subject:
    """A user as the subject that their tokens and sessions speak for."""
    if user.kind is SubjectKind.STAFF:
        return staff_subject(user.merchant_id, user.user_id, user.roles, user.name, user.permission_version)
    grants = grants_of(user.roles)
    return Subject(user.kind, user.user_id, user.merchant_id, user.roles, grants, user.permission_version, user.name)
