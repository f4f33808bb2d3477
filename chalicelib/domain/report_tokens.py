"""The signed token of a report: what its QR code and its attachment carry.

It names the report, its time and a digest of everything that the report says. The digest covers a
salt, so that whoever has only the token cannot try out what the report might say.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib.domain.jose import canonical, encoded
from chalicelib.domain.statements import Statement, signed_view

REPORT_TOKEN = "report+jwt"  # noqa: S105 -- the media type's suffix, no secret


class ReportClaims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A report's number, the digest of its facts, when it was signed, until when it is valid."""

    report: str
    facts: str
    iat: int
    exp: int


def report_claims(statement: Statement, signed_at: int) -> ReportClaims:
    """What the token of a report says. Instants in epoch seconds."""
    return ReportClaims(
        report=statement.report_number,
        facts=facts_digest(signed_view(statement)),
        iat=signed_at,
        exp=statement.valid_until,
    )


def facts_digest(view: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON (RFC 8785) of a report's members, in base64url."""
    return encoded(hashlib.sha256(canonical(view)).digest())


def attachment(statement: Statement, token: str) -> bytes:
    """The JSON file inside the PDF: what the report says, and the token that signs it."""
    return canonical({"report": signed_view(statement), "token": token})
