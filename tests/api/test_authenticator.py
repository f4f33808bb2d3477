"""An authenticator app as the second step (RFC 6238), with recovery codes."""

import pyotp
import pytest

from tests.world import PASSWORD, Answer, Client, Student, World

STUDENT = Student()


@pytest.fixture
def student(archive: World) -> Client:
    archive.checker.learn(STUDENT.name, STUDENT.document_number, STUDENT.phone)
    return archive.registered(STUDENT)


def code(archive: World, secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(archive.clock.instant + 30 * steps)


def begin(client: Client, password: str = PASSWORD) -> Answer:
    return client.call("POST", "/account/authenticator", {"current_password": password})


def confirm(client: Client, given: str) -> Answer:
    return client.call("POST", "/account/authenticator/confirm", {"code": given})


@pytest.fixture
def secret(archive: World, student: Client) -> str:
    """The secret of an app that serves; its present code is used up."""
    found = str(begin(student).json["secret"])
    assert confirm(student, code(archive, found)).status == 200
    archive.clock.advance(30)
    return found


def first_step(archive: World) -> Answer:
    body = {"username": STUDENT.email, "password": PASSWORD}
    return archive.client.call("POST", "/sessions", body)


def second_step(archive: World, challenge: Answer, given: str) -> Answer:
    body = {"challenge_id": challenge.json["challenge_id"], "code": given}
    return archive.client.call("POST", "/sessions/second-step", body)


def test_setting_up_needs_the_password_and_a_code(archive: World, student: Client) -> None:
    assert begin(student, "wrong-password-1").code == "reauthentication_required"
    begun = begin(student)
    assert begun.status == 201
    assert begun.json["address"].startswith("otpauth://totp/")
    assert first_step(archive).json["channel"] == "sms", "it serves only once confirmed"
    assert confirm(student, "000000").code == "code_invalid"
    confirmed = confirm(student, code(archive, begun.json["secret"]))
    assert confirmed.status == 200
    assert len(set(confirmed.json["recovery_codes"])) == 10
    assert confirm(student, code(archive, begun.json["secret"], 1)).code == "conflict"
    assert begin(student).code == "conflict"


def test_signing_in_asks_for_the_app_and_sends_nothing(archive: World, secret: str) -> None:
    archive.deliver()
    sent = len(archive.sms.sent)
    step = first_step(archive)
    assert (step.status, step.json["channel"]) == (202, "authenticator")
    archive.deliver()
    assert len(archive.sms.sent) == sent
    signed_in = second_step(archive, step, code(archive, secret))
    assert signed_in.status == 201
    assert signed_in.json["account"]["username"] == STUDENT.email


@pytest.mark.parametrize(("steps", "status"), [(-2, 422), (-1, 422), (0, 201), (1, 201), (2, 422)])
def test_one_step_of_tolerance_and_never_an_older_code_than_used(
    archive: World, secret: str, steps: int, status: int
) -> None:
    """The set-up used the code of the step before, so that one is spent."""
    assert second_step(archive, first_step(archive), code(archive, secret, steps)).status == status


@pytest.mark.req("R-22")
def test_a_code_works_once(archive: World, secret: str) -> None:
    given = code(archive, secret)
    assert second_step(archive, first_step(archive), given).status == 201
    assert second_step(archive, first_step(archive), given).code == "code_invalid"


@pytest.mark.req("R-21")
def test_five_tries(archive: World, secret: str) -> None:
    step = first_step(archive)
    for _ in range(5):
        assert second_step(archive, step, "000000").code == "code_invalid"
    assert second_step(archive, step, code(archive, secret)).code == "code_invalid"


@pytest.mark.req("A-03")
def test_ten_wrong_codes_a_day(archive: World, secret: str) -> None:
    for _ in range(2):
        step = first_step(archive)
        for _ in range(5):
            second_step(archive, step, "000000")
    assert second_step(archive, first_step(archive), code(archive, secret)).code == "rate_limited"


def test_a_recovery_code_replaces_the_app_once(archive: World, student: Client) -> None:
    begun = begin(student)
    codes = confirm(student, code(archive, begun.json["secret"])).json["recovery_codes"]
    typed = codes[0].lower().replace("-", " ")
    assert second_step(archive, first_step(archive), typed).status == 201
    assert second_step(archive, first_step(archive), codes[0]).code == "code_invalid"
    assert second_step(archive, first_step(archive), codes[1]).status == 201


def test_removing_goes_back_to_sms_and_tells_the_owner(
    archive: World, student: Client, secret: str
) -> None:
    body = {"current_password": PASSWORD}
    assert student.call("DELETE", "/account/authenticator", body).status == 204
    assert student.call("DELETE", "/account/authenticator", body).code == "not_found"
    archive.clock.advance(61)
    assert first_step(archive).json["channel"] == "sms"
    archive.deliver()
    assert any("停用身份验证器" in text for _, _, text in archive.mail.sent)
    actions = [item["action"] for item in student.call("GET", "/account/activity").json["items"]]
    assert {"authenticator_added", "authenticator_removed"} <= set(actions)
