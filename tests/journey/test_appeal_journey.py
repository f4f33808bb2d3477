"""Appeal and change of identity by HTTP, with real uploads into the quarantine bucket."""

import pytest

from tests.journey.server import LocalServer, Reply
from tests.journey.steps import UPLOADED, actions, identity, link_in, proof, scan, upload
from tests.journey.student import Student

pytestmark = pytest.mark.local

HOLDER, STRANGER, RENAMED = 60, 61, 75
APPELLANT_PHONE, APPELLANT_MAIL = "+8619900008801", "appellant@example.com"


def test_an_appeal_from_opening_to_withdrawal(server: LocalServer) -> None:
    holder = Student(server, server.people()[HOLDER], "holder@example.com").arrive()
    body = {
        "verification_token": proof(server, APPELLANT_PHONE, "appeal"),
        **identity(holder),
        "email": APPELLANT_MAIL,
        "reason": "有人用我的身份注册",
    }
    opened = server.call("POST", "/api/appeals", body)
    assert opened.status == 201, opened.content
    path = f"/api/appeals/{opened.json['appeal_id']}"
    key = {"Appeal-Token": opened.json["appeal_token"]}

    def submit() -> Reply:
        return server.call("POST", f"{path}/submit", {"appeal_token": key["Appeal-Token"]})

    assert upload(opened.json["upload"], b"not a picture") in UPLOADED
    assert submit().json["code"] == "file_rejected"
    assert upload(opened.json["upload"], scan()) in UPLOADED
    assert submit().status == 202
    state = server.call("GET", path, headers=key).json
    assert state["status"] == "submitted"
    assert state["due_at"] is not None
    assert link_in(server, holder.email, "有人提交申诉", "objection") == opened.json["appeal_id"]
    objected = holder.call("POST", f"{path.removeprefix('/api')}/objection", {"reason": "是我的"})
    assert objected.status == 202
    assert {"appeal_filed", "appeal_objected"} <= set(actions(holder))
    assert server.call("DELETE", path, headers=key).status == 204
    assert server.call("GET", path, headers=key).json["status"] == "withdrawn"
    server.wait_for_message(APPELLANT_MAIL, "申诉")
    server.wait_for_message(holder.person["phone"], "申诉已结束")


def test_an_account_that_the_checker_does_not_know_sends_evidence(server: LocalServer) -> None:
    person = server.people()[STRANGER]
    stranger = Student(server, person, "stranger@example.com", phone="+8619900008802")
    assert stranger.confirmed.json["account"]["proof_level"] == "phone"
    stranger.tokens.append(stranger.second_step.json["access_token"])
    assert stranger.get("/archive").json["code"] == "proof_required"
    asked = stranger.call("PUT", "/account/identity", identity(stranger))
    assert (asked.status, asked.json["status"]) == (202, "draft")
    assert upload(asked.json["upload"], scan()) in UPLOADED
    path = f"/account/identity/{asked.json['review_id']}"
    assert stranger.call("POST", f"{path}/submit").json["status"] == "submitted"
    assert stranger.get(path).json["due_at"] is not None
    assert stranger.call("DELETE", path).status == 204


@pytest.mark.req("R-67")
def test_a_record_under_a_former_name_binds_once_that_is_proved(server: LocalServer) -> None:
    student = Student(server, server.people()[RENAMED], "renamed@example.com").arrive()
    [(hint, refused)] = student.bindings
    assert refused.json["code"] == "not_matched"
    former = recorded_name(server, hint["certificate_number"])
    asked = student.call("PUT", "/account/identity", identity(student) | {"name": former})
    path = f"/account/identity/{asked.json['review_id']}"
    assert upload(asked.json["upload"], scan()) in UPLOADED
    submitted = student.call("POST", f"{path}/submit")
    assert (submitted.status, submitted.json["status"]) == (202, "submitted")
    server.run("tests.journey.approve", asked.json["review_id"])
    for to in (student.phone, student.email):
        server.wait_for_message(to, "身份信息申请")
    assert student.get(path).json["status"] == "approved"
    student.tokens.append(student.sign_in_again().json["access_token"])
    account = student.get("/account").json
    assert (account["name"], account["proof_level"]) == (former, "document")
    [record] = student.records("credentials")
    assert record["name"] == former, "as it was recorded"
    assert {"identity_review_asked", "identity_approved"} <= set(actions(student))
    exported = student.get("/account/export").json["account"]
    assert [one["name"] for one in exported["identities"]] == [former, student.person["name"]]


def recorded_name(server: LocalServer, number: str) -> str:
    """The name in the institution's file."""
    text = (server.folder / "demo" / "credentials.csv").read_text(encoding="utf-8")
    header, *rows = (line.split(",") for line in text.splitlines())
    return next(row[header.index("XM")] for row in rows if number in row)
