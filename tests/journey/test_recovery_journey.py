"""Finding the user name, and a new password by phone or by mail, by HTTP."""

from typing import Any

import pytest

from tests.journey.server import LocalServer, Reply
from tests.journey.steps import actions, identity, proof, require_code
from tests.journey.student import PASSWORD, Student

pytestmark = pytest.mark.local

NEW_PASSWORD = "another-archive-7"


@pytest.fixture(scope="module")
def forgetful(server: LocalServer) -> Student:
    return Student(server, server.people()[44], "forgetful@example.com").arrive()


def reset(student: Student, destination: str, **changes: Any) -> Reply:
    body = {
        "verification_token": proof(student.server, destination, "reset_password"),
        "new_password": NEW_PASSWORD,
        **{name: student.person[name] for name in ("document_type", "document_number")},
    }
    return student.server.call("POST", "/api/password-resets", body | changes)


def signs_in(student: Student, password: str) -> int:
    body = {"username": student.email, "password": password}
    return student.server.call("POST", "/api/sessions", body).status


def test_the_user_name_goes_to_the_bound_channels(forgetful: Student):
    server, path = forgetful.server, "/api/username-recoveries"
    body = {
        "verification_token": proof(server, forgetful.phone, "recover_username"),
        **identity(forgetful),
    }
    answer = server.call("POST", path, body)
    assert (answer.status, answer.content) == (202, b"")
    for to in (forgetful.phone, forgetful.email):
        assert forgetful.email in server.wait_for_message(to, "用户名是")
    assert "username_recovered" in actions(forgetful)
    again = server.call("POST", path, body)
    require_code(again, 422, "invalid_request")  # the token is spent


def test_somebody_elses_identity_gets_the_same_answer_and_nothing_is_sent(forgetful: Student):
    server = forgetful.server
    before = server.call("GET", f"/local/messages?to={forgetful.email}&limit=100").json["items"]
    body = {
        "verification_token": proof(server, "19900008701", "recover_username"),
        **identity(forgetful),
        "name": "王大山",
    }
    answer = server.call("POST", "/api/username-recoveries", body)
    assert (answer.status, answer.content) == (202, b"")
    after = server.call("GET", f"/local/messages?to={forgetful.email}&limit=100").json["items"]
    assert after == before


def test_a_new_password_by_phone_ends_every_session(forgetful: Student):
    server = forgetful.server
    other = server.people()[0]["document_number"]
    wrong = reset(forgetful, forgetful.phone, document_number=other)
    require_code(wrong, 422, "not_matched")
    server.wait(61)
    weak = reset(forgetful, forgetful.phone, new_password="password")
    assert weak.json["errors"][0]["field"] == "new_password"
    assert forgetful.get("/account").status == 200, "nothing has changed yet"
    server.wait(61)
    assert reset(forgetful, forgetful.phone).status == 204
    assert forgetful.get("/account").status == 401
    for to in (forgetful.phone, forgetful.email):
        server.wait_for_message(to, "重置，所有")
    assert signs_in(forgetful, PASSWORD) == 401
    assert signs_in(forgetful, NEW_PASSWORD) == 202, "the device is forgotten too"


def test_a_new_password_by_mail(server: LocalServer):
    student = Student(server, server.people()[47], "by-mail@example.com").arrive()
    assert reset(student, student.email).status == 204
    assert student.get("/account").status == 401
    server.wait_for_message(student.phone, "重置，所有")
    assert signs_in(student, NEW_PASSWORD) == 202
