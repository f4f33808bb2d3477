"""From one row of an institution's file to the facts of a record.

A row is refused with *all* its problems at once, each named by the column's heading as it stands
in the file. What is merely unusual is kept as recorded and told as a warning: records with a wrong
or missing document number exist; they load, and never bind by themselves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from chalicelib.domain.cells import Unreadable, known_text, read_cell
from chalicelib.domain.certificates import (
    credential_deviations,
    degree_deviations,
    normal_number,
)
from chalicelib.domain.columns import (
    HOLD_FIELD,
    REQUIRED,
    Column,
    column_for,
    column_of_field,
)
from chalicelib.domain.documents import (
    DOCUMENT_TYPES,
    PERMIT_REGIONS,
    Document,
    DocumentType,
    birth_date_of,
    parse_document,
    sex_of,
)
from chalicelib.domain.errors import FieldProblem, InvalidInput
from chalicelib.domain.records import FACTS_OF, Credential, Degree, Facts, Family

SURPLUS = ""
"""The heading under which a row carries cells beyond the last column."""


@dataclass(frozen=True, slots=True)
class RowReading:
    """What a row says: facts, why it is withheld if it is, and what was unusual about it.

    `person_number` is the document number in its normal form; None where it is missing or wrong.
    """

    facts: Facts
    person_number: str | None
    hold_reason: str | None
    warnings: tuple[FieldProblem, ...]


def facts_from_row(family: Family, row: Mapping[str, str], *, today: date) -> Facts:
    """The facts of one row (heading → cell). Raises InvalidInput with all problems of the row."""
    return read_row(family, row, today=today).facts


def read_row(family: Family, row: Mapping[str, str], *, today: date) -> RowReading:
    """The row's facts, hold and warnings. Raises InvalidInput with all problems of the row.

    Unknown headings are left out. Where two headings name one field, the first known cell counts.
    """
    draft = _Draft()
    for heading, cell in row.items():
        _read_cell(draft, family, heading, cell, today)
    _read_document(draft, today)
    problems = (*draft.problems, *_missing(draft, family))
    if problems:
        raise InvalidInput(*problems)
    hold_reason = draft.values.pop(HOLD_FIELD, None)
    facts = FACTS_OF[family](**draft.values)
    _warn_of_deviations(draft, facts)
    return RowReading(facts, draft.person_number, hold_reason, tuple(draft.warnings))


@dataclass(slots=True)
class _Draft:
    values: dict[str, Any] = field(default_factory=dict)
    headings: dict[str, str] = field(default_factory=dict)
    problems: list[FieldProblem] = field(default_factory=list)
    warnings: list[FieldProblem] = field(default_factory=list)
    person_number: str | None = None

    def warn(self, field_name: str, code: str, reason: str | None = None) -> None:
        self.warnings.append(FieldProblem(self.headings[field_name], code, reason))


def _read_cell(draft: _Draft, family: Family, heading: str, raw: str, today: date) -> None:
    if heading == SURPLUS:
        draft.problems.append(FieldProblem("row", "row_misaligned"))
        return
    column = column_for(family, heading)
    if column is None or draft.values.get(column.field) is not None:
        return
    draft.headings[column.field] = heading
    try:
        _keep(draft, column, raw, today)
    except Unreadable as unreadable:
        draft.problems.append(FieldProblem(heading, unreadable.code))


def _keep(draft: _Draft, column: Column, raw: str, today: date) -> None:
    text = known_text(raw)
    if text is None:
        return
    cell = read_cell(column.reading, text, today=today)
    if cell.value is not None:
        draft.values[column.field] = cell.value
    if cell.doubt:
        draft.warn(column.field, cell.doubt)


_DOCUMENT_TYPES: Mapping[str, DocumentType] = {
    **{name.upper(): name for name in DOCUMENT_TYPES},
    **dict.fromkeys(("1", "01", "居民身份证", "身份证", "中华人民共和国居民身份证"), "resident_id"),
    **dict.fromkeys(
        ("港澳台居民居住证", "港澳居民居住证", "台湾居民居住证", "居住证"), "residence_permit"
    ),
    **dict.fromkeys(("港澳居民来往内地通行证", "港澳通行证"), "mainland_travel_permit_hk_mo"),
    **dict.fromkeys(
        ("8", "08", "台湾居民来往大陆通行证", "台湾通行证"), "mainland_travel_permit_tw"
    ),
    **dict.fromkeys(("A", "护照"), "passport"),
    **dict.fromkeys(
        ("9", "09", "外国人永久居留身份证", "外国人永久居留证", "境外永久居住证"),
        "permanent_resident_card",
    ),
}
"""Words and codes of the sources (JY/T 1001 SFZJLX), in capitals → the contract's names."""


def _read_document(draft: _Draft, today: date) -> None:
    """Settle type and number together: a valid number in its normal form, any other as recorded.

    Where no type is recorded and the number is no resident number, the type stays unknown.
    """
    number = draft.values.get("document_number")
    recorded = draft.values.pop("document_type", None)
    if number is None:
        return
    document_type = _document_type(recorded, number)
    if document_type is None:
        draft.values["document_type"] = recorded
        draft.warn("document_type", "word_unusual")
        return
    try:
        document = parse_document(document_type, number, today=today)
    except InvalidInput as wrong:
        problem = wrong.problems[0]
        draft.values["document_type"] = document_type if recorded else None
        draft.warn("document_number", problem.code, problem.reason)
        return
    draft.values["document_type"] = document.type
    draft.values["document_number"] = draft.person_number = document.number
    _compare(draft, document)


def _document_type(recorded: str | None, number: str) -> DocumentType | None:
    """Residence permits stand among resident numbers in many files; their region tells them.

    Older files have a column 身份证号 and no type.
    """
    known = _DOCUMENT_TYPES.get(recorded.upper()) if recorded else "resident_id"
    if known == "resident_id" and number[:6] in PERMIT_REGIONS:
        return "residence_permit"
    return known


def _compare(draft: _Draft, document: Document) -> None:
    """Registers hold births and sexes that differ from the number; the person will correct them."""
    told = {"birth_date": birth_date_of(document), "sex": sex_of(document)}
    for name, value in told.items():
        if value is not None and draft.values.get(name, value) != value:
            draft.warn(name, "number_disagrees")


def _warn_of_deviations(draft: _Draft, facts: Facts) -> None:
    """Institutions deviate from the structure of numbers; self-study diplomas have another."""
    number = draft.values.get("certificate_number")
    if number is None:
        return
    deviations: tuple[str, ...] = ()
    if isinstance(facts, Credential) and facts.category != "高等教育自学考试":
        deviations = credential_deviations(
            normal_number(number),
            institution_code=facts.institution_code,
            year=_year_of(facts.graduation_date),
            level=facts.level,
        )
    elif isinstance(facts, Degree):
        deviations = degree_deviations(
            normal_number(number),
            institution_code=facts.institution_code,
            year=_year_of(facts.awarded_date),
            degree_name=facts.degree_name,
        )
    if deviations:
        draft.warn("certificate_number", "number_unusual")


def _year_of(day: str | None) -> int | None:
    return int(day[:4]) if day else None


def _missing(draft: _Draft, family: Family) -> Iterator[FieldProblem]:
    """A required group of which no field is known, unless one of it is already a problem."""
    told = {problem.field for problem in draft.problems}
    for group in REQUIRED[family]:
        if any(name in draft.values for name in group):
            continue
        headings = [draft.headings[name] for name in group if name in draft.headings]
        if told.isdisjoint(headings):
            heading = headings[0] if headings else column_of_field(family, group[0]).code
            yield FieldProblem(heading, "required")
