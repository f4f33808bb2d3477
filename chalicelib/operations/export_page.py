"""An export as a page to read and to print: one HTML file, without scripts or anything from afar.

Every value is text, escaped; a table's headings are the field's names, in the person's language
where the records have one for it.
"""

import html
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.domain.errors import Language, Text
from chalicelib.domain.records import FAMILIES, Family
from chalicelib.domain.terms import label
from chalicelib.operations.export import Export

_TITLE = Text("个人信息副本", "A copy of your data")
_NOTHING = Text("无", "None")

_SECTIONS: Mapping[str, Text] = {
    "account": Text("账户", "Account"),
    "consents": Text("同意记录", "Consents"),
    "enrollments": Text("学籍", "Enrolments"),
    "credentials": Text("学历", "Credentials"),
    "degrees": Text("学位", "Degrees"),
    "admissions": Text("招生录取", "Admissions"),
    "exams": Text("考试成绩", "Examinations"),
    "loans": Text("助学贷款", "Student loans"),
    "aids": Text("学生资助", "Student aid"),
    "earlier_versions": Text("记录的历史版本", "Earlier versions of records"),
    "bindings": Text("绑定", "Bindings"),
    "confirmations": Text("校对确认", "Records found right"),
    "photo_verdicts": Text("图像校对", "Photos judged"),
    "corrections": Text("更正申请", "Corrections"),
    "reports": Text("报告", "Reports"),
    "cases": Text("人工核查", "Cases"),
    "sessions": Text("登录会话", "Sessions"),
    "activity": Text("活动记录", "Activity"),
}

_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%;margin:0 0 1rem;page-break-inside:avoid}"
    "th,td{border:1px solid #888;padding:.25rem .5rem;text-align:left;vertical-align:top;"
    "overflow-wrap:anywhere}th{width:14rem;font-weight:normal;background:#eee}"
    "h2{page-break-after:avoid}@page{margin:15mm}"
)


def export_page(export: Export, language: Language, service: str) -> bytes:
    """The page, in UTF-8."""
    content = msgspec.to_builtins(export)
    sections = {**content, **content["records"]}
    body = "".join(
        _section(name, title.in_language(language), sections[name], language)
        for name, title in _SECTIONS.items()
    )
    title = html.escape(f"{service} · {_TITLE.in_language(language)}")
    return (
        f'<!doctype html><html lang="{"zh-CN" if language == "zh" else "en"}">'
        f'<head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<style>{_STYLE}</style></head>"
        f"<body><h1>{title}</h1><p>{html.escape(export.exported_at)}</p>{body}</body></html>"
    ).encode()


def _section(name: str, title: str, value: Any, language: Language) -> str:
    items = value if isinstance(value, list) else [value]
    shown = "".join(_table(name, one, language) for one in items if one)
    nothing = f"<p>{_NOTHING.in_language(language)}</p>"
    return f"<section><h2>{html.escape(title)}</h2>{shown or nothing}</section>"


def _table(section: str, item: Mapping[str, Any], language: Language) -> str:
    rows = "".join(
        f"<tr><th scope=row>{html.escape(_name(section, field, language))}</th>"
        f"<td>{_cell(section, value, language)}</td></tr>"
        for field, value in item.items()
    )
    return f"<table>{rows}</table>"


def _cell(section: str, value: Any, language: Language) -> str:
    if value is None or value in ([], {}):
        return ""
    if isinstance(value, Mapping):
        return _table(section, value, language)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(f"<div>{_cell(section, one, language)}</div>" for one in value)
    if isinstance(value, bool):
        words = Text("是", "yes") if value else Text("否", "no")
        return words.in_language(language)
    return html.escape(str(value))


def _name(section: str, field: str, language: Language) -> str:
    """What the records call a field; other members keep their name from the JSON."""
    family: Family = next((one for one in FAMILIES if one == section), "enrollments")
    try:
        return label(field, family).in_language(language)
    except KeyError:
        return field.replace("_", " ")
