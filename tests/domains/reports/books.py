"""Books of a shop made up for the reports: who ordered, what was taken and given back when; and the answers, plainly.

The answers are worked out in Python from the list of movements, movement by movement, with no thought of speed and
nothing of the code that is tested: the month of a movement is read off the store's wall clock.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg

from bottega.infra.db import SET_TENANT, ReadTx

WENT_BACK = ("REFUNDED", "FUNDS_WITHDRAWN")
CAME_AGAIN = ("REFUND_FAILED", "FUNDS_REINSTATED")
MOVES_NOTHING = (("OPENED", None), ("REFUND_REQUESTED", None), ("REFUND_FAILED", "declined"))
PEOPLE = ("CUSTOMER", "CUSTOMER", "CUSTOMER", "GUEST", "GUEST", "STAFF")


@dataclass(frozen=True)
class Place:
    """A store of the books: its id, its clock and its money."""

    store_id: UUID
    zone: str
    currency: str


@dataclass(frozen=True)
class Move:
    """Money of one payment: taken, given back or taken back by a bank, or with us again (bounced, dispute won)."""

    kind: str
    amount: int
    at: datetime


@dataclass(frozen=True)
class Bought:
    """One order with its payment: who, where, and what moved. `status` is the order's, which shall not matter."""

    who: UUID
    place: Place
    moves: tuple[Move, ...]
    status: str = "COMPLETED"

    @property
    def kept(self) -> int:
        """What of it was kept in the end."""
        return sum(-each.amount if each.kind in WENT_BACK else each.amount for each in self.moves)

    def net(self, away: str, again: str) -> int:
        """What went away in one manner and did not come again."""
        sums = {kind: sum(each.amount for each in self.moves if each.kind == kind) for kind in (away, again)}
        return sums[away] - sums[again]


@dataclass
class Books:
    """Everybody and everything."""

    merchant_id: UUID
    places: Sequence[Place]
    people: dict[UUID, str] = field(default_factory=dict[UUID, str])
    bought: list[Bought] = field(default_factory=list[Bought])

    def spent(self, month: tuple[int, int], places: Iterable[Place]) -> dict[tuple[str, UUID], tuple[int, int]]:
        """What each person's captures and refunds in a month come to, by currency and person."""
        sums: dict[tuple[str, UUID], list[int]] = defaultdict(lambda: [0, 0])
        wanted = set(places)
        for bought in self.bought:
            for move in bought.moves if bought.place in wanted else ():
                there = move.at.astimezone(ZoneInfo(bought.place.zone))
                if (there.year, there.month) == month:
                    entry = sums[bought.place.currency, bought.who]
                    entry[move.kind != "CAPTURED"] += -move.amount if move.kind in CAME_AGAIN else move.amount
        return {who: (captured, refunded) for who, (captured, refunded) in sums.items()}

    def top(self, month: tuple[int, int], places: Iterable[Place], ranks: int) -> set[tuple[str, int, UUID, int]]:
        """Currency, rank, person and sum of the first ranks; who spent the same has the same rank."""
        sums = {
            key: captured - refunded
            for key, (captured, refunded) in self.spent(month, places).items()
            if captured > refunded and self.people[key[1]] != "STAFF"
        }
        found: set[tuple[str, int, UUID, int]] = set()
        for (currency, who), amount in sums.items():
            rank = 1 + sum(more > amount for (other, _), more in sums.items() if other == currency)
            if rank <= ranks:
                found.add((currency, rank, who, amount))
        return found

    def never(self, place: Place | None) -> dict[UUID, bool]:
        """Registered customers of whom nothing was kept, with whether they paid and got it all back."""
        mine: dict[UUID, list[Bought]] = defaultdict(list)
        for bought in self.bought:
            if place is None or bought.place == place:
                mine[bought.who].append(bought)
        customers = [who for who, kind in self.people.items() if kind == "CUSTOMER"]
        return {
            who: any(bought.moves for bought in mine[who])
            for who in customers
            if sum(bought.kept for bought in mine[who]) <= 0
        }

    async def write(self, connection: psycopg.AsyncConnection[Any]) -> ReadTx:
        """Put all of it into a database, in the transaction that is open, and look at it as the application does."""
        await connection.execute("set local session_replication_role = replica")
        async with connection.cursor() as cursor:
            await cursor.execute("delete from users where kind = 'CUSTOMER'")
            await cursor.executemany(_PERSON, [
                (self.merchant_id, who, kind, f"={kind} {who}", who.bytes)
                for who, kind in self.people.items() if kind != "GUEST"
            ])  # fmt: skip
            for number, bought in enumerate(self.bought, 1):
                await self._write_one(cursor, number, bought)
            for place in self.places:
                await cursor.execute(
                    "update stores set timezone = %s, currency = %s where store_id = %s",
                    [place.zone, place.currency, place.store_id],
                )
            await cursor.execute(
                "analyze users, orders, payments, payment_entries"
            )  # as a shop's tables are after a while
        await connection.execute("set local role bottega_app")
        await connection.execute(SET_TENANT, [str(self.merchant_id)])
        await connection.execute("set local idle_in_transaction_session_timeout = 0")
        return ReadTx(connection, self.merchant_id)

    async def _write_one(self, cursor: psycopg.AsyncCursor[Any], number: int, bought: Bought) -> None:
        place, order_id, payment_id = bought.place, uuid.uuid4(), uuid.uuid4()
        captured = sum(each.amount for each in bought.moves if each.kind == "CAPTURED")
        first = min((each.at for each in bought.moves), default=datetime(2026, 1, 1, tzinfo=UTC))
        owner = (self.merchant_id, place.store_id)
        await cursor.execute(_ORDER, (*owner, order_id, number, bought.status, place.currency, captured, captured, payment_id,
                                      bought.who, str(order_id), first, first, first))  # fmt: skip
        gone = [bought.net(*way) for way in zip(WENT_BACK, CAME_AGAIN, strict=True)]
        await cursor.execute(
            _PAYMENT, (*owner, payment_id, order_id, captured, captured, *gone, place.currency, first, first)
        )
        await cursor.executemany(_ENTRY, [
            (*owner, payment_id, entry_no, move.kind, move.amount, f"{move.kind}{entry_no}",
             "reversed" if move.kind == "REFUND_FAILED" else None, move.at)
            for entry_no, move in enumerate(bought.moves, 1)
        ])  # fmt: skip
        # Lines of the ledger that move no money must count for nothing.
        await cursor.executemany(_ENTRY, [
            (*owner, payment_id, 50 + entry_no, kind, 777, None, note, first + timedelta(minutes=1))
            for entry_no, (kind, note) in enumerate(MOVES_NOTHING)
        ])  # fmt: skip


_PERSON = """
insert into users (merchant_id, user_id, kind, name, login_index, login_sealed, password_hash)
values (%s, %s, %s, %s, %s, '', '')
"""
_ORDER = """
insert into orders (merchant_id, store_id, order_id, number, business_date, status, seq, fulfillment_type, pay_mode, currency,
  subtotal_minor, discount_minor, tax_minor, tax_included, total_minor, menu_version, payment_id, placed_by, contact_name,
  idempotency_key, fingerprint, promised_at, created_at, updated_at)
values (%s, %s, %s, %s, '2026-01-01', %s, 1, 'PICKUP', 'AT_STORE', %s, %s, 0, 0, true, %s, 1, %s, %s, 'Giulia', %s, '',
  %s, %s, %s)
"""
_PAYMENT = """
insert into payments (merchant_id, store_id, payment_id, reference, provider, status, amount_minor, captured_minor,
  refunded_minor, disputed_minor, currency, created_at, updated_at)
values (%s, %s, %s, %s, 'TILL', 'CAPTURED', %s, %s, %s, %s, %s, %s, %s)
"""
_ENTRY = """
insert into payment_entries (merchant_id, store_id, payment_id, entry_no, kind, amount_minor, provider_ref, note, actor_kind,
  at)
values (%s, %s, %s, %s, %s, %s, %s, %s, 'SYSTEM', %s)
"""
