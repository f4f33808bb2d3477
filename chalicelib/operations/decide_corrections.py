"""The registrar's side of corrections: the queue, and what the institution says to each."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.domain.columns import REQUIRED
from chalicelib.domain.correction_states import CorrectionState
from chalicelib.domain.errors import FieldProblem, InvalidInput, Refusal, invalid
from chalicelib.domain.instants import rfc3339
from chalicelib.domain.limits import DAY
from chalicelib.domain.records import FACTS_OF, Facts, Family
from chalicelib.operations.change_record import (
    BY_REGISTRAR,
    Act,
    applying,
    changed_facts,
    committed,
    is_own,
    needs_review,
    proposal,
    proposing,
    settle,
)
from chalicelib.operations.correct import StepView, deciding, putting_in_review, step_views
from chalicelib.operations.ports import Ports
from chalicelib.operations.staff_reads import Read, note_reads
from chalicelib.stores.changes import FieldChange, Value
from chalicelib.stores.proofreading import Correction
from chalicelib.stores.record_changes import Filed
from chalicelib.stores.sessions import Principal
from chalicelib.stores.tables import Write

QUEUE = "correction"
"""The purpose for which a registrar reads what a student asks for, unless another is stated."""


class ProposedField(msgspec.Struct, frozen=True):
    """A field, what the record says, and what the student would have it say."""

    field: str
    present: Value
    proposed: Value


class CorrectionItem(msgspec.Struct, frozen=True, kw_only=True):
    """A correction in the institution's queue.

    `record_version` is the present one; it and `record_id` are null for a missing record, of which
    `changes` are the facts. `age_days` counts from its submission. `needs_review`: accepting it
    takes a second person.
    """

    correction_id: str
    status: CorrectionState
    family: Family
    record_id: str | None
    record_version: int | None
    name: str | None
    changes: list[ProposedField]
    reason: str
    evidence: bool
    needs_review: bool
    submitted_at: str | None
    age_days: int
    history: list[StepView]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """How a correction stands now. `version` is the record's new one, `change_id` what waits."""

    correction_id: str
    status: CorrectionState
    record_id: str | None
    version: int | None
    change_id: str | None


def list_queue(
    ports: Ports,
    principal: Principal,
    *,
    status: CorrectionState,
    family: Family | None,
    purpose: str,
    limit: int,
    after: str | None,
) -> tuple[Sequence[CorrectionItem], str | None]:
    """The institution's corrections of one state, the longest waiting first, and where to go on.

    A page may hold fewer than `limit` of one `family`. Counted and audited before it is answered;
    raises `forbidden` beyond the daily cap.
    """
    corrections, following = ports.proofreading.for_institution(
        scope_of(principal), status, limit=limit, after=after
    )
    wanted = [one for one in corrections if family in {None, one.family}]
    _note(ports, principal, "corrections_read", purpose, wanted)
    return [_item(ports, principal, one) for one in wanted], following


def read_evidence(ports: Ports, principal: Principal, correction_id: str, *, purpose: str) -> bytes:
    """The picture that a student sent along (JPEG). Raises `not_found`, `forbidden`."""
    correction = _own(ports, principal, correction_id)
    if correction.evidence is None:
        raise Refusal("not_found")
    _note(ports, principal, "evidence_read", purpose, [correction])
    picture = ports.photos.get(correction.evidence)
    if picture is None:
        raise Refusal("not_found")
    return picture


def decide_correction(
    ports: Ports, principal: Principal, correction_id: str, *, accept: bool, note: str | None
) -> Decision:
    """Accept or refuse a correction; the student reads the note.

    Accepting makes the record's new version, or files the missing record; with key fields among
    the changes all of them wait for a reviewer. Raises `not_found`, `InvalidInput`; `conflict`
    where it is decided already, the record is not the institution's or a change of it waits.
    """
    if not accept and not note:
        raise invalid("note", "required")

    def prepare() -> tuple[Sequence[Write], Decision]:
        correction = _own(ports, principal, correction_id)
        if correction.state != "submitted":
            raise Refusal("conflict")
        if not accept:
            writes = _decided(ports, principal, correction, accept=False, note=note)
            return writes, _decision(correction, "refused")
        if correction.record_id is None:
            return _filing(ports, principal, correction, note)
        return _accepting(ports, principal, correction, correction.record_id, note)

    decision = committed(ports, prepare)
    if decision.version is not None and decision.record_id is not None:
        settle(ports, decision.record_id, _own(ports, principal, correction_id).family)
    ports.metrics.count("correction_decided", status=decision.status)
    return decision


def scope_of(principal: Principal) -> str:
    """The registrar's institution, or the reviewer's province."""
    if principal.post is None or principal.post.scope is None:
        raise Refusal("forbidden")
    return principal.post.scope


def _own(ports: Ports, principal: Principal, correction_id: str) -> Correction:
    """A correction that was handed in to the registrar's institution."""
    correction = ports.proofreading.correction(correction_id)
    if correction is None or correction.submitted_at is None:
        raise Refusal("not_found")
    if correction.institution_code != scope_of(principal):
        raise Refusal("not_found")
    return correction


def _note(
    ports: Ports,
    principal: Principal,
    action: str,
    purpose: str,
    corrections: Sequence[Correction],
) -> None:
    reads = [
        Read(
            subject=one.record_id or one.correction_id,
            family=one.family,
            accounts=(one.account_id,),
        )
        for one in corrections
    ]
    note_reads(ports, principal, action=action, purpose=purpose, reads=reads)


def _item(ports: Ports, principal: Principal, correction: Correction) -> CorrectionItem:
    filed = _record_of(ports, principal, correction)
    facts = filed.record.facts if filed else None
    submitted_at = correction.submitted_at or ports.now()
    return CorrectionItem(
        correction_id=correction.correction_id,
        status=correction.state,
        family=correction.family,
        record_id=correction.record_id,
        record_version=filed.record.version if filed else None,
        name=facts.name if facts else _name_of(ports, correction),
        changes=[
            ProposedField(one.field, getattr(facts, one.field, None), one.proposed)
            for one in correction.changes
        ],
        reason=correction.reason,
        evidence=correction.evidence is not None,
        needs_review=correction.record_id is not None and needs_review(_changes(facts, correction)),
        submitted_at=rfc3339(submitted_at),
        age_days=(ports.now() - submitted_at) // DAY,
        history=step_views(correction),
    )


def _record_of(ports: Ports, principal: Principal, correction: Correction) -> Filed | None:
    """The record that a correction is about, where it is the institution's."""
    if correction.record_id is None:
        return None
    filed = ports.record_changes.find(correction.family, correction.record_id)
    return filed if filed and is_own(principal, filed.record.facts) else None


def _name_of(ports: Ports, correction: Correction) -> str | None:
    account = ports.accounts.get(correction.account_id)
    return account.person.name if account else None


def _changes(facts: Facts | None, correction: Correction) -> tuple[FieldChange, ...]:
    """What the record does not say as the student would have it."""
    return tuple(
        FieldChange(one.field, getattr(facts, one.field, None), one.proposed)
        for one in correction.changes
        if getattr(facts, one.field, None) != one.proposed
    )


def _accepting(
    ports: Ports, principal: Principal, correction: Correction, record_id: str, note: str | None
) -> tuple[Sequence[Write], Decision]:
    filed = _record_of(ports, principal, correction)
    if filed is None:
        raise Refusal("conflict")
    changes = _changes(filed.record.facts, correction)
    if needs_review(changes):
        return _asking_reviewer(ports, principal, correction, filed, changes, note)
    decided = _decided(ports, principal, correction, accept=True, note=note)
    if not changes:  # the record says so by now
        return decided, _decision(correction, "accepted", record_id)
    act = Act(
        facts=changed_facts(filed.record.facts, changes),
        hold_reason=filed.record.hold_reason,
        event="changed",
        by=BY_REGISTRAR,
        reason=note or correction.reason,
        told_otherwise=correction.account_id,
    )
    version, writes = applying(ports, principal, filed, act)
    return [*writes, *decided], _decision(correction, "accepted", record_id, version=version)


def _asking_reviewer(
    ports: Ports,
    principal: Principal,
    correction: Correction,
    filed: Filed,
    changes: Sequence[FieldChange],
    note: str | None,
) -> tuple[Sequence[Write], Decision]:
    change = proposal(
        ports,
        principal,
        filed,
        changes,
        reason=note or correction.reason,
        correction_id=correction.correction_id,
    )
    staff = principal.account_id
    writes = [
        *proposing(ports, change),
        *putting_in_review(ports, correction, note=note, staff=staff),
    ]
    decision = _decision(correction, "in_review", correction.record_id, change_id=change.change_id)
    return writes, decision


def _filing(
    ports: Ports, principal: Principal, correction: Correction, note: str | None
) -> tuple[Sequence[Write], Decision]:
    """A record that was missing, as the student described it."""
    record, writes = ports.record_changes.filing(
        correction.family, _missing_facts(ports, correction), now=ports.now()
    )
    filed = ports.audited(
        principal.account_id,
        "record_filed",
        "owner",
        family=record.family,
        record_id=record.record_id,
    )
    decided = _decided(ports, principal, correction, accept=True, note=note)
    decision = _decision(correction, "accepted", record.record_id, version=record.version)
    return [*writes, filed, *decided], decision


def _missing_facts(ports: Ports, correction: Correction) -> Facts:
    """The facts of a missing record: of the student, in the institution that was asked.

    Raises `conflict` when the account is gone; `InvalidInput` names what a record cannot lack.
    """
    account = ports.accounts.get(correction.account_id)
    if account is None:
        raise Refusal("conflict")
    kind = FACTS_OF[correction.family]
    code = correction.institution_code
    names = (one.name for one in ports.institutions.all() if one.code == code)
    person = account.person
    values: Mapping[str, Any] = {
        "name": person.name,
        "document_type": person.document_type,
        "document_number": person.document_number,
        "institution_code": code,
        "institution_name": next(names, None),
        **{one.field: one.proposed for one in correction.changes},
    }
    if "institution_code" not in kind.__struct_fields__:
        raise Refusal("conflict")  # another authority's: an institution cannot file it
    lacking = [
        FieldProblem(f"facts.{group[0]}", "required")
        for group in REQUIRED[correction.family]
        if all(values.get(field) is None for field in group)
    ]
    if lacking:
        raise InvalidInput(*lacking)
    return kind(**values)


def _decided(
    ports: Ports, principal: Principal, correction: Correction, *, accept: bool, note: str | None
) -> list[Write]:
    """The decision, told to the student; with a line in the registrar's own trail."""
    staff = principal.account_id
    own = ports.audited(
        staff, "correction_decided", "owner", correction_id=correction.correction_id
    )
    return [*deciding(ports, correction, accept=accept, note=note, staff=staff), own]


def _decision(
    correction: Correction,
    status: CorrectionState,
    record_id: str | None = None,
    *,
    version: int | None = None,
    change_id: str | None = None,
) -> Decision:
    return Decision(
        correction_id=correction.correction_id,
        status=status,
        record_id=record_id or correction.record_id,
        version=version,
        change_id=change_id,
    )
