"""A report's signed form: made once, when it is issued or extended, and kept as it is.

The token goes with the report, the PDF to its own sealed file. Whoever reads it gets those bytes:
nothing is drawn or signed again, so only the function that issues reports may use the key.
"""

import hashlib

import msgspec

from chalicelib.domain.errors import Refusal
from chalicelib.domain.jose import TokenMalformed, encoded
from chalicelib.domain.report_states import Outcome
from chalicelib.domain.report_tokens import (
    REPORT_TOKEN,
    ReportClaims,
    report_claims,
)
from chalicelib.operations.ports import Ports
from chalicelib.stores.reports import Report
from chalicelib.stores.signatures import SignatureBroken

SALT_BYTES = 16


def signed(ports: Ports, report: Report) -> Report:
    """The report with its token; its signed PDF is kept. Raises `Refusal("unavailable")`.

    What is kept for a report that is never committed belongs to the account, and goes with it.
    """
    now = ports.now()
    photo = ports.photos.get(report.statement.photo) if report.statement.photo else None
    statement = msgspec.structs.replace(
        report.statement,
        valid_until=report.valid_until,
        photo_digest=hashlib.sha256(photo).hexdigest() if photo else "",
        salt=report.statement.salt or encoded(ports.random.bytes(SALT_BYTES)),
    )
    token = ports.signatures.token(REPORT_TOKEN, report_claims(statement, now), now)
    pdf = ports.renderer.render(
        statement,
        verification_code=report.verification_code,
        verification_url=verification_url(ports, report.verification_code),
        token=token,
        photo=photo,
    )
    made = msgspec.structs.replace(report, statement=statement, token=token)
    ports.report_files.put(_address(made), ports.pdf_signer.sign(pdf, now=now))
    return made


def signed_pdf(ports: Ports, report: Report) -> bytes | None:
    """The signed PDF as it was made; None when there is none."""
    return ports.report_files.get(_address(report))


def signature_of(ports: Ports, report: Report) -> Outcome:
    """Whether a published key signed what the report says now, for its present validity.

    Not checked: a report that was issued unsigned or is emptied, and keys out of reach.
    """
    if not report.token:
        return "not_checked"
    statement = msgspec.structs.replace(report.statement, valid_until=report.valid_until)
    try:
        said = ports.signatures.claims(report.token, REPORT_TOKEN)
        claims = msgspec.convert(said, ReportClaims)
    except (TokenMalformed, SignatureBroken, msgspec.ValidationError):
        return "failed"
    except Refusal:
        return "not_checked"
    return "passed" if claims == report_claims(statement, claims.iat) else "failed"


def verification_url(ports: Ports, code: str) -> str:
    """Where a verifier goes: the code is in the fragment, which no server logs."""
    return f"{ports.public_origin}/verify/#{code}"


def files_prefix(account_id: str) -> str:
    """Where all PDFs of an account's reports are."""
    return f"reports/{account_id}/"


def report_prefix(report: Report) -> str:
    """Where all PDFs of one report are."""
    return f"{files_prefix(report.account_id)}{report.report_id}/"


def _address(report: Report) -> str:
    """One file for each validity: an extended report has a new PDF."""
    return f"{report_prefix(report)}{report.valid_until}.pdf"
