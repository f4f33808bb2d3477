"""What queues carry: addresses of outbox rows, and blind indexes of those whose mail came back."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from chalicelib.adapters.failures import CALL_FAILED, unavailable
from chalicelib.stores.accounts import MailTrouble
from chalicelib.stores.tables import Key

_BATCH = 10
_WAIT_SECONDS = 2
_REFERENCE = re.compile(r"[0-9]+_[A-Za-z0-9_-]{43}", re.ASCII)


class SqsDeliverQueue:
    """`DeliverQueue` on SQS; the queue is known by its name."""

    def __init__(self, sqs: Callable[[], Any], name: str) -> None:
        self._sqs = sqs
        self._name = name
        self._url: str | None = None

    def send(self, keys: Sequence[Key]) -> Sequence[Key]:
        """See `DeliverQueue.send`."""
        taken: list[Key] = []
        for start in range(0, len(keys), _BATCH):
            taken.extend(self._send_batch(keys[start : start + _BATCH]))
        return taken

    def _send_batch(self, keys: Sequence[Key]) -> Sequence[Key]:
        sqs = self._sqs()
        try:
            self._url = self._url or sqs.get_queue_url(QueueName=self._name)["QueueUrl"]
            answer = sqs.send_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(place), "MessageBody": queue_body(key)}
                    for place, key in enumerate(keys)
                ],
            )
        except CALL_FAILED as error:
            raise unavailable("sqs", error) from None
        return [keys[int(entry["Id"])] for entry in answer.get("Successful", [])]


class SqsDeadLetters:
    """`DeadLetters` of the delivering queue; both are known by their names."""

    def __init__(self, sqs: Callable[[], Any], queue: str) -> None:
        self._sqs = sqs
        self._queue = queue

    def waiting(self) -> int:
        """See `DeadLetters.waiting`."""
        try:
            return letters_waiting(self._sqs(), self._url(f"{self._queue}-dead"))
        except CALL_FAILED as error:
            raise unavailable("sqs", error) from None

    def redrive(self, most: int) -> int:
        """See `DeadLetters.redrive`."""
        try:
            return hand_over(
                self._sqs(), self._url(f"{self._queue}-dead"), self._url(self._queue), most
            )
        except CALL_FAILED as error:
            raise unavailable("sqs", error) from None

    def _url(self, name: str) -> str:
        return str(self._sqs().get_queue_url(QueueName=name)["QueueUrl"])


def letters_waiting(sqs: Any, dead_letters: str) -> int:
    """About how many messages wait in a queue (an address)."""
    name = "ApproximateNumberOfMessages"
    answer = sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=[name])
    return int(answer["Attributes"][name])


def hand_over(sqs: Any, dead_letters: str, queue: str, most: int) -> int:
    """Hand up to `most` messages over from one queue to another (addresses); how many.

    Safe to break off and to repeat: a message is in its queue before it leaves the dead letters.
    """
    done = 0
    while done < most:
        letters = sqs.receive_message(
            QueueUrl=dead_letters,
            MaxNumberOfMessages=min(_BATCH, most - done),
            WaitTimeSeconds=_WAIT_SECONDS,
        ).get("Messages", [])
        if not letters:
            break
        for letter in letters:
            sqs.send_message(QueueUrl=queue, MessageBody=letter["Body"])
            sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=letter["ReceiptHandle"])
        done += len(letters)
    return done


class MemoryQueue:
    """`DeliverQueue` and its `DeadLetters` in memory, for tests."""

    def __init__(self) -> None:
        self.keys: list[Key] = []
        self.dead: list[Key] = []

    def waiting(self) -> int:
        """See `DeadLetters.waiting`."""
        return len(self.dead)

    def redrive(self, most: int) -> int:
        """See `DeadLetters.redrive`."""
        taken, self.dead = self.dead[:most], self.dead[most:]
        self.keys.extend(taken)
        return len(taken)

    def send(self, keys: Sequence[Key]) -> Sequence[Key]:
        """See `DeliverQueue.send`."""
        self.keys.extend(keys)
        return keys


def queue_body(key: Key) -> str:
    """What a queue carries for an outbox row."""
    return json.dumps({"pk": key.pk, "sk": key.sk})


def key_of(body: str) -> Key:
    """The outbox row a queue's body names. Raises `ValueError` for any other body."""
    found = json.loads(body)
    if not isinstance(found, dict) or set(found) != {"pk", "sk"}:
        raise ValueError("not the address of a message")
    return Key("outbox", str(found["pk"]), str(found["sk"]))


def returned_mail_of(body: str) -> tuple[str, MailTrouble]:
    """Whose mail came back, by the mail's tag, and why. Raises `ValueError` for any other body."""
    found = json.loads(body)
    match found:
        case {"reason": "bounced" | "complained" as reason, "recipient": [str(reference)]} if (
            _REFERENCE.fullmatch(reference)
        ):
            return reference, reason
    raise ValueError("not a report of returned mail")
