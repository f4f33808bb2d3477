"""Appeal and change of identity by HTTP, with real uploads into the quarantine bucket."""

import pytest

from tests.journey.server import LocalServer, Reply
from tests.journey.steps import UPLOADED, identity, proof, scan, upload
from tests.journey.student import Student

pytestmark = pytest.mark.local

HOLDER, STRANGER = 60, 61
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
    objected = holder.call("POST", f"{path.removeprefix('/api')}/objection", {"reason": "是我的"})
    assert objected.status == 202
    actions = [item["action"] for item in holder.get("/account/activity").json["items"]]
    assert {"appeal_filed", "appeal_objected"} <= set(actions)
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
