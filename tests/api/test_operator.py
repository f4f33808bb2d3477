"""Staff accounts: invited by an operator, with password and app, ended at once."""

import pytest

from chalicelib.api.openapi import document
from chalicelib.operations.staff import OperatorExists, create_first_operator
from tests.api.steps import but_request_id, field_codes, sent_to
from tests.corrections import with_directory
from tests.records import UNIVERSITY_CODE, WANG, member
from tests.staff import (
    OPERATOR,
    PROVINCE,
    REGISTRAR,
    REVIEWER,
    Member,
    accept,
    code_of,
    first_operator,
    hired,
    invitation_mailed,
    invite,
    secret_of,
    signed_in,
)
from tests.world import PASSWORD, World

document()  # loads every function's routes
MINUTE = 60


@pytest.fixture
def archive(archive: World) -> World:
    with_directory(archive)
    return archive


@pytest.fixture
def operator(archive: World) -> Member:
    return first_operator(archive)


# Making accounts


@pytest.mark.req("R-43")
@pytest.mark.parametrize(
    ("role", "scope"),
    [
        ("registrar", {"institution_code": UNIVERSITY_CODE}),
        ("reviewer", {"province": PROVINCE}),
        ("operator", {}),
    ],
)
def test_an_operator_invites_staff_of_every_role(archive, operator, role, scope):
    made = invite(operator.client, REGISTRAR, role, **scope)
    assert made.status == 201
    expected = {"institution_code": None, "province": None, **scope}
    assert expected.items() <= made.json.items()
    assert (made.json["role"], made.json["status"]) == (role, "invited")
    token = invitation_mailed(archive, REGISTRAR)
    secret = secret_of(archive, token)
    accepted = accept(archive, token, secret)
    assert len(set(accepted.json["recovery_codes"])) == 10
    account = signed_in(archive, REGISTRAR, secret).call("GET", "/account").json
    assert account["role"] == role
    assert scope.items() <= account.items()
    assert (account["document_number"], account["phone"]) == (None, None)
    listed = operator.client.call("GET", "/operator/staff").json["items"]
    assert {one["email"]: one["status"] for one in listed}[REGISTRAR] == "active"


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"role": "registrar"}, "institution_code", "required"),
        ({"role": "registrar", "institution_code": "99999"}, "institution_code",
         "institution_unknown"),
        ({"role": "registrar", "institution_code": UNIVERSITY_CODE, "province": PROVINCE},
         "province", "value_invalid"),
        ({"role": "reviewer"}, "province", "required"),
        ({"role": "reviewer", "province": "北京"}, "province", "value_invalid"),
        ({"role": "operator", "province": PROVINCE}, "province", "value_invalid"),
        ({"role": "dean"}, "role", "value_invalid"),
        ({"role": "operator", "email": "nobody"}, "email", "email_invalid"),
    ],
)  # fmt: skip
def test_a_post_is_a_role_with_its_scope_and_no_other(operator, body, field, code):
    full = {"email": REGISTRAR, "name": "张老师", **body}
    answer = operator.client.call("POST", "/operator/staff", full)
    assert field_codes(answer) == {field: code}


def test_an_address_has_one_account(archive, operator):
    assert invite(operator.client, OPERATOR.upper(), "operator").code == "contact_taken"
    member(archive, WANG)
    assert invite(operator.client, WANG.email, "operator").code == "contact_taken"


@pytest.mark.req("R-85")
def test_an_account_is_made_once_for_a_key(archive, operator):
    body = {"email": REVIEWER, "name": "张老师", "role": "reviewer", "province": PROVINCE}
    path, headers = "/operator/staff", {"Idempotency-Key": "first"}
    made, again = (operator.client.call("POST", path, body, headers=headers) for _ in range(2))
    assert (made.status, made.json) == (again.status, again.json) == (201, made.json)
    archive.deliver()
    assert [to for to, *_ in archive.mail.sent].count(REVIEWER) == 1


def test_the_staff_is_listed_in_pages(archive, operator):
    for number in range(3):
        invite(operator.client, f"operator{number}@archive.example", "operator")
    seen, query = [], {"limit": "3"}
    while True:
        page = operator.client.call("GET", "/operator/staff", query=query).json
        seen.extend(one["email"] for one in page["items"])
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert (len(seen), len(set(seen))) == (4, 4)


def test_the_first_operator_is_made_once(archive):
    create_first_operator(archive.ports, email=OPERATOR, name="管理员", language="zh")
    with pytest.raises(OperatorExists):
        create_first_operator(archive.ports, email=REVIEWER, name="管理员", language="zh")
    archive.clock.advance(7 * 86_400)
    create_first_operator(archive.ports, email=REVIEWER, name="管理员", language="zh")


# Accepting an invitation


def test_password_and_app_come_together_or_not_at_all(archive, operator):
    invite(operator.client, REVIEWER, "reviewer", province=PROVINCE)
    token = invitation_mailed(archive, REVIEWER)
    secret = secret_of(archive, token)
    without = {"token": token, "password": PASSWORD}
    call = archive.client.call
    assert field_codes(call("POST", "/invitations/accept", without)) == {"code": "required"}
    wrong = call("POST", "/invitations/accept", without | {"code": "000000"})
    assert field_codes(wrong) == {"code": "authenticator_code_invalid"}
    weak = accept(archive, token, secret, password="12345678")
    assert field_codes(weak) == {"password": "password_too_common"}
    credentials = {"username": REVIEWER, "password": PASSWORD}
    assert call("POST", "/sessions", credentials).code == "credentials_invalid"
    assert accept(archive, token, secret).status == 200
    assert call("POST", "/sessions", credentials).status == 202


@pytest.mark.req("R-22")
def test_an_invitation_works_once_and_for_a_week(archive, operator):
    invite(operator.client, REVIEWER, "reviewer", province=PROVINCE)
    token = invitation_mailed(archive, REVIEWER)
    secret = secret_of(archive, token)
    assert accept(archive, token, secret).status == 200
    assert accept(archive, token, secret).code == "code_invalid"
    invite(operator.client, REGISTRAR, "registrar", institution_code=UNIVERSITY_CODE)
    late = invitation_mailed(archive, REGISTRAR)
    for seconds, status in ((7 * 86_400 - 1, 200), (1, 422)):
        archive.clock.advance(seconds)
        assert archive.client.call("POST", "/invitations", {"token": late}).status == status


@pytest.mark.parametrize("token", ["x", "x" * 65, "中" * 65, "x" * 22 + "-" * 43])
def test_what_is_no_invitation_tells_nothing(archive, operator, token):
    read = archive.client.call("POST", "/invitations", {"token": token})
    assert (read.status, read.code) == (422, "code_invalid")


# Signing in


@pytest.mark.req("R-37")
def test_staff_need_the_app_every_time(archive, operator):
    client = archive.client
    credentials = {"username": OPERATOR, "password": PASSWORD}
    first = client.call("POST", "/sessions", credentials).json
    body = {"challenge_id": first["challenge_id"], "code": code_of(archive, operator.secret)}
    second = client.call("POST", "/sessions/second-step", body | {"remember_device": True})
    assert "device_token" not in second.json
    again = client.call("POST", "/sessions", credentials | {"device_token": "x" * 43})
    assert again.status == 202


@pytest.mark.req("R-32")
def test_staff_sessions_end_after_a_quarter_of_an_hour(archive, operator):
    archive.clock.advance(15 * MINUTE - 1)
    assert operator.client.call("GET", "/account").status == 200
    archive.clock.advance(1)
    assert operator.client.call("GET", "/account").status == 401
    body = {"refresh_token": operator.client.refresh_token}
    assert archive.client.call("POST", "/sessions/refresh", body).status == 401


@pytest.mark.req("R-32")
def test_staff_sessions_end_after_a_working_day(archive, operator):
    token, began = operator.client.refresh_token, archive.clock.instant
    while archive.clock.instant - began < 8 * 3600 - 10 * MINUTE:
        archive.clock.advance(10 * MINUTE)
        fresh = archive.client.call("POST", "/sessions/refresh", {"refresh_token": token})
        assert fresh.status == 200
        token = fresh.json["refresh_token"]
    archive.clock.instant = began + 8 * 3600
    ended = archive.client.call("POST", "/sessions/refresh", {"refresh_token": token})
    assert ended.status == 401


# Ending


@pytest.mark.req("R-33")
def test_deactivation_acts_on_the_next_request(archive, operator):
    registrar = hired(
        archive, operator.client, REGISTRAR, "registrar", institution_code=UNIVERSITY_CODE
    )
    path = f"/operator/staff/{registrar.staff_id}"
    assert registrar.client.call("GET", "/account").status == 200
    assert operator.client.call("DELETE", path).status == 204
    assert registrar.client.call("GET", "/account").status == 401
    body = {"refresh_token": registrar.client.refresh_token}
    assert archive.client.call("POST", "/sessions/refresh", body).status == 401
    credentials = {"username": REGISTRAR, "password": PASSWORD}
    assert archive.client.call("POST", "/sessions", credentials).code == "credentials_invalid"
    assert operator.client.call("DELETE", path).status == 204
    listed = operator.client.call("GET", "/operator/staff").json["items"]
    assert {one["email"]: one["status"] for one in listed}[REGISTRAR] == "deactivated"


@pytest.mark.req("R-33")
def test_deactivation_between_the_two_steps_is_heeded(archive, operator):
    other = hired(archive, operator.client, "second@archive.example", "operator")
    credentials = {"username": other.email, "password": PASSWORD}
    first = archive.client.call("POST", "/sessions", credentials).json
    operator.client.call("DELETE", f"/operator/staff/{other.staff_id}")
    body = {"challenge_id": first["challenge_id"], "code": code_of(archive, other.secret)}
    assert archive.client.call("POST", "/sessions/second-step", body).code == "code_invalid"


def test_a_new_invitation_replaces_password_app_and_sessions(archive, operator):
    registrar = hired(
        archive, operator.client, REGISTRAR, "registrar", institution_code=UNIVERSITY_CODE
    )
    path = f"/operator/staff/{registrar.staff_id}/invitation"
    assert operator.client.call("POST", path).json["status"] == "invited"
    assert registrar.client.call("GET", "/account").status == 401
    credentials = {"username": REGISTRAR, "password": PASSWORD}
    assert archive.client.call("POST", "/sessions", credentials).code == "credentials_invalid"
    token = invitation_mailed(archive, REGISTRAR)
    secret = secret_of(archive, token)
    assert secret != registrar.secret
    assert accept(archive, token, secret).status == 200
    assert signed_in(archive, REGISTRAR, secret).call("GET", "/account").status == 200


def test_nobody_ends_their_own_service(operator):
    path = f"/operator/staff/{operator.staff_id}"
    assert operator.client.call("DELETE", path).code == "conflict"
    assert operator.client.call("POST", f"{path}/invitation").code == "conflict"


@pytest.mark.req("R-41")
def test_a_students_account_is_none_of_the_staff(archive, operator):
    student = member(archive, WANG).call("GET", "/account").json["account_id"]
    for method, suffix in (("DELETE", ""), ("POST", "/invitation")):
        foreign, absent = (
            operator.client.call(method, f"/operator/staff/{one}{suffix}")
            for one in (student, student[::-1])
        )
        assert foreign.status == 404
        assert but_request_id(foreign) == but_request_id(absent)


@pytest.mark.req("R-67")
def test_what_operators_do_stands_in_both_trails(archive, operator):
    registrar = hired(
        archive, operator.client, REGISTRAR, "registrar", institution_code=UNIVERSITY_CODE
    )
    operator.client.call("POST", f"/operator/staff/{registrar.staff_id}/invitation")
    subject, _ = archive.ports.audit.lines(registrar.staff_id, limit=100)
    by = f"staff:{operator.staff_id}"
    assert [one.action for one in subject if one.actor == by] == ["staff_invited", "staff_created"]
    own = operator.client.call("GET", "/account/activity").json["items"]
    assert {"staff_invited", "staff_created"} <= {one["action"] for one in own}


def test_staff_are_told_by_mail_alone(archive, operator):
    body = {"current_password": PASSWORD, "new_password": "another-horse-8"}
    assert operator.client.call("PUT", "/account/password", body).status == 204
    assert any("密码" in text for text in sent_to(archive, OPERATOR))
    assert archive.sms.sent == []
