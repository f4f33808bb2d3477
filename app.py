"""The Chalice application: HTTP routes by blueprint; schedules and consumers, one call each."""
# ruff: noqa: E402

import gc

gc.disable()  # importing makes objects that stay: looking for garbage among them is a fifth of it

import os
from typing import Any

from chalice.app import CloudWatchEvent, Cron, DynamoDBEvent, Rate, SQSEvent

from chalicelib import jobs, wiring
from chalicelib.api.application import build
from chalicelib.api.unrouted import answer_unrouted

app = build(
    os.environ.get("ARCHIVE_FUNCTION") or None,
    wiring.ports,
    cors_origins=lambda: wiring.settings().cors_origins,
    origin_digests=lambda: wiring.settings().origin_digests,
)


@app.schedule(Rate(1, unit=Rate.MINUTES))
def relay(_event: CloudWatchEvent) -> None:
    """Queue committed messages that are not queued yet, and tell how long the oldest waits."""
    jobs.relay(wiring.ports())
    jobs.watch_outbox(wiring.ports())


@app.on_dynamodb_record(
    stream_arn=os.environ.get("OUTBOX_STREAM", "the outbox's stream"), batch_size=10
)
def relay_committed(event: DynamoDBEvent) -> None:
    """Queue messages as soon as they are committed: nobody waits for the schedule."""
    jobs.relay_committed(wiring.ports(), event.to_dict())


@app.schedule(Rate(15, unit=Rate.MINUTES))
def expire_codes(_event: CloudWatchEvent) -> None:
    """Remove what has expired."""
    jobs.expire_codes(wiring.ports())


@app.schedule(Rate(1, unit=Rate.HOURS))
def check_appeals(_event: CloudWatchEvent) -> None:
    """Forget lapsed drafts and the scans of ended cases; count late decisions."""
    jobs.check_appeals(wiring.ports())


@app.schedule(Rate(1, unit=Rate.HOURS))
def close_accounts(_event: CloudWatchEvent) -> None:
    """Close the accounts whose pause is over, and erase what is personal."""
    jobs.close_accounts(wiring.ports())


@app.schedule(Cron(20, "*", "*", "*", "?", "*"))
def seal_audit(_event: CloudWatchEvent) -> None:
    """Seal the audit trail of the hour that is over: twenty past, when it has settled."""
    jobs.seal_audit(wiring.ports())


@app.schedule(Cron(0, 1, "*", "*", "?", "*"))
def remind(_event: CloudWatchEvent) -> None:
    """Send the reminders of the day: at nine in China, when nobody is woken."""
    jobs.remind(wiring.ports())


@app.schedule(Rate(1, unit=Rate.MINUTES))
def publish_statuses(_event: CloudWatchEvent) -> None:
    """Publish which reports are valid: what has changed since the minute before."""
    jobs.publish_statuses(wiring.ports())


@app.on_sqs_message(queue=os.environ.get("DELIVER_QUEUE", "archive-deliver"), batch_size=10)
def deliver(event: SQSEvent) -> dict[str, Any]:
    """Send queued messages; what failed is tried again."""
    return jobs.deliver(wiring.ports(), event.to_dict())


@app.on_sqs_message(queue=os.environ.get("BOUNCES_QUEUE", "archive-bounces"), batch_size=10)
def bounces(event: SQSEvent) -> dict[str, Any]:
    """Note mail that came back; what failed is tried again."""
    return jobs.bounces(wiring.ports(), event.to_dict())


@app.lambda_function()
def unrouted(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer requests that have no route."""
    return answer_unrouted(app, event)


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    wiring.ports()  # now, when even a small function has a whole processor
gc.freeze()
gc.enable()
