"""Shops at hand: a store with its menu, ready to price orders and to be shown, kept in memory while its version holds.

A store's menu version is asked for at most once a second, and news from the log drops a shop at once, so something that
is sold out shows at once, also while no news come.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from bottega.domains import merchants
from bottega.domains.catalog import store
from bottega.domains.catalog.model import MenuIndex
from bottega.infra.cache import VersionedCache
from bottega.infra.transaction import Database
from bottega.kit import ids


class Shop(msgspec.Struct, eq=False):
    """A store and its menu at one version; `rendered` is for faces that keep what they made of it.

    `open_until` is set while the store is known to take orders: until its next closing time, or a change of the store,
    which gives another `Shop`.
    """

    store: merchants.Store
    menu: MenuIndex
    rendered: dict[str, object] = msgspec.field(default_factory=dict)
    open_until: datetime | None = None

    def check_open(self, now: datetime) -> None:
        """As `merchants.check_open`, without reading the timetable again for every order."""
        if self.open_until is None or now >= self.open_until:
            merchants.check_open(self.store, now)
            self.open_until = merchants.opening(self.store, now).open_until


class Shops:
    """The shops of a process, by id or by short name."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._homes: dict[int, merchants.Home] = {}
        self._slugs: dict[str, merchants.Home] = {}
        self._ids: dict[str, UUID] = {}
        self._cache: VersionedCache[UUID, Shop] = VersionedCache(self._load, self._version)

    async def by_text(self, store_id: str) -> Shop:
        """The shop under a shown id (`sto_…`). Raises `StoreNotFound`."""
        parsed = self._ids.get(store_id)
        if parsed is None:
            parsed = ids.parse("sto", store_id)
            await self.home(parsed)
            self._ids[store_id] = parsed
        return await self._cache.get(parsed)

    async def get(self, store_id: UUID, *, version: int | None = None) -> Shop:
        """The shop of a store, at least at that version of its menu. Raises `StoreNotFound`."""
        return await self._cache.get(store_id, version=version)

    async def by_slug(self, slug: str) -> Shop:
        """The shop under its short name. Raises `StoreNotFound`."""
        home = self._slugs.get(slug)
        if home is None:
            async with self._database.read(None) as tx:
                home = await merchants.find_slug(tx, slug)
            if home is None or home.store_id is None:
                raise merchants.StoreNotFound
            self._slugs[slug] = home
        assert home.store_id is not None
        self._homes[home.number] = home
        return await self._cache.get(home.store_id)

    async def home(self, store_id: UUID) -> merchants.Home:
        """Which merchant a store belongs to, from the number in its id. Raises `StoreNotFound`."""
        number = ids.home_of(store_id)
        home = self._homes.get(number)
        if home is None:
            async with self._database.read(None) as tx:
                home = await merchants.find_home(tx, number)
            if home is None:
                raise merchants.StoreNotFound
            self._homes[number] = home
        if home.store_id != store_id:
            raise merchants.StoreNotFound
        return home

    async def home_of_id(self, value: UUID) -> tuple[UUID, UUID]:
        """The merchant and store of anything that a store owns. Raises `StoreNotFound`."""
        number = ids.home_of(value)
        home = self._homes.get(number)
        if home is None:
            async with self._database.read(None) as tx:
                home = await merchants.find_home(tx, number)
            if home is None:
                raise merchants.StoreNotFound
            self._homes[number] = home
        if home.store_id is None:
            raise merchants.StoreNotFound
        return home.merchant_id, home.store_id

    def confirm(self, store_id: UUID, version: int) -> None:
        """A transaction has just read that the store's menu is at that version."""
        self._cache.confirm(store_id, version)

    def drop(self, store_id: UUID) -> None:
        """The store or its menu has changed."""
        self._cache.drop(store_id)

    async def _load(self, store_id: UUID) -> tuple[Shop, int]:
        home = await self.home(store_id)
        async with self._database.read(home.merchant_id) as tx:
            place = await merchants.find_store(tx, store_id)
            menu = await store.read_menu(tx, store_id)
        if place is None or menu is None:
            raise merchants.StoreNotFound
        return Shop(place, MenuIndex(menu)), menu.version

    async def _version(self, store_id: UUID) -> int | None:
        home = await self.home(store_id)
        async with self._database.read(home.merchant_id) as tx:
            return await store.menu_version(tx, store_id)
