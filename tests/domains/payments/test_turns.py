"""Who compares, when and how: turns among workers, comparisons that managers ask for, the command, a ledger of any size."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import msgspec
import psycopg
import pytest
from typer.testing import CliRunner

from bottega.domains.payments import Mend, Window
from bottega.domains.payments.actions.asking import Desk
from bottega.domains.payments.actions.differing import ask_reconciliation, resolve_difference
from bottega.domains.payments.actions.mending import Mender
from bottega.domains.payments.actions.reconciling import Comparison
from bottega.domains.payments.errors import DifferenceNotOpen, WindowRefused
from bottega.domains.payments.model import IntentState
from bottega.domains.payments.model.reconciliation import (
    AskReconciliation,
    LedgerCharge,
    LedgerDispute,
    LedgerRefund,
    Marks,
    ResolveDifference,
)
from bottega.entrypoints.cli import app
from bottega.kit.clock import utc_now
from bottega.kit.subject import system
from tests.conftest import Shop
from tests.domains.sandbox.processes import Sandbox
from tests.simulators.ledgers import KEY, Books, books

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content:DeprecationWarning")  # the SDK's way to use httpx


async def test_of_several_workers_one_takes_the_turn(both: Books, emptied: Shop, provider: Sandbox) -> None:
    payment = await both.paid_there(700)
    both.change("insert into reconciliation_turns values ('default', now())")
    async with books(emptied, provider.url) as second, books(emptied, provider.url) as third:
        took = await asyncio.gather(*(each.reconciler.turn() for each in (both, second, third)))
    async with books(emptied, provider.url) as later:
        again = await later.reconciler.turn()

    assert sorted(took) == [False, False, True]
    assert not again
    assert both.mended() == [("CAPTURED_THERE", payment.provider_ref)]
    assert both.rows("select trigger, mend, state, mended, remaining from reconciliations") == [
        ("PERIODIC", "RECORD", "DONE", 1, 0)
    ]


async def test_a_turn_that_its_worker_did_not_survive_is_taken_by_another(
    both: Books, emptied: Shop, provider: Sandbox
) -> None:
    assert not await both.reconciler.turn()  # it begins with a wait, as long as a turn may take
    both.change("update reconciliation_turns set next_at = now() - interval '1 second'")

    async with books(emptied, provider.url) as other:
        assert await other.reconciler.turn()


async def test_what_a_manager_asks_for_is_done_once_and_only_for_the_store(
    both: Books, emptied: Shop, provider: Sandbox
) -> None:
    here, elsewhere = await both.paid_there(700), await both.paid_there(900, "new-york")
    place = both.place()
    wanted = AskReconciliation(
        store_id=place.store_id, since=utc_now() - timedelta(days=1), until=None, mend=Mend.RECORD
    )
    await both.database.run(ask_reconciliation, wanted, by=system(emptied.seeded.merchant_id))

    async with books(emptied, provider.url) as other:
        await asyncio.gather(both.reconciler.asked(), other.reconciler.asked())
    assert await both.reconciler.asked() == 0

    assert both.rows("select trigger, state, there, here, mended, tries from reconciliations") == [
        ("STAFF", "DONE", 1, 1, 1, 1)
    ]
    assert both.mended() == [("CAPTURED_THERE", here.provider_ref)]
    assert (await both.ours(elsewhere)).captured_minor == 0
    dawn = datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))
    dusk = datetime.max.replace(tzinfo=timezone(-timedelta(hours=14)))
    for since, until in (
        (utc_now() - timedelta(days=40), None), (dawn, dawn + timedelta(days=1)), (dusk - timedelta(days=1), dusk),
    ):  # fmt: skip
        refused = msgspec.structs.replace(wanted, since=since, until=until)
        with pytest.raises(WindowRefused):
            await both.database.run(ask_reconciliation, refused, by=system(emptied.seeded.merchant_id))


async def test_a_difference_that_a_person_settled_stays_settled_until_it_differs_otherwise(both: Books) -> None:
    payment = await both.paid(700)
    both.change("update payments set captured_minor = 650")
    await both.compare(Mend.LIST)
    [(found,)] = both.rows("select difference_id from differences")
    command = ResolveDifference(store_id=payment.store_id, difference_id=found, note="a gift")
    await both.database.run(resolve_difference, command, by=system(payment.merchant_id))
    with pytest.raises(DifferenceNotOpen):
        await both.database.run(resolve_difference, command, by=system(payment.merchant_id))

    assert (await both.compare(Mend.LIST)).total.remaining == 0
    assert both.rows("select state, note from differences") == [("RESOLVED", "a gift")]
    both.change("update payments set captured_minor = 600")
    assert (await both.compare(Mend.LIST)).total.remaining == 1
    assert both.rows("select state from differences") == [("OPEN",)]


async def test_the_command_lists_then_mends_and_its_exit_code_says_whether_ledgers_agree(
    both: Books, emptied: Shop, provider: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = await both.paid_there(700)
    monkeypatch.setenv("BOTTEGA_DATABASE_URL", emptied.url)
    monkeypatch.setenv("BOTTEGA_STRIPE_SECRET_KEY", KEY)
    monkeypatch.setenv("BOTTEGA_STRIPE_API_BASE", provider.url)

    def run(*words: str) -> tuple[int, dict[str, object]]:
        result = CliRunner().invoke(app, ["reconcile", "--from", "1d", *words, "--json"])
        return result.exit_code, json.loads(result.stdout)

    code, listed = await asyncio.to_thread(run, "--list", "--store", "milano")
    assert (code, listed["ok"], listed["remaining"]) == (1, False, 1)
    assert [(each["code"], each["object"], each["state"]) for each in listed["differences"]] == [  # type: ignore[union-attr]
        ("CAPTURED_THERE", payment.provider_ref, "OPEN")
    ]
    code, mended = await asyncio.to_thread(run, "--mend")
    assert (code, mended["ok"], mended["mended"]) == (0, True, 1)
    shown = await asyncio.to_thread(CliRunner().invoke, app, ["reconcile"])
    assert shown.exit_code == 0
    assert "Payments there: 1, here: 1; the ledgers agree" in shown.stdout


class LongLedger:
    """A provider's ledger that is made while it is read: as long as one likes, newest first."""

    account = "default"

    def __init__(self, marks: Marks, count: int, began: datetime) -> None:
        self.marks, self.count, self.began = marks, count, began

    async def close(self) -> None:
        return

    async def charges(self, window: Window) -> AsyncIterator[list[LedgerCharge]]:
        for first in range(self.count, 0, -100):
            yield [self.charge(number) for number in range(first, first - 100, -1)]

    def charge(self, number: int) -> LedgerCharge:
        name = UUID(int=(int(self.began.timestamp() * 1000) + number) << 80 | 8 << 76 | 2 << 62 | 2)
        marks = Marks(self.marks.merchant_id, self.marks.store_id, name)
        return LedgerCharge(
            ref=f"pi_{number}", created_at=self.began + timedelta(milliseconds=number), state=IntentState.SUCCEEDED,
            amount_minor=500, captured_minor=500, refunded_minor=0, currency="EUR", marks=marks,
        )  # fmt: skip

    async def bare_charges(self, window: Window) -> AsyncIterator[list[LedgerCharge]]:
        yield []

    async def refunds(self, window: Window) -> AsyncIterator[list[LedgerRefund]]:
        yield []

    async def disputes(self, window: Window) -> AsyncIterator[list[LedgerDispute]]:
        yield []

    async def read_charge(self, ref: str) -> LedgerCharge | None:
        number = int(ref.removeprefix("pi_"))
        return self.charge(number) if number <= self.count else None

    async def refunds_of(self, ref: str) -> tuple[LedgerRefund, ...]:
        return ()

    async def disputes_of(self, ref: str) -> tuple[LedgerDispute, ...]:
        return ()

    async def give_back(self, charge: LedgerCharge, key: str) -> None:
        raise AssertionError("nothing here is to be given back")


FILL = """
insert into payments (merchant_id, store_id, payment_id, reference, provider, provider_account, provider_ref, status,
  amount_minor, captured_minor, currency, created_at, updated_at)
select %s, %s, (lpad(to_hex(%s + n), 12, '0') || '8000800000000000' || lpad(to_hex(2), 4, '0'))::uuid, gen_random_uuid(),
  'STRIPE', 'default', 'pi_' || n, 'CAPTURED', 500, 500, 'EUR', to_timestamp((%s + n) / 1000.0), now()
from generate_series(1, %s) n where n %% 2500 <> 7
"""


async def test_a_long_ledger_is_compared_in_little_memory_and_nothing_in_it_is_missed(emptied: Shop) -> None:
    count, began = 6_000, datetime.fromtimestamp(int(utc_now().timestamp()) - 3600, UTC)
    store = next(each for each in emptied.seeded.stores if each.slug == "milano")
    millis = int(began.timestamp() * 1000)
    with psycopg.connect(emptied.url, autocommit=True) as connection:
        connection.execute(FILL.encode(), [emptied.seeded.merchant_id, store.store_id, millis, millis, count + 3])
        connection.execute("analyze payments")
    ledger = LongLedger(Marks(emptied.seeded.merchant_id, store.store_id), count, began)
    mender = Mender(emptied.database, Desk(emptied.database, None), ledger, Mend.LIST)
    tracemalloc.start()
    try:
        outcome = await Comparison(emptied.database, ledger, mender, Window(began), 0.0).run()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    with psycopg.connect(emptied.url) as connection:
        found = connection.execute("select code, object_ref from differences order by 1, 2").fetchall()
    assert found == [
        *(("ORPHAN_CHARGE", f"pi_{number}") for number in (2507, 5007, 7)),
        *(("UNKNOWN_THERE", f"pi_{count + number}") for number in (1, 2, 3)),
    ]
    assert (outcome.total.there, outcome.total.here) == (count, count)
    assert peak < 6_000_000  # bytes, of our own; a stretch of references is most of it
