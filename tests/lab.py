"""A `World` to experiment in: quick, repeatable, its table calls open to interception.

Passwords are not hashed and randomness is seeded, so that the same experiment runs the same way
thousands of times; `Lab.mark` keeps the state that every run begins from.
"""

import base64
import dataclasses
import random
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, get_args

from chalicelib.api.application import build
from chalicelib.domain.consents import CURRENT_VERSION
from chalicelib.operations.withdraw_reports import Withdrawn
from chalicelib.stores.audit_journal import kind_of
from chalicelib.stores.keyring import DataKeys
from chalicelib.stores.outbox import Message
from chalicelib.stores.tables import Key, Row, Tables
from infra.local.gateway import Gateway
from tests.tables import InterceptedTables, RewindableTables, straight
from tests.world import ORIGIN, PASSWORD, Clock, Student, World, world


class SeededRandomness:
    """`Randomness` that repeats itself."""

    def __init__(self, seed: int = 1) -> None:
        self.source = random.Random(seed)
        self._made = count()

    def token(self) -> str:
        return _text(self.bytes(32))

    def identifier(self) -> str:
        return _text(self.bytes(16))

    def ordered_identifier(self) -> str:
        return f"{next(self._made):019d}-{self.identifier()}"

    def digits(self, count: int) -> str:
        return f"{self.source.randrange(10**count):0{count}d}"

    def bytes(self, count: int) -> bytes:
        return self.source.randbytes(count)


class PlainHasher:
    """`PasswordHasher` that costs nothing (the real one has its own tests)."""

    def hash(self, password: str) -> str:
        return f"plain {password}"

    def verify(self, stored: str, password: str) -> bool:
        return stored == self.hash(password)

    def verify_nothing(self, password: str) -> None:
        return

    def needs_rehash(self, stored: str) -> bool:
        return False


class Lab(World):
    """A world on intercepted tables."""

    tables: InterceptedTables
    memory: RewindableTables

    def mark(self) -> Callable[[], None]:
        """Keep the present state; what is answered brings it back."""
        rows, instant = self.memory.all_rows(), self.clock.instant
        sent = list(self.sms.sent), list(self.mail.sent)
        queued = list(self.queue.keys)
        seeded = self.ports.random
        assert isinstance(seeded, SeededRandomness)
        state = seeded.source.getstate()

        def rewind() -> None:
            self.memory.put_back(rows)
            self.clock.instant = instant
            self.sms.sent[:], self.mail.sent[:] = sent
            self.queue.keys[:] = queued
            seeded.source.setstate(state)
            self.tables.around = straight

        return rewind

    def application(self, student: Student, token: str) -> dict[str, Any]:
        """What the student fills in to register."""
        return {
            "verification_token": token,
            "email": student.email,
            "password": PASSWORD,
            "name": student.name,
            "document_type": student.document_type,
            "document_number": student.document_number,
            "consent": {"version": CURRENT_VERSION, "accepted": True},
        }

    def census(self) -> Counter[str]:
        """How many rows there are of each kind that counts as an effect."""
        return census(self.memory.all_rows())

    def waiting(self) -> list[Message]:
        """The messages in the outbox."""
        return [
            self.ports.keyring.open_document(row["sealed"], key, Message)
            for key, row in self.memory.all_rows().items()
            if key.table == "outbox" and row["state"] == "message"
        ]


def lab(*, tables: Tables | None = None, data_keys: DataKeys | None = None) -> Lab:
    """A lab; on memory unless told otherwise."""
    memory = RewindableTables()
    intercepted = InterceptedTables(tables or memory)
    plain = world(tables=intercepted, data_keys=data_keys, clock=Clock())
    ports = dataclasses.replace(plain.ports, random=SeededRandomness(), hasher=PlainHasher())
    gateway = Gateway(build(None, lambda: ports, cors_origins=lambda: (ORIGIN,)))
    made = Lab(ports, plain.clock, plain.checker, gateway, plain.sms, plain.mail, plain.queue)
    made.tables, made.memory = intercepted, memory
    return made


_WITHDRAWN = get_args(Withdrawn)
_NO_EFFECT = ("idempotency", "limit", "throttle", "challenge", "slot", "unsent")
"""Rows that guard or count, and those that a later try replaces."""


def census(rows: Mapping[Key, Row]) -> Counter[str]:
    """How many rows there are of each kind that counts as an effect."""
    return Counter(kind for key, row in rows.items() for kind in _kind_of(key, row))


def _kind_of(key: Key, row: Row) -> list[str]:
    partition, place = key.pk.partition("#")[0], key.sk.partition("#")[0]
    if partition in _NO_EFFECT or (partition, place) == ("draft", "consent"):
        return []  # a consent is kept before anything is processed, whatever becomes of it
    if partition == "agenda" and place in _WITHDRAWN:
        return []  # the schedule takes it off, where the request itself was cut off
    if key.table == "audit":
        return ["audit line"] if kind_of(key) == "line" else []
    if key.table == "outbox":
        return [f"outbox {row.get('state', 'message')!s}"]
    return [f"{key.table} {partition} {'instant' if place.isdecimal() else place}"]


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
