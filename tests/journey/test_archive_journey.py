"""Binding by hand, proofreading and corrections by HTTP."""

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.journey.server import LocalServer, Reply
from tests.journey.steps import UPLOADED, actions, require_code, scan, upload
from tests.journey.student import Student

pytestmark = pytest.mark.local

WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def registered(server: LocalServer, place: int) -> Student:
    """Somebody of the registry with the archive open, and nothing bound by hand yet."""
    student = Student(server, server.people()[place], f"archive-{place}@example.com")
    assert student.second_step.status == 201, student.second_step.content
    student.tokens.append(student.second_step.json["access_token"])
    return student


def bind(student: Student, hint: dict[str, Any], **changes: Any) -> Reply:
    asked = ("family", "certificate_number", "graduation_year", "institution")
    return student.call("POST", "/bindings", {name: hint[name] for name in asked} | changes)


# Binding by hand


def test_the_schools_own_number_binds_however_it_is_typed(server: LocalServer):
    student = registered(server, 45)
    hint = next(h for h in student.person["manual_bindings"] if h["family"] == "credentials")
    number = hint["certificate_number"]
    first = bind(student, hint, certificate_number=f"第 {number.translate(WIDE)} 号")
    assert first.status == 201, first.content
    assert first.json["matched_number"] == "school"
    for typed in (number, number.translate(WIDE), f"00{number}", f"NO.{number}", f" {number} "):
        again = bind(student, hint, certificate_number=typed)
        assert (again.status, again.json) == (201, first.json), typed
    listed = student.get("/bindings").json["items"]
    manual = [one for one in listed if one["how"] == "manual"]
    assert [one["binding_id"] for one in manual] == [first.json["binding_id"]]
    assert manual[0]["matched_number"] == "school"
    assert manual[0]["bound_at"]
    assert actions(student)["bound"]["record_id"] == first.json["record_id"]


def test_the_printed_serial_binds_without_its_prefix_and_zeros(server: LocalServer):
    student = registered(server, 46)
    [hint] = student.person["manual_bindings"]
    digits = hint["certificate_number"].removeprefix("NO.").lstrip("0")
    code = {"certificate_number": digits, "institution": hint["institution_code"]}
    first = bind(student, hint, **code)
    assert (first.status, first.json["matched_number"]) == (201, "serial")
    again = bind(student, hint, certificate_number=f"ＮＯ．００{digits.translate(WIDE)}")
    assert again.json == first.json
    record = student.get(f"/archive/credentials/{first.json['record_id']}").json
    assert record["serial_number"] == hint["certificate_number"], "shown as it is printed"


@pytest.mark.req("R-55")
@pytest.mark.req("R-54")
def test_what_is_bound_to_somebody_is_not_found_by_anybody_else(server: LocalServer):
    [hint] = server.people()[46]["manual_bindings"]
    stranger = registered(server, 62)
    taken = bind(stranger, hint)
    require_code(taken, 422, "not_matched")
    nowhere = bind(stranger, hint, certificate_number="987654321")
    assert without_id(taken) == without_id(nowhere)


def without_id(answer: Reply) -> dict[str, Any]:
    return {name: value for name, value in answer.json.items() if name != "request_id"}


def test_a_name_with_question_marks_is_reviewed(server: LocalServer):
    student = registered(server, 51)
    hint = student.person["manual_bindings"][0]
    asked = bind(student, hint)
    assert (asked.status, asked.json["status"]) == (202, "review_required")
    assert bind(student, hint).json == asked.json, "asked for once"
    assert student.records(hint["family"]) == []
    assert "binding_review_asked" in actions(student)


@pytest.mark.req("A-08")
def test_after_five_misses_nothing_binds_that_day(server: LocalServer):
    student = registered(server, 85)
    hint = student.person["manual_bindings"][0]
    for miss in range(5):
        require_code(bind(student, hint, certificate_number=f"7{miss}0"), 422, "not_matched")
    require_code(bind(student, hint), 422, "not_matched")
    server.wait(86_400)
    again = back(student)
    assert bind(again, hint).status == 201


def back(student: Student) -> Student:
    """Signed in again, on the device that was remembered."""
    answer = student.sign_in_again()
    assert answer.status == 201, answer.content
    student.tokens.append(answer.json["access_token"])
    return student


# Proofreading


@pytest.fixture(scope="module")
def reader(server: LocalServer) -> Student:
    """Somebody with records of every family."""
    return registered(server, 49 + 32)  # "bachelor with records of every family"


def one_of(student: Student, family: str) -> dict[str, Any]:
    return next(record for record in student.records(family) if not record["held"])


def test_a_record_is_found_right_in_its_version(reader: Student):
    for family in ("enrollments", "credentials", "loans"):
        path = f"/archive/{family}/{one_of(reader, family)['record_id']}"
        for _ in range(2):
            assert reader.call("PUT", f"{path}/confirmation").status == 204
        record = reader.get(path).json
        assert record["confirmed_version"] == record["version"] == 1
    assert actions(reader)["record_confirmed"]["family"] == "loans"


def test_a_photo_is_judged(reader: Student):
    path = f"/archive/enrollments/{one_of(reader, 'enrollments')['record_id']}"
    verdicts: list[dict[str, str]] = [
        {"verdict": "unclear"},
        {"verdict": "not_mine", "reason": "照片不是本人"},
        {"verdict": "mine"},
    ]
    for verdict in verdicts:
        assert reader.call("PUT", f"{path}/photo-confirmation", verdict).status == 204
        assert reader.get(path).json["photo_verdict"] == verdict["verdict"]
        assert actions(reader)["photo_judged"]["verdict"] == verdict["verdict"]
    odd = reader.call("PUT", f"{path}/photo-confirmation", {"verdict": "perhaps"})
    assert odd.json["errors"][0]["field"] == "verdict"


def test_a_correction_with_evidence_is_followed_and_withdrawn(reader: Student):
    record = one_of(reader, "credentials")
    body = {
        "family": "credentials",
        "record_id": record["record_id"],
        "changes": [{"field": "major_name", "proposed": "汉语国际教育"}],
        "reason": "专业名称有误",
        "evidence": True,
    }
    opened = reader.call("POST", "/corrections", body)
    assert (opened.status, opened.json["status"]) == (201, "draft"), opened.content
    path = f"/corrections/{opened.json['correction_id']}"
    require_code(reader.call("POST", f"{path}/submit"), 422, "file_rejected")
    assert upload(opened.json["upload"], scan()) in UPLOADED
    submitted = reader.call("POST", f"{path}/submit")
    assert (submitted.status, submitted.json["status"]) == (200, "submitted")
    assert reader.get("/corrections").json["items"][0]["status"] == "submitted"
    assert reader.call("DELETE", path).status == 204
    read = reader.get(path).json
    assert read["status"] == "withdrawn"
    assert [step["action"] for step in read["history"]] == ["opened", "submitted", "withdrawn"]
    assert read["institution_code"] == record["institution_code"]
    assert {"correction_opened", "correction_submitted", "correction_withdrawn"} <= set(
        actions(reader)
    )
    require_code(reader.call("POST", f"{path}/submit"), 409, "conflict")


def test_a_record_that_is_missing_is_asked_for(reader: Student):
    code = one_of(reader, "credentials")["institution_code"]
    body = {
        "family": "degrees",
        "institution_code": code,
        "facts": {"degree_name": "文学学士", "awarded_date": "2015-07-01"},
        "reason": "没有查到学位",
    }
    opened = reader.call("POST", "/corrections", body)
    assert (opened.status, opened.json["status"]) == (201, "submitted"), opened.content
    assert opened.json["record_id"] is None
    assert opened.json["facts"] == {"degree_name": "文学学士", "awarded_date": "2015-07-01"}
    unknown = reader.call("POST", "/corrections", body | {"institution_code": "00000"})
    assert unknown.json["errors"][0]["field"] == "institution_code"


def test_the_institutions_file_makes_a_new_version(reader: Student, tmp_path: Path):
    record = one_of(reader, "credentials")
    path = f"/archive/credentials/{record['record_id']}"
    file = with_other_major(reader.server, record["certificate_number"], tmp_path)
    reader.server.run("infra.import_records", "credentials", str(file))
    now = reader.get(path).json
    assert (now["version"], now["major_name"]) == (2, "改正后的专业")
    assert now["confirmed_version"] == 1, "what was found right was the first version"
    [old] = reader.get(f"{path}/versions").json["items"]
    assert (old["version"], old["facts"]["major_name"]) == (1, record["major_name"])
    assert old["reason"]
    assert old["replaced_by"]


def with_other_major(server: LocalServer, number: str, folder: Path) -> Path:
    """The institution's file once more, with one row of it changed."""
    with (server.folder / "demo" / "credentials.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if number in row.values()]
    assert len(rows) == 1
    changed = folder / "credentials.csv"
    with changed.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerow(rows[0] | {"ZYMC": "改正后的专业"})
    return changed


def test_a_withheld_record_says_why_and_nothing_else(server: LocalServer):
    student = registered(server, 52)
    [held] = [record for record in student.records("enrollments") if record["held"]]
    assert set(held) == {"record_id", "held", "hold_reason"}
    assert held["hold_reason"]
    path = f"/archive/enrollments/{held['record_id']}"
    assert student.get(path).json == held
    require_code(student.get(f"{path}/photo?kind=admission"), 404, "not_found")
    assert student.get(f"{path}/versions").json["items"] == []
    require_code(student.call("PUT", f"{path}/confirmation"), 409, "conflict")
    report = {
        "kind": "enrollment",
        "record_id": held["record_id"],
        "language": "zh",
        "valid_months": 1,
        "disclosure": "full",
    }
    require_code(student.call("POST", "/reports", report), 409, "record_not_reportable")


@pytest.mark.parametrize(
    ("place", "eligible"),
    [(74, True), (84, True), (78, False), (53, False)],
    ids=["junior college", "junior college, then bachelor", "master", "diploma declared void"],
)
def test_who_may_go_on_to_a_bachelors_programme(server: LocalServer, place: int, eligible: bool):
    answer = registered(server, place).get("/account/upgrade-eligibility")
    assert (answer.status, answer.json) == (200, {"eligible": eligible})
