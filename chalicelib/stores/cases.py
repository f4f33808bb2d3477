"""What waits for somebody's decision: bindings to be judged, appeals, changes of identity.

review#<account>   binding#<record id>       a binding to be judged
<kind>#<case id>   -                         an appeal or a change of identity, kept sealed
<kind>#<case id>   consent#document_scan     the consent to its scan, kept before the scan is read
open#<kind>#<of>   -                         ref = the one open case of a number or an account
account#<id>       identity#<case id>        ref = a change of the account's identity
watch#cases        <instant>#<kind>#<id>     when a case is next looked at by the schedule
queue#appeals      <instant>#<case id>       ref = the case's partition, for the operator's list
queue#reviews      <instant>#<case id>       the same for bindings and identities

A case has exactly one watch row from its beginning until nothing of its scan is left.
"""

from collections.abc import Iterator
from typing import ClassVar, Literal, TypeVar

import msgspec

from chalicelib.domain.appeal_states import ENDED, CaseState, Decision
from chalicelib.domain.record_numbers import NumberKind
from chalicelib.domain.records import Family
from chalicelib.stores.accounts import Consent, Person, ProofLevel, document_value
from chalicelib.stores.keyring import Keyring
from chalicelib.stores.record_rows import KeptLink
from chalicelib.stores.tables import ABSENT, Delete, Key, Put, Row, Tables, When, Write

CaseKind = Literal["appeal", "identity"]

_WATCH = "watch#cases"
_PAGE = 100


class BindingReview(msgspec.Struct, frozen=True, kw_only=True):
    """A binding by hand that only a person can judge; `opened_at` in epoch seconds."""

    case_id: str
    account_id: str
    family: Family
    record_id: str
    home: str
    matched_number: NumberKind
    opened_at: int


class Objection(msgspec.Struct, frozen=True):
    """What the present holder of a number says against an appeal."""

    reason: str
    at: int


class Proposal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one of the staff would decide; it counts once a second one decides the same."""

    by: str
    at: int
    decision: Decision
    reason_code: str | None = None
    note: str | None = None


class Takeover(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An identity that moved by an approval, with what the account before had of it.

    `source` is the account that held the number (None where nobody did), `target` the new one. It
    can be undone until an instant.
    """

    source: str | None
    target: str
    at: int
    undo_until: int
    person: Person | None = None
    identities: tuple[Person, ...] = ()
    proof_level: ProofLevel = "phone"
    proved_at: int | None = None
    links: tuple[KeptLink, ...] = ()


class Case(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What appeals and changes of identity have in common. Instants in epoch seconds.

    `upload` is the key of the upload in quarantine, `scan` the address of the accepted scan.
    `watch_at` is when the schedule looks next; past `expires_at` the case is not there any more.
    `decided_by` are the two who decided last.
    """

    KIND: ClassVar[CaseKind]

    case_id: str
    person: Person
    language: str
    opened_at: int
    upload: str
    watch_at: int
    state: CaseState = "draft"
    submitted_at: int | None = None
    due_at: int | None = None
    expires_at: int | None = None
    reason_code: str | None = None
    scan: str | None = None
    proposal: Proposal | None = None
    decided_by: tuple[str, ...] = ()
    version: int = 1


class Appeal(Case, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody says that a registered document number is theirs.

    `warned` is the account that held the number when the appeal was submitted.
    """

    KIND: ClassVar[CaseKind] = "appeal"

    token_digest: str
    phone: str
    email: str
    reason: str | None = None
    warned: str | None = None
    takeover: Takeover | None = None
    objections: tuple[Objection, ...] = ()


class IdentityChange(Case, frozen=True, kw_only=True, omit_defaults=True):
    """An account's owner has another name or document number."""

    KIND: ClassVar[CaseKind] = "identity"

    account_id: str


C = TypeVar("C", bound=Case)

_KINDS: dict[str, type[Case]] = {"appeal": Appeal, "identity": IdentityChange}
_QUEUES: dict[CaseKind, str] = {"appeal": "queue#appeals", "identity": "queue#reviews"}


class Watch(msgspec.Struct, frozen=True):
    """A case that is to be looked at."""

    key: Key
    kind: str
    case_id: str


class Cases:
    """The `cases` table."""

    def __init__(self, tables: Tables, keyring: Keyring) -> None:
        self._tables = tables
        self._keyring = keyring

    # Bindings to be judged

    def open_review(self, account_id: str, record_id: str) -> BindingReview | None:
        """The open review of this binding."""
        key = _review(account_id, record_id)
        row = self._tables.get(key)
        if row is None:
            return None
        return self._keyring.open_document(row["sealed"], key, BindingReview)

    def opening_review(self, review: BindingReview) -> list[Write]:
        """The writes that ask for a review; they fail where one is open."""
        key = _review(review.account_id, review.record_id)
        case: Row = {
            "pk": key.pk,
            "sk": key.sk,
            "state": "open",
            "sealed": self._keyring.seal_document(review, key),
        }
        queued: Row = {
            "pk": "queue#reviews",
            "sk": f"{review.opened_at:011d}#{review.case_id}",
            "ref": f"{key.pk}/{key.sk}",
        }
        return [Put("cases", case, ABSENT), Put("cases", queued, ABSENT)]

    # Appeals and changes of identity

    def appeal(self, case_id: str, now: int) -> Appeal | None:
        """The appeal, unless it is unknown or past its time."""
        return self._served(Appeal, case_id, now)

    def identity_change(self, case_id: str, now: int) -> IdentityChange | None:
        """The change of identity, unless it is unknown or past its time."""
        return self._served(IdentityChange, case_id, now)

    def open_case_of(self, case: Case, now: int) -> str | None:
        """The id of the open case of the same number or account."""
        row = self._tables.get(self.open_key(case))
        if row is None or int(row.get("expires_at", now + 1)) <= now:
            return None
        return str(row["ref"])

    def opening(self, case: Case) -> list[Write]:
        """The writes that open a case; they fail where one of the same number is open."""
        return [
            Put("cases", self._row(case), ABSENT),
            Put("cases", self._claim(case), When(lapsed_at=case.opened_at)),
            Put("cases", _watch_row(case), ABSENT),
            *([Put("cases", _listed_row(case))] if isinstance(case, IdentityChange) else []),
        ]

    def moving(self, before: Case, after: Case) -> list[Write]:
        """The writes that replace a case (given as read) by its next version."""
        following = msgspec.structs.replace(after, version=before.version + 1)
        return [
            Put("cases", self._row(following), When(equal={"version": before.version})),
            *self._moving_claim(before, after),
            *_moving_watch(before, after),
            *_moving_queue(before, after),
        ]

    def forgetting(self, case: Case) -> Delete:
        """The write that forgets a lapsed case (given as read)."""
        return Delete(_case_key(case.KIND, case.case_id), When(equal={"version": case.version}))

    def consent(self, case: Case, consent: Consent) -> None:
        """Keep the consent to the case's scan, before anything of the scan is read."""
        key = Key("cases", _case_key(case.KIND, case.case_id).pk, f"consent#{consent.kind}")
        sealed = self._keyring.seal_document(consent, key)
        self._tables.write(Put("cases", {"pk": key.pk, "sk": key.sk, "sealed": sealed}))

    def consent_of(self, case: Case, kind: str) -> Consent | None:
        """The consent that was kept."""
        key = Key("cases", _case_key(case.KIND, case.case_id).pk, f"consent#{kind}")
        row = self._tables.get(key)
        return self._keyring.open_document(row["sealed"], key, Consent) if row else None

    # Everything of one account

    def reviews_of(self, account_id: str) -> list[BindingReview]:
        """The account's bindings that are to be judged."""
        rows = self._tables.query("cases", f"review#{account_id}").rows
        return [
            self._keyring.open_document(row["sealed"], _key(row), BindingReview) for row in rows
        ]

    def identity_changes_of(self, account_id: str) -> list[IdentityChange]:
        """The account's changes of identity, lapsed or not; an open one that is not listed, too."""
        rows = self._tables.query("cases", f"account#{account_id}").rows
        case_ids = {str(row["ref"]) for row in rows}
        present = self._tables.get(_open_identity(account_id))
        if present is not None:
            case_ids.add(str(present["ref"]))
        found = (self._read(IdentityChange, case_id) for case_id in sorted(case_ids))
        return [change for change in found if change is not None]

    def deciding_review(self, review: BindingReview) -> list[Write]:
        """The writes that end the review of a binding: they fail when somebody was quicker."""
        queued, case = self.forgetting_review(review)
        return [queued, Delete(case.key, When(exists=True))]

    def forgetting_review(self, review: BindingReview) -> list[Delete]:
        """The writes that forget a binding to be judged, what finds it last."""
        queued = f"{review.opened_at:011d}#{review.case_id}"
        return [
            Delete(Key("cases", "queue#reviews", queued)),
            Delete(_review(review.account_id, review.record_id)),
        ]

    def forgetting_change(self, change: IdentityChange) -> list[Delete]:
        """The writes that forget a change of identity, what finds it last."""
        key = _case_key(change.KIND, change.case_id)
        waiting = _queued_at(change)
        queued = _key(_queue_row(change, waiting)) if waiting is not None else None
        return [
            *([Delete(queued)] if queued else []),
            Delete(self.open_key(change), When(equal={"ref": change.case_id})),
            Delete(_key(_watch_row(change))),
            Delete(Key("cases", key.pk, "consent#document_scan")),
            Delete(key),
            Delete(_key(_listed_row(change))),
        ]

    def forgetting_rest(self, account_id: str) -> list[Delete]:
        """The writes that forget what found a change of identity that was forgotten halfway."""
        rows = self._tables.query("cases", f"account#{account_id}").rows
        return [Delete(_key(row)) for row in rows]

    def open_key(self, case: Case) -> Key:
        """Where it stands that a number or an account has an open case."""
        if isinstance(case, IdentityChange):
            return _open_identity(case.account_id)
        index = self._keyring.index("appeal", document_value(case.person))
        return Key("cases", f"open#appeal#{index}", "-")

    # The schedule's list

    def due(self, now: int) -> Iterator[Watch]:
        """The cases that are to be looked at by now, the longest waiting first."""
        after: str | None = None
        while True:
            page = self._tables.query("cases", _WATCH, after=after, limit=_PAGE)
            for row in page.rows:
                instant, kind, case_id = str(row["sk"]).split("#", 2)
                if int(instant) > now:
                    return
                yield Watch(Key("cases", _WATCH, str(row["sk"])), kind, case_id)
            if page.next is None:
                return
            after = page.next

    def watched(self, watch: Watch) -> Case | None:
        """The case that a watch row is about, lapsed or not."""
        return self._read(_KINDS[watch.kind], watch.case_id)

    def _served(self, kind: type[C], case_id: str, now: int) -> C | None:
        case = self._read(kind, case_id)
        if case is None or (case.expires_at is not None and case.expires_at <= now):
            return None
        return case

    def _read(self, kind: type[C], case_id: str) -> C | None:
        key = _case_key(kind.KIND, case_id)
        row = self._tables.get(key)
        return self._keyring.open_document(row["sealed"], key, kind) if row else None

    def _row(self, case: Case) -> Row:
        key = _case_key(case.KIND, case.case_id)
        return {
            "pk": key.pk,
            "sk": key.sk,
            "state": case.state,
            "version": case.version,
            "sealed": self._keyring.seal_document(case, key),
            **_expiring(case),
        }

    def _claim(self, case: Case) -> Row:
        key = self.open_key(case)
        return {"pk": key.pk, "sk": key.sk, "ref": case.case_id, **_expiring(case)}

    def _moving_claim(self, before: Case, after: Case) -> list[Write]:
        """The claim lapses with a draft, stands while the case is open, and goes when it ends."""
        if before.state in ENDED:
            return []
        mine = When(equal={"ref": before.case_id})
        if after.state in ENDED:
            return [Delete(self.open_key(before), mine)]
        return [Put("cases", self._claim(after), mine)]


def _expiring(case: Case) -> Row:
    return {} if case.expires_at is None else {"expires_at": case.expires_at}


def _case_key(kind: CaseKind, case_id: str) -> Key:
    return Key("cases", f"{kind}#{case_id}", "-")


def _open_identity(account_id: str) -> Key:
    return Key("cases", f"open#identity#{account_id}", "-")


def _listed_row(change: IdentityChange) -> Row:
    return {
        "pk": f"account#{change.account_id}",
        "sk": f"{change.KIND}#{change.case_id}",
        "ref": change.case_id,
    }


def _key(row: Row) -> Key:
    return Key("cases", str(row["pk"]), str(row["sk"]))


def _watch_row(case: Case) -> Row:
    return {"pk": _WATCH, "sk": f"{case.watch_at:011d}#{case.KIND}#{case.case_id}"}


def _moving_watch(before: Case, after: Case) -> list[Write]:
    if before.watch_at == after.watch_at:
        return []
    return [
        Delete(Key("cases", _WATCH, str(_watch_row(before)["sk"]))),
        Put("cases", _watch_row(after), ABSENT),
    ]


def _queued_at(case: Case) -> int | None:
    """Since when the case waits in the operator's list; None while it does not."""
    return case.submitted_at if case.state == "submitted" else None


def _queue_row(case: Case, instant: int) -> Row:
    return {
        "pk": _QUEUES[case.KIND],
        "sk": f"{instant:011d}#{case.case_id}",
        "ref": _case_key(case.KIND, case.case_id).pk,
    }


def _moving_queue(before: Case, after: Case) -> list[Write]:
    old, new = _queued_at(before), _queued_at(after)
    if old == new:
        return []
    writes: list[Write] = []
    if old is not None:
        writes.append(
            Delete(Key("cases", _QUEUES[before.KIND], str(_queue_row(before, old)["sk"])))
        )
    if new is not None:
        writes.append(Put("cases", _queue_row(after, new)))
    return writes


def _review(account_id: str, record_id: str) -> Key:
    return Key("cases", f"review#{account_id}", f"binding#{record_id}")
