"""Proofreading (校对): the student finds a record right, or the photo somebody else's."""

import msgspec

from chalicelib.domain.errors import Refusal
from chalicelib.operations.archive import bound_record
from chalicelib.operations.ports import Ports
from chalicelib.operations.query import known_family
from chalicelib.stores.proofreading import Confirmation, PhotoVerdict, Verdict
from chalicelib.stores.sessions import Principal


def confirm_record(ports: Ports, principal: Principal, family: str, record_id: str) -> None:
    """The record is right, in the version it has now. Repeated, nothing happens.

    Raises `proof_required`, `not_found`; `conflict` for a held record, which shows nothing.
    """
    record = bound_record(ports, principal, known_family(family), record_id).record
    if record.held:
        raise Refusal("conflict")
    said = ports.proofreading.of_record(principal.account_id, record_id).confirmation
    if said is not None and said.version == record.version:
        return
    confirmation = Confirmation(record_id=record_id, version=record.version, at=ports.now())
    trail = ports.audited(
        principal.account_id,
        "record_confirmed",
        "owner",
        family=record.family,
        record_id=record_id,
    )
    ports.commit([ports.proofreading.confirming(principal.account_id, confirmation), trail])
    ports.metrics.count("record_confirmed", family=record.family)


def judge_photo(
    ports: Ports,
    principal: Principal,
    family: str,
    record_id: str,
    *,
    verdict: Verdict,
    reason: str | None,
) -> None:
    """Whether an enrolment's photo shows its owner. Repeated, nothing happens.

    Raises `proof_required`; `not_found` for other families too; `conflict` where there is no photo
    to look at.
    """
    if known_family(family) != "enrollments":
        raise Refusal("not_found")
    record = bound_record(ports, principal, "enrollments", record_id).record
    if record.held or not record.photos:
        raise Refusal("conflict")
    judged = PhotoVerdict(
        record_id=record_id, version=record.version, verdict=verdict, reason=reason, at=ports.now()
    )
    said = ports.proofreading.of_record(principal.account_id, record_id).photo
    if said is not None and msgspec.structs.replace(said, at=judged.at) == judged:
        return
    trail = ports.audited(
        principal.account_id, "photo_judged", "owner", record_id=record_id, verdict=verdict
    )
    ports.commit([ports.proofreading.judging(principal.account_id, judged), trail])
    ports.metrics.count("photo_judged", verdict=verdict)
