"""Messages: committed means sent, once, whatever fails between."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import permutations

import pytest

from chalicelib import jobs
from chalicelib.adapters.queues import queue_body
from chalicelib.domain.errors import Refusal
from chalicelib.operations import deliver as delivering
from chalicelib.stores.outbox import LEASE_SECONDS, Message
from chalicelib.stores.tables import Key, Put
from tests.faults.injection import TABLE_FAULTS, Faults
from tests.lab import Lab, lab
from tests.tables import straight
from tests.wire import Killed

TO = ("+8619900000001", "+8619900000002", "+8619900000003")
MINUTE = 60
RELAY_EVERY = MINUTE
"""As the schedule runs."""


@dataclass
class Provider:
    """A provider of text messages that can be down."""

    down: bool = False
    sent: list[str] = field(default_factory=list)

    def send(self, to: str, subject: str | None, body: str) -> None:
        if self.down:
            raise Refusal("unavailable", cause="Down")
        self.sent.append(to)


@pytest.fixture
def archive() -> Lab:
    return lab()


@pytest.fixture
def provider(archive: Lab) -> Provider:
    provider = Provider()
    senders = archive.ports.senders
    assert isinstance(senders, dict)
    senders["sms"] = provider
    return provider


def commit_message(archive: Lab, to: str, *, lives: int | None = None) -> None:
    """A notice, or a code that lives so many seconds."""
    now = archive.clock()
    message = Message(
        kind="code" if lives else "contact_already_used",
        channel="sms",
        to=to,
        language="zh",
        values={"code": "000000", "purpose": "register"} if lives else {},
        expires_at=now + lives if lives else None,
    )
    archive.ports.tables.commit([archive.ports.message(message)])


def event_of(keys: Sequence[Key]) -> dict[str, object]:
    return {
        "Records": [
            {"messageId": str(place), "body": queue_body(key)} for place, key in enumerate(keys)
        ]
    }


def queued(archive: Lab) -> list[Key]:
    """Relay, and take what is queued."""
    jobs.relay(archive.ports)
    keys, archive.queue.keys[:] = list(archive.queue.keys), []
    return keys


def run_minutes(archive: Lab, minutes: int) -> None:
    """The relay each minute, and the consumer right after it."""
    for _ in range(minutes):
        archive.clock.advance(RELAY_EVERY)
        jobs.deliver(archive.ports, event_of(queued(archive)))


@pytest.mark.req("R-87")
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_each_message_three_times_in_any_order_is_sent_once(
    archive: Lab, provider: Provider, order: tuple[int, ...]
) -> None:
    for to in TO:
        commit_message(archive, to)
    keys = queued(archive)
    for first in order:
        jobs.deliver(archive.ports, event_of([keys[(first + place) % 3] for place in order]))
    assert sorted(provider.sent) == sorted(TO)
    assert archive.waiting() == []


@pytest.mark.req("R-87")
def test_a_message_in_one_event_three_times_is_sent_once(archive: Lab, provider: Provider) -> None:
    commit_message(archive, TO[0])
    answer = jobs.deliver(archive.ports, event_of(queued(archive) * 3))
    assert answer == {"batchItemFailures": []}
    assert provider.sent == [TO[0]]


@pytest.mark.req("R-87")
def test_relaying_twice_at_once_sends_once(archive: Lab, provider: Provider) -> None:
    commit_message(archive, TO[0])
    rewind = archive.mark()
    first = queued(archive)
    rewind()
    second = queued(archive)
    jobs.deliver(archive.ports, event_of(first + second))
    assert provider.sent == [TO[0]]


@pytest.mark.req("R-86")
def test_nothing_is_lost_while_the_relay_is_down_for_an_hour(
    archive: Lab, provider: Provider
) -> None:
    for to in TO:
        commit_message(archive, to)
        archive.clock.advance(20 * MINUTE)
    run_minutes(archive, 2)
    assert sorted(provider.sent) == sorted(TO)
    assert archive.waiting() == []


@pytest.mark.req("R-86")
@pytest.mark.parametrize("minutes_down", [1, 2, 3, 7, 61])
@pytest.mark.parametrize("seconds", [0, 1, 59])
def test_a_message_is_sent_within_two_minutes_of_the_providers_recovery(
    archive: Lab, provider: Provider, minutes_down: int, seconds: int
) -> None:
    archive.clock.advance(seconds)
    commit_message(archive, TO[0])
    provider.down = True
    run_minutes(archive, minutes_down)
    assert [message.to for message in archive.waiting()] == [TO[0]]
    provider.down = False
    run_minutes(archive, 2)
    assert provider.sent == [TO[0]]
    assert archive.waiting() == []


@pytest.mark.req("R-23")
@pytest.mark.parametrize(("seconds", "sent"), [(299, True), (300, False)])
def test_a_code_past_its_time_is_dropped(
    archive: Lab, provider: Provider, seconds: int, sent: bool
) -> None:
    commit_message(archive, TO[0], lives=300)
    archive.clock.advance(seconds)
    jobs.deliver(archive.ports, event_of(queued(archive)))
    assert provider.sent == ([TO[0]] if sent else [])
    assert archive.waiting() == []


@pytest.mark.req("R-86")
@pytest.mark.req("R-87")
@pytest.mark.parametrize("fault", TABLE_FAULTS)
@pytest.mark.parametrize("place", range(4))
def test_a_broken_relay_loses_nothing(
    archive: Lab, provider: Provider, fault: str, place: int
) -> None:
    commit_message(archive, TO[0])
    with_faults(archive, place, fault, lambda: jobs.relay(archive.ports))
    jobs.deliver(archive.ports, event_of(archive.queue.keys))
    archive.queue.keys.clear()
    run_minutes(archive, 2)
    assert provider.sent == [TO[0]]
    assert archive.waiting() == []


@pytest.mark.req("R-86")
@pytest.mark.req("R-87")
@pytest.mark.parametrize("fault", TABLE_FAULTS)
@pytest.mark.parametrize("place", range(3))
def test_a_broken_delivery_is_made_good(
    archive: Lab, provider: Provider, fault: str, place: int
) -> None:
    """Only where the process ends between provider and table is a message sent again."""
    commit_message(archive, TO[0])
    (key,) = queued(archive)
    with_faults(archive, place, fault, lambda: delivering.deliver(archive.ports, key))
    run_minutes(archive, 2)
    told_apart = place < 2 or fault.endswith("after")
    assert provider.sent == [TO[0]] * (1 if told_apart else 2)
    assert archive.waiting() == []


def with_faults(archive: Lab, place: int, fault: str, act: object) -> None:
    plan = {place: fault}
    archive.tables.around = Faults(plan)  # type: ignore[arg-type]
    try:
        act()  # type: ignore[operator]
    except (Refusal, Killed):
        pass
    finally:
        archive.tables.around = straight


@pytest.mark.req("R-88")
@pytest.mark.parametrize(
    "poison",
    [
        "",
        "not json",
        "[]",
        "null",
        "{}",
        '{"pk": "pending#0"}',
        '{"pk": "pending#0", "sk": "1", "more": 1}',
    ],
)
def test_a_poison_body_fails_alone(archive: Lab, provider: Provider, poison: str) -> None:
    for to in TO:
        commit_message(archive, to)
    event = event_of(queued(archive))
    event["Records"].insert(1, {"messageId": "poison", "body": poison})  # type: ignore[attr-defined]
    answer = jobs.deliver(archive.ports, event)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "poison"}]}
    assert sorted(provider.sent) == sorted(TO)


@pytest.mark.req("R-88")
@pytest.mark.parametrize("how", ["sealed elsewhere", "of an unknown kind", "without its values"])
def test_a_poison_row_fails_alone(archive: Lab, provider: Provider, how: str) -> None:
    for to in TO:
        commit_message(archive, to)
    key = min(queued(archive), key=lambda one: one.sk)
    row = archive.memory.all_rows()[key]
    poison = Message(kind="no such kind", channel="sms", to=TO[0], language="zh")
    if how == "without its values":
        poison = Message(kind="code", channel="sms", to=TO[0], language="zh")
    place = Key("outbox", "elsewhere", "-") if how == "sealed elsewhere" else key
    sealed = archive.ports.keyring.seal_document(poison, place)
    archive.memory.write(Put("outbox", {**row, "sealed": sealed}))
    archive.clock.advance(2 * MINUTE)
    keys = queued(archive)
    answer = jobs.deliver(archive.ports, event_of(keys))
    assert answer == {"batchItemFailures": [{"itemIdentifier": str(keys.index(key))}]}
    assert len(provider.sent) == 2


@pytest.mark.req("R-88")
def test_a_provider_that_is_down_fails_each_of_its_messages(
    archive: Lab, provider: Provider
) -> None:
    for to in TO:
        commit_message(archive, to)
    provider.down = True
    answer = jobs.deliver(archive.ports, event_of(queued(archive)))
    failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
    assert failed == {"0", "1", "2"}


@pytest.mark.req("R-87")
def test_two_consumers_of_one_message_send_it_once(archive: Lab, provider: Provider) -> None:
    """The second comes while the first is still sending, and after a crash of the first."""
    commit_message(archive, TO[0])
    (key,) = queued(archive)
    assert archive.ports.outbox.lease(key, archive.clock()) is not None
    delivering.deliver(archive.ports, key)
    assert provider.sent == []
    archive.clock.advance(LEASE_SECONDS)
    delivering.deliver(archive.ports, key)
    assert provider.sent == [TO[0]]


@pytest.mark.req("R-99")
def test_the_oldest_waiting_message_tells_how_long_the_outbox_is_behind(
    archive: Lab, provider: Provider
) -> None:
    assert jobs.watch_outbox(archive.ports) == 0
    for to in TO:
        commit_message(archive, to)
        archive.clock.advance(MINUTE)
    assert jobs.watch_outbox(archive.ports) == len(TO) * MINUTE
    run_minutes(archive, 1)
    assert jobs.watch_outbox(archive.ports) == 0
