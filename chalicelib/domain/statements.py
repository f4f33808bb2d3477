"""The fixed content of a report at issue."""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from chalicelib.domain.errors import invalid
from chalicelib.domain.instants import rfc3339
from chalicelib.domain.records import FACTS_OF, Family, PhotoKind, Record

ReportKind = Literal["enrollment", "credential", "degree"]
ReportLanguage = Literal["zh", "en", "zh+en"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One fact of a report: its field, and label and value in both languages.

    `value_en` is the English text that goes with the Chinese value as recorded.
    """

    field: str
    label_zh: str
    label_en: str
    value_zh: str
    value_en: str


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What a report says. Instants in epoch seconds; `photo` is the address of a sealed image."""

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


REPORTABLE_FAMILY: dict[ReportKind, Family] = {
    "enrollment": "enrollments",
    "credential": "credentials",
    "degree": "degrees",
}

_TITLES: dict[ReportKind, tuple[str, str]] = {
    "enrollment": ("学籍在线验证报告", "Enrolment Verification Report"),
    "credential": ("学历证书电子注册备案表", "Credential Registration Record"),
    "degree": ("学位在线验证报告", "Degree Verification Report"),
}

_WITHHELD = {
    "document_type",
    "document_number",
    "class_name",
    "student_number",
    "examinee_number",
    "name_spelling",
    "note",
    "institution_code",
    "major_code",
    "lost_void",
    "revoked",
    "replaced_by",
}
"""What a shared report never shows (domain page, section 2), and what is not a fact of its own."""

_STATUS = ("name", "institution_name", "status", "conclusion", "degree_name")
_SUMMARY = (
    *_STATUS,
    "level",
    "major_name",
    "study_form",
    "enrollment_date",
    "graduation_date",
    "expected_graduation_date",
    "awarded_date",
    "certificate_number",
)


def is_reportable(record: Record) -> bool:
    """Whether a report may be issued: the record is not held, lost or revoked."""
    facts = record.facts
    return not (
        record.held or getattr(facts, "lost_void", False) or getattr(facts, "revoked", False)
    )


def disclosed_fields(kind: ReportKind, disclosure: str | Sequence[str]) -> tuple[str, ...]:
    """The fields a report shows, in the record's order; `photo` among them where disclosed.

    Raises `InvalidInput` for a preset or field there is not, or that is never shown.
    """
    known = FACTS_OF[REPORTABLE_FAMILY[kind]].__struct_fields__
    shown = (*(field for field in known if field not in _WITHHELD), "photo")
    if disclosure == "full":
        return shown
    if isinstance(disclosure, str):
        presets = {"summary": _SUMMARY, "status": _STATUS}
        if disclosure not in presets:
            raise invalid("disclosure", "value_invalid")
        return tuple(field for field in shown if field in presets[disclosure])
    chosen = set(disclosure)
    if not chosen or len(chosen) != len(disclosure) or not chosen <= set(shown):
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
    title_zh, title_en = _TITLES[kind]
    return Statement(
        kind=kind,
        title_zh=title_zh,
        title_en=title_en,
        report_number=report_number,
        language=language,
        disclosure=disclosure if isinstance(disclosure, str) else "custom",
        record_id=record.record_id,
        record_version=record.version,
        issued_at=issued_at,
        valid_until=valid_until,
        lines=tuple(_lines(record, fields)),
        photo=_photo(record) if "photo" in fields else None,
    )


def public_view(statement: Statement) -> dict[str, object]:
    """What a verifier is shown: the disclosed facts as recorded, and in English where asked."""
    view: dict[str, object] = {
        "kind": statement.kind,
        "title": statement.title_zh,
        "report_number": statement.report_number,
        "language": statement.language,
        "issued_at": rfc3339(statement.issued_at),
        "valid_until": rfc3339(statement.valid_until),
        **{line.field: line.value_zh for line in statement.lines},
    }
    if statement.language != "zh":
        view["title_en"] = statement.title_en
        view["english"] = {line.field: line.value_en for line in statement.lines}
    return view


def _lines(record: Record, fields: Sequence[str]) -> Iterator[Line]:
    for field in fields:
        value = getattr(record.facts, field, None)
        if value is None or value == "":
            continue
        text = f"{value:g}" if isinstance(value, float) else str(value)
        yield Line(field=field, label_zh=field, label_en=field, value_zh=text, value_en=text)


def _photo(record: Record) -> str | None:
    order: tuple[PhotoKind, PhotoKind] = ("graduation", "admission")
    if record.family == "enrollments":
        order = ("admission", "graduation")
    return next((record.photos[kind] for kind in order if kind in record.photos), None)
