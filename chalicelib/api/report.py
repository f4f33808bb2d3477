"""Reports: issue, list, read, PDF, extend, close."""

from typing import Annotated

import msgspec

from chalicelib.api.calls import Call
from chalicelib.api.cursors import Paging, page_from
from chalicelib.api.routes import Binary, Function, Listing
from chalicelib.domain.statements import ReportKind, ReportLanguage
from chalicelib.operations import report

function = Function("report")

CREDENTIAL_TYPE = "application/dc+sd-jwt"
Months = Annotated[int, msgspec.Meta(ge=1, le=6)]


class ReportBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which record to report on, how, and for how long."""

    kind: ReportKind
    record_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    language: ReportLanguage
    valid_months: Months
    disclosure: str | list[str]


class HolderQuery(msgspec.Struct, frozen=True):
    """The public key that the credential is bound to: a JWK (EC, P-256) in base64url."""

    holder: Annotated[str, msgspec.Meta(max_length=500)] = ""


class ExtensionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By how many months to extend."""

    extend_months: Months


@function.route(
    "POST",
    "/reports",
    policy="signed_in",
    body=ReportBody,
    answers={201: report.ReportView},
    creating=True,
    raises=("proof_required", "consent_withdrawn", "not_found", "record_not_reportable"),
)
def create_report(call: Call) -> report.ReportView:
    """Issue a report."""
    body: ReportBody = call.body
    return report.create_report(
        call.ports,
        call.principal,
        kind=body.kind,
        record_id=body.record_id,
        language=body.language,
        valid_months=body.valid_months,
        disclosure=body.disclosure,
    )


@function.route(
    "GET",
    "/reports",
    policy="signed_in",
    query=Paging,
    answers={200: list[report.ReportView]},
    raises=("proof_required", "consent_withdrawn"),
)
def list_reports(call: Call) -> Listing:
    """The own reports, newest first."""
    return page_from(
        call,
        lambda limit, after: report.list_reports(
            call.ports, call.principal, limit=limit, after=after
        ),
    )


@function.route(
    "GET",
    "/reports/{report_id}",
    policy="signed_in",
    answers={200: report.ReportView},
    raises=("proof_required", "consent_withdrawn", "not_found"),
)
def read_report(call: Call, report_id: str) -> report.ReportView:
    """One of the own reports."""
    return report.read_report(call.ports, call.principal, report_id)


@function.route(
    "GET",
    "/reports/{report_id}/views",
    policy="signed_in",
    query=Paging,
    answers={200: list[report.Viewing]},
    raises=("proof_required", "consent_withdrawn", "not_found"),
)
def list_viewings(call: Call, report_id: str) -> Listing:
    """When, from where and what for the report was verified, newest first."""
    return page_from(
        call,
        lambda limit, after: report.list_viewings(
            call.ports, call.principal, report_id, limit=limit, after=after
        ),
        extra=report_id,
    )


@function.route(
    "GET",
    "/reports/{report_id}/pdf",
    policy="signed_in",
    answers={200: Binary},
    media_type="application/pdf",
    raises=("proof_required", "consent_withdrawn", "not_found", "conflict"),
)
def read_pdf(call: Call, report_id: str) -> Binary:
    """The report's PDF."""
    pdf = report.report_pdf(call.ports, call.principal, report_id)
    return Binary(pdf, "application/pdf", f"report-{report_id}.pdf")


@function.route(
    "GET",
    "/reports/{report_id}/credential",
    policy="signed_in",
    query=HolderQuery,
    answers={200: Binary},
    media_type=CREDENTIAL_TYPE,
    raises=("proof_required", "consent_withdrawn", "not_found", "conflict"),
)
def read_credential(call: Call, report_id: str) -> Binary:
    """The report as a credential of which its owner may show parts (SD-JWT VC)."""
    text = report.report_credential(
        call.ports, call.principal, report_id, holder=call.query.holder or None
    )
    return Binary(text.encode(), CREDENTIAL_TYPE, f"report-{report_id}.sd-jwt")


@function.route(
    "PATCH",
    "/reports/{report_id}",
    policy="signed_in",
    body=ExtensionBody,
    answers={200: report.ReportView},
    raises=(
        "proof_required",
        "consent_withdrawn",
        "not_found",
        "report_not_extendable",
        "conflict",
    ),
)
def extend_report(call: Call, report_id: str) -> report.ReportView:
    """Extend the validity."""
    return report.extend_report(
        call.ports, call.principal, report_id, months=call.body.extend_months
    )


@function.route(
    "DELETE",
    "/reports/{report_id}",
    policy="signed_in",
    answers={204: None},
    raises=("proof_required", "consent_withdrawn", "not_found"),
)
def close_report(call: Call, report_id: str) -> None:
    """Close the report at once."""
    report.close_report(call.ports, call.principal, report_id)
