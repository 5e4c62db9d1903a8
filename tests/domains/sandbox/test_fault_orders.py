"""Trouble by hand and the rarer kinds of it: the next one for sure, lost payments, twins, cut answers, other amounts."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import stripe

from bottega.sandbox.faults import GROUPS, FaultPlan, Kind, rules_of
from tests.domains.sandbox.processes import Sandbox, Shop, until
from tests.simulators import http as clients

PARAMS = {"amount": 700, "currency": "eur", "confirm": True, "payment_method": "pm_card_visa"}


@pytest.fixture(autouse=True)
def _calm(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.control("faults", method="DELETE")


def pay(sandbox: Sandbox, **more: Any) -> stripe.PaymentIntent:
    return sandbox.client.v1.payment_intents.create({**PARAMS, **more})  # type: ignore[arg-type]


def post(sandbox: Sandbox, key: str, client: httpx.Client | None = None) -> httpx.Response:
    return (client or httpx).post(
        f"{sandbox.url}/v1/payment_intents", data=PARAMS, timeout=5,
        headers={"Authorization": "Bearer sk_test_x", "Idempotency-Key": key},
    )  # fmt: skip


def states(sandbox: Sandbox, subject: str) -> list[tuple[str, str]]:
    found = sandbox.control(f"deliveries?subject={subject}")["deliveries"]
    return [(row["type"], row["state"]) for row in reversed(found)]


def test_groups_of_kinds_are_set_at_once_and_a_kind_itself_wins() -> None:
    rules = rules_of({"calls": 0.1, "webhooks": {"probability": 0.3}, "slow": 0, "webhook_drop": 0.1})
    assert set(rules) == {*GROUPS["calls"], *GROUPS["webhooks"]} - {Kind.SLOW}
    assert (rules[Kind.WEBHOOK_DROP].probability, rules[Kind.WEBHOOK_FORGE].probability) == (0.1, 0.3)
    assert sorted(kind for kinds in GROUPS.values() for kind in kinds) == sorted(Kind)
    assert set(rules_of({"all": 0.01})) == set(Kind)


def test_what_was_ordered_happens_once_whatever_the_dice_say() -> None:
    plan = FaultPlan()
    plan.order(Kind.SLOW, rules_of({"slow": {"probability": 1, "only": "refunds"}})[Kind.SLOW], 2)
    assert plan.draw(Kind.SLOW, "GET /v1/charges") is None
    assert [plan.draw(Kind.SLOW, "POST /v1/refunds") is not None for _ in range(3)] == [True, True, False]
    assert plan.quiet


def test_the_next_call_can_be_refused_and_the_next_webhook_lost(sandbox: Sandbox, shop: Shop) -> None:
    sandbox.control("faults/next", {"kind": "rate_limit"})
    sandbox.control("faults/next", {"kind": "webhook_drop", "only": "payment_intent.succeeded"})
    assert [post(sandbox, "next").status_code for _ in range(2)] == [429, 200]
    intent = pay(sandbox)
    until(lambda: "payment_intent.succeeded" in shop.types(intent.id))
    first = sandbox.client.v1.payment_intents.list({"limit": 2}).data[1]
    assert states(sandbox, first.id)[-1] == ("payment_intent.succeeded", "DROPPED")
    row = sandbox.control(f"deliveries?subject={first.id}")["deliveries"][0]
    sandbox.control(f"deliveries/{row['id']}/deliver", {})
    until(lambda: "payment_intent.succeeded" in shop.types(first.id))


def test_all_that_is_said_of_the_next_payment_can_be_lost(sandbox: Sandbox, shop: Shop) -> None:
    waiting = sandbox.client.v1.payment_intents.create({"amount": 700, "currency": "eur"})
    until(lambda: shop.types(waiting.id))
    sandbox.control("webhooks/mute", {"subject": "next"})
    sandbox.client.v1.payment_intents.confirm(waiting.id, {"payment_method": "pm_card_visa"})
    heard = pay(sandbox)
    until(lambda: "payment_intent.succeeded" in shop.types(heard.id))
    assert states(sandbox, waiting.id)[1:] == [("charge.succeeded", "DROPPED"), ("payment_intent.succeeded", "DROPPED")]
    sandbox.control("webhooks/mute", {"subject": waiting.id, "on": ""})
    sandbox.client.v1.refunds.create({"payment_intent": waiting.id})
    until(lambda: "refund.created" in shop.types(waiting.id))
    assert "payment_intent.succeeded" not in shop.types(waiting.id)


def test_two_events_may_tell_the_same_fact(sandbox: Sandbox, shop: Shop) -> None:
    sandbox.control("faults", {"rules": {"webhook_twin": {"probability": 1, "only": "payment_intent.succeeded"}}})
    intent = pay(sandbox)
    until(lambda: shop.types(intent.id).count("payment_intent.succeeded") == 2)
    told = [event for event in shop.events(intent.id) if event.type == "payment_intent.succeeded"]
    assert len({event.id for event in told}) == 2
    assert told[0].data.object == told[1].data.object


def test_an_answer_may_be_cut_off_although_the_work_was_done(sandbox: Sandbox) -> None:
    sandbox.control("faults/next", {"kind": "answer_cut"})
    with pytest.raises(httpx.RemoteProtocolError):
        post(sandbox, "cut")
    charges = len(sandbox.client.v1.charges.list({"limit": 100}).data)
    assert post(sandbox, "cut").headers["idempotent-replayed"] == "true"
    assert len(sandbox.client.v1.charges.list({"limit": 100}).data) == charges


def test_the_webhook_may_come_before_the_answer(sandbox: Sandbox, shop: Shop) -> None:
    sandbox.control("faults/next", {"kind": "slow_after", "seconds": 0.6})
    known = len(shop.received)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(pay, sandbox)
        until(lambda: "payment_intent.succeeded" in shop.types()[-3:] and len(shop.received) > known)
        assert not answer.done()
        assert "payment_intent.succeeded" in until(lambda: shop.types(answer.result().id))


def test_the_bank_may_decline_dispute_or_take_another_amount(sandbox: Sandbox) -> None:
    for kind in ("decline", "wrong_amount", "dispute"):
        sandbox.control("faults/next", {"kind": kind, **({"seconds": 0.01} if kind == "dispute" else {})})
    with pytest.raises(stripe.CardError):
        pay(sandbox)
    taken = pay(sandbox)
    assert (taken.amount, taken.amount_received) == (701, 701)
    until(lambda: sandbox.client.v1.disputes.list({"payment_intent": taken.id}).data)
    asked = sandbox.client.v1.payment_intents.create({"amount": 700, "currency": "eur"})
    sandbox.control(f"payment_intents/{asked.id}/tamper", {"amount": 100, "currency": "usd"})
    after = sandbox.client.v1.payment_intents.confirm(asked.id, {"payment_method": "pm_card_visa"})
    assert (after.amount_received, after.currency) == (100, "usd")


def test_one_kind_can_be_changed_without_starting_the_dice_again(sandbox: Sandbox) -> None:
    sandbox.control("faults", {"seed": 5, "rules": {"rate_limit": {"probability": 1, "limit": 1}}})
    assert post(sandbox, "dice").status_code == 429
    plan = sandbox.control("faults/slow", {"probability": 0.25, "seconds": 0})
    assert (plan["rules"]["slow"]["probability"], plan["injected"], plan["seed"]) == (0.25, {"rate_limit": 1}, 5)
    assert "slow" not in sandbox.control("faults/slow", {"probability": 0})["rules"]


def test_the_same_seed_and_calls_meet_the_same_faults(sandbox: Sandbox) -> None:
    def answers(seed: int, name: str) -> list[int]:
        rules = {"rate_limit": 0.3, "unavailable": 0.3, "error_before": 0.3, "decline": 0.3, "webhook_drop": 0.3}
        sandbox.control("faults", {"seed": seed, "rules": rules})
        with clients.Client() as client:
            return [post(sandbox, f"{name}-{number}", client).status_code for number in range(40)]

    first, again, other = answers(3, "first"), answers(3, "again"), answers(4, "other")
    assert first == again != other
    assert {200, 402, 429, 500, 503} <= set(first)


def test_the_pages_forms_work_without_a_script(sandbox: Sandbox) -> None:
    plan = {"back": "/faults", "seed": "9", "slow[percent]": "25", "slow[seconds]": "2", "decline[percent]": ""}
    answer = clients.post(f"{sandbox.url}/_sandbox/faults", data=plan)
    assert (answer.status_code, answer.headers["location"]) == (303, "/faults")
    found = sandbox.control("faults")
    assert (found["seed"], list(found["rules"])) == (9, ["slow"])
    assert (found["rules"]["slow"]["probability"], found["rules"]["slow"]["seconds"]) == (0.25, 2)
    next_one = {**plan, "kind": "webhook_delay", "webhook_delay[seconds]": "3"}
    assert clients.post(f"{sandbox.url}/_sandbox/faults/next", data=next_one).status_code == 303
    assert sandbox.control("faults")["ordered"] == {"webhook_delay": 1}
    assert "The next one" in sandbox.page("/faults")


@pytest.mark.parametrize(
    "body", [{"kind": "nonsense"}, {"kind": "slow", "times": 0}, {"kind": "slow", "seconds": "long"}, {}]
)
def test_an_order_that_makes_no_sense_is_refused(sandbox: Sandbox, body: dict[str, object]) -> None:
    assert clients.post(f"{sandbox.url}/_sandbox/faults/next", json=body).status_code == 400


def test_under_every_fault_at_once_the_books_agree_with_what_was_answered(sandbox: Sandbox, shop: Shop) -> None:
    calls = dict.fromkeys(GROUPS["calls"], 0.1)
    waits = {kind: {"probability": 0.1, "seconds": 0.05} for kind in (Kind.SLOW, Kind.SLOW_AFTER)}
    late = {Kind.WEBHOOK_DELAY: {"probability": 0.1, "seconds": 0.2}, Kind.REFUND_PENDING: 0.5}
    silent = {kind: {"probability": 0.1, "seconds": 0.05} for kind in (Kind.TIMEOUT_AFTER, Kind.TIMEOUT_BEFORE)}
    sandbox.control("faults", {"seed": 11, "rules": {**calls, **waits, **silent, "webhooks": 0.3, **late}})
    began = int(sandbox.control("ledger?limit=10000")["entries"][-1]["seq"])

    client = clients.Client()

    def buy(number: int) -> None:
        for _ in range(20):
            try:
                answer = post(sandbox, f"every-{number}", client)
            except httpx.HTTPError:
                continue
            if answer.status_code in (200, 402) or answer.headers.get("idempotent-replayed"):
                return

    with client, ThreadPoolExecutor(8) as pool:
        list(pool.map(buy, range(70)))
    counts = sandbox.control("faults")["injected"]
    sandbox.control("faults", method="DELETE")
    assert {kind for kind in GROUPS["calls"] if counts.get(kind, 0) == 0} == {Kind.SEARCH_LATE}
    entries = sandbox.control(f"ledger?limit=10000&after={began}")["entries"]
    taken = [row for row in entries if row["account"] == "card_network"]
    # A key charges once at most, whatever was answered on the way; a sticky 500 may have charged or not.
    assert len({row["payment_intent"] for row in taken}) == len(taken) <= 70
    assert sum(row["amount"] for row in entries) == 0
    until(lambda: not sandbox.control("deliveries?state=PENDING&limit=1")["deliveries"], 10)
