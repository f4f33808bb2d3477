"""Staff by HTTP: a correction that a verifier sees; a squatted number that goes to its owner."""

from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.domain.consents import CURRENT_VERSION
from tests.journey.server import LocalServer
from tests.journey.staff import PASSWORD, Colleague, hired, joined
from tests.journey.steps import (
    UPLOADED,
    actions,
    identity,
    proof,
    require_code,
    scan,
    upload,
)
from tests.journey.student import PASSWORD as STUDENTS_PASSWORD
from tests.journey.student import Student

pytestmark = pytest.mark.local

SQUATTED = 55
OWNER_PHONE, OWNER_MAIL = "+8619900008866", "owner-66@example.com"
OPERATOR = "first-operator@archive.example"


@pytest.fixture(scope="module")
def student(server: LocalServer) -> Student:
    return Student(server, server.people()[92], "corrected-92@example.com").arrive()


@pytest.fixture(scope="module")
def record(student: Student) -> dict[str, Any]:
    return next(one for one in student.records("credentials") if not one["held"])


@pytest.fixture(scope="module")
def institution(server: LocalServer, record: dict[str, Any]) -> dict[str, Any]:
    query = quote(record["institution_code"])
    listed = server.call("GET", f"/api/institutions?query={query}&limit=1").json
    found: dict[str, Any] = (listed["items"] if isinstance(listed, dict) else listed)[0]
    return found


@pytest.fixture(scope="module")
def operator(server: LocalServer) -> Colleague:
    printed = server.run("infra.first_operator", OPERATOR)
    return joined(server, OPERATOR, printed.rpartition("/invitation/#")[2].strip())


@pytest.mark.req("R-44")
def test_a_key_field_is_corrected_by_two_people_and_the_verifier_sees_it(
    server: LocalServer,
    student: Student,
    record: dict[str, Any],
    institution: dict[str, Any],
    operator: Colleague,
):
    registrar = hired(
        operator, "registrar@school.example", "registrar", institution_code=institution["code"]
    )
    reviewer = hired(
        operator, "reviewer@province.example", "reviewer", province=institution["province"]
    )
    report = issued(student, record)
    assert verified(server, report)["result"] == "valid"

    asked = ask(student, record)
    (waiting,) = registrar.call("GET", "/registrar/corrections").json["items"]
    assert waiting["correction_id"] == asked
    assert (waiting["name"], waiting["needs_review"]) == (record["name"], True)
    evidence = registrar.call("GET", f"/registrar/corrections/{asked}/evidence")
    assert (evidence.status, evidence.content[:2]) == (200, b"\xff\xd8")
    decided = registrar.call(
        "POST",
        f"/registrar/corrections/{asked}/decision",
        {"decision": "accept", "note": "与录取名册一致"},
    )
    assert decided.json["status"] == "in_review", decided.content
    assert verified(server, report)["result"] == "valid"

    require_code(reviewer.call("GET", "/registrar/corrections"), 403, "forbidden")
    (change,) = reviewer.call("GET", "/reviewer/changes").json["items"]
    path = f"/reviewer/changes/{change['change_id']}/decision"
    require_code(registrar.call("POST", path, {"decision": "accept"}), 403, "forbidden")
    accepted = reviewer.call("POST", path, {"decision": "accept"})
    assert accepted.json["version"] == record["version"] + 1, accepted.content

    told = verified(server, report)
    assert told["result"] == "superseded"
    corrected = next(
        one for one in student.records("credentials") if one["record_id"] == record["record_id"]
    )
    assert (corrected["major_name"], corrected["version"]) == (
        "汉语国际教育",
        record["version"] + 1,
    )
    assert student.get(f"/corrections/{asked}").json["status"] == "accepted"
    server.wait_for_message(student.email, "处理")
    assert {"record_read", "record_changed", "correction_accepted"} <= set(actions(student))
    assert verified(server, issued(student, corrected))["result"] == "valid"


@pytest.mark.req("R-44")
@pytest.mark.req("R-68")
def test_a_squatted_number_goes_to_its_owner_by_two_operators(
    server: LocalServer, operator: Colleague
):
    squatter = Student(server, server.people()[SQUATTED], "squatter-55@example.com").arrive()
    record = next(one for one in squatter.records("credentials") if not one["held"])
    report = issued(squatter, record)
    second = hired(operator, "second-operator@archive.example", "operator")

    key, appeal_id = appealed(server, squatter)
    (waiting,) = operator.call("GET", "/operator/appeals").json["items"]
    assert (waiting["appeal_id"], waiting["past_due"]) == (appeal_id, False)
    path = f"/operator/appeals/{appeal_id}"
    shown = second.call("GET", f"{path}?purpose=decision").json
    assert shown["document_number"] == squatter.person["document_number"]
    picture = second.call("GET", f"{path}/scan?purpose=decision")
    assert (picture.status, picture.content[:2]) == (200, b"\xff\xd8")
    assert picture.headers["Cache-Control"] == "no-store"
    outcomes = [
        one.call("POST", f"{path}/decision", {"decision": "approve"}).json["outcome"]
        for one in (operator, operator, second)
    ]
    assert outcomes == ["proposed", "proposed", "decided"]

    assert server.call("GET", f"/api/appeals/{appeal_id}", headers=key).json["status"] == "approved"
    assert squatter.get("/account").status == 401
    assert verified(server, report)["result"] == "revoked"
    server.wait_for_message(squatter.email, "移出您的账户")
    owner = let_in(server, OWNER_PHONE, OWNER_MAIL)
    records = owner.call("GET", "/archive/credentials").json["items"]
    assert record["record_id"] in {one["record_id"] for one in records}
    assert owner.call("GET", "/account").json["proof_level"] == "document"
    server.wait(61)
    back = signed_in(server, squatter.phone, squatter.email, STUDENTS_PASSWORD)
    squatter.tokens.append(back.token)
    require_code(squatter.get("/archive"), 403, "proof_required")
    assert squatter.get("/account").json["document_number"] is None
    assert "the trail is whole" in server.run("infra.verify_audit")


def appealed(server: LocalServer, squatter: Student) -> tuple[dict[str, str], str]:
    """The owner's appeal, handed in: its key and id."""
    body = {
        "verification_token": proof(server, OWNER_PHONE, "appeal"),
        **identity(squatter),
        "email": OWNER_MAIL,
    }
    opened = server.call("POST", "/api/appeals", body).json
    assert upload(opened["upload"], scan()) in UPLOADED
    path = f"/api/appeals/{opened['appeal_id']}/submit"
    submitted = server.call("POST", path, {"appeal_token": opened["appeal_token"]})
    assert submitted.status == 202, submitted.content
    return {"Appeal-Token": opened["appeal_token"]}, opened["appeal_id"]


def let_in(server: LocalServer, phone: str, email: str) -> Colleague:
    """Who was given an account sets its password by the mailed link, and signs in."""
    mail = server.wait_for_message(email, "/invitation/#")
    token = mail.partition("/invitation/#")[2].split()[0]
    agreed = {"version": CURRENT_VERSION, "accepted": True}
    body = {"token": token, "password": PASSWORD, "consent": agreed}
    assert server.call("POST", "/api/invitations/accept", body).status == 200
    return signed_in(server, phone, email, PASSWORD)


def signed_in(server: LocalServer, phone: str, email: str, password: str) -> Colleague:
    credentials = {"username": email, "password": password}
    first = server.call("POST", "/api/sessions", credentials)
    body = {"challenge_id": first.json["challenge_id"], "code": server.new_code(phone)}
    second = server.call("POST", "/api/sessions/second-step", body)
    assert second.status == 201, second.content
    return Colleague(server, email, second.json["access_token"], "")


def test_there_is_one_first_operator(server: LocalServer, operator: Colleague):
    with pytest.raises(AssertionError, match="there is an operator already"):
        server.run("infra.first_operator", "another@archive.example")


def ask(student: Student, record: dict[str, Any]) -> str:
    """A correction of a key field, with evidence."""
    body = {
        "family": "credentials",
        "record_id": record["record_id"],
        "changes": [{"field": "major_name", "proposed": "汉语国际教育"}],
        "reason": "专业名称有误",
        "evidence": True,
    }
    opened = student.call("POST", "/corrections", body)
    assert opened.status == 201, opened.content
    assert upload(opened.json["upload"], scan()) in UPLOADED
    path = f"/corrections/{opened.json['correction_id']}/submit"
    assert student.call("POST", path).json["status"] == "submitted"
    return str(opened.json["correction_id"])


def issued(student: Student, record: dict[str, Any]) -> str:
    body = {
        "kind": "credential",
        "record_id": record["record_id"],
        "language": "zh",
        "valid_months": 1,
        "disclosure": "full",
    }
    made = student.call("POST", "/reports", body)
    assert made.status == 201, made.content
    return str(made.json["verification_code"])


def verified(server: LocalServer, code: str) -> dict[str, Any]:
    answer = server.call("GET", f"/api/verifications/{code}")
    assert answer.status == 200, answer.content
    found: dict[str, Any] = answer.json
    return found
