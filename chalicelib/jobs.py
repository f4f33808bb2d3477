"""What schedules and queues start: one function a job, each safe to run twice."""

from collections.abc import Mapping
from typing import Any

from chalicelib import telemetry
from chalicelib.adapters.queues import key_of
from chalicelib.domain.errors import Refusal
from chalicelib.operations import deliver as delivering
from chalicelib.operations import expire_codes as expiring
from chalicelib.operations import relay as relaying
from chalicelib.operations.ports import Ports


def relay(ports: Ports) -> int:
    """Queue the messages that are due; how many."""
    count = relaying.relay(ports)
    if count:
        telemetry.job_log("relay", messages=count)
    return count


def expire_codes(ports: Ports) -> int:
    """Remove what has expired; how many rows."""
    count = expiring.expire_codes(ports)
    telemetry.job_log("expire_codes", rows=count)
    return count


def deliver(ports: Ports, event: Mapping[str, Any]) -> dict[str, Any]:
    """Send the messages of an SQS event; answers which of them failed (partial batch)."""
    failed = []
    for record in event["Records"]:
        try:
            delivering.deliver(ports, key_of(record["body"]))
        except (Refusal, ValueError) as error:
            telemetry.job_log("deliver", failed=type(error).__name__)
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
