"""What happens by itself when its time comes: holds expire, refunds settle or fail, debits go through, banks dispute.

Jobs are rows; each runs in a transaction of its own together with the deletion of its row, so it happens once.
"""

from collections.abc import Callable

from bottega.sandbox import confirming, disputes, intents, refunds
from bottega.sandbox.desk import Desk
from bottega.sandbox.problems import Refused

JOBS: dict[str, Callable[[Desk, str], object]] = {
    "expire_hold": intents.expire_hold,
    "finish_debit": confirming.finish_debit,
    "open_dispute": disputes.open_for_card,
    "settle_refund": refunds.settle,
    "fail_refund": refunds.fail,
}


def due(desk: Desk) -> list[tuple[int, str, str, str]]:
    """Jobs whose time has come: number, kind, target, account."""
    return [
        (row[0], row[1], row[2], row[3])
        for row in desk.store.rows(
            "SELECT id, kind, target, account FROM jobs WHERE due <= ? ORDER BY due, id LIMIT 200", (desk.clock.time(),)
        )
    ]


def run(desk: Desk, job: tuple[int, str, str, str]) -> None:
    """Do one job and forget it. A refusal means that the world moved on meanwhile: then there is nothing to do."""
    number, kind, target, account = job
    desk.store.run("DELETE FROM jobs WHERE id = ?", (number,))
    desk.account = account
    try:
        JOBS[kind](desk, target)
    except Refused:
        return
