"""The own account, as its owner sees it."""

import msgspec
import pytest

from tests.api.steps import known, with_token
from tests.records import WANG
from tests.world import Student


@pytest.mark.req("R-64")
def test_the_account_shows_numbers_masked(archive):
    answer = archive.registered(known(archive, WANG)).call("GET", "/account")
    assert answer.status == 200
    assert answer.json == {
        "account_id": answer.json["account_id"],
        "username": "wang@example.com",
        "name": "王小明",
        "document_type": "resident_id",
        "document_number": "1****************X",
        "phone": "*******0001",
        "email": "wang@example.com",
        "email_confirmed": False,
        "proof_level": "identity",
        "created_at": "2026-11-23T02:00:00Z",
    }


@pytest.mark.req("R-64")
@pytest.mark.parametrize(
    ("document_type", "number", "shown"),
    [
        ("passport", "E1234567", "E******7"),
        ("mainland_travel_permit_hk_mo", "H1234567801", "H*********1"),
    ],
)
def test_every_kind_of_number_is_masked(archive, document_type, number, shown):
    student = msgspec.structs.replace(WANG, document_type=document_type, document_number=number)
    answer = archive.registered(student).call("GET", "/account")
    assert answer.json["document_number"] == shown
    assert number not in answer.content.decode()


def test_an_unproved_account_is_shown_as_such(archive):
    account = archive.registered(WANG).call("GET", "/account").json
    assert (account["proof_level"], account["name"]) == ("phone", WANG.name)


def test_everybody_sees_the_own_account(archive):
    other = Student(
        name="李娜", document_number="440308199901101512", phone="+8619900000002", email="li@x.test"
    )
    for student in (WANG, other):
        account = archive.registered(known(archive, student)).call("GET", "/account").json
        assert account["username"] == student.email


def test_every_answer_with_the_account_shows_the_same(archive):
    confirmed = archive.register(known(archive, WANG)).json["account"]
    assert archive.sign_in(WANG).call("GET", "/account").json == confirmed


@pytest.mark.req("R-72")
@pytest.mark.req("R-76")
@pytest.mark.parametrize("token", [None, "x"])
def test_nobody_else_sees_it(archive, token):
    client = with_token(archive, token) if token else archive.client
    answer = client.call("GET", "/account")
    assert (answer.status, answer.code) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.req("R-72")
def test_the_answer_is_not_stored(archive):
    answer = archive.registered(WANG).call("GET", "/account")
    assert answer.headers["Cache-Control"] == "no-store"
