"""What happens by itself when its time comes: holds expire, refunds settle or fail, debits go through, banks dispute.

Jobs are rows; each runs in a transaction of its own together with the deletion of its row, so it happens once.
"""

from collections.abc import Callable

from bottega.sandbox import confirming, direct, disputes, intents, refunds
from bottega.sandbox.desk import Desk
from bottega.sandbox.problems import Refused
from bottega.sandbox.store import Row
from bottega.sandbox.store.jobs import done

JOBS: dict[str, Callable[[Desk, str], object]] = {
    "expire_hold": intents.expire_hold,
    "expire_charge": direct.expire,
    "finish_debit": confirming.finish_debit,
    "open_dispute": disputes.open_for_card,
    "dispute_unanswered": disputes.unanswered,
    "warn_of_fraud": disputes.warn,
    "settle_refund": refunds.settle,
    "fail_refund": refunds.fail,
}


def run(desk: Desk, job: Row) -> None:
    """Do one job and forget it. A refusal means that the world moved on meanwhile: then there is nothing to do."""
    number, kind, target, account = job
    done(desk.store, number)
    desk.account = account
    try:
        JOBS[kind](desk, target)
    except Refused:
        return
