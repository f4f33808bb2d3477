"""Proofreading: confirming a record, judging a photo, and asking for corrections."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from chalicelib.api.calls import Call
from chalicelib.api.cursors import Paging, page_of
from chalicelib.api.members import Reason
from chalicelib.api.routes import Function, Listing
from chalicelib.api.scan_consents import EvidenceBody, given_consent
from chalicelib.domain.errors import FieldProblem, InvalidInput
from chalicelib.domain.records import Family
from chalicelib.operations import correct, proofread
from chalicelib.stores.proofreading import Verdict

function = Function("correct")

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Proposed = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
MOST_CHANGES = 20


class PhotoBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the photo is one's own."""

    verdict: Verdict
    reason: Reason | None = None


class ChangeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A field, and the value it should have as the institution would write it."""

    field: Id
    proposed: Proposed


class CorrectionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Changes of a record, or the facts of a record that is missing.

    `institution_code` names who keeps a missing record, and is needed too where a record itself
    does not say. `evidence` says that a picture follows.
    """

    family: Family
    reason: Reason
    record_id: Id | None = None
    changes: (
        Annotated[list[ChangeBody], msgspec.Meta(min_length=1, max_length=MOST_CHANGES)] | None
    ) = None
    institution_code: Annotated[str, msgspec.Meta(min_length=5, max_length=5)] | None = None
    facts: Annotated[dict[Id, Proposed], msgspec.Meta(min_length=1, max_length=40)] | None = None
    evidence: bool = False


@function.route(
    "PUT",
    "/archive/{family}/{record_id}/confirmation",
    policy="signed_in",
    answers={204: None},
    raises=("proof_required", "consent_withdrawn", "not_found", "conflict"),
)
def confirm_record(call: Call, family: str, record_id: str) -> None:
    """Find a record right, in its present version."""
    proofread.confirm_record(call.ports, call.principal, family, record_id)


@function.route(
    "PUT",
    "/archive/{family}/{record_id}/photo-confirmation",
    policy="signed_in",
    body=PhotoBody,
    answers={204: None},
    raises=("proof_required", "consent_withdrawn", "not_found", "conflict"),
)
def judge_photo(call: Call, family: str, record_id: str) -> None:
    """Say whether an enrolment's photo is one's own."""
    body: PhotoBody = call.body
    proofread.judge_photo(
        call.ports,
        call.principal,
        family,
        record_id,
        verdict=body.verdict,
        reason=body.reason,
    )


@function.route(
    "POST",
    "/corrections",
    policy="signed_in",
    body=CorrectionBody,
    answers={201: correct.CorrectionView},
    creating=True,
    raises=("proof_required", "consent_withdrawn", "not_found", "rate_limited"),
)
def open_correction(call: Call) -> correct.CorrectionView:
    """Ask an institution for a correction; answers the form for evidence, if there is some."""
    body: CorrectionBody = call.body
    return correct.open_correction(
        call.ports,
        call.principal,
        family=body.family,
        record_id=body.record_id,
        proposed=_proposed(body),
        institution_code=body.institution_code,
        reason=body.reason,
        evidence=body.evidence,
    )


@function.route(
    "POST",
    "/corrections/{correction_id}/submit",
    policy="signed_in",
    body=EvidenceBody,
    body_optional=True,
    answers={200: correct.CorrectionView},
    raises=(
        "proof_required",
        "consent_withdrawn",
        "not_found",
        "conflict",
        "file_rejected",
        "rate_limited",
    ),
)
def submit_correction(call: Call, correction_id: str) -> correct.CorrectionView:
    """Submit a correction whose evidence was uploaded."""
    return correct.submit_correction(
        call.ports, call.principal, correction_id, consent=given_consent(call.body.consent)
    )


@function.route(
    "GET",
    "/corrections",
    policy="signed_in",
    query=Paging,
    answers={200: list[correct.CorrectionView]},
    raises=("proof_required", "consent_withdrawn"),
)
def list_corrections(call: Call) -> Listing:
    """The own corrections, newest first."""
    return page_of(call, correct.list_corrections(call.ports, call.principal))


@function.route(
    "GET",
    "/corrections/{correction_id}",
    policy="signed_in",
    answers={200: correct.CorrectionView},
    raises=("proof_required", "consent_withdrawn", "not_found"),
)
def read_correction(call: Call, correction_id: str) -> correct.CorrectionView:
    """How a correction stands, with its history."""
    return correct.read_correction(call.ports, call.principal, correction_id)


@function.route(
    "DELETE",
    "/corrections/{correction_id}",
    policy="signed_in",
    answers={204: None},
    raises=("proof_required", "consent_withdrawn", "not_found", "conflict"),
)
def withdraw_correction(call: Call, correction_id: str) -> None:
    """Withdraw a correction before it is decided."""
    correct.withdraw_correction(call.ports, call.principal, correction_id)


def _proposed(body: CorrectionBody) -> Sequence[tuple[str, str]]:
    """Fields and values, of a record or of a missing one. Raises `InvalidInput`."""
    wanted = {"changes": body.changes, "facts": body.facts}
    needed, odd = ("changes", "facts") if body.record_id else ("facts", "changes")
    problems = [FieldProblem(needed, "required")] if not wanted[needed] else []
    if wanted[odd] is not None:
        problems.append(FieldProblem(odd, "value_invalid"))
    if problems:
        raise InvalidInput(*problems)
    if body.facts is not None:
        return list(body.facts.items())
    return [(one.field, one.proposed) for one in body.changes or ()]
