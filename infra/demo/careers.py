"""What an invented person has studied, as rows of institutions' files.

A `Career` gathers rows by family (our field names → text as an institution writes it), and what a
person may do with them: how many bind by themselves, which can be bound by hand.
"""

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Literal, NamedTuple

from chalicelib.domain.documents import PROVINCES
from chalicelib.domain.records import Family
from infra.demo.identities import Identity
from infra.demo.words import AIDS, LENDERS, Institution, Major

Row = dict[str, str]
Outcome = Literal["bound", "review", "not_matched"]

_DOCUMENT_WORDS = {
    "resident_id": "居民身份证",
    "residence_permit": "港澳台居民居住证",
    "mainland_travel_permit_hk_mo": "港澳居民来往内地通行证",
    "mainland_travel_permit_tw": "台湾居民来往大陆通行证",
    "passport": "护照",
    "permanent_resident_card": "外国人永久居留身份证",
}


class Course(NamedTuple):
    """A way to study: words of the registers, years, and the codes that numbers are made of."""

    level: str
    category: str
    study_form: str
    years: float
    kind_code: str
    level_code: str
    degree: str | None = None


BACHELOR = Course("本科", "普通高等教育", "普通全日制", 4, "1", "05", "学士")
JUNIOR = Course("专科", "普通高等教育", "普通全日制", 3, "1", "06")
VOCATIONAL = Course("高职（专科）", "普通高等教育", "普通全日制", 3, "1", "06")
UPGRADE = Course("专科起点本科", "普通高等教育", "普通全日制", 2, "1", "05", "学士")
SECOND_BACHELOR = Course("第二学士学位", "普通高等教育", "普通全日制", 2, "1", "04", "学士")
MASTER = Course("硕士研究生", "研究生", "全日制", 3, "1", "02", "硕士")
PART_TIME_MASTER = Course("硕士研究生", "研究生", "非全日制", 3, "1", "02", "硕士")
DOCTOR = Course("博士研究生", "研究生", "全日制", 4, "1", "01", "博士")
CORRESPONDENCE = Course("专科起点本科", "成人高等教育", "函授", 3, "5", "05", "学士")
EVENING = Course("本科", "成人高等教育", "夜大学", 5, "5", "05")
ONLINE = Course("专科起点本科", "网络教育", "网络教育", 2.5, "7", "05")
OPEN = Course("专科", "开放教育", "开放教育", 2.5, "5", "06")
SELF_STUDY = Course("本科", "高等教育自学考试", "业余", 4, "6", "05")
DIPLOMA_EXAM = Course("专科", "学历文凭考试", "脱产", 3, "6", "06")

_DEGREE_CODES = {"博士": "2", "硕士": "3", "学士": "4"}


@dataclass(frozen=True, slots=True)
class Stage:
    """One course at one institution, from `start` on."""

    course: Course
    institution: Institution
    major: Major
    start: int

    @property
    def entry(self) -> str:
        """The day of entry."""
        return f"{self.start}0901"

    @property
    def leaving(self) -> str:
        """The day on which the course ends: half years end in January."""
        if self.course.years % 1:
            return f"{self.start + int(self.course.years) + 1}0110"
        return f"{self.start + int(self.course.years)}0701"

    @property
    def end(self) -> int:
        """The year in which the course ends."""
        return int(self.leaving[:4])

    @property
    def is_postgraduate(self) -> bool:
        """Whether it leads to a master's or doctor's degree."""
        return self.course.category == "研究生"

    def described(self) -> Row:
        """What every record of this stage says about institution, level and major."""
        return self.placed() | {
            "level": self.course.level,
            "major_code": self.major.graduate_code if self.is_postgraduate else self.major.code,
            "major_name": self.major.graduate_name if self.is_postgraduate else self.major.name,
        }

    def placed(self) -> Row:
        """Institution only."""
        return {
            "institution_code": self.institution.code,
            "institution_name": self.institution.name,
        }

    def studied(self) -> Row:
        """Institution, level, major, and how and since when it was studied."""
        return self.described() | {
            "length_years": f"{self.course.years:g}",
            "category": self.course.category,
            "study_form": self.course.study_form,
            "enrollment_date": self.entry,
        }


@dataclass(slots=True)
class Career:
    """The rows of one person. `recorded` is how institutions wrote the person down."""

    person: Identity
    rng: Random
    recorded: Row
    rows: list[tuple[Family, Row]] = field(default_factory=list)
    holds: Counter[Family] = field(default_factory=Counter)
    held: Counter[Family] = field(default_factory=Counter)
    hints: list[dict[str, object]] = field(default_factory=list)

    def add(self, family: Family, facts: Row, *, by_hand: Outcome | None = None) -> None:
        """Add a record; `by_hand` says what binding it by hand brings, None: it binds itself."""
        self.rows.append((family, self.recorded | facts))
        if by_hand is None:
            self.holds[family] += 1
            self.held[family] += "hold_reason" in facts

    @property
    def serial(self) -> int:
        """What makes the person's numbers unlike everybody else's."""
        return self.person.index + 1

    # Stages

    def exam(self, stage: Stage) -> None:
        """The entrance examination."""
        subjects = (
            ("思想政治理论", "外国语", "业务课一", "业务课二")
            if stage.is_postgraduate
            else ("语文", "数学", "外语", "综合")
        )
        scores = [self.rng.randint(60, 95) for _ in subjects]
        marks = ";".join(f"{name}:{score}" for name, score in zip(subjects, scores, strict=True))
        self.add(
            "exams",
            {
                "exam_kind": "全国硕士研究生招生考试"
                if stage.is_postgraduate
                else "普通高等学校招生全国统一考试",
                "year": str(stage.start),
                "province": self._province,
                "examinee_number": self.examinee_number(stage),
                "subjects": marks,
                "total_score": str(sum(scores)),
            },
        )

    def admission(self, stage: Stage) -> None:
        """Having been admitted."""
        self.add(
            "admissions",
            stage.described()
            | {
                "examinee_number": self.examinee_number(stage),
                "province": self._province,
                "year": str(stage.start),
                "study_form": stage.course.study_form,
                "batch": _batch(stage.course),
                "admission_date": f"{stage.start}0720",
                "total_score": str(self.rng.randint(420, 690)),
            },
        )

    def enrollment(self, stage: Stage, status: str = "毕业", *, hold: str | None = None) -> None:
        """Being, or having been, a student."""
        facts = stage.studied() | {
            "department": f"{stage.major.name}系",
            "class_name": f"{stage.start % 100:02d}{stage.major.name}{self.rng.randint(1, 4)}班",
            "student_number": f"{stage.start}{self.serial:06d}",
            "examinee_number": self.examinee_number(stage),
            "status": status,
            "expected_graduation_date": stage.leaving,
        }
        self.add("enrollments", facts | ({"hold_reason": hold} if hold else {}))

    def credential(self, stage: Stage, *, by_hand: Outcome | None = None, **changes: str) -> str:
        """The diploma; its certificate number. An empty change leaves a field out."""
        facts = stage.studied() | {
            "graduation_date": stage.leaving,
            "certificate_number": self.certificate_number(stage),
            "conclusion": "毕业",
            "president_name": stage.institution.president,
        }
        facts |= changes
        self.add("credentials", facts, by_hand=by_hand)
        number = next(
            facts[name]
            for name in ("certificate_number", "school_number", "serial_number")
            if facts.get(name)
        )
        if by_hand is not None:
            self._hint("credentials", number, stage, by_hand)
        return number

    def degree(self, stage: Stage, *, by_hand: Outcome | None = None, **changes: str) -> None:
        """The degree awarded with the diploma."""
        level = stage.course.degree
        if level is None:
            raise ValueError(f"{stage.course.level} leads to no degree")
        number = f"{stage.institution.code}{_DEGREE_CODES[level]}{stage.end}{self.serial:06d}"
        facts = stage.described() | {
            "level": level,
            "degree_name": f"{stage.major.discipline}{level}",
            "awarded_date": f"{stage.end}0630",
            "certificate_number": number,
            "president_name": stage.institution.president,
        }
        self.add("degrees", facts | changes, by_hand=by_hand)
        if by_hand is not None:
            self._hint("degrees", number, stage, by_hand)

    def loan(self, stage: Stage, status: str) -> None:
        """A loan for the first two years of a stage."""
        settled = {"settled_date": f"{stage.end + 1}1220"} if status == "已结清" else {}
        self.add(
            "loans",
            stage.placed()
            | {
                "lender": self.rng.choice(LENDERS),
                "contract_number": f"DK{stage.start}{self.serial:08d}",
                "academic_years": f"{stage.start}-{stage.start + 2}",
                "amount": f"{self.rng.choice((12000, 16000, 24000))}.00",
                "status": status,
            }
            | settled,
        )

    def aid(self, stage: Stage) -> None:
        """A grant of the second year."""
        kind, amount = self.rng.choice(AIDS)
        self.add(
            "aids",
            stage.placed()
            | {
                "aid_kind": kind,
                "academic_year": f"{stage.start + 1}-{stage.start + 2}",
                "amount": f"{amount}.00",
                "granted_date": f"{stage.start + 1}1130",
            },
        )

    def whole(self, stage: Stage, *, loan: str | None = "已结清") -> None:
        """Everything that a finished stage leaves behind."""
        self.exam(stage)
        self.admission(stage)
        self.enrollment(stage)
        self.credential(stage)
        if stage.course.degree:
            self.degree(stage)
        if loan is not None:
            self.loan(stage, loan)

    # Numbers

    def certificate_number(self, stage: Stage, *, serial_offset: int = 0) -> str:
        """Eighteen digits: institution, kind, year, level, serial."""
        course = stage.course
        serial = self.serial + serial_offset
        return (
            f"{stage.institution.code}{course.kind_code}{stage.end}{course.level_code}{serial:06d}"
        )

    def examinee_number(self, stage: Stage) -> str:
        """Fourteen digits for the national examination, fifteen for graduate admission."""
        if stage.is_postgraduate:
            return f"{stage.institution.code}{stage.start % 10}{self.serial:09d}"
        return f"{stage.start % 100:02d}{self._province_code}{self.serial:010d}"

    @property
    def _province_code(self) -> str:
        """Where the person took the examination; Guangdong for those from outside the mainland."""
        is_resident = self.person.document_type == "resident_id"
        return self.person.document_number[:2] if is_resident else "44"

    @property
    def _province(self) -> str:
        return PROVINCES[self._province_code]

    def _hint(self, family: Family, number: str, stage: Stage, outcome: Outcome) -> None:
        self.hints.append(
            {
                "family": family,
                "certificate_number": number,
                "graduation_year": stage.end,
                "institution": stage.institution.name,
                "institution_code": stage.institution.code,
                "outcome": outcome,
            }
        )


def _batch(course: Course) -> str:
    if course.category == "研究生":
        return "研究生"
    return "专科批" if course.level_code == "06" else "本科批"


def as_recorded(person: Identity) -> Row:
    """How a careful institution writes a person down."""
    row = {
        "name": person.name,
        "document_type": _DOCUMENT_WORDS[person.document_type],
        "document_number": person.document_number,
        "sex": person.sex,
        "birth_date": f"{person.birth_date:%Y%m%d}",
    }
    if person.ethnicity:
        row["ethnicity"] = person.ethnicity
    if person.spelling:
        row["name_spelling"] = person.spelling
    return row
