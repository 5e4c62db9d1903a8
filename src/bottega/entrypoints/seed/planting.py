"""Writing the demo chain, in one transaction: merchant, stores, menu, prices, staff.

Two processes that start at the same moment write it once: the second waits for the first and finds it there.
"""

from typing import LiteralString
from uuid import UUID

import msgspec

from bottega.domains.catalog import OfferCatalogue, offer_catalogue, write_catalogue
from bottega.domains.identity import AddUser, People, hash_password
from bottega.domains.merchants import (
    OpenMerchant,
    Store,
    find_merchant,
    list_stores,
    merchant_homes,
    next_number,
    open_merchant,
    open_store,
)
from bottega.entrypoints.seed.files import Chain, StaffMember, chain
from bottega.entrypoints.seed.passwords import new_password
from bottega.infra.transaction import Database, Tx
from bottega.kit.ids import new_id
from bottega.kit.subject import NOBODY, Role, SubjectKind, system

LOCK: LiteralString = "select pg_advisory_xact_lock(hashtext('bottega.seed'))"


class SeededStore(msgspec.Struct, frozen=True):
    """A store of the chain."""

    store_id: UUID
    slug: str
    name: str
    timezone: str
    currency: str


class SeededLogin(msgspec.Struct, frozen=True):
    """A member of staff with the password made for them; `store` is the slug, None for the whole chain."""

    role: str
    name: str
    login: str
    password: str
    store: str | None = None


class SeedResult(msgspec.Struct, frozen=True):
    """What is there now. Not `created`: it was there before, and nobody knows its passwords (`logins` is empty)."""

    created: bool
    merchant_id: UUID
    merchant_name: str
    stores: tuple[SeededStore, ...]
    logins: tuple[SeededLogin, ...]

    @property
    def message(self) -> str:
        """What happened, in a sentence for people."""
        if self.created:
            return f"{self.merchant_name} is open: {len(self.stores)} stores, {len(self.logins)} logins"
        return f"{self.merchant_name} is here already, nothing was changed"


class _Planting(msgspec.Struct, frozen=True):
    """What the transaction needs that must not be made in it: slow hashes, and passwords that leave it."""

    chain: Chain
    people: People
    hashes: dict[str, str]


async def seed(database: Database, people: People, demo: Chain | None = None) -> SeedResult:
    """Write the demo chain (or another) and make passwords for its staff; do nothing where a merchant exists already.

    Raises what the verbs raise for data that is wrong (`Invalid`, `LoginTaken`), and then nothing is written.
    """
    there = await _existing(database)
    if there is not None:
        return there
    demo = demo or chain()
    logins = [_login(each, None) for each in demo.staff]
    logins += [_login(each, shop.store.slug) for shop in demo.shops for each in shop.staff]
    hashes = {each.login: await hash_password(each.password) for each in logins}
    number = await database.run(_take_number, None, by=system(NOBODY))
    subject = system(new_id(number), name="seed")
    stores = await database.run(_plant, _Planting(demo, people, hashes), by=subject)
    if stores is None:
        there = await _existing(database)
        assert there is not None
        return there
    return SeedResult(True, subject.merchant_id, demo.name, tuple(map(_seeded, stores)), tuple(logins))


async def _take_number(tx: Tx, _: None) -> int:
    return await next_number(tx)


async def _existing(database: Database) -> SeedResult | None:
    """The merchant that is there, with its stores; None in an empty installation."""
    async with database.read(None) as tx:
        homes = await merchant_homes(tx)
    if not homes:
        return None
    merchant_id = homes[0].merchant_id
    async with database.read(merchant_id) as tx:
        merchant = await find_merchant(tx, merchant_id)
        stores = await list_stores(tx, after=0, limit=100)
    name = merchant.name if merchant else ""
    return SeedResult(False, merchant_id, name, tuple(map(_seeded, stores)), ())


async def _plant(tx: Tx, planting: _Planting) -> list[Store] | None:
    """Write everything; None if somebody else was faster."""
    await tx.execute(LOCK, {})
    if await merchant_homes(tx):
        return None
    demo = planting.chain
    await open_merchant(tx, OpenMerchant(demo.name))
    written = await write_catalogue(tx, demo.catalogue)
    await _add_staff(tx, planting, demo.staff, None)
    stores: list[Store] = []
    for shop in demo.shops:
        store = await open_store(tx, shop.store)
        await offer_catalogue(tx, OfferCatalogue(store.store_id, demo.catalogue, written, shop.offer))
        await _add_staff(tx, planting, shop.staff, store.store_id)
        stores.append(store)
    tx.note(merchant=demo.name, stores=len(stores), logins=len(planting.hashes))
    return stores


async def _add_staff(tx: Tx, planting: _Planting, staff: tuple[StaffMember, ...], store_id: UUID | None) -> None:
    for each in staff:
        user = AddUser(
            kind=SubjectKind.STAFF,
            name=each.name,
            login=each.login,
            password_hash=planting.hashes[each.login],
            roles=(Role(each.role, store_id),),
        )
        await planting.people.add_user(tx, user)


def _login(member: StaffMember, store: str | None) -> SeededLogin:
    return SeededLogin(member.role, member.name, member.login, new_password(), store)


def _seeded(store: Store) -> SeededStore:
    return SeededStore(store.store_id, store.slug, store.name, store.timezone, store.currency)
