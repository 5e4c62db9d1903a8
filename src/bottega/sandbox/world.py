"""The running sandbox: settings, store, clock, fault plan, keys, webhook sender, and the way work is done on them."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import msgspec

from bottega.sandbox import faults, jobs, webhooks
from bottega.sandbox.clock import Clock
from bottega.sandbox.desk import PLATFORM, Desk
from bottega.sandbox.idempotency import Keys
from bottega.sandbox.settings import Settings
from bottega.sandbox.store import Store
from bottega.sandbox.store.jobs import due

T = TypeVar("T")
TICK_SECONDS = 0.1


class World:
    """One per process."""

    def __init__(self, settings: Settings) -> None:
        """Opens the data file and remembers the clock and the fault plan of the last run."""
        self.settings = settings
        self.store = Store(settings.data)
        self.clock = Clock(float(self.store.meta("clock_offset", "0")))
        self.faults = faults.FaultPlan(seed=settings.seed)
        if settings.faults:
            self.faults.replace(settings.seed, faults.parse(settings.faults))
        elif saved := self.store.meta("faults"):
            plan = msgspec.json.decode(saved)
            self.faults.replace(plan["seed"], faults.rules_of(plan["rules"]))
        self.keys = Keys(self.store)
        self.sender = webhooks.Sender(self.desk)

    def desk(self, account: str = PLATFORM) -> Desk:
        """A fresh desk."""
        return Desk(self.store, self.clock, self.faults, account)

    def work(self, action: Callable[[Desk], T], desk: Desk | None = None) -> T:
        """Do it in one transaction; webhooks that came of it leave after the commit."""
        desk = desk or self.desk()
        with self.store.transaction():
            result = action(desk)
        self.sent(desk)
        return result

    def sent(self, desk: Desk) -> None:
        """Hand the webhooks of committed work to the sender."""
        if desk.touched_webhooks:
            self.sender.notice(desk.touched_webhooks)
            desk.touched_webhooks = []

    def set_faults(self, seed: int, rules: dict[faults.Kind, faults.Rule]) -> None:
        """A new plan, remembered over a restart."""
        self.faults.replace(seed, rules)
        self._remember()

    def set_fault(self, kind: faults.Kind, rule: faults.Rule) -> dict[str, object]:
        """Change one rule and leave the dice where they are."""
        self.faults.rules.pop(kind, None)
        if rule.probability > 0:
            self.faults.rules[kind] = rule
        self._remember()
        return self.faults.as_dict()

    def _remember(self) -> None:
        self.store.set_meta("faults", msgspec.json.encode(self.faults.as_dict()).decode())

    def advance(self, seconds: float) -> None:
        """Move the clock ahead and do at once what has come due."""
        self.clock.advance(seconds)
        self.store.set_meta("clock_offset", str(self.clock.offset))
        self.catch_up()
        self.sender.poke()

    def catch_up(self) -> None:
        """Do the jobs whose time has come, also those that came of doing them."""
        while found := due(self.store, self.clock.time()):
            for job in found:
                self.work(lambda desk, job=job: jobs.run(desk, job))

    async def tick(self) -> None:
        """Catch up again and again, until cancelled."""
        while True:
            self.catch_up()
            await asyncio.sleep(TICK_SECONDS)
