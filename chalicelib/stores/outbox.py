"""Messages that were committed and are not yet sent, and errands that are not yet run.

A row exists from the commit that caused the message until the message is sent; queues carry its
address only. `due` is when it is to be queued (again), `lease` until when a consumer has it. An
errand is looked up and told later, so that neither an answer nor its time tells the asker anything.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from chalicelib.stores.keyring import Keyring
from chalicelib.stores.tables import ConditionFailed, Delete, Key, Put, Row, Tables, Update, When

SHARDS = 4
REQUEUE_SECONDS = 50
"""A message still here this long after it was queued is queued again: with the minute until the
schedule looks, within 120 s (R-86)."""
LEASE_SECONDS = 30
"""A consumer's time for one message. When that is over the message is due again."""
GIVE_UP_SECONDS = 86_400
"""A message that could not be sent for a day waits for an operator (the alarm on age says so)."""
KEEP_SECONDS = 30 * 86_400
"""Then it is forgotten, by the table's time to live."""

Channel = Literal["sms", "email"]

_ERRAND, _MESSAGE = "errand", "message"


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message to one address. Past `expires_at` (epoch seconds) it is dropped, not sent."""

    kind: str
    channel: Channel
    to: str
    language: str
    values: Mapping[str, str] = {}
    expires_at: int | None = None


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be looked up and told to somebody, out of sight of whoever asked for it."""

    kind: str
    values: Mapping[str, str]


class Outbox:
    """The `outbox` table."""

    def __init__(self, tables: Tables, keyring: Keyring) -> None:
        self._tables = tables
        self._keyring = keyring

    def adding(self, message: Message | Errand, message_id: str, now: int) -> Put:
        """The write that commits a message or an errand."""
        shard = random.randrange(SHARDS)  # noqa: S311 -- spreads load, protects nothing
        key = Key("outbox", f"pending#{shard}", f"{now:011d}#{message_id}")
        row: Row = {
            "pk": key.pk,
            "sk": key.sk,
            "state": _ERRAND if isinstance(message, Errand) else _MESSAGE,
            "sealed": self._keyring.seal_document(message, key),
            "at": now,
            "due": now,
            "expires_at": now + KEEP_SECONDS,
        }
        return Put("outbox", row)

    def due(self, shard: int, now: int) -> Sequence[Key]:
        """Messages of a shard that are to be queued, the oldest first; given-up ones are left."""
        given_up = f"{max(0, now - GIVE_UP_SECONDS):011d}$"  # after every `#` of that second
        rows = self._tables.query("outbox", f"pending#{shard}", after=given_up).rows
        return [_key(row) for row in rows if int(row["due"]) <= now]

    def queued(self, key: Key, now: int) -> None:
        """Note that the message was queued; it is due again if it stays."""
        try:
            self._tables.write(
                Update(key, set={"due": now + REQUEUE_SECONDS}, when=When(exists=True))
            )
        except ConditionFailed:
            return  # sent meanwhile

    def lease(self, key: Key, now: int) -> Message | Errand | None:
        """Take it for sending or running; None when that is done or another consumer has it.

        Whoever takes it and is killed has it until the lease is over, and the relay from then on.
        """
        row = self._tables.get(key)
        if row is None or int(row.get("lease", 0)) > now:
            return None
        held = {"lease": row["lease"]} if "lease" in row else {}
        when = When(exists=True, equal=held, absent=() if held else ("lease",))
        try:
            until = now + LEASE_SECONDS
            self._tables.write(Update(key, set={"lease": until, "due": until}, when=when))
        except ConditionFailed:
            return None
        if row.get("state") == _ERRAND:
            return self._keyring.open_document(row["sealed"], key, Errand)
        return self._keyring.open_document(row["sealed"], key, Message)

    def release(self, key: Key) -> None:
        """Give a message back that could not be sent."""
        try:
            self._tables.write(Update(key, remove=("lease",), when=When(exists=True)))
        except ConditionFailed:
            return  # sent meanwhile

    def sent(self, key: Key) -> None:
        """The message was sent, or is no longer wanted: nothing of it is kept."""
        self._tables.write(Delete(key))

    def running(self, key: Key) -> Delete:
        """The write that takes an errand off: it fails when another consumer was quicker."""
        return Delete(key, When(exists=True))

    def oldest(self) -> int | None:
        """When the oldest waiting message was committed (epoch seconds)."""
        firsts = [
            row
            for shard in range(SHARDS)
            for row in self._tables.query("outbox", f"pending#{shard}", limit=1).rows
        ]
        return min((int(row["at"]) for row in firsts), default=None)


def _key(row: Row) -> Key:
    return Key("outbox", str(row["pk"]), str(row["sk"]))
