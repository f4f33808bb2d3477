"""What the operations ask of the outside, and the bundle in which they get it.

Operations take `Ports` as their first argument; tests fill it with fakes, `chalicelib/wiring.py`
with the real adapters.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from chalicelib.domain.errors import Language, Refusal
from chalicelib.domain.statements import Statement
from chalicelib.stores.accounts import Accounts, Person
from chalicelib.stores.agenda import Agenda
from chalicelib.stores.audit import Audit, AuditLine
from chalicelib.stores.audit_journal import Journal
from chalicelib.stores.case_queues import CaseQueues
from chalicelib.stores.cases import Cases
from chalicelib.stores.changes import Changes
from chalicelib.stores.codes import Codes
from chalicelib.stores.idempotency import Claim, Idempotency, StoredReply
from chalicelib.stores.institutions import Institutions
from chalicelib.stores.keyring import Keyring
from chalicelib.stores.limits import Limits
from chalicelib.stores.outbox import Errand, Message, Outbox
from chalicelib.stores.proofreading import Proofreadings
from chalicelib.stores.record_changes import RecordChanges
from chalicelib.stores.registry import Registry
from chalicelib.stores.reports import Reports
from chalicelib.stores.sessions import Sessions
from chalicelib.stores.signatures import Signatures
from chalicelib.stores.staff import Staff
from chalicelib.stores.statuses import StatusLists
from chalicelib.stores.tables import ConditionFailed, Key, Put, Tables, Write
from chalicelib.stores.throttle import PasswordThrottle


class Randomness(Protocol):
    """Unpredictable values."""

    def token(self) -> str:
        """256 bits, 43 URL-safe characters."""

    def identifier(self) -> str:
        """128 bits, 22 URL-safe characters."""

    def ordered_identifier(self) -> str:
        """One that sorts behind those made before it."""

    def digits(self, count: int) -> str:
        """That many decimal digits."""

    def bytes(self, count: int) -> bytes:
        """That many bytes."""


class PasswordHasher(Protocol):
    """Argon2id with a pepper."""

    def hash(self, password: str) -> str:
        """The stored form."""

    def verify(self, stored: str, password: str) -> bool:
        """Whether this is the password."""

    def verify_nothing(self, password: str) -> None:
        """Take as long as `verify` where there is no account."""

    def needs_rehash(self, stored: str) -> bool:
        """Whether the stored form is of older settings."""


class IdentityChecker(Protocol):
    """The three-factor check (三要素): do name, document number and phone belong together?"""

    def agrees(self, person: Person, phone: str) -> bool:
        """Whether they do. Raises `Refusal("unavailable")` when nobody can say just now."""


class Files(Protocol):
    """Sealed objects."""

    def put(self, address: str, content: bytes) -> None:
        """Seal and store."""

    def get(self, address: str) -> bytes | None:
        """Read and open; None when there is no such object."""

    def forget(self, prefix: str) -> None:
        """Delete every version of every object whose address begins so."""


class Quarantine(Protocol):
    """Uploads as they came, unchecked. Methods raise `Refusal("unavailable")`."""

    def offer(self, key: str, *, most_bytes: int, seconds: int) -> tuple[str, Mapping[str, str]]:
        """Address and fields of a form by which anybody may upload to `key` for so long."""

    def read(self, key: str, *, most_bytes: int) -> bytes | None:
        """The upload, or its first `most_bytes` + 1 bytes; None when there is none."""

    def delete(self, key: str) -> None:
        """Delete the upload, if there is one."""


class ImageChecker(Protocol):
    """Makes an uploaded picture harmless."""

    def cleaned(self, content: bytes) -> bytes:
        """The picture alone, as JPEG. Raises `Refusal("file_rejected")` for anything else."""

    def watermarked(self, content: bytes, text: str) -> bytes:
        """A cleaned picture with a text (ASCII) all over it, as JPEG."""


class DeliverQueue(Protocol):
    """The queue of messages to be delivered; it carries addresses of outbox rows only."""

    def send(self, keys: Sequence[Key]) -> Sequence[Key]:
        """Queue them; answers those that were taken."""


class DeadLetters(Protocol):
    """Queued addresses of messages that could not be sent in five tries."""

    def waiting(self) -> int:
        """About how many wait. Raises `Refusal("unavailable")`."""

    def redrive(self, most: int) -> int:
        """Queue up to `most` of them again; how many. Raises `Refusal("unavailable")`."""


class Sender(Protocol):
    """One channel to people."""

    def send(self, to: str, subject: str | None, body: str) -> None:
        """Hand a message to the provider. Raises `Refusal("unavailable")` to be tried again."""


class ReportRenderer(Protocol):
    """Draws a report's PDF."""

    def render(
        self,
        statement: Statement,
        *,
        verification_code: str,
        verification_url: str,
        token: str,
        photo: bytes | None,
    ) -> bytes:
        """The PDF, with the report's signed token in its QR code and in an attached file."""


class PdfSigner(Protocol):
    """Signs PDFs."""

    def sign(self, pdf: bytes, *, now: int) -> bytes:
        """The PDF with its signature. Raises `Refusal("unavailable")`."""


class AuditSigner(Protocol):
    """The key that seals the audit trail."""

    def sign(self, message: bytes) -> tuple[str, bytes]:
        """Name of the key, and its signature. Raises `Refusal("unavailable")`."""

    def public_keys(self) -> Mapping[str, bytes]:
        """The keys that are trusted by their names (DER). Raises `Refusal("unavailable")`."""


class Metrics(Protocol):
    """Figures of what happens; names and units only, never a person."""

    def count(self, name: str, **dimensions: str) -> None:
        """One more of it."""

    def seconds(self, name: str, value: int) -> None:
        """How long it is just now."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a request comes from: address, language, and its id."""

    ip: str
    language: Language
    request_id: str
    device: str = ""


class Recorder:
    """Keeps the reply of a request that came with an `Idempotency-Key`.

    `kept` tells that the operation committed its reply together with its work.
    """

    def __init__(self, idempotency: Idempotency, claim: Claim, status: int) -> None:
        self._idempotency = idempotency
        self.claim = claim
        self.kept = False
        self._status = status

    def recording(self, reply: object, status: int | None) -> Write:
        """The write that keeps the reply, inside the commit that makes it true."""
        body = b"" if reply is None else msgspec.json.encode(reply)
        return self._idempotency.completing(self.claim, StoredReply(status or self._status, body))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything an operation may use."""

    now: Callable[[], int]
    random: Randomness
    tables: Tables
    keyring: Keyring
    hasher: PasswordHasher
    is_common_password: Callable[[str], bool]
    checker: IdentityChecker
    photos: Files
    report_files: Files
    quarantine: Quarantine
    images: ImageChecker
    queue: DeliverQueue
    dead_letters: DeadLetters
    senders: Mapping[str, Sender]
    renderer: ReportRenderer
    pdf_signer: PdfSigner
    signatures: Signatures
    statuses: StatusLists
    audit_signer: AuditSigner
    metrics: Metrics
    public_origin: str
    service_names: Mapping[str, str]
    contact: str
    accounts: Accounts
    agenda: Agenda
    audit: Audit
    case_queues: CaseQueues
    cases: Cases
    changes: Changes
    codes: Codes
    idempotency: Idempotency
    institutions: Institutions
    journal: Journal
    limits: Limits
    outbox: Outbox
    proofreading: Proofreadings
    record_changes: RecordChanges
    registry: Registry
    reports: Reports
    sessions: Sessions
    staff: Staff
    throttle: PasswordThrottle
    recorder: Recorder | None = None

    def commit(
        self, writes: Sequence[Write], *, reply: object = None, status: int | None = None
    ) -> None:
        """Commit an operation's writes, and with them its reply for later replays.

        Raises `ConditionFailed`; nothing is written then. `status` differs from the route's usual
        one where an operation has two outcomes.
        """
        if self.recorder is None:
            self.tables.commit(writes)
            return
        try:
            self.tables.commit([*writes, self.recorder.recording(reply, status)])
        except ConditionFailed as failure:
            if failure.touches(self.recorder.claim.key):
                raise Refusal("request_in_progress", retry_after=1) from None
            raise
        self.recorder.kept = True

    def recording_with(self, recorder: Recorder) -> "Ports":
        """The same ports, keeping the reply."""
        return dataclasses.replace(self, recorder=recorder)

    def message(self, message: Message) -> Put:
        """The write that sends a message once it is committed."""
        return self.outbox.adding(message, self.random.identifier(), self.now())

    def errand(self, kind: str, **values: str) -> Put:
        """The write that has something looked up and told once it is committed."""
        errand = Errand(kind=kind, values=values)
        return self.outbox.adding(errand, self.random.identifier(), self.now())

    def audited(self, account_id: str, action: str, actor: str, **facts: str) -> Write:
        """The write that adds a line to an account's trail.

        `actor` is `owner`, `verifier`, `system`, or `staff` and `partner` with an id after a colon.
        """
        line = AuditLine(action=action, actor=actor, at=self.now(), facts=facts)
        return self.audit.line(account_id, self.random.ordered_identifier(), line)
