"""The fixed content of a report at issue."""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from chalicelib.domain.errors import Text, invalid
from chalicelib.domain.instants import rfc3339
from chalicelib.domain.records import Facts, Family, PhotoKind, Record
from chalicelib.domain.spelling import spelled_name
from chalicelib.domain.status_lists import StatusEntry
from chalicelib.domain.terms import english, label

ReportKind = Literal["enrollment", "credential", "degree"]
ReportLanguage = Literal["zh", "en", "zh+en"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One fact of a report: its field, and label and value in both languages.

    `value_en` is the English text that goes with the Chinese value; empty in a report that is in
    Chinese only. `number` is the value as recorded where that is a number (`value_zh` has a unit).
    """

    field: str
    label_zh: str
    label_en: str
    value_zh: str
    value_en: str
    number: float | None = None


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What a report says. Instants in epoch seconds; `photo` is the address of a sealed image.

    `photo_digest` is the SHA-256 of that image in hexadecimal. `salt` (128 bits in base64url) keeps
    the digest of the facts from telling anything; reports without one were issued unsigned.
    """

    kind: ReportKind
    title_zh: str
    title_en: str
    report_number: str
    language: ReportLanguage
    disclosure: str
    record_id: str
    record_version: int
    issued_at: int
    valid_until: int
    lines: tuple[Line, ...]
    photo: str | None = None
    photo_digest: str = ""
    salt: str = ""
    status_entry: StatusEntry | None = None


REPORTABLE_FAMILY: dict[ReportKind, Family] = {
    "enrollment": "enrollments",
    "credential": "credentials",
    "degree": "degrees",
}

_TITLES: dict[ReportKind, Text] = {
    "enrollment": Text("学籍在线验证报告", "Enrolment Verification Report"),
    "credential": Text(
        "学历证书电子注册备案表", "Registration Record of Higher Education Credential"
    ),
    "degree": Text("学位在线验证报告", "Degree Verification Report"),
}
"""What the field calls these documents; nothing of them imitates the Ministry's."""

_STUDIES = (
    "institution_code",
    "institution_name",
    "level",
    "major_code",
    "major_name",
    "length_years",
    "category",
    "study_form",
    "branch",
)

DISCLOSABLE: dict[ReportKind, tuple[str, ...]] = {
    "enrollment": (
        *("name", "sex", "birth_date", "ethnicity", *_STUDIES, "department", "enrollment_date"),
        *("status", "expected_graduation_date", "photo"),
    ),
    "credential": (
        *("name", "sex", "birth_date", *_STUDIES, "enrollment_date", "graduation_date"),
        *("certificate_number", "school_number", "serial_number", "replaces", "conclusion"),
        *("president_name", "photo"),
    ),
    "degree": (
        *("name", "sex", "birth_date", "institution_code", "institution_name", "level"),
        *("major_code", "major_name", "degree_name", "awarded_date", "certificate_number"),
        *("president_name", "photo"),
    ),
}
"""What a report of each kind may show, in its order: what the national registers list for the
record. Whatever is not here is never shown: above all the document number, class and student
number, but also the examinee number (with it others could look up scores), the registrar's note,
and the ethnicity on certificates, which do not state it."""

_STATUS = frozenset({"name", "institution_name", "status", "conclusion", "degree_name"})
_SUMMARY = _STATUS | {
    *("level", "major_name", "study_form"),
    *("enrollment_date", "graduation_date", "expected_graduation_date", "awarded_date"),
    *("certificate_number", "school_number", "serial_number"),
}
_PRESETS = {"summary": _SUMMARY, "status": _STATUS}

_PHOTOS: dict[ReportKind, tuple[PhotoKind, ...]] = {
    "enrollment": ("admission", "graduation"),
    "credential": ("graduation",),
    "degree": ("graduation",),
}
"""Which photograph goes with a report: the first that there is."""


def is_reportable(record: Record) -> bool:
    """Whether a report may be issued: the record is not held, lost or revoked."""
    facts = record.facts
    return not (
        record.held or getattr(facts, "lost_void", False) or getattr(facts, "revoked", False)
    )


def disclosed_fields(kind: ReportKind, disclosure: str | Sequence[str]) -> tuple[str, ...]:
    """The fields a report shows, in its order; `photo` among them where disclosed.

    `disclosure` is `full`, `summary`, `status` or the fields themselves: exactly those are shown.
    Raises `InvalidInput` for a preset or field there is not, one that is never shown, one named
    twice, or none.
    """
    shown = DISCLOSABLE[kind]
    if isinstance(disclosure, str):
        chosen = {"full": frozenset(shown), **_PRESETS}.get(disclosure, frozenset())
    else:
        chosen = frozenset(disclosure)
        if len(chosen) != len(disclosure) or not chosen <= set(shown):
            raise invalid("disclosure", "value_invalid")
    if not chosen:
        raise invalid("disclosure", "value_invalid")
    return tuple(field for field in shown if field in chosen)


def build_statement(
    record: Record,
    *,
    kind: ReportKind,
    language: ReportLanguage,
    disclosure: str | Sequence[str],
    report_number: str,
    issued_at: int,
    valid_until: int,
) -> Statement:
    """What a report on this record says from now on. Raises as `disclosed_fields`."""
    fields = disclosed_fields(kind, disclosure)
    return Statement(
        kind=kind,
        title_zh=_TITLES[kind].zh,
        title_en=_TITLES[kind].en,
        report_number=report_number,
        language=language,
        disclosure=disclosure if isinstance(disclosure, str) else "custom",
        record_id=record.record_id,
        record_version=record.version,
        issued_at=issued_at,
        valid_until=valid_until,
        lines=tuple(_lines(record, fields, in_english=language != "zh")),
        photo=_photo(record, kind) if "photo" in fields else None,
    )


def public_view(statement: Statement) -> dict[str, object]:
    """What a verifier is shown: the disclosed facts as recorded, and in English where asked.

    Facts are members of their own names, as on the record; unknown ones are left out.
    """
    view: dict[str, object] = {
        "kind": statement.kind,
        "title": statement.title_zh,
        "report_number": statement.report_number,
        "language": statement.language,
        "issued_at": rfc3339(statement.issued_at),
        "valid_until": rfc3339(statement.valid_until),
        **{line.field: _as_recorded(line) for line in statement.lines},
    }
    if statement.language != "zh":
        view["title_en"] = statement.title_en
        view["english"] = {line.field: line.value_en for line in statement.lines}
    return view


def signed_view(statement: Statement) -> dict[str, object]:
    """All that is signed of a report: what a verifier is shown, and what helps to check it."""
    view = {**public_view(statement), "salt": statement.salt}
    if statement.photo_digest:
        view["photo_sha256"] = statement.photo_digest
    if statement.status_entry is not None:
        view["status_list"] = status_pointer(statement.status_entry)
    return view


def status_pointer(entry: StatusEntry) -> dict[str, object]:
    """Where a report's status stands, as the IETF's Token Status List has it."""
    return {"idx": entry.index, "uri": entry.uri}


def _lines(record: Record, fields: Sequence[str], *, in_english: bool) -> Iterator[Line]:
    for field in fields:
        value = getattr(record.facts, field, None)
        if value is None or value == "":
            continue
        called = label(field, record.family)
        yield Line(
            field=field,
            label_zh=called.zh,
            label_en=called.en,
            value_zh=_written(value),
            value_en=_in_english(record.facts, field, value) if in_english else "",
            number=value if isinstance(value, float) else None,
        )


def _written(value: str | float) -> str:
    """The only number among the facts is the length of the programme, in years."""
    return value if isinstance(value, str) else f"{value:g}年"


def _in_english(facts: Facts, field: str, value: str | float) -> str:
    """The English of a value; where there is none, or nothing to translate, the value itself."""
    if not isinstance(value, str):
        return "1 year" if value == 1 else f"{value:g} years"
    if field == "name":
        return facts.name_spelling or spelled_name(value, ethnicity=facts.ethnicity) or value
    return (spelled_name(value) if field == "president_name" else english(field, value)) or value


def _as_recorded(line: Line) -> str | float:
    return line.value_zh if line.number is None else line.number


def _photo(record: Record, kind: ReportKind) -> str | None:
    return next((record.photos[each] for each in _PHOTOS[kind] if each in record.photos), None)
