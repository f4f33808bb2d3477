"""The second person: reviewers of a province decide changes of key fields (R-44)."""

from collections.abc import Sequence

import msgspec

from chalicelib.domain.errors import Refusal, invalid
from chalicelib.domain.instants import rfc3339
from chalicelib.domain.limits import DAY
from chalicelib.domain.records import Family
from chalicelib.operations.change_record import (
    BY_REVIEWER,
    Act,
    applying,
    changed_facts,
    committed,
    settle,
)
from chalicelib.operations.correct import deciding
from chalicelib.operations.decide_corrections import ProposedField, scope_of
from chalicelib.operations.ports import Ports
from chalicelib.operations.staff_reads import Read, note_reads, owners_of
from chalicelib.stores.changes import ChangeState, RecordChange
from chalicelib.stores.record_changes import Filed
from chalicelib.stores.sessions import Principal
from chalicelib.stores.tables import Write

REVIEW = "review"
"""The purpose for which a reviewer reads a proposed change, unless another is stated."""


class ChangeItem(msgspec.Struct, frozen=True, kw_only=True):
    """A change in the province's queue. `outdated`: the record has another version by now."""

    change_id: str
    status: ChangeState
    family: Family
    record_id: str
    record_version: int
    outdated: bool
    institution_code: str
    name: str | None
    changes: list[ProposedField]
    reason: str
    proposed_by: str
    proposed_at: str
    age_days: int
    asked_by_student: bool
    note: str | None


class ChangeDecision(msgspec.Struct, frozen=True, kw_only=True):
    """How a change stands now; `version` is the record's new one."""

    change_id: str
    status: ChangeState
    record_id: str
    version: int | None


def list_changes(
    ports: Ports,
    principal: Principal,
    *,
    status: ChangeState,
    purpose: str,
    limit: int,
    after: str | None,
) -> tuple[Sequence[ChangeItem], str | None]:
    """The province's changes of one state, the longest waiting first, and where to go on.

    Counted and audited before it is answered; raises `forbidden` beyond the daily cap.
    """
    changes, following = ports.changes.of_province(
        scope_of(principal), status, limit=limit, after=after
    )
    found = [(one, ports.record_changes.find(one.family, one.record_id)) for one in changes]
    reads = [
        Read(subject=one.record_id, family=one.family, accounts=_owners(ports, filed))
        for one, filed in found
    ]
    note_reads(ports, principal, action="changes_read", purpose=purpose, reads=reads)
    return [_item(ports, one, filed) for one, filed in found], following


def decide_change(
    ports: Ports, principal: Principal, change_id: str, *, accept: bool, note: str | None
) -> ChangeDecision:
    """Accept or refuse what a registrar proposed; whoever proposed it never does.

    Accepting makes the record's new version. Raises `not_found` outside the province, `forbidden`
    for the proposer, `InvalidInput`; `conflict` where it is decided already, or the record has
    another version than the one it was proposed for: that can only be refused.
    """
    if not accept and not note:
        raise invalid("note", "required")

    def prepare() -> tuple[Sequence[Write], ChangeDecision]:
        change = _own(ports, principal, change_id)
        version, writes = _applied(ports, principal, change) if accept else (None, [])
        outcome = ChangeDecision(
            change_id=change_id,
            status="accepted" if accept else "refused",
            record_id=change.record_id,
            version=version,
        )
        return [*writes, *_deciding(ports, principal, change, accept, note)], outcome

    outcome = committed(ports, prepare)
    if accept:
        settle(ports, outcome.record_id, _own_family(ports, change_id))
    ports.metrics.count("change_decided", status=outcome.status)
    return outcome


def _own(ports: Ports, principal: Principal, change_id: str) -> RecordChange:
    change = ports.changes.get(change_id)
    if change is None or change.province != scope_of(principal):
        raise Refusal("not_found")
    if change.proposer == principal.account_id:
        raise Refusal("forbidden")
    if change.state != "waiting":
        raise Refusal("conflict")
    return change


def _own_family(ports: Ports, change_id: str) -> Family:
    change = ports.changes.get(change_id)
    if change is None:
        raise Refusal("not_found")
    return change.family


def _applied(ports: Ports, principal: Principal, change: RecordChange) -> tuple[int, list[Write]]:
    filed = ports.record_changes.find(change.family, change.record_id)
    if filed is None or filed.record.version != change.record_version:
        raise Refusal("conflict")
    act = Act(
        facts=changed_facts(filed.record.facts, change.changes),
        hold_reason=filed.record.hold_reason,
        event="changed",
        by=BY_REVIEWER,
        reason=change.reason,
        told_otherwise=_asking_account(ports, change),
    )
    return applying(ports, principal, filed, act)


def _deciding(
    ports: Ports, principal: Principal, change: RecordChange, accept: bool, note: str | None
) -> list[Write]:
    """The change as decided, the student's correction with it, and the lines of both people."""
    staff = principal.account_id
    decided = msgspec.structs.replace(
        change,
        state="accepted" if accept else "refused",
        decided_by=staff,
        decided_at=ports.now(),
        note=note,
    )
    about = {"change_id": change.change_id, "record_id": change.record_id}
    action = f"change_{decided.state}"
    return [
        *ports.changes.deciding(change, decided),
        *_answering_student(ports, change, accept, note, staff),
        ports.audited(staff, action, "owner", **about),
        ports.audited(change.proposer, action, f"staff:{staff}", **about),
    ]


def _answering_student(
    ports: Ports, change: RecordChange, accept: bool, note: str | None, staff: str
) -> list[Write]:
    """The end of the correction that the change came from, unless its account is gone."""
    if change.correction_id is None:
        return []
    correction = ports.proofreading.correction(change.correction_id)
    if correction is None:
        return []
    return deciding(ports, correction, accept=accept, note=note, staff=staff, actor="reviewer")


def _asking_account(ports: Ports, change: RecordChange) -> str | None:
    """The student who asked, and is told of the correction's end."""
    if change.correction_id is None:
        return None
    correction = ports.proofreading.correction(change.correction_id)
    return correction.account_id if correction else None


def _owners(ports: Ports, filed: Filed | None) -> tuple[str, ...]:
    if filed is None:
        return ()
    accounts = owners_of(ports, [filed.record.facts], filed.claimed_by)
    return tuple(account.account_id for account in accounts)


def _item(ports: Ports, change: RecordChange, filed: Filed | None) -> ChangeItem:
    return ChangeItem(
        change_id=change.change_id,
        status=change.state,
        family=change.family,
        record_id=change.record_id,
        record_version=change.record_version,
        outdated=filed is None or filed.record.version != change.record_version,
        institution_code=change.institution_code,
        name=filed.record.facts.name if filed else None,
        changes=[ProposedField(one.field, one.present, one.proposed) for one in change.changes],
        reason=change.reason,
        proposed_by=change.proposer,
        proposed_at=rfc3339(change.proposed_at),
        age_days=(ports.now() - change.proposed_at) // DAY,
        asked_by_student=change.correction_id is not None,
        note=change.note,
    )
