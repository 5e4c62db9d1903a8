"""What can be seen of a running process: Prometheus metrics, structured logs.

Metric names start with `bottega_`. Logs never carry personal data: fields named in `_SECRETS` are cut out.
"""

import logging
import os
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

_LATENCY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# With several processes, a gauge that one leader sets shows its newest value, whoever is asked.
_LATEST: dict[str, Any] = {"multiprocess_mode": "mostrecent"}

REQUEST_SECONDS = Histogram(
    "bottega_request_seconds", "Time to answer a request", ["method", "route", "status"], buckets=_LATENCY
)
ACTION_SECONDS = Histogram("bottega_action_seconds", "Time of a write transaction", ["action"], buckets=_LATENCY)
RETRIES = Counter("bottega_transaction_retries_total", "Transactions repeated after a deadlock or conflict", ["action"])
BATCH_SIZE = Histogram("bottega_batch_size", "Commands per group commit", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256))
OUTBOX_ROWS = Gauge("bottega_outbox_rows", "Facts that wait to be moved into the log", **_LATEST)
OUTBOX_LAG = Gauge("bottega_outbox_lag_seconds", "Age of the oldest fact that waits", **_LATEST)
LOG_HEAD = Gauge("bottega_log_head", "Position of the newest fact in the log", **_LATEST)
CONSUMER_LAG = Gauge("bottega_consumer_lag", "Facts a consumer has still to read", ["consumer"], **_LATEST)
PARKED = Counter("bottega_parked_events_total", "Facts a consumer could not take", ["consumer"])
BREAKER_OPEN = Gauge(
    "bottega_breaker_open", "1 while calls to the other side are held back", ["name"], multiprocess_mode="max"
)
BREAKER_OPENED = Counter("bottega_breaker_opened_total", "Times that calls to the other side were held back", ["name"])
STREAMS = Gauge("bottega_streams", "Open live streams", ["kind"], multiprocess_mode="livesum")
QUEUE_LENGTH = Gauge("bottega_queue_length", "Things that wait to be made", ["place"], **_LATEST)
STREAMS_DROPPED = Counter("bottega_streams_dropped_total", "Streams closed because the reader was too slow")

# The questions about the business that an operator asks; domains count here, by their own words in the label.
OUTCOMES = Counter("bottega_outcomes_total", "Things that happened, by name", ["what"])
STAGE_SECONDS = Histogram(
    "bottega_stage_seconds",
    "Time spent in a stage",
    ["stage"],
    buckets=(5, 15, 30, 60, 120, 180, 300, 480, 900, 1800, 3600),
)

_SECRETS = frozenset(
    {"password", "token", "authorization", "cookie", "email", "phone", "client_secret", "secret", "contact"}
)


def _redact(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    for name in _SECRETS & event.keys():
        event[name] = "[redacted]"
    return event


def exposition() -> tuple[bytes, str]:
    """All metrics in the Prometheus text format, and its content type.

    Where `PROMETHEUS_MULTIPROC_DIR` names a folder (as `demo` and `up` do), they are those of all processes together.
    """
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(), CONTENT_TYPE_LATEST
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return generate_latest(registry), CONTENT_TYPE_LATEST


def configure_logs(log_format: str, level: str) -> None:
    """Structured logs on stderr: for people (`console`) or machines (`json`).

    What libraries log goes the same way, from `warning` up: they tell of each request, and that we measure ourselves.
    """
    renderer = (
        structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    threshold = logging.getLevelNamesMapping()[level.upper()]
    first: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = [structlog.processors.format_exc_info, _redact, renderer]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *first, *last],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    tidy = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[tidy, *last], foreign_pre_chain=[structlog.stdlib.add_logger_name, *first]
        )
    )
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.WARNING), force=True)


def logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger that names its part of the program."""
    return structlog.get_logger(part=name)
