"""Every invariant is seen red: on a shop that was broken on purpose, in a transaction that is rolled back."""

from datetime import timedelta

import psycopg
import pytest
from psycopg import AsyncConnection

from bottega.entrypoints.verify import INVARIANTS, Report, Scope, check, choose, run
from tests.flows.corruptions import MUTATIONS

NOW = Scope(lag=timedelta(0))
# Broken by what another connection does, not by rows: each has a test of its own below.
ELSEWHERE = {"operations.no_prepared_transactions", "operations.no_long_transactions"}


def test_every_invariant_has_its_mutation() -> None:
    assert set(MUTATIONS) | ELSEWHERE == {each.name for each in INVARIANTS}


async def after(url: str, mutation: str, only: list[str] | None = None) -> Report:
    """What the checks say of a shop with the mutation in it; nothing of it stays."""
    async with await AsyncConnection.connect(url) as connection, connection.transaction(force_rollback=True):
        await connection.execute("set local session_replication_role = replica")
        await connection.execute("set local allow_system_table_mods = on")
        await connection.execute(mutation.encode())
        return await check(connection, choose(only), NOW)


@pytest.mark.parametrize("name", sorted(MUTATIONS))
async def test_a_broken_shop_is_seen(traded_url: str, name: str) -> None:
    report = await after(traded_url, MUTATIONS[name], [name])

    assert report.outcomes[0].error is None
    assert report.outcomes[0].found > 0, f"{name} is blind to its mutation"


async def test_the_mutations_leave_nothing_behind(traded_url: str) -> None:
    report = await run(traded_url, scope=NOW)

    assert [each for each in report.outcomes if not each.ok] == []


@pytest.mark.parametrize(
    ("name", "text", "red"),
    [
        ("Visa", "4111-1111-1111-1111", True),
        ("Amex", "378282246310005", True),
        ("one digit off", "4242 4242 4242 4241", False),
        ("a phone number", "+39 333 1234567", False),
        ("an id", "018f4242-4242-4242-8242-424242424242", False),
    ],
)
async def test_card_numbers_are_told_from_other_digits(traded_url: str, name: str, text: str, red: bool) -> None:
    broken = "update orders set contact_name = 'pay :text now'".replace(":text", text)

    report = await after(traded_url, broken, ["privacy.no_card_numbers"])

    assert report.outcomes[0].error is None
    assert bool(report.outcomes[0].found) is red, name


async def test_a_refund_of_an_order_that_goes_on_is_seen_once_it_was_given_up(traded_url: str) -> None:
    of_living = """update refunds set status = 'FAILED', {} where refund_id = (
      select r.refund_id from refunds r join payments p on p.payment_id = r.payment_id
      join orders o on o.order_id = p.reference and o.status = 'PAID' where r.status = 'SUCCEEDED' limit 1)"""
    name = ["payments.refunds_failed"]

    tried_again = await after(traded_url, of_living.format("retry_at = now()"), name)
    given_up = await after(traded_url, of_living.format("given_up_at = now()"), name)

    assert (tried_again.outcomes[0].found, given_up.outcomes[0].found) == (0, 1)


async def test_a_prepared_transaction_is_seen(traded_url: str) -> None:
    with psycopg.connect(traded_url) as other:
        other.execute("lock table carts in access share mode")
        other.execute("prepare transaction 'left behind'")
        report = await run(traded_url, ["operations.no_prepared_transactions"])
        other.autocommit = True
        other.execute("rollback prepared 'left behind'")

    assert report.outcomes[0].rows[0]["gid"] == "left behind"


async def test_a_long_transaction_is_seen(traded_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    later = "select now() + interval '2 minutes'"
    monkeypatch.setattr("bottega.entrypoints.verify.running.NOW", later)
    with psycopg.connect(traded_url) as other:
        other.execute("select 1")
        report = await run(traded_url, ["operations.no_long_transactions"])

        assert [each["pid"] for each in report.outcomes[0].rows] == [other.info.backend_pid]
