"""Registrars: corrections decided, records found, changed, withheld, revoked and replaced."""

from collections import Counter as Counting
from typing import Any

import pytest

from chalicelib import jobs
from chalicelib.domain.errors import Refusal
from chalicelib.domain.institutions import Institution
from chalicelib.domain.limits import DAY
from chalicelib.operations import change_record
from chalicelib.operations.withdraw_reports import MOST_AT_ONCE
from chalicelib.stores.limits import Hit
from tests.api.steps import but_request_id, field_codes, sent_to, use_up
from tests.api.test_report import issue
from tests.appeals import picture, upload
from tests.corrections import ask, ask_for_missing, with_evidence
from tests.records import (
    CERTIFICATE_NUMBER,
    DEGREE_NUMBER,
    LI,
    UNIVERSITY_CODE,
    WANG,
    file_record,
    member,
    record_ids,
)
from tests.registry import (
    PURPOSE,
    REASON,
    Counter,
    change,
    decide,
    on_hold,
    queue,
    search,
)
from tests.staff import REGISTRAR, signed_in
from tests.world import Client, World

OTHER = "10003"
"""An institution that the directory of the tests knows beside the university."""


@pytest.fixture
def archive(archive: World) -> World:
    file_record(archive, "credentials", WANG, photos={"graduation": b"face"})
    return archive


@pytest.fixture
def counter(archive: World) -> Counter:
    return Counter(archive)


@pytest.fixture
def registrar(counter: Counter) -> Client:
    return counter.registrar.client


@pytest.fixture
def student(archive: World) -> Client:
    return member(archive, WANG)


@pytest.fixture
def record_id(student: Client) -> str:
    return record_ids(student, "credentials")[0]


def verified(archive: World, report: dict[str, Any]) -> str:
    answer = archive.client.call("GET", f"/verifications/{report['verification_code']}")
    assert answer.status == 200, answer.content
    return str(answer.json["result"])


def present(student: Client, family: str = "credentials") -> Any:
    return student.call("GET", f"/archive/{family}").json["items"][0]


def versions(student: Client, record_id: str, family: str = "credentials") -> Any:
    return student.call("GET", f"/archive/{family}/{record_id}/versions").json["items"]


def trail(archive: World, account_id: str) -> list[Any]:
    lines, _ = archive.ports.audit.lines(account_id, limit=100)
    return list(lines)


# Searching


@pytest.mark.parametrize(
    ("family", "number"),
    [
        ("credentials", {"document_number": WANG.document_number}),
        ("credentials", {"document_number": f" {WANG.document_number.lower()} "}),
        ("credentials", {"certificate_number": CERTIFICATE_NUMBER}),
        ("degrees", {"certificate_number": f"NO.{DEGREE_NUMBER}"}),
        ("enrollments", {"student_number": "1100012345"}),
    ],
)
def test_a_number_finds_the_institutions_records(archive, registrar, family, number):
    file_record(archive, "degrees", WANG)
    file_record(archive, "enrollments", WANG)
    found = search(registrar, **number)
    assert found.status == 200
    records = {one["family"]: one for one in found.json["items"]}
    assert records[family]["name"] == WANG.name
    assert records[family]["document_number"] == WANG.document_number
    assert len(records) == (3 if "document_number" in number else 1)


def test_a_diploma_without_a_year_is_found_by_its_number(archive, registrar):
    file_record(
        archive, "credentials", LI, graduation_date="", certificate_number="", school_number="98-2"
    )
    assert search(registrar, certificate_number="982").json["items"][0]["name"] == LI.name


@pytest.mark.req("R-43")
def test_another_institutions_records_are_not_found(archive, registrar):
    for family in ("credentials", "degrees", "enrollments"):
        file_record(archive, family, LI, institution_code=OTHER)
    for number in (
        {"document_number": LI.document_number},
        {"student_number": "1100012345"},
        {"certificate_number": DEGREE_NUMBER},
    ):
        assert search(registrar, **number).json == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("numbers", "codes"),
    [
        ({}, dict.fromkeys(("document_number", "certificate_number", "student_number"),
                           "required")),
        ({"student_number": "1", "document_number": "2"},
         dict.fromkeys(("document_number", "student_number"), "value_invalid")),
        ({"certificate_number": "无"}, {"certificate_number": "certificate_number_invalid"}),
    ],
)  # fmt: skip
def test_a_search_takes_exactly_one_number(registrar, numbers, codes):
    assert field_codes(search(registrar, **numbers)) == codes


def test_a_search_states_its_purpose(registrar):
    body = {"document_number": WANG.document_number}
    answer = registrar.call("POST", "/registrar/records/search", body)
    assert field_codes(answer) == {"purpose": "required"}


@pytest.mark.req("R-67")
def test_a_search_stands_in_the_trails_of_staff_and_student(archive, counter, student):
    search(counter.registrar.client, document_number=WANG.document_number)
    own = next(
        one
        for one in trail(archive, counter.registrar.staff_id)
        if one.action == "records_searched"
    )
    assert own.facts["purpose"] == PURPOSE
    seen = student.call("GET", "/account/activity").json["items"][0]
    assert (seen["action"], seen["actor"]) == ("record_read", "staff")
    assert seen["facts"]["purpose"] == PURPOSE
    assert WANG.document_number not in str(own) + str(seen)


@pytest.mark.req("R-67")
def test_no_trail_no_data(archive, registrar, monkeypatch):
    def down(*_: object) -> None:
        raise Refusal("unavailable")

    monkeypatch.setattr(type(archive.ports.tables), "commit", down)
    answer = search(registrar, document_number=WANG.document_number)
    assert answer.status == 503
    assert WANG.name.encode() not in answer.content


@pytest.mark.req("A-15")
def test_a_record_counts_once_a_day_and_two_hundred_are_the_most(archive, counter):
    client, staff = counter.registrar.client, counter.registrar.staff_id
    use_up(archive, "staff.reads.day", staff, leaving=1)
    for _ in range(3):
        assert search(client, document_number=WANG.document_number).status == 200
    file_record(archive, "degrees", WANG)
    over = search(client, document_number=WANG.document_number)
    assert (over.status, over.code) == (403, "forbidden")
    assert search(client, student_number="none such").code == "forbidden"


@pytest.mark.req("A-15")
def test_the_cap_is_on_records_not_on_requests(archive, registrar, counter):
    archive.ports.limits.take(
        [Hit("staff.reads.day", counter.registrar.staff_id, 199)], archive.clock()
    )
    file_record(archive, "degrees", WANG)
    answer = search(registrar, document_number=WANG.document_number)
    assert answer.code == "forbidden", "two records, and room for one"
    assert search(registrar, certificate_number=DEGREE_NUMBER).status == 200


# The queue


def test_the_queue_shows_what_is_asked_the_longest_waiting_first(archive, counter, student):
    record_id = record_ids(student, "credentials")[0]
    first = ask(student, record_id).json["correction_id"]
    archive.clock.advance(60)
    ask_for_missing(student)
    archive.clock.advance(2 * DAY)
    again = signed_in(archive, REGISTRAR, counter.registrar.secret)
    shown, missing = queue(again)
    assert (shown["correction_id"], shown["age_days"]) == (first, 2)
    assert shown["name"] == WANG.name
    assert shown["changes"] == [
        {"field": "major_name", "present": "汉语言文学", "proposed": "汉语国际教育"}
    ]
    assert (shown["needs_review"], missing["needs_review"]) == (True, False)
    assert (missing["record_id"], missing["name"]) == (None, WANG.name)
    assert [one["family"] for one in queue(again, family="degrees")] == ["degrees"]
    assert queue(again, status="refused") == []


def test_the_queue_comes_in_pages(counter, student, record_id):
    for _ in range(3):
        ask(student, record_id)
    client, query, seen = counter.registrar.client, {"limit": "2"}, []
    while True:
        page = client.call("GET", "/registrar/corrections", query=query).json
        seen.extend(one["correction_id"] for one in page["items"])
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert (len(seen), len(set(seen))) == (3, 3)


@pytest.mark.req("R-43", "R-41")
def test_another_institutions_corrections_do_not_exist(archive, counter, student, record_id):
    asked = ask(student, record_id).json["correction_id"]
    archive.ports.institutions.merge([other_institution()])
    stranger = counter.registrar_of(OTHER, "registrar@thu.example").client
    assert queue(stranger) == []
    for correction_id in (asked, asked[::-1]):
        assert decide(stranger, correction_id, "accept").code == "not_found"
    foreign, absent = (decide(stranger, one, "accept") for one in (asked, asked[::-1]))
    assert but_request_id(foreign) == but_request_id(absent)


def test_a_draft_is_not_the_institutions_yet(counter, student, record_id):
    drafted = with_evidence(student, record_id)["correction_id"]
    assert queue(counter.registrar.client) == []
    assert decide(counter.registrar.client, drafted, "accept").code == "not_found"


def test_the_institution_sees_the_evidence(archive, counter, student, record_id):
    opened = with_evidence(student, record_id)
    upload(archive, opened["upload"], picture())
    correction_id = opened["correction_id"]
    assert student.call("POST", f"/corrections/{correction_id}/submit").status == 200
    path = f"/registrar/corrections/{correction_id}/evidence"
    shown = counter.registrar.client.call("GET", path)
    assert (shown.status, shown.headers["Content-Type"]) == (200, "image/jpeg")
    assert shown.headers["Cache-Control"] == "no-store"
    actions = {one.action for one in trail(archive, counter.registrar.staff_id)}
    assert "evidence_read" in actions
    without = ask(student, record_id).json["correction_id"]
    path = f"/registrar/corrections/{without}/evidence"
    assert counter.registrar.client.call("GET", path).code == "not_found"


# Deciding


def test_an_accepted_correction_is_a_new_version(archive, counter, student, record_id):
    change_asked = {"field": "president_name", "proposed": "林校长"}
    report = issue(student, record_id).json
    asked = ask(student, record_id, changes=[change_asked]).json["correction_id"]
    archive.clock.advance(60)
    decided = decide(counter.registrar.client, asked, "accept", "已更正")
    assert decided.json == {
        "correction_id": asked,
        "status": "accepted",
        "record_id": record_id,
        "version": 2,
        "change_id": None,
    }
    assert (present(student)["president_name"], present(student)["version"]) == ("林校长", 2)
    old = versions(student, record_id)[0]
    assert (old["version"], old["replaced_by"], old["reason"]) == (1, "registrar", "已更正")
    correction = student.call("GET", f"/corrections/{asked}").json
    assert (correction["status"], correction["history"][-1]["note"]) == ("accepted", "已更正")
    assert verified(archive, report) == "superseded"
    assert any("更正" in text for text in sent_to(archive, WANG.email))
    assert decide(counter.registrar.client, asked, "refuse", "晚了").code == "conflict"


def test_a_refusal_needs_a_note_that_the_student_reads(counter, student, record_id):
    asked = ask(student, record_id).json["correction_id"]
    client = counter.registrar.client
    assert field_codes(decide(client, asked, "refuse")) == {"note": "required"}
    assert decide(client, asked, "refuse", "与学籍档案一致").json["status"] == "refused"
    correction = student.call("GET", f"/corrections/{asked}").json
    assert correction["history"][-1]["note"] == "与学籍档案一致"
    assert present(student)["version"] == 1


def test_a_missing_record_is_filed_as_the_student_described_it(archive, counter, student):
    facts = {
        "degree_name": "文学学士",
        "awarded_date": "2015-07-01",
        "certificate_number": DEGREE_NUMBER,
    }
    asked = ask_for_missing(student, facts=facts).json["correction_id"]
    decided = decide(counter.registrar.client, asked, "accept")
    assert (decided.status, decided.json["version"]) == (200, 1), decided.content
    degree = present(student, "degrees")
    assert (degree["name"], degree["institution_code"]) == (WANG.name, UNIVERSITY_CODE)
    assert degree["record_id"] == decided.json["record_id"]
    again = ask_for_missing(student, facts=facts).json["correction_id"]
    assert decide(counter.registrar.client, again, "accept").code == "conflict"


def test_a_missing_record_that_says_too_little_is_not_filed(counter, student):
    asked = ask_for_missing(student).json["correction_id"]
    answer = decide(counter.registrar.client, asked, "accept")
    assert field_codes(answer) == {"facts.certificate_number": "required"}
    assert student.call("GET", f"/corrections/{asked}").json["status"] == "submitted"


def test_what_the_record_says_by_now_needs_no_new_version(counter, student, record_id):
    wanted = {"field": "president_name", "proposed": "林校长"}
    asked = ask(student, record_id, changes=[wanted]).json["correction_id"]
    change(counter.registrar.client, record_id, president_name="林校长")
    assert decide(counter.registrar.client, asked, "accept").json["version"] is None
    assert present(student)["version"] == 2


# Changing


def test_other_fields_change_at_once(archive, counter, student, record_id):
    report = issue(student, record_id).json
    done = change(counter.registrar.client, record_id, president_name="林校长", length_years=4)
    assert (done.status, done.json) == (
        200,
        {"record_id": record_id, "version": 2, "applied": ["length_years", "president_name"]},
    )
    record = present(student)
    assert (record["president_name"], record["length_years"]) == ("林校长", 4)
    assert versions(student, record_id)[0]["reason"] == REASON
    assert verified(archive, report) == "superseded"
    told = sent_to(archive, WANG.email)
    assert any("学历记录已更改" in text for text in told)
    assert sent_to(archive, WANG.phone)[-1].strip().startswith("【")
    line = student.call("GET", "/account/activity").json["items"]
    assert any(one["action"] == "record_changed" and one["actor"] == "staff" for one in line)


def test_a_repeated_change_is_made_once(counter, student, record_id):
    """A client whose answer got lost asks again."""
    client = counter.registrar.client
    for applied in (["president_name"], []):
        again = change(client, record_id, president_name="林校长")
        assert (again.status, again.json["version"], again.json["applied"]) == (200, 2, applied)
    first, second = (
        change(client, record_id, major_name="历史学", president_name="林校长") for _ in range(2)
    )
    assert (first.status, first.json) == (202, second.json)


def test_key_fields_wait_while_others_change(counter, student, record_id):
    done = change(counter.registrar.client, record_id, major_name="历史学", president_name="林校长")
    assert (done.status, done.json["applied"], done.json["waiting"]) == (
        202,
        ["president_name"],
        ["major_name"],
    )
    record = present(student)
    assert (record["major_name"], record["president_name"]) == ("汉语言文学", "林校长")
    again = change(counter.registrar.client, record_id, sex="男")
    assert again.code == "conflict", "one change of a record waits at a time"


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({}, {"$": "required"}),
        ({"president_name": "林校长", "surname": "王"}, {"surname": "unknown_member"}),
        ({"student_number": "1"}, {"student_number": "value_invalid"}),
        ({"graduation_date": "2015-02-30"}, {"graduation_date": "date_invalid"}),
        ({"document_number": "110105194912310020"}, {"document_number": "document_number_invalid"}),
    ],
)
def test_what_cannot_be_changed_is_named(counter, record_id, fields, codes):
    assert field_codes(change(counter.registrar.client, record_id, **fields)) == codes


@pytest.mark.req("R-43", "R-41")
def test_another_institutions_record_does_not_exist(archive, counter, record_id):
    archive.ports.institutions.merge([other_institution()])
    stranger = counter.registrar_of(OTHER, "registrar@thu.example").client
    calls = [
        lambda one: change(stranger, one, president_name="林校长"),
        lambda one: on_hold(stranger, one),
        lambda one: on_hold(stranger, one, "DELETE"),
        lambda one: revoke(stranger, one),
        lambda one: replace(stranger, one),
    ]
    for call in calls:
        foreign, absent = call(record_id), call(record_id[::-1])
        assert foreign.code == "not_found"
        assert but_request_id(foreign) == but_request_id(absent)


def test_what_was_corrected_is_not_undone_by_the_same_file(archive, counter, student, record_id):
    """The file that the institution delivered last says nothing new; a corrected one neither."""
    change(counter.registrar.client, record_id, president_name="林校长")
    file_record(archive, "credentials", WANG)
    assert (present(student)["president_name"], present(student)["version"]) == ("林校长", 2)
    file_record(archive, "credentials", WANG, president_name="林校长")
    assert present(student)["version"] == 2
    file_record(archive, "credentials", WANG, president_name="周校长")
    assert (present(student)["president_name"], present(student)["version"]) == ("周校长", 3)


def test_a_record_keeps_its_id_when_its_number_is_corrected(archive, counter, student, record_id):
    number = "100011201505000999"
    change(counter.registrar.client, record_id, certificate_number=number)
    file_record(archive, "credentials", WANG, certificate_number=number)
    assert record_ids(student, "credentials") == [record_id]
    assert present(student)["version"] == 2
    assert search(counter.registrar.client, certificate_number=number).json["items"]
    assert search(counter.registrar.client, certificate_number=CERTIFICATE_NUMBER).json == {
        "items": [],
        "next": None,
    }


def test_a_number_that_another_record_has_is_refused(archive, counter, record_id):
    file_record(archive, "credentials", LI, certificate_number="100011201505000999")
    answer = change(counter.registrar.client, record_id, certificate_number="100011201505000999")
    assert answer.code == "conflict"


# Withholding, revoking, replacing


def test_a_withheld_record_is_hidden_until_it_is_released(archive, counter, student, record_id):
    report = issue(student, record_id).json
    assert on_hold(counter.registrar.client, record_id, reason="照片比对不一致").status == 200
    assert present(student) == {
        "record_id": record_id,
        "held": True,
        "hold_reason": "照片比对不一致",
    }
    assert verified(archive, report) == "superseded"
    assert issue(student, record_id).code == "record_not_reportable"
    again = on_hold(counter.registrar.client, record_id, reason="照片比对不一致")
    assert (again.status, again.json["version"]) == (200, 2)
    for _ in range(2):
        released = on_hold(counter.registrar.client, record_id, "DELETE")
        assert (released.status, released.json["version"]) == (200, 3)
    assert present(student)["held"] is False
    assert issue(student, record_id).status == 201
    texts = "".join(sent_to(archive, WANG.email))
    assert "已暂停查询" in texts
    assert "已恢复查询" in texts


def revoke(client: Client, record_id: str, family: str = "credentials") -> Any:
    path = f"/registrar/records/{family}/{record_id}/revocation"
    return client.call("PUT", path, {"reason": "学术不端"})


def replace(client: Client, record_id: str, number: str = "100011202605009001") -> Any:
    path = f"/registrar/records/credentials/{record_id}/replacement"
    body = {"certificate_number": number, "reason": "毕业证书遗失"}
    return client.call("POST", path, body)


def test_a_revoked_credential_takes_its_reports_along(archive, counter, student, record_id):
    report = issue(student, record_id).json
    assert revoke(counter.registrar.client, record_id).status == 200
    assert verified(archive, report) == "revoked"
    assert issue(student, record_id).code == "record_not_reportable"
    assert revoke(counter.registrar.client, record_id).json["version"] == 2


def test_only_what_was_awarded_can_be_revoked(archive, counter, student):
    file_record(archive, "enrollments", WANG)
    enrolment = record_ids(student, "enrollments")[0]
    assert revoke(counter.registrar.client, enrolment, "enrollments").code == "not_found"


def test_a_lost_diploma_and_its_replacement_name_each_other(archive, counter, student, record_id):
    report = issue(student, record_id).json
    made = replace(counter.registrar.client, record_id)
    assert (made.status, made.json["lost"]["record_id"]) == (201, record_id)
    records = {
        one["record_id"]: one for one in student.call("GET", "/archive/credentials").json["items"]
    }
    lost, new = records[record_id], records[made.json["record_id"]]
    assert (lost["lost_void"], lost["replaced_by"]) == (True, "100011202605009001")
    assert (new["certificate_number"], new["replaces"]) == (
        "100011202605009001",
        CERTIFICATE_NUMBER,
    )
    assert (new["lost_void"], new["photos"]) == (False, ["graduation"])
    assert verified(archive, report) == "revoked"
    assert issue(student, record_id).code == "record_not_reportable"
    assert issue(student, new["record_id"]).status == 201
    assert replace(counter.registrar.client, record_id).code == "conflict"


def test_a_replacements_number_is_its_own(counter, record_id):
    taken = replace(counter.registrar.client, record_id, CERTIFICATE_NUMBER)
    assert taken.code == "conflict"
    odd = replace(counter.registrar.client, record_id, "无")
    assert field_codes(odd) == {"certificate_number": "certificate_number_invalid"}


# Reports that one commit does not hold


def test_any_number_of_reports_is_superseded(archive, counter, student, record_id):
    reports = [issue(student, record_id).json for _ in range(23)]
    change(counter.registrar.client, record_id, president_name="林校长")
    assert {verified(archive, report) for report in reports} == {"superseded"}


@pytest.mark.req("R-94")
def test_the_schedule_withdraws_what_a_killed_change_left(
    archive, counter, student, record_id, monkeypatch
):
    reports = [issue(student, record_id).json for _ in range(MOST_AT_ONCE + 3)]
    monkeypatch.setattr(change_record, "settle", lambda *_: None)
    change(counter.registrar.client, record_id, president_name="林校长")
    results = Counting(verified(archive, report) for report in reports)
    assert results == {"superseded": MOST_AT_ONCE, "valid": 3}
    for _ in range(2):
        jobs.check_appeals(archive.ports)
        assert {verified(archive, report) for report in reports} == {"superseded"}


def other_institution() -> Any:
    return Institution(
        identifier="4111010003",
        code=OTHER,
        name="清华大学",
        province="北京市",
        level="本科",
        department="教育部",
    )


# Repeating


@pytest.mark.req("R-85")
def test_a_decision_repeated_under_its_key_is_made_once(counter, student, record_id):
    wanted = {"field": "president_name", "proposed": "林校长"}
    asked = ask(student, record_id, changes=[wanted]).json["correction_id"]
    path = f"/registrar/corrections/{asked}/decision"
    first, again = (
        counter.registrar.client.call(
            "POST", path, {"decision": "accept"}, headers={"Idempotency-Key": "decided"}
        )
        for _ in range(2)
    )
    assert (first.status, first.json) == (200, again.json)
    assert again.headers["Idempotency-Replayed"] == "true"
