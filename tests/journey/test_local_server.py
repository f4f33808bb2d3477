"""The local run itself: its start and end, and what it serves beside the API."""

import json
import subprocess
from pathlib import Path

import pytest
import urllib3

from tests.journey.server import LocalServer, free_port, start_run
from tests.journey.student import Student

pytestmark = pytest.mark.local


def test_health_is_503_until_the_demo_data_is_loaded(server: LocalServer):
    waiting, ready = server.health[:-1], server.health[-1]
    assert waiting
    for answer in waiting:
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "1"
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json["code"] == "unavailable"
    assert ready.json == {"status": "ok"}


def test_it_prints_where_it_is(server: LocalServer):
    assert f"{server.origin} " in server.printed()
    assert f"{server.origin}/api " in server.printed()


def test_a_port_in_use_is_said(server: LocalServer, tmp_path: Path):
    code, said = outcome_of_run(tmp_path / "other", server.port)
    assert code == 1
    assert f"port {server.port} cannot be used" in said
    assert "make run PORT=" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_cannot_be_is_said(tmp_path: Path, port: str):
    code, said = outcome_of_run(tmp_path / "other", port)
    assert (code, said) == (1, "PORT must be a number from 1 to 65535: make run PORT=8080\n")


def test_a_setting_that_cannot_be_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LIMITS", "none")
    code, said = outcome_of_run(tmp_path / "other", free_port())
    assert code == 1
    assert said.startswith("LIMITS must be one of")


def test_a_folder_in_use_is_said(server: LocalServer):
    code, said = outcome_of_run(server.folder, free_port())
    assert code == 1
    assert "another run uses" in said
    assert "Traceback" not in said
    assert server.call("GET", "/api/health").status == 200, "the other run goes on"


def test_ctrl_c_ends_it_cleanly_and_a_restart_keeps_the_data(server: LocalServer):
    student = Student(server, server.people()[42], "stays@example.com").arrive()
    before = student.overview.content
    address = json.loads((server.folder / "aws.json").read_text())["port"]

    assert server.end() == 0
    assert "stopped; the data is kept in" in server.printed()
    assert "Traceback" not in server.printed()
    with pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.request("GET", f"http://127.0.0.1:{address}/", retries=False, timeout=2)

    server.start()
    assert student.get("/archive").content == before, "the session goes on"
    again = student.sign_in_again()
    assert again.status == 201
    student.tokens.append(again.json["access_token"])
    assert student.get("/archive").content == before
    messages = server.call("GET", "/local/messages?to=stays@example.com").json["items"]
    assert messages, "what was sent before can still be read"


def test_messages_are_listed_newest_first_for_any_form_of_an_address(server: LocalServer):
    student = Student(server, server.people()[43], "messages@example.com").arrive()
    listed = server.call("GET", "/local/messages?limit=100").json["items"]
    for message in listed:
        assert set(message) == {"channel", "to", "subject", "body", "sent_at"}
        assert message["channel"] in {"sms", "email"}
        assert message["body"]
    sent = [message["sent_at"] for message in listed]
    assert sent == sorted(sent, reverse=True)
    forms = (student.phone, f"+86{student.phone}", f"%2B86{student.phone}")
    found = [server.call("GET", f"/local/messages?to={form}").json["items"] for form in forms]
    assert len(found[0]) == 2, "a code to register and one to sign in"
    assert found[0] == found[1] == found[2]
    assert server.call("GET", "/local/messages?to=MESSAGES@example.com").json["items"]


def test_people_are_listed_with_what_one_needs_to_register(server: LocalServer):
    listed = server.call("GET", "/local/people").json
    assert len(listed["items"]) == 20
    assert listed["next"] is not None
    for person in listed["items"]:
        assert {"name", "document_type", "document_number", "phone", "holds"} <= set(person)
    for person in listed["items"][:5]:
        assert {"enrollments", "credentials", "degrees"} & set(person["holds"])
    following = server.call("GET", f"/local/people?cursor={listed['next']}").json["items"]
    assert following[0] not in listed["items"]


def test_pages_carry_a_strict_policy(server: LocalServer):
    for path in ("/", "/style.css", "/app/main.js"):
        page = server.call("GET", path)
        assert page.status == 200
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self';" in policy
        assert "unsafe" not in policy
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "path", ["/../Makefile", "/%2e%2e/Makefile", "/nothing", "/api/local/people"]
)
def test_nothing_else_is_served(server: LocalServer, path: str):
    answer = server.call("GET", path)
    assert answer.status == 404
    assert answer.json["code"] == "not_found"


@pytest.mark.req("R-76")
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/account", 401),
        ("GET", "/api/nothing", 404),
        ("PUT", "/api/account", 405),
        ("POST", "/api/sessions", 422),
        ("GET", "/api/institutions", 200),
    ],
)
def test_every_answer_of_the_api_has_the_same_headers(
    server: LocalServer, method: str, path: str, status: int
):
    answer = server.call(method, path, {} if method == "POST" else None)
    assert answer.status == status
    assert answer.headers["X-Request-Id"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def outcome_of_run(folder: Path, port: int | str) -> tuple[int, str]:
    """Exit code and words of a run that cannot start."""
    process = start_run(folder, port, subprocess.PIPE)
    said, _ = process.communicate(timeout=60)
    return process.returncode, said.decode()
