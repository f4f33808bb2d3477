"""From a committed message to the queue, and what waits there is looked at how often."""

import pytest

from chalicelib import jobs
from chalicelib.adapters.queues import queue_body
from chalicelib.stores.outbox import GIVE_UP_SECONDS, KEEP_SECONDS, LEASE_SECONDS, REQUEUE_SECONDS
from chalicelib.stores.tables import Key, Put, Row
from tests.api.steps import ask
from tests.lab import Lab, lab

MINUTE = 60
"""The relay's schedule."""


@pytest.fixture
def archive() -> Lab:
    return lab()


def rows(archive: Lab) -> list[Key]:
    return [key for key in archive.memory.all_rows() if key.table == "outbox"]


def told(*keys: Key) -> dict[str, object]:
    """What the outbox's stream tells of new rows."""
    return {
        "Records": [{"dynamodb": {"Keys": {"pk": {"S": k.pk}, "sk": {"S": k.sk}}}} for k in keys]
    }


@pytest.mark.req("R-86")
def test_a_committed_message_is_queued_without_a_look_at_others(archive: Lab) -> None:
    ask(archive)
    (key,) = rows(archive)
    calls: list[str] = []

    def noted(name, call):
        calls.append(name)
        return call()

    archive.tables.around = noted
    assert jobs.relay_committed(archive.ports, told(key)) == 1
    assert calls == ["write"]
    assert archive.queue.keys == [key]
    assert jobs.relay(archive.ports) == 0, "it is queued already"
    archive.clock.advance(REQUEUE_SECONDS)
    assert jobs.relay(archive.ports) == 1


@pytest.mark.req("R-86")
def test_told_again_of_a_message_that_was_sent_nothing_is_sent(archive: Lab) -> None:
    ask(archive)
    (key,) = rows(archive)
    event = {"Records": [{"messageId": "1", "body": queue_body(key)}]}
    for _ in range(2):
        jobs.relay_committed(archive.ports, told(key))
        assert jobs.deliver(archive.ports, event) == {"batchItemFailures": []}
    assert len(archive.sms.sent) == 1
    assert rows(archive) == []


@pytest.mark.req("R-86")
def test_a_killed_consumers_message_is_due_when_its_lease_is_over(archive: Lab) -> None:
    ask(archive)
    (key,) = rows(archive)
    jobs.relay(archive.ports)
    archive.clock.advance(REQUEUE_SECONDS - 1)
    assert archive.ports.outbox.lease(key, archive.clock()) is not None
    archive.clock.advance(LEASE_SECONDS - 1)
    assert jobs.relay(archive.ports) == 0
    archive.clock.advance(1)
    assert jobs.relay(archive.ports) == 1
    assert archive.ports.outbox.lease(key, archive.clock()) is not None


@pytest.mark.req("R-86")
def test_the_longest_wait_is_within_two_minutes() -> None:
    assert REQUEUE_SECONDS + MINUTE < 120
    assert LEASE_SECONDS + MINUTE < 120


def test_what_waits_for_a_day_is_neither_read_nor_queued_and_forgotten_in_the_end(
    archive: Lab,
) -> None:
    start = archive.clock()
    for age in (GIVE_UP_SECONDS + 1, GIVE_UP_SECONDS, GIVE_UP_SECONDS - 1):
        at = start - age
        row: Row = {"pk": "pending#0", "sk": f"{at:011d}#x", "at": at, "due": at, "sealed": b""}
        archive.ports.tables.write(Put("outbox", row))
    (due,) = archive.ports.outbox.due(0, start)
    assert due.sk == f"{start - GIVE_UP_SECONDS + 1:011d}#x"
    ask(archive)
    fresh = [row for row in archive.memory.all_rows().values() if row.get("state") == "message"]
    assert [row["expires_at"] for row in fresh] == [start + KEEP_SECONDS]
