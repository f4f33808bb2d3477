"""The numbers on a record by which it is found: certificates for their owners, both for staff."""

from collections.abc import Mapping
from typing import Literal

from chalicelib.domain.certificates import normal_number
from chalicelib.domain.institutions import normal_institution_name
from chalicelib.domain.records import Credential, Degree, Enrollment, Facts

NumberKind = Literal["certificate", "school", "serial"]
"""The numbers by which a record can be bound."""

IndexedKind = NumberKind | Literal["student"]

Indexed = tuple[str, int | None, str]
"""Institution (its code, or else its name in normal form), year of the award, normal number."""


def record_numbers(facts: Facts) -> Mapping[IndexedKind, Indexed]:
    """The numbers of a record by kind. Only with a known year can a record be bound by one."""
    numbers: Mapping[IndexedKind, str | None]
    match facts:
        case Credential():
            ended = facts.graduation_date
            numbers = {
                "certificate": facts.certificate_number,
                "school": facts.school_number,
                "serial": facts.serial_number,
            }
        case Degree():
            ended = facts.awarded_date
            numbers = {"certificate": facts.certificate_number}
        case Enrollment():
            ended = None
            numbers = {"student": facts.student_number}
        case _:
            return {}
    institution = facts.institution_code or normal_institution_name(facts.institution_name or "")
    year = int(ended[:4]) if ended else None
    return {
        kind: (institution, year, _comparable(kind, raw)) for kind, raw in numbers.items() if raw
    }


def student_number_form(raw: str) -> str:
    """The form in which student numbers are compared: no spaces, one case."""
    return "".join(raw.split()).upper()


def _comparable(kind: IndexedKind, raw: str) -> str:
    return student_number_form(raw) if kind == "student" else normal_number(raw)
