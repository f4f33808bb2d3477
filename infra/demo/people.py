"""The kinds of invented people, and the person that each index stands for.

Person `index` follows from the seed and the index alone: the first k people of any two registries
with the same seed are the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from chalicelib.domain.documents import DocumentType
from chalicelib.domain.records import Family
from infra.demo import careers
from infra.demo.careers import Career, Course, Row, Stage, as_recorded
from infra.demo.identities import (
    MAX_PEOPLE,
    Identity,
    NameKind,
    fifteen_digits,
    identity,
    with_check_character,
)
from infra.demo.words import (
    COLLEGES,
    HOLD_REASONS,
    MAJORS,
    RARE_CHARACTERS,
    SURNAMES,
    UNIVERSITIES,
    Institution,
    Major,
)


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person, what kind of case it is, and the person's records."""

    identity: Identity
    kind: str
    rows: Sequence[tuple[Family, Row]]
    summary: dict[str, object]


class Kind(NamedTuple):
    """A case worth having: what it is, how it is made, and in which years the studies begin."""

    description: str
    tell: Callable[[Career, "Places"], None]
    starts: tuple[int, int] = (2003, 2016)
    document: DocumentType = "resident_id"
    name: NameKind = "han"


@dataclass(frozen=True, slots=True)
class Places:
    """What and since when a person studies; further stages follow the first."""

    start: int
    major: Major
    rng: Random

    def stage(self, course: Course, *, after: int = 0, at: Sequence[Institution] = ()) -> Stage:
        """A stage that begins `after` years after the first; at a university unless said."""
        return Stage(
            course,
            self.rng.choice(at or UNIVERSITIES),
            self.major,
            self.start + after,
        )


def people(count: int, *, seed: int) -> Iterator[Person]:
    """The first `count` people of the registry with this seed; ValueError beyond MAX_PEOPLE."""
    if not 0 <= count <= MAX_PEOPLE:
        raise ValueError(f"between 0 and {MAX_PEOPLE} people can be invented")
    return (person(index, seed=seed) for index in range(count))


def person(index: int, *, seed: int) -> Person:
    """The person with this index."""
    rng = Random(f"{seed}/{index}")
    kind = KINDS[index % len(KINDS)]
    start = rng.randint(*kind.starts)
    who = identity(index, rng, birth_year=start - 18, document=kind.document, name=kind.name)
    career = Career(who, rng, as_recorded(who))
    kind.tell(career, Places(start, rng.choice(MAJORS), rng))
    return Person(who, kind.description, career.rows, _summary(who, kind, career))


def _summary(who: Identity, kind: Kind, career: Career) -> dict[str, object]:
    """What somebody who tries the archive needs to know about this person."""
    return {
        "name": who.name,
        "document_type": who.document_type,
        "document_number": who.document_number,
        "phone": who.phone,
        "kind": kind.description,
        "holds": dict(career.holds),
        "held": {family: count for family, count in career.held.items() if count},
        "manual_bindings": career.hints,
    }


# The cases


def _doctor(career: Career, places: Places) -> None:
    first = places.stage(careers.BACHELOR)
    career.whole(first)
    career.aid(first)
    career.whole(places.stage(careers.MASTER, after=4))
    career.whole(places.stage(careers.DOCTOR, after=7))


def _bachelor(career: Career, places: Places) -> None:
    stage = places.stage(careers.BACHELOR)
    career.whole(stage)
    career.aid(stage)


def _student(career: Career, places: Places) -> None:
    stage = places.stage(careers.BACHELOR)
    career.exam(stage)
    career.admission(stage)
    career.enrollment(stage, "在籍（注册学籍）")
    career.loan(stage, "已发放")
    career.aid(stage)


def _master(career: Career, places: Places) -> None:
    career.whole(places.stage(careers.BACHELOR))
    career.whole(places.stage(careers.MASTER, after=4), loan=None)


def _upgrade(career: Career, places: Places) -> None:
    career.whole(places.stage(careers.VOCATIONAL, at=COLLEGES))
    career.whole(places.stage(careers.UPGRADE, after=3), loan="还款中")


def _junior(career: Career, places: Places) -> None:
    career.whole(places.stage(careers.JUNIOR, at=COLLEGES), loan="已逾期")


def _without_document(career: Career) -> None:
    del career.recorded["document_type"], career.recorded["document_number"]


def _school_number(career: Career, places: Places) -> None:
    """Before 2001: the diploma carries the school's own number."""
    _without_document(career)
    stage = places.stage(careers.BACHELOR)
    number = f"{stage.end % 100:02d}{career.serial:04d}"
    career.credential(stage, by_hand="bound", certificate_number="", school_number=number)
    career.degree(stage, by_hand="bound")


def _serial_number(career: Career, places: Places) -> None:
    """Before 2001: the registry holds the printed serial, with its leading zeros."""
    _without_document(career)
    serial = f"NO.{200_000 + career.serial:08d}"
    career.credential(
        places.stage(careers.JUNIOR, at=COLLEGES),
        by_hand="bound",
        certificate_number="",
        serial_number=serial,
    )


def _fifteen_digits(career: Career, places: Places) -> None:
    career.recorded["document_number"] = fifteen_digits(career.person.document_number)
    _bachelor(career, places)


def _wrong_number(career: Career, places: Places) -> None:
    """One digit was mistyped: the record waits for a correction by its institution."""
    right = career.person.document_number
    career.recorded["document_number"] = right[:-1] + ("0" if right[-1] != "0" else "1")
    career.credential(places.stage(careers.BACHELOR), by_hand="not_matched")


def _other_number(career: Career, places: Places) -> None:
    """The record carries somebody else's valid number."""
    right = career.person.document_number
    other = f"{right[:6]}19010101{right[14:17]}"
    career.recorded["document_number"] = with_check_character(other)
    career.credential(places.stage(careers.BACHELOR), by_hand="not_matched")


def _missing_number(career: Career, places: Places) -> None:
    career.recorded["document_number"] = "＊"
    career.credential(places.stage(careers.BACHELOR), by_hand="bound")


def _uncertain_name(career: Career, places: Places) -> None:
    """An old system wrote each rare character as two question marks."""
    for rare in RARE_CHARACTERS:
        career.recorded["name"] = career.recorded["name"].replace(rare, "??")
    stage = places.stage(careers.BACHELOR)
    career.credential(stage, by_hand="review")
    career.degree(stage, by_hand="review")


def _former_name(career: Career, places: Places) -> None:
    """Binds once the former name is proved and stands in the identity history."""
    name = career.person.name
    career.recorded["name"] = next(one for one in SURNAMES if one != name[0]) + name[1:]
    career.credential(places.stage(careers.BACHELOR), by_hand="not_matched")


def _held_enrollment(career: Career, places: Places) -> None:
    stage = places.stage(careers.BACHELOR)
    career.exam(stage)
    career.admission(stage)
    career.enrollment(stage, hold=career.rng.choice(HOLD_REASONS))
    career.credential(stage)


def _held_credential(career: Career, places: Places) -> None:
    stage = places.stage(careers.BACHELOR)
    career.enrollment(stage)
    career.credential(stage, hold_reason=HOLD_REASONS[0])
    career.degree(stage)


def _lost(career: Career, places: Places) -> None:
    stage = places.stage(careers.BACHELOR)
    career.credential(stage, lost_void="1", note="证书遗失，声明作废")
    career.degree(stage)


def _replaced(career: Career, places: Places) -> None:
    """The 学历证明书 carries its own number and names the old one."""
    stage = places.stage(careers.BACHELOR)
    replacement = career.certificate_number(stage, serial_offset=500_000)
    lost = career.credential(stage, lost_void="1", replaced_by=replacement)
    career.credential(stage, certificate_number=replacement, replaces=lost, note="毕业证明书")
    career.degree(stage)


def _graduate_of(*courses: Course, at: Sequence[Institution] = ()) -> Callable[..., None]:
    """Courses one after the other, without entrance examination or loan."""

    def tell(career: Career, places: Places) -> None:
        after = 0
        for course in courses:
            stage = places.stage(course, after=after, at=at)
            career.enrollment(stage)
            career.credential(stage)
            if course.degree:
                career.degree(stage)
            after += int(course.years + 0.5)

    return tell


def _self_study(career: Career, places: Places) -> None:
    """No enrolment, and a number of seventeen digits that starts with the province."""
    stage = places.stage(careers.SELF_STUDY)
    number = f"{career.examinee_number(stage)[2:4]}{stage.course.kind_code}{stage.end}"
    number = f"{number}{career.serial:010d}"
    career.credential(stage, certificate_number=number, enrollment_date="", length_years="")


def _second_bachelor(career: Career, places: Places) -> None:
    career.whole(places.stage(careers.BACHELOR), loan=None)
    career.whole(places.stage(careers.SECOND_BACHELOR, after=4), loan=None)


def _student_with(status: str) -> Callable[..., None]:
    def tell(career: Career, places: Places) -> None:
        stage = places.stage(careers.BACHELOR)
        career.exam(stage)
        career.admission(stage)
        career.enrollment(stage, status)

    return tell


def _completed(career: Career, places: Places) -> None:
    """结业: the course was finished without graduation."""
    stage = places.stage(careers.BACHELOR)
    career.enrollment(stage, "结业")
    career.credential(stage, conclusion="结业")


def _seventeen_digits(career: Career, places: Places) -> None:
    """The numbers of 2001 had a serial of five digits."""
    stage = places.stage(careers.BACHELOR)
    number = career.certificate_number(stage)
    career.credential(stage, certificate_number=f"{number[:12]}{career.serial:05d}")
    career.degree(stage)


def _revoked_degree(career: Career, places: Places) -> None:
    stage = places.stage(careers.MASTER, after=4)
    career.credential(stage)
    career.degree(stage, revoked="1")


def _doctoral_student(career: Career, places: Places) -> None:
    career.whole(places.stage(careers.BACHELOR))
    career.whole(places.stage(careers.MASTER, after=4), loan=None)
    stage = places.stage(careers.DOCTOR, after=7)
    career.admission(stage)
    career.enrollment(stage, "在籍（注册学籍）")
    career.loan(stage, "已申请")


KINDS: tuple[Kind, ...] = (
    Kind("doctor with three stages", _doctor, (1999, 2013)),
    Kind("bachelor with records of every family", _bachelor),
    Kind("student now enrolled", _student, (2024, 2025)),
    Kind("master, minority name", _master, name="minority"),
    Kind("junior college, then upgraded to bachelor", _upgrade),
    Kind("diploma before 2001: school's own number, bound by hand", _school_number, (1988, 1995)),
    Kind("diploma before 2001: printed serial, bound by hand", _serial_number, (1988, 1996)),
    Kind("records carry the document number of 15 digits", _fifteen_digits, (1998, 2003)),
    Kind("record with a mistyped document number", _wrong_number),
    Kind("record without a document number, bound by hand", _missing_number),
    Kind("name with a rare character", _bachelor, name="rare"),
    Kind("recorded name holds ??, reviewed by hand", _uncertain_name, name="rare"),
    Kind("enrolment withheld", _held_enrollment),
    Kind("diploma lost and declared void", _lost),
    Kind("diploma lost and replaced", _replaced),
    Kind("residence permit", _bachelor, document="residence_permit"),
    Kind("Hong Kong or Macao travel permit", _bachelor, document="mainland_travel_permit_hk_mo"),
    Kind("Taiwan travel permit", _bachelor, document="mainland_travel_permit_tw"),
    Kind("passport", _master, document="passport", name="latin"),
    Kind("permanent resident card", _master, document="permanent_resident_card", name="latin"),
    Kind("adult education by correspondence", _graduate_of(careers.CORRESPONDENCE)),
    Kind("online education", _graduate_of(careers.ONLINE)),
    Kind("self-study examination", _self_study, (2002, 2016)),
    Kind("open education", _graduate_of(careers.OPEN, at=COLLEGES)),
    Kind("second bachelor's degree", _second_bachelor),
    Kind("student on leave", _student_with("休学"), (2024, 2025)),
    Kind("student who left", _student_with("退学"), (2012, 2022)),
    Kind("course completed without graduation", _completed),
    Kind("part-time master", _graduate_of(careers.BACHELOR, careers.PART_TIME_MASTER)),
    Kind("certificate number of 2001, 17 digits", _seventeen_digits, (1997, 1997)),
    Kind("degree revoked", _revoked_degree),
    Kind("evening university", _graduate_of(careers.EVENING)),
    Kind("diploma examination", _graduate_of(careers.DIPLOMA_EXAM, at=COLLEGES), (1998, 2004)),
    Kind("doctoral student now enrolled", _doctoral_student, (2017, 2018)),
    Kind("junior college, loan overdue", _junior),
    Kind("record under a former name, binds when that is proved", _former_name),
    Kind("record with somebody else's document number", _other_number),
    Kind("credential withheld", _held_credential),
    Kind("master", _master),
    Kind("bachelor with records of every family", _bachelor, (2010, 2020)),
)
"""The cases, in the order in which indices go through them; the first five bind by themselves."""
