"""Binding: what binds by itself, and what is bound by its certificate number."""

import json
from typing import Any

import pytest

from chalicelib.domain.institutions import Institution
from tests.records import (
    CERTIFICATE_NUMBER,
    DEGREE_NUMBER,
    LI,
    UNIVERSITY,
    UNIVERSITY_CODE,
    WANG,
    file_record,
    member,
    record_ids,
    without_request_id,
)
from tests.world import Answer, Client, Student, World

DAY = 86_400


def bind(client: Client, **changes: object) -> Answer:
    body = {
        "family": "credentials",
        "certificate_number": CERTIFICATE_NUMBER,
        "graduation_year": 2015,
        "institution": UNIVERSITY_CODE,
    }
    return client.call("POST", "/bindings", body | changes)


def file_unnumbered(archive: World, student: Student, **changes: Any) -> None:
    """A record without a document number: it never binds by itself."""
    file_record(archive, "credentials", student, **{"document_number": "", **changes})


# By itself


@pytest.mark.parametrize(
    "number",
    [
        "11010519491231002X",
        "11010519491231002x",
        "110105491231002",
        "１１０１０５４９１２３１００２",
    ],
)
def test_name_and_number_bind_in_every_form_of_the_number(archive, number):
    file_record(archive, "credentials", WANG, document_number=number)
    assert len(record_ids(member(archive, WANG), "credentials")) == 1


@pytest.mark.req("R-10")
@pytest.mark.parametrize("dot", "·・•．")
def test_the_dots_of_a_name_are_one(archive, dot):
    student = Student(name="阿依古丽·买买提")
    file_record(archive, "degrees", student, name=f"阿依古丽{dot}买买提")
    assert len(record_ids(member(archive, student), "degrees")) == 1


@pytest.mark.req("R-10")
@pytest.mark.parametrize("name", ["王晓明", "王小", "王小??", "王??", "王小＊", "王 小明"])
def test_another_or_uncertain_name_never_binds_by_itself(archive, name):
    file_record(archive, "credentials", WANG, name=name)
    assert record_ids(member(archive, WANG), "credentials") == []


def test_the_same_name_with_another_number_never_binds(archive):
    file_record(archive, "credentials", WANG, document_number=LI.document_number)
    assert record_ids(member(archive, WANG), "credentials") == []
    assert record_ids(member(archive, LI), "credentials") == []


def test_confirming_tells_how_many_records_were_bound(archive):
    for family in ("credentials", "degrees", "enrollments"):
        file_record(archive, family, WANG)
    file_record(archive, "enrollments", WANG, student_number="X2", hold_reason="核查中")
    archive.checker.learn(WANG.name, WANG.document_number, WANG.phone)
    bound = archive.register(WANG).json["bound"]
    assert bound == {"enrollments": 2, "credentials": 1, "degrees": 1}


def test_refreshing_counts_what_is_bound_now(archive):
    client = member(archive, WANG)
    assert client.call("POST", "/bindings/refresh").json == {"bound": {}}
    file_record(archive, "credentials", WANG)
    file_record(archive, "aids", WANG)
    answer = client.call("POST", "/bindings/refresh", {})
    assert (answer.status, answer.json) == (200, {"bound": {"credentials": 1, "aids": 1}})


def test_bindings_tell_how_and_when(archive):
    file_record(archive, "credentials", WANG)
    client = member(archive, WANG)
    archive.clock.advance(60)
    file_record(archive, "degrees", WANG)
    archive.clock.advance(60)
    file_unnumbered(archive, WANG, certificate_number="", school_number="982456")
    bound = bind(client, certificate_number="982456").json
    items = client.call("GET", "/bindings").json["items"]
    told = {
        (item["family"], item["how"], item["bound_at"], item["matched_number"]) for item in items
    }
    assert told == {
        ("credentials", "automatic", "2026-11-23T02:00:00Z", None),
        ("degrees", "automatic", "2026-11-23T02:01:00Z", None),
        ("credentials", "manual", "2026-11-23T02:02:00Z", "school"),
    }
    assert bound["binding_id"] in {item["binding_id"] for item in items}


# By number


@pytest.mark.parametrize(
    ("recorded", "typed", "kind"),
    [
        ({"certificate_number": CERTIFICATE_NUMBER}, CERTIFICATE_NUMBER, "certificate"),
        ({"certificate_number": CERTIFICATE_NUMBER}, "100011 2015 05 000123", "certificate"),
        ({"school_number": "982456"}, "982456", "school"),
        ({"school_number": "982456"}, "００982456", "school"),
        ({"school_number": "（2015）第982456号"}, "982456", "school"),
        ({"serial_number": "NO.00298959"}, "298959", "serial"),
        ({"serial_number": "NO.00298959"}, "00298959", "serial"),
        ({"serial_number": "NO.00298959"}, "No. 00298959", "serial"),
        ({"serial_number": "298959"}, "№00298959", "serial"),
        ({"serial_number": "NO.00298959"}, "ＮＯ．２９８９５９", "serial"),
    ],
)
def test_a_number_binds_in_its_normal_form(archive, recorded, typed, kind):
    file_unnumbered(archive, WANG, **{"certificate_number": "", **recorded})
    client = member(archive, WANG)
    answer = bind(client, certificate_number=typed)
    assert answer.status == 201
    assert answer.json["matched_number"] == kind
    assert answer.json["family"] == "credentials"
    assert record_ids(client, "credentials") == [answer.json["record_id"]]


def test_a_degree_is_bound_by_its_number(archive):
    file_record(archive, "degrees", WANG, document_number="")
    client = member(archive, WANG)
    answer = bind(client, family="degrees", certificate_number=DEGREE_NUMBER)
    assert (answer.status, answer.json["matched_number"]) == (201, "certificate")
    assert record_ids(client, "degrees") == [answer.json["record_id"]]


@pytest.mark.parametrize("institution", [UNIVERSITY, f" {UNIVERSITY} ", "10001", "１０００１"])
def test_the_institution_is_named_or_given_by_code(archive, institution):
    archive.ports.institutions.merge(
        [
            Institution(
                identifier="4111010001",
                code=UNIVERSITY_CODE,
                name=UNIVERSITY,
                province="北京市",
                level="本科",
                department="教育部",
            )
        ]
    )
    file_unnumbered(archive, WANG)
    assert bind(member(archive, WANG), institution=institution).status == 201


def test_a_record_that_knows_only_its_institutions_name_is_bound_by_that(archive):
    file_unnumbered(archive, WANG, institution_code="", institution_name="北京医科大学（原）")
    assert bind(member(archive, WANG), institution="北京医科大学(原)").status == 201


def test_binding_again_answers_the_same_binding(archive):
    file_unnumbered(archive, WANG)
    client = member(archive, WANG)
    first, second = bind(client), bind(client)
    assert (second.status, second.json) == (201, first.json)
    assert len(client.call("GET", "/bindings").json["items"]) == 1


def test_a_record_that_is_bound_by_itself_answers_that_binding(archive):
    file_record(archive, "credentials", WANG)
    client = member(archive, WANG)
    answer = bind(client)
    assert (answer.status, answer.json["matched_number"]) == (201, "certificate")
    assert [item["how"] for item in client.call("GET", "/bindings").json["items"]] == ["automatic"]


# Refused


@pytest.mark.req("R-54")
def test_a_miss_never_tells_what_was_wrong(archive):
    file_unnumbered(archive, WANG, name="赵六", school_number="1")
    file_unnumbered(archive, LI, certificate_number="100011201505000777")
    file_record(
        archive,
        "credentials",
        WANG,
        document_number=LI.document_number,
        certificate_number="100011201505000888",
    )
    client = member(archive, WANG)
    wrong: list[dict[str, Any]] = [
        {"certificate_number": "100011201505009999"},  # no such number
        {"certificate_number": "100011201505000777"},  # somebody else's name
        {"certificate_number": "100011201505000888"},  # the name, with another document number
        {"graduation_year": 2014},
        {"institution": "10002"},
    ]
    answers = [bind(client, **changes) for changes in wrong]
    assert {(answer.status, answer.code) for answer in answers} == {(422, "not_matched")}
    assert all(without_request_id(answer) == without_request_id(answers[0]) for answer in answers)


@pytest.mark.req("R-54")
def test_an_institution_that_is_none_is_a_miss_like_any_other(archive):
    client = member(archive, WANG)
    one, other = bind(client, institution="没有这所学校"), bind(client, institution="99999")
    assert one.code == "not_matched"
    assert without_request_id(one) == without_request_id(other)


@pytest.mark.req("R-55")
def test_a_record_is_bound_to_at_most_one_account(archive):
    namesake = Student(
        name=WANG.name,
        document_number=LI.document_number,
        phone=LI.phone,
        email=LI.email,
    )
    file_unnumbered(archive, WANG)
    first, second = member(archive, WANG), member(archive, namesake)
    assert bind(first).status == 201
    taken, absent = bind(second), bind(second, certificate_number="100011201505009999")
    assert taken.code == "not_matched"
    assert without_request_id(taken) == without_request_id(absent)
    assert record_ids(second, "credentials") == []
    assert len(record_ids(first, "credentials")) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"family": "enrollments"}, "family"),
        ({"certificate_number": ""}, "certificate_number"),
        ({"certificate_number": "0000"}, "certificate_number"),
        ({"certificate_number": "第号"}, "certificate_number"),
        ({"graduation_year": 1948}, "graduation_year"),
        ({"graduation_year": 2027}, "graduation_year"),
        ({"graduation_year": "15"}, "graduation_year"),
        ({"graduation_year": 2015.5}, "graduation_year"),
        ({"institution": ""}, "institution"),
        ({"institution": "   "}, "institution"),
        ({"institution": None}, "institution"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_cannot_be_is_named(archive, changes, field):
    answer = bind(member(archive, WANG), **changes)
    assert (answer.status, answer.code) == (422, "invalid_request")
    assert [error["field"] for error in answer.json["errors"]] == [field]


# To be reviewed


def test_a_name_with_a_lost_character_waits_for_a_review(archive):
    student = Student(name="王𬱖")
    file_unnumbered(archive, student, name="王??")
    client = member(archive, student)
    answer = bind(client)
    assert answer.status == 202
    assert answer.json["status"] == "review_required"
    assert bind(client).json == answer.json
    assert record_ids(client, "credentials") == []


def test_a_lost_character_does_not_make_every_name_fit(archive):
    file_unnumbered(archive, WANG, name="赵??")
    assert bind(member(archive, WANG)).code == "not_matched"


# Limits


@pytest.mark.req("A-08")
def test_after_five_misses_of_an_account_nothing_matches_that_day(archive):
    file_unnumbered(archive, WANG)
    client = member(archive, WANG)
    for number in range(4):
        assert bind(client, certificate_number=f"99{number}").code == "not_matched"
    assert bind(client, certificate_number="995").code == "not_matched"
    refused = bind(client)
    assert without_request_id(refused) == without_request_id(bind(client, certificate_number="996"))
    archive.clock.advance(DAY)
    assert bind(archive.sign_in(WANG)).status == 201


@pytest.mark.req("A-08")
def test_four_misses_leave_the_account_its_fifth_try(archive):
    file_unnumbered(archive, WANG)
    client = member(archive, WANG)
    for number in range(4):
        bind(client, certificate_number=f"99{number}")
    assert bind(client).status == 201


@pytest.mark.req("A-08")
@pytest.mark.parametrize(("misses", "status"), [(9, 201), (10, 422)])
def test_ten_misses_on_one_record_close_it_for_the_day_to_everybody(archive, misses, status):
    file_unnumbered(archive, WANG)
    owner = member(archive, WANG)
    guessers = [
        Student(
            name=f"赵{letter}",
            document_number=number,
            phone=f"+861990000010{place}",
            email=f"zhao{place}@example.com",
        )
        for place, (letter, number) in enumerate(
            [("一", "440308199901101512"), ("二", "440524188001010014")]
        )
    ]
    clients = [member(archive, guesser) for guesser in guessers]
    for miss in range(misses):
        assert bind(clients[miss // 5]).code == "not_matched"
    assert bind(owner).status == status


# Once


@pytest.mark.req("R-85")
def test_a_repeated_request_with_its_key_gets_the_first_answer(archive):
    file_unnumbered(archive, WANG)
    client = member(archive, WANG)
    body = {
        "family": "credentials",
        "certificate_number": CERTIFICATE_NUMBER,
        "graduation_year": 2015,
        "institution": UNIVERSITY_CODE,
    }
    first, second = (
        client.call("POST", "/bindings", body, headers={"Idempotency-Key": "k1"}) for _ in "12"
    )
    assert (second.status, second.content) == (201, first.content)
    other = client.call(
        "POST",
        "/bindings",
        raw=json.dumps(body | {"graduation_year": 2014}).encode(),
        headers={"Idempotency-Key": "k1"},
    )
    assert (other.status, other.code) == (422, "idempotency_key_reused")
