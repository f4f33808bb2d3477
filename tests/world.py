"""A whole archive in one process: real edge, operations and stores on chosen tables.

`MemoryTables` make it quick; `tests/contract` runs the same operations on DynamoDB's emulators.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import msgspec
from werkzeug.test import EnvironBuilder, run_wsgi_app

from chalicelib import jobs
from chalicelib.adapters.files import MemoryFiles
from chalicelib.adapters.images import PillowImages
from chalicelib.adapters.memory_keys import MemoryDataKeys
from chalicelib.adapters.memory_tables import MemoryTables
from chalicelib.adapters.password_blocklist import is_common
from chalicelib.adapters.password_hasher import PasswordHasher
from chalicelib.adapters.quarantine import MemoryQuarantine
from chalicelib.adapters.queues import MemoryQueue, queue_body
from chalicelib.adapters.randomness import SystemRandomness
from chalicelib.adapters.senders import MemorySender
from chalicelib.api.application import build
from chalicelib.domain.consents import CURRENT_VERSION
from chalicelib.domain.errors import Refusal
from chalicelib.domain.limits import limit_table
from chalicelib.domain.statements import Statement
from chalicelib.operations.ports import Ports
from chalicelib.stores.accounts import Person
from chalicelib.stores.keyring import DataKeys, Keyring
from chalicelib.stores.signatures import Signatures
from chalicelib.stores.tables import Tables
from chalicelib.telemetry import NoMetrics
from chalicelib.wiring import stores
from infra.local.gateway import Gateway
from tests.audit import MemoryAuditSigner
from tests.signing import MemorySigner

START = int(datetime(2026, 11, 23, 2, 0, tzinfo=UTC).timestamp())
ORIGIN = "http://127.0.0.1:8000"
PASSWORD = "correct-horse-7"


@dataclass
class Clock:
    """A clock that only moves when told."""

    instant: int = START

    def __call__(self) -> int:
        return self.instant

    def advance(self, seconds: int) -> None:
        self.instant += seconds


@dataclass
class KnowingChecker:
    """An identity checker that knows who agrees, and can be down."""

    known: set[tuple[str, str, str]] = field(default_factory=set)
    down: bool = False
    asked: list[Person] = field(default_factory=list)

    def learn(self, name: str, number: str, phone: str) -> None:
        self.known.add((name, number, phone))

    def agrees(self, person: Person, phone: str) -> bool:
        self.asked.append(person)
        if self.down:
            raise Refusal("unavailable", retry_after=5)
        return (person.name, person.document_number, phone) in self.known


class PlainRenderer:
    """Draws nothing: the page's bytes are the statement (the real one has its own tests)."""

    def render(
        self,
        statement: Statement,
        *,
        verification_code: str,
        verification_url: str,
        token: str,
        photo: bytes | None,
    ) -> bytes:
        said = [statement, verification_code, verification_url, token]
        return b"%PDF-" + msgspec.json.encode(said)


class PlainPdfSigner:
    """Leaves the page as it is (the real one has its own tests)."""

    def sign(self, pdf: bytes, *, now: int) -> bytes:
        return pdf


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def code(self) -> str:
        return str(self.json["code"])


class Client:
    """Calls the API through the local gateway, as a browser would."""

    def __init__(self, gateway: Gateway, ip: str = "203.0.113.7") -> None:
        self._gateway = gateway
        self.ip = ip
        self.token: str | None = None
        self.refresh_token: str | None = None

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
        query: Mapping[str, str] | None = None,
        ip: str | None = None,
    ) -> Answer:
        sent = dict(headers or {})
        bearer = token or self.token
        if bearer and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {bearer}"
        content = raw if raw is not None else (b"" if body is None else json.dumps(body).encode())
        if content and "Content-Type" not in sent:
            sent["Content-Type"] = "application/json"
        environ = EnvironBuilder(
            method=method,
            path=f"/api{path}",
            query_string=dict(query) if query else None,
            headers=list(sent.items()),
            input_stream=BytesIO(content),
            content_length=len(content),
        ).get_environ()
        environ["REMOTE_ADDR"] = ip or self.ip
        parts, status, found = run_wsgi_app(self._gateway, environ)
        return Answer(int(status.split()[0]), dict(found), b"".join(parts))


@dataclass
class World:
    """The archive under test and the hands of everybody who uses it."""

    ports: Ports
    clock: Clock
    checker: KnowingChecker
    gateway: Gateway
    sms: MemorySender
    mail: MemorySender
    queue: MemoryQueue

    @property
    def client(self) -> Client:
        """A new client on a new device."""
        return Client(self.gateway)

    def deliver(self) -> None:
        """Relay and deliver everything that was committed, and what errands commit."""
        while jobs.relay(self.ports):
            keys, self.queue.keys = self.queue.keys, []
            event = {
                "Records": [
                    {"messageId": str(place), "body": queue_body(key)}
                    for place, key in enumerate(keys)
                ]
            }
            assert jobs.deliver(self.ports, event) == {"batchItemFailures": []}

    def last_code(self, destination: str) -> str:
        """The last code that reached a phone or mailbox."""
        self.deliver()
        bodies = [body for to, _, body in (*self.sms.sent, *self.mail.sent) if to == destination]
        codes = [code for body in bodies for code in re.findall(r"(?<!\d)\d{6}(?!\d)", body)]
        return str(codes[-1])

    def mails_to(self, address: str) -> list[str]:
        """What reached a mailbox, the oldest first."""
        self.deliver()
        return [body for to, _, body in self.mail.sent if to == address]

    # Journeys' steps

    def prove_phone(self, phone: str, purpose: str = "register") -> str:
        """A verification token for a phone."""
        client = self.client
        asked = client.call(
            "POST",
            "/verification-codes",
            {"purpose": purpose, "channel": "sms", "destination": phone},
        )
        assert asked.status == 202, asked.content
        verified = client.call(
            "POST",
            f"/verification-codes/{asked.json['challenge_id']}/verify",
            {"code": self.last_code(phone)},
        )
        assert verified.status == 200, verified.content
        return str(verified.json["verification_token"])

    def draft(self, student: "Student", **changes: Any) -> Answer:
        """Register up to the draft."""
        body = {
            "verification_token": self.prove_phone(student.phone),
            "email": student.email,
            "password": PASSWORD,
            "name": student.name,
            "document_type": student.document_type,
            "document_number": student.document_number,
            "consent": {"version": CURRENT_VERSION, "accepted": True},
        }
        return self.client.call("POST", "/registrations", body | changes)

    def register(self, student: "Student") -> Answer:
        """Register to the end."""
        drafted = self.draft(student)
        assert drafted.status == 201, drafted.content
        return self.client.call("POST", f"/registrations/{drafted.json['registration_id']}/confirm")

    def sign_in(self, student: "Student") -> Client:
        """A signed-in client."""
        client = self.client
        first = client.call("POST", "/sessions", {"username": student.email, "password": PASSWORD})
        assert first.status == 202, first.content
        second = client.call(
            "POST",
            "/sessions/second-step",
            {
                "challenge_id": first.json["challenge_id"],
                "code": self.last_code(student.phone),
            },
        )
        assert second.status == 201, second.content
        client.token = second.json["access_token"]
        client.refresh_token = second.json["refresh_token"]
        return client

    def registered(self, student: "Student") -> Client:
        """Somebody registered and signed in."""
        confirmed = self.register(student)
        assert confirmed.status == 201, confirmed.content
        return self.sign_in(student)


class Student(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who registers."""

    name: str = "王小明"
    document_type: str = "resident_id"
    document_number: str = "11010519491231002X"
    phone: str = "+8619900000001"
    email: str = "wang@example.com"


def world(
    *,
    tables: Tables | None = None,
    data_keys: DataKeys | None = None,
    limits: str = "standard",
    clock: Clock | None = None,
) -> World:
    """An archive; in memory unless told otherwise."""
    clock = clock or Clock()
    chosen = tables or MemoryTables()
    keyring = Keyring("test", data_keys or MemoryDataKeys())
    checker, queue = KnowingChecker(), MemoryQueue()
    sms, mail = MemorySender(), MemorySender()
    ports = Ports(
        now=clock,
        random=SystemRandomness(),
        hasher=PasswordHasher(keyring.pepper),
        is_common_password=is_common,
        checker=checker,
        photos=MemoryFiles(),
        report_files=MemoryFiles(),
        quarantine=MemoryQuarantine(),
        images=PillowImages(),
        queue=queue,
        dead_letters=queue,
        senders={"sms": sms, "email": mail},
        renderer=PlainRenderer(),
        pdf_signer=PlainPdfSigner(),
        signatures=Signatures(MemorySigner(clock)),
        audit_signer=MemoryAuditSigner(),
        metrics=NoMetrics(),
        public_origin=ORIGIN,
        service_names={"zh": "学籍档案", "en": "Student Archive"},
        contact="privacy@archive.example",
        **stores(chosen, keyring, limit_table(limits)),
    )
    app = build(None, lambda: ports, cors_origins=lambda: (ORIGIN,))
    return World(ports, clock, checker, Gateway(app), sms, mail, queue)
