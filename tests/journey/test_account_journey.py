"""The account by HTTP: changes with undo, sessions, the authenticator app, and the activity."""

from typing import Any

import pyotp
import pytest

from tests.journey.server import LocalServer, Reply
from tests.journey.steps import actions, link_in, proof, require_code
from tests.journey.student import PASSWORD, Student

pytestmark = pytest.mark.local

NEW_PASSWORD = "another-archive-7"
NEW_PHONE, NEW_MAIL = "19900008601", "new-address@example.com"


@pytest.fixture(scope="module")
def owner(server: LocalServer) -> Student:
    return Student(server, server.people()[48], "owner-48@example.com").arrive()


def change(student: Student, kind: str, to: str, password: str = PASSWORD) -> Reply:
    body = {
        "verification_token": proof(student.server, to, f"change_{kind}"),
        "current_password": password,
    }
    return student.call("PUT", f"/account/{kind}", body)


def undo(server: LocalServer, token: str) -> Reply:
    return server.call("POST", "/api/account/contact-undo", {"token": token})


def back_in(student: Student, code: str | None = None, **body: Any) -> Student:
    """Sign in on a new device, by a text message or the code given."""
    server = student.server
    if code is None:
        server.wait(61)
    credentials = {"username": student.email, "password": PASSWORD} | body
    first = server.call("POST", "/api/sessions", credentials)
    assert first.status == 202, first.content
    answer = {
        "challenge_id": first.json["challenge_id"],
        "code": code or server.new_code(student.phone),
    }
    second = server.call("POST", "/api/sessions/second-step", answer)
    assert second.status == 201, second.content
    student.tokens.append(second.json["access_token"])
    return student


def test_the_address_is_confirmed_by_a_mailed_link_once(owner: Student):
    server = owner.server
    first = link_in(server, owner.email, "确认它是您的", "confirm-email")
    assert owner.call("POST", "/email-confirmations/resend").status == 202
    require_code(owner.call("POST", "/email-confirmations/resend"), 429, "rate_limited")
    for status in (204, 422):
        confirmed = server.call("POST", "/api/email-confirmations", {"token": first})
        assert confirmed.status == status
    assert owner.get("/account").json["email_confirmed"] is True
    assert "email_confirmed" in actions(owner)


def test_sessions_are_listed_and_ended(owner: Student):
    other = owner.sign_in_again().json["access_token"]
    listed = owner.get("/sessions").json["items"]
    assert [one["current"] for one in listed].count(True) == 1
    assert len(listed) == 2
    foreign = next(one["session_id"] for one in listed if not one["current"])
    assert owner.call("DELETE", f"/sessions/{foreign}").status == 204
    assert owner.server.call("GET", "/api/account", token=other).status == 401
    require_code(owner.call("DELETE", f"/sessions/{foreign}"), 404, "not_found")
    assert owner.get("/account").status == 200


def test_a_new_password_needs_the_old_one_and_ends_other_sessions(owner: Student):
    other = owner.sign_in_again().json["access_token"]
    body = {"current_password": "wrong-archive-9", "new_password": NEW_PASSWORD}
    refused = owner.call("PUT", "/account/password", body)
    require_code(refused, 403, "reauthentication_required")
    body["current_password"] = PASSWORD
    assert owner.call("PUT", "/account/password", body).status == 204
    assert owner.get("/account").status == 200
    assert owner.server.call("GET", "/api/account", token=other).status == 401
    for to in (owner.phone, owner.email):
        owner.server.wait_for_message(to, "密码已于")
    back = {"current_password": NEW_PASSWORD, "new_password": PASSWORD}
    assert owner.call("PUT", "/account/password", back).status == 204
    assert "password_changed" in actions(owner)


def test_a_changed_phone_is_put_back_by_the_link_in_the_old_mailbox(owner: Student):
    server, old = owner.server, owner.phone
    require_code(change(owner, "phone", NEW_PHONE, "wrong-1"), 403, "reauthentication_required")
    server.wait(61)
    changed = change(owner, "phone", NEW_PHONE)
    assert changed.status == 200, changed.content
    assert changed.json["phone"].endswith(NEW_PHONE[-4:])
    server.wait_for_message(old, "您账户的手机号码已于")
    token = link_in(server, owner.email, "您账户的手机号码已于", "undo-change")
    require_too_new_to_recover(owner, NEW_PHONE)
    assert undo(server, token).status == 204
    require_code(undo(server, token), 422, "code_invalid")
    assert owner.get("/account").status == 401, "whoever changed it may be signed in"
    assert back_in(owner).get("/account").json["phone"].endswith(old[-4:])
    assert {"phone_changed", "phone_change_undone"} <= set(actions(owner))


def require_too_new_to_recover(owner: Student, phone: str) -> None:
    """For a day, the new phone does not set a new password."""
    body = {
        "verification_token": proof(owner.server, phone, "reset_password"),
        "new_password": NEW_PASSWORD,
        **{name: owner.person[name] for name in ("document_type", "document_number")},
    }
    answer = owner.server.call("POST", "/api/password-resets", body)
    require_code(answer, 422, "not_matched")


def test_a_changed_address_is_put_back_by_the_link_in_the_old_mailbox(owner: Student):
    server, old = owner.server, owner.email
    changed = change(owner, "email", NEW_MAIL)
    assert changed.status == 200, changed.content
    account = changed.json
    assert (account["username"], account["email"], account["email_confirmed"]) == (
        NEW_MAIL,
        NEW_MAIL,
        True,
    )
    server.wait_for_message(owner.phone, "您账户的电子邮箱已于")
    token = link_in(server, old, "您账户的电子邮箱已于", "undo-change")
    assert undo(server, token).status == 204
    assert back_in(owner).get("/account").json["email"] == old
    assert {"email_changed", "email_change_undone"} <= set(actions(owner))


def test_an_app_takes_the_place_of_text_messages_and_recovery_codes_that_of_the_app(owner: Student):
    begun = owner.call("POST", "/account/authenticator", {"current_password": PASSWORD})
    assert begun.status == 201, begun.content
    assert begun.json["address"].startswith("otpauth://totp/")
    code = app_code(owner.server, begun.json["secret"])
    confirmed = owner.call("POST", "/account/authenticator/confirm", {"code": code})
    codes = confirmed.json["recovery_codes"]
    assert (confirmed.status, len(set(codes))) == (200, 10)
    owner.server.wait(30)
    back_in(owner, app_code(owner.server, begun.json["secret"]))
    back_in(owner, codes[0])
    owner.server.wait_for_message(owner.email, "新设备上登录")
    for to in (owner.phone, owner.email):
        owner.server.wait_for_message(to, "启用身份验证器")
    body = {"current_password": PASSWORD}
    assert owner.call("DELETE", "/account/authenticator", body).status == 204
    owner.server.wait_for_message(owner.email, "停用身份验证器")
    assert {"authenticator_added", "authenticator_removed", "signed_in"} <= set(actions(owner))


def app_code(server: LocalServer, secret: str) -> str:
    """What the app shows at the server's present instant."""
    return pyotp.TOTP(secret).at(int(server.now()))


def test_the_activity_names_nobody_and_pages(owner: Student):
    first = owner.get("/account/activity?limit=3").json
    second = owner.get(f"/account/activity?limit=3&cursor={first['next']}").json
    times = [line["at"] for line in (*first["items"], *second["items"])]
    assert times == sorted(times, reverse=True)
    everything = owner.get("/account/activity?limit=100").content.decode()
    for secret in ("document_number", "name", "phone"):
        assert owner.person[secret] not in everything
