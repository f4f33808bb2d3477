"""The Chalice application: HTTP routes by blueprint; schedules and consumers, one call each."""

import os
from typing import Any

from chalice.app import CloudWatchEvent, Rate, SQSEvent

from chalicelib import jobs, wiring
from chalicelib.api.application import build

app = build(
    os.environ.get("ARCHIVE_FUNCTION") or None,
    wiring.ports,
    cors_origins=lambda: wiring.settings().cors_origins,
)


@app.schedule(Rate(1, unit=Rate.MINUTES))
def relay(_event: CloudWatchEvent) -> None:
    """Queue committed messages that are not queued yet."""
    jobs.relay(wiring.ports())


@app.schedule(Rate(15, unit=Rate.MINUTES))
def expire_codes(_event: CloudWatchEvent) -> None:
    """Remove what has expired."""
    jobs.expire_codes(wiring.ports())


@app.on_sqs_message(queue=os.environ.get("DELIVER_QUEUE", "archive-deliver"), batch_size=10)
def deliver(event: SQSEvent) -> dict[str, Any]:
    """Send queued messages; what failed is tried again."""
    return jobs.deliver(wiring.ports(), event.to_dict())
