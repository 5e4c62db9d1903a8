"""A process is killed at every step between beats, and another one finishes its work, once.

Each chain is a shop of its own in which one worker after another is born, armed at one point, given something to do that
passes there, and dies of it (SIGKILL). The next one takes over what it left, does its own piece, and dies at the next
point; the last one is not armed. In the end every order has met its end, the provider and we agree to the cent, and
every invariant holds.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from bottega.domains.orders import Order
from bottega.entrypoints.seed import SeedResult
from bottega.infra import fault_points
from bottega.kit import ids
from tests.conftest import Clone
from tests.simulators import http as clients
from tests.simulators import provider
from tests.simulators.desks import HURRY, QUIET, Here, here
from tests.simulators.invariants import broken
from tests.simulators.nursery import Nursery
from tests.simulators.processes import Installation, free_ports
from tests.simulators.shop import counter, eventually, intent_of, key, pay

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
WAITING = """
select 1 from orders o join payments p using (store_id, payment_id) where o.status = 'PLACED' and p.captured_minor > 0
"""
Prepare = Callable[[Here], Awaitable[Order]]


async def placed(shop: Here) -> Order:
    """An order that nobody has asked the provider about."""
    return await shop.place()


async def paid_unheard(shop: Here) -> Order:
    """A paid order whose event never comes; it is time to ask."""
    order = await shop.paid()
    shop.now("update payments set next_check_at = now() where payment_id = %s", [order.payment_id])
    return order


async def paid_and_told(shop: Here) -> Order:
    """A paid order whose event is kept."""
    order = await shop.paid()
    await shop.event(order)
    return order


async def cancelled_after_paying(shop: Here) -> Order:
    """Money that has to go back."""
    order = await shop.captured()
    await shop.cancel(order)
    return order


async def cancelled_before_paying(shop: Here) -> Order:
    """An intent that has to be voided."""
    order = await shop.open()
    await shop.cancel(order)
    return order


async def out_of_time(shop: Here) -> Order:
    """An unpaid order whose time is over."""
    order = await shop.open()
    shop.now("update orders set created_at = created_at - interval '1 hour' where order_id = %s", [order.order_id])
    return order


async def refund_failed(shop: Here) -> Order:
    """A refund that the bank sent back; it is time to try again."""
    order = await shop.open()
    await shop.pay(order)
    await shop.check(order)
    await shop.cancel(order)
    await shop.sweep()
    ref = (await shop.payment(order)).provider_ref
    assert ref is not None
    refund = (await provider.refunds(shop.installation, ref))[0]
    shop.installation.control(f"refunds/{refund['id']}/fail", {})
    shop.now("update refunds set next_check_at = now() where payment_id = %s", [order.payment_id])
    await shop.sweep()
    shop.now("update refunds set retry_at = now() where payment_id = %s", [order.payment_id])
    return order


CHAINS: dict[str, list[tuple[str, Prepare]]] = {
    "opening": [
        ("attempt.claimed@OPEN", placed),
        ("provider.asking@open_intent", placed),
        ("provider.answered@open_intent", placed),
        ("commit.before@record_opened", placed),
        ("attempt.recorded@OPEN", placed),
        ("check.claimed@payment", paid_unheard),
        ("commit.before@record_checked", paid_unheard),
    ],
    "completing": [
        ("event.claimed", paid_and_told),
        ("provider.answered@read_intent", paid_and_told),
        ("commit.before@record_event", paid_and_told),
        ("event.applied", paid_and_told),
        ("log.moved", paid_and_told),
        ("commit.before@orders_reactions", paid_and_told),
        ("commit.after@orders_reactions", paid_and_told),
        ("commit.before@kitchen_reactions", paid_and_told),
    ],
    "sending back": [
        ("attempt.claimed@REFUND", cancelled_after_paying),
        ("provider.answered@refund", cancelled_after_paying),
        ("commit.before@record_refund", cancelled_after_paying),
        ("attempt.recorded@REFUND", cancelled_after_paying),
        ("provider.answered@cancel_intent", cancelled_before_paying),
        ("commit.before@expire", out_of_time),
        ("commit.after@expire", out_of_time),
        ("commit.after@retry_refund", refund_failed),
    ],
}


@pytest.fixture
async def shop_here(clone: Clone, sandbox: Installation, shop_template: tuple[str, SeedResult]) -> AsyncIterator[Here]:
    """A shop of one's own."""
    with clone(shop_template[0]) as url:
        async with here(url, sandbox, shop_template[1]) as made:
            yield made


def _is_quiet(shop: Here) -> bool:
    shop.now(HURRY)
    return bool(next(iter(shop.rows(QUIET)[0].values())))


async def _killed_at_each(shop: Here, born: Nursery, chain: list[tuple[str, Prepare]]) -> list[tuple[str, Order]]:
    done: list[tuple[str, Order]] = []
    for where, prepare in chain:
        done.append((where, await prepare(shop)))
        shop.now(HURRY)
        victim = born.start("worker", shop.settings | {fault_points.VARIABLE: f"{where}=kill:1"})
        assert await asyncio.to_thread(victim.wait) == -signal.SIGKILL, f"{where}: {victim.log.read_text()}"
    shop.now("update payments set next_check_at = now() where provider_ref is not null")
    heir = born.start("worker", shop.settings)

    async def settled() -> bool:
        if not _is_quiet(shop) or shop.rows(WAITING):
            return False
        ours = {row["provider_ref"]: row["captured_minor"] for row in shop.rows("select * from payments")}
        theirs = [(await shop.intents(order))[0] for _, order in done]
        return all(ours[each["id"]] == each["amount_received"] for each in theirs)

    await eventually(settled, 45, "everything being done")
    heir.kill()
    return done


@pytest.mark.parametrize("name", list(CHAINS))
async def test_killed_at_any_point_the_work_is_finished_by_another_once(
    shop_here: Here, born: Nursery, name: str
) -> None:
    done = await _killed_at_each(shop_here, born, CHAINS[name])

    for where, order in done:
        intents = await shop_here.intents(order)
        payment = await shop_here.payment(order)
        status = shop_here.rows("select status from orders where order_id = %s", [order.order_id])[0]["status"]
        theirs = intents[0]["amount_received"]
        back = sum(
            each["amount"]
            for each in await provider.refunds(shop_here.installation, intents[0]["id"])
            if each["status"] == "succeeded"
        )
        tickets = shop_here.rows("select 1 from tickets where order_id = %s", [order.order_id])
        moves = shop_here.rows("select event from order_events where order_id = %s", [order.order_id])
        assert len(intents) == 1, where
        assert (payment.captured_minor, payment.refunded_minor) == (theirs, back), where
        assert len(moves) == len({each["event"] for each in moves}), where
        match intents[0]["status"], status:
            case "requires_payment_method", "PLACED":
                assert payment.client_secret, where
            case "succeeded", "PAID":
                assert (theirs, back, len(tickets)) == (order.total_minor, 0, 1), where
            case "succeeded", "CANCELLED":
                assert (theirs, back) == (order.total_minor, order.total_minor), where
            case "canceled", "CANCELLED":
                assert theirs == 0, where
            case other:
                raise AssertionError(f"{where}: {other}")
    assert await broken(shop_here.url) == {}


def test_every_fault_point_is_passed_by_a_chain_or_by_the_web() -> None:
    named = {where.partition("@")[0] for chain in CHAINS.values() for where, _ in chain}

    assert named | {"order.placed", "event.kept"} == set(fault_points.POINTS)


async def test_a_web_process_that_dies_before_it_answers_leaves_everything_for_the_repeat(
    shop_here: Here, born: Nursery, sandbox: Installation
) -> None:
    def web(points: str, port: int) -> dict[str, str]:
        return shop_here.settings | {"BOTTEGA_PORT": str(port), fault_points.VARIABLE: points}

    good_port, *ports = free_ports(4)
    good = born.start("web", web("", good_port))
    url = f"http://127.0.0.1:{good_port}"
    await _ready(url)
    async with counter(url, shop_here.seeded) as milano:
        guest = await milano.guest()
        wish, first = milano.wish(online=True), key()
        killed = born.start("web", web("order.placed=kill:1", ports[0]))
        await _ready(f"http://127.0.0.1:{ports[0]}")
        with pytest.raises(httpx.HTTPError):
            await guest.elsewhere(f"http://127.0.0.1:{ports[0]}", "/v1/orders", wish, first)
        assert killed.wait() == -signal.SIGKILL

        order = await guest.order(wish, first)

        assert len(await provider.intents(sandbox, str(ids.parse("pay", order["payment"]["payment_id"])))) == 1
        assert len(shop_here.rows("select 1 from orders")) == 1
        await pay(sandbox.sandbox.url, intent_of(order))
        news = provider.event("payment_intent.succeeded", await provider.read(sandbox, intent_of(order)))
        killed = born.start("web", web("event.kept=kill:1", ports[1]))
        await _ready(f"http://127.0.0.1:{ports[1]}")
        with pytest.raises(httpx.HTTPError):
            await provider.deliver(f"http://127.0.0.1:{ports[1]}", news)
        assert killed.wait() == -signal.SIGKILL

        again = await provider.deliver(url, news)

        assert (again.status_code, len(shop_here.rows("select 1 from provider_events"))) == (200, 1)
        heir = born.start("worker", shop_here.settings)
        await guest.waits_for(order["order_id"], "PAID")
        heir.kill()
        killed = born.start("web", web("commit.after@cancel_own=kill:1", ports[2]))
        await _ready(f"http://127.0.0.1:{ports[2]}")
        wish, second = {"reason": "changed my mind"}, key()
        with pytest.raises(httpx.HTTPError):
            await guest.elsewhere(
                f"http://127.0.0.1:{ports[2]}", f"/v1/orders/{order['order_id']}/cancel", wish, second
            )
        assert killed.wait() == -signal.SIGKILL
        answers = [await guest.post(f"/v1/orders/{order['order_id']}/cancel", wish, second) for _ in range(2)]
    good.kill()

    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].content == answers[1].content
    await shop_here.sweeps_until_quiet()
    assert [each["amount"] for each in await provider.refunds(sandbox, intent_of(order))] == [order["total"]]


async def _ready(url: str) -> None:
    async def answers() -> bool:
        try:
            async with clients.AsyncClient() as http:
                return (await http.get(f"{url}/readyz")).status_code == 200
        except httpx.HTTPError:
            return False

    await eventually(answers, 45, f"{url} ready")
