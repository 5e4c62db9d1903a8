"""Counted items: "only three left" means that three are sold, whoever asks at the same moment.

The batch locks its counted items once, in key order, decides in arrival order, and writes the result in one statement.
"""

from collections.abc import Mapping, Sequence

from bottega.domains.catalog import rules, store
from bottega.domains.catalog.events import AvailabilityChanged
from bottega.domains.catalog.model import Slot
from bottega.infra.group_commit import BatchTx


async def take_counted(tx: BatchTx, needs: Sequence[Mapping[Slot, int]]) -> list[Slot | None]:
    """Take what each need wants, in arrival order: None where it was met, else the item that is short.

    An item that reaches zero raises its store's menu version and tells it, so every menu shows it as sold out.
    """
    counted = await store.lock_left(tx.connection, (slot for need in needs for slot in need))
    left = {(each.store_id, each.item_id): each.left_count for each in counted}
    outcome = rules.allocate(left, needs)
    taken: dict[Slot, int] = {}
    for need, short in zip(needs, outcome, strict=True):
        if short is None:
            for slot, count in need.items():
                if slot in left:
                    taken[slot] = taken.get(slot, 0) + count
    if not taken:
        return outcome
    await store.take_left(tx.connection, taken)
    gone = [each for each in counted if taken.get((each.store_id, each.item_id), 0) == each.left_count]
    if gone:
        versions = await store.bump_many(tx.connection, (each.store_id for each in gone))
        for each in gone:
            fact = AvailabilityChanged(
                store_id=each.store_id,
                item_id=each.item_id,
                item_kind=each.item_kind,
                available=False,
                until=None,
                left=0,
                menu_version=versions[each.store_id],
            )
            tx.emit(fact, each.merchant_id)
    return outcome
