"""The fixed content of a report at issue."""

from typing import Literal

import msgspec

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
