"""What merchants do: join, open a store, pause it."""

from datetime import timedelta
from uuid import UUID

from bottega.domains.merchants import store
from bottega.domains.merchants.errors import StoreNotFound
from bottega.domains.merchants.events import StoreChanged
from bottega.domains.merchants.model import (
    Intake,
    Merchant,
    OpenMerchant,
    OpenStore,
    SetCapture,
    SetDeadlines,
    SetIntake,
    Store,
    Workplace,
)
from bottega.infra.db import ReadTx
from bottega.infra.transaction import Tx
from bottega.kit import ids
from bottega.kit.clock import zone
from bottega.kit.errors import Invalid
from bottega.kit.money import exponent
from bottega.kit.subject import Subject

MANAGES = "payments.read"
"""Who holds this at a store sees its manager's pages."""
_MOST = 100


async def open_merchant(tx: Tx, command: OpenMerchant) -> Merchant:
    """Write the merchant that the subject of this transaction belongs to. Its home number is in its id."""
    merchant = Merchant(tx.merchant_id, ids.home_of(tx.merchant_id), command.name)
    await store.insert_merchant(tx, merchant)
    return merchant


async def open_store(tx: Tx, command: OpenStore) -> Store:
    """Open a store. Raises `Invalid` for an unknown timezone or currency."""
    tx.require("stores.manage")
    zone(command.timezone)
    exponent(command.currency)
    number = await store.next_number(tx)
    store_id = tx.new_id(number)
    await store.insert_store(tx, store_id, number, command)
    opened = await store.find_store(tx, store_id)
    assert opened is not None
    tx.note(store_id, name=command.name)
    return opened


async def set_intake(tx: Tx, change: tuple[UUID, SetIntake]) -> Store:
    """Pause or open the intake of a store, or change its preparation time. Raises `StoreNotFound`, `Invalid`."""
    store_id, command = change
    tx.require("stores.intake", store_id)
    if command.prep_minutes is not None and not 1 <= command.prep_minutes <= 240:
        raise Invalid("prep_minutes is 1 to 240")
    if command.minutes is not None and not 1 <= command.minutes <= 24 * 60:
        raise Invalid("minutes is 1 to 1440")
    until = None
    if command.state is Intake.PAUSED and command.minutes is not None:
        until = tx.now + timedelta(minutes=command.minutes)
    version = await store.update_intake(tx, store_id, command.state, until, command.prep_minutes)
    changed = None if version is None else await store.find_store(tx, store_id)
    if changed is None:
        raise StoreNotFound
    tx.emit(StoreChanged(store_id=store_id, menu_version=changed.menu_version))
    tx.note(store_id, state=command.state, minutes=command.minutes, prep_minutes=command.prep_minutes)
    return changed


async def set_capture(tx: Tx, change: tuple[UUID, SetCapture]) -> Store:
    """Decide when a store takes online payments. Raises `StoreNotFound`. Payments that are open already stay as they are."""
    store_id, command = change
    tx.require("stores.manage", store_id)
    known = await store.set_capture(tx, store_id, command.capture_mode)
    changed = await store.find_store(tx, store_id) if known else None
    if changed is None:
        raise StoreNotFound
    tx.note(store_id, capture_mode=command.capture_mode)
    return changed


async def set_deadlines(tx: Tx, change: tuple[UUID, SetDeadlines]) -> Store:
    """Decide how long a store waits for its customers. Raises `StoreNotFound`, `Invalid`."""
    store_id, command = change
    tx.require("stores.manage", store_id)
    if command.unpaid_minutes is not None and not 1 <= command.unpaid_minutes <= 24 * 60:
        raise Invalid("unpaid_minutes is 1 to 1440")
    if command.answer_seconds is not None and not 1 <= command.answer_seconds <= 24 * 60 * 60:
        raise Invalid("answer_seconds is 1 to 86400")
    known = await store.set_deadlines(tx, store_id, command.unpaid_minutes, command.answer_seconds)
    changed = await store.find_store(tx, store_id) if known else None
    if changed is None:
        raise StoreNotFound
    tx.note(store_id, unpaid_minutes=command.unpaid_minutes, answer_seconds=command.answer_seconds)
    return changed


async def managed(tx: ReadTx, subject: Subject) -> list[Store]:
    """The stores whose manager's pages somebody may see, in the order in which they were opened."""
    return [place for place in await store.list_stores(tx, 0, _MOST) if subject.may(MANAGES, place.store_id)]


async def workplace(tx: ReadTx, subject: Subject, store_id: UUID, part: str) -> Workplace:
    """What the frame of a manager's page shows. Raises `StoreNotFound`, `Forbidden`."""
    subject.require(MANAGES, store_id)
    places = await managed(tx, subject)
    here = next((place for place in places if place.store_id == store_id), None) or await store.find_store(tx, store_id)
    if here is None:
        raise StoreNotFound
    return Workplace(here, tuple(places), part)
