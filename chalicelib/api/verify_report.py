"""Public verification of reports."""

from typing import Annotated, Any

import msgspec

from chalicelib.api.calls import Call
from chalicelib.api.routes import Binary, Function
from chalicelib.operations import verify_report

function = Function("verify_report")

_RAISES = ("code_malformed", "report_not_found", "rate_limited")


class PurposeQuery(msgspec.Struct, frozen=True):
    """What the verifier says it is for; the owner sees it."""

    purpose: Annotated[str, msgspec.Meta(max_length=200)] = ""


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
