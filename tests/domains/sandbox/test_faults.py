"""The fault plan: seeded, repeatable, and each kind does what it says. Also what survives a kill."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bottega.sandbox.faults import FaultPlan, Kind, parse, rules_of
from tests.domains.sandbox.processes import ENVIRON, Sandbox, Shop, free_port, start, until
from tests.simulators import http as clients

PARAMS = {"amount": 700, "currency": "eur", "confirm": True, "payment_method": "pm_card_visa"}


@pytest.fixture(autouse=True)
def _calm(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.control("faults", method="DELETE")


def plan(sandbox: Sandbox, **rules: object) -> None:
    sandbox.control("faults", {"seed": 7, "rules": rules})


def post(sandbox: Sandbox, key: str, seconds: float = 10) -> httpx.Response:
    return clients.post(
        f"{sandbox.url}/v1/payment_intents", data=PARAMS, timeout=seconds,
        headers={"Authorization": "Bearer sk_test_x", "Idempotency-Key": key},
    )  # fmt: skip


def test_the_same_seed_gives_the_same_faults() -> None:
    def draws(seed: int) -> list[bool]:
        dice = FaultPlan(seed, parse("slow=0.3,webhook_drop=0.5:2"))
        return [dice.draw(kind) is not None for _ in range(200) for kind in (Kind.SLOW, Kind.WEBHOOK_DROP)]

    assert draws(1) == draws(1) != draws(2)
    assert 40 < sum(draws(1)[::2]) < 80


def test_a_rule_may_be_limited_in_number_and_subject() -> None:
    dice = FaultPlan(0, rules_of({"slow": {"probability": 1, "limit": 2, "only": "refunds"}}))
    assert dice.draw(Kind.SLOW, "POST /v1/payment_intents") is None
    assert [dice.draw(Kind.SLOW, "POST /v1/refunds") is not None for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("bad", [{"nonsense": 1}, {"slow": 2}, {"slow": "often"}, {"slow": {"seconds": 1}}])
def test_a_plan_that_makes_no_sense_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        rules_of(bad)


@pytest.mark.parametrize(("kind", "charged_before_retry"), [("timeout_before", 0), ("timeout_after", 1)])
def test_a_timeout_and_a_retry_with_the_same_key_charge_once(
    sandbox: Sandbox, kind: str, charged_before_retry: int
) -> None:
    client = sandbox.client_of()
    before = len(list(client.v1.charges.list({"limit": 100}).data))
    plan(sandbox, **{kind: {"probability": 1, "limit": 1, "only": "POST"}})
    with pytest.raises(httpx.ReadTimeout):
        post(sandbox, kind, 0.4)
    assert len(client.v1.charges.list({"limit": 100}).data) == before + charged_before_retry
    retried = until(lambda: (r := post(sandbox, kind, 5)).status_code == 200 and r)
    assert retried.json()["status"] == "succeeded"
    assert len(client.v1.charges.list({"limit": 100}).data) == before + 1


def test_a_500_after_charging_sticks_and_the_intent_can_be_found(sandbox: Sandbox) -> None:
    plan(sandbox, error_after={"probability": 1, "limit": 1, "only": "POST"})
    assert [post(sandbox, "after").status_code for _ in range(2)] == [500, 500]
    assert sandbox.client.v1.payment_intents.list({"limit": 1}).data[0].status == "succeeded"


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("rate_limit", 429, "rate_limit"), ("lock_timeout", 429, "lock_timeout"), ("unavailable", 503, None)],
)
def test_refusals_before_the_work_can_be_retried(sandbox: Sandbox, kind: str, status: int, code: str | None) -> None:
    plan(sandbox, **{kind: {"probability": 1, "limit": 1}})
    refused = post(sandbox, kind)
    assert (refused.status_code, refused.json()["error"].get("code")) == (status, code)
    assert post(sandbox, kind).status_code == 200


def test_webhooks_are_dropped_duplicated_and_delayed_by_the_plan(sandbox: Sandbox, shop: Shop) -> None:
    late = {"probability": 1, "seconds": 3600, "only": "payment_intent.succeeded"}
    lost, twice = {"probability": 1, "only": "charge."}, {"probability": 1, "only": "created"}
    plan(sandbox, webhook_drop=lost, webhook_duplicate=twice, webhook_delay=late)
    intent = sandbox.client.v1.payment_intents.create(PARAMS)  # type: ignore[arg-type]
    until(lambda: len(shop.types(intent.id)) == 2)
    time.sleep(0.2)
    assert shop.types(intent.id) == ["payment_intent.created"] * 2
    assert len({event.id for event in shop.events(intent.id)}) == 1
    sandbox.control("clock", {"advance": 3601})
    # Signed when it is sent, with the world's time: the sandbox's clock being ahead doesn't make it a forgery.
    until(lambda: shop.types(intent.id)[2:] == ["payment_intent.succeeded"])
    assert abs(int(shop.received[-1][1][2:12]) - time.time()) < 5


def test_refunds_fail_later_and_holds_expire_early_by_the_plan(sandbox: Sandbox) -> None:
    plan(
        sandbox,
        refund_fails_later={"probability": 1, "seconds": 0.05},
        hold_expires={"probability": 1, "seconds": 0.05},
    )
    v1 = sandbox.client.v1
    intent = v1.payment_intents.create(PARAMS)  # type: ignore[arg-type]
    refund = v1.refunds.create({"payment_intent": intent.id})
    held = v1.payment_intents.create({**PARAMS, "capture_method": "manual"})  # type: ignore[arg-type]
    until(lambda: v1.refunds.retrieve(refund.id).status == "failed")
    until(lambda: v1.payment_intents.retrieve(held.id).status == "canceled")


def test_everything_survives_a_kill(tmp_path: Path) -> None:
    data, port = str(tmp_path / "a sandbox.db"), free_port()
    first = start(data=data, port=port)
    first.control("faults", {"seed": 3, "rules": {"slow": {"probability": 0.5, "seconds": 0}}})
    first.control("clock", {"advance": 86_400})
    intent = first.client.v1.payment_intents.create(PARAMS, {"idempotency_key": "kept"})  # type: ignore[arg-type]
    held = first.client.v1.payment_intents.create({**PARAMS, "capture_method": "manual"})  # type: ignore[arg-type]
    first.stop(kill=True)
    second = start(data=data, port=port)
    try:
        again = second.client.v1.payment_intents.create(PARAMS, {"idempotency_key": "kept"})  # type: ignore[arg-type]
        assert again.id == intent.id
        assert second.control("faults")["rules"]["slow"]["probability"] == 0.5
        assert second.control("clock")["offset"] == 86_400
        second.control("clock", {"advance": 8 * 86_400})
        assert second.client.v1.payment_intents.retrieve(held.id).status == "canceled"
    finally:
        second.stop()


def test_a_used_port_is_said_clearly(sandbox: Sandbox) -> None:
    command = [sys.executable, "-m", "bottega.sandbox", "--port", sandbox.url.rsplit(":", 1)[1]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, env=ENVIRON)
    assert done.returncode == 1
    assert "can't listen on 127.0.0.1" in done.stderr


def test_other_sites_cannot_press_the_buttons(sandbox: Sandbox) -> None:
    answer = clients.post(f"{sandbox.url}/_sandbox/reset", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_it_stops_at_once_and_cleanly_even_while_a_call_hangs(tmp_path: Path) -> None:
    running = start(data=str(tmp_path / "sandbox.db"))
    running.control("faults", {"rules": {"timeout_before": 1}})
    began = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        post(running, "hangs", 0.2)
    running.stop()
    assert running.process.returncode == 0
    assert time.monotonic() - began < 3
    assert not (tmp_path / "sandbox.db-wal").exists()
