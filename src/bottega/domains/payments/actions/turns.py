"""When the ledgers are compared, and for whom: by turns in the workers, when a manager asks, at a person's command.

Several processes may do this at once: a turn and a comparison that was asked for are each taken by one of them, with a
lease, so one that dies in the middle is followed by another.
"""

import time
from datetime import datetime, timedelta
from uuid import UUID

from bottega.domains.payments.actions import differing
from bottega.domains.payments.actions.asking import Desk
from bottega.domains.payments.actions.mending import Mender
from bottega.domains.payments.actions.reconciling import Comparison
from bottega.domains.payments.errors import OnlineOff
from bottega.domains.payments.model.reconciliation import Counts, Difference, Mend, Outcome, Trigger, Window
from bottega.domains.payments.ports import PaymentLedger
from bottega.domains.payments.store import differences
from bottega.domains.payments.store import reconciling as kept
from bottega.infra.telemetry import logger
from bottega.infra.transaction import Database
from bottega.kit.clock import utc_now
from bottega.kit.errors import DomainError
from bottega.kit.subject import NOBODY, system

_MOST_TRIES = 3
_ASK_SECONDS = 30.0
_RELAY = "bottega_relay"


class Reconciler:
    """Where comparisons are made. One per process; `ledger` None means that online payment is off.

    `every` is the pause between turns (zero: none are taken), `reach` how far back a turn looks, `settle` how long news
    may be under way before a difference counts.
    """

    def __init__(
        self,
        database: Database,
        desk: Desk,
        ledger: PaymentLedger | None,
        *,
        every: timedelta,
        reach: timedelta,
        settle: float = 2.0,
    ) -> None:
        self._database = database
        self._desk = desk
        self._given = ledger
        self._every = every
        self._reach = reach
        self._settle = settle
        self._log = logger("reconciliation")
        self._ask_at = 0.0

    @property
    def ledger(self) -> PaymentLedger:
        """The provider's ledger. Raises `OnlineOff` where no provider is configured."""
        if self._given is None:
            raise OnlineOff
        return self._given

    async def close(self) -> None:
        """Close the connections to the provider."""
        if self._given is not None:
            await self._given.close()

    def check_on(self) -> None:
        """Raises `OnlineOff` where there is no ledger to compare with."""
        _ = self.ledger

    def usual_start(self) -> datetime:
        """From when on a comparison looks that was not told."""
        return utc_now() - self._reach

    async def compare(self, window: Window, mend: Mend) -> Outcome:
        """Compare and write down the differences. Raises `OnlineOff`, `ProviderUnavailable`."""
        mender = Mender(self._database, self._desk, self.ledger, mend)
        return await Comparison(self._database, self.ledger, mender, window, self._settle).run()

    async def command(self, window: Window, mend: Mend, trigger: Trigger = Trigger.COMMAND) -> Outcome:
        """Compare, and write down for each store that something was looked at in that it was done."""
        outcome = await self.compare(window, mend)
        async with self._database.read(None, role=_RELAY) as tx:
            places = await kept.places(tx)
        for store_id in outcome.stores:
            place = places[store_id]
            subject = system(place.merchant_id, "reconciliation")
            await self._database.run(differing.keep_outcome, (place, outcome, trigger, mend), by=subject)
        return outcome

    async def found(self, outcome: Outcome, store_id: UUID | None, most: int = 1_000) -> list[Difference]:
        """The differences that a comparison found, the open ones first."""
        async with self._database.read(None, role=_RELAY) as tx:
            return await differences.seen(tx, outcome.started, store_id, most)

    async def turn(self) -> bool:
        """Compare all stores if it is this process's turn; whether it was. What fails is tried again after the lease."""
        if self._given is None or not self._every or time.monotonic() < self._ask_at:
            return False
        self._ask_at = time.monotonic() + min(_ASK_SECONDS, self._every.total_seconds())
        everybody = system(NOBODY, "reconciliation")
        account = self.ledger.account
        if not await self._database.run(differing.take_turn, account, by=everybody):
            return False
        outcome = await self.command(Window(self.usual_start()), Mend.RECORD, Trigger.PERIODIC)
        await self._database.run(differing.end_turn, (account, self._every), by=everybody)
        total = outcome.total
        tell = self._log.error if total.remaining or outcome.unmarked else self._log.info
        tell(
            "ledgers compared",
            there=total.there,
            here=total.here,
            mended=total.mended,
            remaining=total.remaining,
            unmarked=len(outcome.unmarked),
        )
        return True

    async def asked(self) -> int:
        """Make the comparisons that somebody waits for; how many there were."""
        if self._given is None:
            return 0
        async with self._database.read(None, role=_RELAY) as tx:
            due = await kept.due(tx)
        for each in due:
            subject = system(each.merchant_id, "reconciliation")
            which = (each.store_id, each.reconciliation_id)
            claimed = await self._database.run(differing.claim_asked, which, by=subject)
            if claimed is None:
                continue
            counted: Counts | None = None
            try:
                outcome = await self.compare(Window(claimed.since, claimed.until, claimed.store_id), claimed.mend)
                counted = outcome.stores.get(claimed.store_id, Counts())
            except DomainError as error:
                self._log.warning("not compared", code=error.code, tries=claimed.tries)
                if claimed.tries < _MOST_TRIES:
                    continue
            await self._database.run(differing.finish_asked, (*which, counted), by=subject)
        return len(due)
