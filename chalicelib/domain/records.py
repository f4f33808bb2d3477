"""The seven record families and their fields, as institutions deliver and students read them.

Field names are the contract's (flat snake_case), values are Chinese as recorded; `None` means
unknown (`＊` in a source). Dates are `YYYY-MM-DD` strings, checked where records are read in.
Sources: the field lists of the national enrolment and credential registers (学籍、学历、学位).
"""

from typing import Literal, get_args

import msgspec

Family = Literal["enrollments", "credentials", "degrees", "admissions", "exams", "loans", "aids"]
FAMILIES: tuple[Family, ...] = get_args(Family)


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every family holds: whose record it is."""

    name: str
    document_type: str | None = None
    document_number: str | None = None
    sex: str | None = None
    birth_date: str | None = None
    ethnicity: str | None = None
    name_spelling: str | None = None
    note: str | None = None


class Enrollment(Facts, frozen=True, kw_only=True, omit_defaults=True):
    """学籍: being a student of an institution."""

    institution_code: str | None = None
    institution_name: str | None = None
    level: str | None = None
    major_code: str | None = None
    major_name: str | None = None
    length_years: float | None = None
    category: str | None = None
    study_form: str | None = None
    branch: str | None = None
    department: str | None = None
    class_name: str | None = None
    student_number: str | None = None
    examinee_number: str | None = None
    enrollment_date: str | None = None
    status: str | None = None
    expected_graduation_date: str | None = None


class Credential(Facts, frozen=True, kw_only=True, omit_defaults=True):
    """学历: a graduation (毕业) or completion (结业) certificate.

    `certificate_number` is the electronic registration number (since 2001); an older diploma has
    `school_number` or `serial_number` instead. `lost_void` marks a diploma declared lost;
    `replaced_by` and `replaces` hold certificate numbers (学历证明书).
    """

    institution_code: str | None = None
    institution_name: str | None = None
    level: str | None = None
    major_code: str | None = None
    major_name: str | None = None
    length_years: float | None = None
    category: str | None = None
    study_form: str | None = None
    branch: str | None = None
    enrollment_date: str | None = None
    graduation_date: str | None = None
    certificate_number: str | None = None
    school_number: str | None = None
    serial_number: str | None = None
    conclusion: str | None = None
    president_name: str | None = None
    lost_void: bool = False
    revoked: bool = False
    replaced_by: str | None = None
    replaces: str | None = None


class Degree(Facts, frozen=True, kw_only=True, omit_defaults=True):
    """学位: a degree awarded."""

    institution_code: str | None = None
    institution_name: str | None = None
    level: str | None = None
    major_code: str | None = None
    major_name: str | None = None
    degree_name: str | None = None
    awarded_date: str | None = None
    certificate_number: str | None = None
    president_name: str | None = None
    revoked: bool = False


class Admission(Facts, frozen=True, kw_only=True, omit_defaults=True):
    """招生录取: having been admitted."""

    examinee_number: str | None = None
    province: str | None = None
    year: int | None = None
    institution_code: str | None = None
    institution_name: str | None = None
    level: str | None = None
    major_code: str | None = None
    major_name: str | None = None
    study_form: str | None = None
    batch: str | None = None
    admission_date: str | None = None
    total_score: float | None = None


class SubjectScore(msgspec.Struct, frozen=True, kw_only=True):
    """One subject of an examination and its score in points."""

    subject: str
    score: float


class Exam(Facts, frozen=True, kw_only=True, omit_defaults=True):
    """高考 / 研考: an examination's scores in points."""

    exam_kind: str | None = None
    year: int | None = None
    province: str | None = None
    examinee_number: str | None = None
    subjects: tuple[SubjectScore, ...] = ()
    total_score: float | None = None


class Loan(Facts, frozen=True, kw_only=True, omit_defaults=True):
    """助学贷款: a student loan. `amount` is yuan with two decimals, as a string."""

    lender: str | None = None
    contract_number: str | None = None
    academic_years: str | None = None
    amount: str | None = None
    status: str | None = None
    settled_date: str | None = None
    institution_code: str | None = None
    institution_name: str | None = None


class Aid(Facts, frozen=True, kw_only=True, omit_defaults=True):
    """学生资助: a grant or scholarship. `amount` is yuan with two decimals, as a string."""

    aid_kind: str | None = None
    academic_year: str | None = None
    amount: str | None = None
    granted_date: str | None = None
    institution_code: str | None = None
    institution_name: str | None = None


FACTS_OF: dict[Family, type[Facts]] = {
    "enrollments": Enrollment,
    "credentials": Credential,
    "degrees": Degree,
    "admissions": Admission,
    "exams": Exam,
    "loans": Loan,
    "aids": Aid,
}

PhotoKind = Literal["admission", "graduation"]


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record as kept: its facts with identity, version, hold and photographs.

    `updated_at` is in epoch seconds. `photos` maps a photo's kind to the address of its sealed
    image. `hold_reason` is set while the record is withheld from query and reports.
    """

    record_id: str
    family: Family
    version: int
    updated_at: int
    facts: Facts
    hold_reason: str | None = None
    photos: dict[PhotoKind, str] = {}

    @property
    def held(self) -> bool:
        """Whether the record is withheld."""
        return self.hold_reason is not None


def newest_first_key(record: Record) -> str:
    """The date by which a family's list is ordered (newest first): its latest known date."""
    facts = record.facts
    dates = (
        getattr(facts, field, None)
        for field in (
            "graduation_date",
            "awarded_date",
            "enrollment_date",
            "admission_date",
            "settled_date",
            "granted_date",
        )
    )
    years = (getattr(facts, field, None) for field in ("year", "academic_year", "academic_years"))
    return max((date for date in dates if date), default=str(next(filter(None, years), "")))
