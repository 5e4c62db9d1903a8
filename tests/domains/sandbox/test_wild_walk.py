"""Whatever is done in whatever order, the books balance and agree with the objects."""

import random
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import stripe

from tests.domains.sandbox.processes import Sandbox

METHODS = [
    "pm_card_visa",
    "pm_card_createDispute",
    "pm_card_pendingRefund",
    "pm_card_refundFail",
    "pm_card_chargeDeclined",
]


class Walk:
    """One person's random steps on an account of their own."""

    def __init__(self, sandbox: Sandbox, seed: int) -> None:
        self.sandbox, self.dice = sandbox, random.Random(seed)
        self.v1 = sandbox.client_of(f"acct_walk{seed}").v1

    def newest(self, service: Any) -> Any:
        return self.dice.choice(service.list({"limit": 8}).data)

    def step(self) -> None:
        amount: Any = {} if self.dice.random() < 0.4 else {"amount": self.dice.randint(1, 900)}
        new: Any = {"amount": self.dice.randint(50, 900), "currency": self.dice.choice(["eur", "jpy"])}
        method = self.dice.choice(METHODS)
        moves: list[Callable[[], Any]] = [
            lambda: self.v1.payment_intents.create({**new, "confirm": True, "payment_method": method}),
            lambda: self.v1.payment_intents.create(
                {**new, "confirm": True, "payment_method": method, "capture_method": "manual"}
            ),
            lambda: self.v1.charges.create({**new, "source": "tok_visa", "capture": self.dice.random() < 0.5}),
            lambda: self.v1.payment_intents.cancel(self.newest(self.v1.payment_intents).id),
            lambda: self.v1.payment_intents.capture(
                self.newest(self.v1.payment_intents).id, {"amount_to_capture": amount["amount"]} if amount else {}
            ),
            lambda: self.v1.charges.capture(self.newest(self.v1.charges).id, amount),
            lambda: self.v1.refunds.create({"charge": self.newest(self.v1.charges).id, **amount}),
            lambda: self.v1.refunds.cancel(self.newest(self.v1.refunds).id),
            lambda: self.v1.disputes.close(self.newest(self.v1.disputes).id),
            lambda: self.v1.disputes.update(
                self.newest(self.v1.disputes).id, {"evidence": {"uncategorized_text": "winning_evidence"}}
            ),
            lambda: self.sandbox.control("clock", {"advance": self.dice.choice([5, 5, 5, 300_000])}),
        ]
        with suppress(stripe.InvalidRequestError, stripe.CardError, IndexError):
            self.dice.choice(moves)()


def test_the_books_agree_with_every_charge(sandbox: Sandbox) -> None:
    walk = Walk(sandbox, 8)
    for _ in range(90):
        walk.step()
    taken: dict[str, int] = defaultdict(int)
    held: dict[str, int] = defaultdict(int)
    movements: dict[tuple[str, str], int] = defaultdict(int)
    for row in sandbox.control("ledger?limit=10000")["entries"]:
        movements[row["movement"], row["currency"]] += row["amount"]
        if row["account"] == "card_network":
            taken[row["payment_intent"]] += row["amount"]
        if row["account"] == "holds_network":
            held[row["payment_intent"]] += row["amount"]
    assert set(movements.values()) == {0}
    lost: dict[str, int] = defaultdict(int)
    for dispute in walk.v1.disputes.list({"limit": 100}).auto_paging_iter():
        warning = dispute.status.startswith("warning")
        lost[str(dispute.charge)] += 0 if dispute.status == "won" or warning else dispute.amount
    charges = list(walk.v1.charges.list({"limit": 100}).auto_paging_iter())
    assert len(charges) > 10
    for charge in charges:
        if charge.status == "failed":
            continue
        subject = str(charge.payment_intent or charge.id)
        back = charge.amount_refunded if charge.captured else 0
        assert taken[subject] == charge.amount_captured - back - lost[charge.id], charge.id
        assert held[subject] in (0, charge.amount)
        assert not (charge.captured and held[subject])
