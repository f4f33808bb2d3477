"""Finding the user name and resetting the password (journey 10; A-11, A-12)."""

import re

import pytest

from tests.world import PASSWORD, Answer, Client, Student, World

NEW_PASSWORD = "another-horse-8"
STUDENT = Student()


@pytest.fixture
def student(archive: World) -> Client:
    """A registered student, proved."""
    archive.checker.learn(STUDENT.name, STUDENT.document_number, STUDENT.phone)
    client = archive.registered(STUDENT)
    archive.deliver()
    archive.sms.sent.clear()
    archive.mail.sent.clear()
    archive.clock.advance(3600)
    return client


def recover(archive: World, phone: str = STUDENT.phone, **changes: str) -> Answer:
    body = {
        "verification_token": archive.prove_phone(phone, "recover_username"),
        "name": STUDENT.name,
        "document_type": STUDENT.document_type,
        "document_number": STUDENT.document_number,
    }
    return archive.client.call("POST", "/username-recoveries", body | changes)


def reset(archive: World, token: str, **changes: str) -> Answer:
    body = {
        "verification_token": token,
        "document_type": STUDENT.document_type,
        "document_number": STUDENT.document_number,
        "new_password": NEW_PASSWORD,
    }
    return archive.client.call("POST", "/password-resets", body | changes)


def sign_in(archive: World, password: str) -> int:
    body = {"username": STUDENT.email, "password": password}
    return archive.client.call("POST", "/sessions", body).status


def told(archive: World, word: str) -> tuple[bool, bool]:
    """Whether phone and mailbox of the student were told something."""
    archive.deliver()
    return (
        any(to == STUDENT.phone and word in body for to, _, body in archive.sms.sent),
        any(to == STUDENT.email and word in body for to, _, body in archive.mail.sent),
    )


def test_the_user_name_goes_to_the_bound_channels_only(archive: World, student: Client) -> None:
    answer = recover(archive, phone="+8619900000777")
    assert (answer.status, answer.content) == (202, b"")
    assert told(archive, STUDENT.email) == (True, True)
    assert not any(
        to == "+8619900000777" and STUDENT.email in body for to, _, body in archive.sms.sent
    )


@pytest.mark.req("R-28")
@pytest.mark.parametrize(
    "changes",
    [{"name": "王小朋"}, {"document_number": "440524188001010014"}],
)
def test_a_wrong_name_or_number_answers_the_same_and_sends_nothing(
    archive: World, student: Client, changes: dict[str, str]
) -> None:
    right, wrong = recover(archive), recover(archive, phone="+8619900000777", **changes)
    assert (right.status, right.content) == (wrong.status, wrong.content) == (202, b"")
    archive.deliver()
    names_sent = [body for _, _, body in archive.mail.sent if STUDENT.email in body]
    assert len(names_sent) == 1


@pytest.mark.req("A-11")
def test_misses_count_as_recoveries_too(archive: World, student: Client) -> None:
    for _ in range(3):
        assert recover(archive, name="李四").status == 202
        archive.clock.advance(3600)
    assert recover(archive).status == 202
    assert told(archive, STUDENT.email) == (False, False)


def test_a_fourth_recovery_from_one_phone_sends_nothing(archive: World, student: Client) -> None:
    for _ in range(4):
        assert recover(archive, phone="+8619900000777").status == 202
        archive.clock.advance(3601)
    archive.deliver()
    assert len([1 for _, _, body in archive.mail.sent if STUDENT.email in body]) == 3


def test_a_reset_sets_the_password_ends_sessions_and_tells_everybody(
    archive: World, student: Client
) -> None:
    fresh = archive.sign_in(STUDENT)
    archive.clock.advance(61)
    answer = reset(archive, archive.prove_phone(STUDENT.phone, "reset_password"))
    assert (answer.status, answer.content) == (204, b"")
    assert fresh.call("GET", "/account").code == "unauthenticated"
    assert told(archive, "密码") == (True, True)
    assert sign_in(archive, PASSWORD) == 401
    assert sign_in(archive, NEW_PASSWORD) == 202


def test_a_session_that_a_reset_did_not_see_cannot_be_refreshed(
    archive: World, student: Client
) -> None:
    """The process may die between the commit of a reset and its look for late sessions."""
    fresh = archive.sign_in(STUDENT)
    account_id = str(fresh.call("GET", "/account").json["account_id"])
    [session] = archive.ports.sessions.live(account_id, archive.clock())
    assert reset(archive, archive.prove_phone(STUDENT.phone, "reset_password")).status == 204
    archive.ports.tables.write(archive.ports.sessions.starting(session))
    assert fresh.call("GET", "/account").status == 200, "as if it had been begun meanwhile"
    refreshed = archive.client.call(
        "POST", "/sessions/refresh", {"refresh_token": fresh.refresh_token}
    )
    assert refreshed.code == "unauthenticated"


def test_a_reset_by_mail(archive: World, student: Client) -> None:
    asked = archive.client.call(
        "POST",
        "/verification-codes",
        {"purpose": "reset_password", "channel": "email", "destination": STUDENT.email},
    )
    verified = archive.client.call(
        "POST",
        f"/verification-codes/{asked.json['challenge_id']}/verify",
        {"code": archive.last_code(STUDENT.email)},
    )
    assert reset(archive, verified.json["verification_token"]).status == 204


@pytest.mark.req("R-22")
def test_a_reset_works_once(archive: World, student: Client) -> None:
    token = archive.prove_phone(STUDENT.phone, "reset_password")
    assert reset(archive, token).status == 204
    again = reset(archive, token)
    assert again.json["errors"][0]["code"] == "verification_token_invalid"


def test_a_recycled_phone_needs_the_document_number(archive: World, student: Client) -> None:
    token = archive.prove_phone(STUDENT.phone, "reset_password")
    refused = reset(archive, token, document_number="440524188001010014")
    assert (refused.status, refused.code) == (422, "not_matched")
    unknown = reset(archive, archive.prove_phone("+8619900000777", "reset_password"))
    assert (unknown.status, unknown.code) == (422, "not_matched")
    assert reset(archive, token).status == 204, "the token stays usable"


@pytest.mark.req("A-12")
def test_three_tries_an_hour(archive: World, student: Client) -> None:
    token = archive.prove_phone(STUDENT.phone, "reset_password")
    for _ in range(3):
        assert reset(archive, token, document_number="440524188001010014").status == 422
    assert reset(archive, token).code == "not_matched"
    archive.clock.advance(3600)
    assert reset(archive, archive.prove_phone(STUDENT.phone, "reset_password")).status == 204


def test_a_bad_new_password_names_the_field(archive: World, student: Client) -> None:
    token = archive.prove_phone(STUDENT.phone, "reset_password")
    refused = reset(archive, token, new_password="12345678")
    assert refused.json["errors"][0]["field"] == "new_password"
    assert refused.json["errors"][0]["code"] == "password_too_common"


def test_a_token_of_another_purpose_does_not_serve(archive: World, student: Client) -> None:
    token = archive.prove_phone(STUDENT.phone, "recover_username")
    assert reset(archive, token).json["errors"][0]["code"] == "verification_token_invalid"


def test_a_reset_forgives_failed_sign_ins(archive: World, student: Client) -> None:
    for _ in range(100):
        sign_in(archive, "wrong-password-1")
        archive.clock.advance(901)
    assert sign_in(archive, PASSWORD) == 401
    archive.clock.advance(86_400)
    assert sign_in(archive, PASSWORD) == 401, "a hundred failures in a row need a reset"
    assert reset(archive, archive.prove_phone(STUDENT.phone, "reset_password")).status == 204
    archive.clock.advance(901)
    assert sign_in(archive, NEW_PASSWORD) == 202


def test_a_new_password_serves_at_once_where_the_old_one_was_guessed(
    archive: World, student: Client
) -> None:
    for _ in range(14):
        sign_in(archive, "wrong-password-1")
        archive.clock.advance(600)
    token = archive.prove_phone(STUDENT.phone, "reset_password")
    sign_in(archive, "wrong-password-1")
    assert sign_in(archive, PASSWORD) == 401, "this network has to wait"
    assert reset(archive, token).status == 204
    assert sign_in(archive, NEW_PASSWORD) == 202


@pytest.mark.req("R-30")
def test_a_reset_ends_what_is_more_than_a_commit_holds(archive: World, student: Client) -> None:
    here = archive.sign_in(STUDENT)
    account_id = str(archive.ports.accounts.holder("phone", STUDENT.phone))
    sessions = archive.ports.sessions
    for _ in range(150):
        token = archive.ports.random.token()
        archive.ports.tables.write(sessions.remembering(account_id, token, archive.clock()))
    assert reset(archive, archive.prove_phone(STUDENT.phone, "reset_password")).status == 204
    assert here.call("GET", "/account").status == 401
    assert sessions.ending_all(account_id) == [], "no session and no device is left"


# Changing password and contacts


def test_changing_the_password_ends_the_other_sessions(archive: World, student: Client) -> None:
    here, other = archive.sign_in(STUDENT), None
    archive.clock.advance(61)
    other = archive.sign_in(STUDENT)
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert here.call("PUT", "/account/password", body).status == 204
    assert here.call("GET", "/account").status == 200
    assert other.call("GET", "/account").status == 401
    assert told(archive, "密码") == (True, True)


def test_a_wrong_current_password_is_refused_and_throttled(archive: World, student: Client) -> None:
    here = archive.sign_in(STUDENT)
    body = {"current_password": "wrong-password-1", "new_password": NEW_PASSWORD}
    for _ in range(5):
        refused = here.call("PUT", "/account/password", body)
        assert (refused.status, refused.code) == (403, "reauthentication_required")
    right = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert here.call("PUT", "/account/password", right).status == 403
    archive.clock.advance(3)
    assert here.call("PUT", "/account/password", right).status == 204


def change_phone(archive: World, client: Client, phone: str) -> Answer:
    token = archive.prove_phone(phone, "change_phone")
    return client.call(
        "PUT",
        "/account/phone",
        {"verification_token": token, "current_password": PASSWORD},
    )


def undo_token(archive: World) -> str:
    archive.deliver()
    bodies = [body for _, _, body in archive.mail.sent if "undo-change=" in body]
    return str(re.findall(r"undo-change=([\w-]+)", bodies[-1])[0])


def test_changing_the_phone_tells_the_old_one_and_moves_the_claim(
    archive: World, student: Client
) -> None:
    here = archive.sign_in(STUDENT)
    changed = change_phone(archive, here, "+8619900000888")
    assert changed.status == 200
    assert changed.json["phone"].endswith("0888")
    assert told(archive, "更换") == (True, True)
    assert archive.ports.accounts.holder("phone", STUDENT.phone) is None
    assert archive.ports.accounts.holder("phone", "+8619900000888") is not None


def test_a_phone_in_use_is_refused(archive: World, student: Client) -> None:
    other = Student(
        name="李小红",
        document_number="440524188001010014",
        phone="+8619900000999",
        email="li@example.com",
    )
    archive.register(other)
    archive.clock.advance(61)
    here = archive.sign_in(STUDENT)
    refused = change_phone(archive, here, other.phone)
    assert (refused.status, refused.code) == (409, "contact_taken")
    assert here.call("GET", "/account").json["phone"].endswith("0001")


def test_a_new_phone_cannot_reset_the_password_for_a_day(archive: World, student: Client) -> None:
    here = archive.sign_in(STUDENT)
    change_phone(archive, here, "+8619900000888")
    early = reset(archive, archive.prove_phone("+8619900000888", "reset_password"))
    assert early.code == "not_matched"
    archive.clock.advance(86_400)
    late = reset(archive, archive.prove_phone("+8619900000888", "reset_password"))
    assert late.status == 204


def test_a_change_is_undone_by_the_link_once_and_ends_every_session(
    archive: World, student: Client
) -> None:
    here = archive.sign_in(STUDENT)
    change_phone(archive, here, "+8619900000888")
    token = undo_token(archive)
    undone = archive.client.call("POST", "/account/contact-undo", {"token": token})
    assert undone.status == 204
    assert here.call("GET", "/account").status == 401
    assert archive.ports.accounts.holder("phone", STUDENT.phone) is not None
    assert archive.ports.accounts.holder("phone", "+8619900000888") is None
    again = archive.client.call("POST", "/account/contact-undo", {"token": token})
    assert again.code == "code_invalid"


def test_what_was_put_back_already_is_not_undone(archive: World, student: Client) -> None:
    here = archive.sign_in(STUDENT)
    change_phone(archive, here, "+8619900000888")
    token = undo_token(archive)
    archive.clock.advance(61)
    assert change_phone(archive, here, STUDENT.phone).status == 200
    answer = archive.client.call("POST", "/account/contact-undo", {"token": token})
    assert (answer.status, answer.code) == (422, "code_invalid")


@pytest.mark.parametrize(("seconds", "status"), [(864_000 - 1, 204), (864_000, 422)])
def test_the_link_serves_for_ten_days(
    archive: World, student: Client, seconds: int, status: int
) -> None:
    change_phone(archive, archive.sign_in(STUDENT), "+8619900000888")
    token = undo_token(archive)
    archive.clock.advance(seconds)
    answer = archive.client.call("POST", "/account/contact-undo", {"token": token})
    assert answer.status == status


def test_changing_the_mail_needs_a_code_to_the_new_address(archive: World, student: Client) -> None:
    here = archive.sign_in(STUDENT)
    asked = here.call(
        "POST",
        "/verification-codes",
        {"purpose": "change_email", "channel": "email", "destination": "new@example.com"},
    )
    verified = here.call(
        "POST",
        f"/verification-codes/{asked.json['challenge_id']}/verify",
        {"code": archive.last_code("new@example.com")},
    )
    body = {
        "verification_token": verified.json["verification_token"],
        "current_password": PASSWORD,
    }
    changed = here.call("PUT", "/account/email", body)
    assert changed.json["email"] == changed.json["username"] == "new@example.com"
    assert changed.json["email_confirmed"] is True
    archive.clock.advance(61)
    signed = {"username": "new@example.com", "password": PASSWORD}
    assert archive.client.call("POST", "/sessions", signed).status == 202
    assert sign_in(archive, PASSWORD) == 401


def test_the_same_phone_is_no_change(archive: World, student: Client) -> None:
    refused = change_phone(archive, archive.sign_in(STUDENT), STUDENT.phone)
    assert refused.json["errors"][0]["code"] == "contact_unchanged"


# Activity


@pytest.mark.req("R-67")
def test_activity_tells_what_was_done_and_never_by_whom_in_person(
    archive: World, student: Client
) -> None:
    here = archive.sign_in(STUDENT)
    archive.clock.advance(1)
    change_phone(archive, here, "+8619900000888")
    items = here.call("GET", "/account/activity").json["items"]
    assert [item["action"] for item in items][:2] == ["phone_changed", "signed_in"]
    assert "registered" in {item["action"] for item in items}
    assert {item["actor"] for item in items} == {"owner"}
    first = here.call("GET", "/account/activity", query={"limit": "1"}).json
    second = here.call(
        "GET", "/account/activity", query={"limit": "1", "cursor": first["next"]}
    ).json
    assert [first["items"][0], second["items"][0]] == items[:2]
