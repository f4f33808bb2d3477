"""The signed PDF, checked by programs that know nothing of how it was made."""

import io
import json
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils.generic import NumberObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from chalicelib.adapters.report_signature import PadesSigner
from chalicelib.domain.errors import Refusal
from chalicelib.domain.report_tokens import REPORT_TOKEN, ReportClaims, facts_digest, report_claims
from chalicelib.domain.statements import Statement
from chalicelib.stores.signatures import Signatures
from tests.signing import MemorySigner
from tests.unit.test_report_pdf import (
    CODE,
    ISSUED_AT,
    URL,
    VALID_UNTIL,
    jpeg,
    renderer,
    run,
    statement,
)

SIGNER = MemorySigner(lambda: ISSUED_AT)


def said() -> Statement:
    return msgspec.structs.replace(statement(), salt="c2FsdA", photo_digest="ab" * 32)


@cache
def token() -> str:
    claims = report_claims(said(), ISSUED_AT)
    return Signatures(SIGNER).token(REPORT_TOKEN, claims, ISSUED_AT)


@cache
def unsigned() -> bytes:
    return renderer().render(
        said(), verification_code=CODE, verification_url=URL, token=token(), photo=jpeg()
    )


@cache
def signed() -> bytes:
    return PadesSigner(SIGNER, "Example Archive").sign(unsigned(), now=ISSUED_AT)


def judged(pdf: bytes) -> PdfSignatureStatus:
    """What pyHanko says of the signature, trusting the root of the key's chain."""
    root = Certificate.load(SIGNER.keys[0].chain[-1])
    moment = datetime.fromtimestamp(ISSUED_AT, UTC)
    trust = ValidationContext(trust_roots=[root], allow_fetching=False, moment=moment)
    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    return validate_pdf_signature(signature, trust)


@pytest.mark.req("R-53")
def test_pyhanko_finds_it_valid_whole_and_locked():
    found = judged(signed())
    assert found.bottom_line
    assert (found.intact, found.valid, found.trusted) == (True, True, True)
    assert found.coverage.name == "ENTIRE_FILE"
    assert found.docmdp_ok
    (signature,) = PdfFileReader(io.BytesIO(signed())).embedded_signatures
    assert signature.docmdp_level.name == "NO_CHANGES"
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"


@pytest.mark.req("R-53")
def test_poppler_finds_it_valid_and_whole(tmp_path):
    file = tmp_path / "report.pdf"
    file.write_bytes(signed())
    said_of = run("poppler-utils", "pdfsig", "-nocert", file).decode()
    assert "Signature is Valid." in said_of
    assert "Total document signed" in said_of
    assert "ETSI.CAdES.detached" in said_of


@pytest.mark.req("R-53")
@pytest.mark.parametrize("where", ["document", "signature dictionary", "end"])
def test_poppler_finds_a_changed_byte(tmp_path, where):
    changed = bytearray(signed())
    place = {
        "document": len(changed) // 3,
        "signature dictionary": changed.rindex(b"/Name (") + 8,
        "end": changed.rindex(b"startxref") - 40,
    }[where]
    changed[place] ^= 1
    file = tmp_path / "report.pdf"
    file.write_bytes(changed)
    ran = subprocess.run(["pdfsig", "-nocert", file], capture_output=True, text=True, check=False)
    assert "Signature is Valid." not in ran.stdout


def test_a_later_revision_breaks_the_lock():
    writer = IncrementalPdfFileWriter(io.BytesIO(signed()))
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Rotate"] = NumberObject(90)
    writer.update_container(page)
    later = io.BytesIO()
    writer.write(later)
    found = judged(later.getvalue())
    assert not found.bottom_line
    assert not found.docmdp_ok


def test_it_is_the_drawn_page_with_something_after_it():
    assert signed().startswith(unsigned())


def test_it_still_declares_pdf_a_and_pdf_ua():
    declared = run("poppler-utils", "pdfinfo", "-meta", "-", given=signed()).decode()
    assert "<pdfaid:part>3</pdfaid:part>" in declared
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in declared
    assert "<pdfuaid:part>1</pdfuaid:part>" in declared
    told = run("poppler-utils", "pdfinfo", "-", given=signed()).decode()
    assert re.search(r"Tagged: +yes", told)
    assert re.search(r"Form: +AcroForm", told)


def test_the_field_is_as_pdf_a_and_pdf_ua_want_it():
    """ISO 19005-3, 6.3; ISO 14289-1, 7.18: printed, not hidden, without a place, named."""
    root = PdfFileReader(io.BytesIO(signed())).root
    (field,) = root["/AcroForm"]["/Fields"]
    shown = field.get_object()
    assert shown["/F"] & 0b100111 == 0b000100
    assert list(shown["/Rect"]) == [0, 0, 0, 0]
    assert "签名" in shown["/TU"]
    assert root["/AcroForm"].get("/NeedAppearances") is None
    assert root["/Pages"]["/Kids"][0]["/Tabs"] == "/S"
    assert root["/AF"][0].get_object()["/AFRelationship"] == "/Data"


def test_qpdf_finds_no_fault_in_it(tmp_path):
    file = tmp_path / "report.pdf"
    file.write_bytes(signed())
    assert b"No syntax or stream encoding errors" in run("qpdf", "qpdf", "--check", file)


def attached(pdf: bytes, folder: Path) -> dict[str, Any]:
    file = folder / "report.pdf"
    file.write_bytes(pdf)
    content = run("qpdf", "qpdf", "--show-attachment=statement.json", file)
    return dict(json.loads(content))


def test_a_machine_reads_the_same_facts_from_the_attached_file(tmp_path):
    content = attached(signed(), tmp_path)
    assert content["report"]["f0"] == "王𬱖𠅤"
    assert content["report"]["report_number"] == said().report_number
    claims = msgspec.convert(
        Signatures(SIGNER).claims(content["token"], REPORT_TOKEN), ReportClaims
    )
    assert claims.facts == facts_digest(content["report"])
    assert (claims.report, claims.exp) == (said().report_number, VALID_UNTIL)


@pytest.mark.parametrize(
    "change",
    [
        lambda report: report.update(f0="李四"),
        lambda report: report.update(salt="c2FsdB"),
        lambda report: report.update(photo_sha256="cd" * 32),
        lambda report: report.update(added="x"),
        lambda report: report.pop("f1"),
        lambda report: report["english"].update(f0="LI Si"),
        lambda report: report.update(valid_until="2030-01-01T00:00:00Z"),
    ],
)
def test_no_fact_changes_under_its_digest(tmp_path, change: Callable[[dict[str, Any]], None]):
    report = attached(signed(), tmp_path)["report"]
    before = facts_digest(report)
    change(report)
    assert facts_digest(report) != before


def test_it_stays_small():
    assert len(signed()) - len(unsigned()) < 6_000


def test_without_a_valid_key_nothing_is_signed():
    with pytest.raises(Refusal) as refused:
        PadesSigner(SIGNER, "Example Archive").sign(unsigned(), now=SIGNER.keys[0].not_after)
    assert refused.value.code == "unavailable"
