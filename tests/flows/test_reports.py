"""The owner's two questions over HTTP, with money that really moved."""

import uuid
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bottega.domains.identity import AddUser, People, hash_password
from bottega.infra.crypto import Keyring
from bottega.kit import ids
from bottega.kit.subject import SubjectKind, system
from tests.conftest import opened
from tests.simulators.shop import Counter, Person

TOP, NEVER = "/v1/stores/{}/reports/top-spenders", "/v1/stores/{}/reports/never-spent"


async def _bought(milano: Counter, barista: Person, qty: int) -> tuple[Person, dict]:
    """A guest whose order was paid at the counter; the order."""
    guest = await milano.guest()
    order = await guest.order(milano.wish(qty=qty))
    for before, after in (("PLACED", "IN_PROGRESS"), ("IN_PROGRESS", "READY")):
        assert (await barista.moves(order["order_id"], before, after)).status_code == 200
    taken = await barista.moves(order["order_id"], "READY", "COMPLETED", receipt_ref=uuid.uuid4().hex, tender="CASH")
    assert taken.status_code == 200, taken.text
    return guest, order


async def test_the_manager_reads_who_spent_the_most_and_staff_do_not(milano: Counter) -> None:
    barista, manager = await milano.barista(), await milano.manager()
    guest, order = await _bought(milano, barista, 99)
    _, unpaid = await _bought(milano, barista, 1), await guest.order(milano.wish(qty=50))
    here = datetime.now(UTC).astimezone(ZoneInfo("Europe/Rome"))

    answer = (await manager.get(f"{TOP.format(milano.store_id)}?month={here:%Y-%m}&limit=100")).json()

    mine = next(each for each in answer["data"] if each["subject_id"] == guest.subject_id)
    assert unpaid["status"] == "PLACED"
    assert (mine["spent"], mine["captured"], mine["refunded"], mine["payments"]) == (
        order["total"],
        order["total"],
        0,
        1,
    )
    assert (mine["kind"], mine["currency"]) == ("GUEST", "EUR")
    assert [each["spent"] for each in answer["data"]] == sorted(
        (each["spent"] for each in answer["data"]), reverse=True
    )
    assert answer["month"] == f"{here:%Y-%m}"
    assert answer["spans"][0]["timezone"] == "Europe/Rome"
    for path in (TOP, NEVER):
        assert (await barista.get(path.format(milano.store_id))).status_code == 403
    for path in ("/v1/reports/top-spenders", "/v1/reports/never-spent"):
        assert (await manager.get(path)).status_code == 403, "one store's manager does not see all stores"


async def test_a_refund_takes_the_money_off_again(milano: Counter) -> None:
    barista, manager = await milano.barista(), await milano.manager()
    guest, order = await _bought(milano, barista, 20)
    here = f"{datetime.now(UTC).astimezone(ZoneInfo('Europe/Rome')):%Y-%m}"
    payment = (await guest.look(order["order_id"]))["payment"]["payment_id"]
    given_back = await manager.post(f"/v1/payments/{payment}/refunds", {"amount": 100, "reason": "spilled"})
    assert given_back.status_code in (201, 422), given_back.text

    answer = (await manager.get(f"{TOP.format(milano.store_id)}?month={here}&limit=100")).json()

    mine = next(each for each in answer["data"] if each["subject_id"] == guest.subject_id)
    assert mine["spent"] == mine["captured"] - mine["refunded"]
    assert mine["captured"] == order["total"]


async def test_registered_customers_without_a_payment_are_found_page_by_page(
    milano: Counter, running_url: str, keyring: Keyring
) -> None:
    manager = await milano.manager()
    async with opened(running_url) as database:
        people = People(keyring, database)
        secret = await hash_password(uuid.uuid4().hex)
        added = [
            AddUser(kind=SubjectKind.CUSTOMER, name="Never Paid", login=f"{uuid.uuid4().hex}@example.com", password_hash=secret)
            for _ in range(5)
        ]  # fmt: skip
        by = system(milano.seeded.merchant_id)
        mine = {ids.show("usr", await database.run(people.add_user, each, by=by)) for each in added}
    path, seen, cursor = NEVER.format(milano.store_id), [], ""

    while cursor is not None:
        page = (await manager.get(f"{path}?limit=2&cursor={cursor}")).json()
        assert len(page["data"]) <= 2
        seen, cursor = seen + [each["subject_id"] for each in page["data"]], page["next_cursor"]

    assert mine <= set(seen)
    assert len(seen) == len(set(seen))


async def test_what_can_not_be_read_is_refused(milano: Counter) -> None:
    manager = await milano.manager()
    for path, status in (
        (f"{TOP.format(milano.store_id)}?month=2026-13", 422),
        (f"{TOP.format(milano.store_id)}?limit=0", 422),
        (f"{TOP.format(milano.store_id)}?limit=101", 422),
        (f"{NEVER.format(milano.store_id)}?cursor=x", 400),
        (f"{NEVER.format(milano.store_id)}?cursor=WyJ4Il0", 400),
        (f"{NEVER.format(milano.store_id)}?limit=1000", 422),
    ):
        assert (await manager.get(path)).status_code == status, path
