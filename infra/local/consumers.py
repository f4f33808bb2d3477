"""What AWS does by itself in the cloud: invoke the queue's consumer, the relay and the schedules.

Each job has its own thread. An error is logged and the job goes on; a queue message that fails
comes back after its visibility timeout and goes to the dead letters after five tries.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

from infra.local.gateway import LambdaContext, log_failure

_LOG = logging.getLogger(__name__)
_WAIT_SECONDS = 1
_RELAY_SECONDS = 1.0
_SCHEDULE_SECONDS = 60.0
_PAUSE_SECONDS = 1.0
_STOP_SECONDS = 10.0

Deliver = Callable[[dict[str, Any], LambdaContext], Mapping[str, Any] | None]
Scheduled = Callable[[dict[str, Any], LambdaContext], object]


class Consumers:
    """The background jobs of a local run.

    `schedules` run once a minute, whatever their rate in the cloud. `outbox_signal` wakes the
    relay at once; `after_delivery` is called when the queue has become empty after deliveries.
    """

    def __init__(
        self,
        *,
        relay: Scheduled,
        deliver: Deliver,
        schedules: Mapping[str, Scheduled],
        sqs: Any,
        queue_url: str,
        outbox_signal: threading.Event,
        after_delivery: Callable[[], None],
    ) -> None:
        self._stopping = threading.Event()
        self._signal = outbox_signal
        self._deliver = DeliverLoop(sqs, queue_url, deliver, after_delivery)
        jobs: Mapping[str, Callable[[], object]] = {
            "relay": lambda: self._when_signalled(relay),
            "deliver": self._deliver.once,
            **{name: partial(self._later, name, job) for name, job in schedules.items()},
        }
        self._threads = [
            threading.Thread(target=self._repeat, args=item, name=item[0], daemon=True)
            for item in jobs.items()
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads and wait for the work in hand."""
        self._stopping.set()
        self._signal.set()
        for thread in self._threads:
            thread.join(_STOP_SECONDS)

    def _repeat(self, name: str, job: Callable[[], object]) -> None:
        while not self._stopping.is_set():
            try:
                job()
            except Exception as error:  # noqa: BLE001 -- whatever it is, the job goes on
                log_failure(_LOG, name, error)
                self._stopping.wait(_PAUSE_SECONDS)

    def _when_signalled(self, relay: Scheduled) -> None:
        self._signal.wait(_RELAY_SECONDS)
        self._signal.clear()
        relay(scheduled_event(), LambdaContext("relay"))

    def _later(self, name: str, job: Scheduled) -> None:
        if not self._stopping.wait(_SCHEDULE_SECONDS):
            job(scheduled_event(), LambdaContext(name))


class DeliverLoop:
    """Lambda's event source mapping of one queue."""

    def __init__(
        self, sqs: Any, queue_url: str, deliver: Deliver, after_delivery: Callable[[], None]
    ) -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self._deliver = deliver
        self._after_delivery = after_delivery
        self._delivered = False

    def once(self) -> None:
        """Wait for messages, hand them to the consumer, delete those that succeeded."""
        messages = self._sqs.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=_WAIT_SECONDS,
            AttributeNames=["All"],
        ).get("Messages", [])
        if messages:
            self._delivered = True
            self._hand_over(messages)
        elif self._delivered:
            self._delivered = False
            self._after_delivery()

    def _hand_over(self, messages: Sequence[Mapping[str, Any]]) -> None:
        answer = self._deliver(sqs_event(messages), LambdaContext("deliver"))
        failures = (answer or {}).get("batchItemFailures", [])
        failed = {failure["itemIdentifier"] for failure in failures}
        succeeded = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(messages)
            if message["MessageId"] not in failed
        ]
        if succeeded:
            self._sqs.delete_message_batch(QueueUrl=self._queue_url, Entries=succeeded)


def scheduled_event() -> dict[str, Any]:
    """The event with which EventBridge invokes a function on a schedule."""
    return {
        "version": "0",
        "id": str(uuid4()),
        "source": "aws.events",
        "account": "000000000000",
        "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "region": "local",
        "resources": [],
        "detail-type": "Scheduled Event",
        "detail": {},
    }


def sqs_event(messages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The event with which Lambda hands messages of a queue to a function."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message.get("Attributes", {}),
                "messageAttributes": {},
                "md5OfBody": message.get("MD5OfBody", ""),
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:local:000000000000:deliver",
                "awsRegion": "local",
            }
            for message in messages
        ]
    }
