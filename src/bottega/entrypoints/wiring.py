"""The wiring: makes the parts of a process and joins them. It decides nothing.

`Parts` is what both roles have (database, shops, the payments' desk); the web process adds the gate, the lane and the
hub, the worker adds the sequencer, the consumers and the sweeps.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from bottega.adapters.stripe import StripeProvider
from bottega.adapters.stripe_ledger import StripeLedger
from bottega.domains import identity, kitchen, live, merchants, orders
from bottega.domains.catalog import AvailabilityChanged, MenuChanged, Shops
from bottega.domains.identity import People
from bottega.domains.orders import Ordering, Placed, Placement, Placing
from bottega.domains.payments import Desk, Reconciler
from bottega.infra.auth import Tokens
from bottega.infra.consumers import Consumer
from bottega.infra.crypto import Keyring
from bottega.infra.db import Pools
from bottega.infra.group_commit import GroupCommit, Lanes
from bottega.infra.log import Entry
from bottega.infra.outbox import Waker
from bottega.infra.settings import Settings
from bottega.infra.transaction import Database
from bottega.infra.web.context import Context
from bottega.infra.web.gate import Gate
from bottega.infra.web.streams import Hub
from bottega.kit.subject import Subject, SubjectKind

LANES = 2
"""Lanes for orders in one web process; a store always goes the same way."""

_SHOP_CHANGES = frozenset({AvailabilityChanged.type, MenuChanged.type, merchants.StoreChanged.type})


@dataclass(frozen=True)
class Parts:
    """What every process of ours has."""

    settings: Settings
    pools: Pools
    waker: Waker
    database: Database
    keyring: Keyring
    shops: Shops
    people: People
    desk: Desk
    reconciler: Reconciler

    async def open(self) -> None:
        """Open the connections."""
        await self.pools.open()

    async def close(self) -> None:
        """Close the connections."""
        await self.reconciler.close()
        await self.desk.close()
        await self.waker.close()
        await self.pools.close()


def make_parts(settings: Settings, name: str) -> Parts:
    """The parts of a process called `name`. Raises `ValueError` for a root secret that is too short."""
    pools = Pools(settings.database_url, size=settings.database_connections, name=f"bottega-{name}")
    waker = Waker(pools.conninfo)
    database = Database(pools, waker)
    keyring = Keyring(settings.secret)
    desk = make_desk(settings, database)
    return Parts(
        settings=settings,
        pools=pools,
        waker=waker,
        database=database,
        keyring=keyring,
        shops=Shops(database),
        people=People(keyring, database),
        desk=desk,
        reconciler=make_reconciler(settings, database, desk),
    )


def make_desk(settings: Settings, database: Database) -> Desk:
    """Where payments meet the provider."""
    return Desk(database, _provider(settings))


def make_reconciler(settings: Settings, database: Database, desk: Desk) -> Reconciler:
    """Where the provider's ledger is compared with ours."""
    every, reach = timedelta(minutes=settings.reconcile_minutes), timedelta(days=settings.reconcile_days)
    return Reconciler(database, desk, _ledger(settings), every=every, reach=reach)


def make_context(parts: Parts) -> Context:
    """What the handlers of a web process reach."""
    gate = Gate(
        Tokens(parts.keyring),
        parts.keyring,
        identity.subject_of_claims,
        _SessionReader(parts.people).of_session,
        _SessionReader(parts.people).present,
    )
    context = Context(parts.settings, parts.database, parts.keyring, gate, parts.shops.home_of_id)
    placing = Placing(parts.shops, parts.settings.stripe_account)
    verb, size = placing.place_many, parts.settings.batch_size
    made = [
        GroupCommit(parts.pools, verb, parts.waker, once=orders.ONE_ORDER_PER_KEY, batch_size=size)
        for _ in range(LANES)
    ]
    lane: Lanes[Placement, Placed] = Lanes(made, _store_number)
    context.add(Ordering(parts.database, parts.shops, lane, parts.desk, parts.keyring))
    hub = Hub(parts.pools.relay_conninfo, live.route, parts.settings.stream_heartbeat)
    hub.watch(lambda entry: _drop_changed(parts.shops, entry))
    for part in (hub, parts.shops, parts.people, parts.desk, parts.reconciler):
        context.add(part)
    return context


def _store_number(placement: Placement) -> int:
    return placement.store.number


def make_consumers(parts: Parts) -> list[Consumer]:
    """Who reads the log in a worker."""
    reactions = {"orders": orders.REACTIONS, "kitchen": kitchen.REACTIONS}
    return [Consumer(name, each, parts.database, parts.pools.relay_conninfo) for name, each in reactions.items()]


class _SessionReader:
    """Turns what identity keeps into subjects, for the gate."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def of_session(self, merchant_id: UUID, token: str) -> Subject | None:
        """Whose session a cookie's secret is."""
        found = await self._people.session_of(merchant_id, token)
        if found is None:
            return None
        kind, subject_id, user = found
        return Subject(kind, subject_id, merchant_id) if user is None else identity.subject_of(user)

    async def present(self, merchant_id: UUID, user_id: UUID) -> Subject | None:
        """A member of staff as they are now; None when they are gone."""
        user = await self._people.user(merchant_id, user_id)
        if user is None or user.disabled_at is not None or user.kind is SubjectKind.GUEST:
            return None
        return identity.subject_of(user)


def _drop_changed(shops: Shops, entry: Entry) -> None:
    if entry.type in _SHOP_CHANGES and entry.store_id is not None:
        shops.drop(entry.store_id)


def _provider(settings: Settings) -> StripeProvider | None:
    if not settings.stripe_secret_key:
        return None
    secrets = tuple(each.strip() for each in settings.stripe_webhook_secrets.split(",") if each.strip())
    return StripeProvider(settings.stripe_secret_key, secrets, settings.stripe_account, settings.stripe_api_base)


def _ledger(settings: Settings) -> StripeLedger | None:
    if not settings.stripe_secret_key:
        return None
    return StripeLedger(settings.stripe_secret_key, settings.stripe_account, settings.stripe_api_base)
