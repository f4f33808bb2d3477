"""Reminders, the export, closing an account and coming back, by HTTP. Weeks pass on this server."""

import re
import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.journey.server import LocalServer, Reply, free_port
from tests.journey.steps import actions, proof, require_code
from tests.journey.student import PASSWORD, Student

pytestmark = pytest.mark.local

DAY = 86_400
CLOSING_DAYS = 40
"""More than fifteen working days, whatever holidays are among them."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """A server of its own, whose clock may go far ahead."""
    running = LocalServer(tmp_path_factory.mktemp("run") / "local", free_port())
    try:
        running.start()
        yield running
    finally:
        if running.process is not None and running.process.poll() is None:
            running.end()


@pytest.fixture(scope="module")
def leaver(server: LocalServer) -> Student:
    student = Student(server, server.people()[41], "leaver@example.com").arrive()
    assert issue(student).status == 201
    return student


def issue(student: Student) -> Reply:
    record = student.records("credentials")[0]
    body = {
        "kind": "credential",
        "record_id": record["record_id"],
        "language": "zh+en",
        "valid_months": 1,
        "disclosure": "full",
    }
    return student.call("POST", "/reports", body)


def signed_in(student: Student) -> Student:
    """Signed in anew: a session ends within half a day, and a device is forgotten in the end."""
    server = student.server
    server.wait(61)
    body = {"username": student.email, "password": PASSWORD}
    first = server.call("POST", "/api/sessions", body).json
    answer = {"challenge_id": first["challenge_id"], "code": server.new_code(student.phone)}
    second = server.call("POST", "/api/sessions/second-step", answer)
    assert second.status == 201, second.content
    student.tokens.append(second.json["access_token"])
    return student


def messages(student: Student, words: str) -> int:
    """How many mails with these words have come."""
    path = f"/local/messages?to={student.email}&limit=100"
    return sum(words in item["body"] for item in student.server.call("GET", path).json["items"])


@pytest.mark.req("R-65")
def test_the_export_holds_everything_of_ones_own(leaver: Student):
    exported = leaver.get("/account/export")
    assert exported.headers["Cache-Control"] == "no-store"
    content = exported.json
    person = leaver.person
    assert content["account"]["person"]["document_number"] == person["document_number"]
    holds = {family: len(records) for family, records in content["records"].items() if records}
    assert holds == person["holds"]
    assert [one["kind"] for one in content["consents"]] == ["terms"]
    assert content["reports"][0]["content"]["name"] == person["name"]
    assert {"registered", "signed_in", "report_issued", "exported"} <= {
        line["action"] for line in content["activity"]
    }


def test_the_export_can_be_read_as_a_page(leaver: Student):
    headers = {"Accept-Language": "en"}
    token = leaver.tokens[-1]
    path = "/api/account/export?format=html"
    page = leaver.server.call("GET", path, token=token, headers=headers)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    text = page.content.decode()
    assert leaver.person["name"] in text
    assert leaver.person["document_number"] in text
    assert "A copy of your data" in text
    assert not re.search(r"<script|src=|href=", text)
    assert "个人信息副本" in leaver.get("/account/export?format=html").content.decode()


def test_who_does_not_confirm_the_address_is_reminded_once(leaver: Student):
    leaver.server.later(3.1)
    leaver.server.wait_for_message(leaver.email, "还没有确认电子邮箱")
    leaver.server.wait_for_message(leaver.phone, "电子邮箱尚未确认")
    leaver.server.later(0.1)
    assert messages(leaver, "还没有确认电子邮箱") == 1


def test_the_end_of_a_reports_validity_is_told_a_week_and_a_day_before(leaver: Student):
    server = leaver.server
    [report] = signed_in(leaver).get("/reports").json["items"]
    ends = datetime.fromisoformat(report["valid_until"]).timestamp()
    for days_before, told in ((8.1, 0), (6.9, 1), (2.1, 1), (0.9, 2), (-0.1, 2)):
        server.later((ends - server.now()) / DAY - days_before)
        require_mails(leaver, report["report_number"], told)
    [report] = signed_in(leaver).get("/reports").json["items"]
    assert report["status"] == "expired"


def require_mails(student: Student, words: str, count: int) -> None:
    """Wait until so many mails with these words have come, and no more."""
    deadline = time.monotonic() + 20
    while messages(student, words) < count:
        assert time.monotonic() < deadline, "it has not come"
        time.sleep(0.05)
    assert messages(student, words) == count


def close(student: Student) -> Reply:
    body = {
        "verification_token": proof(student.server, student.phone, "close_account"),
        "current_password": PASSWORD,
    }
    return student.call("DELETE", "/account", body)


def test_closing_can_be_cancelled(leaver: Student):
    server = leaver.server
    answer = close(signed_in(leaver))
    assert answer.status == 202, answer.content
    assert leaver.get("/account").json["closes_at"] == answer.json["closes_at"]
    server.wait_for_message(leaver.phone, "申请注销账户")
    assert leaver.call("POST", "/account/closing/cancel").status == 204
    server.wait_for_message(leaver.email, "申请已于")
    server.later(CLOSING_DAYS)
    assert "closes_at" not in signed_in(leaver).get("/account").json
    assert {"account_closing", "account_closing_cancelled"} <= set(actions(leaver))


@pytest.mark.req("R-65")
def test_after_closing_nothing_is_left_and_one_can_come_back(leaver: Student):
    server = leaver.server
    assert close(leaver).status == 202
    told = messages(leaver, "申请注销账户")
    server.later(CLOSING_DAYS)
    server.later(0.1)
    server.wait_for_message(leaver.email, "您的账户已注销")
    assert messages(leaver, "申请注销账户") <= told + 1, "at most one reminder"
    require_code(leaver.get("/account"), 401, "unauthenticated")
    body = {"username": leaver.email, "password": PASSWORD}
    require_code(server.call("POST", "/api/sessions", body), 401, "credentials_invalid")
    again = Student(server, leaver.person, leaver.email).arrive()
    assert again.confirmed.json["account"]["proof_level"] == "identity"
    assert again.confirmed.json["bound"] == leaver.confirmed.json["bound"]
    new, old = again.confirmed.json["account"], leaver.confirmed.json["account"]
    assert new["account_id"] != old["account_id"]
    assert again.get("/reports").json["items"] == []
    assert set(actions(again)) == {"registered", "signed_in"}
