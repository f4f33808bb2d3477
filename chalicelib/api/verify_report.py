"""Public verification of reports."""

from typing import Annotated, Any

import msgspec

from chalicelib.api.bodies import CSV
from chalicelib.api.calls import Call
from chalicelib.api.problems import problem_of
from chalicelib.api.routes import Binary, Function
from chalicelib.api.verifications_csv import verifications_csv
from chalicelib.domain.errors import Refusal
from chalicelib.operations import verify_report

function = Function("verify_report")

MOST_CODES = 500
STATUS_LIST_TYPE = "application/statuslist+jwt"
_RAISES = ("code_malformed", "report_not_found", "rate_limited")


class PurposeQuery(msgspec.Struct, frozen=True):
    """What the verifier says it is for; the owner sees it."""

    purpose: Annotated[str, msgspec.Meta(max_length=200)] = ""


class CodesBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The codes to check."""

    codes: Annotated[list[str], msgspec.Meta(min_length=1, max_length=MOST_CODES)]


class Verifications(msgspec.Struct, frozen=True):
    """What each code is answered, in order: as alone, or its problem."""

    results: list[dict[str, Any]]


@function.route(
    "GET",
    "/verifications/{code}",
    policy="public",
    query=PurposeQuery,
    answers={200: verify_report.Verification},
    raises=_RAISES,
)
def verify(call: Call, code: str) -> verify_report.Verification:
    """Check a report's verification code."""
    return verify_report.verify_report(call.ports, call.caller, code, purpose=call.query.purpose)


@function.route(
    "POST",
    "/verifications",
    policy="public",
    body=CodesBody,
    csv="codes",
    most_members=MOST_CODES + 10,
    query=PurposeQuery,
    answers={200: Verifications},
    also=CSV,
)
def verify_many(call: Call) -> Verifications | Binary:
    """Check up to 500 codes, each on its own; in JSON or CSV."""
    found = verify_report.verify_reports(
        call.ports, call.caller, call.body.codes, purpose=call.query.purpose
    )
    answers = [
        problem_of(each, call.caller.language, call.caller.request_id)
        if isinstance(each, Refusal)
        else each
        for each in found
    ]
    if call.as_csv:
        return Binary(verifications_csv(call.body.codes, answers), f"{CSV}; charset=utf-8")
    return Verifications(results=[msgspec.to_builtins(each) for each in answers])


@function.route(
    "GET",
    "/verifications/{code}/pdf",
    policy="public",
    answers={200: Binary},
    media_type="application/pdf",
    raises=(*_RAISES, "not_found"),
)
def read_pdf(call: Call, code: str) -> Binary:
    """The PDF of a valid report."""
    return Binary(
        verify_report.verified_pdf(call.ports, call.caller, code), "application/pdf", "report.pdf"
    )


@function.route(
    "GET",
    "/verifications/{code}/photo",
    policy="public",
    answers={200: Binary},
    media_type="image/jpeg",
    raises=(*_RAISES, "not_found"),
)
def read_photo(call: Call, code: str) -> Binary:
    """The photo that a valid report discloses."""
    return Binary(verify_report.verified_photo(call.ports, call.caller, code), "image/jpeg")


@function.route(
    "GET",
    "/.well-known/jwks.json",
    policy="public",
    answers={200: dict[str, Any]},
    cacheable_seconds=300,
)
def read_keys(call: Call) -> dict[str, Any]:
    """The keys that sign reports, with their certificates (a JWK set)."""
    return verify_report.published_keys(call.ports)


@function.route(
    "GET",
    "/status-lists/{list_id}",
    policy="public",
    answers={200: Binary},
    media_type=STATUS_LIST_TYPE,
    raises=("not_found",),
    cacheable_seconds=15,
)
def read_statuses(call: Call, list_id: str) -> Binary:
    """A signed list of statuses: a bit per report."""
    token = verify_report.published_list(call.ports, list_id)
    return Binary(token.encode(), STATUS_LIST_TYPE)
