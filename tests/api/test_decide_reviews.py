"""Bindings and changes of identity that operators judge."""

import pytest

from tests.api.steps import field_codes, sent_to
from tests.appeals import change_identity, picture, upload
from tests.decisions import PURPOSE, Office, judge, office
from tests.records import WANG, file_record, member, record_ids
from tests.world import Answer, Client, World

DEGREE = {
    "family": "degrees",
    "certificate_number": "1000142015000123",
    "graduation_year": 2015,
    "institution": "10001",
}
RENAMED = "王大明"


@pytest.fixture
def operators(archive: World) -> Office:
    return office(archive)


@pytest.fixture
def student(archive: World) -> Client:
    file_record(archive, "credentials", WANG, name=RENAMED)
    file_record(archive, "degrees", WANG, name="王??", document_number="")
    return member(archive, WANG)


@pytest.fixture
def binding(student: Client) -> str:
    """A binding whose record has characters that nobody could enter."""
    asked = student.call("POST", "/bindings", DEGREE)
    assert asked.status == 202, asked.content
    return str(asked.json["review_id"])


@pytest.fixture
def renaming(archive: World, student: Client) -> str:
    """A changed name with its evidence."""
    answer = change_identity(student, WANG, name=RENAMED)
    review_id = str(answer.json["review_id"])
    upload(archive, answer.json["upload"], picture())
    assert student.call("POST", f"/account/identity/{review_id}/submit").status == 202
    return review_id


def by_both(operators: Office, review_id: str, decision: str, **more: str) -> tuple[Answer, Answer]:
    first, second = (judge(client, review_id, decision, **more) for client in operators.clients)
    return first, second


def test_what_waits_is_listed_without_anything_personal(operators, binding, renaming):
    answer = operators.first.client.call("GET", "/operator/reviews")
    kinds = [(item["kind"], item["review_id"]) for item in answer.json["items"]]
    assert sorted(kinds) == [("binding", binding), ("identity", renaming)]
    for text in (WANG.name, RENAMED, WANG.document_number):
        assert text not in answer.content.decode()


@pytest.mark.req("R-67")
def test_a_review_is_shown_once_the_read_is_noted(operators, binding, renaming, student):
    client = operators.first.client
    seen = client.call("GET", f"/operator/reviews/{binding}", query=PURPOSE).json
    assert (seen["present_name"], seen["record"]["name"]) == (WANG.name, "王??")
    seen = client.call("GET", f"/operator/reviews/{renaming}", query=PURPOSE).json
    assert (seen["present_name"], seen["name"]) == (WANG.name, RENAMED)
    assert seen["document_number"] == WANG.document_number
    scan = client.call("GET", f"/operator/reviews/{renaming}/scan", query=PURPOSE)
    assert (scan.status, scan.headers["Content-Type"]) == (200, "image/jpeg")
    actions = [one["action"] for one in student.call("GET", "/account/activity").json["items"]]
    assert actions.count("record_read") == 3
    assert client.call("GET", f"/operator/reviews/{binding}/scan", query=PURPOSE).status == 404


def test_a_binding_that_is_right_binds(archive, operators, binding, student):
    answer = judge(operators.first.client, binding, "approve")
    assert (answer.json["outcome"], answer.json["status"]) == ("decided", "approved")
    assert len(record_ids(student, "degrees")) == 1
    assert any("绑定申请已有" in text for text in sent_to(archive, WANG.email))
    assert judge(operators.first.client, binding, "approve").code == "not_found"
    assert operators.first.client.call("GET", "/operator/reviews").json["items"] == []


def test_a_binding_that_is_wrong_does_not_and_may_be_asked_again(operators, binding, student):
    judge(operators.first.client, binding, "reject", reason_code="document_mismatch")
    assert record_ids(student, "degrees") == []
    assert student.call("POST", "/bindings", DEGREE).status == 202


@pytest.mark.req("R-55")
def test_a_record_that_somebody_has_bound_meanwhile_is_not_bound_twice(
    archive, operators, binding, student
):
    other = WANG.__class__(
        document_number="440308199901101512", phone="+8619900000005", email="other@example.com"
    )
    asked = member(archive, other).call("POST", "/bindings", DEGREE).json["review_id"]
    assert judge(operators.first.client, binding, "approve").status == 200
    assert judge(operators.first.client, asked, "approve").code == "conflict"


def test_a_question_about_a_binding_is_no_decision(operators, binding):
    answer = judge(
        operators.first.client, binding, "more_information", reason_code="evidence_missing"
    )
    assert field_codes(answer) == {"decision": "value_invalid"}


@pytest.mark.req("R-44")
def test_a_new_name_takes_two(archive, operators, renaming, student):
    assert record_ids(student, "credentials") == []
    for _ in range(2):
        alone = judge(operators.first.client, renaming, "approve")
        assert alone.json["outcome"] == "proposed"
    _, second = by_both(operators, renaming, "approve")
    assert (second.json["outcome"], second.json["status"]) == ("decided", "approved")
    again = judge(operators.second.client, renaming, "approve")
    assert (again.status, again.json["status"]) == (200, "approved")
    archive.deliver()
    archive.clock.advance(60)
    fresh = archive.sign_in(WANG)
    assert len(record_ids(fresh, "credentials")) == 1
    assert fresh.call("GET", "/account").json["proof_level"] == "document"


@pytest.mark.parametrize(
    ("decision", "status"), [("reject", "rejected"), ("more_information", "more_information")]
)
def test_a_new_name_that_is_not_proved(operators, renaming, student, decision, status):
    _, second = by_both(operators, renaming, decision, reason_code="evidence_missing")
    assert (second.json["outcome"], second.json["status"]) == ("decided", status)
    stands = student.call("GET", f"/account/identity/{renaming}").json
    assert (stands["status"], stands["reason_code"]) == (status, "evidence_missing")
    assert record_ids(student, "credentials") == []
    assert judge(operators.first.client, renaming, "approve").code == "conflict"


def test_an_identity_is_not_undone_here(operators, renaming):
    assert judge(operators.first.client, renaming, "undo").code == "conflict"


@pytest.mark.req("R-41")
def test_what_there_is_not_is_not_found(operators):
    client = operators.first.client
    assert judge(client, "nothing", "approve").code == "not_found"
    assert client.call("GET", "/operator/reviews/nothing", query=PURPOSE).code == "not_found"
