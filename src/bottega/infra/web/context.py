"""What a request handler can reach: the process's parts, found by their type, and whose an id is.

Filled by the wiring; a handler asks `context(request)`. Nothing here is made per request.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast
from uuid import UUID

from litestar.connection import ASGIConnection

from bottega.infra.crypto import Keyring
from bottega.infra.settings import Settings
from bottega.infra.transaction import Database
from bottega.infra.web.gate import Gate
from bottega.kit import ids
from bottega.kit.errors import NotFound
from bottega.kit.subject import Subject

T = TypeVar("T")
Owner = tuple[UUID, UUID]


class Context:
    """The parts of a web process. `owner_of` tells merchant and store of anything that a store owns, from its id."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        keyring: Keyring,
        gate: Gate,
        owner_of: Callable[[UUID], Awaitable[Owner]],
    ) -> None:
        self.settings = settings
        self.database = database
        self.keyring = keyring
        self.gate = gate
        self.owner_of = owner_of
        self._parts: dict[type, object] = {}

    def add(self, part: object, kind: type | None = None) -> None:
        """Make a part available under its type."""
        self._parts[kind or type(part)] = part

    def part(self, kind: type[T]) -> T:
        """The part of that type. Raises `KeyError` when the wiring forgot it."""
        return cast("T", self._parts[kind])


def context(connection: ASGIConnection[Any, Any, Any, Any]) -> Context:
    """The context of the process that serves this connection."""
    return cast("Context", connection.app.state["context"])


async def staff_at(
    connection: ASGIConnection[Any, Any, Any, Any], store_id: str, permission: str
) -> tuple[Context, Subject, UUID]:
    """Context, subject and store of a request about one store (`sto_…`) that needs a permission there.

    Raises `Unauthenticated`, `NotFound` for another merchant's store, `Forbidden`.
    """
    here = context(connection)
    subject = await here.gate.known(connection)
    parsed = ids.parse("sto", store_id)
    merchant_id, found = await here.owner_of(parsed)
    if merchant_id != subject.merchant_id or found != parsed:
        raise NotFound
    subject.require(permission, parsed)
    return here, subject, parsed


async def owned(
    connection: ASGIConnection[Any, Any, Any, Any], prefix: str, text: str
) -> tuple[Context, Subject, UUID, UUID]:
    """Context, subject, store and id of a request about one thing that a store owns (`ord_…`, `pay_…`).

    Raises `Unauthenticated`, and `NotFound` when it is another merchant's.
    """
    here = context(connection)
    subject = await here.gate.known(connection)
    parsed = ids.parse(prefix, text)
    merchant_id, store_id = await here.owner_of(parsed)
    if merchant_id != subject.merchant_id:
        raise NotFound
    return here, subject, store_id, parsed
