"""Answers about many reports as CSV: a line for each code, a column for each member."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.api.problems import Problem
from chalicelib.domain.statements import DISCLOSABLE
from chalicelib.operations.verify_report import Verification

_CHECKS = ("signature", "validity", "status", "currency")
_REPORT = ("kind", "title", "report_number", "language", "issued_at", "valid_until")
_FACTS = tuple(
    dict.fromkeys(field for fields in DISCLOSABLE.values() for field in fields if field != "photo")
)
COLUMNS = (
    *("code", "result", "problem", "checked_at"),
    *(f"check_{name}" for name in _CHECKS),
    *_REPORT,
    *(f"record_{name}" for name in _FACTS),
)

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula."""


def verifications_csv(codes: Sequence[str], answers: Sequence[Verification | Problem]) -> bytes:
    """The answers in order under headings; UTF-8 with a byte order mark, for spreadsheets."""
    written = io.StringIO()
    writer = csv.DictWriter(written, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for code, answer in zip(codes, answers, strict=True):
        row = {"code": code, **_cells(answer)}
        writer.writerow({column: _harmless(str(cell)) for column, cell in row.items()})
    return written.getvalue().encode("utf-8-sig")


def _cells(answer: Verification | Problem) -> Mapping[str, Any]:
    if isinstance(answer, Problem):
        return {"problem": answer.code}
    said = answer.report or {}
    return {
        "result": answer.result,
        "checked_at": answer.checked_at,
        **{f"check_{name}": getattr(answer.checks, name) for name in _CHECKS},
        **{name: said[name] for name in _REPORT if name in said},
        **{f"record_{name}": said[name] for name in _FACTS if name in said},
    }


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
