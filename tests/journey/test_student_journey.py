"""The whole journey by HTTP against the local server, for every kind of person there is."""

import re
import subprocess
from typing import Any

import pytest

from chalicelib.domain.records import FAMILIES
from infra.demo.people import KINDS
from tests.journey.server import LocalServer, Reply
from tests.journey.student import Student

pytestmark = pytest.mark.local

JPEG = b"\xff\xd8\xff"
OUTCOMES = {"bound": 201, "review": 202, "not_matched": 422}
REPORTED = {"enrollment": "enrollments", "credential": "credentials", "degree": "degrees"}
FACTS_ON_PAPER = (
    "name",
    "institution_name",
    "certificate_number",
    "school_number",
    "serial_number",
)
GROUPS_OF_FOUR = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}")
PLACES = range(len(KINDS))
NAMES = [
    f"{place:02}-{re.sub('[^a-z0-9]+', '-', kind.description.lower())}"
    for place, kind in enumerate(KINDS)
]


@pytest.fixture(scope="session", params=PLACES, ids=NAMES)
def student(server: LocalServer, request: pytest.FixtureRequest) -> Student:
    """Somebody of each kind, registered, signed in and with the archive open."""
    person = server.people()[request.param]
    return Student(server, person, f"student-{request.param}@example.com").arrive()


def test_a_code_proves_the_phone(student: Student):
    assert student.asked.status == 202
    assert student.asked.json["destination_hint"].endswith(student.phone[-4:])
    assert student.phone not in student.asked.content.decode()
    assert student.verified.status == 200


def test_the_summary_shows_who_registers(student: Student):
    assert student.drafted.status == 201
    review = student.drafted.json["review"]
    assert review["username"] == student.email
    for member in ("name", "document_type", "document_number"):
        assert review[member] == student.person[member]


@pytest.mark.req("R-64")
def test_yes_opens_the_account_and_binds_what_holds_its_number(student: Student):
    assert student.confirmed.status == 201
    account = student.confirmed.json["account"]
    assert account["proof_level"] == "identity"
    assert student.person["document_number"] not in student.confirmed.content.decode()
    assert student.confirmed.json["bound"] == student.person["holds"]


def test_a_new_device_takes_a_second_step(student: Student):
    assert student.first_step.status == 202
    assert student.first_step.json["status"] == "second_step_required"
    assert student.second_step.json["account"]["username"] == student.email


def test_a_remembered_device_takes_no_second_step_and_signs_out(student: Student):
    again = student.sign_in_again()
    assert again.status == 201
    token = again.json["access_token"]
    assert student.server.call("GET", "/api/account", token=token).status == 200
    assert student.server.call("DELETE", "/api/sessions/current", token=token).status == 204
    assert student.server.call("GET", "/api/account", token=token).status == 401
    assert student.get("/account").status == 200, "the other device stays signed in"


def test_the_archive_counts_what_the_person_holds(student: Student):
    families = student.overview.json["families"]
    assert [one["family"] for one in families] == list(FAMILIES)
    holds, held = student.person["holds"], student.person["held"]
    for one in families:
        withheld = held.get(one["family"], 0)
        assert one["held"] == withheld
        assert one["count"] == holds.get(one["family"], 0) - withheld


def test_every_family_lists_its_records(student: Student):
    for family in FAMILIES:
        records = student.records(family)
        expected = student.person["holds"].get(family, 0) + student.bound_by_hand(family)
        assert len(records) == expected
        held = [record for record in records if record["held"]]
        assert len(held) == student.person["held"].get(family, 0)
        assert records[len(records) - len(held) :] == held, "those withheld come last"
        for record in held:
            assert set(record) == {"record_id", "held", "hold_reason"}
        for record in records:
            one = student.get(f"/archive/{family}/{record['record_id']}").json
            assert {name: one[name] for name in record} == record


def test_every_photo_is_shown(student: Student):
    for family in REPORTED.values():
        for record in student.records(family):
            for kind in record.get("photos", ()):
                path = f"/archive/{family}/{record['record_id']}/photo?kind={kind}"
                photo = student.get(path)
                assert photo.headers["Content-Type"] == "image/jpeg"
                assert photo.content.startswith(JPEG)


def test_binding_by_hand_has_the_expected_outcome(student: Student):
    for hint, answer in student.bindings:
        assert answer.status == OUTCOMES[hint["outcome"]], answer.content
        if answer.status == 201:
            ids = [record["record_id"] for record in student.records(hint["family"])]
            assert answer.json["record_id"] in ids
    bindings = student.get("/bindings").json["items"]
    manual = [binding for binding in bindings if binding["how"] == "manual"]
    assert len(manual) == sum(answer.status == 201 for _, answer in student.bindings)


def test_reports_of_each_kind_are_issued_verified_and_closed(student: Student):
    for kind, family in REPORTED.items():
        for record in [record for record in student.records(family) if not record["held"]][:1]:
            issued = issue(student, kind, record)
            if record.get("lost_void") or record.get("revoked"):
                assert (issued.status, issued.json["code"]) == (409, "record_not_reportable")
            else:
                assert issued.status == 201, issued.content
                pdf = student.get(f"/reports/{issued.json['report_id']}/pdf")
                assert pdf.headers["Content-Type"] == "application/pdf"
                require_true_paper(pdf.content, record, issued.json)
                require_public_answer(student, record, issued.json, pdf.content)
                require_control(student, record, issued.json)


@pytest.mark.req("R-04")
def test_who_has_not_proved_the_identity_sees_nothing(server: LocalServer):
    """The number is somebody's, the phone is not: the same answers, then a closed archive."""
    victim = server.people()[41]
    squatter = Student(server, victim, "squatter@example.com", phone="19912345678")
    assert squatter.drafted.status == 201
    assert squatter.drafted.json["review"]["name"] == victim["name"]
    assert squatter.confirmed.json["account"]["proof_level"] == "phone"
    assert squatter.confirmed.json["bound"] == {}
    squatter.tokens.append(squatter.second_step.json["access_token"])
    binding = {
        "family": "credentials",
        "certificate_number": "1",
        "graduation_year": 2000,
        "institution": "四川大学",
    }
    for answer in (
        squatter.get("/archive"),
        squatter.get("/archive/credentials"),
        squatter.call("POST", "/bindings", binding),
        squatter.call("POST", "/bindings/refresh"),
        squatter.get("/reports"),
        issue(squatter, "credential", {"record_id": "0" * 32}),
    ):
        assert (answer.status, answer.json["code"]) == (403, "proof_required")
    owner = Student(server, victim, "owner@example.com")
    assert owner.confirmed.json["account"]["proof_level"] == "identity", "nothing was taken away"


def issue(student: Student, kind: str, record: dict[str, Any]) -> Reply:
    body = {
        "kind": kind,
        "record_id": record["record_id"],
        "language": "zh+en",
        "valid_months": 3,
        "disclosure": "full",
    }
    return student.call("POST", "/reports", body)


def require_true_paper(pdf: bytes, record: dict[str, Any], report: dict[str, Any]) -> None:
    """The PDF says what the record says, and its QR code leads to the verification."""
    text = pdf_text(pdf)
    for fact in FACTS_ON_PAPER:
        if record.get(fact):
            assert spaceless(record[fact]) in spaceless(text)
    assert GROUPS_OF_FOUR.fullmatch(report["verification_code"])
    assert report["verification_code"] in text
    assert qr_text(pdf).startswith(report["verification_url"]), "a signed token may follow"


def require_public_answer(
    student: Student, record: dict[str, Any], report: dict[str, Any], pdf: bytes
) -> None:
    """Anybody who has the code is shown the same, and the owner sees that somebody looked."""
    path = verification_path(report)
    checked = student.server.call("GET", f"{path}?purpose=hiring")
    assert checked.status == 200
    assert checked.json["result"] == "valid"
    said = checked.json["report"]
    assert said["name"] == record["name"]
    assert said["institution_name"] == record["institution_name"]
    assert not {"document_number", "class_name", "student_number"} & set(said)
    assert student.server.call("GET", f"{path}/photo").content.startswith(JPEG)
    copy = student.server.call("GET", f"{path}/pdf")
    assert copy.content == pdf, "the same page, byte for byte"
    own = f"/reports/{report['report_id']}"
    assert student.get(own).json["views"] == 1, "photo and PDF are no further views"


def require_control(student: Student, record: dict[str, Any], report: dict[str, Any]) -> None:
    """It is too early to extend; closing ends it for everybody at once."""
    own, path = f"/reports/{report['report_id']}", verification_path(report)
    extended = student.call("PATCH", own, {"extend_months": 1})
    assert (extended.status, extended.json["code"]) == (409, "report_not_extendable")
    assert student.call("DELETE", own).status == 204
    after = student.server.call("GET", path)
    assert after.json["result"] == "closed"
    assert record["name"] not in after.content.decode()
    assert student.server.call("GET", f"{path}/pdf").status == 404
    assert student.server.call("GET", f"{path}/photo").status == 404


def verification_path(report: dict[str, Any]) -> str:
    """As somebody types it."""
    return f"/api/verifications/{report['verification_code'].replace('-', '').lower()}"


def pdf_text(pdf: bytes) -> str:
    return run("pdftotext", "-raw", "-", "-", given=pdf).decode()


def qr_text(pdf: bytes) -> str:
    picture = run("pdftoppm", "-r", "150", "-gray", "-singlefile", "-", given=pdf)
    options = ("-q", "--raw", "-Sdisable", "-Sqrcode.enable")
    return run("zbarimg", *options, "-", given=picture).decode().strip()


def spaceless(text: str) -> str:
    return re.sub(r"\s", "", text)


def run(*command: str, given: bytes) -> bytes:
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout
