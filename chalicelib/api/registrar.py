"""What registrars do in their institution: corrections, searches, changes of records."""

from typing import Annotated, Any, Literal

import msgspec

from chalicelib.api.calls import Call
from chalicelib.api.cursors import Paging, page_from
from chalicelib.api.routes import Binary, Function, Listing
from chalicelib.domain.correctable import REGISTRAR_FIELDS
from chalicelib.domain.records import Family
from chalicelib.operations import (
    change_record,
    decide_corrections,
    search_records,
    withhold_record,
)
from chalicelib.operations.change_record import ChangeProposed, RecordChanged
from chalicelib.operations.decide_corrections import CorrectionItem, Decision

function = Function("registrar")

Purpose = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Number = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]

_FIELDS = sorted({field for fields in REGISTRAR_FIELDS.values() for field in fields})
_CHANGE_RAISES = ("not_found", "conflict")


class QueueQuery(Paging, frozen=True):
    """Which corrections: their state, a family, and what they are read for."""

    status: Literal["submitted", "in_review", "accepted", "refused", "withdrawn"] = "submitted"
    family: Family | None = None
    purpose: Purpose = decide_corrections.QUEUE


class PurposeQuery(msgspec.Struct, frozen=True):
    """What something is read for."""

    purpose: Purpose = decide_corrections.QUEUE


class DecisionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is decided; the note is read by the student, and needed for a refusal."""

    decision: Literal["accept", "refuse"]
    note: Reason | None = None


class SearchBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What for, and exactly one number."""

    purpose: Purpose
    document_number: Number | None = None
    certificate_number: Number | None = None
    student_number: Number | None = None


class ReasonBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    reason: Reason


class ReplacementBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number of the certificate that stands for a lost diploma, and why."""

    certificate_number: Number
    reason: Reason


RecordBody = msgspec.defstruct(
    "RecordBody",
    [("reason", Reason), *((field, Text | int | float | None, None) for field in _FIELDS)],
    namespace={"__doc__": "The fields to change with what they are to say, and why."},
    frozen=True,
    forbid_unknown_fields=True,
)


@function.route(
    "GET",
    "/registrar/corrections",
    policy="registrar",
    query=QueueQuery,
    answers={200: list[CorrectionItem]},
)
def list_corrections(call: Call) -> Listing:
    """The institution's corrections of one state, the longest waiting first."""
    query: QueueQuery = call.query
    return page_from(
        call,
        lambda limit, after: decide_corrections.list_queue(
            call.ports,
            call.principal,
            status=query.status,
            family=query.family,
            purpose=query.purpose,
            limit=limit,
            after=after,
        ),
        extra=f"{query.status}#{query.family}",
    )


@function.route(
    "GET",
    "/registrar/corrections/{correction_id}/evidence",
    policy="registrar",
    query=PurposeQuery,
    answers={200: Binary},
    media_type="image/jpeg",
    raises=("not_found",),
)
def read_evidence(call: Call, correction_id: str) -> Binary:
    """The picture that a student sent along."""
    picture = decide_corrections.read_evidence(
        call.ports, call.principal, correction_id, purpose=call.query.purpose
    )
    return Binary(picture, "image/jpeg")


@function.route(
    "POST",
    "/registrar/corrections/{correction_id}/decision",
    policy="registrar",
    body=DecisionBody,
    answers={200: Decision},
    creating=True,
    raises=_CHANGE_RAISES,
)
def decide_correction(call: Call, correction_id: str) -> Decision:
    """Accept or refuse a correction; key fields then wait for a reviewer."""
    body: DecisionBody = call.body
    return decide_corrections.decide_correction(
        call.ports,
        call.principal,
        correction_id,
        accept=body.decision == "accept",
        note=body.note,
    )


@function.route(
    "POST",
    "/registrar/records/search",
    policy="registrar",
    body=SearchBody,
    answers={200: list[dict[str, Any]]},
)
def search(call: Call) -> Listing:
    """The institution's records with a document, certificate or student number."""
    body: SearchBody = call.body
    found = search_records.search_records(
        call.ports,
        call.principal,
        purpose=body.purpose,
        document_number=body.document_number,
        certificate_number=body.certificate_number,
        student_number=body.student_number,
    )
    return Listing(list(found), None)


@function.route(
    "PUT",
    "/registrar/records/{family}/{record_id}",
    policy="registrar",
    body=RecordBody,
    answers={200: RecordChanged, 202: ChangeProposed},
    raises=_CHANGE_RAISES,
)
def change(call: Call, family: str, record_id: str) -> RecordChanged | ChangeProposed:
    """Change fields of a record: at once, key fields when a reviewer has agreed."""
    given: dict[str, Any] = msgspec.structs.asdict(call.body)
    reason = given.pop("reason")
    proposed = {field: str(value) for field, value in given.items() if value is not None}
    return change_record.change_record(
        call.ports, call.principal, family, record_id, proposed=proposed, reason=reason
    )


@function.route(
    "PUT",
    "/registrar/records/{family}/{record_id}/hold",
    policy="registrar",
    body=ReasonBody,
    answers={200: RecordChanged},
    raises=_CHANGE_RAISES,
)
def hold(call: Call, family: str, record_id: str) -> RecordChanged:
    """Withhold a record from query and reports."""
    return withhold_record.hold_record(
        call.ports, call.principal, family, record_id, reason=call.body.reason
    )


@function.route(
    "DELETE",
    "/registrar/records/{family}/{record_id}/hold",
    policy="registrar",
    body=ReasonBody,
    answers={200: RecordChanged},
    raises=_CHANGE_RAISES,
)
def release(call: Call, family: str, record_id: str) -> RecordChanged:
    """Show a withheld record again."""
    return withhold_record.release_record(
        call.ports, call.principal, family, record_id, reason=call.body.reason
    )


@function.route(
    "PUT",
    "/registrar/records/{family}/{record_id}/revocation",
    policy="registrar",
    body=ReasonBody,
    answers={200: RecordChanged},
    raises=_CHANGE_RAISES,
)
def revoke(call: Call, family: str, record_id: str) -> RecordChanged:
    """Revoke a credential or degree."""
    return withhold_record.revoke_record(
        call.ports, call.principal, family, record_id, reason=call.body.reason
    )


@function.route(
    "POST",
    "/registrar/records/credentials/{record_id}/replacement",
    policy="registrar",
    body=ReplacementBody,
    answers={201: withhold_record.Replacement},
    creating=True,
    raises=_CHANGE_RAISES,
)
def replace(call: Call, record_id: str) -> withhold_record.Replacement:
    """Declare a diploma lost and file the certificate that stands for it."""
    body: ReplacementBody = call.body
    return withhold_record.replace_diploma(
        call.ports,
        call.principal,
        record_id,
        certificate_number=body.certificate_number,
        reason=body.reason,
    )
