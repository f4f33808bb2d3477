"""Logs and metrics through Powertools: one line a request, names and numbers only.

Libraries that quote values when they log (botocore, PynamoDB, urllib3 …) are held at WARNING,
whatever the level of our own logger.
"""

import logging

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

SERVICE = "student-archive"
NAMESPACE = "StudentArchive"
"""Where the figures are found in CloudWatch, by the dimensions `service` and `stage`."""

_TALKATIVE = (
    "boto3",
    "botocore",
    "chalice",
    "fontTools",
    "PIL",
    "pynamodb",
    "s3transfer",
    "urllib3",
)

_logger = Logger(service=SERVICE, level="INFO", utc=True)


def configure(level: str) -> None:
    """Set the level of our own log and keep value-quoting libraries quiet."""
    _logger.setLevel(level)
    logging.getLogger(SERVICE).propagate = False
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def request_log(
    *, request_id: str, route: str, status: int, outcome: str, milliseconds: float
) -> None:
    """One line for an answered request: the route's template, never its path or a value."""
    write = _logger.error if status >= 500 else _logger.info
    write(
        "answered",
        extra={
            "request_id": request_id,
            "route": route,
            "status": status,
            "outcome": outcome,
            "milliseconds": milliseconds,
        },
    )


def crash_log(*, request_id: str, route: str, error: BaseException) -> None:
    """What was not foreseen: the error's type and where it arose, not its text."""
    trace = error.__traceback__
    places: list[str] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}:{code.co_name}")
        trace = trace.tb_next
    _logger.error(
        "crashed",
        extra={
            "request_id": request_id,
            "route": route,
            "error": type(error).__name__,
            "places": places[-8:],
        },
    )


def job_log(job: str, **facts: int | str) -> None:
    """One line for a finished job: counts and names."""
    _logger.info("job", extra={"job": job, **facts})


class EmbeddedMetrics:
    """Figures in CloudWatch's embedded metric format: log lines that become metrics."""

    def __init__(self, stage: str) -> None:
        self._stage = stage

    def count(self, name: str, **dimensions: str) -> None:
        """One more of it."""
        self._write(name, MetricUnit.Count, 1, dimensions)

    def seconds(self, name: str, value: int) -> None:
        """How long it is just now."""
        self._write(name, MetricUnit.Seconds, value, {})

    def _write(self, name: str, unit: MetricUnit, value: int, dimensions: dict[str, str]) -> None:
        metrics = Metrics(namespace=NAMESPACE, service=SERVICE)
        metrics.add_dimension("stage", self._stage)
        for dimension, word in dimensions.items():
            metrics.add_dimension(dimension, word)
        metrics.add_metric(name, unit=unit, value=value)
        metrics.flush_metrics()


class NoMetrics:
    """Figures that nobody reads."""

    def count(self, name: str, **dimensions: str) -> None:
        """Nothing."""

    def seconds(self, name: str, value: int) -> None:
        """Nothing."""
