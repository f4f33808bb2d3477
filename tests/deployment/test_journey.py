"""The whole journey through the deployed API: every function a process with its own role."""

import pytest

from infra.packaging.functions import read_functions
from tests.deployment.uses import USES
from tests.journey.student import Student
from tests.journey.test_student_journey import (
    issue,
    require_control,
    require_public_answer,
    require_true_paper,
)

pytestmark = pytest.mark.deployment


@pytest.fixture(scope="session")
def student(site):
    """Somebody whose records bind by themselves."""
    return Student(site, site.people[1], "deployed@example.com").arrive()


@pytest.fixture(scope="session")
def elder(site):
    """Somebody whose records are from before the document numbers: bound by hand."""
    person = next(one for one in site.people if binds_by_hand(one))
    return Student(site, person, "elder@example.com").arrive()


def binds_by_hand(person):
    return {"bound"} == {hint["outcome"] for hint in person["manual_bindings"]}


@pytest.mark.req("R-64")
def test_somebody_registers_and_finds_what_binds_by_itself(student):
    assert student.confirmed.json["bound"] == student.person["holds"]
    families = {one["family"]: one["count"] for one in student.overview.json["families"]}
    assert families["enrollments"] == student.person["holds"]["enrollments"]


def test_what_is_bound_by_hand_is_in_the_archive(elder):
    assert [answer.status for _, answer in elder.bindings] == [201] * len(elder.bindings)
    for hint, answer in elder.bindings:
        listed = [one["record_id"] for one in elder.records(hint["family"])]
        assert answer.json["record_id"] in listed


def test_a_report_is_issued_drawn_verified_and_closed(student):
    (record, *_) = student.records("enrollments")
    issued = issue(student, "enrollment", record)
    assert issued.status == 201, issued.content
    pdf = student.get(f"/reports/{issued.json['report_id']}/pdf")
    assert pdf.headers["Content-Type"] == "application/pdf"
    require_true_paper(pdf.content, record, issued.json)
    require_public_answer(student, record, issued.json, pdf.content)
    require_control(student, record, issued.json)


@pytest.mark.parametrize("function", read_functions())
def test_every_function_does_its_work_with_its_own_role(site, student, function):
    USES[function](site, student)
    assert site.has_run(function)
    assert site.errors_of(function) == []
