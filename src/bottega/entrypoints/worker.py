"""The worker role: the sequencer, the consumers, the sweeps of what is due, and comparing the ledgers.

Several may run: the sequencer and each consumer have one leader, what a sweep finds is taken by one of them, and they
take turns at comparing.
Run by `python -m bottega.entrypoints.worker` with settings from the environment.
"""

import asyncio
import contextlib
import os
import signal

import psycopg
import uvloop

from bottega.domains import kitchen
from bottega.entrypoints.supervisor import watch_parent
from bottega.entrypoints.sweeps import make_sweeps
from bottega.entrypoints.wiring import Parts, make_consumers, make_parts
from bottega.infra.sequencer import Sequencer
from bottega.infra.settings import Settings, load
from bottega.infra.telemetry import QUEUE_LENGTH, configure_logs, logger
from bottega.infra.transaction import Database
from bottega.kit.errors import DomainError

_MEASURE_SECONDS = 10.0
_RECONCILE_SECONDS = 1.0


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
            group.create_task(_reconcile(parts), name="reconcile")
            for sweep in make_sweeps(parts):
                group.create_task(sweep.run(), name=f"sweep.{sweep.name}")
            group.create_task(_measure(parts.database), name="measure")
            log.info("worker runs")
    finally:
        await parts.close()


async def _reconcile(parts: Parts) -> None:
    """Compare the provider's ledger with ours: when somebody asked, and by turns."""
    log = logger("reconcile")
    while True:
        try:
            await parts.reconciler.asked()
            await parts.reconciler.turn()
        except DomainError as error:
            log.warning("not compared", code=error.code)
        except Exception as error:  # the next turn comes all the same
            log.error("not compared", error=repr(error), exc_info=error)
        await asyncio.sleep(_RECONCILE_SECONDS)


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
