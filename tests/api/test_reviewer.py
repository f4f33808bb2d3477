"""Reviewers: the second person for key fields, and what a moved document number moves along."""

from typing import Any

import msgspec
import pytest

from chalicelib.domain.institutions import Institution
from chalicelib.domain.staff import Post
from chalicelib.operations.review_changes import decide_change
from chalicelib.stores.sessions import Principal
from tests.api.steps import but_request_id, field_codes, sent_to
from tests.api.test_report import issue
from tests.corrections import ask
from tests.records import (
    CERTIFICATE_NUMBER,
    LI,
    UNIVERSITY_CODE,
    WANG,
    file_record,
    member,
    record_ids,
)
from tests.registry import REASON, Counter, change, decide, review, search, waiting
from tests.world import Client, World

ELSEWHERE = "上海市"


@pytest.fixture
def archive(archive: World) -> World:
    file_record(archive, "credentials", WANG)
    return archive


@pytest.fixture
def counter(archive: World) -> Counter:
    return Counter(archive)


@pytest.fixture
def student(archive: World) -> Client:
    return member(archive, WANG)


@pytest.fixture
def record_id(student: Client) -> str:
    return record_ids(student, "credentials")[0]


def proposed(counter: Counter, record_id: str, **fields: str) -> str:
    """A change of key fields that waits."""
    answer = change(counter.registrar.client, record_id, **(fields or {"major_name": "历史学"}))
    assert answer.status == 202, answer.content
    return str(answer.json["change_id"])


def verified(archive: World, report: dict[str, Any]) -> str:
    answer = archive.client.call("GET", f"/verifications/{report['verification_code']}")
    return str(answer.json["result"])


@pytest.mark.req("R-44")
def test_an_accepted_change_is_a_new_version(archive, counter, student, record_id):
    report = issue(student, record_id).json
    change_id = proposed(counter, record_id)
    assert verified(archive, report) == "valid"
    (shown,) = waiting(counter.reviewer.client)
    assert (shown["change_id"], shown["institution_code"]) == (change_id, UNIVERSITY_CODE)
    assert shown["changes"] == [
        {"field": "major_name", "present": "汉语言文学", "proposed": "历史学"}
    ]
    assert (shown["name"], shown["outdated"], shown["reason"]) == (WANG.name, False, REASON)
    decided = review(counter.reviewer.client, change_id, "accept")
    assert (decided.status, decided.json["version"]) == (200, 2), decided.content
    record = student.call("GET", "/archive/credentials").json["items"][0]
    assert (record["major_name"], record["version"]) == ("历史学", 2)
    path = f"/archive/credentials/{record_id}/versions"
    old = student.call("GET", path).json["items"][0]
    assert (old["replaced_by"], old["reason"]) == ("reviewer", REASON)
    assert verified(archive, report) == "superseded"
    assert waiting(counter.reviewer.client) == []
    assert len(waiting(counter.reviewer.client, status="accepted")) == 1
    assert any("学历记录已更改" in text for text in sent_to(archive, WANG.email))


@pytest.mark.req("R-44")
def test_a_refusal_needs_a_note_and_changes_nothing(counter, student, record_id):
    change_id = proposed(counter, record_id)
    client = counter.reviewer.client
    assert field_codes(review(client, change_id, "refuse")) == {"note": "required"}
    assert review(client, change_id, "refuse", "依据不足").json["status"] == "refused"
    assert student.call("GET", "/archive/credentials").json["items"][0]["version"] == 1
    assert review(client, change_id, "accept").code == "conflict"
    assert proposed(counter, record_id), "another may be proposed now"


@pytest.mark.req("R-44")
def test_a_students_correction_of_a_key_field_takes_both(archive, counter, student, record_id):
    asked = ask(student, record_id).json["correction_id"]
    accepted = decide(counter.registrar.client, asked, "accept", "与录取名册一致")
    assert accepted.json["status"] == "in_review"
    assert student.call("GET", f"/corrections/{asked}").json["status"] == "in_review"
    assert student.call("DELETE", f"/corrections/{asked}").code == "conflict"
    (shown,) = waiting(counter.reviewer.client)
    assert (shown["asked_by_student"], shown["change_id"]) == (True, accepted.json["change_id"])
    review(counter.reviewer.client, shown["change_id"], "accept", "同意")
    correction = student.call("GET", f"/corrections/{asked}").json
    assert [one["actor"] for one in correction["history"]][-2:] == ["institution", "reviewer"]
    assert correction["status"] == "accepted"
    record = student.call("GET", "/archive/credentials").json["items"][0]
    assert record["major_name"] == "汉语国际教育"


@pytest.mark.req("R-44")
def test_a_reviewers_refusal_ends_the_students_correction(counter, student, record_id):
    asked = ask(student, record_id).json["correction_id"]
    change_id = decide(counter.registrar.client, asked, "accept").json["change_id"]
    review(counter.reviewer.client, change_id, "refuse", "证据不足")
    correction = student.call("GET", f"/corrections/{asked}").json
    assert (correction["status"], correction["history"][-1]["note"]) == ("refused", "证据不足")


@pytest.mark.req("R-43", "R-41")
def test_another_provinces_changes_do_not_exist(archive, counter, record_id):
    elsewhere = Institution(
        identifier="4131010246",
        code="10246",
        name="复旦大学",
        province=ELSEWHERE,
        level="本科",
        department="教育部",
    )
    archive.ports.institutions.merge([elsewhere])
    change_id = proposed(counter, record_id)
    stranger = counter.reviewer_of(ELSEWHERE, "reviewer@shanghai.example").client
    assert waiting(stranger) == []
    foreign, absent = (review(stranger, one, "accept") for one in (change_id, change_id[::-1]))
    assert foreign.code == "not_found"
    assert but_request_id(foreign) == but_request_id(absent)


@pytest.mark.req("R-44")
def test_whoever_proposed_a_change_never_decides_it(archive, counter, record_id):
    """Whatever role their account came to have."""
    change_id = proposed(counter, record_id)
    proposer = Principal(
        account_id=counter.registrar.staff_id,
        session_id="-",
        proof_level="phone",
        post=Post("reviewer", "北京市"),
    )
    for accept in (True, False):
        with pytest.raises(Exception, match="forbidden"):
            decide_change(archive.ports, proposer, change_id, accept=accept, note="同意")
    other = msgspec.structs.replace(proposer, account_id="x" * 22)
    assert decide_change(archive.ports, other, change_id, accept=True, note=None).version == 2


@pytest.mark.req("R-44")
def test_a_change_of_an_older_version_can_only_be_refused(counter, student, record_id):
    change_id = proposed(counter, record_id)
    change(counter.registrar.client, record_id, president_name="林校长")
    assert waiting(counter.reviewer.client)[0]["outdated"] is True
    assert review(counter.reviewer.client, change_id, "accept").code == "conflict"
    assert review(counter.reviewer.client, change_id, "refuse", "记录已更新").status == 200
    record = student.call("GET", "/archive/credentials").json["items"][0]
    assert (record["major_name"], record["version"]) == ("汉语言文学", 2)


@pytest.mark.req("R-67")
def test_a_reviewers_reading_is_counted_and_audited(archive, counter, student, record_id):
    proposed(counter, record_id)
    waiting(counter.reviewer.client, purpose="省级复核")
    lines, _ = archive.ports.audit.lines(counter.reviewer.staff_id, limit=10)
    read = next(one for one in lines if one.action == "changes_read")
    assert read.facts["purpose"] == "省级复核"
    seen = student.call("GET", "/account/activity").json["items"]
    assert any(one["action"] == "record_read" for one in seen)


def test_both_people_stand_in_the_trail(archive, counter, record_id):
    change_id = proposed(counter, record_id)
    review(counter.reviewer.client, change_id, "accept")
    registrar, _ = archive.ports.audit.lines(counter.registrar.staff_id, limit=20)
    told = [(one.action, one.actor) for one in registrar if "change_id" in one.facts]
    assert told == [
        ("change_accepted", f"staff:{counter.reviewer.staff_id}"),
        ("change_proposed", "owner"),
    ]


@pytest.mark.req("R-85")
def test_a_decision_repeated_under_its_key_is_made_once(counter, record_id):
    path = f"/reviewer/changes/{proposed(counter, record_id)}/decision"
    first, again = (
        counter.reviewer.client.call(
            "POST", path, {"decision": "accept"}, headers={"Idempotency-Key": "decided"}
        )
        for _ in range(2)
    )
    assert (first.status, first.json) == (200, again.json)


# A document number that moves


def test_a_corrected_document_number_moves_the_record(archive, counter, student, record_id):
    """It was filed under the wrong person's number: it leaves them and reaches the right one."""
    report = issue(student, record_id).json
    right = member(archive, LI)
    change_id = proposed(counter, record_id, name=LI.name, document_number=LI.document_number)
    assert review(counter.reviewer.client, change_id, "accept").status == 200
    assert record_ids(student, "credentials") == []
    (moved,) = right.call("GET", "/archive/credentials").json["items"]
    assert (moved["record_id"], moved["version"], moved["name"]) == (record_id, 2, LI.name)
    assert verified(archive, report) == "superseded"
    for person in (WANG, LI):
        assert any("学历记录已更改" in text for text in sent_to(archive, person.email))
    found = search(counter.registrar.client, certificate_number=CERTIFICATE_NUMBER).json["items"]
    assert [one["document_number"] for one in found] == [LI.document_number]
    nothing = search(counter.registrar.client, document_number=WANG.document_number)
    assert nothing.json["items"] == []


def test_a_binding_by_hand_ends_where_the_record_finds_its_number(archive, counter):
    """Bound by hand by somebody of the same name, then found to be somebody else's."""
    namesake = LI
    file_record(
        archive,
        "credentials",
        LI,
        document_number="",
        certificate_number="100011201505000777",
    )
    wrong = member(archive, namesake)
    body = {
        "family": "credentials",
        "certificate_number": "100011201505000777",
        "graduation_year": 2015,
        "institution": UNIVERSITY_CODE,
    }
    record_id = wrong.call("POST", "/bindings", body).json["record_id"]
    assert record_ids(wrong, "credentials") == [record_id]
    change_id = proposed(counter, record_id, document_number=WANG.document_number)
    assert review(counter.reviewer.client, change_id, "accept").status == 200
    assert record_ids(wrong, "credentials") == []
    assert wrong.call("GET", "/bindings").json["items"] == []
    found = search(counter.registrar.client, document_number=WANG.document_number).json["items"]
    assert record_id in {one["record_id"] for one in found}
    assert any("学历记录已更改" in text for text in sent_to(archive, LI.email))


def test_a_moved_record_is_known_when_it_is_delivered_again(archive, counter, student, record_id):
    change_id = proposed(counter, record_id, name=LI.name, document_number=LI.document_number)
    review(counter.reviewer.client, change_id, "accept")
    right = member(archive, LI)
    file_record(archive, "credentials", WANG)
    assert record_ids(student, "credentials") == [], "the old file says nothing new"
    file_record(archive, "credentials", LI)
    assert record_ids(right, "credentials") == [record_id]
    assert right.call("GET", "/archive/credentials").json["items"][0]["version"] == 2
