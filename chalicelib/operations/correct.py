"""Corrections: asking an institution to put a record right, or to file one that is missing."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.domain.correctable import parse_proposed
from chalicelib.domain.correction_states import (
    DRAFT_SECONDS,
    ENDED,
    CorrectionEvent,
    CorrectionState,
    state_after,
)
from chalicelib.domain.errors import Refusal, invalid
from chalicelib.domain.instants import china_date, rfc3339
from chalicelib.domain.records import Family, Record
from chalicelib.operations.archive import bound_record, require_proof
from chalicelib.operations.document_scans import (
    SETTLE_SECONDS,
    GivenConsent,
    Upload,
    clear_quarantine,
    offer_form,
    scan_consent,
    scan_prefix,
    take_scan,
)
from chalicelib.operations.notices import tell
from chalicelib.operations.ports import Ports
from chalicelib.stores.agenda import Task
from chalicelib.stores.limits import Hit, OverLimit
from chalicelib.stores.proofreading import Change, Correction, Step
from chalicelib.stores.sessions import Principal
from chalicelib.stores.tables import ConditionFailed, Write

_DONE: Mapping[CorrectionEvent, str] = {
    "submit": "submitted",
    "propose": "in_review",
    "accept": "accepted",
    "refuse": "refused",
    "withdraw": "withdrawn",
}


class ChangeView(msgspec.Struct, frozen=True):
    """One field, and the value it should have."""

    field: str
    proposed: str | int | float


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a correction: what, by `owner`, `institution` or `reviewer`, and when."""

    action: str
    actor: str
    at: str
    note: str | None


class CorrectionView(msgspec.Struct, frozen=True, kw_only=True):
    """A correction as its owner sees it; `upload` while evidence is awaited.

    For a missing record `record_id` is null and `facts` are what it should say.
    """

    correction_id: str
    status: CorrectionState
    family: Family
    institution_code: str
    record_id: str | None
    changes: list[ChangeView] | None
    facts: dict[str, Any] | None
    reason: str
    evidence: bool
    history: list[StepView]
    upload: Upload | None


def open_correction(
    ports: Ports,
    principal: Principal,
    *,
    family: Family,
    record_id: str | None,
    proposed: Sequence[tuple[str, str]],
    institution_code: str | None,
    reason: str,
    evidence: bool,
) -> CorrectionView:
    """Ask for a correction; it is submitted at once unless evidence follows.

    `proposed` are fields and values; without `record_id` they are the facts of a record that is
    missing. Raises `proof_required`, `not_found`, `rate_limited`, `InvalidInput`.
    """
    require_proof(principal)
    record = bound_record(ports, principal, family, record_id).record if record_id else None
    changes = _changes(ports, principal, family, record, proposed)
    now = ports.now()
    opened = Correction(
        correction_id=ports.random.identifier(),
        account_id=principal.account_id,
        institution_code=_institution(ports, record, institution_code),
        family=family,
        record_id=record_id,
        record_version=record.version if record else None,
        changes=changes,
        reason=reason,
        opened_at=now,
        state="draft",
        history=(Step(action="opened", actor="owner", at=now),),
        expires_at=now + DRAFT_SECONDS,
        upload=f"corrections/{ports.random.identifier()}" if evidence else None,
    )
    _count(ports, principal)
    correction = opened if evidence else moved(opened, "submit", now, actor="owner")
    answer = _view(ports, correction)
    writes = [
        *ports.proofreading.opening(correction),
        *([_tidying(correction, now + DRAFT_SECONDS, ports)] if evidence else []),
        _trail(ports, correction, "correction_opened"),
    ]
    ports.commit(writes, reply=answer)
    ports.metrics.count("correction_opened", family=family)
    return answer


def submit_correction(
    ports: Ports, principal: Principal, correction_id: str, *, consent: GivenConsent | None
) -> CorrectionView:
    """Hand a correction in with its uploaded evidence. Repeated, it answers the same.

    Raises `not_found`, `conflict`, `file_rejected`, `rate_limited`, `InvalidInput`.
    """
    correction = _own(ports, principal, correction_id)
    if correction.state == "submitted":
        return _view(ports, correction)
    if state_after(correction.state, "submit") is None or correction.upload is None:
        raise Refusal("conflict")
    ports.proofreading.consent(correction, scan_consent(ports, consent))
    scan = take_scan(ports, correction_id, correction.upload)
    following = moved(correction, "submit", ports.now(), actor="owner", evidence=scan)
    writes = [
        *ports.proofreading.moving(correction, following),
        _trail(ports, following, "correction_submitted"),
    ]
    try:
        ports.commit(writes)
    except ConditionFailed:
        return _submitted_meanwhile(ports, principal, correction_id)
    clear_quarantine(ports, correction.upload)
    ports.metrics.count("correction_submitted")
    return _view(ports, following)


def list_corrections(ports: Ports, principal: Principal) -> Sequence[CorrectionView]:
    """The account's corrections, the newest first."""
    require_proof(principal)
    return [
        _view(ports, correction, offering=False)
        for correction in ports.proofreading.corrections(principal.account_id)
        if not has_lapsed(correction, ports.now())
    ]


def read_correction(ports: Ports, principal: Principal, correction_id: str) -> CorrectionView:
    """How a correction stands, with its history. Raises `not_found`."""
    return _view(ports, _own(ports, principal, correction_id))


def withdraw_correction(ports: Ports, principal: Principal, correction_id: str) -> None:
    """End a correction; its evidence goes. Repeated, nothing happens.

    Raises `not_found`; `conflict` once it is decided.
    """
    correction = _own(ports, principal, correction_id)
    if correction.state == "withdrawn":
        return
    writes = [
        *_ending(ports, correction, "withdraw", actor="owner", note=None),
        _trail(ports, correction, "correction_withdrawn"),
    ]
    try:
        ports.commit(writes)
    except ConditionFailed:
        raise Refusal("conflict") from None
    ports.metrics.count("correction_withdrawn")


def deciding(
    ports: Ports,
    correction: Correction,
    *,
    accept: bool,
    note: str | None,
    staff: str,
    actor: str = "institution",
) -> list[Write]:
    """The writes by which an institution, or then a reviewer, decides a correction and tells the
    owner.

    They change the correction only: the record's new version is the caller's. `staff` goes into
    the trail. Raises `conflict` where it is not waiting for a decision.
    """
    account = ports.accounts.get(correction.account_id)
    event: CorrectionEvent = "accept" if accept else "refuse"
    return [
        *_ending(ports, correction, event, actor=actor, note=note),
        *(tell(ports, account, "correction_decided") if account else ()),
        ports.audited(
            correction.account_id,
            f"correction_{_DONE[event]}",
            f"staff:{staff}",
            correction_id=correction.correction_id,
        ),
    ]


def putting_in_review(
    ports: Ports, correction: Correction, *, note: str | None, staff: str
) -> list[Write]:
    """The writes by which an institution accepts what a second person has yet to agree to.

    Raises `conflict`.
    """
    following = moved(correction, "propose", ports.now(), actor="institution", note=note)
    return [
        *ports.proofreading.moving(correction, following),
        ports.audited(
            correction.account_id,
            "correction_in_review",
            f"staff:{staff}",
            correction_id=correction.correction_id,
        ),
    ]


def moved(
    correction: Correction,
    event: CorrectionEvent,
    now: int,
    *,
    actor: str,
    note: str | None = None,
    evidence: str | None = None,
) -> Correction:
    """The correction after an event. Raises `conflict` where the event is not allowed."""
    state = state_after(correction.state, event)
    if state is None:
        raise Refusal("conflict")
    step = Step(action=_DONE[event], actor=actor, at=now, note=note)
    return msgspec.structs.replace(
        correction,
        state=state,
        history=(*correction.history, step),
        submitted_at=now if event == "submit" else correction.submitted_at,
        evidence=evidence,
        expires_at=None,
    )


def step_views(correction: Correction) -> list[StepView]:
    """A correction's history, as its owner and the institution see it."""
    return [
        StepView(action=one.action, actor=one.actor, at=rfc3339(one.at), note=one.note)
        for one in correction.history
    ]


def tidy_corrections(ports: Ports) -> int:
    """Forget lapsed drafts, and the evidence of those that ended; how many were looked at.

    Safe to run twice, at once, or killed midway.
    """
    looked_at = 0
    for task in list(ports.agenda.due("tidy", ports.now())):
        if task.deadline + SETTLE_SECONDS > ports.now():
            continue
        looked_at += 1
        try:
            _tidy(ports, task)
        except ConditionFailed:
            continue  # it moved on meanwhile
        except Refusal:
            ports.metrics.count("correction_tidying_failed")
    return looked_at


def forget_evidence(ports: Ports, correction_id: str, upload: str | None) -> None:
    """Delete every version of a correction's evidence."""
    if upload is not None:
        ports.quarantine.delete(upload)
    ports.photos.forget(scan_prefix(correction_id))


def has_lapsed(correction: Correction, now: int) -> bool:
    """Whether a draft is past its time."""
    return correction.expires_at is not None and correction.expires_at <= now


def _tidy(ports: Ports, task: Task) -> None:
    correction = ports.proofreading.correction(task.subject)
    if correction is None:
        forget_evidence(ports, task.subject, None)
        ports.tables.commit([ports.agenda.doing(task)])
        return
    forgotten: Sequence[Write] = []
    if has_lapsed(correction, ports.now()):
        forgotten = ports.proofreading.forgetting(correction)
    if forgotten or correction.state in ENDED:
        forget_evidence(ports, task.subject, correction.upload)
    ports.tables.commit([ports.agenda.doing(task), *forgotten])


def _ending(
    ports: Ports, correction: Correction, event: CorrectionEvent, *, actor: str, note: str | None
) -> list[Write]:
    ended = moved(correction, event, ports.now(), actor=actor, note=note)
    writes = ports.proofreading.moving(correction, ended)
    if correction.upload is not None:
        writes.append(_tidying(correction, ports.now(), ports))
    return writes


def _tidying(correction: Correction, deadline: int, ports: Ports) -> Write:
    """The write that has the evidence looked after once `deadline` is over."""
    return ports.agenda.planning(
        Task(
            job="tidy",
            name="correction",
            account_id=correction.account_id,
            subject=correction.correction_id,
            deadline=deadline,
            at=deadline + SETTLE_SECONDS,
        )
    )


def _changes(
    ports: Ports,
    principal: Principal,
    family: Family,
    record: Record | None,
    proposed: Sequence[tuple[str, str]],
) -> tuple[Change, ...]:
    """The values as records hold them. Raises `InvalidInput`."""
    today = china_date(ports.now())
    known_type = record.facts.document_type if record else principal.identities[0].document_type
    changes: dict[str, Change] = {}
    for place, (field, text) in enumerate(proposed):
        at = f"changes[{place}].proposed" if record else f"facts.{field}"
        if field in changes:
            raise invalid(at, "value_invalid")
        value = parse_proposed(family, field, text, at=at, today=today, document_type=known_type)
        if record and not record.held and getattr(record.facts, field) == value:
            raise invalid(at, "value_unchanged")
        changes[field] = Change(field, value)
    return tuple(changes.values())


def _institution(ports: Ports, record: Record | None, given: str | None) -> str:
    """The one that answers: the record's own; else the one named, which must exist."""
    codes = {one.code for one in ports.institutions.all()}
    own = getattr(record.facts, "institution_code", None) if record else None
    if own in codes:
        return str(own)
    if given is None:
        raise invalid("institution_code", "required")
    if given not in codes:
        raise invalid("institution_code", "institution_unknown")
    return given


def _count(ports: Ports, principal: Principal) -> None:
    try:
        ports.limits.take([Hit("correction.account.month", principal.account_id)], ports.now())
    except OverLimit as limit:
        raise Refusal("rate_limited", retry_after=limit.retry_after) from None


def _own(ports: Ports, principal: Principal, correction_id: str) -> Correction:
    require_proof(principal)
    correction = ports.proofreading.correction(correction_id)
    if correction is None or has_lapsed(correction, ports.now()):
        raise Refusal("not_found")
    if correction.account_id != principal.account_id:
        raise Refusal("not_found")
    return correction


def _submitted_meanwhile(ports: Ports, principal: Principal, correction_id: str) -> CorrectionView:
    correction = _own(ports, principal, correction_id)
    if correction.state != "submitted":
        raise Refusal("conflict")
    return _view(ports, correction)


def _trail(ports: Ports, correction: Correction, action: str) -> Write:
    return ports.audited(
        correction.account_id,
        action,
        "owner",
        correction_id=correction.correction_id,
        family=correction.family,
    )


def _view(ports: Ports, correction: Correction, *, offering: bool = True) -> CorrectionView:
    awaited = correction.upload if correction.state == "draft" and offering else None
    changes = [ChangeView(one.field, one.proposed) for one in correction.changes]
    missing = correction.record_id is None
    return CorrectionView(
        correction_id=correction.correction_id,
        status=correction.state,
        family=correction.family,
        institution_code=correction.institution_code,
        record_id=correction.record_id,
        changes=None if missing else changes,
        facts={one.field: one.proposed for one in changes} if missing else None,
        reason=correction.reason,
        evidence=correction.evidence is not None,
        history=step_views(correction),
        upload=offer_form(ports, awaited) if awaited else None,
    )
