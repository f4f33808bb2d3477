"""Staff by HTTP: from the first operator to a correction that a verifier sees."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.journey.server import LocalServer
from tests.journey.staff import Colleague, hired, joined
from tests.journey.steps import UPLOADED, actions, require_code, scan, upload
from tests.journey.student import Student

pytestmark = pytest.mark.local

OPERATOR = "first-operator@archive.example"


@pytest.fixture(scope="module")
def student(server: LocalServer) -> Student:
    return Student(server, server.people()[52], "corrected-52@example.com").arrive()


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
