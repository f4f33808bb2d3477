"""Registrars changing a record of their institution: at once, or for key fields by two people."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from chalicelib.domain.correctable import KEY_FIELDS, REGISTRAR_FIELDS, parse_proposed
from chalicelib.domain.errors import Refusal, invalid
from chalicelib.domain.instants import china_date
from chalicelib.domain.records import Facts, Family
from chalicelib.operations.notices import tell
from chalicelib.operations.ports import Ports
from chalicelib.operations.query import known_family
from chalicelib.operations.staff_reads import owners_of
from chalicelib.operations.withdraw_reports import state_for, withdraw_rest, withdrawing
from chalicelib.stores.changes import FieldChange, RecordChange
from chalicelib.stores.record_changes import Filed, Reason
from chalicelib.stores.sessions import Principal
from chalicelib.stores.tables import ConditionFailed, Write

BY_REGISTRAR, BY_REVIEWER = "registrar", "reviewer"
"""Who replaced a version, as its owner reads it: a reviewer has accepted a registrar's change."""

_CONTENTION_TRIES = 5

T = TypeVar("T")


class RecordChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A record's new version, and the fields that it says differently."""

    record_id: str
    version: int
    applied: list[str]


class ChangeProposed(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for a reviewer, beside what was applied at once."""

    record_id: str
    version: int
    applied: list[str]
    change_id: str
    waiting: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What is done to a record: what it says then, whether it is withheld, by whom and why.

    `event` is one of `chalicelib.domain.messages.RECORD_EVENTS`; the account `told_otherwise` gets
    no message of it.
    """

    facts: Facts
    hold_reason: str | None
    event: str
    by: str
    reason: str
    told_otherwise: str | None = None


def change_record(
    ports: Ports,
    principal: Principal,
    family: str,
    record_id: str,
    *,
    proposed: Mapping[str, str],
    reason: str,
) -> RecordChanged | ChangeProposed:
    """Change fields of an own record: key fields wait for a reviewer, others change at once.

    What the record says already is left as it is, so that a request can be repeated. Raises
    `not_found` for another institution's, `InvalidInput`, `conflict` while another change of the
    record waits or where somebody was quicker.
    """

    def prepare() -> tuple[Sequence[Write], RecordChanged | ChangeProposed]:
        filed = own_record(ports, principal, family, record_id)
        changes = parsed_changes(ports, filed, proposed)
        return _prepared(ports, principal, filed, changes, reason)

    outcome = committed(ports, prepare)
    if outcome.applied:
        settle(ports, record_id, known_family(family))
    ports.metrics.count("record_changed", family=family)
    return outcome


def own_record(ports: Ports, principal: Principal, family: str, record_id: str) -> Filed:
    """A record of the registrar's institution. Raises `not_found` for any other."""
    filed = ports.record_changes.find(known_family(family), record_id)
    if filed is None or not is_own(principal, filed.record.facts):
        raise Refusal("not_found")
    return filed


def is_own(principal: Principal, facts: Facts) -> bool:
    """Whether a record is of the registrar's institution (R-43)."""
    scope = principal.post.scope if principal.post else None
    return scope is not None and getattr(facts, "institution_code", None) == scope


def parsed_changes(
    ports: Ports, filed: Filed, proposed: Mapping[str, str]
) -> tuple[FieldChange, ...]:
    """The fields that are to say something else than they do. Raises `InvalidInput`."""
    record = filed.record
    if not proposed:
        raise invalid("$", "required")
    today = china_date(ports.now())
    changes = []
    for field, text in proposed.items():
        value = parse_proposed(
            record.family,
            field,
            text,
            at=field,
            today=today,
            document_type=record.facts.document_type,
            fields=REGISTRAR_FIELDS,
        )
        present = getattr(record.facts, field)
        if present != value:
            changes.append(FieldChange(field, present, value))
    return tuple(changes)


def changed_facts(facts: Facts, changes: Sequence[FieldChange]) -> Facts:
    """What a record says after some changes. A spelling belongs to the name it was made for."""
    values: dict[str, Any] = {one.field: one.proposed for one in changes}
    if "name" in values:
        values.setdefault("name_spelling", None)
    return msgspec.structs.replace(facts, **values)


def needs_review(changes: Sequence[FieldChange]) -> bool:
    """Whether two people have to agree (R-44)."""
    return any(one.field in KEY_FIELDS for one in changes)


def proposal(
    ports: Ports,
    principal: Principal,
    filed: Filed,
    changes: Sequence[FieldChange],
    *,
    reason: str,
    record_version: int | None = None,
    correction_id: str | None = None,
) -> RecordChange:
    """A change of a record, to be decided in the institution's province."""
    code = str(getattr(filed.record.facts, "institution_code", ""))
    provinces = (one.province for one in ports.institutions.all() if one.code == code)
    return RecordChange(
        change_id=ports.random.identifier(),
        proposer=principal.account_id,
        institution_code=code,
        province=next(provinces, ""),
        family=filed.record.family,
        record_id=filed.record.record_id,
        record_version=record_version or filed.record.version,
        changes=tuple(changes),
        reason=reason,
        proposed_at=ports.now(),
        correction_id=correction_id,
    )


def proposing(ports: Ports, change: RecordChange) -> list[Write]:
    """The writes that propose a change, and the line of it in the proposer's trail."""
    line = ports.audited(
        change.proposer,
        "change_proposed",
        "owner",
        change_id=change.change_id,
        family=change.family,
        record_id=change.record_id,
    )
    return [*ports.changes.proposing(change), line]


def applying(ports: Ports, principal: Principal, filed: Filed, act: Act) -> tuple[int, list[Write]]:
    """The version that a record gets, and all writes of its change.

    They withdraw reports, tell every account that the record is or was bound to, and leave a line
    in their trails and in the staff's.
    """
    before, staff, now = filed.record, principal.account_id, ports.now()
    after, writes = ports.record_changes.changing(
        filed,
        facts=act.facts,
        hold_reason=act.hold_reason,
        reason=Reason(by=act.by, text=act.reason, at=now),
    )
    about = {"family": before.family, "record_id": before.record_id, "event": act.event}
    for account in owners_of(ports, (before.facts, act.facts), filed.claimed_by):
        subject = account.account_id
        writes.append(ports.audited(subject, "record_changed", f"staff:{staff}", **about))
        if subject != act.told_otherwise:
            words = {"event": act.event, "family": before.family}
            writes.extend(tell(ports, account, "record_changed", words))
    writes.append(ports.audited(staff, "record_changed", "owner", **about))
    writes.extend(withdrawing(ports, before.record_id, state_for(act.facts), now))
    return after.version, writes


def settle(ports: Ports, record_id: str, family: Family) -> None:
    """After a change's commit: withdraw the reports that it did not hold.

    What fails here is left to the schedule: the change itself is done.
    """
    filed = ports.record_changes.find(family, record_id)
    if filed is None:
        return
    try:
        since = filed.record.updated_at
        withdraw_rest(ports, record_id, state_for(filed.record.facts), since)
    except Refusal:
        ports.metrics.count("withdrawal_left_to_schedule")


def committed(ports: Ports, prepare: Callable[[], tuple[Sequence[Write], T]]) -> T:
    """Commit what was prepared, and prepare anew where only a report was closed meanwhile.

    Raises `conflict`.
    """
    for _ in range(_CONTENTION_TRIES):
        try:
            writes, outcome = prepare()
            if writes:
                ports.commit(writes, reply=outcome)
        except ConditionFailed as failure:
            if {key.table for key in failure.failed} == {"reports"}:
                continue
            raise Refusal("conflict") from None
        return outcome
    raise Refusal("unavailable", retry_after=1)


def _prepared(
    ports: Ports,
    principal: Principal,
    filed: Filed,
    changes: Sequence[FieldChange],
    reason: str,
) -> tuple[Sequence[Write], RecordChanged | ChangeProposed]:
    at_once = [one for one in changes if one.field not in KEY_FIELDS]
    waiting = [one for one in changes if one.field in KEY_FIELDS]
    version, writes = filed.record.version, list[Write]()
    if at_once:
        act = Act(
            facts=changed_facts(filed.record.facts, at_once),
            hold_reason=filed.record.hold_reason,
            event="changed",
            by=BY_REGISTRAR,
            reason=reason,
        )
        version, writes = applying(ports, principal, filed, act)
    record_id, applied = filed.record.record_id, [one.field for one in at_once]
    if not waiting:
        return writes, RecordChanged(record_id=record_id, version=version, applied=applied)
    proposed = ports.changes.waiting(record_id)
    if proposed and (proposed.proposer, proposed.changes) == (principal.account_id, tuple(waiting)):
        change, proposal_writes = proposed, list[Write]()  # the same request once more
    else:
        change = proposal(ports, principal, filed, waiting, reason=reason, record_version=version)
        proposal_writes = proposing(ports, change)
    outcome = ChangeProposed(
        record_id=record_id,
        version=version,
        applied=applied,
        change_id=change.change_id,
        waiting=[one.field for one in waiting],
    )
    return [*writes, *proposal_writes], outcome
