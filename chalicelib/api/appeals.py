"""Appeals: opening, submitting, reading and withdrawing one; the present holder's objection."""

import msgspec

from chalicelib.api.calls import Call
from chalicelib.api.members import Reason, Token
from chalicelib.api.routes import Function
from chalicelib.api.scan_consents import ScanConsentBody, given_consent
from chalicelib.operations import appeals
from chalicelib.operations.document_scans import Submission

function = Function("appeals")


TOKEN_HEADER = "Appeal-Token"  # noqa: S105 -- a header's name


class AppealBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Proof of a phone, who one is, and where to write to."""

    verification_token: Token
    name: str
    document_type: str
    document_number: str
    email: str
    reason: Reason | None = None


class SubmissionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The appeal's key; without `consent` the current text counts as agreed to by submitting."""

    appeal_token: Token
    consent: ScanConsentBody | None = None


class ObjectionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the number is one's own."""

    reason: Reason


@function.route(
    "POST",
    "/appeals",
    policy="public",
    body=AppealBody,
    answers={201: appeals.Opened},
    creating=True,
    raises=("conflict", "rate_limited"),
)
def open_appeal(call: Call) -> appeals.Opened:
    """Open an appeal for a document number; answers the form for the upload."""
    body: AppealBody = call.body
    return appeals.open_appeal(
        call.ports,
        call.caller,
        verification_token=body.verification_token,
        name=body.name,
        document_type=body.document_type,
        document_number=body.document_number,
        email=body.email,
        reason=body.reason,
    )


@function.route(
    "POST",
    "/appeals/{appeal_id}/submit",
    policy="public",
    body=SubmissionBody,
    answers={202: Submission},
    raises=("not_found", "conflict", "file_rejected", "rate_limited"),
)
def submit_appeal(call: Call, appeal_id: str) -> Submission:
    """Submit an appeal whose picture was uploaded."""
    body: SubmissionBody = call.body
    return appeals.submit_appeal(
        call.ports,
        appeal_id,
        appeal_token=body.appeal_token,
        consent=given_consent(body.consent),
    )


@function.route(
    "GET",
    "/appeals/{appeal_id}",
    policy="public",
    header=TOKEN_HEADER,
    answers={200: appeals.AppealView},
    raises=("not_found",),
)
def read_appeal(call: Call, appeal_id: str) -> appeals.AppealView:
    """How an appeal stands."""
    return appeals.read_appeal(call.ports, appeal_id, call.header)


@function.route(
    "DELETE",
    "/appeals/{appeal_id}",
    policy="public",
    header=TOKEN_HEADER,
    answers={204: None},
    raises=("not_found", "conflict"),
)
def withdraw_appeal(call: Call, appeal_id: str) -> None:
    """Withdraw an appeal."""
    appeals.withdraw_appeal(call.ports, appeal_id, call.header)


@function.route(
    "POST",
    "/appeals/{appeal_id}/objection",
    policy="signed_in",
    body=ObjectionBody,
    answers={202: None},
    creating=True,
    raises=("not_found", "conflict"),
)
def object_to_appeal(call: Call, appeal_id: str) -> None:
    """Object to an appeal for one's own number."""
    appeals.object_to_appeal(call.ports, call.principal, appeal_id, call.body.reason)
