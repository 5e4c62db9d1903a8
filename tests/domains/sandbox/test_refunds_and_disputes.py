"""Money going back: refunds, disputes, and the books that have to balance all the while."""

import random
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import stripe

from tests.domains.sandbox.processes import Sandbox, Shop, until


def paid(sandbox: Sandbox, method: str = "pm_card_visa") -> stripe.PaymentIntent:
    return sandbox.client.v1.payment_intents.create(
        {"amount": 1450, "currency": "eur", "confirm": True, "payment_method": method}
    )


def charge_of(sandbox: Sandbox, intent: stripe.PaymentIntent) -> stripe.Charge:
    return sandbox.client.v1.charges.retrieve(str(intent.latest_charge), {"expand": ["refunds"]})


def totals(sandbox: Sandbox, intent: stripe.PaymentIntent) -> tuple[int, int, int]:
    rows = sandbox.control("reconciliation?limit=10000")["payments"]
    row = next(row for row in rows if row["payment_intent"] == intent.id)
    return row["captured"], row["refunded"], row["disputed"]


def test_refunds_add_up_and_never_exceed_the_capture(sandbox: Sandbox) -> None:
    intent = paid(sandbox)
    refunds = sandbox.client.v1.refunds
    part = refunds.create({"payment_intent": intent.id, "amount": 450, "reason": "requested_by_customer"})
    assert (part.status, part.amount) == ("succeeded", 450)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        refunds.create({"payment_intent": intent.id, "amount": 1001})
    assert refused.value.code == "amount_too_large"
    assert refunds.create({"charge": str(intent.latest_charge)}).amount == 1000
    with pytest.raises(stripe.InvalidRequestError) as refused:
        refunds.create({"payment_intent": intent.id})
    assert refused.value.code == "charge_already_refunded"
    charge = charge_of(sandbox, intent)
    assert (charge.refunded, charge.amount_refunded) == (True, 1450)
    assert charge.refunds is not None
    assert [refund.amount for refund in charge.refunds.data] == [1000, 450]
    assert totals(sandbox, intent) == (1450, 1450, 0)


def test_fifty_concurrent_refunds_give_back_no_more_than_was_taken(sandbox: Sandbox) -> None:
    intent = paid(sandbox)

    def refund(_: int) -> int:
        try:
            return sandbox.client.v1.refunds.create({"payment_intent": intent.id, "amount": 100}).amount
        except stripe.InvalidRequestError:
            return 0

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(refund, range(50))) == 1400
    assert totals(sandbox, intent)[1] == 1400


def test_an_unpaid_intent_has_nothing_to_refund(sandbox: Sandbox) -> None:
    intent = sandbox.client.v1.payment_intents.create({"amount": 1450, "currency": "eur"})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.client.v1.refunds.create({"payment_intent": intent.id})
    assert refused.value.code == "payment_intent_unexpected_state"


def test_a_refund_may_be_pending_then_succeed_or_be_cancelled(sandbox: Sandbox) -> None:
    refunds = sandbox.client.v1.refunds
    first, second = (refunds.create({"payment_intent": paid(sandbox, "pm_card_pendingRefund").id}) for _ in range(2))
    assert (first.status, second.status) == ("pending", "pending")
    assert refunds.cancel(second.id).status == "canceled"
    sandbox.control("clock", {"advance": 60})
    assert refunds.retrieve(first.id).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError):
        refunds.cancel(first.id)


def test_a_refund_that_fails_later_gives_its_amount_back(sandbox: Sandbox) -> None:
    intent = paid(sandbox, "pm_card_refundFail")
    refund = sandbox.client.v1.refunds.create({"payment_intent": intent.id})
    assert refund.status == "succeeded"
    sandbox.control("clock", {"advance": 60})
    failed = sandbox.client.v1.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "lost_or_stolen_card")
    assert charge_of(sandbox, intent).amount_refunded == 0
    assert totals(sandbox, intent) == (1450, 0, 0)


def test_a_dispute_takes_the_money_and_winning_brings_it_back(sandbox: Sandbox) -> None:
    intent = paid(sandbox, "pm_card_createDispute")
    dispute = until(lambda: sandbox.client.v1.disputes.list({"payment_intent": intent.id}).data)[0]
    assert (dispute.status, dispute.amount) == ("needs_response", 1450)
    assert totals(sandbox, intent) == (1450, 0, 1450)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.client.v1.refunds.create({"payment_intent": intent.id})
    assert refused.value.code == "charge_disputed"
    won = sandbox.client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}})
    assert won.status == "won"
    assert totals(sandbox, intent) == (1450, 0, 0)


def test_a_dispute_opened_by_hand_can_be_lost(sandbox: Sandbox) -> None:
    intent = paid(sandbox)
    dispute = sandbox.control(f"charges/{intent.latest_charge}/dispute", {"reason": "product_not_received"})
    assert sandbox.client.v1.disputes.close(dispute["id"]).status == "lost"
    assert totals(sandbox, intent) == (1450, 0, 1450)


def test_a_hold_expires_after_seven_days_and_cannot_be_captured(sandbox: Sandbox) -> None:
    intent = sandbox.client.v1.payment_intents.create(
        {
            "amount": 900,
            "currency": "eur",
            "confirm": True,
            "payment_method": "pm_card_visa",
            "capture_method": "manual",
        }
    )
    sandbox.control("clock", {"advance": 8 * 86_400})
    gone = sandbox.client.v1.payment_intents.retrieve(intent.id)
    assert (gone.status, gone.cancellation_reason) == ("canceled", "expired")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.client.v1.payment_intents.capture(intent.id)
    assert refused.value.code == "charge_expired_for_capture"


def held(sandbox: Sandbox, amount: int = 900) -> stripe.PaymentIntent:
    intent = sandbox.client.v1.payment_intents.create(
        {"amount": amount, "currency": "eur", "confirm": True, "payment_method": "pm_card_visa",
         "capture_method": "manual"}
    )  # fmt: skip
    assert (intent.status, intent.amount_capturable) == ("requires_capture", amount)
    return intent


def test_a_partial_capture_takes_a_part_and_releases_the_rest(sandbox: Sandbox) -> None:
    intent = sandbox.client.v1.payment_intents.capture(held(sandbox).id, {"amount_to_capture": 650})
    assert (intent.status, intent.amount_received, intent.amount_capturable) == ("succeeded", 650, 0)
    charge = charge_of(sandbox, intent)
    assert (charge.amount, charge.amount_captured, charge.amount_refunded) == (900, 650, 0)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.client.v1.refunds.create({"payment_intent": intent.id, "amount": 651})
    assert refused.value.code == "amount_too_large"
    assert sandbox.client.v1.refunds.create({"payment_intent": intent.id}).amount == 650
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.client.v1.payment_intents.capture(intent.id)
    assert refused.value.code == "charge_already_captured"


def test_a_cancelled_hold_captures_nothing_and_is_no_refund(sandbox: Sandbox, shop: Shop) -> None:
    intent = sandbox.client.v1.payment_intents.cancel(held(sandbox).id)
    charge = charge_of(sandbox, intent)
    assert (charge.captured, charge.amount_captured, charge.refunded) == (False, 0, False)
    assert not sandbox.client.v1.refunds.list({"payment_intent": intent.id}).data
    until(lambda: "payment_intent.canceled" in shop.types(intent.id))
    assert "charge.refunded" not in shop.types(intent.id)


def test_on_accounts_of_before_2025_a_released_hold_looks_like_a_refund(sandbox: Sandbox, shop: Shop) -> None:
    sandbox.control("faults", {"rules": {"release_as_refund": 1}})
    try:
        gone = sandbox.client.v1.payment_intents.cancel(held(sandbox).id)
        part = sandbox.client.v1.payment_intents.capture(held(sandbox).id, {"amount_to_capture": 650})
    finally:
        sandbox.control("faults", method="DELETE")
    charge = charge_of(sandbox, gone)
    assert (charge.amount_captured, charge.amount_refunded, charge.refunded) == (0, 900, True)
    until(lambda: "charge.refunded" in shop.types(gone.id))
    assert (charge_of(sandbox, part).amount_refunded, totals(sandbox, part)) == (250, (650, 0, 0))
    assert sandbox.client.v1.refunds.create({"payment_intent": part.id}).amount == 650
    assert totals(sandbox, part) == (650, 650, 0)


def test_a_refund_that_fails_is_told_under_every_name(sandbox: Sandbox, shop: Shop) -> None:
    intent = paid(sandbox, "pm_card_refundFail")
    sandbox.client.v1.refunds.create({"payment_intent": intent.id})
    sandbox.control("clock", {"advance": 60})
    told = until(lambda: "charge.refund.updated" in (types := shop.types(intent.id)) and types)
    assert {"refund.created", "charge.refunded", "refund.failed", "refund.updated"} <= set(told)


def test_an_inquiry_moves_no_money_and_a_full_refund_ends_it(sandbox: Sandbox) -> None:
    intent = paid(sandbox, "pm_card_createDisputeInquiry")
    dispute = until(lambda: sandbox.client.v1.disputes.list({"payment_intent": intent.id}).data)[0]
    assert (dispute.status, totals(sandbox, intent)) == ("warning_needs_response", (1450, 0, 0))
    sandbox.client.v1.refunds.create({"payment_intent": intent.id})
    assert sandbox.client.v1.disputes.retrieve(dispute.id).status == "warning_closed"
    assert totals(sandbox, intent) == (1450, 1450, 0)


def test_a_dispute_nobody_answers_is_lost_and_a_won_one_can_be_refunded(sandbox: Sandbox, shop: Shop) -> None:
    quiet, won = paid(sandbox), paid(sandbox)
    disputes = [
        sandbox.control(f"charges/{i.latest_charge}/dispute", {"amount": 450})["id"] for i in (quiet, won)
    ]  # fmt: skip
    sandbox.control(f"disputes/{disputes[1]}/win", {})
    assert sandbox.client.v1.refunds.create({"payment_intent": won.id}).amount == 1450
    sandbox.control("clock", {"advance": 8 * 86_400})
    assert sandbox.client.v1.disputes.retrieve(disputes[0]).status == "lost"
    assert (totals(sandbox, quiet), totals(sandbox, won)) == ((1450, 0, 450), (1450, 1450, 0))
    until(lambda: "charge.dispute.closed" in shop.types(quiet.id))
    told = until(lambda: "charge.dispute.funds_reinstated" in (types := shop.types(won.id)) and types)
    assert {"charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.closed"} <= set(told)


def test_the_books_balance_in_every_currency_and_movement(sandbox: Sandbox) -> None:
    sandbox.client.v1.payment_intents.create(
        {"amount": 1200, "currency": "jpy", "confirm": True, "payment_method": "pm_card_jcb"}
    )
    found = sandbox.control("ledger?limit=10000")
    assert all(sum(accounts.values()) == 0 for accounts in found["balances"].values())
    movements: dict[str, int] = {}
    for entry in found["entries"]:
        movements[entry["movement"]] = movements.get(entry["movement"], 0) + entry["amount"]
    assert movements
    assert set(movements.values()) == {0}
    net = sum(t.amount for t in sandbox.client.v1.balance_transactions.list({"currency": "jpy"}).auto_paging_iter())
    assert net == found["balances"]["jpy"]["card_network"] == 1200


def test_the_balance_is_what_was_taken_less_fees_and_waits_to_settle(sandbox: Sandbox) -> None:
    def owed() -> tuple[int, int]:
        balance = sandbox.client.v1.balance.retrieve()
        parts = [
            [each.amount for each in part if each.currency == "eur"] for part in (balance.available, balance.pending)
        ]
        return sum(parts[0]), sum(parts[1])

    available, pending = owed()
    charge = sandbox.client.v1.charges.retrieve(str(paid(sandbox).latest_charge), {"expand": ["balance_transaction"]})

    assert isinstance(charge.balance_transaction, stripe.BalanceTransaction)
    assert owed() == (available, pending + charge.balance_transaction.net)
    assert 0 < charge.balance_transaction.net < 1450


def test_an_inquiry_may_become_a_dispute(sandbox: Sandbox, shop: Shop) -> None:
    v1 = sandbox.client.v1
    for by_hand in (False, True):
        intent = paid(sandbox, "pm_card_createDisputeInquiry").id
        inquiry = until(lambda intent=intent: v1.disputes.list({"payment_intent": intent}).data)[0]
        assert inquiry.payment_method_details.card.case_type == "inquiry"
        if by_hand:
            sandbox.control(f"disputes/{inquiry.id}/escalate", {})
        else:
            v1.disputes.update(inquiry.id, {"evidence": {"uncategorized_text": "escalate_inquiry_evidence"}})
        dispute = v1.disputes.retrieve(inquiry.id)
        assert (dispute.status, len(dispute.balance_transactions)) == ("needs_response", 1)
        until(lambda intent=intent: "charge.dispute.funds_withdrawn" in shop.types(intent))
        assert v1.disputes.close(inquiry.id).status == "lost"


_METHODS = [
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
        method = self.dice.choice(_METHODS)
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
    for _ in range(80):
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
