"""What makes a record the same record when its source delivers it again.

A natural key holds personal data: a store keeps a keyed digest of it, never the key.
"""

from collections.abc import Callable, Mapping

from chalicelib.domain.certificates import normal_number
from chalicelib.domain.records import (
    Admission,
    Aid,
    Credential,
    Degree,
    Enrollment,
    Exam,
    Facts,
    Family,
    Loan,
)

_SEPARATOR = "\x1f"
"""A control character, which no field holds: different facts never make the same key."""


def natural_key(family: Family, facts: Facts) -> str:
    """The stable identity of a record in its source; `facts` are of `family` and have its
    required fields (`domain/columns.py`).
    """
    return _SEPARATOR.join((family, *_KEYS[family](facts)))


def _institution(facts: Enrollment | Credential | Degree | Aid) -> str:
    return facts.institution_code or facts.institution_name or ""


def _enrollment(facts: Enrollment) -> tuple[str, ...]:
    """An institution gives a student number once; a file before that has the examinee number."""
    number = (
        ("student", facts.student_number)
        if facts.student_number
        else ("examinee", facts.examinee_number or "")
    )
    return (_institution(facts), *number)


def _credential(facts: Credential) -> tuple[str, ...]:
    for kind, number in (
        ("certificate", facts.certificate_number),
        ("school", facts.school_number),
        ("serial", facts.serial_number),
    ):
        if number:
            return (_institution(facts), kind, normal_number(number))
    raise ValueError("a credential has one of its three numbers")


def _degree(facts: Degree) -> tuple[str, ...]:
    return (_institution(facts), normal_number(facts.certificate_number or ""))


def _admission(facts: Admission) -> tuple[str, ...]:
    return (str(facts.year), facts.province or "", facts.examinee_number or "")


def _exam(facts: Exam) -> tuple[str, ...]:
    return (
        str(facts.year),
        facts.exam_kind or "",
        facts.province or "",
        facts.examinee_number or "",
    )


def _loan(facts: Loan) -> tuple[str, ...]:
    return (facts.lender or "", facts.contract_number or "")


def _aid(facts: Aid) -> tuple[str, ...]:
    """A grant carries no number of its own."""
    return (
        _institution(facts),
        facts.name,
        facts.document_number or "",
        facts.aid_kind or "",
        facts.academic_year or "",
    )


_KEYS: Mapping[Family, Callable[..., tuple[str, ...]]] = {
    "enrollments": _enrollment,
    "credentials": _credential,
    "degrees": _degree,
    "admissions": _admission,
    "exams": _exam,
    "loans": _loan,
    "aids": _aid,
}
