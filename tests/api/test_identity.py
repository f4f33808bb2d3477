"""Proving an identity later, and another name or number on one account (journey 6)."""

import pytest

from chalicelib import jobs
from chalicelib.domain.appeal_states import DRAFT_SECONDS, KEPT_SECONDS
from chalicelib.domain.errors import Refusal
from chalicelib.operations.change_identity import approve_identity, reject_identity
from chalicelib.operations.document_scans import SETTLE_SECONDS
from chalicelib.stores.accounts import Account, Person, document_value
from chalicelib.stores.cases import IdentityChange
from tests.appeals import change_identity, picture, upload
from tests.records import LI, WANG, file_record, member, without_request_id
from tests.world import Answer, Client, Student, World

RENAMED = "王大明"
OTHER_NUMBER = "440524188001010014"


@pytest.fixture
def unproved(archive: World) -> Client:
    """Somebody whose data the checker did not confirm when registering."""
    return archive.registered(WANG)


def submit(archive: World, client: Client, answer: Answer, content: bytes | None = None) -> Answer:
    form = answer.json["upload"]
    upload(archive, form, picture() if content is None else content)
    return client.call("POST", f"/account/identity/{answer.json['review_id']}/submit")


def change_of(archive: World, answer: Answer) -> IdentityChange:
    found = archive.ports.cases.identity_change(answer.json["review_id"], archive.clock())
    assert found is not None
    return found


def account_of(archive: World, student: Student = WANG) -> Account:
    holder = archive.ports.accounts.holder("phone", student.phone)
    account = archive.ports.accounts.get(holder or "")
    assert account is not None
    return account


def reviewed(archive: World, client: Client, student: Student, **changes: str) -> None:
    """A change that was submitted and approved; the session follows by a refresh."""
    answer = change_identity(client, student, **changes)
    assert submit(archive, client, answer).status == 202
    approve_identity(archive.ports, change_of(archive, answer), actor="staff:op")


def person(student: Student) -> Person:
    return Person(
        name=student.name, document_type="resident_id", document_number=student.document_number
    )


# Proved at once


@pytest.mark.req("R-04")
def test_an_account_is_raised_at_once_where_the_checker_agrees(archive, unproved):
    file_record(archive, "credentials", WANG)
    assert unproved.call("GET", "/archive").code == "proof_required"
    archive.checker.learn(WANG.name, WANG.document_number, WANG.phone)
    archive.clock.advance(60)
    raised = change_identity(unproved, WANG)
    assert (raised.status, raised.json["status"]) == (202, "approved")
    assert raised.json["account"]["proof_level"] == "identity"
    assert (raised.json["review_id"], raised.json["upload"]) == (None, None)
    counts = {
        one["family"]: one["count"] for one in unproved.call("GET", "/archive").json["families"]
    }
    assert counts["credentials"] == 1
    first = unproved.call("GET", "/account/activity").json["items"][0]
    assert (first["action"], first["actor"]) == ("identity_proved", "owner")
    archive.deliver()
    assert any(to == WANG.email and "身份信息" in body for to, _, body in archive.mail.sent)


def test_other_sessions_follow_when_they_are_refreshed(archive, unproved):
    archive.clock.advance(61)
    first = archive.client.call(
        "POST", "/sessions", {"username": WANG.email, "password": "correct-horse-7"}
    )
    second = archive.client.call(
        "POST",
        "/sessions/second-step",
        {"challenge_id": first.json["challenge_id"], "code": archive.last_code(WANG.phone)},
    ).json
    archive.checker.learn(WANG.name, WANG.document_number, WANG.phone)
    change_identity(unproved, WANG)
    other = archive.client
    other.token = second["access_token"]
    assert other.call("GET", "/archive").code == "proof_required"
    body = {"refresh_token": second["refresh_token"]}
    other.token = archive.client.call("POST", "/sessions/refresh", body).json["access_token"]
    assert other.call("GET", "/archive").status == 200


@pytest.mark.req("R-01")
def test_a_number_that_is_another_accounts_is_taken(archive):
    member(archive, LI)
    late = archive.registered(Student(phone="+8619900000555", email="late@example.com"))
    archive.checker.learn(LI.name, LI.document_number, "+8619900000555")
    refused = change_identity(late, LI)
    assert (refused.status, refused.code) == (409, "identity_taken")
    assert "appeal" in refused.json["links"]
    assert account_of(archive, LI).identities == (person(LI),)


@pytest.mark.req("R-05")
def test_without_the_checkers_yes_a_taken_number_is_not_told(archive, unproved):
    member(archive, LI)
    taken, free = (
        change_identity(unproved, WANG, document_number=number)
        for number in (LI.document_number, OTHER_NUMBER)
    )
    assert [answer.status for answer in (taken, free)] == [202, 202]
    assert set(taken.json) == set(free.json)
    assert taken.json["status"] == free.json["status"] == "draft"


@pytest.mark.req("A-06")
def test_three_different_numbers_are_asked_about_per_phone(archive, unproved):
    numbers = [WANG.document_number, LI.document_number, OTHER_NUMBER, "610104196209276908"]
    statuses = [change_identity(unproved, WANG, document_number=one).status for one in numbers]
    assert statuses == [202, 202, 202, 429]


def test_a_checker_that_is_down_is_said_so_and_nothing_happens(archive, unproved):
    archive.checker.down = True
    refused = change_identity(unproved, WANG)
    assert (refused.status, refused.code) == (503, "unavailable")
    assert "Retry-After" in refused.headers
    assert account_of(archive).proof_level == "phone"


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"name": "王"}, "name", "name_invalid"),
        ({"document_number": "110105194912310021"}, "document_number", "document_number_invalid"),
        ({"document_type": "library_card"}, "document_type", "value_invalid"),
    ],
)
def test_what_is_wrong_is_named(archive, changes, field, code):
    wrong = change_identity(member(archive, WANG), WANG, **changes)
    assert wrong.status == 422
    assert [(one["field"], one["code"]) for one in wrong.json["errors"]] == [(field, code)]


@pytest.mark.req("R-03")
def test_a_repeated_request_answers_how_the_first_one_stands(archive, unproved):
    def asked() -> dict[str, object]:
        return dict(change_identity(unproved, WANG).json) | {"upload": None}

    first, second = asked(), asked()
    assert first == second
    assert first["status"] == "draft"
    answer = change_identity(unproved, WANG)
    submit(archive, unproved, answer)
    assert asked() == {**first, "status": "submitted"}
    archive.checker.learn(WANG.name, WANG.document_number, WANG.phone)
    raised = change_identity(unproved, WANG).json
    assert (raised["status"], raised) == ("approved", change_identity(unproved, WANG).json)


# Reviewed


def test_a_changed_name_is_reviewed_and_records_match_either(archive):
    owner = member(archive, WANG)
    file_record(archive, "credentials", WANG)
    later = Student(name=RENAMED)
    file_record(archive, "enrollments", later)
    counts = lambda: {  # noqa: E731 -- asked twice
        one["family"]: one["count"] for one in owner.call("GET", "/archive").json["families"]
    }
    assert (counts()["credentials"], counts()["enrollments"]) == (1, 0)
    answer = change_identity(owner, WANG, name=RENAMED)
    assert (answer.status, answer.json["status"]) == (202, "draft")
    submitted = submit(archive, owner, answer)
    assert (submitted.status, submitted.json["status"]) == (202, "submitted")
    assert submitted.json["due_at"] == "2026-11-26T10:00:00Z"
    approve_identity(archive.ports, change_of(archive, answer), actor="staff:op")
    archive.deliver()
    archive.clock.advance(61)
    owner = archive.sign_in(WANG)
    assert (counts()["credentials"], counts()["enrollments"]) == (1, 1)
    shown = owner.call("GET", "/account").json
    assert (shown["name"], shown["proof_level"]) == (RENAMED, "document")
    families = ("credentials", "enrollments")
    names = [owner.call("GET", f"/archive/{one}").json["items"][0]["name"] for one in families]
    assert names == [WANG.name, RENAMED]
    assert account_of(archive).identities == (person(later), person(WANG))


@pytest.mark.req("R-01")
def test_an_approved_number_is_claimed_and_the_earlier_stays_claimed(archive):
    owner = member(archive, WANG)
    reviewed(archive, owner, WANG, document_number=OTHER_NUMBER)
    account = account_of(archive)
    for number in (WANG.document_number, OTHER_NUMBER):
        one = Person(name=WANG.name, document_type="resident_id", document_number=number)
        assert archive.ports.accounts.holder("document", document_value(one)) == account.account_id


@pytest.mark.req("R-01")
def test_a_number_of_somebody_else_is_not_approved(archive):
    member(archive, LI)
    owner = member(archive, WANG)
    answer = change_identity(owner, LI)
    submit(archive, owner, answer)
    change = change_of(archive, answer)
    with pytest.raises(Refusal, match="identity_taken"):
        approve_identity(archive.ports, change, actor="staff:op")
    assert account_of(archive).identities == (person(WANG),)
    assert change_of(archive, answer).state == "submitted"


def test_an_unproved_account_is_proved_by_a_reviewed_document(archive, unproved):
    reviewed(archive, unproved, WANG)
    account = account_of(archive)
    assert (account.proof_level, account.identities) == ("document", (person(WANG),))


def test_going_back_to_an_earlier_name_keeps_one_entry_of_each(archive):
    owner = member(archive, WANG)
    reviewed(archive, owner, WANG, name=RENAMED)
    archive.deliver()
    archive.clock.advance(61)
    reviewed(archive, archive.sign_in(WANG), WANG)
    assert [one.name for one in account_of(archive).identities] == [WANG.name, RENAMED]


def test_a_decision_is_made_once(archive):
    owner = member(archive, WANG)
    answer = change_identity(owner, WANG, name=RENAMED)
    with pytest.raises(Refusal, match="conflict"):
        approve_identity(archive.ports, change_of(archive, answer), actor="staff:op")
    submit(archive, owner, answer)
    change = change_of(archive, answer)
    reject_identity(archive.ports, change, actor="staff:op", reason_code="evidence_missing")
    with pytest.raises(Refusal, match="conflict"):
        approve_identity(archive.ports, change, actor="staff:op")
    path = f"/account/identity/{change.case_id}"
    state = owner.call("GET", path).json
    assert (state["status"], state["reason_code"]) == ("rejected", "evidence_missing")
    assert account_of(archive).person.name == WANG.name
    assert owner.call("DELETE", path).code == "conflict"
    assert change_identity(owner, WANG, name=RENAMED).status == 202


def test_a_draft_is_replaced_and_what_is_under_review_is_not(archive):
    owner = member(archive, WANG)
    first = change_identity(owner, WANG, name=RENAMED)
    second = change_identity(owner, WANG, name="王中明")
    assert submit(archive, owner, first).code == "conflict"
    assert submit(archive, owner, second).status == 202
    third = change_identity(owner, WANG, name=RENAMED)
    assert (third.status, third.code) == (409, "conflict")


def test_submitting_again_answers_the_same(archive):
    owner = member(archive, WANG)
    answer = change_identity(owner, WANG, name=RENAMED)
    first = submit(archive, owner, answer)
    path = f"/account/identity/{answer.json['review_id']}/submit"
    assert owner.call("POST", path).json == first.json


@pytest.mark.req("A-14")
def test_evidence_that_is_no_picture_is_refused(archive):
    owner = member(archive, WANG)
    answer = change_identity(owner, WANG, name=RENAMED)
    assert submit(archive, owner, answer, b"%PDF-1.7").code == "file_rejected"
    assert submit(archive, owner, answer).status == 202


@pytest.mark.req("R-41")
def test_somebody_elses_review_is_not_found(archive):
    owner, stranger = member(archive, WANG), member(archive, LI)
    review_id = change_identity(owner, WANG, name=RENAMED).json["review_id"]
    for method, suffix in (("GET", ""), ("DELETE", ""), ("POST", "/submit")):
        foreign = stranger.call(method, f"/account/identity/{review_id}{suffix}")
        absent = stranger.call(method, f"/account/identity/{'x' * 22}{suffix}")
        assert foreign.status == 404
        assert without_request_id(foreign) == without_request_id(absent)


@pytest.mark.req("R-66")
@pytest.mark.parametrize("decision", ["approve", "reject", "withdraw"])
def test_the_scan_goes_when_the_review_has_ended(archive, decision):
    owner = member(archive, WANG)
    answer = change_identity(owner, WANG, name=RENAMED)
    submit(archive, owner, answer)
    change = change_of(archive, answer)
    assert archive.ports.photos.get(change.scan or "") is not None
    if decision == "approve":
        approve_identity(archive.ports, change, actor="staff:op")
    elif decision == "reject":
        reject_identity(archive.ports, change, actor="staff:op", reason_code="evidence_missing")
    else:
        assert owner.call("DELETE", f"/account/identity/{change.case_id}").status == 204
    archive.clock.advance(SETTLE_SECONDS)
    jobs.check_appeals(archive.ports)
    assert archive.ports.photos.get(change.scan or "") is None
    archive.clock.advance(KEPT_SECONDS)
    assert archive.ports.cases.identity_change(change.case_id, archive.clock()) is None


def test_a_draft_lapses_after_a_day(archive):
    owner = member(archive, WANG)
    answer = change_identity(owner, WANG, name=RENAMED)
    archive.clock.advance(DRAFT_SECONDS)
    assert archive.ports.cases.identity_change(answer.json["review_id"], archive.clock()) is None
    archive.clock.advance(SETTLE_SECONDS)
    assert jobs.check_appeals(archive.ports) == 1
    assert archive.ports.tables.query("cases", "watch#cases").rows == []
    assert change_identity(archive.sign_in(WANG), WANG, name=RENAMED).status == 202
