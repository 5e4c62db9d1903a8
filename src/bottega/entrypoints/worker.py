"""The worker role: the sequencer, the consumers, and the sweep of what is due. Several may run; each part has one leader.

Run by `python -m bottega.entrypoints.worker` with settings from the environment.
"""

import asyncio
import contextlib
import os
import signal

import psycopg
import uvloop

from bottega.domains import kitchen, orders
from bottega.entrypoints.web import watch_parent
from bottega.entrypoints.wiring import Parts, make_consumers, make_parts
from bottega.infra.sequencer import Sequencer
from bottega.infra.settings import Settings, load
from bottega.infra.telemetry import QUEUE_LENGTH, configure_logs, logger
from bottega.infra.transaction import Database
from bottega.kit.errors import DomainError
from bottega.kit.subject import system

_SWEEP_SECONDS = 1.0
_MEASURE_SECONDS = 10.0


async def work(settings: Settings) -> None:
    """Work until cancelled."""
    parts = make_parts(settings, "worker")
    await parts.open()
    log = logger("worker")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(Sequencer(parts.pools.relay_conninfo).run(), name="sequencer")
            for consumer in make_consumers(parts):
                group.create_task(consumer.run(), name=consumer.name)
            group.create_task(_sweep(parts), name="sweep")
            group.create_task(_measure(parts.database), name="measure")
            log.info("worker runs")
    finally:
        await parts.close()


async def _sweep(parts: Parts) -> None:
    log = logger("sweep")
    while True:
        try:
            found = await parts.desk.sweep() + await _expire_unpaid(parts.database)
            found += await _choose_by_deadline(parts.database)
        except DomainError as error:
            log.warning("sweep waits", code=error.code)
            found = 0
        except Exception as error:  # a sweep that dies would leave payments unfinished for ever
            log.error("sweep failed", error=repr(error), exc_info=error)
            found = 0
        await asyncio.sleep(0.05 if found else _SWEEP_SECONDS)


async def _expire_unpaid(database: Database) -> int:
    """Cancel the online orders that nobody paid in time; how many."""
    async with database.read(None, role="bottega_relay") as tx:
        due = await orders.unpaid(tx)
    expired = 0
    for order in due:
        try:
            subject = system(order.merchant_id, "expiry")
            expired += await database.run(orders.expire, (order.store_id, order.order_id), by=subject)
        except DomainError as error:
            logger("sweep").warning("not expired", code=error.code)
    return expired


async def _choose_by_deadline(database: Database) -> int:
    """Settle the lines that are out and whose customers did not choose in time; how many."""
    async with database.read(None, role="bottega_relay") as tx:
        due = await orders.due_shortages(tx)
    settled = 0
    for each in due:
        try:
            which = (each.store_id, each.order_id, each.shortage_id)
            subject = system(each.merchant_id, "deadline")
            settled += await database.run(orders.choose_by_deadline, which, by=subject)
        except DomainError as error:
            logger("sweep").warning("not settled", code=error.code)
    return settled


async def _measure(database: Database) -> None:
    """How long the stores' queues are, for whoever watches."""
    while True:
        try:
            async with database.read(None, role="bottega_relay") as tx:
                for queue in await kitchen.queue_lengths(tx):
                    QUEUE_LENGTH.labels(queue.slug).set(queue.length)
        except (DomainError, psycopg.Error) as error:
            logger("measure").warning("not measured", error=repr(error))
        await asyncio.sleep(_MEASURE_SECONDS)


def main() -> None:
    """The process."""
    settings = load()
    configure_logs(settings.log_format, settings.log_level)
    parent = os.environ.get("BOTTEGA_PARENT")

    async def until_told() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, task.cancel)
        if parent is not None:
            watch_parent(loop, int(parent))
        await work(settings)

    quietly = contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt)
    with quietly, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_told())


if __name__ == "__main__":
    main()
