"""The local stand-in for Lambda's event sources: what it deletes, retries and survives."""

import threading

from chalice.app import Chalice

from infra.local.consumers import Consumers, DeliverLoop, scheduled_event, sqs_event


class Queue:
    def __init__(self, *batches):
        self.batches = list(batches)
        self.deleted = []

    def receive_message(self, **_):
        return {"Messages": self.batches.pop(0)} if self.batches else {}

    def delete_message_batch(self, *, QueueUrl, Entries):  # noqa: N803 -- boto3's names
        self.deleted += [entry["ReceiptHandle"] for entry in Entries]


def message(name):
    return {"MessageId": name, "ReceiptHandle": f"receipt {name}", "Body": name}


def loop(queue, deliver, after=lambda: None):
    return DeliverLoop(queue, "url", deliver, after)


def test_only_what_succeeded_is_deleted():
    queue = Queue([message("a"), message("b")])
    loop(queue, lambda *_: {"batchItemFailures": [{"itemIdentifier": "a"}]}).once()
    assert queue.deleted == ["receipt b"]


def test_a_consumer_that_answers_nothing_has_succeeded():
    queue = Queue([message("a")])
    loop(queue, lambda *_: None).once()
    assert queue.deleted == ["receipt a"]


def test_deliveries_are_noticed_once_the_queue_is_empty():
    noticed = []
    consumer = loop(Queue([message("a")]), lambda *_: None, lambda: noticed.append("noticed"))
    consumer.once()
    assert noticed == []
    consumer.once()
    consumer.once()
    assert noticed == ["noticed"]


def test_the_events_are_those_that_chalice_reads():
    app = Chalice("consumers-test", configure_logs=False)
    seen: list[str] = []

    @app.on_sqs_message(queue="deliver")
    def deliver(event):
        seen.extend(record.body for record in event)

    @app.schedule("rate(1 minute)")
    def relay(event):
        seen.append(event.detail_type)

    deliver(sqs_event([message("a")]), None)
    relay(scheduled_event(), None)
    assert seen == ["a", "Scheduled Event"]


def test_a_job_that_fails_goes_on_and_the_threads_end(monkeypatch, caplog):
    monkeypatch.setattr("infra.local.consumers._PAUSE_SECONDS", 0)
    signal, twice, calls = threading.Event(), threading.Event(), []

    def relay(*_):
        calls.append(1)
        signal.set()
        if len(calls) == 2:
            twice.set()
        raise LookupError(f"call {calls}")

    consumers = Consumers(
        relay=relay,
        deliver=lambda *_: None,
        schedules={},
        sqs=Queue(),
        queue_url="url",
        outbox_signal=signal,
        after_delivery=lambda: None,
    )
    signal.set()
    consumers.start()
    assert twice.wait(10)
    consumers.stop()
    assert "relay failed: LookupError" in caplog.text
    assert not [thread for thread in threading.enumerate() if thread.name == "relay"]


def test_every_schedule_runs_by_its_name(monkeypatch):
    monkeypatch.setattr("infra.local.consumers._SCHEDULE_SECONDS", 0)
    ran = {name: threading.Event() for name in ("expire_codes", "check_appeals")}

    def noting(_event, context):
        ran[context.function_name].set()

    consumers = Consumers(
        relay=lambda *_: None,
        deliver=lambda *_: None,
        schedules=dict.fromkeys(ran, noting),
        sqs=Queue(),
        queue_url="url",
        outbox_signal=threading.Event(),
        after_delivery=lambda: None,
    )
    consumers.start()
    assert all(event.wait(10) for event in ran.values())
    consumers.stop()
